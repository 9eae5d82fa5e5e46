/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The specification: a flat array of MAX_P2M_PFN entries, all INVALID at first.
 * Everything that can happen to it is one of the five changes below, and a
 * change is applied to a window of the array, [first, first + count).
 *
 * In a small geometry the window is the whole table: a literal array. In a big
 * one the changes are written down, and a window is made when it is read, by
 * applying all of them in order (model_lazy.c); a test holds the one against the
 * other.
 */
#ifndef PROPS_ORACLE_MODEL_H
#define PROPS_ORACLE_MODEL_H

#include <stdbool.h>

#include "props/base/uninstrumented.h"
#include "props/case/entry.h"

UNINSTRUMENTED_BEGIN

struct change {
    enum {
        CHANGE_LIST,       /* the builder's list: PFN p gets its entry */
        CHANGE_ENTRY,      /* becomes `entry` */
        CHANGE_IDENTITY,   /* PFN p becomes the identity frame of p */
        CHANGE_RENUMBERED, /* plain MFNs become what a resume makes of them */
        CHANGE_FLATTENED,  /* all but plain MFNs becomes INVALID */
    } kind;
    p2m_word start, end; /* of these PFNs; the window may be elsewhere */
    p2m_word entry;
};

#define MODEL_LITERAL (MAX_P2M_PFN <= 4096)
#define MODEL_CHANGES 65536 /* more than 256 ops can make */

struct model {
    bool literal;
    struct boot boot;         /* what CHANGE_LIST reads from */
    const struct model *base; /* a fork: what is not changed here; else NULL */
    unsigned changes, most;
    struct change *change;
    p2m_word flat[MODEL_LITERAL ? MAX_P2M_PFN : 1];
};

/* All INVALID. `literal` needs a small geometry. There is one such model at a time. */
void model_reset(struct model *model, bool literal);

/* `fork` becomes a model that goes its own way from `base` on, which must not change meanwhile. */
void model_fork(struct model *fork, const struct model *base);

/* The fork was right: `base` does the same. */
void model_adopt(struct model *base, const struct model *fork);

/* One change; start <= end <= MAX_P2M_PFN. */
void model_change(struct model *model, struct change change);

/* The entries [first, first + count), in the array itself or put into `buffer`. */
const p2m_word *model_window(const struct model *model, p2m_word first, p2m_word count,
                             p2m_word *buffer);

/* The entry of `pfn`; INVALID beyond the table. */
p2m_word model_get(const struct model *model, p2m_word pfn);

/* What a change is: applied to `window`, which holds [first, first + count) of the array. */
void model_apply(const struct model *model, const struct change *change, p2m_word *window,
                 p2m_word first, p2m_word count);

/* model_window where the array is not there (model_lazy.c), and an end to what it keeps. */
const p2m_word *model_lazy_window(const struct model *model, p2m_word first, p2m_word count,
                                  p2m_word *buffer);
void model_lazy_forget(void);

UNINSTRUMENTED_END

#endif
