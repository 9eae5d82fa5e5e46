// SPDX-License-Identifier: GPL-2.0-or-later
/* Save and restore as the toolstack does them: see toolstack.h. */
#include "toolstack.h"

#include "props/base/uninstrumented.h"
#include "slot_blocks.h"

UNINSTRUMENTED_BEGIN

static void *map(p2m_word mfn, const char *what)
{
    void *page = host_mfn_to_virt(mfn);

    if (!page)
        violated(TOOLSTACK_SEES_ALL, "the MFN 0x%llx of %s is not a page", (unsigned long long)mfn,
                 what);
    return page;
}

/* Eight MFNs of p2m_missing, for leaves of which none is private: there is nothing to visit. */
static bool nothing_there(const p2m_word *mfn, p2m_word pfn)
{
    unsigned ti = (unsigned)(pfn / P2M_MID_SPAN), mi = (unsigned)(pfn / P2M_LEAF % P2M_MID);
    const struct slot_kinds *kinds = &run.oracle.kinds;

    return (kinds->mid[ti] != KIND_PRIVATE || slots_kind(kinds->leaf[ti] + mi) != KIND_PRIVATE) &&
           slots_hold(mfn, host_virt_to_mfn(run.view.missing));
}

/* Calls `visit` with the leaves of one mid that are below `end`; true if all were p2m_missing. */
static bool walk_mid(const p2m_word *mid, p2m_word pfn, p2m_word end,
                     void (*visit)(p2m_word *leaf, p2m_word first))
{
    bool missing = true;
    unsigned mi;

    for (mi = 0; mi < P2M_MID && pfn < end; mi++, pfn += P2M_LEAF) {
        p2m_word *leaf;

        if (slots_start(mi) && end - pfn >= SLOTS * P2M_LEAF && nothing_there(mid + mi, pfn)) {
            mi += SLOTS - 1;
            pfn += (SLOTS - 1) * P2M_LEAF;
            continue;
        }
        leaf = map(mid[mi], "a leaf");
        missing = missing && leaf == run.view.missing;
        visit(leaf, pfn);
    }
    return missing && mi == P2M_MID;
}

/*
 * Calls `visit` with each leaf page below max_pfn, `first` being its first PFN. A
 * page of the MFN tree that was seen to say `missing` throughout is not read again
 * for a mid that has no private leaf anyway.
 */
static void walk(void (*visit)(p2m_word *leaf, p2m_word first))
{
    const p2m_word *all_missing = NULL;
    p2m_word end = host.info->max_pfn;
    p2m_word *root = map(host.info->pfn_to_mfn_frame_list_list, "the published root");

    if (end > MAX_P2M_PFN)
        violated(TOOLSTACK_SEES_ALL, "max_pfn 0x%llx is beyond the table", (unsigned long long)end);
    for (p2m_word pfn = 0; pfn < end; pfn += P2M_MID_SPAN) {
        p2m_word *mid = map(root[pfn / P2M_MID_SPAN], "a page of the MFN tree");

        if (mid == all_missing && run.oracle.kinds.mid[pfn / P2M_MID_SPAN] != KIND_PRIVATE)
            continue;
        if (walk_mid(mid, pfn, end, visit))
            all_missing = mid;
    }
}

/* ---- a list in virtual memory ---- */

/* What is published of it; false: the subject has none. */
static bool published_list(struct subject_list *list)
{
    if (!run.subject->list)
        return false;
    run.subject->list(list);
    if (list->generation % 2)
        violated(TOOLSTACK_SEES_ALL, "p2m_generation stays odd, at 0x%llx",
                 (unsigned long long)list->generation);
    if (run_is_tools4() && host.info->pfn_to_mfn_frame_list_list != INVALID_P2M_ENTRY)
        violated(TOOLSTACK_SEES_ALL, "expected a root of ~0 without an MFN tree, got 0x%llx",
                 (unsigned long long)host.info->pfn_to_mfn_frame_list_list);
    return true;
}

/* The same as walk(), through the page tables. */
static void walk_list(const struct subject_list *list,
                      void (*visit)(p2m_word *leaf, p2m_word first))
{
    if (host.info->max_pfn > MAX_P2M_PFN)
        violated(TOOLSTACK_SEES_ALL, "max_pfn 0x%llx is beyond the table",
                 (unsigned long long)host.info->max_pfn);
    for (p2m_word pfn = 0; pfn < host.info->max_pfn; pfn += P2M_LEAF) {
        p2m_word address = list->vaddr + pfn * (p2m_word)sizeof(p2m_word);
        p2m_word *leaf = run.subject->list_page(list->cr3, address);

        if (!leaf || host_mfn_to_virt(host_virt_to_mfn(leaf)) != leaf)
            violated(TOOLSTACK_SEES_ALL, "PFN 0x%llx: the published page tables map no page there",
                     (unsigned long long)pfn);
        visit(leaf, pfn);
    }
}

/* ---- comparison ---- */

/* An identity PFN may be INVALID to the toolstack; all others must be exact. */
void toolstack_compare(const p2m_word *leaf, p2m_word first)
{
    static p2m_word buffer[P2M_LEAF];
    const p2m_word *want;

    if (leaf == run.view.missing && slot_kinds_at(&run.oracle.kinds, first) != KIND_PRIVATE)
        return; /* INVALID everywhere: right for missing and for identity */
    if (run_leaf_is_hole(&run.oracle.model, leaf, first))
        return;
    want = model_window(&run.oracle.model, first, P2M_LEAF, buffer);
    for (unsigned i = 0; i < P2M_LEAF; i++) {
        if (leaf[i] == want[i])
            continue;
        if (leaf[i] == INVALID_P2M_ENTRY && want[i] == ENTRY_IDENTITY_OF(first + i))
            continue;
        violated(TOOLSTACK_SEES_ALL, "PFN 0x%llx: the guest has 0x%llx, the toolstack reads 0x%llx",
                 (unsigned long long)first + i, (unsigned long long)want[i],
                 (unsigned long long)leaf[i]);
    }
}

static void compare_leaf(p2m_word *leaf, p2m_word first)
{
    toolstack_compare(leaf, first);
}

void toolstack_check_above(p2m_word max_pfn)
{
    static p2m_word buffer[P2M_LEAF];

    for (unsigned ti = 0; ti < P2M_TOP; ti++) {
        if (run.oracle.kinds.mid[ti] != KIND_PRIVATE || (ti + 1) * P2M_MID_SPAN <= max_pfn)
            continue;
        for (unsigned mi = 0; mi < P2M_MID; mi++) {
            p2m_word first = ti * P2M_MID_SPAN + mi * (p2m_word)P2M_LEAF;
            const p2m_word *want;

            if (first < max_pfn || run.oracle.kinds.leaf[ti][mi] != KIND_PRIVATE ||
                run_waives(TOOLSTACK_SEES_ALL, first))
                continue;
            want = model_window(&run.oracle.model, first, P2M_LEAF, buffer);
            for (unsigned i = 0; i < P2M_LEAF; i++)
                if (!(want[i] & ENTRY_IDENTITY_BIT))
                    violated(TOOLSTACK_SEES_ALL, "PFN 0x%llx holds 0x%llx above max_pfn 0x%llx",
                             (unsigned long long)first + i, (unsigned long long)want[i],
                             (unsigned long long)max_pfn);
        }
    }
}

void toolstack_check(bool list)
{
    struct subject_list published;

    if (published_list(&published) && list)
        walk_list(&published, compare_leaf);
    if (!run_is_tools4())
        walk(compare_leaf);
    toolstack_check_above(host.info->max_pfn);
}

/* ---- looks while calls are under way ---- */

/* The first page of a look that was not live. */
static struct {
    bool found;
    p2m_word mfn, pfn;
    const char *what;
} dead;

static const p2m_word *reach(p2m_word mfn, const char *what, p2m_word pfn)
{
    const p2m_word *page = host_mfn_to_virt(mfn);

    if (!page && !dead.found) {
        dead.found = true;
        dead.mfn = mfn;
        dead.pfn = pfn;
        dead.what = what;
    }
    return page;
}

static void look_at_mid(const p2m_word *mid, p2m_word pfn, p2m_word end)
{
    p2m_word last = INVALID_P2M_ENTRY;

    for (unsigned mi = 0; mi < P2M_MID && pfn < end; mi++, pfn += P2M_LEAF) {
        if (mid[mi] != last)
            reach(mid[mi], "a leaf", pfn);
        last = mid[mi];
    }
}

/* Most slots of the root share one page: it is looked at once for slots in a row. */
static void look_at_tree(p2m_word end)
{
    const p2m_word *root = reach(host.info->pfn_to_mfn_frame_list_list, "the published root", 0);
    const p2m_word *seen = NULL;

    for (p2m_word pfn = 0; root && pfn < end; pfn += P2M_MID_SPAN) {
        const p2m_word *mid = reach(root[pfn / P2M_MID_SPAN], "a page of the MFN tree", pfn);

        if (mid && mid != seen)
            look_at_mid(mid, pfn, end);
        seen = mid;
    }
}

static void look_at_list(p2m_word end)
{
    struct subject_list list;

    run.subject->list(&list);
    for (p2m_word pfn = 0; list.generation % 2 == 0 && pfn < end; pfn += P2M_LEAF) {
        p2m_word address = list.vaddr + pfn * (p2m_word)sizeof(p2m_word);

        reach(host_virt_to_mfn(run.subject->list_page(list.cr3, address)), "the list", pfn);
    }
}

void toolstack_look(void)
{
    p2m_word end;

    if (!run.published || run.c->boot.auto_translated || !(MODEL_LITERAL || run_is_sampled()))
        return;
    run_count_check(TOOLSTACK_SEES_ALL);
    run_refresh_info();
    end = host.info->max_pfn < MAX_P2M_PFN ? host.info->max_pfn : MAX_P2M_PFN;
    if (run_is_tools4())
        look_at_list(end);
    else
        look_at_tree(end);
}

void toolstack_begin_looks(void)
{
    dead.found = false;
}

void toolstack_check_looks(void)
{
    if (dead.found)
        violated(TOOLSTACK_SEES_ALL,
                 "at a switch, PFN 0x%llx: expected %s to be a live page, got MFN 0x%llx",
                 (unsigned long long)dead.pfn, dead.what, (unsigned long long)dead.mfn);
}

/* ---- restore ---- */

/* No frame is in it. */
static bool is_empty(const p2m_word *leaf)
{
    return run_leaf_is_shared(leaf) || run_leaf_is_pristine(leaf);
}

static void renumber_leaf(p2m_word *leaf, p2m_word first)
{
    (void)first;
    if (is_empty(leaf))
        return;
    for (unsigned i = 0; i < P2M_LEAF; i++)
        leaf[i] = entry_is_plain(leaf[i]) ? mfn_after_resume(leaf[i]) : leaf[i];
}

/* Xen's own toolstack writes each entry: the frame's new MFN, or INVALID. */
static void flatten_leaf(p2m_word *leaf, p2m_word first)
{
    (void)first;
    if (is_empty(leaf))
        return;
    for (unsigned i = 0; i < P2M_LEAF; i++)
        leaf[i] = entry_is_plain(leaf[i]) ? mfn_after_resume(leaf[i]) : INVALID_P2M_ENTRY;
}

/* Waived: frames that a toolstack cannot know of. They move as well, found by the tree. */
static void renumber_above(p2m_word max_pfn)
{
    for (unsigned ti = 0; ti < P2M_TOP; ti++)
        for (unsigned mi = 0; mi < P2M_MID && run.oracle.kinds.mid[ti] == KIND_PRIVATE; mi++) {
            p2m_word first = ti * P2M_MID_SPAN + mi * (p2m_word)P2M_LEAF;

            if (first >= max_pfn && run.oracle.kinds.leaf[ti][mi] == KIND_PRIVATE &&
                run_waives(TOOLSTACK_SEES_ALL, first))
                renumber_leaf(run.view.top[ti][mi], first);
        }
}

void toolstack_restore(bool xen)
{
    void (*visit)(p2m_word *leaf, p2m_word first) = xen ? flatten_leaf : renumber_leaf;
    struct subject_list list;

    if (run_is_tools4() && published_list(&list))
        walk_list(&list, visit);
    else
        walk(visit);
    if (run.subject->custom_layout)
        renumber_above(host.info->max_pfn);
}

UNINSTRUMENTED_END
