/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sync points of core/access.h in a harness build: a countdown, so that one
 * costs a decrement and a branch. At zero the hook runs that was armed (another call,
 * say); without a hook the call has passed too many points, and that is HANG.
 */
#ifndef PROPS_HOST_SYNC_H
#define PROPS_HOST_SYNC_H

/*
 * So many sync points a call may pass before it counts as one that does not end. The
 * core includes this file: a header of the core here would hide that of a planted bug.
 */
#define SYNC_LIMIT (MAX_P2M_PFN > 65536 ? 1u << 24 : 1u << 16)

extern unsigned p2m_sync_left;
void p2m_sync_reached(void);

/* At the `left`-th sync point from now `hook` runs; it arms what comes after it. */
void sync_arm(unsigned left, void (*hook)(void));

/* Before a call inside which no other call runs: it has the whole limit. */
void sync_arm_limit(void);

#ifdef P2M_SYNC_IS_A_CALL /* where branches are counted, the core's alone are wanted */
void p2m_sync(void);
#define P2M_SYNC() p2m_sync()
#else
#define P2M_SYNC()                                                                                 \
    do {                                                                                           \
        if (__builtin_expect(--p2m_sync_left == 0, 0))                                             \
            p2m_sync_reached();                                                                    \
    } while (0)
#endif

#endif
