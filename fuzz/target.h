/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all fuzz targets share: one input, judged; and the numbers for the progress line. */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include "codec.h"

/*
 * Runs one input of target `name` on subject_under_test; does not return if an
 * invariant is violated. Answers 0.
 */
int target_run(const char *name, enum vocabulary vocabulary, const uint8_t *data, size_t size);

/*
 * Called for each input that was run. If P2MCHECK_STATS names a file, the numbers
 * of run.tally are added there, as 64-bit words: see `scripts/fuzz`.
 */
void target_count(void);

/* Each target whose input is a case says which mix of ops its bytes are. */
extern const enum vocabulary target_vocabulary;

/*
 * P2MCHECK_WITHOUT in the environment names, with commas, what is to be left out, so that
 * its worth can be measured (scripts/bugs --ablate): mutator, swarm.
 */
enum without { WITHOUT_MUTATOR = 1, WITHOUT_SWARM = 2 };
bool target_without(enum without what);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
