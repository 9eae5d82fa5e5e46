// SPDX-License-Identifier: GPL-2.0-or-later
/* The domain builder's list: see builder.h. */
#include "builder.h"

UNINSTRUMENTED_BEGIN

void builder_start(struct builder *builder, const struct boot *boot)
{
    builder->boot = *boot;
    builder->base[MFN_BASE_LIST] = MFN_OF_LIST;
    builder->base[MFN_BASE_PAGES] = MFN_OF_PAGES;
    builder->base[MFN_BASE_LEAVES] = MFN_OF_LEAVES;
    builder->named = 0;
}

bool builder_can(const struct builder *builder, const struct op *op)
{
    bool frame = op->arg <= MFN_MASK;

    if (op->kind == OP_MFN_BASE)
        return frame && op->type < MFN_BASES;
    return op->kind == OP_LIST && (frame || op->arg == INVALID_P2M_ENTRY) &&
           op->pfn < boot_own_first(&builder->boot);
}

void builder_take(struct builder *builder, const struct op *op)
{
    if (op->kind == OP_MFN_BASE) {
        builder->base[op->type] = (p2m_word)op->arg;
        return;
    }
    builder->name[builder->named].pfn = (p2m_word)op->pfn;
    builder->name[builder->named++].entry = (p2m_word)op->arg;
}

/* Holes are scattered; behind its frames a long list has nothing else. */
static bool is_hole(const struct boot *boot, p2m_word pfn)
{
    unsigned scattered = (uint32_t)pfn * 0x9e3779b1u >> 24;

    return (scattered < boot->holes && pfn < boot_own_first(boot)) ||
           (LIST_FRAMES < MAX_P2M_PFN && pfn >= LIST_FRAMES);
}

void builder_fill(const struct builder *builder, p2m_word first, p2m_word count, p2m_word *window)
{
    const p2m_word frame = builder->base[MFN_BASE_LIST] + first;
    const bool dense = !builder->boot.holes && first + count <= LIST_FRAMES;

    for (p2m_word i = 0; i < count; i++)
        window[i] = (frame + i) & MFN_MASK;
    for (p2m_word i = 0; !dense && i < count; i++)
        if (is_hole(&builder->boot, first + i))
            window[i] = INVALID_P2M_ENTRY;
    for (unsigned i = 0; i < builder->named; i++)
        if (builder->name[i].pfn - first < count)
            window[builder->name[i].pfn - first] = builder->name[i].entry;
}

p2m_word builder_entry(const struct builder *builder, p2m_word pfn)
{
    p2m_word entry;

    builder_fill(builder, pfn, 1, &entry);
    return entry;
}

UNINSTRUMENTED_END
