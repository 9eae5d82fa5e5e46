// SPDX-License-Identifier: GPL-2.0-or-later
/* Shared pages, the shape of the tree, and the ledger of pages: see checks.h. */
#include <string.h>

#include "checks.h"
#include "props/base/uninstrumented.h"
#include "slot_blocks.h"

UNINSTRUMENTED_BEGIN

/* ---- shared pages ---- */

void checks_shared(void)
{
    for (unsigned i = 0; i < 4; i++) {
        enum host_shared_page page = (enum host_shared_page)i;

        run.tally.checks++;
        if (!host_shared_intact(page))
            violated(host_shared_invariant(page),
                     "expected the page as it was made, got other contents");
    }
}

/* ---- shape and ledger ---- */

static struct {
    uint64_t stamp;
    uint64_t page[HOST_PAGES], list[HOST_LIST_LEAVES]; /* the stamp of the last walk that met it */
    struct checks_met sum;
} met;

struct checks_met checks_met(void)
{
    return met.sum;
}

static void meet_page(const void *page, const char *what, unsigned at)
{
    int index = host_page_index(page);

    if (index < 0 || host.state[index] != HOST_LIVE)
        violated(TREE_SHAPE, "%s %u is not a live page", what, at);
    if (met.page[index] == met.stamp)
        violated(TREE_SHAPE, "%s %u is a page that is also used elsewhere", what, at);
    met.page[index] = met.stamp;
}

static void meet_leaf(const p2m_word *leaf, unsigned at)
{
    int index;

    if (run_leaf_is_shared(leaf))
        return;
    index = host_list_index(leaf);
    if (index < 0) {
        meet_page(leaf, "leaf", at);
        met.sum.leaves++;
        return;
    }
    if (met.list[index] == met.stamp)
        violated(TREE_SHAPE, "leaf %u is a page of the mfn_list that is also used elsewhere", at);
    met.list[index] = met.stamp;
}

static void check_shape(void)
{
    met.stamp++;
    met.sum = (struct checks_met){0, 0, 0};
    run_count_check(TREE_SHAPE);
    if (!run.view.synthetic_view)
        meet_page(run.view.top, "root page", 0);
    if (run.view.top_mfn) {
        meet_page(run.view.top_mfn, "root page", 1);
        meet_page(run.view.top_mfn_p, "root page", 2);
        meet_page(run.view.mid_missing_mfn, "root page", 3);
    }
    for (unsigned ti = 0; ti < P2M_TOP; ti++) {
        p2m_word **mid = run.view.top[ti];

        if (run.view.top_mfn && run.view.top_mfn_p[ti] != run.view.mid_missing_mfn) {
            meet_page(run.view.top_mfn_p[ti], "MFN page", ti);
            met.sum.mfn_pages++;
        }
        if (run_mid_is_shared(mid))
            continue;
        if (!run.view.synthetic_view) {
            meet_page(mid, "mid", ti);
            met.sum.mids++;
        }
        for (unsigned mi = 0; mi < P2M_MID; mi++) {
            while (slots_start(mi) && (slots_are(mid + mi, run.view.missing) ||
                                       slots_are(mid + mi, run.view.identity)))
                mi += SLOTS;
            if (mi < P2M_MID)
                meet_leaf(mid[mi], ti * P2M_MID + mi);
        }
    }
}

static void check_ledger(void)
{
    unsigned reachable = run.view.roots + met.sum.mids + met.sum.leaves + met.sum.mfn_pages;

    run_count_check(PAGE_LEDGER);
    if (host.live != reachable)
        violated(PAGE_LEDGER, "expected %u live pages, those reachable; got %u", reachable,
                 host.live);
}

void checks_structure(void)
{
    checks_shared();
    check_shape();
    VERDICT_TRY(check_ledger());
}

/* ---- after an overlap ---- */

static enum slot_kind kind_of_leaf(const p2m_word *leaf)
{
    if (leaf == run.view.missing)
        return KIND_MISSING;
    return leaf == run.view.identity ? KIND_IDENTITY : KIND_PRIVATE;
}

/* Eight slots that are one shared leaf; false: they are not. */
static bool reread_slots(p2m_word *const *slot, uint8_t *kinds)
{
    enum slot_kind kind = kind_of_leaf(slot[0]);

    if (kind == KIND_PRIVATE || !slots_are(slot, slot[0]))
        return false;
    memset(kinds, kind, SLOTS);
    return true;
}

void checks_reread_kinds(void)
{
    struct slot_kinds *kinds = &run.oracle.kinds;

    kinds->mids = kinds->leaves = 0;
    for (unsigned ti = 0; ti < P2M_TOP; ti++) {
        p2m_word **mid = run.view.top[ti];

        kinds->mid[ti] = mid == run.view.mid_missing    ? KIND_MISSING
                         : mid == run.view.mid_identity ? KIND_IDENTITY
                                                        : KIND_PRIVATE;
        if (kinds->mid[ti] != KIND_PRIVATE)
            continue;
        kinds->mids++;
        for (unsigned mi = 0; mi < P2M_MID; mi++) {
            p2m_word end;

            while (slots_start(mi) && reread_slots(mid + mi, kinds->leaf[ti] + mi))
                mi += SLOTS;
            if (mi == P2M_MID)
                break;
            end = ti * P2M_MID_SPAN + (mi + 1) * (p2m_word)P2M_LEAF;
            kinds->leaf[ti][mi] = (uint8_t)kind_of_leaf(mid[mi]);
            if (kinds->leaf[ti][mi] != KIND_PRIVATE)
                continue;
            kinds->leaves += host_list_index(mid[mi]) < 0;
            if (end > kinds->max_pfn)
                kinds->max_pfn = end;
        }
    }
}

UNINSTRUMENTED_END
