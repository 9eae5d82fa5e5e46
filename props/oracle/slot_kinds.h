/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the flat array cannot know: which leaves and mids are missing, identity
 * or private, by rules of their own. They decide the result of __set, how many
 * pages a call may cost, and how far max_pfn must reach; no entry depends on
 * them. After a race, where more than one outcome is right, they are re-read
 * from the subject, and checks.c demands that they fit the entries.
 */
#ifndef PROPS_ORACLE_SLOT_KINDS_H
#define PROPS_ORACLE_SLOT_KINDS_H

#include "core/geometry.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

enum slot_kind { KIND_MISSING, KIND_IDENTITY, KIND_PRIVATE };

struct slot_kinds {
    unsigned mids;   /* private mids: each costs a tree page and an MFN page */
    unsigned leaves; /* private leaves that are not grafted: a tree page each */
    p2m_word max_pfn;
    uint8_t mid[P2M_TOP];
    uint8_t leaf[P2M_TOP][P2M_MID]; /* valid where the mid is private */
};

void slot_kinds_reset(struct slot_kinds *kinds);
void slot_kinds_copy(struct slot_kinds *to, const struct slot_kinds *from);

/* A table of which nothing is known but `nr_pages` grafted pages. */
void slot_kinds_build(struct slot_kinds *kinds, p2m_word nr_pages);

/* The kind of leaf `mi` of mid `ti`. */
static inline enum slot_kind slot_kinds_leaf(const struct slot_kinds *kinds, unsigned ti,
                                             unsigned mi)
{
    return (enum slot_kind)(kinds->mid[ti] == KIND_PRIVATE ? kinds->leaf[ti][mi] : kinds->mid[ti]);
}

/* The kind of the leaf that holds `pfn` (pfn < MAX_P2M_PFN). */
enum slot_kind slot_kinds_at(const struct slot_kinds *kinds, p2m_word pfn);

/* A private leaf at `pfn`, as after a set that could not do without. */
void slot_kinds_own(struct slot_kinds *kinds, p2m_word pfn);

/* [start, end) became identity (start <= end <= MAX_P2M_PFN). */
void slot_kinds_range(struct slot_kinds *kinds, p2m_word start, p2m_word end);

UNINSTRUMENTED_END

#endif
