/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mutation of cases as cases: ops are put in, taken out, moved, their PFNs drawn to
 * edges and to each other, ranges grown and split; or a fresh case. One core for all engines; the
 * adapters (adapter_*.c) only pass it on. The result depends on the seed and the
 * input alone.
 */
#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H

#include "codec.h"
#include "props/base/prng.h"

/*
 * *c becomes a fresh case, three times in four and nearly always where it has next to no
 * ops; else it gets one to a few changes. It stays a case of at most CASE_OPS ops.
 */
void mutate_case(struct prng *prng, enum vocabulary vocabulary, struct test_case *c);

/* *c becomes a mixture of itself and `other`: a part of the one, then a part of the other. */
void mutate_splice(struct prng *prng, struct test_case *c, const struct test_case *other);

/*
 * The same on bytes: `data` (`size` bytes, room for `most`) is changed in place; answers
 * the new size, at most `most`. Once in a while a byte is changed and not an op.
 */
size_t mutate_bytes(enum vocabulary vocabulary, uint8_t *data, size_t size, size_t most,
                    uint64_t seed);

/* A mixture of two inputs, to `out`; answers its size, at most `most`. */
size_t mutate_cross(enum vocabulary vocabulary, const uint8_t *data, size_t size,
                    const uint8_t *other, size_t other_size, uint8_t *out, size_t most,
                    uint64_t seed);

#endif
