/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The steps of the calls of an overlap, as they are made. A step is the access that follows a sync
 * point, and all that the call does up to the next point. Two steps conflict if their order
 * can make a difference. Calls of the platform conflict with each other: the order in which
 * pages are asked for says who gets which. Of a subject with a layout of its own, a point without
 * an address conflicts with every step.
 */
#ifndef PROPS_EXPLORE_STEPS_H
#define PROPS_EXPLORE_STEPS_H

#include "props/run/overlap.h"

/* No case can name a later sync point. */
#define STEPS_MAX OP_POINT_MAX

/* Step n (from 1 on, as sync points are counted) is step[n - 1]. */
struct steps {
    unsigned count;
    struct sync_access step[STEPS_MAX];
};

/* From the next call on the steps of calls are recorded; or no longer. */
void steps_watch(bool on);

/* Forgets all steps. */
void steps_forget(void);

/* Those of call `level` of the last overlap, 0 the outermost. */
const struct steps *steps_of(unsigned level);

/* True if a call had more than STEPS_MAX since this was last asked. */
bool steps_were_cut(void);

/* Appends steps to *to, as far as there is room. */
void steps_append(struct steps *to, const struct steps *steps);

/*
 * True if `step` conflicts with one of the steps number `from` to `end` - 1, as far as there
 * are such; always where there was no room for all.
 */
bool steps_conflict(const struct sync_access *step, const struct steps *steps, unsigned from,
                    unsigned end);

#endif
