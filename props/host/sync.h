/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sync points of core/access.h in a harness build: a countdown, so that one
 * costs a decrement and a branch. At zero the armed hook runs (for example another call).
 * Without a hook the call has passed too many points: HANG. A call without points: hang.h.
 *
 * A watcher sees each point and what comes next. It costs a call a point, so it is set
 * only while store buffers or a search need it.
 */
#ifndef PROPS_HOST_SYNC_H
#define PROPS_HOST_SYNC_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The limit of sync points in a call before it counts as endless. The
 * core includes this file: a header of the core here would hide that of a planted bug.
 */
#define SYNC_LIMIT (MAX_P2M_PFN > 65536 ? 1u << 24 : 1u << 18)
extern unsigned sync_limit; /* SYNC_LIMIT, unless a subject has more points in its calls */

extern unsigned p2m_sync_left; /* while there is a watcher: 1 */
extern unsigned sync_calls;    /* of sync_arm: how far the running case got (hang.h) */

/* Kinds of accesses besides enum p2m_access of core/access.h; the last two are not points. */
#define SYNC_OTHER 3  /* P2M_CALL */
#define SYNC_FENCE 5  /* sync_fence */
#define SYNC_JOINED 6 /* sync_joined */

/* What a call does next: a load, a store or a compare-and-swap of `size` bytes, or else. */
struct sync_access {
    unsigned kind; /* enum p2m_access, or one of the above */
    unsigned size; /* bytes; of a call or a loop 0 */
    const volatile void *address;
    uint64_t value; /* of a store or a compare-and-swap: the new one */
    bool closed;    /* it is no sync point (sync_see): it belongs to the one before */
};
void p2m_sync_reached(unsigned kind, const volatile void *address, unsigned size, uint64_t value);

/* In a hook or a watcher: the address in the call to which its sync point, or sync_see, returns. */
extern uintptr_t sync_place;

/* The stores of the running call that others may not see yet: the watcher of store buffers says. */
extern unsigned sync_unseen;

/* At the `left`-th sync point from now `hook` runs; it arms the next one. */
void sync_arm(unsigned left, void (*hook)(void));

/* The sync points left until then. */
unsigned sync_left(void);

/* True if a sync point was passed since the last sync_arm. */
bool sync_was_passed(void);

/* Before a call inside which no other call runs: it has the whole limit. */
void sync_arm_limit(void);

/*
 * From the next sync_arm on: after the countdown of a point, and after what runs at zero,
 * `watcher` is called: the access follows at once. NULL: none. Answers the one before.
 */
typedef void sync_watcher(const struct sync_access *access);
sync_watcher *sync_watch(sync_watcher *watcher);

/*
 * Only the watcher sees these. A fence: the stores of the call so far are visible to all: a
 * lock, a full barrier, a hypercall, a freed page. (A compare-and-swap is one by itself.)
 * A joined store: an emulation follows the store of the last point with one of `size` bytes
 * at `address`; the two become visible together.
 */
void sync_fence(void);
void sync_joined(const volatile void *address, unsigned size);

/* An access where no other call may run: the watcher alone sees it. */
void sync_see(unsigned kind, const volatile void *address, unsigned size, uint64_t value);

/* P2M_SYNC(kind, address, size, value), or P2M_SYNC() where nothing is known of what follows. */
#define P2M_SYNC(...) SYNC_AT_(0, ##__VA_ARGS__, SYNC_OTHER, 0, 0, 0, 0)
#ifdef P2M_SYNC_IS_A_CALL /* where branches are counted, count only those of the core */
void p2m_sync(unsigned kind, const volatile void *address, unsigned size, uint64_t value);
#define SYNC_AT_(none, kind, address, size, value, ...)                                            \
    p2m_sync((kind), (address), (size), (uint64_t)(uintptr_t)(value))
#else
#define SYNC_AT_(none, kind, address, size, value, ...)                                            \
    do {                                                                                           \
        if (__builtin_expect(--p2m_sync_left == 0, 0))                                             \
            p2m_sync_reached((kind), (address), (size), (uint64_t)(uintptr_t)(value));             \
    } while (0)
#endif

#endif
