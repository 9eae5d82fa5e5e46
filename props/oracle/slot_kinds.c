// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules of slots: see slot_kinds.h. */
#include "slot_kinds.h"

#include <string.h>

#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

void slot_kinds_reset(struct slot_kinds *kinds)
{
    kinds->mids = kinds->leaves = 0;
    kinds->max_pfn = 0;
    memset(kinds->mid, KIND_MISSING, sizeof(kinds->mid));
}

void slot_kinds_copy(struct slot_kinds *to, const struct slot_kinds *from)
{
    to->mids = from->mids;
    to->leaves = from->leaves;
    to->max_pfn = from->max_pfn;
    memcpy(to->mid, from->mid, sizeof(to->mid));
    for (unsigned ti = 0; ti < P2M_TOP; ti++)
        if (from->mid[ti] == KIND_PRIVATE)
            memcpy(to->leaf[ti], from->leaf[ti], sizeof(to->leaf[ti]));
}

static unsigned top_of(p2m_word pfn)
{
    return (unsigned)(pfn / P2M_LEAF / P2M_MID);
}

static unsigned mid_of(p2m_word pfn)
{
    return (unsigned)(pfn / P2M_LEAF % P2M_MID);
}

enum slot_kind slot_kinds_at(const struct slot_kinds *kinds, p2m_word pfn)
{
    return slot_kinds_leaf(kinds, top_of(pfn), mid_of(pfn));
}

/* The leaves of a new private mid are the kinds of the shared one. */
static void own_mid(struct slot_kinds *kinds, unsigned ti)
{
    if (kinds->mid[ti] == KIND_PRIVATE)
        return;
    memset(kinds->leaf[ti], kinds->mid[ti], sizeof(kinds->leaf[ti]));
    kinds->mid[ti] = KIND_PRIVATE;
    kinds->mids++;
}

static void raise_max_pfn(struct slot_kinds *kinds, p2m_word pfn)
{
    p2m_word end = pfn / P2M_LEAF * P2M_LEAF + P2M_LEAF;

    if (end > kinds->max_pfn)
        kinds->max_pfn = end;
}

void slot_kinds_build(struct slot_kinds *kinds, p2m_word nr_pages)
{
    for (p2m_word pfn = 0; pfn < nr_pages && pfn < MAX_P2M_PFN; pfn += P2M_LEAF) {
        own_mid(kinds, top_of(pfn));
        kinds->leaf[top_of(pfn)][mid_of(pfn)] = KIND_PRIVATE;
        raise_max_pfn(kinds, pfn);
    }
}

void slot_kinds_own(struct slot_kinds *kinds, p2m_word pfn)
{
    if (slot_kinds_at(kinds, pfn) == KIND_PRIVATE)
        return;
    own_mid(kinds, top_of(pfn));
    kinds->leaf[top_of(pfn)][mid_of(pfn)] = KIND_PRIVATE;
    kinds->leaves++;
    raise_max_pfn(kinds, pfn);
}

static p2m_word lesser(p2m_word a, p2m_word b)
{
    return a < b ? a : b;
}

/* All of `leaves` leaves of a private mid became identity. */
static void range_of_leaves(uint8_t *kind, unsigned leaves)
{
    for (unsigned i = 0; i < leaves; i++)
        kind[i] = kind[i] == KIND_MISSING ? KIND_IDENTITY : kind[i];
}

/* [start, end) in one private mid: whole leaves, and a part of one at either end. */
static void range_in_mid(struct slot_kinds *kinds, p2m_word start, p2m_word end)
{
    p2m_word next;

    for (; start < end; start = next) {
        unsigned leaves = start % P2M_LEAF ? 0 : (unsigned)((end - start) / P2M_LEAF);

        if (leaves) {
            range_of_leaves(&kinds->leaf[top_of(start)][mid_of(start)], leaves);
            next = start + leaves * (p2m_word)P2M_LEAF;
            continue;
        }
        if (slot_kinds_at(kinds, start) == KIND_MISSING)
            slot_kinds_own(kinds, start);
        next = lesser(start - start % P2M_LEAF + P2M_LEAF, end);
    }
}

void slot_kinds_range(struct slot_kinds *kinds, p2m_word start, p2m_word end)
{
    while (start < end) {
        unsigned ti = top_of(start);
        p2m_word mid_end = lesser((ti + 1) * P2M_MID_SPAN, end);

        if (kinds->mid[ti] == KIND_MISSING && mid_end - start == P2M_MID_SPAN)
            kinds->mid[ti] = KIND_IDENTITY;
        if (kinds->mid[ti] == KIND_IDENTITY) {
            start = mid_end;
            continue;
        }
        own_mid(kinds, ti);
        range_in_mid(kinds, start, mid_end);
        start = mid_end;
    }
}

UNINSTRUMENTED_END
