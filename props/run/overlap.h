/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls on the subject, possibly one inside another: at the k-th sync point of a call
 * another one runs to completion, and inside that one more. With schedules they alternate
 * (schedule.h).
 */
#ifndef PROPS_RUN_OVERLAP_H
#define PROPS_RUN_OVERLAP_H

#include "props/check/run.h"

#define OVERLAP_CALLS 3 /* the most calls of one overlap */

/* before[i][k]: call i was over when call k began, so it comes first in every order. */
struct overlap_order {
    bool before[OVERLAP_CALLS][OVERLAP_CALLS];
};

/* For tests: a plain `at K` is made by coroutines as well, with the same result. */
extern bool overlap_by_fibers;

/* A call (get .. xen_set_identity, identity_ranges, grants) on the subject alone; answers its
 * result. */
uint64_t overlap_none(const struct op *op);

/* The same; answers the sync points that it passes. */
unsigned overlap_length(const struct op *op);

/*
 * Runs 2 to OVERLAP_CALLS calls, each at a sync point (op->at) of the one after it, and judges
 * whether they are equal to some order of whole calls. The outermost call may also be a batch of
 * grants or xen_set_identity. A set or a range may lose a page; if it then answers failure, it is
 * in no order.
 */
void overlap_run(const struct op *const *calls, unsigned count);

/*
 * The page that is refused to this call in an overlap; 0: none. Sets lose pages, and ranges that
 * are all or nothing. By rules of its own a call may do with fewer pages, so none is refused there.
 */
unsigned overlap_refusal(const struct op *op);

/* The call that is running, 0 the outermost; -1: none is, for example while the judge looks. */
int overlap_running(void);

/*
 * Of op number `op` of the case that is run next (-1: none): did the call that it overlaps have
 * fewer sync points than its `at`? Also true if it overlapped none.
 */
void overlap_watch(int op);
bool overlap_was_late(void);

#endif
