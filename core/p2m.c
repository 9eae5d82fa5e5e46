// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lookups and changes of the tree. The slots of top and mid pages only ever
 * move one way, by compare-and-swap:
 *
 *     missing  ->  identity  ->  private
 *
 * and a private page stays until the whole p2m goes. Three things follow, and
 * the code below leans on them:
 *   - a call that takes all its pages first cannot run short half-way: what it
 *     needs can only become less while it runs;
 *   - the loser of a race for a slot looks again, twice at most;
 *   - a pointer once read stays good.
 */
#include <string.h>

#include "tree.h"

/* The pages that a call holds before it changes anything: 2 mids, 2 MFN pages, 2 leaves. */
struct purse {
    unsigned count;
    void *page[6];
};

static void purse_empty(struct p2m *p2m, struct purse *purse)
{
    while (purse->count)
        p2m_platform_call(p2m, page_free, purse->page[--purse->count]);
}

/* All of `count` pages, or none and false. */
static bool purse_fill(struct p2m *p2m, struct purse *purse, unsigned count)
{
    purse->count = 0;
    while (purse->count < count) {
        void *page = p2m_page_alloc(p2m);

        if (!page) {
            purse_empty(p2m, purse);
            return false;
        }
        purse->page[purse->count++] = page;
    }
    return true;
}

/* The page to try next; it leaves the purse only when its installer says so. */
static void *purse_top(struct purse *purse)
{
    return purse->page[purse->count - 1];
}

p2m_word get_phys_to_machine(const struct p2m *p2m, p2m_word pfn)
{
    p2m_word **mid, *leaf;

    if (pfn >= MAX_P2M_PFN || p2m->auto_translated)
        return INVALID_P2M_ENTRY;
    mid = p2m_load(&p2m->top[p2m_top_index(pfn)]);
    leaf = p2m_load(&mid[p2m_mid_index(pfn)]);
    if (leaf == p2m->shared->identity)
        return IDENTITY_FRAME(pfn);
    return p2m_load(&leaf[p2m_index(pfn)]);
}

p2m_word pfn_to_mfn(const struct p2m *p2m, p2m_word pfn)
{
    p2m_word entry;

    if (p2m->auto_translated)
        return pfn;
    entry = get_phys_to_machine(p2m, pfn);
    if (entry == INVALID_P2M_ENTRY)
        return entry;
    return entry & ~(FOREIGN_FRAME_BIT | IDENTITY_FRAME_BIT);
}

/* The IDENTITY bit belongs to INVALID and to this very PFN's identity only. */
static bool entry_is_sound(p2m_word pfn, p2m_word entry)
{
    return !(entry & IDENTITY_FRAME_BIT) || entry == INVALID_P2M_ENTRY ||
           entry == IDENTITY_FRAME(pfn);
}

bool __set_phys_to_machine(struct p2m *p2m, p2m_word pfn, p2m_word entry)
{
    p2m_word **mid, *leaf;

    if (p2m->auto_translated)
        return true;
    if (pfn >= MAX_P2M_PFN)
        return entry == INVALID_P2M_ENTRY;
    if (!entry_is_sound(pfn, entry))
        return false;
    mid = p2m_load(&p2m->top[p2m_top_index(pfn)]);
    leaf = p2m_load(&mid[p2m_mid_index(pfn)]);
    if (leaf == p2m->shared->missing)
        return entry == INVALID_P2M_ENTRY;
    if (leaf == p2m->shared->identity)
        return entry == IDENTITY_FRAME(pfn);
    p2m_store(&leaf[p2m_index(pfn)], entry);
    return true;
}

/* A compare-and-swap maximum: max_pfn never falls, whoever comes last. */
static void raise_to(p2m_word *max_pfn, p2m_word end)
{
    p2m_word seen = p2m_load(max_pfn);

    while (seen < end && !p2m_cas(max_pfn, seen, end))
        seen = p2m_load(max_pfn);
}

/*
 * Lets mid `ti` have its page in the MFN tree. Whoever wants a leaf under a
 * private mid does this first, also for a mid that somebody else installed a
 * moment ago and is not done with; so there is no moment at which a private
 * leaf has no place to be recorded, and a new page starts with none.
 */
static void own_mid_mfn(struct p2m *p2m, struct purse *purse, unsigned ti)
{
    p2m_word *mid_mfn = p2m_load(&p2m->top_mfn_p[ti]);
    p2m_word mfn;

    if (mid_mfn == p2m->mid_missing_mfn) {
        mid_mfn = purse_top(purse);
        memcpy(mid_mfn, p2m->mid_missing_mfn, P2M_MID * sizeof(*mid_mfn));
        if (p2m_cas(&p2m->top_mfn_p[ti], p2m->mid_missing_mfn, mid_mfn))
            purse->count--;
        else
            mid_mfn = p2m_load(&p2m->top_mfn_p[ti]);
    }
    mfn = p2m_platform_call(p2m, virt_to_mfn, mid_mfn);
    if (p2m_load(&p2m->top_mfn[ti]) != mfn)
        p2m_store(&p2m->top_mfn[ti], mfn);
}

/* Makes mid `ti` private, a copy of what it was, and answers it. */
static p2m_word **own_mid(struct p2m *p2m, struct purse *purse, unsigned ti)
{
    p2m_word **mid = p2m_load(&p2m->top[ti]);

    while (p2m_mid_is_shared(p2m, mid)) {
        p2m_word **fresh = purse_top(purse);

        memcpy(fresh, mid, P2M_MID * sizeof(*fresh));
        if (p2m_cas(&p2m->top[ti], mid, fresh))
            purse->count--;
        mid = p2m_load(&p2m->top[ti]);
    }
    own_mid_mfn(p2m, purse, ti);
    return mid;
}

/* A private leaf that reads as the shared one it will replace; `base`: its first PFN. */
static void leaf_copy(struct p2m *p2m, p2m_word *leaf, const p2m_word *shared, p2m_word base)
{
    if (shared == p2m->shared->missing) {
        memcpy(leaf, shared, P2M_LEAF * sizeof(*leaf));
        return;
    }
    for (unsigned i = 0; i < P2M_LEAF; i++)
        leaf[i] = IDENTITY_FRAME(base + i);
}

/*
 * One try to put a private leaf where `lo` has a shared one, with the entries of
 * [lo, hi), which lies in one leaf, already in it: `entry`, and each next one by
 * one more (identity frames are so). They appear all at once with the leaf; there
 * is no moment at which the leaf is private and the call not yet done, and
 * another CPU's __set could tell. False: somebody else was faster, the page stays
 * in the purse, and the caller looks again.
 */
static bool install_leaf(struct p2m *p2m, struct purse *purse, p2m_word lo, p2m_word hi,
                         p2m_word entry)
{
    unsigned ti = p2m_top_index(lo), mi = p2m_mid_index(lo);
    p2m_word **mid = own_mid(p2m, purse, ti);
    p2m_word *shared = p2m_load(&mid[mi]);
    p2m_word base = lo - p2m_index(lo), *leaf, *mid_mfn;

    if (!p2m_leaf_is_shared(p2m, shared))
        return false;
    leaf = purse_top(purse);
    leaf_copy(p2m, leaf, shared, base);
    for (p2m_word pfn = lo; pfn < hi; pfn++)
        leaf[pfn - base] = entry + (pfn - lo);
    if (!p2m_cas(&mid[mi], shared, leaf))
        return false;
    purse->count--;
    mid_mfn = p2m_load(&p2m->top_mfn_p[ti]);
    p2m_store(&mid_mfn[mi], p2m_platform_call(p2m, virt_to_mfn, leaf));
    raise_to(&p2m->max_pfn, base + P2M_LEAF);
    if (p2m->shared_info)
        raise_to(&p2m->shared_info->max_pfn, base + P2M_LEAF);
    return true;
}

/* True while mid `ti` has no page in the MFN tree. */
static bool lacks_mid_mfn(const struct p2m *p2m, unsigned ti)
{
    return p2m_load(&p2m->top_mfn_p[ti]) == p2m->mid_missing_mfn;
}

/* How many pages install_leaf may take at `pfn`. */
static unsigned pages_for_leaf(const struct p2m *p2m, p2m_word pfn)
{
    unsigned ti = p2m_top_index(pfn);
    p2m_word **mid = p2m_load(&p2m->top[ti]);

    if (p2m_mid_is_shared(p2m, mid))
        return 3; /* the mid, its page in the MFN tree, the leaf */
    if (!p2m_leaf_is_shared(p2m, p2m_load(&mid[p2m_mid_index(pfn)])))
        return 0;
    return 1 + lacks_mid_mfn(p2m, ti);
}

bool set_phys_to_machine(struct p2m *p2m, p2m_word pfn, p2m_word entry)
{
    struct purse purse;
    bool done = false;

    if (__set_phys_to_machine(p2m, pfn, entry))
        return true;
    if (pfn >= MAX_P2M_PFN || !entry_is_sound(pfn, entry))
        return false;
    if (!purse_fill(p2m, &purse, pages_for_leaf(p2m, pfn)))
        return false;
    for (unsigned tries = 0; tries < 3 && !done; tries++)
        done = __set_phys_to_machine(p2m, pfn, entry) ||
               install_leaf(p2m, &purse, pfn, pfn + 1, entry);
    if (!done)
        p2m_platform_call(p2m, warn, "a slot of the p2m moved backwards");
    purse_empty(p2m, &purse);
    return done;
}

/*
 * A range, seen from one mid (four leaves here; # is covered):
 *
 *     |....|..##|####|#...|      head and tail leaf: private, entry by entry
 *                 ^              a leaf covered whole: its slot -> identity
 *     |####|####|####|####|      a mid covered whole: its slot -> mid_identity
 *
 * What is private already is written entry by entry in any case, and what is
 * identity already is left alone.
 */

/* [lo, hi) within one leaf. */
static void identify_in_leaf(struct p2m *p2m, struct purse *purse, p2m_word **mid, p2m_word lo,
                             p2m_word hi)
{
    p2m_word **slot = &mid[p2m_mid_index(lo)];
    p2m_word *leaf = p2m_load(slot);

    if (leaf == p2m->shared->missing) {
        if (hi - lo == P2M_LEAF ? p2m_cas(slot, leaf, p2m->shared->identity)
                                : install_leaf(p2m, purse, lo, hi, IDENTITY_FRAME(lo)))
            return;
        leaf = p2m_load(slot); /* somebody else was faster */
    }
    if (leaf == p2m->shared->identity)
        return;
    leaf += p2m_index(lo);
    for (p2m_word i = 0; i < hi - lo; i++)
        p2m_store(&leaf[i], IDENTITY_FRAME(lo + i));
}

/* [lo, hi) within one mid range. */
static void identify_in_mid(struct p2m *p2m, struct purse *purse, p2m_word lo, p2m_word hi)
{
    p2m_word ***slot = &p2m->top[p2m_top_index(lo)];
    p2m_word **mid = p2m_load(slot);

    if (mid == p2m->shared->mid_missing) {
        if (hi - lo != P2M_MID_SPAN)
            own_mid(p2m, purse, p2m_top_index(lo));
        else if (p2m_cas(slot, mid, p2m->shared->mid_identity))
            return;
        mid = p2m_load(slot);
    }
    if (mid == p2m->shared->mid_identity)
        return;
    for (p2m_word next; lo < hi; lo = next) {
        next = lo - p2m_index(lo) + P2M_LEAF;
        if (next > hi)
            next = hi;
        identify_in_leaf(p2m, purse, mid, lo, next);
    }
}

/* The end of the part of [lo, end) that lies in lo's mid range. */
static p2m_word mid_part_end(p2m_word lo, p2m_word end)
{
    p2m_word next = lo - lo % P2M_MID_SPAN + P2M_MID_SPAN;

    return next < end ? next : end;
}

/* How many pages identify_in_mid(lo, hi) may take. */
static unsigned pages_for_span(const struct p2m *p2m, p2m_word lo, p2m_word hi)
{
    unsigned ti = p2m_top_index(lo), leaves = 0;
    p2m_word head = lo - p2m_index(lo), tail = hi - 1 - p2m_index(hi - 1);
    p2m_word **mid;

    if (hi - lo == P2M_MID_SPAN)
        return 0;
    mid = p2m_load(&p2m->top[ti]);
    if (mid == p2m->shared->mid_identity)
        return 0;
    if (head != lo || hi < head + P2M_LEAF)
        leaves += p2m_load(&mid[p2m_mid_index(lo)]) == p2m->shared->missing;
    if (tail != head && hi != tail + P2M_LEAF)
        leaves += p2m_load(&mid[p2m_mid_index(tail)]) == p2m->shared->missing;
    if (mid == p2m->shared->mid_missing)
        return 2 + leaves;
    return leaves ? leaves + lacks_mid_mfn(p2m, ti) : 0;
}

p2m_word set_phys_range_identity(struct p2m *p2m, p2m_word start, p2m_word end)
{
    struct purse purse;
    unsigned pages;
    p2m_word last;

    if (end > MAX_P2M_PFN)
        end = MAX_P2M_PFN;
    if (start >= end)
        return 0;
    if (p2m->auto_translated)
        return end - start;

    /* Only the first and the last mid can be covered in part. */
    pages = pages_for_span(p2m, start, mid_part_end(start, end));
    last = (end - 1) - (end - 1) % P2M_MID_SPAN;
    if (last > start)
        pages += pages_for_span(p2m, last, end);
    if (!purse_fill(p2m, &purse, pages))
        return 0;

    for (p2m_word lo = start, hi; lo < end; lo = hi) {
        hi = mid_part_end(lo, end);
        identify_in_mid(p2m, &purse, lo, hi);
    }
    purse_empty(p2m, &purse);
    return end - start;
}
