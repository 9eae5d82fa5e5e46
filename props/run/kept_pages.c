// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pages that overlapping calls keep: see kept_pages.h. A slot moves from missing to identity to
 * private, each time by one compare-and-swap, and a call that loses one looks again. So at each
 * slot the calls come in an order, but at two slots it may be another one: a mid that one call took
 * can outlive the leaf that the call needed it for, if a range was faster there. That is a declared
 * loss of a race. A page that no order adds at its own slot is one that a call took for nothing.
 */
#include "kept_pages.h"

#include "props/base/uninstrumented.h"
#include "props/check/checks.h"
#include "props/check/slot_blocks.h"

UNINSTRUMENTED_BEGIN

static struct {
    const struct op *const *call;
    const uint64_t *result;
    const struct overlap_order *real;
    unsigned count;
} overlap;

/* ---- what one call does to one slot ---- */

struct effect {
    p2m_word first, end; /* the PFNs below the slot */
    bool fills;          /* missing becomes identity */
    bool takes_missing;  /* missing becomes private */
    bool takes_identity; /* identity becomes private */
};

/* A range [start, end), or a run of a memory map, meets the slot. */
static void add_range(void *ctx, p2m_word start, p2m_word end)
{
    struct effect *effect = ctx;

    if (start >= effect->end || end <= effect->first)
        return;
    if (start <= effect->first && end >= effect->end)
        effect->fills = true;
    else
        effect->takes_missing = true;
}

static void add_set(struct effect *effect, uint64_t pfn, p2m_word entry)
{
    if (pfn < effect->first || pfn >= effect->end)
        return;
    effect->takes_missing = effect->takes_missing || entry != INVALID_P2M_ENTRY;
    effect->takes_identity = effect->takes_identity || entry != ENTRY_IDENTITY_OF(pfn);
}

static struct effect effect_at(unsigned i, p2m_word first, p2m_word end)
{
    const struct op *op = overlap.call[i];
    struct effect effect = {.first = first, .end = end};

    if (op->kind == OP_XEN_SET_IDENTITY)
        oracle_identity_runs(&run.oracle, op->type, add_range, &effect);
    if (op->kind == OP_RANGE && overlap.result[i])
        add_range(&effect, (p2m_word)op->pfn, (p2m_word)op->arg);
    if (op->kind == OP_SET && overlap.result[i])
        add_set(&effect, op->pfn, (p2m_word)op->arg);
    for (unsigned k = 0; op->kind == OP_GRANT_MAP && k < op->count; k++)
        if (!(op->slots >> k & 1)) /* or the hypervisor refuses it */
            add_set(&effect, op->pfn + k, oracle_grant_mfn(op, k) | ENTRY_FOREIGN_BIT);
    return effect;
}

/* ---- what they do together ---- */

/*
 * Does some order make the slot above [first, end), which was of `kind`, private? A call finds it
 * missing unless one that fills it was over before, and identity if one that fills it need not come
 * after.
 */
static bool some_order_takes(enum slot_kind kind, p2m_word first, p2m_word end)
{
    struct effect effect[OVERLAP_CALLS];

    for (unsigned i = 0; i < overlap.count; i++)
        effect[i] = effect_at(i, first, end);
    for (unsigned i = 0; i < overlap.count; i++) {
        bool missing = kind == KIND_MISSING, identity = kind == KIND_IDENTITY;

        for (unsigned k = 0; k < overlap.count; k++) {
            if (k == i || !effect[k].fills)
                continue;
            missing = missing && !overlap.real->before[k][i];
            identity = identity || !overlap.real->before[i][k];
        }
        if ((missing && effect[i].takes_missing) || (identity && effect[i].takes_identity))
            return true;
    }
    return false;
}

static void check_leaves(unsigned ti)
{
    p2m_word *const *mid = run.view.top[ti];

    for (unsigned mi = 0; mi < P2M_MID; mi++) {
        enum slot_kind before;
        p2m_word first;

        while (slots_start(mi) &&
               (slots_are(mid + mi, run.view.missing) || slots_are(mid + mi, run.view.identity)))
            mi += SLOTS;
        if (mi == P2M_MID)
            return;
        before = slot_kinds_leaf(&run.oracle.kinds, ti, mi);
        first = ti * P2M_MID_SPAN + mi * (p2m_word)P2M_LEAF;
        if (!run_leaf_is_shared(mid[mi]) && before != KIND_PRIVATE &&
            !some_order_takes(before, first, first + P2M_LEAF))
            violated(PAGE_COST,
                     "PFN 0x%llx: expected no private leaf, as in each order of the %u calls; got "
                     "one",
                     HEX(first), overlap.count);
    }
}

static void check_mid(unsigned ti)
{
    enum slot_kind before = (enum slot_kind)run.oracle.kinds.mid[ti];
    p2m_word first = ti * P2M_MID_SPAN;

    if (before != KIND_PRIVATE && !some_order_takes(before, first, first + P2M_MID_SPAN))
        violated(PAGE_COST,
                 "PFN 0x%llx: expected no private mid, as in each order of the %u calls; got one",
                 HEX(first), overlap.count);
    check_leaves(ti);
}

void kept_pages_check(const struct op *const *call, const uint64_t *result,
                      const struct overlap_order *real, unsigned count)
{
    struct checks_met met = checks_met();

    if (met.mids == run.oracle.kinds.mids && met.leaves == run.oracle.kinds.leaves)
        return;
    run_count_check(PAGE_COST);
    overlap.call = call;
    overlap.result = result;
    overlap.real = real;
    overlap.count = count;
    for (unsigned ti = 0; ti < P2M_TOP; ti++)
        if (!run_mid_is_shared(run.view.top[ti]))
            check_mid(ti);
}

UNINSTRUMENTED_END
