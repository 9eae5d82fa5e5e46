// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tree era, 2.6.38 to 3.18: the kernel's own p2m.c, included below so that its
 * static variables are at hand, and the functions for the harness. The kernel's text
 * is not here.
 */
#include "shim.h"

KERNEL_BEGIN
#include <asm/xen/page.h>

#ifndef CONFIG_XEN_MAX_DOMAIN_MEMORY
#define CONFIG_XEN_MAX_DOMAIN_MEMORY 512
#endif

#include LINUX_P2M_C

/* Calls into the file: what is inlined here is hooked as well. */
SHIM static unsigned long enter_get(unsigned long pfn)
{
    return get_phys_to_machine(pfn);
}

SHIM static unsigned long enter_to_mfn(unsigned long pfn)
{
    return pfn_to_mfn(pfn);
}

SHIM static bool enter_set(unsigned long pfn, unsigned long entry)
{
    return set_phys_to_machine(pfn, entry);
}

SHIM static bool enter_set_noalloc(unsigned long pfn, unsigned long entry)
{
    return __set_phys_to_machine(pfn, entry);
}

SHIM static unsigned long enter_range(unsigned long start, unsigned long end)
{
#if LINUX_RANGE
    return set_phys_range_identity(start, end);
#else
    return 0;
#endif
}
KERNEL_END

UNHOOKED_BEGIN

/* ---- globals for the file ---- */

#include "kernel_globals.inc"
#include "shim.inc"
#include "views.inc"

static pte_t no_pte;

pte_t *shim_lookup_address(unsigned long address, unsigned *level)
{
    *level = PG_LEVEL_4K;
    return &no_pte;
}

pte_t shim_pfn_pte(unsigned long pfn, pgprot_t prot)
{
    return (pte_t){pfn << PAGE_SHIFT | prot.pgprot};
}

unsigned long shim_pte_pfn(pte_t pte)
{
    return pte.pte >> PAGE_SHIFT;
}

/* ---- the shared pages become the host's, which are sealed ---- */

enum { MISSING, IDENTITY, MID_MISSING, MID_IDENTITY };

static unsigned long *sealed_leaf(unsigned long *leaf)
{
    if (leaf == p2m_missing)
        return linux_sealed_page(MISSING);
#if LINUX_IDENTITY
    if (leaf == p2m_identity)
        return linux_sealed_page(IDENTITY);
#endif
    return leaf;
}

static unsigned long **sealed_mid(unsigned long **mid)
{
    if (mid == p2m_mid_missing)
        return linux_sealed_page(MID_MISSING);
#if LINUX_MID_IDENTITY
    if (mid == p2m_mid_identity)
        return linux_sealed_page(MID_IDENTITY);
#endif
    return NULL;
}

static void expect_leaf(const unsigned long *leaf)
{
    for (unsigned i = 0; i < P2M_PER_PAGE; i++)
        BUG_ON(leaf[i] != INVALID_P2M_ENTRY);
}

static void expect_mid(unsigned long **mid, unsigned long *leaf)
{
    for (unsigned i = 0; i < P2M_MID_PER_PAGE; i++)
        BUG_ON(mid[i] != leaf);
}

/*
 * After the build, before the pages are used: a page made as a shared page must
 * have the right contents, goes back to the host, and every pointer to it leads to the sealed
 * page of the same contents, so that the instruction that writes to one is caught.
 */
static void seal(void)
{
    expect_leaf(p2m_missing);
    expect_mid(p2m_mid_missing, p2m_missing);
#if LINUX_IDENTITY
    expect_leaf(p2m_identity);
#endif
#if LINUX_MID_IDENTITY
    expect_mid(p2m_mid_identity, p2m_identity);
#endif
    for (unsigned ti = 0; ti < P2M_TOP_PER_PAGE; ti++) {
        unsigned long **shared = sealed_mid(p2m_top[ti]);

        for (unsigned mi = 0; !shared && mi < P2M_MID_PER_PAGE; mi++)
            p2m_top[ti][mi] = sealed_leaf(p2m_top[ti][mi]);
        if (shared)
            p2m_top[ti] = shared;
    }
    linux_put_page(p2m_missing);
    p2m_missing = linux_sealed_page(MISSING);
    linux_put_page(p2m_mid_missing);
    p2m_mid_missing = linux_sealed_page(MID_MISSING);
#if LINUX_IDENTITY
    linux_put_page(p2m_identity);
    p2m_identity = linux_sealed_page(IDENTITY);
#endif
#if LINUX_MID_IDENTITY
    linux_put_page(p2m_mid_identity);
    p2m_mid_identity = linux_sealed_page(MID_IDENTITY);
#endif
}

#define ONE(name) ((uint64_t)1 << LINUX_##name)

/* ---- calls ---- */

#include "early.inc"

static void wrong_line(unsigned long first, unsigned long end, const char *word)
{
    (void)first, (void)end;
    linux_bug(word, "the dump, and there is no list yet", 0);
}

/* Nobody reads the dump before the build; in an auto-translated guest anybody can. */
static void expect_no_dump(void)
{
    if (LINUX_DUMP)
        dump(wrong_line);
}

static void build(unsigned long *mfn_list, unsigned long nr_pages, bool auto_translated)
{
    shim_auto_translated = auto_translated;
    start_info.mfn_list = (unsigned long)mfn_list;
    start_info.nr_pages = nr_pages;
    expect_no_dump();
    if (!auto_translated || LINUX_BUILDS_TRANSLATED)
        xen_build_dynamic_phys_to_machine();
    if (auto_translated)
        return;
    if (nr_pages % 2)
        xen_max_p2m_pfn = MAX_P2M_PFN; /* extra memory up to the end: setup.c's share */
    seal();
    begin_early();
}

static void make_list(void)
{
    memset(&shared_info, 0, sizeof(shared_info));
    if (shim_auto_translated && !LINUX_BUILDS_TRANSLATED)
        return; /* the version was never booted so */
    if (shim_auto_translated || !end_early())
        xen_build_mfn_list_list();
    xen_setup_mfn_list_list();
}

static unsigned long get(unsigned long pfn)
{
    if (shim_auto_translated)
        return INVALID_P2M_ENTRY; /* the file would go through a tree that is not there */
    return enter_get(pfn);
}

#include "grants.inc"

/* PFN by PFN, each access a point: 16 GiB take some tenths of a second, the whole table minutes. */
static bool range_is_possible(unsigned long start, unsigned long end)
{
    return LINUX_MID_IDENTITY || start >= end || end > MAX_P2M_PFN || end - start <= 1ul << 22;
}

static void look(struct linux_view *view)
{
    *view = (struct linux_view){.top = p2m_top,
                                .top_mfn = p2m_top_mfn,
                                .top_mfn_p = p2m_top_mfn_p,
                                .mid_missing_mfn = p2m_mid_missing_mfn,
                                .roots = 1};
    if (p2m_top_mfn)
        view->roots = 4 + LINUX_MID_IDENTITY_MFN;
}

static bool set(unsigned long pfn, unsigned long entry)
{
    return early ? early_set(pfn, entry) : enter_set(pfn, entry);
}

/* Before 2.6.39 a __set in an auto-translated guest would go through a tree that is not there. */
static bool set_noalloc(unsigned long pfn, unsigned long entry)
{
    return (shim_auto_translated && !LINUX_IDENTITY) || enter_set_noalloc(pfn, entry);
}

/* ---- known defects ---- */

#if LINUX_IDENTITY
#define IS_IDENTITY(leaf) ((leaf) == p2m_identity)
#else
#define IS_IDENTITY(leaf) false
#endif

static unsigned long *leaf_of(unsigned long pfn)
{
    return p2m_top[p2m_top_index(pfn)][p2m_mid_index(pfn)];
}

static bool mid_is_missing(unsigned long pfn)
{
    return p2m_top[p2m_top_index(pfn)] == p2m_mid_missing;
}

static bool is_private(const unsigned long *leaf)
{
    return leaf != p2m_missing && !IS_IDENTITY(leaf);
}

/* On a resume only what is below max_pfn got its new MFN. */
static bool mfn_is_stale(unsigned long pfn)
{
    unsigned ti = p2m_top_index(pfn);

    return virt_to_mfn(p2m_top_mfn_p[ti]) != p2m_top_mfn[ti];
}

static bool is_mid_identity(unsigned long **mid)
{
#if LINUX_MID_IDENTITY
    return mid == p2m_mid_identity;
#else
    return false;
#endif
}

/* A page of its own, below max_pfn, that the MFN tree has not. */
static bool is_unlisted(unsigned long pfn)
{
    return p2m_top_mfn && pfn < xen_max_p2m_pfn && is_private(leaf_of(pfn)) &&
           p2m_top_mfn_p[p2m_top_index(pfn)][p2m_mid_index(pfn)] != virt_to_mfn(leaf_of(pfn));
}

/* ---- windows ---- */

static bool is_in(const volatile void *p, const void *page)
{
    return (unsigned long)p - (unsigned long)page < PAGE_SIZE;
}

static uint64_t open(unsigned long pfn, unsigned kind, const volatile void *address)
{
    unsigned ti = p2m_top_index(pfn);
    uint64_t windows = 0;

    if (p2m_top[ti] == p2m_mid_missing)
        windows |= ONE(C1);
    if (p2m_top_mfn_p[ti] == p2m_mid_missing_mfn)
        windows |= ONE(C2);
    if (p2m_top_mfn[ti] != virt_to_mfn(p2m_top_mfn_p[ti]))
        windows |= ONE(C3);
    if (kind == P2M_LOAD && is_in(address, p2m_top_mfn))
        windows |= ONE(C3b);
    if (kind == P2M_LOAD && !is_private(leaf_of(pfn)))
        windows |= ONE(C4);
    return windows;
}

static uint64_t set_shows(const struct linux_call *call)
{
    unsigned long *leaf = leaf_of(call->pfn);
    bool plain = !(call->arg >> 62 & 1) || call->arg == INVALID_P2M_ENTRY;
    uint64_t shows = 0;

    if (!plain && call->arg != (call->pfn | 1ul << 62))
        shows |= ONE(B5);
    if (IS_IDENTITY(leaf) && plain)
        shows |= early && LINUX_EARLY && !call->noalloc ? ONE(D5)
                 : call->arg == INVALID_P2M_ENTRY       ? ONE(B2)
                                                        : ONE(B1);
    if (leaf == p2m_missing && !plain)
        shows |= mid_is_missing(call->pfn) ? ONE(B4) : ONE(B3);
    if (p2m_top_mfn && !is_private(leaf) && mfn_is_stale(call->pfn))
        shows |= ONE(C5);
    if (plain && is_unlisted(call->pfn))
        shows |= ONE(B11);
    return shows;
}

static uint64_t range_shows(const struct linux_call *call)
{
    uint64_t shows = 0;

    if (call->pfn < call->arg && call->arg >= MAX_P2M_PFN && !LINUX_CLAMPS_RANGE)
        shows |= ONE(B8);
    if (call->pfn < 0x1000 && call->arg > 0x100)
        shows |= ONE(D6);
    if (!shim_auto_translated && call->pfn == call->arg)
        shows |= ONE(B6);
    if (shim_auto_translated && (call->pfn > call->arg || call->arg > MAX_P2M_PFN))
        shows |= ONE(B7);
#if LINUX_MID_IDENTITY
    if (!shim_auto_translated && call->pfn < MAX_P2M_PFN && call->pfn < call->arg &&
        (IS_IDENTITY(leaf_of(call->pfn)) || IS_IDENTITY(leaf_of(min(call->arg, MAX_P2M_PFN) - 1))))
        shows |= ONE(B13);
#endif
    return shows;
}

static bool has_leaf(unsigned long **mid)
{
    for (unsigned i = 0; i < P2M_MID_PER_PAGE; i++)
        if (mid[i] != p2m_missing)
            return true;
    return false;
}

/*
 * A mid below max_pfn without a page in the MFN tree: a resume would ask for one. And a leaf
 * that the toolstack does not know of keeps what it holds.
 */
static uint64_t resume_shows(void)
{
    for (unsigned long pfn = 0; pfn < xen_max_p2m_pfn; pfn += P2M_PER_PAGE) {
        unsigned ti = p2m_top_index(pfn);

        if (p2m_top[ti] == p2m_mid_missing) {
            pfn += (P2M_MID_PER_PAGE - 1) * P2M_PER_PAGE;
            continue;
        }
        if (p2m_top_mfn_p[ti] == p2m_mid_missing_mfn)
            return is_mid_identity(p2m_top[ti]) ? ONE(C8)
                   : has_leaf(p2m_top[ti])      ? ONE(B11) | ONE(C6)
                                                : ONE(C6);
        if (is_unlisted(pfn))
            return ONE(B11);
    }
    return 0;
}

static uint64_t shows(const struct linux_call *call)
{
    if (shim_auto_translated && call->kind != LINUX_RANGE_CALL)
        return 0;
    switch (call->kind) {
    case LINUX_SET:
        return call->pfn < MAX_P2M_PFN ? set_shows(call) : 0;
    case LINUX_RANGE_CALL:
        return range_shows(call);
    case LINUX_RESUME_CALL:
        return resume_shows();
    default:
        return 0;
    }
}

/*
 * The inner call makes all pages that the outer one needs. So the outer call frees those that it
 * has in vain, and needs none.
 */
static bool makes_all(const struct linux_call *inner, const struct linux_call *outer)
{
    bool plain = !(inner->arg >> 62 & 1);

    return inner->pfn / P2M_PER_PAGE == outer->pfn / P2M_PER_PAGE && plain && !inner->noalloc &&
           !inner->alternates && !outer->alternates;
}

static uint64_t shows_overlapping(const struct linux_call *outer, const struct linux_call *inner)
{
    uint64_t windows = ONE(C3) | ONE(C3b);

    if (shim_auto_translated || outer->kind != LINUX_SET || inner->kind != LINUX_SET ||
        outer->pfn >= MAX_P2M_PFN || inner->pfn >= MAX_P2M_PFN ||
        p2m_top_index(outer->pfn) != p2m_top_index(inner->pfn))
        return 0;
    if (!makes_all(inner, outer))
        windows |= ONE(C1) | ONE(C2);
    if (outer->pfn / P2M_PER_PAGE == inner->pfn / P2M_PER_PAGE)
        windows |= ONE(C4);
    return windows;
}

const struct linux_file linux_file = {
    .name = LINUX_NAME,
    .mode = LINUX_MODE,
    .foreign_bit = FOREIGN_FRAME_BIT,
    .no_identity = !LINUX_IDENTITY,
    .ranges_first = LINUX_RANGES_FIRST,
    .beyond_is_identity = LINUX_BEYOND_IS_IDENTITY,
    .has_early_set = LINUX_EARLY,
    .build = build,
    .make_list = make_list,
    .get = get,
    .pfn_to_mfn = enter_to_mfn,
    .set = set,
    .set_noalloc = set_noalloc,
    .range = enter_range,
    .range_is_possible = range_is_possible,
    .look = look,
    GRANT_CALLS,
    .shows = shows,
    .shows_overlapping = shows_overlapping,
    .open = open,
    .kernel_boot = xen_build_dynamic_phys_to_machine,
    .kernel_get = get_phys_to_machine,
    .kernel_set = set_phys_to_machine,
    .kernel_set_noalloc = __set_phys_to_machine,
#if LINUX_RANGE
    .kernel_range = set_phys_range_identity,
#endif
    .kernel_resume = xen_build_mfn_list_list,
    .other_view = other_view,
    .dump = LINUX_DUMP ? dump : NULL,
    .max_pfn = &shared_info.arch.max_pfn,
    .frame_list_list = &shared_info.arch.pfn_to_mfn_frame_list_list,
};

UNHOOKED_END

#include "sections.inc"
