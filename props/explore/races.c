// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Overlaps of two or three calls: from every state, each call inside each other call at each of
 * its sync points, and (switches == 2) stopped there itself at each of its own. No pair is skipped
 * as symmetric. States come in the order in which the search met them, so the first violation
 * has the shortest way.
 *
 * The reduced search leaves out schedules that take the same steps in another order which cannot
 * make a difference. Let call A stop before its step s, let B make the steps t(1) .. t(m) until its
 * end, and then A goes on.
 *
 *     A .. | B: t(1) .. t(m) | A: s ..          run(p): A stops at its point p, before s
 *     A .. s | B: t(1) .. t(m) | A: ..          run(p + 1)
 *
 * If s conflicts with none of the t (steps.h), each of the calls reads in both runs what it reads
 * in the other one, so both make the same steps and end in the same state with the same results.
 * So the points are tried from the last one down, and run(p) is only made if s conflicts
 * with a step of B in run(p + 1), made or left out. A run that is left out is equal to one that
 * is made, at a higher point. At the highest, A has ended before B begins, and the judge is at its
 * strictest. With a second switch the steps of A after it are R:
 *
 *     A .. | B: .. t(q-1) | A: s R | B: t(q) .. t(m)      run(p, q): B stops before t(q)
 *
 * It is equal to run(p + 1, q) if s conflicts with none of t(1) .. t(q-1), and equal to
 * run(p, q + 1) if t(q) conflicts with nothing in s R of that run; run(p, m + 1) is run(p). Each
 * step from one run to its equal increases p or q, so it comes to an end.
 * With store buffers A may keep its youngest stores to itself at its one switch. A run that keeps
 * one store more is equal if B accesses nothing of that store. A stop before a store is equal to a
 * stop behind it that keeps this store as well. A stop before a step that drains the buffer has no
 * such equal, so there the stores count even if the step conflicts with nothing. A case can name at
 * most the two oldest stores of a buffer as seen.
 *
 * Of three calls the third runs at one point of the second, and that one at one of the first;
 * what A meets while it is stopped is then all that the two others do there in any run.
 *
 * This needs that each access to shared memory is a step of its own: a planted bug, or a kernel,
 * may hide one inside another step. steps.c records what it is told of.
 */
#include <limits.h>
#include <string.h>

#include "explore.h"
#include "props/run/overlap.h"
#include "steps.h"

UNINSTRUMENTED_BEGIN

#define LATE STEPS_MAX /* no call has so many sync points: the inner one comes after it */
#define ALL_STEPS UINT_MAX
#define OUTCOMES 1024

/* The end of a run: the state, the results, the violation. */
struct outcome_key {
    struct key state;
    uint64_t results;
    uint64_t violated; /* enum invariant; no padding, since outcomes are compared as bytes */
};

static struct {
    const struct subject *subject;
    const struct explore_options *options;
    struct explored *explored;
    struct choice choice[CHOICES];
    uint16_t some[CHOICES]; /* of these, the ones that are made in overlaps */
    unsigned choices, calls;
    struct test_case c;
    struct op *ops; /* of the calls, in `c`; the outermost is the last one */
    uint32_t from;  /* the state */
    struct snapshot here;
    /* Of these calls: */
    struct steps alone[OVERLAP_CALLS];  /* of each call, with no other inside it */
    struct steps inside[OVERLAP_CALLS]; /* what was done inside it at the last point */
    bool unsure;                        /* a violation has ended a call: its steps are not known */
    unsigned outcomes;
    struct outcome_key outcome[OUTCOMES];
} race;

static void note_outcome(enum invariant violated)
{
    struct outcome_key outcome = {.results = run.trace, .violated = violated};
    unsigned i = 0;

    if (!violated)
        outcome.state = explore_key();
    while (i < race.outcomes && memcmp(&race.outcome[i], &outcome, sizeof(outcome)))
        i++;
    if (i < race.outcomes)
        return;
    race.explored->outcomes++;
    if (i < OUTCOMES)
        race.outcome[race.outcomes++] = outcome;
}

static void note_inside(void)
{
    for (unsigned level = 0; level + 1 < race.calls; level++)
        for (unsigned inner = level + 1; inner < race.calls; inner++)
            steps_append(&race.inside[level], steps_of(inner));
}

/* One run of the calls, by the schedules of their ops. False: a violation to stop at. */
static bool run_once(void)
{
    unsigned depth = (unsigned)(race.ops - race.c.ops);
    struct verdict verdict = {.id = INVARIANT_NONE};
    bool fine;

    steps_forget();
    fine = executor_steps(depth, race.c.count, &verdict) &&
           !(host_redzones_dirty(race.here.host.taken) && !executor_finish(&verdict));
    race.explored->transitions++;
    note_outcome(fine ? INVARIANT_NONE : verdict.id);
    snapshot_restore(&race.here);
    race.unsure = race.unsure || !fine;
    return fine || !explore_met(race.options, race.explored, &race.c, &verdict, race.from);
}

/* Is a switch before step `n` of one call worth a run, next to these steps of another one? */
static bool matters(const struct steps *mine, unsigned n, const struct steps *other, unsigned from,
                    unsigned end)
{
    return !race.options->reduced || race.unsure || steps_conflict(mine, n, other, from, end);
}

/* The inner of two calls, which began before step `at` of the outer one, stops at each point. */
static bool second_switch(unsigned at)
{
    const struct steps *inside = &race.inside[0];
    bool go_on = true;

    race.ops[0].turns = 1;
    for (unsigned q = inside->count; go_on && q > 1 && matters(&race.alone[0], at, inside, 1, q);
         q--) {
        if (!matters(inside, q, steps_of(0), at, ALL_STEPS))
            continue;
        race.ops[0].turn[0].point = (uint16_t)q;
        go_on = run_once();
    }
    op_clear_schedule(&race.ops[0]);
    return go_on;
}

/*
 * The outer of two calls stops before step `at` with its buffer: first the inner one does not see
 * its youngest store, then one more, and so on.
 */
static bool kept_stores(unsigned at)
{
    const struct steps *alone = &race.alone[0];
    unsigned store[STORE_BUFFER_MAX], seen = steps_buffered(alone, at, store);
    bool known = true, go_on = true;

    if (race.options->reduced && steps_is_store(alone, at))
        return true;
    while (go_on && seen--) {
        if (seen >= TURN_KEEP_MAX)
            known = false; /* no case can name it */
        else if (!known || matters(alone, store[seen], &race.inside[0], 1, ALL_STEPS)) {
            race.ops[0].at_keep = (uint8_t)(seen + 1);
            go_on = run_once();
            note_inside();
            known = true;
        }
    }
    race.ops[0].at_keep = 0;
    return go_on;
}

/* The calls inside call `level` begin at each of its points. False: a violation to stop at. */
static bool each_point(unsigned level)
{
    struct steps *alone = &race.alone[level], *inside = &race.inside[level];
    struct op *inner;

    if (level + 1 == race.calls) {
        bool go_on = run_once();

        note_inside();
        return go_on;
    }
    inner = &race.ops[race.calls - 2 - level];
    steps_empty(alone);
    steps_empty(inside);
    inner->at = LATE;
    if (!each_point(level + 1))
        return false;
    steps_append(alone, steps_of(level));
    for (unsigned at = alone->count; at; at--) {
        bool whole = matters(alone, at, inside, 1, ALL_STEPS);

        inner->at = (uint16_t)at;
        if (whole)
            steps_empty(inside);
        if (whole && (!each_point(level + 1) || (race.options->switches > 1 && !second_switch(at))))
            return false;
        if (race.options->tso && (whole || steps_drains(alone, at)) && !kept_stores(at))
            return false;
    }
    return true;
}

/* The calls `choice`, the outermost first. */
static bool overlap(const unsigned *choice)
{
    race.unsure = false;
    race.outcomes = 0;
    race.explored->groups++;
    for (unsigned level = 0; level < race.calls; level++)
        race.ops[race.calls - 1 - level] =
            explore_op(&race.choice[race.some[choice[level]]], level);
    return each_point(0);
}

/* All of them with this outermost one. */
static bool each_group(unsigned outermost)
{
    unsigned choice[OVERLAP_CALLS] = {outermost};

    for (choice[1] = 0; choice[1] < race.choices; choice[1]++)
        for (choice[2] = 0; choice[2] < (race.calls > 2 ? race.choices : 1); choice[2]++)
            if (!overlap(choice))
                return false;
    return true;
}

/* True: go on with the next state. */
static bool each_state(uint32_t from)
{
    unsigned depth;

    if (!explore_go(race.subject, race.explored, from, race.choice, &race.c, &race.here))
        return true;
    if (race.options->tso)
        race.c.boot.flags |= 1u << BOOT_TSO;
    race.from = from;
    depth = race.c.count;
    race.ops = &race.c.ops[depth];
    race.c.count = depth + race.calls;
    for (unsigned outermost = 0; outermost < race.choices; outermost++)
        if (explore_is_over(race.options, race.explored->transitions) || !each_group(outermost))
            return false;
    race.explored->raced++;
    return true;
}

/* Answers the number that is left. */
static unsigned thin_out(unsigned choices, unsigned thin)
{
    unsigned left = 0;

    for (unsigned i = 0; i < choices; i += thin)
        race.some[left++] = (uint16_t)i;
    return left;
}

bool explore_races(const struct subject *subject, const struct explore_options *options,
                   struct explored *explored)
{
    bool go_on = true;

    race.subject = subject;
    race.options = options;
    race.explored = explored;
    race.choices = thin_out(explore_choices(options, race.choice), options->thin);
    race.calls = options->three ? 3 : 2;
    steps_watch(true);
    for (uint32_t from = options->first; go_on && from < options->end; from += options->stride)
        go_on = each_state(from);
    steps_watch(false);
    explored->closed = go_on && !steps_were_cut();
    return true;
}

UNINSTRUMENTED_END
