/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pages that overlapping calls keep, against the orders in which the calls could have run. */
#ifndef PROPS_RUN_KEPT_PAGES_H
#define PROPS_RUN_KEPT_PAGES_H

#include "overlap.h"

/*
 * PAGE_COST: each private mid and leaf that the `count` overlapping calls have added is one that
 * some order of them adds, slot by slot. The run's oracle has the slot kinds before the overlap; a
 * call that is in no order is none of `call`. Not for a subject with a layout of its own.
 */
void kept_pages_check(const struct op *const *call, const uint64_t *result,
                      const struct overlap_order *real, unsigned count);

#endif
