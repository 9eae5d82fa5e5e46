// SPDX-License-Identifier: GPL-2.0-or-later
/* The flat array: see model.h. model_lazy.c reads it on demand. */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

/* Applies `change` to `window`, which holds [first, first + count). */
void model_apply(const struct model *model, const struct change *change, p2m_word *window,
                 p2m_word first, p2m_word count)
{
    p2m_word start = change->start > first ? change->start : first;
    p2m_word end = change->end < first + count ? change->end : first + count;
    p2m_word pfn;

    if (start >= end)
        return;
    window += start - first;
    count = end - start;
    switch (change->kind) {
    case CHANGE_LIST:
        builder_fill(model->builder, start, count, window);
        break;
    case CHANGE_ENTRY:
        for (pfn = 0; pfn < count; pfn++)
            window[pfn] = change->entry;
        break;
    case CHANGE_IDENTITY:
        for (pfn = 0; pfn < count; pfn++)
            window[pfn] = ENTRY_IDENTITY_OF(start + pfn);
        break;
    case CHANGE_RENUMBERED:
        for (pfn = 0; pfn < count; pfn++)
            window[pfn] = entry_is_plain(window[pfn]) ? mfn_after_resume(window[pfn]) : window[pfn];
        break;
    case CHANGE_FLATTENED:
        for (pfn = 0; pfn < count; pfn++)
            window[pfn] = entry_is_plain(window[pfn]) ? window[pfn] : INVALID_P2M_ENTRY;
        break;
    }
}

static struct change journal[MODEL_CHANGES];
static struct change_leaves leaves_of_journal[MODEL_CHANGES];

void model_reset(struct model *model, bool literal)
{
    model->literal = literal && MODEL_LITERAL;
    model->base = NULL;
    model->changes = 0;
    model->change = journal;
    model->leaves = leaves_of_journal;
    model->most = MODEL_CHANGES;
    model->builder = NULL;
    model_lazy_forget();
    if (model->literal)
        memset(model->flat, 0xff, sizeof(model->flat));
}

void model_fork(struct model *fork, const struct model *base)
{
    static struct change own[64];
    static struct change_leaves leaves_of_own[64];

    fork->literal = base->literal;
    fork->builder = base->builder;
    fork->base = base;
    fork->changes = 0;
    fork->change = own;
    fork->leaves = leaves_of_own;
    fork->most = 64;
    if (base->literal)
        memcpy(fork->flat, base->flat, sizeof(fork->flat));
}

void model_adopt(struct model *base, const struct model *fork)
{
    if (base->literal)
        memcpy(base->flat, fork->flat, sizeof(base->flat));
    else
        for (unsigned i = 0; i < fork->changes; i++)
            model_change(base, fork->change[i]);
}

void model_change(struct model *model, struct change change)
{
    if (model->literal && change.kind == CHANGE_ENTRY && change.end - change.start == 1) {
        model->flat[change.start] = change.entry; /* most are so */
    } else if (model->literal) {
        model_apply(model, &change, model->flat, 0, MAX_P2M_PFN);
    } else if (change.start < change.end) {
        if (model->changes == model->most)
            abort(); /* a limit of the harness is wrong */
        model->leaves[model->changes] = (struct change_leaves){
            (uint32_t)(change.start / P2M_LEAF), (uint32_t)((change.end - 1) / P2M_LEAF)};
        model->change[model->changes++] = change;
        model_lazy_note(model, &change);
    }
}

const p2m_word *model_window(const struct model *model, p2m_word first, p2m_word count,
                             p2m_word *buffer)
{
    return model->literal ? model->flat + first : model_lazy_window(model, first, count, buffer);
}

p2m_word model_get(const struct model *model, p2m_word pfn)
{
    p2m_word entry;

    if (pfn >= MAX_P2M_PFN)
        return INVALID_P2M_ENTRY;
    return *model_window(model, pfn, 1, &entry);
}

UNINSTRUMENTED_END
