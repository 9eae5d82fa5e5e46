// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two calls at a time: from every state, each call with each other call at each of
 * its sync points. Nothing is left out for symmetry's sake. States come in the order
 * in which the search met them, so the first violation has the shortest way.
 */
#include "explore.h"
#include "props/run/overlap.h"

UNINSTRUMENTED_BEGIN

static struct {
    const struct subject *subject;
    const struct explore_options *options;
    struct explored *explored;
    struct choice choice[CHOICES];
    unsigned choices;
    struct test_case c;
    struct snapshot here;
} pair;

/* `inner` at each sync point of `outer`. False: a violation to stop at. */
static bool each_point(uint32_t from, unsigned outer, unsigned inner)
{
    struct explored *explored = pair.explored;
    unsigned depth = explored->states.state[from].depth;
    struct op *ops = &pair.c.ops[depth];
    struct verdict verdict;

    pair.c.count = depth + 2;
    ops[0] = explore_op(&pair.choice[inner], 1);
    ops[1] = explore_op(&pair.choice[outer], 0);
    for (unsigned at = 1; at <= OP_AT_MAX; at++) {
        bool fine, late;

        ops[0].at = (uint8_t)at;
        fine = executor_steps(depth, depth + 2, &verdict) &&
               !(host_redzones_dirty(pair.here.host.taken) && !executor_finish(&verdict));
        late = fine && overlap_was_late();
        explored->transitions += !late;
        snapshot_restore(&pair.here);
        if (!fine && explore_met(pair.options, explored, &pair.c, &verdict, from))
            return false;
        if (late)
            break;
    }
    return true;
}

static bool each_pair(uint32_t from)
{
    if (!explore_go(pair.subject, pair.explored, from, pair.choice, &pair.c, &pair.here))
        return true;
    for (unsigned outer = 0; outer < pair.choices; outer++)
        for (unsigned inner = 0; inner < pair.choices; inner++)
            if (!each_point(from, outer, inner))
                return false;
    return true;
}

bool explore_races(const struct subject *subject, const struct explore_options *options,
                   struct explored *explored)
{
    pair.subject = subject;
    pair.options = options;
    pair.explored = explored;
    pair.choices = explore_choices(options, pair.choice);
    explored->closed = false;
    for (uint32_t from = options->first; from < explored->states.count; from += options->stride) {
        if (explore_is_over(options, explored->transitions))
            return true;
        if (!each_pair(from))
            return true;
    }
    explored->closed = true;
    return true;
}

UNINSTRUMENTED_END
