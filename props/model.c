// SPDX-License-Identifier: GPL-2.0-only
/* The flat array, literal or on demand: see model.h. */
#include "model.h"

#include <string.h>

#include "quiet.h"

HARNESS_BEGIN

/* What the array is: `change` applied to `window`, which holds [first, first + count). */
static void apply(const struct model *model, const struct change *change, p2m_word *window,
                  p2m_word first, p2m_word count)
{
    p2m_word start = change->start > first ? change->start : first;
    p2m_word end = change->end < first + count ? change->end : first + count;

    for (p2m_word pfn = start; pfn < end; pfn++) {
        p2m_word *entry = &window[pfn - first];

        switch (change->kind) {
        case CHANGE_LIST:
            *entry = host_list_entry(&model->boot, pfn);
            break;
        case CHANGE_ENTRY:
            *entry = change->entry;
            break;
        case CHANGE_IDENTITY:
            *entry = IDENTITY_FRAME(pfn);
            break;
        case CHANGE_RENUMBERED:
            if (entry_is_plain(*entry))
                *entry = host_next_mfn(*entry);
            break;
        case CHANGE_FLATTENED:
            if (!entry_is_plain(*entry))
                *entry = INVALID_P2M_ENTRY;
            break;
        }
    }
}

void model_reset(struct model *model, bool literal)
{
    model->literal = literal && MODEL_LITERAL;
    model->changes = 0;
    memset(&model->boot, 0, sizeof(model->boot));
    if (model->literal)
        memset(model->flat, 0xff, sizeof(model->flat));
}

void model_copy(struct model *to, const struct model *from)
{
    to->literal = from->literal;
    to->boot = from->boot;
    to->changes = from->changes;
    if (from->literal)
        memcpy(to->flat, from->flat, sizeof(to->flat));
    else
        memcpy(to->change, from->change, from->changes * sizeof(from->change[0]));
}

void model_change(struct model *model, struct change change)
{
    if (model->literal)
        apply(model, &change, model->flat, 0, MAX_P2M_PFN);
    else if (change.start < change.end)
        model->change[model->changes++ % MODEL_CHANGES] = change;
}

const p2m_word *model_window(const struct model *model, p2m_word first, p2m_word count,
                             p2m_word *buffer)
{
    if (model->literal)
        return model->flat + first;
    memset(buffer, 0xff, count * sizeof(*buffer));
    for (unsigned i = 0; i < model->changes; i++)
        apply(model, &model->change[i], buffer, first, count);
    return buffer;
}

p2m_word model_get(const struct model *model, p2m_word pfn)
{
    p2m_word entry;

    if (pfn >= MAX_P2M_PFN)
        return INVALID_P2M_ENTRY;
    return *model_window(model, pfn, 1, &entry);
}

HARNESS_END
