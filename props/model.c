// SPDX-License-Identifier: GPL-2.0-only
/* The flat array, literal or on demand: see model.h. */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "quiet.h"

HARNESS_BEGIN

/* What the array is: `change` applied to `window`, which holds [first, first + count). */
static void apply(const struct model *model, const struct change *change, p2m_word *window,
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
        for (pfn = 0; pfn < count; pfn++)
            window[pfn] = host_list_entry(&model->boot, start + pfn);
        break;
    case CHANGE_ENTRY:
        for (pfn = 0; pfn < count; pfn++)
            window[pfn] = change->entry;
        break;
    case CHANGE_IDENTITY:
        for (pfn = 0; pfn < count; pfn++)
            window[pfn] = IDENTITY_FRAME(start + pfn);
        break;
    case CHANGE_RENUMBERED:
        for (pfn = 0; pfn < count; pfn++)
            window[pfn] = entry_is_plain(window[pfn]) ? host_next_mfn(window[pfn]) : window[pfn];
        break;
    case CHANGE_FLATTENED:
        for (pfn = 0; pfn < count; pfn++)
            window[pfn] = entry_is_plain(window[pfn]) ? window[pfn] : INVALID_P2M_ENTRY;
        break;
    }
}

/* ---- windows that are kept, of whole leaves, of the one model that has no base ---- */

#define LEAVES (P2M_TOP * P2M_MID)
#define KEPT (LEAVES < 2048 ? LEAVES : 2048)

static struct {
    unsigned used;
    uint16_t number[LEAVES]; /* of a leaf's window, 1..used; 0: none */
    struct {
        p2m_word leaf;
        unsigned changes; /* so many are in it */
        p2m_word entry[P2M_LEAF];
    } window[KEPT];
} kept;

static void forget_windows(void)
{
    while (kept.used)
        kept.number[kept.window[--kept.used].leaf] = 0;
}

/* The number of the window of `leaf`, a new one if need be; 0 if there is no room. */
static unsigned keep(p2m_word leaf)
{
    if (!kept.number[leaf] && kept.used < KEPT) {
        kept.window[kept.used].leaf = leaf;
        kept.window[kept.used].changes = 0;
        memset(kept.window[kept.used].entry, 0xff, sizeof(kept.window[0].entry));
        kept.number[leaf] = (uint16_t)++kept.used;
    }
    return kept.number[leaf];
}

static void apply_from(const struct model *model, unsigned from, p2m_word *window, p2m_word first,
                       p2m_word count)
{
    for (; from < model->changes; from++)
        apply(model, &model->change[from], window, first, count);
}

/* ---- the array ---- */

static struct change journal[MODEL_CHANGES];

void model_reset(struct model *model, bool literal)
{
    model->literal = literal && MODEL_LITERAL;
    model->base = NULL;
    model->changes = 0;
    model->change = journal;
    model->most = MODEL_CHANGES;
    memset(&model->boot, 0, sizeof(model->boot));
    forget_windows();
    if (model->literal)
        memset(model->flat, 0xff, sizeof(model->flat));
}

void model_fork(struct model *fork, const struct model *base)
{
    static struct change own[64];

    fork->literal = base->literal;
    fork->boot = base->boot;
    fork->base = base;
    fork->changes = 0;
    fork->change = own;
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
    if (model->literal) {
        apply(model, &change, model->flat, 0, MAX_P2M_PFN);
    } else if (change.start < change.end) {
        if (model->changes == model->most)
            abort(); /* a limit of the harness is wrong */
        model->change[model->changes++] = change;
    }
}

const p2m_word *model_window(const struct model *model, p2m_word first, p2m_word count,
                             p2m_word *buffer)
{
    unsigned number;

    if (model->literal)
        return model->flat + first;
    if (model->base) {
        const p2m_word *window = model_window(model->base, first, count, buffer);

        if (window != buffer)
            memcpy(buffer, window, count * sizeof(*buffer));
        apply_from(model, 0, buffer, first, count);
        return buffer;
    }
    number = count == P2M_LEAF ? keep(first / P2M_LEAF) : kept.number[first / P2M_LEAF];
    if (number && first % P2M_LEAF + count <= P2M_LEAF) {
        p2m_word *entry = kept.window[number - 1].entry;

        apply_from(model, kept.window[number - 1].changes, entry, first - first % P2M_LEAF,
                   P2M_LEAF);
        kept.window[number - 1].changes = model->changes;
        return entry + first % P2M_LEAF;
    }
    memset(buffer, 0xff, count * sizeof(*buffer));
    apply_from(model, 0, buffer, first, count);
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
