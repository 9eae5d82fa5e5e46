/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Overlapping calls against the orders in which they could have run one after another. */
#ifndef PROPS_RUN_LINEARIZE_H
#define PROPS_RUN_LINEARIZE_H

#include "overlap.h"

/*
 * Is there an order in which the `count` overlapping calls, one after another,
 * give `result` and the subject's entries? A call that is `late` ran when the one
 * before it in the list was over, so it must come after that. If so, *fork (a
 * fork of the run's oracle) is what the order leaves.
 */
bool linearize(const struct op *const *call, const uint64_t *result, const bool *late,
               unsigned count, struct oracle *fork);

/*
 * After linearize said no: what is wrong with the order in which the calls began, the
 * outermost first: `text` gets which call answers otherwise, or the first PFN that differs.
 */
void linearize_why(const struct op *const *call, const uint64_t *result, unsigned count,
                   struct oracle *fork, char *text, size_t size);

#endif
