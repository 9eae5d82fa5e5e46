// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The fast check: everything at once. After nearly every op nothing is wrong, and then
 * one walk can show it: the shared pages hold what they were made with, each slot is what
 * the slot kinds say, each private page is live and met once, each private leaf holds what
 * the model holds, each MFN is that of the page beside it, max_pfn is where it must be, and
 * all live pages were met. It follows that a lookup reads the model, and that the
 * toolstack, which sees the same pages by their MFNs, also reads it.
 *
 * True means that; false means only that the checks by name must decide (checks.c).
 * Tests break each thing in turn and demand a false.
 */
#include "checks.h"
#include "props/base/uninstrumented.h"
#include "slot_blocks.h"

UNINSTRUMENTED_BEGIN

static struct {
    uint64_t stamp;
    uint64_t page[HOST_PAGES]; /* the stamp of the last walk that met it */
    unsigned met;              /* arena pages so far */
    bool bad;
} seen;

/* Meets an arena page; answers its MFN. */
static inline p2m_word meet(const void *page)
{
    unsigned index = (unsigned)(((uintptr_t)page - (uintptr_t)host_arena) / HOST_STRIDE);

    if (index >= HOST_PAGES || host_arena + (size_t)index * HOST_STRIDE != page ||
        host.state[index] != HOST_LIVE || seen.page[index] == seen.stamp) {
        seen.bad = true;
        return 0;
    }
    seen.page[index] = seen.stamp;
    seen.met++;
    return host_arena_mfn(index);
}

/* The entries of a private leaf are the model's. */
static inline bool holds(const p2m_word *leaf, p2m_word first)
{
    static p2m_word buffer[P2M_LEAF];
    const p2m_word *want = MODEL_LITERAL ? run.oracle.model.flat + first
                                         : model_window(&run.oracle.model, first, P2M_LEAF, buffer);
    p2m_word any = 0;

#pragma GCC unroll 8
    for (unsigned i = 0; i < P2M_LEAF; i++)
        any |= leaf[i] ^ want[i];
    return !any;
}

/* A leaf slot that is recorded as private. */
static inline bool private_leaf(const p2m_word *leaf, p2m_word mfn, p2m_word first)
{
    int in_list = host_list_index(leaf);

    if (in_list >= 0) /* grafted: at its own place and nowhere else */
        return (p2m_word)in_list * P2M_LEAF == first && mfn == host_leaf_mfn((unsigned)in_list) &&
               (run_leaf_is_hole(&run.oracle.model, leaf, first) || holds(leaf, first));
    return meet(leaf) == mfn && !seen.bad && holds(leaf, first);
}

static bool private_mid(unsigned ti, p2m_word missing_mfn)
{
    const uintptr_t shared[] = {[KIND_MISSING] = (uintptr_t)run.view.missing,
                                [KIND_IDENTITY] = (uintptr_t)run.view.identity};
    p2m_word *const *mid = run.view.top[ti];
    const p2m_word *mid_mfn = run.view.top_mfn_p[ti];
    const uint8_t *kinds = run.oracle.kinds.leaf[ti];
    uintptr_t bent = 0;
    p2m_word bad = 0;

    meet(mid);
    if (run.view.top_mfn[ti] != meet(mid_mfn) || seen.bad)
        return false;
    for (unsigned mi = 0; mi < P2M_MID; mi++) {
        while (slots_start(mi) && slots_hold(mid_mfn + mi, missing_mfn) &&
               slots_shared(mid + mi, kinds + mi, run.view.missing, run.view.identity))
            mi += SLOTS;
        if (mi == P2M_MID)
            break;
        if (kinds[mi] != KIND_PRIVATE) {
            bent |= (uintptr_t)mid[mi] ^ shared[kinds[mi]];
            bad |= mid_mfn[mi] ^ missing_mfn;
        } else if (!private_leaf(mid[mi], mid_mfn[mi],
                                 ti * P2M_MID_SPAN + mi * (p2m_word)P2M_LEAF)) {
            return false;
        }
    }
    return !bad && !bent;
}

/* The bits in which the shared pages differ from what they were made with. */
static inline p2m_word dirty_bits(void)
{
    p2m_word *const missing = host_shared.missing, *const identity = host_shared.identity;
    p2m_word bad = 0;
    uintptr_t bent = 0;

    for (unsigned i = 0; i < P2M_LEAF; i++)
        bad |= (missing[i] & identity[i]) ^ INVALID_P2M_ENTRY;
    for (unsigned i = 0; i < P2M_MID; i++)
        bent |= ((uintptr_t)host_shared.mid_missing[i] ^ (uintptr_t)missing) |
                ((uintptr_t)host_shared.mid_identity[i] ^ (uintptr_t)identity);
    return bad | (bent != 0);
}

bool checks_fast(void)
{
    const struct subject_view view = run.view;
    const uintptr_t shared[] = {[KIND_MISSING] = (uintptr_t)view.mid_missing,
                                [KIND_IDENTITY] = (uintptr_t)view.mid_identity};
    p2m_word missing_mfn = host_virt_to_mfn(view.missing), root_mfn, none_mfn, bad = 0;
    uintptr_t bent = 0;

    seen.stamp++;
    seen.met = 0;
    seen.bad = false;
    meet(view.top);
    meet(view.top_mfn_p);
    root_mfn = meet(view.top_mfn);
    none_mfn = meet(view.mid_missing_mfn);
    if (seen.bad || host.info->pfn_to_mfn_frame_list_list != root_mfn ||
        (host.info->max_pfn != run.oracle.kinds.max_pfn && !run.subject->custom_layout))
        return false;
    bad |= dirty_bits();
    for (unsigned mi = 0; mi < P2M_MID; mi++)
        bad |= view.mid_missing_mfn[mi] ^ missing_mfn;
    for (unsigned ti = 0; ti < P2M_TOP; ti++) {
        unsigned kind = run.oracle.kinds.mid[ti];

        if (kind != KIND_PRIVATE) {
            bent |= ((uintptr_t)view.top[ti] ^ shared[kind]) |
                    ((uintptr_t)view.top_mfn_p[ti] ^ (uintptr_t)view.mid_missing_mfn);
            bad |= view.top_mfn[ti] ^ none_mfn;
        } else if (run_mid_is_shared(view.top[ti]) || !private_mid(ti, missing_mfn)) {
            return false;
        }
    }
    return !bad && !bent && !seen.bad && seen.met == host.live;
}

UNINSTRUMENTED_END
