/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Eight slots at a time, without a branch, so that it vectorises: in a big tree nearly
 * all slots of a private mid are shared, and whoever walks it may pass over those.
 */
#ifndef PROPS_CHECK_SLOT_BLOCKS_H
#define PROPS_CHECK_SLOT_BLOCKS_H

#include <string.h>

#include "props/oracle/slot_kinds.h"

UNINSTRUMENTED_BEGIN

#define SLOTS 8
#define BY_SLOTS (P2M_MID > SLOTS && P2M_MID % SLOTS == 0)

/* Does a block of slots start at `mi`? */
static inline bool slots_start(unsigned mi)
{
    return BY_SLOTS && mi % SLOTS == 0 && mi < P2M_MID;
}

static inline bool slots_are(p2m_word *const *slot, const p2m_word *leaf)
{
    uintptr_t differ = 0;

    for (unsigned i = 0; i < SLOTS; i++)
        differ |= (uintptr_t)slot[i] ^ (uintptr_t)leaf;
    return !differ;
}

static inline bool slots_hold(const p2m_word *mfn, p2m_word value)
{
    p2m_word differ = 0;

    for (unsigned i = 0; i < SLOTS; i++)
        differ |= mfn[i] ^ value;
    return !differ;
}

/* The kind of them all; KIND_PRIVATE if one is, or they are not alike. */
static inline enum slot_kind slots_kind(const uint8_t *kinds)
{
    uint64_t all;

    memcpy(&all, kinds, sizeof(all));
    if (all == UINT64_C(0x0101010101010101) * KIND_MISSING)
        return KIND_MISSING;
    return all == UINT64_C(0x0101010101010101) * KIND_IDENTITY ? KIND_IDENTITY : KIND_PRIVATE;
}

/* Are all of them the shared leaf that their kinds say? */
static inline bool slots_shared(p2m_word *const *slot, const uint8_t *kinds,
                                const p2m_word *missing, const p2m_word *identity)
{
    enum slot_kind kind = slots_kind(kinds);

    return kind != KIND_PRIVATE && slots_are(slot, kind == KIND_MISSING ? missing : identity);
}

UNINSTRUMENTED_END

#endif
