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

#define MFN_MASK (((p2m_word)1 << MFN_BITS) - 1)

/* A plain MFN after one resume. */
static inline p2m_word mfn_after_resume(p2m_word mfn)
{
    return (mfn & ~MFN_MASK) | ((mfn + (p2m_word)0x2b5c3d) & MFN_MASK);
}

/* Where the MFNs of the p2m's own pages begin, if that is not drawn: of the arena, of the list's
   leaves, of the shared pages. */
#define MFN_OF_PAGES ((p2m_word)0x100000)
#define MFN_OF_LEAVES ((p2m_word)0x200000)
#define MFN_OF_SHARED ((p2m_word)0x300000)

#define MFN_OF_LIST ((p2m_word)0x400000) /* the MFN of the mfn_list's first PFN, if not drawn */

/* A frame that NVS entry `i` of the boot remaps, for a subject that does that. */
#define MFN_OF_NVS(i, page) ((p2m_word)0x500000 + (p2m_word)(i) * 0x10000 + (page))

/*
 * With the boot flag judge the tree describes its own pages, as those of a real guest do: each is
 * a PFN of the guest, and its MFN is the entry of that PFN. So the list has OWN_PAGES more pages,
 * its last ones. They are enough for all pages of a tree. Small and uneven geometries have no such
 * guests.
 */
#define OWN_PAGES (((P2M_LEAF < 256 ? 104u : 2560u) + P2M_LEAF - 1) / P2M_LEAF * P2M_LEAF)
#define OWN_PAGES_FIT                                                                              \
    (P2M_TOP == P2M_MID && P2M_MID == P2M_LEAF && MAX_P2M_PFN >= 2 * (uint64_t)OWN_PAGES)

/* True for such a guest. */
static inline bool boot_is_judged(const struct boot *boot)
{
    return OWN_PAGES_FIT && (boot->flags >> BOOT_JUDGE & 1) && !boot->auto_translated;
}

/* The first of these PFNs; nr_pages is their end. It is nr_pages for any other guest. */
static inline p2m_word boot_own_first(const struct boot *boot)
{
    uint64_t own = !boot_is_judged(boot)        ? 0
                   : boot->nr_pages < OWN_PAGES ? boot->nr_pages
                                                : OWN_PAGES;

    return (p2m_word)(boot->nr_pages - own);
}

/* The PFNs of a list that have frames: a longer one has holes from there on. */
#define LIST_FRAMES                                                                                \
    ((1u << 18) + 8 * P2M_LEAF < MAX_P2M_PFN ? (p2m_word)(1u << 18) + 8 * P2M_LEAF : MAX_P2M_PFN)

UNINSTRUMENTED_END

#endif
