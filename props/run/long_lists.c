// SPDX-License-Identifier: GPL-2.0-or-later
/* The limits of cases with a very long list: see long_lists.h. */
#include "long_lists.h"

#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

#define WALKED ((uint64_t)1 << 21) /* leaves of it in calls that walk all of the list */
#define STORES ((uint64_t)1 << 19) /* entries of it that ranges write */

static struct {
    uint64_t walked, stores;
} spent;

void long_lists_reset(void)
{
    spent.walked = spent.stores = 0;
}

static bool is_long(void)
{
    return LIST_FRAMES < MAX_P2M_PFN && run.c->boot.nr_pages > LIST_FRAMES &&
           !run.c->boot.auto_translated;
}

static uint64_t below(uint64_t pfn, uint64_t limit)
{
    return pfn < limit ? pfn : limit;
}

static uint64_t leaves(void)
{
    return below(run.c->boot.nr_pages, MAX_P2M_PFN) / P2M_LEAF;
}

/* Entries of the list in [start, end). */
static uint64_t listed(uint64_t start, uint64_t end)
{
    uint64_t most = below(run.c->boot.nr_pages, MAX_P2M_PFN);

    return start < end ? below(end, most) - below(start, most) : 0;
}

static void add_listed(void *sum, p2m_word start, p2m_word end)
{
    *(uint64_t *)sum += listed(start, end);
}

/* Entries of the list that the map makes identity. */
static uint64_t listed_by_map(bool domu)
{
    uint64_t sum = 0;

    oracle_identity_runs(&run.oracle, domu, add_listed, &sum);
    return sum;
}

static uint64_t stores_of(const struct op *op)
{
    if (op->kind == OP_RANGE)
        return listed(op->pfn, op->arg);
    return op->kind == OP_XEN_SET_IDENTITY ? listed_by_map(op->type) : 0;
}

static bool walks(const struct op *op)
{
    return op->kind == OP_RESUME || op->kind == OP_BUILD || op->kind == OP_PUBLISH ||
           op->kind == OP_DESTROY || op->kind == OP_XEN_SET_IDENTITY;
}

bool long_lists_allow(const struct op *op)
{
    return !is_long() || ((!walks(op) || spent.walked + leaves() <= WALKED) &&
                          spent.stores + stores_of(op) <= STORES);
}

/* Judging an overlap compares the whole table with each order of the calls. */
bool long_lists_allow_overlap(const struct op *op)
{
    return !is_long() ||
           (spent.walked + leaves() <= WALKED && spent.stores + stores_of(op) <= STORES);
}

void long_lists_note(const struct op *op)
{
    if (!is_long())
        return;
    spent.walked += walks(op) ? leaves() : 0;
    spent.stores += stores_of(op);
}

void long_lists_note_overlap(const struct op *const *calls, unsigned count)
{
    if (is_long())
        spent.walked += leaves();
    for (unsigned i = 0; i < count; i++)
        long_lists_note(calls[i]);
}

UNINSTRUMENTED_END
