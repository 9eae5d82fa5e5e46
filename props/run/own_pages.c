// SPDX-License-Identifier: GPL-2.0-or-later
/* The pages of a guest that hold its own tree: see own_pages.h. */
#include "own_pages.h"

#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

/* Is one of the own pages in [start, end)? */
static bool any_in(uint64_t start, uint64_t end)
{
    return start < end && start < run.c->boot.nr_pages && end > boot_own_first(&run.c->boot);
}

static bool any_becomes_identity(bool domu)
{
    uint64_t page = boot_own_first(&run.c->boot), until;
    bool any = false;

    for (; page < run.c->boot.nr_pages && !any; page = until > page ? until : page + 1)
        any = oracle_page_is_identity(run.oracle.e820, run.oracle.e820_count, domu, page, &until);
    return any;
}

bool own_pages_allow(const struct op *op)
{
    if (!boot_is_judged(&run.c->boot))
        return true;
    switch ((enum op_kind)op->kind) {
    case OP_SET:
    case OP_SET_NOALLOC:
        return !any_in(op->pfn, op->pfn + 1);
    case OP_RANGE:
        return !any_in(op->pfn, op->arg);
    case OP_XEN_SET_IDENTITY:
        return !any_becomes_identity(op->type);
    case OP_GRANT_MAP:
        return !any_in(op->pfn, op->pfn + op->count);
    case OP_LIST: /* the builder takes none of these PFNs */
    case OP_GET:
    case OP_PFN_TO_MFN:
    case OP_RESUME:
    case OP_E820:
    case OP_GRANT_UNMAP: /* none of these entries is foreign */
    case OP_BUILD:
    case OP_PUBLISH:
    case OP_DESTROY:
    case OP_IDENTITY_RANGES:
    case OP_MFN_BASE:
        break;
    }
    return true;
}

void own_pages_fit(struct boot *boot)
{
    uint64_t lent = boot_max_pages(&shape_here), most = lent < MAX_P2M_PFN ? lent : MAX_P2M_PFN;

    if (boot_is_judged(boot))
        boot->nr_pages = boot->nr_pages < most - OWN_PAGES ? boot->nr_pages + OWN_PAGES : most;
}

UNINSTRUMENTED_END
