// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state of the running case as two words, the same for all states that no call
 * to come can tell apart, and different for all others. Pages count by what they are
 * to the tree and not by their address; MFNs by whether they are right; entries by
 * their kind (explore.h says why that is enough).
 */
#include "explore.h"

UNINSTRUMENTED_BEGIN

static struct subject_view *const tree = &run.view;

static struct {
    struct key key;
    unsigned used;
} code;

static inline void put(unsigned bits, uint64_t value)
{
    unsigned word = code.used / 64, at = code.used % 64;

    code.key.word[word] |= value << at;
    if (at + bits > 64)
        code.key.word[word + 1] |= value >> (64 - at);
    code.used += bits;
}

/* 2x2x4 and 4x2x2 take about 110 bits. */
_Static_assert(P2M_TOP * (4 + P2M_MID * (3 + P2M_LEAF * 3)) + 16 <= 128 || MAX_P2M_PFN > 16,
               "the encoding of a small tree fits into two words");

static void put_leaf(const p2m_word *leaf, p2m_word mfn, p2m_word first)
{
    uint64_t value;

    if (leaf == tree->missing || leaf == tree->identity) {
        put(2, leaf == tree->identity);
        put(1, mfn == host_virt_to_mfn(tree->missing));
        return;
    }
    put(2, host_list_index(leaf) < 0 ? 2 : 3);
    put(1, mfn == host_virt_to_mfn(leaf));
    for (unsigned i = 0; i < P2M_LEAF; i++) {
        enum entry_kind kind = entry_split(&shape_here, first + i, leaf[i], &value);

        put(3, kind == ENTRY_MFN_IS_PFN ? ENTRY_MFN : kind);
    }
}

static void put_mid(unsigned ti)
{
    p2m_word **mid = tree->top[ti];
    const p2m_word *mid_mfn = tree->top_mfn_p[ti];

    put(2, mid == tree->mid_missing ? 0 : mid == tree->mid_identity ? 1 : 2);
    put(1, mid_mfn == tree->mid_missing_mfn);
    put(1, tree->top_mfn[ti] == host_virt_to_mfn(mid_mfn));
    if (mid == tree->mid_missing || mid == tree->mid_identity)
        return;
    for (unsigned mi = 0; mi < P2M_MID; mi++)
        put_leaf(mid[mi], mid_mfn[mi], (ti * P2M_MID + mi) * (p2m_word)P2M_LEAF);
}

struct key explore_key(void)
{
    code.key = (struct key){{0, 0}};
    code.used = 0;
    if (run.c->boot.auto_translated) {
        put(1, 1);
        return code.key;
    }
    put(1, 0);
    run.subject->view(tree);
    put(5, host.info.max_pfn / P2M_LEAF);
    put(5, tree->hidden / P2M_LEAF);
    for (unsigned ti = 0; ti < P2M_TOP; ti++)
        put_mid(ti);
    return code.key;
}

UNINSTRUMENTED_END
