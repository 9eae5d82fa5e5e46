// SPDX-License-Identifier: GPL-2.0-or-later
/* The result and effect of each call: the table of semantics as code. See oracle.h. */
#include "oracle.h"

#include <string.h>

#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

void oracle_reset(struct oracle *oracle, const struct builder *builder)
{
    model_reset(&oracle->model, true);
    oracle->model.builder = builder;
    slot_kinds_reset(&oracle->kinds);
    oracle->e820_count = 0;
}

void oracle_destroy(struct oracle *oracle)
{
    const struct builder *builder = oracle->model.builder;

    model_reset(&oracle->model, true);
    oracle->model.builder = builder;
    slot_kinds_reset(&oracle->kinds);
}

void oracle_build(struct oracle *oracle)
{
    uint64_t nr_pages = oracle->model.builder->boot.nr_pages;
    p2m_word end = nr_pages < MAX_P2M_PFN ? (p2m_word)nr_pages : MAX_P2M_PFN;

    model_change(&oracle->model, (struct change){CHANGE_LIST, 0, end, 0});
    slot_kinds_build(&oracle->kinds, (p2m_word)nr_pages);
}

void oracle_add_e820(struct oracle *oracle, const struct op *op)
{
    oracle->e820[oracle->e820_count++] = (struct p2m_e820_entry){
        op->start, op->stop, op->type == OP_TYPE_SOFT ? 0xefffffff : op->type};
}

void oracle_fork(struct oracle *fork, const struct oracle *base)
{
    model_fork(&fork->model, &base->model);
    slot_kinds_copy(&fork->kinds, &base->kinds);
    fork->e820_count = base->e820_count;
    memcpy(fork->e820, base->e820, base->e820_count * sizeof(*base->e820));
}

void oracle_adopt(struct oracle *base, const struct oracle *fork)
{
    model_adopt(&base->model, &fork->model);
    slot_kinds_copy(&base->kinds, &fork->kinds);
}

/* ---- calls ---- */

static uint64_t set(struct oracle *oracle, const struct op *op)
{
    p2m_word pfn = (p2m_word)op->pfn, entry = (p2m_word)op->arg;

    if (pfn >= MAX_P2M_PFN)
        return entry == INVALID_P2M_ENTRY;
    if (!entry_is_sound(pfn, entry))
        return false;
    if (slot_kinds_at(&oracle->kinds, pfn) != KIND_PRIVATE) {
        if (model_get(&oracle->model, pfn) == entry)
            return true;
        if (op->kind == OP_SET_NOALLOC)
            return false;
        slot_kinds_own(&oracle->kinds, pfn);
    }
    model_change(&oracle->model, (struct change){CHANGE_ENTRY, pfn, pfn + 1, entry});
    return true;
}

static uint64_t range(struct oracle *oracle, p2m_word start, p2m_word end)
{
    if (end > MAX_P2M_PFN)
        end = MAX_P2M_PFN;
    if (start >= end)
        return 0;
    if (!oracle->model.builder->boot.auto_translated) {
        model_change(&oracle->model, (struct change){CHANGE_IDENTITY, start, end, 0});
        slot_kinds_range(&oracle->kinds, start, end);
    }
    return end - start;
}

unsigned oracle_range_cost(const struct oracle *oracle, p2m_word start, p2m_word end)
{
    static struct slot_kinds kinds;

    slot_kinds_copy(&kinds, &oracle->kinds);
    slot_kinds_range(&kinds, start, end);
    return 2 * kinds.mids + kinds.leaves - oracle_pages(oracle);
}

/* ---- grants ---- */

/* The set of one slot of a batch. */
static struct op grant_set(const struct op *op, unsigned i)
{
    return (struct op){
        .kind = OP_SET, .pfn = op->pfn + i, .arg = oracle_grant_mfn(op, i) | ENTRY_FOREIGN_BIT};
}

static uint64_t grant_answer(const struct op *op, uint64_t mask)
{
    return mask | (mask == ((uint64_t)1 << op->count) - 1 ? (uint64_t)1 << 32 : 0);
}

/* One slot; false: it does not hold. */
static bool map_slot(struct oracle *oracle, const struct op *op, unsigned i)
{
    struct op set_op = grant_set(op, i);

    return !(op->slots >> i & 1) && set_op.pfn < MAX_P2M_PFN && set(oracle, &set_op);
}

void oracle_grant_as(struct oracle *oracle, const struct op *op, uint64_t mask)
{
    for (unsigned i = 0; i < op->count; i++)
        if (mask >> i & 1)
            map_slot(oracle, op, i);
}

/* Pages that the set of a slot takes; 0 of one that is not set. */
static unsigned slot_cost(const struct oracle *oracle, const struct op *op, unsigned i)
{
    static struct slot_kinds kinds;
    p2m_word pfn = (p2m_word)op->pfn + i;

    if ((op->slots >> i & 1) || pfn >= MAX_P2M_PFN)
        return 0;
    slot_kinds_copy(&kinds, &oracle->kinds);
    slot_kinds_own(&kinds, pfn);
    return 2 * kinds.mids + kinds.leaves - oracle_pages(oracle);
}

uint64_t oracle_grant_refused(struct oracle *oracle, const struct op *op)
{
    unsigned left = op->refuse;
    uint64_t mask = 0;

    for (unsigned i = 0; i < op->count; i++) {
        unsigned cost = left ? slot_cost(oracle, op, i) : 0;

        if (cost && cost >= left) {
            left = 0;
            continue;
        }
        left -= cost;
        mask |= (uint64_t)map_slot(oracle, op, i) << i;
    }
    return grant_answer(op, mask);
}

static uint64_t grant_map(struct oracle *oracle, const struct op *op)
{
    uint64_t mask = 0;

    for (unsigned i = 0; i < op->count; i++)
        mask |= (uint64_t)map_slot(oracle, op, i) << i;
    return grant_answer(op, mask);
}

static bool is_foreign(p2m_word entry)
{
    return entry != INVALID_P2M_ENTRY && entry & ENTRY_FOREIGN_BIT;
}

static uint64_t grant_unmap(struct oracle *oracle, const struct op *op)
{
    uint64_t mask = 0;

    for (unsigned i = 0; i < op->count; i++) {
        p2m_word pfn = (p2m_word)op->pfn + i;

        if (!is_foreign(model_get(&oracle->model, pfn)))
            continue;
        mask |= (uint64_t)1 << i;
        model_change(&oracle->model,
                     (struct change){CHANGE_ENTRY, pfn, pfn + 1, INVALID_P2M_ENTRY});
    }
    return grant_answer(op, mask);
}

static uint64_t all_slots(const struct op *op)
{
    return grant_answer(op, ((uint64_t)1 << op->count) - 1);
}

uint64_t oracle_call(struct oracle *oracle, const struct op *op)
{
    bool automatic = oracle->model.builder->boot.auto_translated;
    p2m_word pfn = (p2m_word)op->pfn;

    switch ((enum op_kind)op->kind) {
    case OP_GET:
        return model_get(&oracle->model, pfn);
    case OP_PFN_TO_MFN:
        return automatic ? pfn : entry_mfn(model_get(&oracle->model, pfn));
    case OP_SET:
    case OP_SET_NOALLOC:
        return automatic ? true : set(oracle, op);
    case OP_RANGE:
        return range(oracle, pfn, (p2m_word)op->arg);
    case OP_XEN_SET_IDENTITY:
        return oracle_xen_set_identity(oracle, op->type);
    case OP_GRANT_MAP:
        return automatic ? all_slots(op) : grant_map(oracle, op);
    case OP_GRANT_UNMAP:
        return automatic ? all_slots(op) : grant_unmap(oracle, op);
    case OP_RESUME: /* no calls */
    case OP_E820:
    case OP_BUILD:
    case OP_PUBLISH:
    case OP_DESTROY:
    case OP_LIST:
    case OP_MFN_BASE:
    case OP_IDENTITY_RANGES: /* changes nothing: props/check/map_ranges.c */
        break;
    }
    return 0;
}

/* ---- save and restore ---- */

static void flatten_leaves(struct model *model, p2m_word start, p2m_word end)
{
    if (start < end)
        model_change(model, (struct change){CHANGE_FLATTENED, start, end, 0});
}

/* Runs of private leaves lose every entry that is not a plain MFN. */
static void flatten_private(struct oracle *oracle, p2m_word scanned)
{
    const struct slot_kinds *kinds = &oracle->kinds;
    p2m_word start = 0, end = 0; /* the private leaves seen last: [start, end) */

    for (unsigned ti = 0; ti < P2M_TOP; ti++)
        for (unsigned mi = 0; kinds->mid[ti] == KIND_PRIVATE && mi < P2M_MID; mi++) {
            p2m_word first = ti * P2M_MID_SPAN + mi * (p2m_word)P2M_LEAF;

            if (kinds->leaf[ti][mi] != KIND_PRIVATE || first >= scanned)
                continue;
            if (first != end) {
                flatten_leaves(&oracle->model, start, end);
                start = first;
            }
            end = first + P2M_LEAF;
        }
    flatten_leaves(&oracle->model, start, end);
}

void oracle_resume(struct oracle *oracle, bool flatten, p2m_word scanned)
{
    if (flatten)
        flatten_private(oracle, scanned);
    model_change(&oracle->model, (struct change){CHANGE_RENUMBERED, 0, MAX_P2M_PFN, 0});
}

UNINSTRUMENTED_END
