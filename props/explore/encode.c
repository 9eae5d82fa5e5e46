// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state of the running case as two words: equal for states that no later call
 * can distinguish, and different for all others. Pages count by their role
 * in the tree and not by their address; MFNs by whether they are right; entries by
 * their kind (explore.h gives the reason).
 */
#include "explore.h"
#include "props/base/prng.h"
#include "props/run/grants.h"

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
_Static_assert(P2M_TOP * (4 + P2M_MID * (3 + P2M_LEAF * 3)) + 13 <= 128 || MAX_P2M_PFN > 16,
               "the encoding of a small tree fits into two words");

/* Before it is published, no call reads the MFN tree. */
static void put_mfn(p2m_word mfn, const void *page)
{
    put(1, run.published && mfn == host_virt_to_mfn(page));
}

static void put_leaf(const p2m_word *leaf, p2m_word mfn, p2m_word first)
{
    uint64_t value;

    if (leaf == tree->missing || leaf == tree->identity) {
        put(2, leaf == tree->identity);
        put_mfn(mfn, tree->missing);
        return;
    }
    put(2, host_list_index(leaf) < 0 ? 2 : 3);
    put_mfn(mfn, leaf);
    for (unsigned i = 0; i < P2M_LEAF; i++) {
        enum entry_kind kind = entry_split(&shape_here, first + i, leaf[i], &value);

        put(3, kind == ENTRY_MFN_IS_PFN ? ENTRY_MFN : kind);
    }
}

static void put_mid(unsigned ti)
{
    static const p2m_word none[P2M_MID]; /* a kernel may have no MFN tree before it is published */
    p2m_word **mid = tree->top[ti];
    const p2m_word *mid_mfn = tree->top_mfn_p ? tree->top_mfn_p[ti] : none;

    put(2, mid == tree->mid_missing ? 0 : mid == tree->mid_identity ? 1 : 2);
    put(1, mid_mfn == tree->mid_missing_mfn);
    put_mfn(tree->top_mfn ? tree->top_mfn[ti] : 0, mid_mfn);
    if (mid == tree->mid_missing || mid == tree->mid_identity)
        return;
    for (unsigned mi = 0; mi < P2M_MID; mi++)
        put_leaf(mid[mi], mid_mfn[mi], (ti * P2M_MID + mi) * (p2m_word)P2M_LEAF);
}

/* The state that the subject keeps after destroy: none, if it is correct. */
static uint64_t left_behind(void)
{
    const uint8_t *bytes = run.subject->state;
    uint64_t hash = 1;

    for (size_t i = 0; bytes && host.initialized && i < run.subject->state_bytes; i++)
        hash = prng_mix(hash ^ bytes[i]);
    return hash;
}

struct key explore_key(void)
{
    code.key = (struct key){{0, 0}};
    code.used = 0;
    put(1, run.c->boot.auto_translated);
    put(1, run.built);
    put(1, run.published);
    if (!run.built) { /* the inputs of the next build */
        put(5, run.c->boot.nr_pages);
        for (p2m_word pfn = 0; pfn < run.c->boot.nr_pages && pfn < MAX_P2M_PFN; pfn++)
            put(1, builder_entry(&run.builder, pfn) == INVALID_P2M_ENTRY);
        code.key.word[1] = left_behind();
    }
    if (run.c->boot.auto_translated || !run.built)
        return code.key;
    put(1, grants_count() > 0);
    for (p2m_word pfn = 0; grants_count() && pfn < MAX_P2M_PFN; pfn++)
        put(1, grants_has(pfn));
    run.subject->view(tree);
    put(5, host.info->max_pfn / P2M_LEAF);
    put(5, tree->hidden / P2M_LEAF);
    for (unsigned ti = 0; ti < P2M_TOP; ti++)
        put_mid(ti);
    return code.key;
}

/* What is left behind has addresses, which differ from run to run. */
uint64_t explore_hash(const struct states *states)
{
    uint64_t hash = 0;

    for (uint32_t i = 0; i < states->count; i++) {
        const struct key *key = &states->state[i].key;
        bool built = key->word[0] >> 1 & 1;

        hash += prng_mix(key->word[0] ^ prng_mix(built ? key->word[1] : 0));
    }
    return hash;
}

UNINSTRUMENTED_END
