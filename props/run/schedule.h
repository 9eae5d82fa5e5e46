/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that alternate: each is a coroutine (props/host/fiber.h) and stops at sync points. An
 * op's schedule is about its call, the inner one, and the next call, the outer one: the
 * first turn counts sync points of the outer call, then the inner one runs and the second
 * turn counts its points, and so on. A call that no turn stops runs to its end. Where calls end,
 * the nearest inner one that has not ended goes on, else the nearest outer one. A call that wants a
 * held lock (props/host/lock.h) waits in the same way, and no turn of the schedule is used up.
 */
#ifndef PROPS_RUN_SCHEDULE_H
#define PROPS_RUN_SCHEDULE_H

#include "overlap.h"

/* Of an op with a schedule: true if it is made as it is written; else parts of it are skipped. */
bool schedule_is_honoured(const struct op *op);

/*
 * Runs 2 to OVERLAP_CALLS calls, outermost first, as their ops say. make(level) makes call
 * `level` on the stack where it is called.
 */
void schedule_run(const struct op *const *calls, unsigned count, void (*make)(unsigned level));

#endif
