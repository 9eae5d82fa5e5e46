// SPDX-License-Identifier: GPL-2.0-or-later
/* See lock.h. */
#include "lock.h"

#include "fiber.h"
#include "props/base/uninstrumented.h"
#include "props/base/verdict.h"

UNINSTRUMENTED_BEGIN

void (*lock_wait)(void);
unsigned lock_takes, lock_drops;

void lock_take(int *held)
{
    while (*held) {
        if (fiber_running < 0)
            violated(DEADLOCK, "the call waits for a lock, and no other call runs");
        lock_wait();
    }
    *held = 1;
    lock_takes++;
}

void lock_drop(int *held)
{
    *held = 0;
    lock_drops++;
}

UNINSTRUMENTED_END
