// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls that overlap, and the judgement whether they look as if they had run one after
 * another (linearize.c): see overlap.h.
 */
#include "overlap.h"

#include "executor.h"
#include "grants.h"
#include "kept_pages.h"
#include "linearize.h"
#include "props/base/uninstrumented.h"
#include "props/check/checks.h"
#include "props/check/map_ranges.h"
#include "props/check/switches.h"
#include "props/check/toolstack.h"
#include "props/host/fiber.h"
#include "props/host/lock.h"
#include "props/host/sync.h"
#include "schedule.h"
#include "store_buffer.h"

UNINSTRUMENTED_BEGIN

bool overlap_by_fibers;

/* call[0] is the outer one; call[1] runs at one of its sync points, call[2] at one of that's. */
static struct {
    unsigned count, depth;
    const struct op *call[OVERLAP_CALLS];
    uint64_t result[OVERLAP_CALLS];
    unsigned clock, began[OVERLAP_CALLS], ended[OVERLAP_CALLS]; /* 0: not yet */
    bool refused[OVERLAP_CALLS];                                /* the call lost a page */
} overlap;

static uint64_t call_subject(const struct op *op)
{
    const struct subject *subject = run.subject;
    p2m_word pfn = (p2m_word)op->pfn, arg = (p2m_word)op->arg;

    switch ((enum op_kind)op->kind) {
    case OP_GET:
        return subject->get(pfn);
    case OP_PFN_TO_MFN:
        return subject->pfn_to_mfn(pfn);
    case OP_SET:
        return subject->set(pfn, arg);
    case OP_SET_NOALLOC:
        return subject->set_noalloc(pfn, arg);
    case OP_RANGE:
        return subject->range(pfn, arg);
    case OP_XEN_SET_IDENTITY:
        return subject->xen_set_identity(run.oracle.e820, run.oracle.e820_count, op->type);
    case OP_IDENTITY_RANGES:
        return map_ranges_call(op);
    case OP_GRANT_MAP:
        host.grants_refused = op->slots;
        return subject->grant_map(pfn, op->count, oracle_grant_mfn(op, 0));
    case OP_GRANT_UNMAP:
        return subject->grant_unmap(pfn, op->count);
    case OP_RESUME: /* no calls */
    case OP_E820:
    case OP_BUILD:
    case OP_PUBLISH:
    case OP_DESTROY:
    case OP_LIST:
    case OP_MFN_BASE:
        break;
    }
    return 0;
}

/*
 * What the call could have raised: a subject reports bugs and warns where it asks for pages or
 * frees them (`pages`: their sum before the call), it waits where it takes locks (`locks`), and a
 * call without a sync point has no loop that is counted.
 */
static void note_watched(unsigned pages, unsigned locks)
{
    bool asked = host.refused || host.taken + host.freed != pages;

    run.tally.exercised[CORE_BUG] += asked;
    run.tally.exercised[CORE_WARNED] += asked;
    run.tally.exercised[DEADLOCK] += lock_takes != locks;
    run.tally.exercised[HANG] += sync_was_passed();
}

unsigned overlap_refusal(const struct op *op)
{
    bool whole = op->kind != OP_RANGE || run.subject->range_all_or_nothing;

    return op_stores(op->kind) && whole && !run.subject->custom_layout ? op->refuse : 0;
}

static void make_call(unsigned level)
{
    unsigned pages = host.taken + host.freed, locks = lock_takes;

    overlap.began[level] = ++overlap.clock;
    if (overlap.count > 1)
        host_arm(overlap_refusal(overlap.call[level]));
    overlap.result[level] = call_subject(overlap.call[level]);
    overlap.refused[level] = host.refused;
    store_buffer_call_ends();
    overlap.ended[level] = ++overlap.clock;
    note_watched(pages, locks);
}

static void run_call(unsigned level);

/* At a sync point of the call at `overlap.depth`: the call inside it runs. */
static void run_inner_call(void)
{
    unsigned level = overlap.depth, refuse_in = host.refuse_in;
    bool refused = host.refused;

    toolstack_look();
    switches_stop();
    switches_go(level, false, level + 1, true);
    run_call(level + 1);
    switches_go(level + 1, true, level, false);
    toolstack_look();
    overlap.depth = level;
    host.refuse_in = refuse_in;
    host.refused = refused;
    sync_arm_limit();
}

/* The plain case, without a second stack: the inner call runs to its end. */
static void run_call(unsigned level)
{
    bool has_inner = level + 1 < overlap.count;

    overlap.depth = level;
    if (has_inner)
        sync_arm(overlap.call[level + 1]->at, run_inner_call);
    else
        sync_arm_limit();
    make_call(level);
    if (has_inner && !overlap.began[level + 1]) { /* there were fewer sync points than that */
        switches_go(level, true, level + 1, true);
        run_call(level + 1);
    }
}

static void begin(void)
{
    overlap.clock = 0;
    for (unsigned i = 0; i < OVERLAP_CALLS; i++)
        overlap.began[i] = overlap.ended[i] = 0;
}

unsigned overlap_length(const struct op *op)
{
    host_arm(overlap_refusal(op));
    overlap_none(op);
    host_arm(0);
    return sync_limit - sync_left();
}

uint64_t overlap_none(const struct op *op)
{
    begin();
    overlap.count = 1;
    overlap.call[0] = op;
    run_call(0);
    run_refresh_info();
    return overlap.result[0];
}

int overlap_running(void)
{
    int level = fiber_running < 0 ? (int)overlap.depth : fiber_running;

    return overlap.began[level] > overlap.ended[level] ? level : -1;
}

static int watched = -1;
static bool watched_was_late;

void overlap_watch(int op)
{
    watched = op;
    watched_was_late = true;
}

bool overlap_was_late(void)
{
    return watched_was_late;
}

static void note_late(unsigned count)
{
    for (unsigned i = 1; i < count; i++)
        if (overlap.call[i] - run.c->ops == watched)
            watched_was_late = overlap.ended[i - 1] < overlap.began[i];
}

/*
 * The calls that are a step of the order: not one that lost a page and answered failure. Which of
 * them was over when which other one began.
 */
static struct {
    unsigned count;
    const struct op *call[OVERLAP_CALLS];
    uint64_t result[OVERLAP_CALLS];
    struct overlap_order order;
} steps;

static void find_steps(void)
{
    unsigned level[OVERLAP_CALLS];

    steps.count = 0;
    for (unsigned i = 0; i < overlap.count; i++) {
        if (overlap.refused[i] && !overlap.result[i])
            continue;
        level[steps.count] = i;
        steps.call[steps.count] = overlap.call[i];
        steps.result[steps.count++] = overlap.result[i];
    }
    for (unsigned i = 0; i < steps.count; i++)
        for (unsigned k = 0; k < steps.count; k++)
            steps.order.before[i][k] = overlap.ended[level[i]] < overlap.began[level[k]];
}

static void check_translated_results(void)
{
    for (unsigned i = 0; i < overlap.count; i++)
        if (oracle_call(&run.oracle, overlap.call[i]) != overlap.result[i])
            violated(LINEARIZABLE, "expected the answers of an auto-translated guest");
}

static void no_order(struct oracle *fork)
{
    char why[160];

    sync_arm_limit();
    linearize_why(steps.call, steps.result, steps.count, fork, why, sizeof(why));
    violated(LINEARIZABLE,
             "expected results and entries of one order of the %u calls; outermost "
             "first: %s",
             steps.count, why);
}

/* No order: only what the pages must be in any of them can also be judged. */
static void check_without_order(struct oracle *fork)
{
    if (run.published && !run_is_tools4())
        VERDICT_TRY(checks_mfn_tree());
    if (host.grants_wrong)
        VERDICT_TRY(grants_check());
    VERDICT_TRY(toolstack_check_looks());
    VERDICT_TRY(no_order(fork));
    checks_reread_kinds(); /* of no more use to linearize_why */
    if (run.published)
        VERDICT_TRY(checks_max_pfn());
    verdict_settle();
}

/* The outermost call may be a batch of grants. (Or a memory map: linearize.c.) */
static void judge_grants(void)
{
    const struct op *batch = overlap.call[0];

    if (op_is_grant(batch->kind) && !run.c->boot.auto_translated)
        grants_note(batch, overlap.result[0]);
    if (op_is_grant(batch->kind) || host.grants_wrong)
        grants_check();
}

static void judge(void)
{
    static struct oracle fork;
    struct outcome outcome = {.op = overlap.call[0], .overlap = true};
    p2m_word max_pfn = run.oracle.kinds.max_pfn;

    run_count_check(LINEARIZABLE);
    if (run.c->boot.auto_translated) {
        outcome.op = NULL;
        VERDICT_TRY(check_translated_results());
        checks_after(&outcome, true);
        judge_grants();
        return;
    }
    if (run.subject->custom_layout)
        run_refresh_view();
    checks_structure();
    find_steps();
    if (!run.subject->custom_layout)
        VERDICT_TRY(kept_pages_check(steps.call, steps.result, &steps.order, steps.count));
    if (!linearize(steps.call, steps.result, &steps.order, steps.count, &fork))
        check_without_order(&fork);
    oracle_adopt(&run.oracle, &fork);
    run.oracle.kinds.max_pfn = max_pfn; /* leaves private now raise it again */
    checks_reread_kinds();
    checks_after(&outcome, true);
    toolstack_check_looks();
    judge_grants();
}

static bool alternates(const struct op *const *calls, unsigned count)
{
    for (unsigned i = 0; i + 1 < count; i++)
        if (calls[i]->turns && run.subject->alternates)
            return true;
    return overlap_by_fibers || run_is_tso() || run.subject->locks;
}

void overlap_run(const struct op *const *calls, unsigned count)
{
    begin();
    overlap.count = count;
    for (unsigned i = 0; i < count; i++) {
        overlap.call[i] = calls[count - 1 - i]; /* the last one written is the outer one */
        run.tally.skipped[calls[i]->kind] += calls[i]->refuse && !overlap_refusal(calls[i]);
    }
    toolstack_begin_looks();
    switches_begin(overlap.call, count);
    if (alternates(calls, count))
        schedule_run(overlap.call, count, make_call);
    else
        run_call(0);
    host_arm(0);
    sync_arm_limit(); /* the calls are over: no other runs from here on */
    run_refresh_info();
    note_late(count);
    for (unsigned i = count; i-- > 0;) { /* as they are written */
        run.tally.refused[overlap.call[i]->kind] += overlap.refused[i];
        executor_note(overlap.call[i], overlap.result[i]);
    }
    run.tally.overlaps++;
    if (!run.model_off)
        judge();
}

UNINSTRUMENTED_END
