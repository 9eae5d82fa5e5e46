/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random cases from our own random numbers, for runs without an engine. Uniform
 * PFNs would never meet: each case has a few hot leaves, and PFNs are drawn at
 * edges, near earlier ones, and sometimes anywhere. Each case also draws a subset of
 * the ops (swarm), so that rare mixtures occur.
 */
#ifndef PROPS_CASE_GENERATE_H
#define PROPS_CASE_GENERATE_H

#include "ops.h"
#include "props/base/prng.h"

/* The frequency of costly features: one in so many; 0: never. */
struct generate_mix {
    unsigned resume; /* ops */
    unsigned race;   /* calls that run inside the next one */
    unsigned e820;   /* cases that start with a memory map, and may end with it */
    unsigned grants; /* ops: a batch of grants */
    unsigned life;   /* ops: build, publish, destroy; and cases that build by themselves */
    unsigned rare;   /* cases: a field that not every executor honours */
    unsigned setup;  /* cases: a machine and a guest that boots on it (generate_setup.c) */
};

extern const struct generate_mix generate_all;   /* everything, often */
extern const struct generate_mix generate_calls; /* set, __set, range, get, pfn_to_mfn only */

/* *c becomes a random case of at most `ops` ops (0..CASE_OPS) in this geometry. */
void generate_case(struct prng *prng, const struct generate_mix *mix, unsigned ops,
                   struct test_case *c);

/*
 * Extends a case op by op: generate_prime collects the PFNs and leaves of the case; then
 * generate_op draws ops that meet them. In `mix` e820 counts ops here.
 */
void generate_prime(struct prng *prng, const struct test_case *c);
void generate_op(struct prng *prng, const struct generate_mix *mix, struct op *op);

/* Adds or changes one field that not every executor honours: a schedule, a list entry, an MFN
   base, a region, a flag. */
void generate_rare(struct prng *prng, struct test_case *c);

/*
 * A machine's memory map as e820 ops, at most `ops` of them, and a boot record for a guest on it:
 * *c becomes that. generate_setup_change changes one field of the boot record, or one border.
 */
void generate_setup(struct prng *prng, unsigned ops, struct test_case *c);
void generate_setup_change(struct prng *prng, struct test_case *c);

/* Cuts a list that is nearly as long as a big table, and ranges over a long one, in all but a few
   cases: each costs the time of a hundred others. */
void generate_cut(struct prng prng, struct test_case *c);

/* Each case has all kinds of ops (to measure the value of swarm). */
extern bool generate_swarm_off;

/* The most sync points that are drawn, OP_AT_MAX; a subject whose calls have more sets another. */
extern unsigned generate_points;

/* The sync point of the next call where an op runs: 1..generate_points, mostly early. */
uint16_t generate_sync_point(struct prng *prng);

/* Now and then: the first switch of the op is counted from the end of the call, is a fraction of
   it, or is far from its start. */
void generate_relative(struct prng *prng, struct op *op);

/* At times, if `range` is a long one: the call that runs inside it does so near its end or in its
   middle, at a PFN near that end or in the range. */
void generate_late(struct prng prng, const struct op *range, struct op *inside);

/* Of a switch in a case with this boot: is the store buffer kept (struct turn)? Without `tso`: 0.
 */
uint8_t generate_keep(struct prng *prng, const struct boot *boot);

/*
 * A frame of this domain for `pfn`, anywhere in the domain of values: small ones, those around
 * powers of two and around the domain's ends, PFNs of the case, and neighbours of what was drawn
 * before.
 */
uint64_t generate_frame(struct prng *prng, uint64_t pfn);

/* A new case begins: nothing was drawn before. */
void generate_forget_frames(void);

/* A word: few bits, around a power of two, or near its highest value. */
uint64_t generate_word(struct prng *prng);

/* An entry that is wrong for `pfn`, or nearly so: a right one with a bit flipped, that of another
   PFN. It may be sound all the same. */
uint64_t generate_near_miss(struct prng *prng, uint64_t pfn);

/* `entry`, or now and then what was drawn for `pfn` before with one bit of its frame flipped. */
uint64_t generate_beside(struct prng prng, uint64_t pfn, uint64_t entry);

/* A PFN that real machines have (APIC, 1 MiB, 4 GiB), a power of two, and those beside them. */
uint64_t generate_machine_pfn(struct prng *prng);

/* A PFN that is beyond the table: anywhere, or a valid one and multiples of 2^32. */
uint64_t generate_far_pfn(struct prng *prng, uint64_t valid);

/* A byte of a memory map near an end of all addresses, or where addresses get a bit more. */
uint64_t generate_far_address(struct prng *prng);

/* The pages that a build of this list asks for. */
unsigned generate_build_pages(uint64_t nr_pages);

/* Ops of the builder in front of a case, at most `most`: entries of its list, and bases. */
unsigned generate_front(struct prng *prng, const struct boot *boot, unsigned most, struct op *ops);

/* A call that reads the memory map; now and then with a refused page. */
struct op generate_map_call(struct prng *prng);

/* Random NVS entries. */
void generate_nvs(struct prng *prng, struct boot *boot);

/* A random PFN and a random well-formed entry for it. */
uint64_t generate_pfn(struct prng *prng);
uint64_t generate_entry(struct prng *prng, uint64_t pfn);

#endif
