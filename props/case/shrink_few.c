// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Moves of the shrinker for a short case, in which nearly everything can be tried: other ops in the
 * place of one or two, another order, other schedules. Without them a case stays where each single
 * change makes it pass, and which case that is depends on the case that was found.
 */
#include <string.h>

#include "props/base/uninstrumented.h"
#include "shrink.h"

UNINSTRUMENTED_BEGIN

static struct test_case candidate;

/* A candidate is cheap here; in a big tree it is not, and the candidates are limited. */
static bool is_small_tree(void)
{
    return shape_max_pfn(&shape_here) <= 4096;
}

/* ---- other schedules ---- */

static void set_schedule(struct op *op, unsigned first, unsigned second)
{
    op_clear_schedule(op);
    op->at = (uint16_t)first;
    op->turns = second > 0;
    op->turn[0].point = (uint16_t)second;
}

/* One switch, or two, at each point. */
static bool switches(struct shrink *shrink, struct test_case *c, unsigned i,
                     const struct test_case *base, shrink_offer_fn *offer)
{
    for (unsigned second = 0; second <= SHRINK_POINTS; second++)
        for (unsigned first = 1; first <= SHRINK_POINTS; first++) {
            candidate = *base;
            set_schedule(&candidate.ops[i], first, second);
            if (offer(shrink, c, &candidate))
                return true;
        }
    return false;
}

/* Op i and the next one, which it overlaps, change places. */
static void exchange(struct test_case *c, unsigned i)
{
    struct op inner = c->ops[i + 1], outer = c->ops[i];

    inner.at = outer.at;
    inner.at_from = outer.at_from;
    inner.at_keep = outer.at_keep;
    inner.turns = outer.turns;
    memcpy(inner.turn, outer.turn, sizeof(inner.turn));
    op_clear_schedule(&outer);
    c->ops[i] = inner;
    c->ops[i + 1] = outer;
}

static bool reschedule(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer)
{
    static struct test_case base;

    for (unsigned i = 0; i + 1 < c->count; i++) {
        if (!c->ops[i].at || !op_has_pfn(c->ops[i].kind))
            continue;
        base = *c;
        if (switches(shrink, c, i, &base, offer))
            return true;
        if (c->ops[i + 1].at || !op_has_pfn(c->ops[i + 1].kind))
            continue;
        exchange(&base, i);
        if (switches(shrink, c, i, &base, offer))
            return true;
    }
    return false;
}

/* Ops that do not overlap change places. */
static bool reorder(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer)
{
    for (unsigned i = 0; i + 1 < c->count; i++)
        if (!c->ops[i].at && !c->ops[i + 1].at && (!i || !c->ops[i - 1].at))
            TRY((candidate.ops[i] = c->ops[i + 1], candidate.ops[i + 1] = c->ops[i]));
    return false;
}

/* ---- one op ---- */

static bool has_plain_boot(const struct test_case *c)
{
    static struct test_case plain, other; /* without an op */

    other.boot = c->boot;
    return case_equal(&other, &plain);
}

/* The candidate, with the second switch at each point. */
static bool second_points(struct shrink *shrink, struct test_case *c, unsigned i,
                          shrink_offer_fn *offer)
{
    for (unsigned point = 1; point <= SHRINK_POINTS; point++) {
        candidate.ops[i].turn[0].point = (uint16_t)point;
        if (offer(shrink, c, &candidate))
            return true;
    }
    return false;
}

/* Any op in the place of op i, with one switch or the schedule of that; on a plain boot, too. */
static bool replace_op(struct shrink *shrink, struct test_case *c, unsigned i,
                       shrink_offer_fn *offer, shrink_offer_fn *offer_retimed)
{
    bool plain = has_plain_boot(c);
    struct op op, with_turns;

    for (unsigned n = 0; shrink->budget && shrink_any_op(c, n, &op); n++) {
        with_turns = c->ops[i];
        op.at = op_has_pfn(op.kind) ? c->ops[i].at : 0;
        with_turns.kind = op.kind;
        with_turns.pfn = op.pfn;
        with_turns.arg = op.arg;
        with_turns.refuse = 0;
        for (unsigned form = 0; form < 4; form++) {
            if ((form & 1 && (!op.at || !op_has_schedule(&c->ops[i]))) || (form & 2 && plain))
                continue;
            candidate = *c;
            candidate.ops[i] = form & 1 ? with_turns : op;
            if (form & 2)
                candidate.boot = (struct boot){0};
            if (offer_retimed(shrink, c, &candidate) ||
                (form & 1 && c->ops[i].turns && second_points(shrink, c, i, offer)))
                return true;
        }
    }
    return false;
}

static bool replace_one(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer,
                        shrink_offer_fn *offer_retimed)
{
    for (unsigned i = 0; i < c->count; i++)
        if (op_has_pfn(c->ops[i].kind) || c->ops[i].kind == OP_RESUME)
            if (replace_op(shrink, c, i, offer, offer_retimed))
                return true;
    return false;
}

/* ---- two ops ---- */

/* One op, of all that there are, in the place of ops i and k. */
static bool replace_pair(struct shrink *shrink, struct test_case *c, unsigned i, unsigned k,
                         shrink_offer_fn *offer_retimed)
{
    struct op op;

    for (unsigned n = 0; shrink->budget && shrink_any_op(c, n, &op); n++)
        for (unsigned place = 0; place < 2; place++) {
            candidate = *c;
            op.at = candidate.ops[place ? k : i].at;
            candidate.ops[place ? k : i] = op;
            shrink_cut(&candidate, place ? i : k, 1);
            if (offer_retimed(shrink, c, &candidate))
                return true;
        }
    return false;
}

/* Two sets in the place of ops i and k. */
static bool replace_by_sets(struct shrink *shrink, struct test_case *c, unsigned i, unsigned k,
                            shrink_offer_fn *offer)
{
    struct op first, second;

    for (unsigned n = 0; shrink->budget && shrink_any_op(c, n, &first); n++)
        for (unsigned m = 0; first.kind == OP_SET && shrink_any_op(c, m, &second); m++) {
            if (second.kind == OP_SET)
                TRY((candidate.ops[i] = first, candidate.ops[k] = second));
            else if (m && second.kind != OP_GET && second.kind != OP_PFN_TO_MFN)
                break; /* no set comes behind these */
        }
    return false;
}

static bool is_plain_call(const struct op *op)
{
    return op_has_pfn(op->kind) && !op->at;
}

static bool replace_pairs(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer,
                          shrink_offer_fn *offer_retimed)
{
    for (unsigned i = 0; i < c->count; i++)
        for (unsigned k = i + 1; k < c->count; k++) {
            if (replace_pair(shrink, c, i, k, offer_retimed))
                return true;
            if (is_small_tree() && c->count <= 4 && is_plain_call(&c->ops[i]) &&
                is_plain_call(&c->ops[k]) && replace_by_sets(shrink, c, i, k, offer))
                return true;
        }
    return false;
}

/* ---- entries of a memory map ---- */

#define BORDERS 6
#define ENTRIES (2 * BORDERS * BORDERS)

/* Entry number n of those around the first pages. */
static struct op map_entry(unsigned n)
{
    static const uint16_t border[BORDERS] = {0, 1, 4095, 4096, 4097, 8192};

    return (struct op){.kind = OP_E820,
                       .type = n % 2 ? 1 : 2,
                       .start = border[n / 2 % BORDERS],
                       .stop = border[n / 2 / BORDERS]};
}

/* Others in the place of entries i and k, which may be one. */
static bool replace_entries(struct shrink *shrink, struct test_case *c, unsigned i, unsigned k,
                            shrink_offer_fn *offer)
{
    for (unsigned n = 0; shrink->budget && n < ENTRIES; n++)
        for (unsigned m = 0; m < (i == k ? 1 : ENTRIES); m++)
            TRY((candidate.ops[k] = map_entry(m), candidate.ops[i] = map_entry(n)));
    return false;
}

/* Only for a call that reads the map: the boot of a machine costs more. */
static bool replace_map(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer)
{
    if (!c->count || !op_reads_map(c->ops[c->count - 1].kind))
        return false;
    for (unsigned i = 0; i < c->count; i++)
        for (unsigned k = i; c->ops[i].kind == OP_E820 && k < c->count; k++)
            if (c->ops[k].kind == OP_E820 && replace_entries(shrink, c, i, k, offer))
                return true;
    return false;
}

bool shrink_few(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer,
                shrink_offer_fn *offer_retimed)
{
    if (c->count > SHRINK_FEW)
        return false;
    if (replace_pairs(shrink, c, offer, offer_retimed) || reorder(shrink, c, offer))
        return true;
    return is_small_tree() &&
           (reschedule(shrink, c, offer) || replace_one(shrink, c, offer, offer_retimed) ||
            replace_map(shrink, c, offer));
}

UNINSTRUMENTED_END
