/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The specification: a flat array of MAX_P2M_PFN entries, all INVALID at first.
 * Every modification is one of the five changes below, and a
 * change is applied to a window of the array, [first, first + count).
 *
 * In a small geometry the window is the whole table: a literal array. In a big
 * one the changes are recorded, and a window is computed when it is read, by
 * applying all of them in order (model_lazy.c); a test compares the two.
 */
#ifndef PROPS_ORACLE_MODEL_H
#define PROPS_ORACLE_MODEL_H

#include <stdbool.h>

#include "props/base/uninstrumented.h"
#include "props/case/builder.h"

UNINSTRUMENTED_BEGIN

struct change {
    enum {
        CHANGE_LIST,       /* the builder's list: PFN p gets its entry */
        CHANGE_ENTRY,      /* becomes `entry` */
        CHANGE_IDENTITY,   /* PFN p becomes the identity frame of p */
        CHANGE_RENUMBERED, /* plain MFNs become those after a resume */
        CHANGE_FLATTENED,  /* all except plain MFNs becomes INVALID */
    } kind;
    p2m_word start, end; /* of these PFNs; the window may be elsewhere */
    p2m_word entry;
};

/* The leaves that a change is in, the last one included: what a window looks at first. */
struct change_leaves {
    uint32_t first, last;
};

#define MODEL_LITERAL (MAX_P2M_PFN <= 4096)
#define MODEL_CHANGES 65536 /* more than 256 ops can make */

struct model {
    bool literal;
    const struct builder *builder; /* the source of CHANGE_LIST; set before one */
    const struct model *base;      /* a fork: unchanged entries; else NULL */
    unsigned changes, most;
    struct change *change;
    struct change_leaves *leaves; /* of each */
    p2m_word flat[MODEL_LITERAL ? MAX_P2M_PFN : 1];
};

/* All INVALID. `literal` needs a small geometry. Only one such model exists at a time. */
void model_reset(struct model *model, bool literal);

/* `fork` becomes a fork of `base`, which must not change meanwhile. */
void model_fork(struct model *fork, const struct model *base);

/* Commits the fork: `base` gets its changes. */
void model_adopt(struct model *base, const struct model *fork);

/* One change; start <= end <= MAX_P2M_PFN. */
void model_change(struct model *model, struct change change);

/* The entries [first, first + count), in the array itself or put into `buffer`. */
const p2m_word *model_window(const struct model *model, p2m_word first, p2m_word count,
                             p2m_word *buffer);

/* The entry of `pfn`; INVALID beyond the table. */
p2m_word model_get(const struct model *model, p2m_word pfn);

/*
 * True if no call has stored in the leaf at `first` and the builder has only holes there: it
 * reads INVALID. Only asked where a list may be longer than its frames (LIST_FRAMES).
 */
bool model_leaf_is_hole(const struct model *model, p2m_word first);

/* Applies a change to `window`, which holds [first, first + count) of the array. */
void model_apply(const struct model *model, const struct change *change, p2m_word *window,
                 p2m_word first, p2m_word count);

/* model_window without an array (model_lazy.c), and the end of its cache. */
const p2m_word *model_lazy_window(const struct model *model, p2m_word first, p2m_word count,
                                  p2m_word *buffer);
void model_lazy_forget(void);

/* Notes what a change stores, for model_leaf_is_hole. */
void model_lazy_note(const struct model *model, const struct change *change);

UNINSTRUMENTED_END

#endif
