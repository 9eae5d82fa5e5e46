// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An example of a subject: a p2m without a tree. Its table is one page of the host's for each
 * leaf, and the tables for the harness are drawn from it. `make fuzz
 * SUBJECT=props/subjects/example.c` tests it; nothing else is linked with it.
 */
#include "props/subject.h"

enum { LEAVES = P2M_TOP * P2M_MID, PAGES = 3 + LEAVES + P2M_TOP };

static p2m_word *leaf[LEAVES], **mid[P2M_TOP];           /* the second: drawn for the harness */
static p2m_word *top_mfn, **top_mfn_p, *mid_missing_mfn; /* read by the toolstack */
static p2m_word *mid_mfn[P2M_TOP];
static bool automatic;
static void *taken[PAGES];
static unsigned count;

static void *take(void) /* a page of the host's; NULL: refused */
{
    void *page = host_page_alloc();

    if (page)
        taken[count++] = page;
    return page;
}

static void destroy(void)
{
    while (count)
        host_page_free(taken[--count]);
}

static bool build(p2m_word *mfn_list, p2m_word nr_pages, bool auto_translated)
{
    count = 0; /* pages of a former case are gone */
    automatic = auto_translated;
    if (automatic)
        return true;
    top_mfn = take();
    top_mfn_p = take();
    mid_missing_mfn = take();
    for (unsigned i = 0; i < LEAVES; i++)
        leaf[i] = take();
    for (unsigned ti = 0; ti < P2M_TOP; ti++) {
        mid[ti] = &leaf[ti * P2M_MID];
        mid_mfn[ti] = take();
    }
    if (count < PAGES) { /* with nothing left behind; build is called once more */
        destroy();
        return false;
    }
    for (p2m_word pfn = 0; pfn < MAX_P2M_PFN; pfn++)
        leaf[pfn / P2M_LEAF][pfn % P2M_LEAF] = pfn < nr_pages ? mfn_list[pfn] : INVALID_P2M_ENTRY;
    return true;
}

static void publish(struct p2m_shared_info *info) /* after build, and after each resume */
{
    if (automatic)
        return;
    for (unsigned mi = 0; mi < P2M_MID; mi++)
        mid_missing_mfn[mi] = host_virt_to_mfn(host_shared.missing);
    for (unsigned i = 0; i < LEAVES; i++)
        mid_mfn[i / P2M_MID][i % P2M_MID] = host_virt_to_mfn(leaf[i]);
    for (unsigned ti = 0; ti < P2M_TOP; ti++) {
        top_mfn_p[ti] = mid_mfn[ti];
        top_mfn[ti] = host_virt_to_mfn(mid_mfn[ti]);
    }
    info->pfn_to_mfn_frame_list_list = host_virt_to_mfn(top_mfn);
    info->max_pfn = MAX_P2M_PFN;
}

static p2m_word get(p2m_word pfn)
{
    bool none = automatic || pfn >= MAX_P2M_PFN;

    return none ? INVALID_P2M_ENTRY : leaf[pfn / P2M_LEAF][pfn % P2M_LEAF];
}

static p2m_word to_mfn(p2m_word pfn)
{
    return automatic ? pfn : entry_mfn(get(pfn));
}

static bool set(p2m_word pfn, p2m_word entry)
{
    if (automatic)
        return true;
    if (pfn >= MAX_P2M_PFN)
        return entry == INVALID_P2M_ENTRY;
    if (!entry_is_sound(pfn, entry))
        return false;
    P2M_SYNC(); /* here another call may run: put one before each access that others share */
    leaf[pfn / P2M_LEAF][pfn % P2M_LEAF] = entry;
    return true;
}

static p2m_word range(p2m_word start, p2m_word end)
{
    end = end < MAX_P2M_PFN ? end : MAX_P2M_PFN;
    for (p2m_word pfn = start; pfn < end && !automatic; pfn++)
        set(pfn, IDENTITY_FRAME(pfn));
    return start < end ? end - start : 0;
}

static void add_range(void *sum, p2m_word start, p2m_word end)
{
    *(p2m_word *)sum += range(start, end);
}

static p2m_word set_identity(const struct p2m_e820_entry *map, unsigned entries, bool domu)
{
    p2m_word sum = 0;

    p2m_e820_identity_ranges(map, entries, domu, add_range, &sum);
    return sum;
}

static void view(struct subject_view *out) /* where the pages are; not of the automatic one */
{
    *out = (struct subject_view){.top = mid,
                                 .missing = host_shared.missing,
                                 .identity = host_shared.identity,
                                 .mid_missing = host_shared.mid_missing,
                                 .mid_identity = host_shared.mid_identity,
                                 .top_mfn = top_mfn,
                                 .top_mfn_p = top_mfn_p,
                                 .mid_missing_mfn = mid_missing_mfn,
                                 .roots = 3,
                                 .synthetic_view = true};
}

static const struct subject example = {
    .name = "example",
    .build = build,
    .publish = publish,
    .get = get,
    .pfn_to_mfn = to_mfn,
    .set = set,
    .set_noalloc = set,
    .range = range,
    .xen_set_identity = set_identity,
    .destroy = destroy,
    .view = view,
    .custom_layout = true /* costs, kinds of slots and max_pfn follow rules of its own */
};

const struct subject *subject_under_test = &example;
