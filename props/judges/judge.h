/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A judge: code of others that saves a guest by what the guest publishes. It stands beside the
 * harness's own toolstack (props/check/toolstack.h). A program has one or none; a case asks for
 * it by the boot flag `judge`. The tree of such a guest describes its own pages
 * (props/host/host.h).
 */
#ifndef PROPS_JUDGES_JUDGE_H
#define PROPS_JUDGES_JUDGE_H

#include "props/host/host.h"

/* A list in virtual memory, for a guest without an MFN tree. */
struct judge_list {
    uint64_t vaddr; /* where the guest has mapped it */
    p2m_word generation;
    const p2m_word *(*page)(p2m_word pfn); /* the page for these PFNs, or NULL */
};

/* Where a kernel maps it: the start of vmalloc, which is the start of a GiB. */
#define JUDGE_LIST_VADDR UINT64_C(0xffffc90000000000)

struct judge {
    const char *name;
    bool takes_list; /* it can read a list in this geometry */

    /*
     * Saves the guest that `host` holds: by its MFN tree, or with `list` by that. `missing` is its
     * page p2m_missing. NULL, and *pfns is the number of PFNs that it would save; or its error, a
     * text that stays until the next call.
     */
    const char *(*save)(const p2m_word *missing, const struct judge_list *list, p2m_word *pfns);

    /* Leaf `n` as the last save read it, or NULL for p2m_missing; n * P2M_LEAF < *pfns. */
    const p2m_word *(*leaf)(p2m_word n);

    /*
     * Restores the entries of the last save, which succeeded, after host_resume: each plain MFN
     * becomes `moved` of it. Writes to the guest's leaves. NULL, or its error.
     */
    const char *(*restore)(p2m_word (*moved)(p2m_word mfn));
};

/* The one of this program; NULL: it has none. */
extern const struct judge *const judge_here;

#endif
