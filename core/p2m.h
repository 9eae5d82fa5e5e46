/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Xen PV's p2m: the table PFN -> MFN as a three-level tree, with identity
 * (1-1) ranges, and the parallel MFN tree by which a toolstack finds the pages
 * of the first one for save and restore.
 *
 * The contract is a flat array of MAX_P2M_PFN entries, all INVALID at first:
 * no sequence of calls may tell the tree from it. An entry is one of
 *
 *     an MFN                 a frame of this domain (may equal its PFN)
 *     FOREIGN_FRAME(mfn)     a frame of another domain
 *     IDENTITY_FRAME(pfn)    the PFN *is* the MFN: a PCI BAR, ACPI, a hole
 *     INVALID_P2M_ENTRY      nothing there
 *
 * Calls may overlap on several CPUs; build, resume and destroy may not overlap
 * with anything. The names are the kernel's (arch/x86/xen/p2m.c, 2.6.39 on).
 */
#ifndef P2M_H
#define P2M_H

#include <stdbool.h>

#include "platform.h"

/*
 * The placeholder pages. They depend on the geometry alone, are filled once and
 * never written again: a harness (or a kernel) may map them read-only.
 *
 *     missing        all INVALID: a leaf of which nothing is known
 *     identity       all INVALID as well, since the toolstack knows nothing
 *                    else; a lookup that gets here answers IDENTITY_FRAME(pfn)
 *     mid_missing    all slots point at missing
 *     mid_identity   all slots point at identity: a whole mid range for a pointer
 */
struct p2m_shared {
    p2m_word *missing;
    p2m_word *identity;
    p2m_word **mid_missing;
    p2m_word **mid_identity;
};

/* Fills four pages of P2M_PAGE_BYTES each and lets `shared` point at them. */
void p2m_shared_init(struct p2m_shared *shared, void *const pages[4]);

/* What the guest publishes for the toolstack (struct shared_info.arch). */
struct p2m_shared_info {
    p2m_word pfn_to_mfn_frame_list_list; /* MFN of p2m_top_mfn */
    p2m_word max_pfn;                    /* first PFN not to be scanned */
};

struct p2m {
    const struct p2m_shared *shared;
    const struct p2m_platform *platform;
    struct p2m_shared_info *shared_info; /* where max_pfn is raised; NULL before setup */
    bool auto_translated;

    p2m_word ***top; /* [P2M_TOP] -> [P2M_MID] -> [P2M_LEAF] */

    /*
     * The MFN tree. mid_missing_mfn stands for every mid without private
     * leaves; a private mid has a page of its own, known by address (top_mfn_p)
     * and by MFN (top_mfn). A slot for a shared leaf holds the MFN of missing.
     */
    p2m_word *top_mfn;    /* [P2M_TOP]: MFN of the page below */
    p2m_word **top_mfn_p; /* [P2M_TOP]: its address */
    p2m_word *mid_missing_mfn;

    p2m_word max_pfn; /* a multiple of P2M_LEAF, only ever raised */
    p2m_word grafted; /* leaves below this PFN are the mfn_list's, not ours */
};

/*
 * An unbuilt p2m over `shared` and `platform`, both of which must outlive it.
 * `auto_translated` (XENFEAT_auto_translated_physmap): the hypervisor keeps the
 * table, so nothing here is in use, and no page is ever allocated.
 */
void p2m_init(struct p2m *p2m, const struct p2m_shared *shared, const struct p2m_platform *platform,
              bool auto_translated);

/*
 * Builds the tree around the domain builder's list of `nr_pages` entries (plain
 * MFNs or INVALID), clamped to MAX_P2M_PFN. The list is padded to whole leaves
 * with garbage; its pages are grafted as private leaves without a copy, stay the
 * caller's memory and must outlive the p2m; the padding becomes INVALID.
 * False: a page was refused; all are given back, the list is as it was, and the
 * call may be made again. Nothing but p2m_init, build and destroy may be called
 * before it was true. Kernel: xen_build_dynamic_phys_to_machine().
 */
bool xen_build_dynamic_phys_to_machine(struct p2m *p2m, p2m_word *mfn_list, p2m_word nr_pages);

/*
 * Writes every MFN of the MFN tree anew: at boot, and after each resume, when
 * all of them have changed. Allocates nothing. Kernel: same name.
 */
void xen_build_mfn_list_list(struct p2m *p2m);

/*
 * Publishes the root of the MFN tree and max_pfn in `info`, at boot and after
 * each resume; from then on max_pfn is raised there too. Kernel: same name.
 */
void xen_setup_mfn_list_list(struct p2m *p2m, struct p2m_shared_info *info);

/* Gives every page back. Fine on a p2m that was never built. */
void p2m_destroy(struct p2m *p2m);

/* The entry of `pfn`; INVALID for pfn >= MAX_P2M_PFN. */
p2m_word get_phys_to_machine(const struct p2m *p2m, p2m_word pfn);

/* The entry of `pfn` without its FOREIGN and IDENTITY bits; INVALID stays so. */
p2m_word pfn_to_mfn(const struct p2m *p2m, p2m_word pfn);

/*
 * Makes `entry` the entry of `pfn`, and changes no other. False, with all as
 * before: a page was refused; `entry` has the IDENTITY bit but is neither
 * INVALID nor IDENTITY_FRAME(pfn); or pfn >= MAX_P2M_PFN (where storing INVALID
 * is true, since that is what it reads).
 */
bool set_phys_to_machine(struct p2m *p2m, p2m_word pfn, p2m_word entry);

/*
 * The same without allocating: false also where a page would be needed, that
 * is, unless the leaf is private or already reads `entry`.
 */
bool __set_phys_to_machine(struct p2m *p2m, p2m_word pfn, p2m_word entry);

/*
 * Makes the PFNs [start, end) identity, by whole mids and leaves wherever it
 * covers them. `end` is clamped to MAX_P2M_PFN. Answers how many PFNs that is:
 * 0 for an empty or reversed range and for start >= MAX_P2M_PFN, and 0, with all
 * as before, if a page was refused. At most 2 mids and 2 leaves are allocated.
 * Kernel: set_phys_range_identity() of f4cec35b0d4.
 */
p2m_word set_phys_range_identity(struct p2m *p2m, p2m_word start, p2m_word end);

#endif
