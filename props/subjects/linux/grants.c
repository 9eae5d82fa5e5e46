// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Grants, on the harness's side of platform.h: the hypervisor's book, and the batches that
 * are not made. See grants.inc for the kernel's side.
 */
#include "grants_skipped.h"
#include "platform.h"
#include "props/base/uninstrumented.h"
#include "props/check/run.h"

UNINSTRUMENTED_BEGIN

void linux_grant(bool map, unsigned long pfn, unsigned long mfn)
{
    struct p2m_grant slot = {(p2m_word)pfn, (p2m_word)mfn, false};

    host_grant(map, &slot, 1);
}

unsigned linux_refused_slots(void)
{
    unsigned slots = host.grants_refused;

    host.grants_refused = 0; /* linux_grant is told of none */
    return slots;
}

void linux_grant_wrong(const char *what, unsigned long pfn)
{
    violated(GRANTS_ACCOUNTED, "%s (0x%lx)", what, pfn);
}

bool grants_are_possible(const struct op *op)
{
    unsigned long pages = linux_file.covers ? linux_file.covers() : (unsigned long)MAX_P2M_PFN;

    return op->pfn < pages && op->count <= pages - op->pfn;
}

static bool is_stripped(unsigned long entry)
{
    return linux_file.unmap_restores && entry != INVALID_P2M_ENTRY &&
           entry & (ENTRY_IDENTITY_BIT | ENTRY_FOREIGN_BIT);
}

uint64_t grants_show(const struct op *op)
{
    uint64_t shows = 0;

    if (run.c->boot.auto_translated)
        return 0;
    if (linux_file.foreign_bit != ENTRY_FOREIGN_BIT)
        shows |= (uint64_t)1 << LINUX_A2;
    for (unsigned i = 0; op->kind == OP_GRANT_MAP && i < op->count; i++) {
        struct linux_call call = {.kind = LINUX_SET,
                                  .pfn = op->pfn + i,
                                  .arg = oracle_grant_mfn(op, i) | ENTRY_FOREIGN_BIT};

        shows |= linux_file.shows(&call);
        if (is_stripped(linux_file.get(call.pfn)))
            shows |= (uint64_t)1 << LINUX_B18;
    }
    return shows;
}

UNINSTRUMENTED_END
