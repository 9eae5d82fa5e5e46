// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The arithmetic of PFNs: the three indices of core/tree.h, and mid_part_end of core/p2m.c, which
 * cuts a range where a mid ends. Nothing here has a loop, so that each proof is one of all PFNs.
 */
#include "core/p2m.c" /* NOLINT(bugprone-suspicious-include): its static functions */
#include "proof.h"

/* The PFN with these indices. */
static p2m_word join(unsigned top, unsigned mid, unsigned leaf)
{
    return ((p2m_word)top * P2M_MID + mid) * P2M_LEAF + leaf;
}

/* Each PFN has a place of its own: its indices lead to slots, and from them back to it. */
void proof_index(void)
{
    p2m_word pfn = nondet_word();

    GIVEN(pfn < MAX_P2M_PFN);
    SHOW(pfn);
    PROVE(p2m_top_index(pfn) < P2M_TOP, "the top index is a slot");
    PROVE(p2m_mid_index(pfn) < P2M_MID, "the mid index is a slot");
    PROVE(p2m_index(pfn) < P2M_LEAF, "the leaf index is a slot");
    PROVE(join(p2m_top_index(pfn), p2m_mid_index(pfn), p2m_index(pfn)) == pfn,
          "the indices lead back to the PFN");
}

/* Each place has a PFN: no slot is out of reach. */
void proof_index_inverse(void)
{
    unsigned top = nondet_uint32(), mid = nondet_uint32(), leaf = nondet_uint32();
    p2m_word pfn = join(top, mid, leaf);

    GIVEN(top < P2M_TOP && mid < P2M_MID && leaf < P2M_LEAF);
    SHOW(pfn);
    PROVE(pfn < MAX_P2M_PFN, "a slot has a PFN");
    PROVE(p2m_top_index(pfn) == top, "the top index is that of the slot");
    PROVE(p2m_mid_index(pfn) == mid, "the mid index is that of the slot");
    PROVE(p2m_index(pfn) == leaf, "the leaf index is that of the slot");
}

/* A range is cut behind the last PFN of the mid of its first one, and not elsewhere. */
void proof_mid_part_end(void)
{
    p2m_word lo = nondet_word(), end = nondet_word(), cut, pfn = nondet_word();

    GIVEN(lo < end && end <= MAX_P2M_PFN);
    SHOW(lo);
    SHOW(end);
    SHOW(pfn);
    cut = mid_part_end(lo, end);
    PROVE(lo < cut && cut <= end, "the part is not empty and lies in the range");
    GIVEN(lo <= pfn && pfn < end);
    PROVE((pfn < cut) == (p2m_top_index(pfn) == p2m_top_index(lo)),
          "the part has the PFNs of the mid of the first one, and no other");
}
