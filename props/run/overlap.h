/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls on the subject, one inside another if need be: at the k-th sync point of a call
 * another one runs to completion, and inside that one more.
 */
#ifndef PROPS_RUN_OVERLAP_H
#define PROPS_RUN_OVERLAP_H

#include "props/check/run.h"

#define OVERLAP_CALLS 3 /* the most calls of one overlap */

/* A call (get .. xen_set_identity) on the subject alone; answers its result. */
uint64_t overlap_none(const struct op *op);

/*
 * 2 to OVERLAP_CALLS calls, each at a sync point (op->at) of the one after it; and the
 * judgement whether they look as if they had run one after another. No page is refused.
 */
void overlap_run(const struct op *const *calls, unsigned count);

/* Of the last overlap: did the inner call find fewer sync points than it asked for? */
bool overlap_was_late(void);

#endif
