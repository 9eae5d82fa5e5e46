// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A batch of grants is the hypervisor's work and the p2m's, slot by slot. What one slot
 * meets is its own affair: the others hold, or are cleared, whatever happens to it.
 */
#include "grants.h"

#include "tree.h"

static bool entry_is_foreign(p2m_word entry)
{
    return entry != INVALID_P2M_ENTRY && entry & FOREIGN_FRAME_BIT;
}

static bool none_failed(const struct p2m_grant *grants, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (grants[i].failed)
            return false;
    return true;
}

bool set_foreign_p2m_mapping(struct p2m *p2m, struct p2m_grant *grants, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        grants[i].failed = false;
    if (p2m->auto_translated)
        return true;
    p2m_platform_call(p2m, grant, true, grants, count);
    for (unsigned i = 0; i < count; i++) {
        struct p2m_grant *slot = &grants[i];

        if (slot->failed || set_phys_to_machine(p2m, slot->pfn, FOREIGN_FRAME(slot->mfn)))
            continue;
        p2m_platform_call(p2m, grant, false, slot, 1); /* nobody could find it any more */
        slot->failed = true;
    }
    return none_failed(grants, count);
}

bool clear_foreign_p2m_mapping(struct p2m *p2m, struct p2m_grant *grants, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        grants[i].failed = false;
    if (p2m->auto_translated)
        return true;
    for (unsigned i = 0; i < count; i++) {
        p2m_word entry = get_phys_to_machine(p2m, grants[i].pfn);

        grants[i].failed = !entry_is_foreign(entry);
        grants[i].mfn = entry & ~FOREIGN_FRAME_BIT;
    }
    p2m_platform_call(p2m, grant, false, grants, count);
    for (unsigned i = 0; i < count; i++)
        if (!grants[i].failed)
            __set_phys_to_machine(p2m, grants[i].pfn, INVALID_P2M_ENTRY);
    return none_failed(grants, count);
}
