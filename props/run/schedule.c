// SPDX-License-Identifier: GPL-2.0-or-later
/* Calls that alternate: see schedule.h. */
#include "schedule.h"

#include "props/base/uninstrumented.h"
#include "props/check/switches.h"
#include "props/check/toolstack.h"
#include "props/host/fiber.h"
#include "props/host/lock.h"
#include "store_buffer.h"

UNINSTRUMENTED_BEGIN

_Static_assert(FIBERS >= OVERLAP_CALLS, "each call has a stack");

/* Pair p: the calls p (outer) and p + 1 (inner), and the schedule of the inner one's op. */
static struct {
    const struct op *const *call;
    unsigned count, level; /* the call that runs */
    uint8_t keep;          /* of the turn that was last due */
    bool begun[OVERLAP_CALLS], ended[OVERLAP_CALLS];
    bool blocked;                  /* the call that paused waits for a lock */
    unsigned tried[OVERLAP_CALLS]; /* it waits since lock_drops was this less 1; 0: it does not */
    struct {
        unsigned refuse_in;
        bool refused;
    } page[OVERLAP_CALLS]; /* of a call that has stopped, as in struct host */
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

static bool waits(unsigned level)
{
    return schedule.tried[level] == lock_drops + 1;
}

/* The nearest inner call that has not ended, else the nearest outer one; `count`: there is none. */
static unsigned next_call(unsigned from, bool waiting)
{
    for (unsigned i = 1; i < schedule.count; i++) {
        unsigned level = from + i < schedule.count ? from + i : schedule.count - 1 - i;

        if (!schedule.ended[level] && waits(level) == waiting)
            return level;
    }
    return schedule.count;
}

/* The call that goes on where this one has ended: rather one that does not wait. */
static unsigned after_end(unsigned level)
{
    unsigned next = next_call(level, false);

    return next < schedule.count ? next : next_call(level, true);
}

static void stop_here(void)
{
    switches_stop();
    fiber_pause();
}

/* In a fiber: another call goes on, which is no turn of the schedule. */
static void wait_for_lock(void)
{
    lock_drops +=
        sync_unseen > 0; /* the wait drains the buffer: a drop in it is seen from now on */
    schedule.tried[schedule.level] = lock_drops + 1;
    if (next_call(schedule.level, false) == schedule.count)
        violated(DEADLOCK, "each call that has not ended waits for a lock");
    schedule.blocked = true;
    stop_here();
}

/* True: the call has ended. *points: that it passed. */
static bool run_until(unsigned level, unsigned *points)
{
    bool ended;

    if (*points == ~0u)
        sync_arm_limit();
    else
        sync_arm(*points, stop_here);
    schedule.begun[level] = true;
    schedule.level = level;
    schedule.tried[level] = 0;
    schedule.blocked = false;
    host.refuse_in = schedule.page[level].refuse_in;
    host.refused = schedule.page[level].refused;
    ended = fiber_run(level);
    schedule.page[level].refuse_in = host.refuse_in;
    schedule.page[level].refused = host.refused;
    if (schedule.blocked)
        *points = *points == ~0u ? 0 : *points - sync_left();
    return ended;
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
    lock_wait = wait_for_lock;
    if (run_is_tso())
        store_buffer_begin();
    for (unsigned level = 0; level < count; level++) {
        schedule.begun[level] = schedule.ended[level] = false;
        schedule.tried[level] = 0;
        fiber_start(level, make);
        if (level + 1 < count)
            load_turn(level, 0);
    }
    schedule.blocked = false;
    for (unsigned level = 0; level < count;) {
        unsigned points = until_turn(level), next;

        store_buffer_resume(level);
        schedule.ended[level] = points && run_until(level, &points);
        next = schedule.ended[level] ? after_end(level) : after_points(level, points);
        if (!schedule.ended[level] && schedule.blocked) {
            next = next_call(level, false);
            schedule.keep = 0; /* a lock empties the store buffer */
        }
        schedule.blocked = false;
        if (next == level || (next < count && schedule.ended[next]))
            continue; /* the turn changes nothing */
        store_buffer_stop(level, schedule.keep);
        note_switch(level, next);
        level = next;
    }
    store_buffer_end();
}

UNINSTRUMENTED_END
