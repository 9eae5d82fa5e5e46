/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every access to memory that another CPU may use at the same time, and every
 * call to the platform, goes through this page. Before each stands a sync
 * point: empty in plain builds; with -DP2M_SYNC_HEADER='"file"' that file
 * defines P2M_SYNC(), and a harness can run another call to completion there.
 * So a race needs no threads to be found, and it replays.
 *
 * The operations are the C11 memory model through the compilers' builtins and
 * not <stdatomic.h>, because entries also live in memory that somebody else
 * declared: the mfn_list of the domain builder.
 */
#ifndef P2M_ACCESS_H
#define P2M_ACCESS_H

#include <stdbool.h>

#ifdef P2M_SYNC_HEADER
#include P2M_SYNC_HEADER
#else
#define P2M_SYNC() ((void)0)
#endif

/* The value at `p`, with all that its writer did before it stored it. */
#define p2m_load(p)                                                                                \
    __extension__({                                                                                \
        P2M_SYNC();                                                                                \
        __atomic_load_n((p), __ATOMIC_ACQUIRE);                                                    \
    })

/* Stores `v` at `p`; what was written before is seen by who loads it. */
#define p2m_store(p, v)                                                                            \
    __extension__({                                                                                \
        P2M_SYNC();                                                                                \
        __atomic_store_n((p), (v), __ATOMIC_RELEASE);                                              \
    })

/* Stores `new_` at `p` if `old` is still there; true if so. */
#define p2m_cas(p, old, new_)                                                                      \
    __extension__({                                                                                \
        __typeof__(*(p)) expected_ = (old);                                                        \
        P2M_SYNC();                                                                                \
        __atomic_compare_exchange_n((p), &expected_, (new_), false, __ATOMIC_ACQ_REL,              \
                                    __ATOMIC_ACQUIRE);                                             \
    })

/* p2m_platform_call(p2m, page_free, page): a call to the outside. */
#define p2m_platform_call(p2m, name, ...)                                                          \
    __extension__({                                                                                \
        P2M_SYNC();                                                                                \
        (p2m)->platform->name((p2m)->platform->ctx, __VA_ARGS__);                                  \
    })
#define p2m_page_alloc(p2m)                                                                        \
    __extension__({                                                                                \
        P2M_SYNC();                                                                                \
        (p2m)->platform->page_alloc((p2m)->platform->ctx);                                         \
    })

#endif
