/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every access to memory that another CPU may use at the same time, and every
 * call to the platform, goes through this page. Before each stands a sync
 * point: empty in plain builds; with -DP2M_SYNC_HEADER='"file"' that file
 * defines P2M_SYNC(kind, address, size, value), and a harness can run another call
 * there. So a race needs no threads to be found, and it replays. The hook is told
 * what comes next (enum p2m_access): where, how many bytes, and of a store or a
 * compare-and-swap the value; of a call or a loop nothing more.
 *
 * The operations are the C11 memory model through the compilers' builtins and
 * not <stdatomic.h>, because entries also live in memory that somebody else
 * declared: the mfn_list of the domain builder.
 */
#ifndef P2M_ACCESS_H
#define P2M_ACCESS_H

#include <stdbool.h>

enum p2m_access { P2M_LOAD, P2M_STORE, P2M_CAS, P2M_CALL, P2M_LOOP };

#ifdef P2M_SYNC_HEADER
#include P2M_SYNC_HEADER
#else
#define P2M_SYNC(kind, address, size, value) ((void)0)
#endif

/* The value at `p`, with all that its writer did before it stored it. */
#define p2m_load(p)                                                                                \
    __extension__({                                                                                \
        P2M_SYNC(P2M_LOAD, (p), sizeof(*(p)), 0);                                                  \
        __atomic_load_n((p), __ATOMIC_ACQUIRE);                                                    \
    })

/* Stores `v` at `p`; what was written before is seen by who loads it. */
#define p2m_store(p, v)                                                                            \
    __extension__({                                                                                \
        __typeof__(*(p)) value_ = (v);                                                             \
        P2M_SYNC(P2M_STORE, (p), sizeof(*(p)), value_);                                            \
        __atomic_store_n((p), value_, __ATOMIC_RELEASE);                                           \
    })

/* Stores `new_` at `p` if `old` is still there; true if so. */
#define p2m_cas(p, old, new_)                                                                      \
    __extension__({                                                                                \
        __typeof__(*(p)) expected_ = (old), value_ = (new_);                                       \
        P2M_SYNC(P2M_CAS, (p), sizeof(*(p)), value_);                                              \
        __atomic_compare_exchange_n((p), &expected_, value_, false, __ATOMIC_ACQ_REL,              \
                                    __ATOMIC_ACQUIRE);                                             \
    })

/* p2m_platform_call(p2m, page_free, page): a call to the outside. */
#define p2m_platform_call(p2m, name, ...)                                                          \
    __extension__({                                                                                \
        P2M_SYNC(P2M_CALL, 0, 0, 0);                                                               \
        (p2m)->platform->name((p2m)->platform->ctx, __VA_ARGS__);                                  \
    })
#define p2m_page_alloc(p2m)                                                                        \
    __extension__({                                                                                \
        P2M_SYNC(P2M_CALL, 0, 0, 0);                                                               \
        (p2m)->platform->page_alloc((p2m)->platform->ctx);                                         \
    })

/* In a loop that accesses nothing shared: a loop without an end is seen without a clock. */
#define p2m_loop() P2M_SYNC(P2M_LOOP, 0, 0, 0)

#endif
