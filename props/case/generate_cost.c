// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What costs the time of a hundred cases in a big tree: a very long mfn_list, since each build
 * walks it, and a range over many of its entries, since each is stored. Few cases keep it, in
 * others it is cut.
 */
#include "generate.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

#define LIST ((uint64_t)1 << 20)  /* PFNs: a longer list is cut, */
#define RANGE ((uint64_t)1 << 14) /* and a range that stores to more entries of it */
#define LISTS_KEPT 4              /* but one list of so many stays, */
#define RANGES_KEPT 16            /* and the ranges of one case of so many */

static uint64_t below(uint64_t pfn, uint64_t limit)
{
    return pfn < limit ? pfn : limit;
}

/* Cuts one end off: the higher one, or what is below the end of the list. */
static void cut(struct prng *prng, struct op *range, uint64_t listed)
{
    uint64_t stores = prng_below(prng, RANGE);
    bool is_aligned = prng_one_in(prng, 2);

    if (range->arg >= listed && prng_one_in(prng, 2)) {
        range->pfn = listed - stores;
        range->pfn -= is_aligned ? range->pfn % P2M_LEAF : 0;
    } else {
        range->arg = range->pfn + stores;
        range->arg += is_aligned ? P2M_LEAF - 1 - (range->arg - 1) % P2M_LEAF : 0;
    }
}

void generate_cut(struct prng prng, struct test_case *c)
{
    struct boot *boot = &c->boot;
    uint64_t listed;

    if (boot_max_pages(&shape_here) < MAX_P2M_PFN && boot->nr_pages > LIST &&
        !prng_one_in(&prng, LISTS_KEPT))
        boot->nr_pages %= LIST;
    listed = boot->auto_translated ? 0 : below(boot->nr_pages, MAX_P2M_PFN);
    if (listed < RANGE || prng_one_in(&prng, RANGES_KEPT))
        return;
    for (unsigned i = 0; i < c->count; i++) {
        struct op *op = &c->ops[i];

        if (op->kind == OP_RANGE && op->pfn < op->arg &&
            below(op->arg, listed) - below(op->pfn, listed) > RANGE)
            cut(&prng, op, listed);
    }
}

UNINSTRUMENTED_END
