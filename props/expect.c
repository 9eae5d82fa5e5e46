// SPDX-License-Identifier: GPL-2.0-only
/* What each call answers and does, by the model alone: the table of semantics as code. */
#include "machine.h"
#include "quiet.h"

HARNESS_BEGIN

bool model_entry_is_sound(p2m_word pfn, p2m_word entry)
{
    return !(entry & ENTRY_IDENTITY_BIT) || entry == INVALID_P2M_ENTRY ||
           entry == ENTRY_IDENTITY_OF(pfn);
}

static uint64_t model_set(struct model *model, struct kinds *kinds, const struct op *op)
{
    p2m_word pfn = (p2m_word)op->pfn, entry = (p2m_word)op->arg;

    if (pfn >= MAX_P2M_PFN)
        return entry == INVALID_P2M_ENTRY;
    if (!model_entry_is_sound(pfn, entry))
        return false;
    if (kinds_at(kinds, pfn) != KIND_PRIVATE) {
        if (model_get(model, pfn) == entry)
            return true;
        if (op->kind == OP_SET_NOALLOC)
            return false;
        kinds_own(kinds, pfn);
    }
    model_change(model, (struct change){CHANGE_ENTRY, pfn, pfn + 1, entry});
    return true;
}

static uint64_t model_range(struct model *model, struct kinds *kinds, p2m_word start, p2m_word end)
{
    if (end > MAX_P2M_PFN)
        end = MAX_P2M_PFN;
    if (start >= end)
        return 0;
    if (!machine.c->boot.auto_translated) {
        model_change(model, (struct change){CHANGE_IDENTITY, start, end, 0});
        kinds_range(kinds, start, end);
    }
    return end - start;
}

uint64_t model_call(struct model *model, struct kinds *kinds, const struct op *op)
{
    bool automatic = machine.c->boot.auto_translated;
    p2m_word pfn = (p2m_word)op->pfn;

    switch (op->kind) {
    case OP_GET:
        return model_get(model, pfn);
    case OP_PFN_TO_MFN:
        return automatic ? pfn : entry_mfn(model_get(model, pfn));
    case OP_SET:
    case OP_SET_NOALLOC:
        return automatic ? true : model_set(model, kinds, op);
    case OP_RANGE:
        return model_range(model, kinds, pfn, (p2m_word)op->arg);
    default:
        return model_xen_set_identity(automatic ? NULL : model, kinds, machine.e820,
                                      machine.e820_count, op->type);
    }
}

HARNESS_END
