/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sync points of core/access.h in a harness build: a countdown, so that one
 * costs a decrement and a branch. What happens at zero (an interloper runs, or
 * the call has hung) is host.h's business.
 */
#ifndef PROPS_SYNC_H
#define PROPS_SYNC_H

extern unsigned p2m_sync_left;
void p2m_sync_reached(void);

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
