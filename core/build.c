// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a p2m comes and goes: the shared pages, the build from the domain
 * builder's mfn_list, the MFN tree at boot and after a resume, and the end.
 * All of it happens while nothing else runs, so memory is accessed plainly.
 */
#include <string.h>

#include "tree.h"

void p2m_shared_init(struct p2m_shared *shared, void *const pages[4])
{
    shared->missing = pages[0];
    shared->identity = pages[1];
    shared->mid_missing = pages[2];
    shared->mid_identity = pages[3];
    for (unsigned i = 0; i < P2M_LEAF; i++) {
        shared->missing[i] = INVALID_P2M_ENTRY;
        shared->identity[i] = INVALID_P2M_ENTRY;
    }
    for (unsigned i = 0; i < P2M_MID; i++) {
        shared->mid_missing[i] = shared->missing;
        shared->mid_identity[i] = shared->identity;
    }
}

void p2m_init(struct p2m *p2m, const struct p2m_shared *shared, const struct p2m_platform *platform,
              bool auto_translated)
{
    memset(p2m, 0, sizeof(*p2m));
    p2m->shared = shared;
    p2m->platform = platform;
    p2m->auto_translated = auto_translated;
}

static void fill_words(p2m_word *words, p2m_word value, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        words[i] = value;
}

static void fill_mids(p2m_word ***top, p2m_word **mid)
{
    for (unsigned ti = 0; ti < P2M_TOP; ti++)
        top[ti] = mid;
}

static void fill_mid_mfns(p2m_word **top_mfn_p, p2m_word *mid_mfn)
{
    for (unsigned ti = 0; ti < P2M_TOP; ti++)
        top_mfn_p[ti] = mid_mfn;
}

/* The four pages that every tree has, whatever is in it. */
static bool build_roots(struct p2m *p2m)
{
    p2m->top = p2m_page_alloc(p2m);
    if (p2m->top)
        p2m->top_mfn = p2m_page_alloc(p2m);
    if (p2m->top_mfn)
        p2m->top_mfn_p = p2m_page_alloc(p2m);
    if (p2m->top_mfn_p)
        p2m->mid_missing_mfn = p2m_page_alloc(p2m);
    if (!p2m->mid_missing_mfn)
        return false;
    fill_mids(p2m->top, p2m->shared->mid_missing);
    fill_mid_mfns(p2m->top_mfn_p, p2m->mid_missing_mfn);
    return true;
}

/* Private mids, each with its page of the MFN tree, for the PFNs below `end`. */
static bool build_mids(struct p2m *p2m, p2m_word end)
{
    for (p2m_word pfn = 0; pfn < end; pfn += P2M_MID_SPAN) {
        unsigned ti = p2m_top_index(pfn);
        p2m_word **mid = p2m_page_alloc(p2m);

        if (!mid)
            return false;
        memcpy(mid, p2m->shared->mid_missing, P2M_MID * sizeof(*mid));
        p2m->top[ti] = mid;
        p2m->top_mfn_p[ti] = p2m_page_alloc(p2m);
        if (!p2m->top_mfn_p[ti])
            return false;
    }
    return true;
}

bool xen_build_dynamic_phys_to_machine(struct p2m *p2m, p2m_word *mfn_list, p2m_word nr_pages)
{
    p2m_word end;

    if (p2m->auto_translated)
        return true;
    if (p2m->top)
        p2m_platform_call(p2m, bug, "a p2m is built only once");
    if (nr_pages > MAX_P2M_PFN)
        nr_pages = MAX_P2M_PFN;
    end = (nr_pages + P2M_LEAF - 1) / P2M_LEAF * P2M_LEAF;
    if (!build_roots(p2m) || !build_mids(p2m, end)) {
        p2m_destroy(p2m);
        return false;
    }
    for (p2m_word pfn = nr_pages; pfn < end; pfn++)
        mfn_list[pfn] = INVALID_P2M_ENTRY;
    for (p2m_word pfn = 0; pfn < end; pfn += P2M_LEAF)
        p2m->top[p2m_top_index(pfn)][p2m_mid_index(pfn)] = mfn_list + pfn;
    p2m->max_pfn = end;
    p2m->grafted = end;
    return true;
}

/* The MFNs of the private leaves of one mid. */
static void record_leaves(struct p2m *p2m, unsigned ti, p2m_word missing_mfn)
{
    p2m_word **mid = p2m->top[ti], *mid_mfn = p2m->top_mfn_p[ti];

    const p2m_word *missing = p2m->shared->missing, *identity = p2m->shared->identity;

    fill_words(mid_mfn, missing_mfn, P2M_MID);
    for (unsigned mi = 0; mi < P2M_MID; mi++)
        if (mid[mi] != missing && mid[mi] != identity)
            mid_mfn[mi] = p2m_platform_call(p2m, virt_to_mfn, mid[mi]);
}

void xen_build_mfn_list_list(struct p2m *p2m)
{
    p2m_word missing_mfn, mid_missing_mfn_mfn;

    if (p2m->auto_translated)
        return;
    if (!p2m->top)
        p2m_platform_call(p2m, bug, "the MFN tree of a p2m that was never built");
    missing_mfn = p2m_platform_call(p2m, virt_to_mfn, p2m->shared->missing);
    mid_missing_mfn_mfn = p2m_platform_call(p2m, virt_to_mfn, p2m->mid_missing_mfn);
    fill_words(p2m->mid_missing_mfn, missing_mfn, P2M_MID);
    fill_words(p2m->top_mfn, mid_missing_mfn_mfn, P2M_TOP);
    for (unsigned ti = 0; ti < P2M_TOP; ti++) {
        if (p2m->top_mfn_p[ti] == p2m->mid_missing_mfn)
            continue;
        record_leaves(p2m, ti, missing_mfn);
        p2m->top_mfn[ti] = p2m_platform_call(p2m, virt_to_mfn, p2m->top_mfn_p[ti]);
    }
}

void xen_setup_mfn_list_list(struct p2m *p2m, struct p2m_shared_info *info)
{
    if (p2m->auto_translated)
        return;
    if (!p2m->top)
        p2m_platform_call(p2m, bug, "publishing a p2m that was never built");
    p2m->shared_info = info;
    info->pfn_to_mfn_frame_list_list = p2m_platform_call(p2m, virt_to_mfn, p2m->top_mfn);
    info->max_pfn = p2m->max_pfn;
}

static void page_free(struct p2m *p2m, void *page)
{
    if (page)
        p2m_platform_call(p2m, page_free, page);
}

/* One private mid, its leaves but for the grafted ones, its page of the MFN tree. */
static void destroy_mid(struct p2m *p2m, unsigned ti)
{
    p2m_word **mid = p2m->top[ti];

    for (unsigned mi = 0; mi < P2M_MID; mi++) {
        p2m_word base = ti * P2M_MID_SPAN + (p2m_word)mi * P2M_LEAF;

        if (base >= p2m->grafted && !p2m_leaf_is_shared(p2m, mid[mi]))
            page_free(p2m, mid[mi]);
    }
    page_free(p2m, p2m->top_mfn_p[ti]);
    page_free(p2m, mid);
}

void p2m_destroy(struct p2m *p2m)
{
    if (p2m->mid_missing_mfn)
        for (unsigned ti = 0; ti < P2M_TOP; ti++)
            if (!p2m_mid_is_shared(p2m, p2m->top[ti]))
                destroy_mid(p2m, ti);
    page_free(p2m, p2m->mid_missing_mfn);
    page_free(p2m, p2m->top_mfn_p);
    page_free(p2m, p2m->top_mfn);
    page_free(p2m, p2m->top);
    p2m_init(p2m, p2m->shared, p2m->platform, p2m->auto_translated);
}
