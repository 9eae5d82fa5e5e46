/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of core share among themselves: indices and kinds of slots. */
#ifndef P2M_TREE_H
#define P2M_TREE_H

#include "access.h"
#include "p2m.h"

static inline unsigned p2m_top_index(p2m_word pfn)
{
    return (unsigned)(pfn / P2M_MID_SPAN);
}

static inline unsigned p2m_mid_index(p2m_word pfn)
{
    return (unsigned)(pfn / P2M_LEAF % P2M_MID);
}

static inline unsigned p2m_index(p2m_word pfn)
{
    return (unsigned)(pfn % P2M_LEAF);
}

static inline bool p2m_mid_is_shared(const struct p2m *p2m, p2m_word **mid)
{
    return mid == p2m->shared->mid_missing || mid == p2m->shared->mid_identity;
}

static inline bool p2m_leaf_is_shared(const struct p2m *p2m, const p2m_word *leaf)
{
    return leaf == p2m->shared->missing || leaf == p2m->shared->identity;
}

#endif
