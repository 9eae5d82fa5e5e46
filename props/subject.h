/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A subject: any implementation of the p2m that can be put under test. It gets
 * its pages, MFNs and sync points from props/host/host.h, and reports what is wrong by
 * violated() of props/base/verdict.h (CORE_BUG, CORE_WARNED); in return
 * it answers the calls, and shows its pages so that they can be checked.
 *
 * A subject may keep its state in statics: there is one of it at a time, and
 * `build` makes it as new. Pages of a former case are simply gone.
 */
#ifndef PROPS_SUBJECT_H
#define PROPS_SUBJECT_H

#include <stdio.h>

#include "core/e820.h"
#include "props/base/verdict.h"
#include "props/host/host.h"

/* Where the tree's pages are. All pointers stay valid until the case ends. */
struct subject_view {
    p2m_word ***top;                        /* [P2M_TOP][P2M_MID][P2M_LEAF] */
    p2m_word *missing, *identity;           /* the shared leaves */
    p2m_word **mid_missing, **mid_identity; /* the shared mids */
    p2m_word *top_mfn;                      /* [P2M_TOP] */
    p2m_word **top_mfn_p;                   /* [P2M_TOP] */
    p2m_word *mid_missing_mfn;              /* [P2M_MID] */
    unsigned roots;                         /* pages that any tree costs */
    bool synthetic_view;                    /* top and mids are no pages of its own */
    p2m_word hidden; /* what else the calls to come depend on; 0 if all is in the pages */
};

struct subject {
    const char *name;

    /* Of a range with a refused page: true: it is all or nothing; false: a prefix. */
    bool range_all_or_nothing;

    /*
     * The boot: xen_build_dynamic_phys_to_machine. False after a refused page,
     * all pages freed; then it is called once more. `mfn_list` is the host's, of
     * whole leaves, and stays until the case ends.
     */
    bool (*build)(p2m_word *mfn_list, p2m_word nr_pages, bool auto_translated);

    /* xen_build_mfn_list_list and xen_setup_mfn_list_list: after build, after each resume. */
    void (*publish)(struct p2m_shared_info *info);

    p2m_word (*get)(p2m_word pfn);
    p2m_word (*pfn_to_mfn)(p2m_word pfn);
    bool (*set)(p2m_word pfn, p2m_word entry);
    bool (*set_noalloc)(p2m_word pfn, p2m_word entry);
    p2m_word (*range)(p2m_word start, p2m_word end);
    p2m_word (*xen_set_identity)(const struct p2m_e820_entry *map, unsigned count, bool domu);

    /* Frees every page, the roots included. */
    void (*destroy)(void);

    /* Not called for an auto-translated guest. */
    void (*view)(struct subject_view *view);

    /*
     * What follows is for an implementation that is not ours. `custom_layout`: when a page is
     * shared, what a call costs and how far max_pfn reaches follow rules of its own.
     * Entries, results, shape, ledger, MFN tree and what the toolstack sees are judged as
     * ever; costs only by what no rule waives; a failed call by the entries. Ranges do not
     * overlap with other calls. `view` is called before each look, since pages may move.
     */
    bool custom_layout;

    /*
     * Ranges belong to the boot: publish is called before the first other call that may
     * change something (view->top_mfn is NULL until then), and later ranges are not made.
     */
    bool ranges_first;

    /* There are no ranges yet: that none succeeds is no wonder. */
    bool no_ranges;

    /* The boot makes a range of its own, from this PFN to the end of the table (or NULL). */
    p2m_word (*boot_range)(void);

    /* There are no auto-translated guests: it is given ordinary ones. */
    bool never_auto_translated;

    /* True: this call is not made (NULL: all are); these calls are made one after another. */
    bool (*skips)(const struct op *op);
    bool (*serializes)(const struct op *const *calls, unsigned count);

    /* True: what this invariant compares, of `pfn` where it is one, is not compared (or NULL). */
    bool (*waives)(enum invariant id, p2m_word pfn);

    /*
     * What it knows of where a violation is, as lines of the report: of this op (NULL: the boot,
     * or the end), and, if a shared page was written, of the storing instruction (or 0). Or NULL.
     */
    void (*explain)(FILE *out, const struct op *op, uintptr_t store);

    /* All that it keeps outside its pages, so that a state can be put back (explore/); or NULL. */
    void *state;
    size_t state_bytes;
};

/* The p2m of core/. */
extern const struct subject subject_core;

/* The core with one thing wrong: see subjects/canary.c. */
const struct subject *subject_canary(void);

/* The subject of this program: the core, unless somebody says otherwise. */
extern const struct subject *subject_under_test;

#endif
