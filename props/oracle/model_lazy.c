// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The array on demand, for geometries in which it would have a billion entries: a
 * window of it is all INVALID with every change applied in order. Windows of whole
 * leaves are kept, each with the number of changes that are in it, so that reading
 * one again costs only what has happened since. A fork reads its base's and applies
 * its own few changes.
 */
#include <string.h>

#include "model.h"

UNINSTRUMENTED_BEGIN

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

/* Of a list that is longer than its frames: the leaves in which somebody has stored. */
static struct {
    bool any;
    uint8_t leaf[LEAVES];
} stored;

static bool is_long(const struct model *model)
{
    return model->builder && model->builder->boot.nr_pages > LIST_FRAMES;
}

static void note_list(const struct builder *builder)
{
    for (unsigned i = 0; i < builder->named; i++)
        if (builder->name[i].pfn < MAX_P2M_PFN)
            stored.leaf[builder->name[i].pfn / P2M_LEAF] = true;
}

void model_lazy_note(const struct model *model, const struct change *change)
{
    if (MODEL_LITERAL || model->base || !is_long(model))
        return;
    stored.any = true;
    if (change->kind == CHANGE_LIST)
        note_list(model->builder);
    if (change->kind == CHANGE_ENTRY || change->kind == CHANGE_IDENTITY)
        memset(stored.leaf + change->start / P2M_LEAF, true,
               (change->end - 1) / P2M_LEAF - change->start / P2M_LEAF + 1);
}

void model_lazy_forget(void)
{
    if (stored.any)
        memset(&stored, 0, sizeof(stored));
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

/* The next change from `from` on that may be in the leaves of [first, first + count); or their
 * number. */
static unsigned next_change(const struct model *model, unsigned from, p2m_word first,
                            p2m_word count)
{
    const uint32_t lo = (uint32_t)(first / P2M_LEAF),
                   hi = (uint32_t)((first + count - 1) / P2M_LEAF);
    const struct change_leaves *leaves = model->leaves;
    const unsigned changes = model->changes;

    while (from < changes && (leaves[from].first > hi || leaves[from].last < lo))
        from++;
    return from;
}

static void apply_from(const struct model *model, unsigned from, p2m_word *window, p2m_word first,
                       p2m_word count)
{
    while ((from = next_change(model, from, first, count)) < model->changes)
        model_apply(model, &model->change[from++], window, first, count);
}

/*
 * The last change that sets all of [first, first + count), whatever was there; the number of
 * changes if there is none.
 */
static unsigned last_of_all(const struct model *model, p2m_word first, p2m_word count)
{
    const uint32_t leaf = (uint32_t)(first / P2M_LEAF);
    const struct change_leaves *leaves = model->leaves;

    for (unsigned i = model->changes; i--;) {
        const struct change *change = &model->change[i];

        if (leaves[i].first <= leaf && leaves[i].last >= leaf && change->start <= first &&
            change->end >= first + count && change->kind <= CHANGE_IDENTITY)
            return i;
    }
    return model->changes;
}

/* Into the buffer. */
static const p2m_word *read_anew(const struct model *model, p2m_word first, p2m_word count,
                                 p2m_word *buffer)
{
    unsigned from = last_of_all(model, first, count);

    memset(buffer, 0xff, count * sizeof(*buffer));
    if (from == model->changes && count > 1) /* a part of it may be set */
        from = 0;
    apply_from(model, from, buffer, first, count);
    return buffer;
}

static bool changes_any(const struct model *model, p2m_word first, p2m_word count)
{
    return next_change(model, 0, first, count) < model->changes;
}

bool model_leaf_is_hole(const struct model *model, p2m_word first)
{
    const struct model *base;

    if (MODEL_LITERAL)
        return false;
    base = model->base ? model->base : model;
    return is_long(base) && first >= LIST_FRAMES &&
           first + P2M_LEAF <= base->builder->boot.nr_pages && !stored.leaf[first / P2M_LEAF] &&
           !(model->base && changes_any(model, first, P2M_LEAF));
}

static const p2m_word *fork_window(const struct model *fork, p2m_word first, p2m_word count,
                                   p2m_word *buffer)
{
    const p2m_word *window = model_window(fork->base, first, count, buffer);

    if (!changes_any(fork, first, count))
        return window;
    if (window != buffer)
        memcpy(buffer, window, count * sizeof(*buffer));
    apply_from(fork, 0, buffer, first, count);
    return buffer;
}

const p2m_word *model_lazy_window(const struct model *model, p2m_word first, p2m_word count,
                                  p2m_word *buffer)
{
    unsigned number;

    if (model->base)
        return fork_window(model, first, count, buffer);
    number = count == P2M_LEAF ? keep(first / P2M_LEAF) : kept.number[first / P2M_LEAF];
    if (number && first % P2M_LEAF + count <= P2M_LEAF) {
        p2m_word *entry = kept.window[number - 1].entry;

        apply_from(model, kept.window[number - 1].changes, entry, first - first % P2M_LEAF,
                   P2M_LEAF);
        kept.window[number - 1].changes = model->changes;
        return entry + first % P2M_LEAF;
    }
    return read_anew(model, first, count, buffer);
}

UNINSTRUMENTED_END
