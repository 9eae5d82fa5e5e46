// SPDX-License-Identifier: GPL-2.0-or-later
/* The state as one number: see state_hash.h. */
#include "state_hash.h"

#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

static uint64_t hash_word(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9fb21c651e98df25);
    return hash ^ (hash >> 32);
}

#define LANES 4

/* Long ones in lanes, which do not wait for each other. */
static uint64_t hash_words(uint64_t hash, const p2m_word *words, unsigned count)
{
    uint64_t lane[LANES] = {hash, 1, 2, 3};
    unsigned i = 0;

    for (; count >= 2 * LANES && i + LANES <= count; i += LANES)
        for (unsigned k = 0; k < LANES; k++)
            lane[k] = hash_word(lane[k], words[i + k]);
    for (unsigned k = 1; i && k < LANES; k++)
        lane[0] = hash_word(lane[0], lane[k]);
    for (; i < count; i++)
        lane[0] = hash_word(lane[0], words[i]);
    return lane[0];
}

/* A page by its number and not by its address. */
static uint64_t hash_page(uint64_t hash, const void *page)
{
    return hash_word(hash, host_virt_to_mfn(page));
}

/* A sparse leaf that is all holes: whether somebody stored INVALID there makes no difference. */
static bool is_sparse_hole(const p2m_word *leaf)
{
    if (!HOST_SPARSE_LISTS || host_list_index(leaf) < (int)HOST_DENSE_LEAVES)
        return false;
    if (run_leaf_is_pristine(leaf))
        return true;
    for (unsigned i = 0; i < P2M_LEAF; i++)
        if (leaf[i] != INVALID_P2M_ENTRY)
            return false;
    return true;
}

static uint64_t hash_leaf(uint64_t hash, const p2m_word *leaf)
{
    hash = hash_page(hash, leaf);
    if (run_leaf_is_shared(leaf) || is_sparse_hole(leaf))
        return hash;
    return hash_words(hash, leaf, P2M_LEAF);
}

static uint64_t hash_mid(uint64_t hash, unsigned ti)
{
    p2m_word **mid = run.view.top[ti];

    if (run.view.top_mfn) {
        hash = hash_word(hash, run.view.top_mfn[ti]);
        hash = hash_page(hash, run.view.top_mfn_p[ti]);
    }
    if (run_mid_is_shared(mid))
        return hash_page(hash, mid);
    hash = hash_page(hash, mid);
    if (run.view.top_mfn)
        hash = hash_words(hash, run.view.top_mfn_p[ti], P2M_MID);
    for (unsigned mi = 0; mi < P2M_MID; mi++)
        hash = hash_leaf(hash, mid[mi]);
    return hash;
}

/* Only the slots and the leaf on the way to `pfn`. */
static uint64_t hash_path(uint64_t hash, p2m_word pfn)
{
    unsigned ti = (unsigned)(pfn / P2M_MID_SPAN), mi = (unsigned)(pfn / P2M_LEAF % P2M_MID);

    if (pfn >= MAX_P2M_PFN)
        return hash;
    hash = hash_page(hash, run.view.top[ti]);
    if (run.view.top_mfn) {
        hash = hash_word(hash, run.view.top_mfn[ti]);
        hash = hash_word(hash, run.view.top_mfn_p[ti][mi]);
    }
    return hash_leaf(hash, run.view.top[ti][mi]);
}

uint64_t state_hash(const struct op *op)
{
    uint64_t hash = 1;

    hash = hash_word(hash, host.info->max_pfn);
    hash = hash_word(hash, host.live);
    if (!run.view.top)
        return hash | 1;
    if (op) {
        hash = hash_path(hash, (p2m_word)op->pfn);
        if (op->kind == OP_RANGE)
            hash = hash_path(hash, (p2m_word)op->arg - 1);
        return hash | 1;
    }
    hash = hash_word(hash, host.info->pfn_to_mfn_frame_list_list);
    for (unsigned ti = 0; ti < P2M_TOP; ti++)
        hash = hash_mid(hash, ti);
    return hash | 1;
}

static p2m_word entry_at(p2m_word pfn)
{
    const p2m_word *leaf = run.view.top[pfn / P2M_MID_SPAN][pfn / P2M_LEAF % P2M_MID];

    return leaf == run.view.identity ? ENTRY_IDENTITY_OF(pfn) : leaf[pfn % P2M_LEAF];
}

uint64_t state_hash_entries(const struct op *op)
{
    p2m_word first = MODEL_LITERAL ? 0 : (p2m_word)op->pfn / P2M_LEAF * P2M_LEAF;
    p2m_word count = MODEL_LITERAL ? MAX_P2M_PFN : P2M_LEAF;
    uint64_t hash = 1;

    for (p2m_word i = 0; i < count && first + i < MAX_P2M_PFN; i++)
        hash = hash_word(hash, entry_at(first + i));
    return hash | 1;
}

UNINSTRUMENTED_END
