// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In the place of fuzz/mutate.c for one test: that an engine calls our mutator at all, which
 * one of them would leave out without a word. Whoever calls this one is ended by it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/mutate.h"

size_t mutate_bytes(enum vocabulary vocabulary, uint8_t *data, size_t size, size_t most,
                    uint64_t seed)
{
    (void)vocabulary, (void)data, (void)size, (void)most, (void)seed;
    fputs("p2mcheck: our mutator was called\n", stderr);
    abort();
}

size_t mutate_cross(enum vocabulary vocabulary, const uint8_t *data, size_t size,
                    const uint8_t *other, size_t other_size, uint8_t *out, size_t most,
                    uint64_t seed)
{
    (void)other, (void)other_size, (void)out;
    return mutate_bytes(vocabulary, (uint8_t *)data, size, most, seed);
}
