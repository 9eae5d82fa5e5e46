/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries and MFNs in this geometry: the bits of an entry, the effect of a resume on an
 * MFN, and the domain builder's entry for a PFN. The harness defines the two bits itself,
 * so that a wrong one in the core is found.
 */
#ifndef PROPS_CASE_ENTRY_H
#define PROPS_CASE_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/geometry.h"
#include "ops.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

#define ENTRY_FOREIGN_BIT ((p2m_word)1 << (P2M_WORD_BITS - 1))
#define ENTRY_IDENTITY_BIT ((p2m_word)1 << (P2M_WORD_BITS - 2))
#define ENTRY_IDENTITY_OF(pfn) ((p2m_word)(pfn) | ENTRY_IDENTITY_BIT)

/* Neither INVALID nor marked as foreign or identity: a frame of this domain. */
static inline bool entry_is_plain(p2m_word entry)
{
    return !(entry & (ENTRY_FOREIGN_BIT | ENTRY_IDENTITY_BIT));
}

/* The result of pfn_to_mfn for an entry. */
static inline p2m_word entry_mfn(p2m_word entry)
{
    return entry == INVALID_P2M_ENTRY ? entry : entry & ~(ENTRY_FOREIGN_BIT | ENTRY_IDENTITY_BIT);
}

/* The IDENTITY bit belongs to INVALID and to this very PFN's identity only. */
static inline bool entry_is_sound(p2m_word pfn, p2m_word entry)
{
    return !(entry & ENTRY_IDENTITY_BIT) || entry == INVALID_P2M_ENTRY ||
           entry == ENTRY_IDENTITY_OF(pfn);
}

/*
 * Plain MFNs are [0, 2^MFN_BITS); a resume maps them by one fixed bijection, those of
 * the p2m's own pages included.
 */
#define MFN_BITS (P2M_WORD_BITS == 64 ? 48 : 30)

/* A plain MFN after one resume. */
static inline p2m_word mfn_after_resume(p2m_word mfn)
{
    p2m_word mask = ((p2m_word)1 << MFN_BITS) - 1;

    return (mfn & ~mask) | ((mfn + (p2m_word)0x2b5c3d) & mask);
}

#define MFN_OF_LIST ((p2m_word)0x400000) /* the MFN of the mfn_list's first PFN */

/* A frame that NVS entry `i` of the boot remaps, for a subject that does that. */
#define MFN_OF_NVS(i, page) ((p2m_word)0x500000 + (p2m_word)(i) * 0x10000 + (page))

/* The builder's entry for `pfn` (pfn < nr_pages): an MFN, or INVALID at a hole. */
static inline p2m_word entry_of_list(const struct boot *boot, p2m_word pfn)
{
    unsigned scattered = (uint32_t)pfn * 0x9e3779b1u >> 24;

    return scattered < boot->holes ? INVALID_P2M_ENTRY : MFN_OF_LIST + pfn;
}

UNINSTRUMENTED_END

#endif
