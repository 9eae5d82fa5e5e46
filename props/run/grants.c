// SPDX-License-Identifier: GPL-2.0-or-later
/* The book of grants: see grants.h. */
#include "grants.h"

#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

static struct {
    unsigned count;
    struct {
        p2m_word pfn, mfn, covered; /* the entry that was there before */
    } slot[HOST_GRANTS];
    p2m_word covers[OP_GRANTS_MAX]; /* of the batch that is being mapped */
} book;

void grants_reset(void)
{
    book.count = 0;
}

unsigned grants_count(void)
{
    return book.count;
}

unsigned grants_save(p2m_word (*slots)[2], unsigned most)
{
    unsigned count = book.count < most ? book.count : most;

    for (unsigned i = 0; i < count; i++) {
        slots[i][0] = book.slot[i].pfn;
        slots[i][1] = book.slot[i].mfn;
    }
    return count;
}

void grants_restore(const p2m_word (*slots)[2], unsigned count)
{
    book.count = host.grants = count;
    host.grants_wrong = NULL;
    for (unsigned i = 0; i < count; i++) {
        book.slot[i].pfn = slots[i][0];
        book.slot[i].mfn = slots[i][1];
        host.grant[i] = (struct p2m_grant){slots[i][0], slots[i][1], false};
    }
}

/* ---- allowed calls ---- */

static bool any_in(uint64_t start, uint64_t end)
{
    for (unsigned i = 0; i < book.count; i++)
        if (book.slot[i].pfn >= start && book.slot[i].pfn < end)
            return true;
    return false;
}

bool grants_has(p2m_word pfn)
{
    return any_in(pfn, (uint64_t)pfn + 1);
}

static bool map_becomes_identity(bool domu)
{
    uint64_t until;

    for (unsigned i = 0; i < book.count; i++)
        if (oracle_page_is_identity(run.oracle.e820, run.oracle.e820_count, domu, book.slot[i].pfn,
                                    &until))
            return true;
    return false;
}

static bool batch_is_sound(const struct op *op)
{
    return op->count && op->count <= OP_GRANTS_MAX &&
           op->pfn <= shape_word_mask(&shape_here) - (op->count - 1u);
}

static bool can_map(const struct op *op)
{
    if (!batch_is_sound(op) || any_in(op->pfn, op->pfn + op->count) ||
        book.count + op->count > HOST_GRANTS)
        return false;
    for (unsigned i = 0; i < op->count && !run.subject->unmap_restores; i++)
        if (model_get(&run.oracle.model, (p2m_word)op->pfn + i) != INVALID_P2M_ENTRY)
            return false;
    return true;
}

/* The kernel knows a grant only by its bit: of a FOREIGN entry that no grant made, no unmap. */
static bool can_unmap(const struct op *op)
{
    if (!batch_is_sound(op))
        return false;
    for (uint64_t pfn = op->pfn; pfn < op->pfn + op->count; pfn++) {
        p2m_word entry = model_get(&run.oracle.model, (p2m_word)pfn);

        if (entry != INVALID_P2M_ENTRY && entry & ENTRY_FOREIGN_BIT && !any_in(pfn, pfn + 1))
            return false;
    }
    return true;
}

bool grants_allow(const struct op *op)
{
    switch ((enum op_kind)op->kind) {
    case OP_SET:
    case OP_SET_NOALLOC:
        return !book.count || !any_in(op->pfn, op->pfn + 1);
    case OP_RANGE:
        return !book.count || !any_in(op->pfn, op->arg);
    case OP_XEN_SET_IDENTITY:
        return !book.count || !map_becomes_identity(op->type);
    case OP_GRANT_MAP:
        return run.subject->grant_map && can_map(op);
    case OP_GRANT_UNMAP:
        return run.subject->grant_unmap && can_unmap(op);
    case OP_GET:
    case OP_PFN_TO_MFN:
    case OP_RESUME:
    case OP_E820:
    case OP_BUILD:
    case OP_PUBLISH:
    case OP_DESTROY:
    case OP_IDENTITY_RANGES:
    case OP_LIST:
    case OP_MFN_BASE:
        break;
    }
    return true;
}

bool grants_are_apart(const struct op *const *calls, unsigned count)
{
    const struct op *batch = calls[count - 1];
    uint64_t end = batch->pfn + batch->count;

    for (unsigned i = 0; op_is_grant(batch->kind) && i + 1 < count; i++) {
        uint64_t stop = calls[i]->kind == OP_RANGE ? calls[i]->arg : calls[i]->pfn + 1;

        if (calls[i]->pfn < end && stop > batch->pfn) {
            run.tally.skipped[batch->kind]++;
            return false;
        }
    }
    return true;
}

/* ---- mapped slots ---- */

/* Where an unmap restores, the entry comes back that the model had before. */
static void forget(p2m_word pfn)
{
    for (unsigned i = 0; i < book.count; i++) {
        if (book.slot[i].pfn != pfn)
            continue;
        if (run.subject->unmap_restores)
            model_change(&run.oracle.model,
                         (struct change){CHANGE_ENTRY, pfn, pfn + 1, book.slot[i].covered});
        book.slot[i] = book.slot[--book.count];
    }
}

void grants_foresee(const struct op *op)
{
    for (unsigned i = 0; op->kind == OP_GRANT_MAP && i < op->count; i++)
        book.covers[i] = model_get(&run.oracle.model, (p2m_word)op->pfn + i);
}

void grants_note(const struct op *op, uint64_t mask)
{
    for (unsigned i = 0; i < op->count; i++) {
        if (!(mask >> i & 1))
            continue;
        if (op->kind == OP_GRANT_UNMAP) {
            forget((p2m_word)op->pfn + i);
            continue;
        }
        book.slot[book.count].pfn = (p2m_word)op->pfn + i;
        book.slot[book.count].covered = book.covers[i];
        book.slot[book.count++].mfn = oracle_grant_mfn(op, i);
    }
}

struct op grants_first(void)
{
    return (struct op){.kind = OP_GRANT_UNMAP, .count = 1, .pfn = book.slot[0].pfn};
}

static bool hypervisor_has(p2m_word pfn, p2m_word mfn)
{
    for (unsigned i = 0; i < host.grants; i++)
        if (host.grant[i].pfn == pfn && host.grant[i].mfn == mfn)
            return true;
    return false;
}

void grants_check(void)
{
    run_count_check(GRANTS_ACCOUNTED);
    if (host.grants_wrong)
        violated(GRANTS_ACCOUNTED, "PFN 0x%llx, MFN 0x%llx: %s",
                 (unsigned long long)host.grant_wrong.pfn, (unsigned long long)host.grant_wrong.mfn,
                 host.grants_wrong);
    if (host.grants != book.count)
        violated(GRANTS_ACCOUNTED, "expected %u mapped grants, the hypervisor has %u", book.count,
                 host.grants);
    for (unsigned i = 0; i < book.count; i++) {
        p2m_word pfn = book.slot[i].pfn, mfn = book.slot[i].mfn;

        if (!hypervisor_has(pfn, mfn))
            violated(GRANTS_ACCOUNTED, "PFN 0x%llx: expected MFN 0x%llx mapped there",
                     (unsigned long long)pfn, (unsigned long long)mfn);
        if (model_get(&run.oracle.model, pfn) != (mfn | ENTRY_FOREIGN_BIT))
            violated(GRANTS_ACCOUNTED, "PFN 0x%llx: expected the entry of MFN 0x%llx",
                     (unsigned long long)pfn, (unsigned long long)mfn);
    }
}

UNINSTRUMENTED_END
