// SPDX-License-Identifier: GPL-2.0-or-later
/* Switches as plain numbers: see resolve.h. */
#include "resolve.h"

#include "overlap.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

static bool is_relative(uint8_t from)
{
    return from == TURN_END || from == TURN_PART;
}

static bool has_relative(const struct op *op)
{
    bool any = op_has_pfn(op->kind) && op->at && is_relative(op->at_from);

    for (unsigned i = 0; op_has_pfn(op->kind) && op->at && i < op->turns; i++)
        any = any || is_relative(op->turn[i].from);
    return any;
}

bool resolve_is_needed(const struct test_case *c)
{
    for (unsigned i = 0; i < c->count; i++)
        if (has_relative(&c->ops[i]))
            return true;
    return false;
}

/*
 * Runs the ops in front of `first`, then op `which` alone. False: a violation. What is in front is
 * judged when the case is run.
 */
static bool length_of(const struct subject *subject, const struct test_case *c, unsigned first,
                      unsigned which, unsigned *length)
{
    static struct test_case front;
    struct verdict verdict;

    front = *c;
    front.count = first;
    *length = 0;
    if (!executor_start(subject, &front, CHECK_NONE, &verdict) ||
        !executor_steps(0, first, &verdict))
        return false;
    if (VERDICT_CATCH(&verdict))
        return false;
    if (executor_makes(&front.ops[which])) /* the executor looks where in its case an op is */
        *length = overlap_length(&front.ops[which]);
    return verdict_end();
}

/* The point where the switch is, of a call of `length` points, `passed` of which are behind it. */
static uint16_t plain_point(uint16_t point, uint8_t from, unsigned length, unsigned passed)
{
    uint64_t at = point;

    if (from == TURN_END)
        at = length >= point ? length - point + 1 : 1;
    if (from == TURN_PART)
        at = ((uint64_t)length * point + 255) / 256;
    if (is_relative(from))
        at = at > passed ? at - passed : 1;
    return (uint16_t)(at < 1 ? 1 : at < OP_POINT_MAX ? at : OP_POINT_MAX);
}

/* The schedule of the inner one of two calls: even turns are in the outer one, odd ones in it. */
static void make_plain(struct op *op, const unsigned length[2])
{
    unsigned passed[2] = {0, 0};

    op->at = plain_point(op->at, op->at_from, length[0], 0);
    op->at_from = TURN_START;
    passed[0] = op->at;
    for (unsigned i = 0; i < op->turns; i++) {
        struct turn *turn = &op->turn[i];
        unsigned of = (i + 1) % 2;

        turn->point = plain_point(turn->point, turn->from, length[of], passed[of]);
        turn->from = TURN_START;
        passed[of] += turn->point;
    }
}

/* Does the schedule of op `inner` of a group need the length of op `which`? */
static bool needs(const struct test_case *c, unsigned inner, unsigned which)
{
    const struct op *op = &c->ops[inner];
    bool any = which == inner + 1 && is_relative(op->at_from);

    for (unsigned i = 0; i < op->turns; i++)
        any = any || (which == inner + i % 2 && is_relative(op->turn[i].from));
    return any;
}

/* The calls [first, last] overlap. False: a violation comes first. */
static bool resolve_group(const struct subject *subject, struct test_case *c, unsigned first,
                          unsigned last)
{
    unsigned length[OVERLAP_CALLS] = {0};

    for (unsigned i = first; i <= last; i++)
        if (((i < last && needs(c, i, i)) || (i > first && needs(c, i - 1, i))) &&
            !length_of(subject, c, first, i, &length[i - first]))
            return false;
    for (unsigned i = first; i < last; i++)
        make_plain(&c->ops[i], (const unsigned[]){length[i + 1 - first], length[i - first]});
    return true;
}

/* The last of the calls that overlap from op `first` on: it has no schedule, or there is no room.
 */
static unsigned last_of_group(const struct test_case *c, unsigned first)
{
    unsigned last = first;

    while (last - first < OVERLAP_CALLS - 1 && last < c->count && op_has_pfn(c->ops[last].kind) &&
           c->ops[last].at && c->ops[last].at_from != TURN_EVERY)
        last++;
    return last;
}

static bool any_relative(const struct test_case *c, unsigned first, unsigned last)
{
    for (unsigned i = first; i < last; i++)
        if (has_relative(&c->ops[i]))
            return true;
    return false;
}

void resolve(const struct subject *subject, const struct test_case *c, struct test_case *plain)
{
    const struct tally tally = run.tally;
    void (*const watcher)(int op, uint64_t result) = executor_watcher;
    unsigned groups = 0;

    *plain = *c;
    executor_watcher = NULL;
    for (unsigned i = 0, last; i < c->count && groups < RESOLVED; i = last + 1) {
        last = last_of_group(plain, i);
        if (last >= c->count || !any_relative(plain, i, last))
            continue;
        groups++;
        if (!subject->alternates || subject->custom_layout ||
            !resolve_group(subject, plain, i, last))
            break;
    }
    executor_watcher = watcher;
    run.tally = tally;
}

UNINSTRUMENTED_END
