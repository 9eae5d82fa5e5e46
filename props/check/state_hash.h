/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state as one number: slots by their targets, entries, the MFN tree, max_pfn.
 * Pages count by their MFN and not by their address, so the same case gives the same
 * number in every build.
 */
#ifndef PROPS_CHECK_STATE_HASH_H
#define PROPS_CHECK_STATE_HASH_H

#include "run.h"

/* A hash of the state, never 0; `op`: only of the part that it can touch (NULL: all). */
uint64_t state_hash(const struct op *op);

/* The same of the entries alone: of all, or in big geometries of those near the op's PFN. */
uint64_t state_hash_entries(const struct op *op);

#endif
