// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The accesses of litmus tests, as a kernel's file would make them: compiled by the recipe of that
 * file, with its hooks, and with the shim's locks and barriers. No part of a subject.
 */
#include "litmus.h"

#include "shim.h"

KERNEL_BEGIN
static litmus_word load(const litmus_word *p)
{
    return READ_ONCE(*p);
}

static void store(litmus_word *p, litmus_word value)
{
    WRITE_ONCE(*p, value);
}

/* The old value is at hand: a load would be one more point. */
static void locked(litmus_word *p, litmus_word value)
{
    cmpxchg(p, 0, value);
}

static void mfence(void)
{
    mb();
}

static void take(int *lock)
{
    unsigned long flags;

    spin_lock_irqsave((spinlock_t *)lock, flags);
}

static void drop(int *lock)
{
    spin_unlock_irqrestore((spinlock_t *)lock, 0);
}
KERNEL_END

UNHOOKED_BEGIN
#include "kernel_globals.inc"
#include "shim.inc"
UNHOOKED_END

const struct litmus_accesses linux_litmus = {load, store, locked, mfence, take, drop};
