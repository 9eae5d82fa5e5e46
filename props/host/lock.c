// SPDX-License-Identifier: GPL-2.0-or-later
/* See lock.h. */
#include "lock.h"

#include "core/access.h"
#include "fiber.h"
#include "props/base/uninstrumented.h"
#include "props/base/verdict.h"
#include "sync.h"

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
    sync_fence(); /* it is a locked instruction */
    *held = 1;
    lock_takes++;
}

void lock_drop(int *held)
{
    sync_see(P2M_STORE, held, sizeof(*held), 0); /* it is a plain store */
    *held = 0;
    lock_drops++;
}

UNINSTRUMENTED_END
