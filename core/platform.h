/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The outside world as the p2m sees it: where pages come from, which machine
 * frame a page is, and whom to tell when something is wrong. Nothing else of
 * the outside is used, the compiler's mem* functions apart.
 *
 * (Xen's mfn_to_virt has no place here: the tree remembers the address of each
 * page of its MFN tree instead of asking for it, since after a resume the old
 * MFNs are nobody's. Only the toolstack goes from MFNs to memory.)
 */
#ifndef P2M_PLATFORM_H
#define P2M_PLATFORM_H

#include <stdbool.h>

#include "geometry.h"

/* One slot of a batch of grants: a frame of another domain at a PFN. */
struct p2m_grant {
    p2m_word pfn;
    p2m_word mfn; /* of the other domain; plain */
    bool failed;  /* set by whoever could not do it */
};

struct p2m_platform {
    /* Handed back as the first argument of each call. */
    void *ctx;

    /*
     * A page of P2M_PAGE_BYTES, aligned for a pointer, contents arbitrary; NULL
     * when there is none. The caller owns it until page_free.
     */
    void *(*page_alloc)(void *ctx);

    /* Takes back a page that page_alloc gave. */
    void (*page_free)(void *ctx, void *page);

    /*
     * The MFN of a page: of page_alloc's, of the mfn_list's, or a shared one.
     * Stays the same until the domain is resumed on another machine.
     */
    p2m_word (*virt_to_mfn)(void *ctx, const void *page);

    /* Something is odd, the call continues. `what` is a constant sentence. */
    void (*warn)(void *ctx, const char *what);

    /* The caller broke the rules. Does not return. */
    void (*bug)(void *ctx, const char *what);

    /*
     * The hypervisor's grant operation: maps `count` frames of another domain into
     * this one, or unmaps them. Each slot's `failed` says how it went; slots that
     * have failed already are left out. May be NULL where no grants are used.
     */
    void (*grant)(void *ctx, bool map, struct p2m_grant *slots, unsigned count);
};

#endif
