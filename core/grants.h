/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Grants: frames of another domain, mapped by the hypervisor into this one, and
 * recorded in the p2m as FOREIGN_FRAME(mfn). The p2m keeps no book of them: a slot
 * is a grant's if its entry has the FOREIGN bit.
 */
#ifndef P2M_GRANTS_H
#define P2M_GRANTS_H

#include "p2m.h"

/*
 * Maps a batch of `count` grants and makes FOREIGN_FRAME(mfn) the entry of each pfn.
 * The PFNs are distinct, and none of them is mapped already. A slot that the hypervisor
 * refuses, or whose entry cannot be stored (a page was refused, or pfn >= MAX_P2M_PFN),
 * is not mapped afterwards, `failed`, and reads as before; the others hold. True if no
 * slot failed. An auto-translated guest stores nothing and asks nobody: true.
 * Kernel: gnttab_map_refs() with set_foreign_p2m_mapping().
 */
bool set_foreign_p2m_mapping(struct p2m *p2m, struct p2m_grant *grants, unsigned count);

/*
 * Unmaps a batch: each slot whose entry is FOREIGN is unmapped and becomes INVALID. A slot
 * with another entry is `failed` and unchanged; the others are cleared. True
 * if no slot failed. `mfn` of a slot becomes that of its entry. An auto-translated guest:
 * true. Kernel: gnttab_unmap_refs() with clear_foreign_p2m_mapping().
 */
bool clear_foreign_p2m_mapping(struct p2m *p2m, struct p2m_grant *grants, unsigned count);

#endif
