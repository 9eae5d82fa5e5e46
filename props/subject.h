/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A subject: any implementation of the p2m that can be tested. It gets
 * its pages, MFNs and sync points from props/host/host.h, and reports errors with
 * violated() of props/base/verdict.h (CORE_BUG, CORE_WARNED); it
 * answers the calls, and exposes its pages so that they can be checked.
 *
 * A subject may keep its state in statics: only one exists at a time, and
 * `build` resets it. Pages of a former case are no longer valid.
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
    bool synthetic_view;                    /* top and mids are not its own pages */
    p2m_word hidden; /* other state that later calls depend on; 0 if all is in the pages */
};

/*
 * Other lookups of the same table: X(name, its word in a report). The first four take a PFN, the
 * others an MFN. ENTRY is get by another way, VALID answers 1 or 0, LOCAL_PFN only for a frame of
 * this domain, and IOREMAP where a machine frame of an NVS entry is mapped.
 */
#define OTHER_VIEWS(X)                                                                             \
    X(ENTRY, "the entry of PFN")                                                                   \
    X(VALID, "is there a frame at PFN")                                                            \
    X(PFN_TO_GFN, "the guest frame of PFN")                                                        \
    X(PHYS_TO_MACHINE, "the machine address of PFN")                                               \
    X(MFN_TO_PFN, "the PFN of MFN")                                                                \
    X(GFN_TO_PFN, "the PFN of guest frame")                                                        \
    X(MACHINE_TO_PHYS, "the physical address of MFN")                                              \
    X(LOCAL_PFN, "the local PFN of MFN")                                                           \
    X(IOREMAP, "the mapped PFN of NVS frame")

enum other_view {
#define X(name, word) VIEW_##name,
    OTHER_VIEWS(X)
#undef X
        VIEW_KINDS
};

/* What the shared info says of a list in virtual memory. */
struct subject_list {
    p2m_word cr3, vaddr, generation;
};

#define GRANTS_FINE ((uint64_t)1 << 32)

struct subject {
    const char *name;
    const char *mode; /* of a foreign subject: how it is compiled, as a case says it; else NULL */

    /* Of a range with a refused page: true: all or nothing; false: a prefix. */
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

    /* Reports each run of identity pages of the map to fn. NULL: that is no function of its own. */
    void (*identity_ranges)(const struct p2m_e820_entry *map, unsigned count, bool domu,
                            p2m_e820_range_fn *fn, void *ctx);

    /*
     * Of grants: a batch of `count` (1 .. 16) slots from `pfn`, the MFNs of another domain
     * from `mfn` on; the host's grant operation maps and unmaps. Answers the slots that hold
     * (grant_map), or were cleared (grant_unmap): bit i for slot i, and GRANTS_FINE if no
     * slot failed. NULL: the subject has no grants, and the ops are skipped.
     */
    uint64_t (*grant_map)(p2m_word pfn, unsigned count, p2m_word mfn);
    uint64_t (*grant_unmap)(p2m_word pfn, unsigned count);
    bool unmap_restores; /* an unmap brings back the entry that was there before */

    /*
     * Of a list in virtual memory, which a toolstack can read through the guest's page tables:
     * what is published of it, and the page that the tables below `cr3` map at `address` (NULL:
     * none). Such a subject also has guests with the boot flag 4tools, which have no MFN tree.
     * NULL: it has no such list.
     */
    void (*list)(struct subject_list *list);
    p2m_word *(*list_page)(p2m_word cr3, p2m_word address);

    /*
     * Its other lookups at `where`, with *answer INVALID for none. Of an MFN the table of the
     * hypervisor has `back` as its PFN. False: it has no such lookup. NULL: it has none at all.
     */
    bool (*other_view)(enum other_view view, p2m_word where, p2m_word back, p2m_word *answer);

    /* Calls `line` with each run of PFNs of its dump and the word for them: missing, identity, pfn,
     * abnormal; answers where the last run must end. NULL: it has no dump. */
    p2m_word (*dump)(void (*line)(p2m_word first, p2m_word end, const char *word));

    /* Frees every page, the roots included. */
    void (*destroy)(void);

    /*
     * Lifecycle ops that it supports: build again after a refused page or destroy; calls before
     * publish, which may be repeated; destroy, which may be repeated. Others are not made.
     */
    bool has_build, has_publish, has_destroy;

    /* Its calls keep nothing in statics, so that calls may alternate (props/run/schedule.h). */
    bool alternates;

    /* It takes locks (props/host/lock.h), so overlapping calls always have stacks of their own. */
    bool locks;

    /* A sync point where nothing is accessed: P2M_SYNC(), unless it has rules of its own. Or NULL.
     */
    void (*point)(void);

    /* Not called for an auto-translated guest. */
    void (*view)(struct subject_view *view);

    /* Brings host.info up to date, if its shared info is elsewhere: behind each call, and before a
     * toolstack looks at a switch. Or NULL. */
    void (*refresh_info)(void);

    /*
     * The rest is for an implementation other than the core. `custom_layout`: the sharing of
     * pages, the cost of a call and the reach of max_pfn follow rules of its own.
     * Entries, results, shape, ledger, MFN tree and the toolstack's view are judged as
     * usual; costs only where no rule is waived; a failed call by the entries. Ranges and grants do
     * not overlap with other calls. `view` is called before each check, since pages may move.
     */
    bool custom_layout;

    /*
     * Ranges belong to the boot: those of a case are made before all its other calls, in their
     * order. publish is called before the first other call that may change something
     * (view->top_mfn is NULL until then).
     */
    bool ranges_first;

    /* It has no ranges, so it is not an error that none succeeds. */
    bool no_ranges;

    /* The boot makes ranges of its own: the n-th, which may be empty; false: no more. Or NULL. */
    bool (*boot_range)(unsigned n, p2m_word *start, p2m_word *end);

    /*
     * The first publish stores frames MFN_OF_NVS(i, 0 ..) at so many pages of NVS entry `i` of the
     * boot (or NULL).
     */
    unsigned (*remaps)(unsigned i);

    /* It has no auto-translated guests and gets ordinary ones. */
    bool never_auto_translated;

    /* True: this call is not made (NULL: all are); these calls do not overlap. */
    bool (*skips)(const struct op *op);
    bool (*serializes)(const struct op *const *calls, unsigned count);

    /* True: this invariant is not compared (at `pfn`, where it has a PFN). Or NULL. */
    bool (*waives)(enum invariant id, p2m_word pfn);

    /*
     * Lines of the report on the place of a violation: for this op (NULL: the boot,
     * or the end), and, if a shared page was written, the storing instruction (or 0). Or NULL.
     */
    void (*explain)(FILE *out, const struct op *op, uintptr_t store);

    /*
     * A whole guest and no p2m alone: it makes each op of a case by itself, and judges it; NULL is
     * the boot. False: not made. Then nothing above is called. `show` prints what the last case
     * left.
     */
    bool (*step)(const struct op *op, uint64_t *result);
    void (*show)(FILE *out);

    /*
     * Its state outside its pages, so that a state can be restored (explore/): so many bytes at
     * `state`, or, if that is NULL, copied to `copy`, or back, by copy_state. Or both are NULL.
     */
    void *state;
    size_t state_bytes;
    void (*copy_state)(void *copy, bool back);
};

/* The p2m of core/. */
extern const struct subject subject_core;

/* The core with one fault: see subjects/canary.c. */
const struct subject *subject_canary(void);

/* A kernel's setup.c (subjects/linux/setup/). Its address is NULL in programs without one. */
extern const struct subject subject_setup __attribute__((weak));

/* The subject of this program: the core by default. */
extern const struct subject *subject_under_test;

#endif
