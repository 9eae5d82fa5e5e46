/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the firmware's memory map to identity ranges: what is no RAM, and the
 * holes between, is mapped 1-1, so that a driver's idea of a physical address
 * there is the machine's. Kernel: xen_set_identity() of arch/x86/xen/setup.c.
 */
#ifndef P2M_E820_H
#define P2M_E820_H

#include "p2m.h"

#define P2M_E820_PAGE 4096u /* bytes of an E820 PFN, in every geometry */

enum p2m_e820_type { /* the firmware's numbers; any other is just "not RAM" */
                     P2M_E820_RAM = 1,
                     P2M_E820_RESERVED = 2,
                     P2M_E820_ACPI = 3,
                     P2M_E820_NVS = 4,
                     P2M_E820_UNUSABLE = 5,
};

struct p2m_e820_entry {
    uint64_t start; /* bytes */
    uint64_t end;   /* bytes, exclusive; end <= start: an empty entry */
    uint32_t type;
};

/* The identity range [start, end), in PFNs; called in ascending order. */
typedef void p2m_e820_range_fn(void *ctx, p2m_word start, p2m_word end);

/*
 * Reports every identity range of `map` (`count` entries, in any order, with any
 * overlap) to `fn`. Looked at is [low, end): low is 0, or 1 MiB for a domU; end
 * is the highest end of any non-empty entry. A byte there is unusable if any
 * UNUSABLE entry covers it; else identity if an entry that is not RAM covers it,
 * or none at all; else RAM. Each maximal run of identity bytes becomes the PFNs
 * [ceil(start / 4096), floor(end / 4096)), clamped to MAX_P2M_PFN; a range that
 * is empty then is not reported. Takes time count^2 and no memory.
 */
void p2m_e820_identity_ranges(const struct p2m_e820_entry *map, unsigned count, bool domu,
                              p2m_e820_range_fn *fn, void *ctx);

/*
 * Makes these ranges identity in `p2m`. Answers the number of PFNs that
 * set_phys_range_identity reported in all. Kernel: xen_set_identity().
 */
p2m_word xen_set_identity(struct p2m *p2m, const struct p2m_e820_entry *map, unsigned count,
                          bool domu);

#endif
