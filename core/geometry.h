/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shape of the tree: how many slots a top page, a mid page and a leaf page
 * have, and how wide an entry is. All four are compile-time constants, so that
 * the same source is the 512 x 512 x 512 tree of a 64-bit guest, the 1024^3
 * tree of a 32-bit one, and small trees in which neighbours meet all the time.
 *
 *     top page          mid page          leaf page
 *     [P2M_TOP]  ---->  [P2M_MID]  ---->  [P2M_LEAF]  entries (P2M_WORD_BITS)
 *
 * Nothing asks for powers of two.
 */
#ifndef P2M_GEOMETRY_H
#define P2M_GEOMETRY_H

#include <stddef.h>
#include <stdint.h>

#ifndef P2M_TOP
#define P2M_TOP 512
#define P2M_MID 512
#define P2M_LEAF 512
#define P2M_WORD_BITS 64
#endif

/* A PFN, an MFN or an entry: the guest's unsigned long. */
#if P2M_WORD_BITS == 64
typedef uint64_t p2m_word;
#elif P2M_WORD_BITS == 32
typedef uint32_t p2m_word;
#else
#error "P2M_WORD_BITS is 32 or 64"
#endif

/* PFNs that one slot of the top page covers, "a mid range": 1 GiB on 64 bit. */
#define P2M_MID_SPAN ((p2m_word)P2M_MID * P2M_LEAF)

/* One past the highest PFN that the tree can hold (the kernel's name). */
#define MAX_P2M_PFN ((p2m_word)P2M_TOP * P2M_MID_SPAN)

/* Entries: see p2m.h. */
#define INVALID_P2M_ENTRY (~(p2m_word)0)
#define FOREIGN_FRAME_BIT ((p2m_word)1 << (P2M_WORD_BITS - 1))
#define IDENTITY_FRAME_BIT ((p2m_word)1 << (P2M_WORD_BITS - 2))
#define FOREIGN_FRAME(mfn) ((p2m_word)(mfn) | FOREIGN_FRAME_BIT)
#define IDENTITY_FRAME(pfn) ((p2m_word)(pfn) | IDENTITY_FRAME_BIT)

#define P2M_MAX_(a, b) ((a) > (b) ? (a) : (b))

/* Bytes of a page: any page of the tree or of the MFN tree fits into one. */
#define P2M_PAGE_BYTES                                                                             \
    P2M_MAX_(P2M_LEAF * sizeof(p2m_word), P2M_MAX_(P2M_MAX_(P2M_TOP, P2M_MID) * sizeof(void *),    \
                                                   P2M_MAX_(P2M_TOP, P2M_MID) * sizeof(p2m_word)))

_Static_assert(P2M_TOP >= 1 && P2M_MID >= 1 && P2M_LEAF >= 1, "a page has at least one slot");
_Static_assert((uint64_t)P2M_TOP *P2M_MID *P2M_LEAF <= (uint64_t)1 << (P2M_WORD_BITS - 2),
               "a PFN stays clear of IDENTITY_FRAME_BIT");

#endif
