/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Overlapping calls against the orders in which they could have run one after another. */
#ifndef PROPS_RUN_LINEARIZE_H
#define PROPS_RUN_LINEARIZE_H

#include "overlap.h"

/*
 * True if an order exists in which the `count` overlapping calls, one after another,
 * give `result` and the subject's entries. `real` says which call was over when which other one
 * began. If true, *fork (a fork of the run's oracle) is the state after that order.
 */
bool linearize(const struct op *const *call, const uint64_t *result,
               const struct overlap_order *real, unsigned count, struct oracle *fork);

/*
 * After linearize answered false: the difference from the order in which the calls began,
 * outermost first. `text` gets the call with another answer, or the first PFN that differs.
 */
void linearize_why(const struct op *const *call, const uint64_t *result, unsigned count,
                   struct oracle *fork, char *text, size_t size);

#endif
