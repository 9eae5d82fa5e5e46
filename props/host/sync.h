/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sync points of core/access.h in a harness build: a countdown, so that one
 * costs a decrement and a branch. At zero the armed hook runs (for example another call).
 * Without a hook the call has passed too many points: HANG. A call without points: hang.h.
 */
#ifndef PROPS_HOST_SYNC_H
#define PROPS_HOST_SYNC_H

#include <stdbool.h>

/*
 * The limit of sync points in a call before it counts as endless. The
 * core includes this file: a header of the core here would hide that of a planted bug.
 */
#define SYNC_LIMIT (MAX_P2M_PFN > 65536 ? 1u << 24 : 1u << 18)

extern unsigned p2m_sync_left;
extern unsigned sync_calls; /* of sync_arm: how far the running case got (hang.h) */
void p2m_sync_reached(void);

/* At the `left`-th sync point from now `hook` runs; it arms the next one. */
void sync_arm(unsigned left, void (*hook)(void));

/* True if a sync point was passed since the last sync_arm. */
bool sync_was_passed(void);

/* Before a call inside which no other call runs: it has the whole limit. */
void sync_arm_limit(void);

#ifdef P2M_SYNC_IS_A_CALL /* where branches are counted, count only those of the core */
void p2m_sync(void);
#define P2M_SYNC(...) p2m_sync()
#else
#define P2M_SYNC(...)                                                                              \
    do {                                                                                           \
        if (__builtin_expect(--p2m_sync_left == 0, 0))                                             \
            p2m_sync_reached();                                                                    \
    } while (0)
#endif

#endif
