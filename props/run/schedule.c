// SPDX-License-Identifier: GPL-2.0-or-later
/* Calls that alternate: see schedule.h. */
#include "schedule.h"

#include "props/base/uninstrumented.h"
#include "props/check/switches.h"
#include "props/check/toolstack.h"
#include "props/host/fiber.h"
#include "store_buffer.h"

UNINSTRUMENTED_BEGIN

_Static_assert(FIBERS >= OVERLAP_CALLS, "each call has a stack");

/* Pair p: the calls p (outer) and p + 1 (inner), and the schedule of the inner one's op. */
static struct {
    const struct op *const *call;
    unsigned count;
    uint8_t keep; /* of the turn that was last due */
    bool begun[OVERLAP_CALLS], ended[OVERLAP_CALLS];
    struct {
        unsigned turn; /* the next one */
        unsigned left; /* sync points of its call until then */
        bool over;     /* no turn is left */
    } pair[OVERLAP_CALLS - 1];
} schedule;

static bool is_made(uint8_t from, uint8_t keep)
{
    return from == TURN_START && (!keep || run_is_tso());
}

bool schedule_is_honoured(const struct op *op)
{
    bool honoured = is_made(op->at_from, op->at_keep) && run.subject->alternates;

    for (unsigned i = 0; i < op->turns; i++)
        honoured = honoured && is_made(op->turn[i].from, op->turn[i].keep);
    return honoured;
}

/* Turn `turn` of the pair is next, if there is one that is made. */
static void load_turn(unsigned pair, unsigned turn)
{
    const struct op op = *schedule.call[pair + 1];

    schedule.pair[pair].turn = turn;
    schedule.pair[pair].over = turn > op.turns || (turn && op.turn[turn - 1].from != TURN_START);
    if (!schedule.pair[pair].over)
        schedule.pair[pair].left = turn ? op.turn[turn - 1].point : op.at;
}

/* Does the pair's next turn count the points of this call? */
static bool counts(unsigned pair, unsigned level)
{
    return pair < schedule.count - 1 && !schedule.pair[pair].over &&
           level == pair + schedule.pair[pair].turn % 2;
}

/* The sync points until a turn of this call is due; ~0: none will be. */
static unsigned until_turn(unsigned level)
{
    unsigned least = ~0u;

    for (unsigned pair = level ? level - 1 : 0; pair <= level; pair++)
        if (counts(pair, level) && schedule.pair[pair].left < least)
            least = schedule.pair[pair].left;
    return least;
}

/* The call that runs next, after `points` more points of this one. Of two turns the inner is first.
 */
static unsigned after_points(unsigned level, unsigned points)
{
    unsigned next = level, turn;
    const struct op *op;

    for (unsigned pair = level ? level - 1 : 0; pair <= level; pair++) {
        if (!counts(pair, level))
            continue;
        schedule.pair[pair].left -= points;
        if (!schedule.pair[pair].left)
            next = pair;
    }
    if (!counts(next, level) || schedule.pair[next].left)
        return level;
    turn = schedule.pair[next].turn;
    op = schedule.call[next + 1];
    schedule.keep = turn ? op->turn[turn - 1].keep : op->at_keep;
    load_turn(next, turn + 1);
    return next + !(turn % 2);
}

/* The call that goes on where this one has ended; `count` if all have. */
static unsigned after_end(unsigned level)
{
    for (unsigned inner = level + 1; inner < schedule.count; inner++)
        if (!schedule.ended[inner])
            return inner;
    while (level--)
        if (!schedule.ended[level])
            return level;
    return schedule.count;
}

static void stop_here(void)
{
    switches_stop();
    fiber_pause();
}

/* Call `next` goes on where `level` stopped or ended. */
static void note_switch(unsigned level, unsigned next)
{
    if (next == schedule.count)
        return;
    switches_go(level, schedule.ended[level], next, !schedule.begun[next]);
    toolstack_look();
}

void schedule_run(const struct op *const *calls, unsigned count, void (*make)(unsigned level))
{
    schedule.call = calls;
    schedule.count = count;
    if (run_is_tso())
        store_buffer_begin();
    for (unsigned level = 0; level < count; level++) {
        schedule.begun[level] = schedule.ended[level] = false;
        fiber_start(level, make);
        if (level + 1 < count)
            load_turn(level, 0);
    }
    for (unsigned level = 0; level < count;) {
        unsigned points = until_turn(level), next;

        if (points == ~0u)
            sync_arm_limit();
        else if (points)
            sync_arm(points, stop_here);
        schedule.begun[level] = schedule.begun[level] || points;
        store_buffer_resume(level);
        schedule.ended[level] = points && fiber_run(level);
        next = schedule.ended[level] ? after_end(level) : after_points(level, points);
        if (next == level || (next < count && schedule.ended[next]))
            continue; /* the turn changes nothing */
        store_buffer_stop(level, schedule.keep);
        note_switch(level, next);
        level = next;
    }
    store_buffer_end();
}

UNINSTRUMENTED_END
