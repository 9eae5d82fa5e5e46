// SPDX-License-Identifier: GPL-2.0-or-later
/* The countdown of sync points: see sync.h. */
#include "sync.h"

#include <stddef.h>

#include "core/access.h"
#include "core/geometry.h"
#include "props/base/uninstrumented.h"
#include "props/base/verdict.h"

UNINSTRUMENTED_BEGIN

_Static_assert(SYNC_OTHER == P2M_CALL, "a point of which nothing is known may be a call");
_Static_assert(SYNC_FENCE > P2M_LOOP && SYNC_JOINED > P2M_LOOP, "each kind has a number");

unsigned p2m_sync_left, sync_calls, sync_limit = SYNC_LIMIT, sync_unseen;
uintptr_t sync_place;

static unsigned armed_with, watched_left;
static void (*at_zero)(void);
static sync_watcher *watch;

void sync_arm(unsigned left, void (*hook)(void))
{
    sync_calls++;
    armed_with = watched_left = left;
    p2m_sync_left = watch ? 1 : left;
    at_zero = hook;
}

sync_watcher *sync_watch(sync_watcher *watcher)
{
    sync_watcher *before = watch;

    if (watch && !watcher)
        p2m_sync_left = watched_left;
    watch = watcher;
    return before;
}

void sync_fence(void)
{
    if (watch)
        watch(&(struct sync_access){.kind = SYNC_FENCE});
}

void sync_joined(const volatile void *address, unsigned size)
{
    sync_place = (uintptr_t)__builtin_return_address(0);
    if (watch)
        watch(&(struct sync_access){.kind = SYNC_JOINED, .size = size, .address = address});
}

unsigned sync_left(void)
{
    return watch ? watched_left : p2m_sync_left;
}

bool sync_was_passed(void)
{
    return sync_left() != armed_with;
}

void sync_arm_limit(void)
{
    sync_arm(sync_limit, NULL);
}

static void count_down_to_zero(void)
{
    if (!at_zero)
        violated(HANG, "expected a call to end, got past %u sync points", sync_limit);
    at_zero();
}

void p2m_sync_reached(unsigned kind, const volatile void *address, unsigned size, uint64_t value)
{
    sync_place = (uintptr_t)__builtin_return_address(0);
    if (!watch) {
        count_down_to_zero();
        return;
    }
    p2m_sync_left = 1;
    if (--watched_left == 0)
        count_down_to_zero();
    if (watch)
        watch(&(struct sync_access){kind, size, address, value, false});
}

void sync_see(unsigned kind, const volatile void *address, unsigned size, uint64_t value)
{
    sync_place = (uintptr_t)__builtin_return_address(0);
    if (watch)
        watch(&(struct sync_access){kind, size, address, value, true});
}

#ifdef P2M_SYNC_IS_A_CALL
void p2m_sync(unsigned kind, const volatile void *address, unsigned size, uint64_t value)
{
    if (--p2m_sync_left == 0)
        p2m_sync_reached(kind, address, size, value);
}
#endif

UNINSTRUMENTED_END
