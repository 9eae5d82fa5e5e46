// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls that overlap must look as if they had run one after another, in one of
 * their orders, a range counting as a sequence of one-PFN steps. Tried first are
 * the orders of whole calls; then those with one range cut in two, the parts in
 * their order and the other calls between or around them. One cut is enough: of
 * a range, a call that touches one PFN only sees whether the step at its PFN came
 * before it, and whether the range has yet changed that PFN's leaf: made it private,
 * or identity as a whole. A call that ended before another began comes first; else order is free.
 * With store buffers the steps of a range have no order: one that finds nothing to store is over
 * before the older stores of the range are seen.
 * xen_set_identity is a sequence of ranges, and thus of one-PFN steps as well: it is cut likewise.
 */
#include "linearize.h"

#include <stdio.h>

#include "props/base/uninstrumented.h"
#include "props/check/checks.h"

UNINSTRUMENTED_BEGIN

#define ATOMS (OVERLAP_CALLS + 1)

static struct {
    const struct op *call[ATOMS]; /* whole calls, and parts of a range */
    unsigned owner[ATOMS];        /* which call it is (a part) of */
    unsigned count;
    const uint64_t *want;              /* results by owner */
    const struct overlap_order *order; /* by owner */
    struct oracle *fork;
} atoms;

/*
 * A subject with rules of its own may add a page and store the entry in two steps. In
 * between a __set finds the page, as it would after a set that stored nothing: it is one.
 */
static uint64_t call_as(unsigned i)
{
    struct op op = *atoms.call[i];

    if (op.kind == OP_XEN_SET_IDENTITY)
        return oracle_identity_between(atoms.fork, op.type, (p2m_word)op.pfn, (p2m_word)op.arg);

    if (run.subject->custom_layout && op.kind == OP_SET_NOALLOC && atoms.want[atoms.owner[i]])
        op.kind = OP_SET;
    return oracle_call(atoms.fork, &op);
}

static bool order_fits(const unsigned *order)
{
    uint64_t result[OVERLAP_CALLS] = {0};
    p2m_word pfn;

    oracle_fork(atoms.fork, &run.oracle);
    for (unsigned i = 0; i < atoms.count; i++)
        result[atoms.owner[order[i]]] += call_as(order[i]);
    for (unsigned i = 0; i < atoms.count; i++)
        if (result[atoms.owner[i]] != atoms.want[atoms.owner[i]])
            return false;
    return checks_entries_match(atoms.fork, &pfn);
}

/* Must atom k come before atom i? Parts of one range in their order; no call before it began. */
static bool precedes(unsigned k, unsigned i)
{
    if (atoms.owner[k] == atoms.owner[i])
        return k < i && !run_is_tso();
    return atoms.order->before[atoms.owner[k]][atoms.owner[i]];
}

/* All orders of the atoms from `filled` on. */
static bool any_order_fits(unsigned *order, unsigned placed, unsigned filled)
{
    if (filled == atoms.count)
        return order_fits(order);
    for (unsigned i = 0; i < atoms.count; i++) {
        bool possible = !(placed >> i & 1);

        for (unsigned k = 0; k < atoms.count; k++)
            possible = possible && (k == i || (placed >> k & 1) || !precedes(k, i));
        order[filled] = i;
        if (possible && any_order_fits(order, placed | 1u << i, filled + 1))
            return true;
    }
    return false;
}

/* Cuts call `which` before `pfn` and tries all orders; false if that is no cut. */
static bool cut_fits(const struct op *const *call, unsigned count, unsigned which, uint64_t pfn)
{
    struct op parts[2] = {*call[which], *call[which]};
    unsigned order[ATOMS] = {0};

    if (pfn <= call[which]->pfn || pfn >= call[which]->arg || pfn >= MAX_P2M_PFN)
        return false;
    parts[0].arg = pfn;
    parts[1].pfn = pfn;
    atoms.count = 0;
    for (unsigned i = 0; i < count; i++) {
        atoms.owner[atoms.count] = i;
        atoms.call[atoms.count++] = i == which ? &parts[0] : call[i];
        if (i == which) {
            atoms.owner[atoms.count] = i;
            atoms.call[atoms.count++] = &parts[1];
        }
    }
    return any_order_fits(order, 0, 0);
}

/* The calls, where one that reads the map is one on all of the table. */
static const struct op *const *spread(const struct op *const *call, unsigned count)
{
    static struct op op[OVERLAP_CALLS];
    static const struct op *to[OVERLAP_CALLS];

    for (unsigned i = 0; i < count; i++) {
        op[i] = *call[i];
        if (op[i].kind == OP_XEN_SET_IDENTITY) {
            op[i].pfn = 0;
            op[i].arg = MAX_P2M_PFN;
        }
        to[i] = &op[i];
    }
    return to;
}

static bool can_be_cut(const struct op *op)
{
    return op->kind == OP_RANGE || op->kind == OP_XEN_SET_IDENTITY;
}

struct first {
    uint64_t from, found; /* PFNs */
};

static void first_of_run(void *ctx, p2m_word start, p2m_word end)
{
    struct first *first = ctx;

    if (first->found == MAX_P2M_PFN && end > first->from)
        first->found = start > first->from ? start : first->from;
}

/* The first PFN from `pfn` on that the call makes identity; MAX_P2M_PFN: none. */
static uint64_t first_step(const struct op *op, uint64_t pfn)
{
    struct first first = {pfn, MAX_P2M_PFN};

    if (op->kind == OP_RANGE)
        return pfn > op->pfn ? pfn : op->pfn;
    oracle_identity_runs(&run.oracle, op->type, first_of_run, &first);
    return first.found;
}

bool linearize(const struct op *const *call, const uint64_t *result,
               const struct overlap_order *real, unsigned count, struct oracle *fork)
{
    unsigned order[ATOMS] = {0};

    call = spread(call, count);
    atoms.want = result;
    atoms.order = real;
    atoms.fork = fork;
    atoms.count = count;
    for (unsigned i = 0; i < count; i++) {
        atoms.call[i] = call[i];
        atoms.owner[i] = i;
    }
    if (any_order_fits(order, 0, 0))
        return true;
    for (unsigned which = 0; which < count; which++)
        for (unsigned other = 0; can_be_cut(call[which]) && other < count; other++) {
            uint64_t pfn = call[other]->pfn, leaf = pfn - pfn % P2M_LEAF;
            const uint64_t cuts[] = {pfn, pfn + 1, leaf, first_step(call[which], leaf) + 1,
                                     leaf + P2M_LEAF};

            for (unsigned i = 0; other != which && i < sizeof(cuts) / sizeof(cuts[0]); i++)
                if (cut_fits(call, count, which, cuts[i]))
                    return true;
        }
    return false;
}

void linearize_why(const struct op *const *call, const uint64_t *result, unsigned count,
                   struct oracle *fork, char *text, size_t size)
{
    p2m_word pfn;

    oracle_fork(fork, &run.oracle);
    for (unsigned i = 0; i < count; i++) {
        uint64_t want = oracle_call(fork, call[i]);

        if (want == result[i])
            continue;
        snprintf(text, size, "%s 0x%llx would answer 0x%llx, it answered 0x%llx",
                 op_names[call[i]->kind], (unsigned long long)call[i]->pfn,
                 (unsigned long long)want, (unsigned long long)result[i]);
        return;
    }
    if (checks_entries_match(fork, &pfn))
        pfn = 0;
    snprintf(text, size, "PFN 0x%llx would read 0x%llx, it reads 0x%llx", (unsigned long long)pfn,
             (unsigned long long)model_get(&fork->model, pfn),
             (unsigned long long)run.subject->get(pfn));
}

UNINSTRUMENTED_END
