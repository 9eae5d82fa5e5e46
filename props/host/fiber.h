/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Coroutines: calls of the subject that stop at sync points while others run. The main stack
 * is the scheduler's. A fiber runs until it pauses, ends, or a violation ends the case.
 * On x86_64 the stacks are switched by hand, elsewhere by ucontext; the sanitizers are told.
 */
#ifndef PROPS_HOST_FIBER_H
#define PROPS_HOST_FIBER_H

#include <stdbool.h>
#include <stdint.h>

#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

#define FIBERS 3
#define FIBER_STACK (256u << 10) /* bytes; a sanitizer's report must fit */

/* Fiber `index` (0 .. FIBERS - 1) will run body(index). What it did before is forgotten. */
void fiber_start(unsigned index, void (*body)(unsigned index));

/*
 * Only from the main stack: runs the fiber until it pauses or ends. True: it has ended. A call
 * of violated() in it ends the case from here, as if the main stack had made it.
 */
bool fiber_run(unsigned index);

/* Only in a fiber: fiber_run returns; the next fiber_run of this fiber continues here. */
void fiber_pause(void);

/* The index of the fiber that runs; -1: the main stack does. */
extern int fiber_running;

/* The stack that runs; of the main one all that it may grow to. */
extern uintptr_t fiber_stack_low, fiber_stack_bytes;
static inline bool fiber_is_on_stack(const volatile void *p)
{
    return (uintptr_t)p - fiber_stack_low < fiber_stack_bytes;
}

UNINSTRUMENTED_END

#endif
