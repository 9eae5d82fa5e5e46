// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The order of passes: see shrink.h. Each candidate must be smaller by one fixed
 * measure, so it ends; passes are repeated until none of them finds anything.
 */
#include "shrink.h"

#include <string.h>

#include "props/base/prng.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

/* ---- the measure ---- */

struct measure {
    uint64_t ops, boot, kinds, pfns, numbers, order; /* compared in this order */
};

static unsigned kind_weight(const struct op *op)
{
    static const uint8_t weight[OP_KINDS] = {
#define X(name, word, pfn, stores, entry, weight, made) weight,
        OPS(X)
#undef X
    };
    static const uint8_t entry_weight[ENTRY_KINDS] = {
        [ENTRY_MFN] = 0,       [ENTRY_INVALID] = 1,    [ENTRY_IDENTITY] = 2,
        [ENTRY_FOREIGN] = 3,   [ENTRY_MFN_IS_PFN] = 4, [ENTRY_WRONG_IDENTITY] = 5,
        [ENTRY_BOTH_BITS] = 6,
    };
    unsigned sum = 16u * weight[op->kind] + 256u * (op->at != 0) + 256u * (op->refuse != 0) +
                   256u * (op->slots != 0) + 256u * op_has_schedule(op) + 64u * op->turns +
                   32u * (op->at_keep != 0);
    uint64_t value;

    for (unsigned i = 0; i < op->turns; i++)
        sum += 32u * (op->turn[i].keep != 0);
    if (op_names_entry(op->kind))
        sum += entry_weight[entry_split(&shape_here, op->pfn, op->arg, &value)];
    if (op_reads_map(op->kind) || op->kind == OP_E820)
        sum += op->type != (op->kind == OP_E820 ? 2 : 0);
    sum += (op->start % 4096 > 0) + (op->stop % 4096 > 0);
    return sum;
}

/* Sums of large numbers do not wrap: each counts by at most 2^48. */
static uint64_t capped(uint64_t number)
{
    return number < (uint64_t)1 << 48 ? number : (uint64_t)1 << 48;
}

static uint64_t numbers_of(const struct op *op)
{
    uint64_t value = 0, points = op->at + op->at_keep;

    for (unsigned i = 0; i < op->turns; i++)
        points += op->turn[i].point + op->turn[i].keep;
    if (op_names_entry(op->kind))
        entry_split(&shape_here, op->pfn, op->arg, &value);
    if (op->kind == OP_RANGE)
        value = op->arg > op->pfn ? op->arg - op->pfn : op->pfn - op->arg;
    if (op->kind == OP_GRANT_MAP || op->kind == OP_MFN_BASE)
        value = op->arg;
    return capped(op->pfn) * 2 + capped(value) + points + op->refuse + capped(op->start) +
           capped(op->stop) + 4u * op->count + op->slots + op->type;
}

/* The same PFN twice is easier to read than two PFNs. */
static unsigned different_pfns(const struct test_case *c)
{
    unsigned count = 0;

    for (unsigned i = 0; i < c->count; i++) {
        unsigned k = 0;

        while (k < i && (!op_has_pfn(c->ops[k].kind) || c->ops[k].pfn != c->ops[i].pfn))
            k++;
        count += op_has_pfn(c->ops[i].kind) && k == i;
    }
    return count;
}

/* Of cases with the same numbers: lower PFNs and addresses come first in the case, and the first
   switch is earlier. */
static uint64_t order_of(const struct test_case *c)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < c->count; i++)
        sum += (c->count - i) * (capped(c->ops[i].pfn) + capped(c->ops[i].start)) + c->ops[i].at;
    return sum;
}

static struct measure measure(const struct test_case *c)
{
    const struct boot *boot = &c->boot;
    struct measure m = {
        .ops = c->count,
        .boot = boot->auto_translated + boot->xen_restore + (boot->refuse != 0) +
                (boot->holes != 0) + (boot->order != 0) + (unsigned)__builtin_popcount(boot->flags),
        .pfns = different_pfns(c),
        .numbers = boot->refuse + boot->holes + boot->order,
    };

    for (unsigned field = 0; field < BOOT_NUMBERS; field++) {
        m.boot += shrink_boot_number(boot, field) != 0;
        m.numbers += capped(shrink_boot_number(boot, field));
    }
    for (unsigned i = 0; i < c->count; i++) {
        m.kinds += kind_weight(&c->ops[i]);
        m.numbers += numbers_of(&c->ops[i]);
    }
    m.order = order_of(c);
    return m;
}

static bool smaller(const struct test_case *a, const struct test_case *b)
{
    struct measure x = measure(a), y = measure(b);

    if (x.ops != y.ops)
        return x.ops < y.ops;
    if (x.boot != y.boot)
        return x.boot < y.boot;
    if (x.kinds != y.kinds)
        return x.kinds < y.kinds;
    if (x.pfns != y.pfns)
        return x.pfns < y.pfns;
    if (x.numbers != y.numbers)
        return x.numbers < y.numbers;
    return x.order < y.order;
}

static bool fails(struct shrink *shrink, const struct test_case *c)
{
    if (!shrink->budget || !case_fits(c, &shape_here))
        return false;
    shrink->budget--;
    shrink->tried++;
    return shrink->fails(shrink->ctx, c);
}

static bool offer(struct shrink *shrink, struct test_case *c, const struct test_case *candidate)
{
    if (!smaller(candidate, c) || !fails(shrink, candidate))
        return false;
    *c = *candidate;
    return true;
}

#define NEAR 8 /* sync points around a late one */

/*
 * With fewer ops a call that ran inside another one comes at another sync point: each early
 * one is tried, or those around a late one, for one such call after the other.
 */
static bool offer_retimed(struct shrink *shrink, struct test_case *c,
                          const struct test_case *candidate)
{
    static struct test_case retimed;

    if (offer(shrink, c, candidate))
        return true;
    retimed = *candidate;
    for (unsigned i = 0; i < retimed.count; i++) {
        uint16_t at = retimed.ops[i].at;
        unsigned first = at > SHRINK_POINTS ? at - NEAR : 1;
        unsigned last = at > SHRINK_POINTS ? at + NEAR : SHRINK_POINTS;

        for (unsigned k = first; at && k <= last && k <= OP_POINT_MAX; k++) {
            retimed.ops[i].at = (uint16_t)k;
            if (offer(shrink, c, &retimed))
                return true;
        }
        retimed.ops[i].at = at;
    }
    return false;
}

/* ---- fewer ops ---- */

void shrink_cut(struct test_case *c, unsigned from, unsigned count)
{
    memmove(&c->ops[from], &c->ops[from + count], (c->count - from - count) * sizeof(c->ops[0]));
    c->count -= count;
}

/* Spans of half the case, of a quarter, ... of one op. */
static bool delete_spans(struct shrink *shrink, struct test_case *c)
{
    static struct test_case candidate;
    bool any = false;

    for (unsigned span = c->count; span; span /= 2)
        for (unsigned from = 0; from + span <= c->count;) {
            candidate = *c;
            shrink_cut(&candidate, from, span);
            if (offer(shrink, c, &candidate))
                any = true;
            else
                from += span > 1 ? span / 2 : 1;
        }
    return any;
}

#define SOME 64 /* so many that all pairs can be tried */

/* In a short case, with one range a leaf or two shorter: so it leaves a mid private that it would
   make identity as a whole. */
static bool offer_shorter(struct shrink *shrink, struct test_case *c,
                          const struct test_case *candidate)
{
    static struct test_case shorter;

    for (unsigned i = 0; candidate->count <= SHRINK_FEW && i < candidate->count; i++)
        for (unsigned leaves = 0; candidate->ops[i].kind == OP_RANGE && leaves < 2; leaves++) {
            uint64_t end = candidate->ops[i].arg, last = end ? (end - 1) / P2M_LEAF : 0;

            shorter = *candidate;
            shorter.ops[i].arg = (last - leaves) * P2M_LEAF;
            if (last > leaves && offer_retimed(shrink, c, &shorter))
                return true;
        }
    return false;
}

/* Two that only make sense together; or one, if the others are a bit different. */
static bool delete_few(struct shrink *shrink, struct test_case *c)
{
    static struct test_case candidate;

    for (unsigned i = 0; c->count <= SOME && i < c->count; i++) {
        candidate = *c;
        shrink_cut(&candidate, i, 1);
        if (offer_retimed(shrink, c, &candidate) || offer_shorter(shrink, c, &candidate))
            return true;
        for (unsigned k = i + 1; k < c->count; k++) {
            candidate = *c;
            shrink_cut(&candidate, k, 1);
            shrink_cut(&candidate, i, 1);
            if (offer(shrink, c, &candidate))
                return true;
        }
    }
    return false;
}

/*
 * An op before a late call, with that call at each point: a long call that finds other leaves has
 * another length. Only in a short case: these are thousands of candidates.
 */
static bool delete_before_late(struct shrink *shrink, struct test_case *c)
{
    static struct test_case candidate;

    for (unsigned late = 1; c->count <= SHRINK_FEW && late < c->count; late++) {
        unsigned last = c->ops[late].at + SHRINK_POINTS;

        for (unsigned i = 0; c->ops[late].at > SHRINK_POINTS && i < late; i++)
            for (unsigned k = 1; k <= last && k <= OP_POINT_MAX; k++) {
                candidate = *c;
                candidate.ops[late].at = (uint16_t)k;
                shrink_cut(&candidate, i, 1);
                if (offer(shrink, c, &candidate))
                    return true;
            }
    }
    return false;
}

/*
 * At the end, a range with its ends in the leaves of two sets, in the place of both. Of leaves that
 * are side by side it touches no other. False: they are none.
 */
static bool one_range(struct test_case *c, unsigned i, unsigned k, bool beside)
{
    const struct op *a = &c->ops[i], *b = &c->ops[k];
    uint64_t low = a->pfn < b->pfn ? a->pfn : b->pfn, high = a->pfn + b->pfn - low;
    uint64_t leaves = high / P2M_LEAF - low / P2M_LEAF;

    if (a->kind != OP_SET || b->kind != OP_SET || a->at || b->at || !leaves ||
        (beside && leaves > 1))
        return false;
    shrink_cut(c, k, 1);
    shrink_cut(c, i, 1);
    c->ops[c->count++] = (struct op){
        .kind = OP_RANGE, .pfn = low - low % P2M_LEAF + 1, .arg = high - high % P2M_LEAF + 1};
    return true;
}

static bool range_for_sets(struct shrink *shrink, struct test_case *c)
{
    static struct test_case candidate;

    for (unsigned wide = 0; c->count <= SOME && wide < 2; wide++)
        for (unsigned i = 0; i < c->count; i++)
            for (unsigned k = i + 1; k < c->count; k++) {
                candidate = *c;
                if (one_range(&candidate, i, k, !wide) && offer(shrink, c, &candidate))
                    return true;
            }
    return false;
}

/* Also with each batch of grants at the lowest PFNs, where the boot may have put a leaf. */
static bool offer_lower_batch(struct shrink *shrink, struct test_case *c,
                              const struct test_case *candidate)
{
    static struct test_case lower;

    if (offer_retimed(shrink, c, candidate))
        return true;
    lower = *candidate;
    for (unsigned i = 0; i < lower.count; i++) {
        struct op *op = &lower.ops[i], before = *op;

        for (unsigned pfn = 0; op_is_grant(op->kind) && pfn <= SHRINK_FEW; pfn++) {
            op->pfn = pfn;
            if (offer(shrink, c, &lower))
                return true;
        }
        *op = before;
    }
    return false;
}

/* ---- plainer ops ---- */

static bool simplify(struct shrink *shrink, struct test_case *c)
{
    bool any = false;

    while (shrink_boot(shrink, c, offer))
        any = true;
    for (unsigned i = 0; i < c->count; i++)
        while (shrink_op(shrink, c, i, offer))
            any = true;
    while (shrink_pfns(shrink, c, offer))
        any = true;
    while (shrink_map(shrink, c, offer))
        any = true;
    return any;
}

#define DEAR (1u << 20) /* pages of a list that use up the budget before all moves were tried */

void shrink_case(struct shrink *shrink, struct test_case *c)
{
    bool any = true;

    while (any && shrink->budget) {
        any = delete_spans(shrink, c);
        if (c->boot.nr_pages > DEAR)
            any = shrink_to_boot(shrink, c, offer, offer_lower_batch) || any;
        any = simplify(shrink, c) || any;
        any = any || delete_few(shrink, c) || range_for_sets(shrink, c) ||
              shrink_to_boot(shrink, c, offer, offer_lower_batch) ||
              delete_before_late(shrink, c) || shrink_few(shrink, c, offer, offer_retimed);
    }
}

/* ---- from another geometry ---- */

/* Candidate i of the sync points: as it is, then each call inside another at each of them. */
static bool fails_at_some_moment(struct shrink *shrink, struct test_case *c)
{
    if (fails(shrink, c))
        return true;
    for (unsigned i = 0; i < c->count; i++) {
        uint16_t at = c->ops[i].at;

        for (unsigned k = 1; at && k <= SHRINK_POINTS; k++) {
            c->ops[i].at = (uint16_t)k;
            if (fails(shrink, c))
                return true;
        }
        c->ops[i].at = at;
    }
    return false;
}

bool shrink_adapt(struct shrink *shrink, struct test_case *c, bool with_other_ops)
{
    static struct test_case candidate;
    struct op op;

    candidate = *c;
    if (fails_at_some_moment(shrink, &candidate)) {
        *c = candidate;
        return true;
    }
    for (unsigned i = 0; with_other_ops && c->count <= SHRINK_FEW && i < c->count; i++)
        for (unsigned n = 0; shrink->budget && shrink_any_op(c, n, &op); n++) {
            candidate = *c;
            op.at = c->ops[i].at;
            op.refuse = c->ops[i].refuse;
            candidate.ops[i] = op;
            if (fails_at_some_moment(shrink, &candidate)) {
                *c = candidate;
                return true;
            }
        }
    return false;
}

/* ---- irrelevant arguments ---- */

#define TRIES 12

static uint64_t another_pfn(struct prng *prng, unsigned n)
{
    uint64_t max = shape_max_pfn(&shape_here);

    return n == 0 ? 0 : n == 1 ? max - 1 : prng_below(prng, max);
}

static bool any_pfn(struct shrink *shrink, const struct test_case *c, unsigned i)
{
    static struct test_case other;
    struct prng prng = {i};

    for (unsigned n = 0; n < TRIES; n++) {
        other = *c;
        op_move(&shape_here, &other.ops[i], another_pfn(&prng, n));
        if (!fails(shrink, &other))
            return false;
    }
    return true;
}

/* Another value of an entry of the same kind, another end of a range. */
static bool any_arg(struct shrink *shrink, const struct test_case *c, unsigned i)
{
    static struct test_case other;
    struct prng prng = {~(uint64_t)i};
    enum entry_kind kind;
    uint64_t value;

    for (unsigned n = 0; n < TRIES; n++) {
        struct op *op = &other.ops[i];

        other = *c;
        if (op->kind == OP_RANGE) {
            op->arg = op->pfn + 1 + (n ? prng_below(&prng, shape_max_pfn(&shape_here)) : 0);
        } else {
            kind = entry_split(&shape_here, op->pfn, op->arg, &value);
            if (kind != ENTRY_MFN && kind != ENTRY_FOREIGN)
                return false;
            op->arg = entry_join(&shape_here, op->pfn, kind, prng_below(&prng, 1u << 28));
        }
        if (!fails(shrink, &other))
            return false;
    }
    return true;
}

void shrink_mark(struct shrink *shrink, const struct test_case *c, struct shrink_marks *marks)
{
    memset(marks, 0, sizeof(*marks));
    for (unsigned i = 0; i < c->count; i++) {
        if (!op_has_pfn(c->ops[i].kind))
            continue;
        marks->any[i].pfn = any_pfn(shrink, c, i);
        if (op_stores(c->ops[i].kind))
            marks->any[i].arg = any_arg(shrink, c, i);
    }
}

UNINSTRUMENTED_END
