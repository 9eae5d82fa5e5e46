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

#include "props/base/uninstrumented.h"
#include "props/run/overlap.h"
#include "props/run/store_buffer.h"

UNINSTRUMENTED_BEGIN

/* No case can name a later sync point. */
#define STEPS_MAX 1023
#define STEP_ACCESSES (2 * STEPS_MAX)

struct steps {
    unsigned count; /* steps; number n (from 1 on) begins at sync point n */
    unsigned accesses;
    struct step_access {
        unsigned step; /* its number; each step has at least one access */
        struct sync_access is;
    } access[STEP_ACCESSES];
};

/* From the next call on the steps of calls are recorded; or no longer. */
void steps_watch(bool on);

/* Forgets all steps. */
void steps_forget(void);

/* Those of call `level` of the last overlap, 0 the outermost. */
const struct steps *steps_of(unsigned level);

/* True if there was no room for the steps of a call since this was last asked. */
bool steps_were_cut(void);

static inline void steps_empty(struct steps *steps)
{
    steps->count = steps->accesses = 0;
}

/* Appends steps to *to, which are numbered on there. */
void steps_append(struct steps *to, const struct steps *steps);

/*
 * True if step `n` of `mine` conflicts with one of the steps `from` .. `end` - 1 of `other`, as far
 * as there are such; always where there was no room to record all.
 */
bool steps_conflict(const struct steps *mine, unsigned n, const struct steps *other, unsigned from,
                    unsigned end);

/* ---- store buffers (props/run/store_buffer.h) ---- */

/*
 * The steps before step `n` whose stores are still in the buffer of the call, oldest first, to
 * `store`, of STORE_BUFFER_MAX; answers their number.
 */
unsigned steps_buffered(const struct steps *steps, unsigned n, unsigned *store);

/* True if step `n` is a store that goes to the buffer. */
bool steps_is_store(const struct steps *steps, unsigned n);

/* True if step `n` drains the buffer. */
bool steps_drains(const struct steps *steps, unsigned n);

UNINSTRUMENTED_END

#endif
