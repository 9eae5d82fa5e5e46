// SPDX-License-Identifier: GPL-2.0-or-later
/* The domain builder's list: see builder.h. */
#include "builder.h"

UNINSTRUMENTED_BEGIN

void builder_start(struct builder *builder, const struct boot *boot)
{
    builder->boot = *boot;
    builder->named = 0;
}

bool builder_can(const struct builder *builder, const struct op *op)
{
    bool frame = op->arg < (uint64_t)1 << MFN_BITS;

    return op->kind == OP_LIST && (frame || op->arg == INVALID_P2M_ENTRY) &&
           op->pfn < boot_own_first(&builder->boot);
}

void builder_take(struct builder *builder, const struct op *op)
{
    builder->name[builder->named].pfn = (p2m_word)op->pfn;
    builder->name[builder->named++].entry = (p2m_word)op->arg;
}

void builder_fill(const struct builder *builder, p2m_word first, p2m_word count, p2m_word *window)
{
    for (p2m_word i = 0; i < count; i++)
        window[i] = entry_of_list(&builder->boot, first + i);
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
