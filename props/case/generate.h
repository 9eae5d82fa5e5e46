/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random cases from our own random numbers, for runs without an engine. Uniform
 * PFNs would never meet: each case has a few hot leaves, and PFNs are drawn at
 * edges, near earlier ones, and now and then anywhere. Each case also draws which
 * ops it has at all (swarm), so that rare mixtures come up.
 */
#ifndef PROPS_CASE_GENERATE_H
#define PROPS_CASE_GENERATE_H

#include "ops.h"
#include "props/base/prng.h"

/* What is costly and need not be frequent: one in so many; 0: never. */
struct generate_mix {
    unsigned resume; /* ops */
    unsigned race;   /* calls that run inside the next one */
    unsigned e820;   /* cases that start with a memory map, and may end with it */
};

extern const struct generate_mix generate_all;   /* everything, often */
extern const struct generate_mix generate_calls; /* set, __set, range, get, pfn_to_mfn alone */

/* *c becomes a random case of at most `ops` ops (0..CASE_OPS) in this geometry. */
void generate_case(struct prng *prng, const struct generate_mix *mix, unsigned ops,
                   struct test_case *c);

/*
 * One more op for a case: generate_prime takes what the case has to do with, its PFNs
 * and leaves; then generate_op draws ops that meet them. In `mix` e820 counts ops here.
 */
void generate_prime(struct prng *prng, const struct test_case *c);
void generate_op(struct prng *prng, const struct generate_mix *mix, struct op *op);

/* Each case has all kinds of ops (to measure what swarm is worth). */
extern bool generate_swarm_off;

/* At which sync point of the next call an op runs: 1..OP_AT_MAX, early mostly. */
uint8_t generate_sync_point(struct prng *prng);

/* A random PFN and a random well-formed entry for it. */
uint64_t generate_pfn(struct prng *prng);
uint64_t generate_entry(struct prng *prng, uint64_t pfn);

#endif
