// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs cases: see executor.h. props/check judges the state after an op. */
#include "executor.h"

#include <stdio.h>
#include <string.h>

#include "grants.h"
#include "long_lists.h"
#include "overlap.h"
#include "own_pages.h"
#include "props/base/prng.h"
#include "props/base/uninstrumented.h"
#include "props/check/checks.h"
#include "props/check/judgement.h"
#include "props/check/map_ranges.h"
#include "props/check/state_hash.h"
#include "props/check/switches.h"
#include "props/check/toolstack.h"
#include "props/host/hang.h"
#include "resolve.h"
#include "schedule.h"
#include "state_coverage.h"

UNINSTRUMENTED_BEGIN

void (*executor_watcher)(int op, uint64_t result);
void (*executor_at_end)(void);
bool executor_sees_each_end;

/* ---- one call ---- */

/* A call that the model or a refusal may make fail: its state before is worth a hash. */
static bool may_fail(const struct op *op)
{
    p2m_word pfn = (p2m_word)op->pfn;

    if (!op_stores(op->kind) || (run.subject->custom_layout && op->kind == OP_RANGE))
        return false;
    if (op->refuse || op->kind == OP_RANGE)
        return op->refuse;
    return pfn >= MAX_P2M_PFN || !entry_is_sound(pfn, (p2m_word)op->arg) ||
           (op->kind == OP_SET_NOALLOC && slot_kinds_at(&run.oracle.kinds, pfn) != KIND_PRIVATE);
}

/* By rules of its own a call that failed may leave pages; then only the entries count. */
static uint64_t hash_before(const struct op *op)
{
    if (run.level == CHECK_NONE)
        return 0;
    if (!run.subject->custom_layout)
        return state_hash(run.level == CHECK_EVERY ? NULL : op);
    return run.c->boot.auto_translated ? 0 : state_hash_entries(op);
}

/* Small geometries are checked whole after each op, big ones if asked. */
static bool everything_now(void)
{
    return run_is_thorough() || run.subject->custom_layout;
}

static void judge(const struct outcome *outcome)
{
    if (run.toolstacks || run.level == CHECK_NONE)
        return;
    checks_after(outcome, everything_now());
    if (host.grants_wrong || (outcome->op && op_is_grant(outcome->op->kind)))
        grants_check();
}

static bool has_failed(const struct op *op, uint64_t result)
{
    if (op_is_grant(op->kind))
        return !(result & GRANTS_FINE);
    return (op_stores(op->kind) || op->kind == OP_BUILD) && !result;
}

/* An entry of a map or of the list is judged with the call that reads it. */
static bool is_judged(unsigned kind)
{
    return kind != OP_E820 && !op_is_of_builder(kind);
}

void executor_note(const struct op *op, uint64_t result)
{
    run.trace = prng_mix(run.trace ^ result ^ ((uint64_t)op->kind << 56));
    run.tally.ops += !run.model_off && is_judged(op->kind);
    run.tally.calls[op->kind]++;
    run.tally.failed[op->kind] += has_failed(op, result);
    if (executor_watcher)
        executor_watcher((int)(op - run.c->ops), result);
}

/* The expected answer of the call, after it is known whether a page was refused. */
static uint64_t expect(const struct op *op, const struct outcome *outcome)
{
    struct op prefix = *op;
    p2m_word end = (p2m_word)op->arg < MAX_P2M_PFN ? (p2m_word)op->arg : MAX_P2M_PFN;

    if (op->kind == OP_IDENTITY_RANGES)
        return map_ranges_count(op);
    if (!outcome->refused)
        return oracle_call(&run.oracle, op);
    if (op->kind == OP_XEN_SET_IDENTITY)
        return oracle_identity_refused(&run.oracle, op);
    if (op->kind == OP_GRANT_MAP && !run.subject->custom_layout)
        return oracle_grant_refused(&run.oracle, op);
    if (op->kind == OP_GRANT_MAP) {
        oracle_grant_as(&run.oracle, op, outcome->got);
        return outcome->got;
    }
    if (op->kind != OP_RANGE || run.subject->range_all_or_nothing)
        return 0;
    if (outcome->got < end - op->pfn) /* more would be a wrong answer */
        prefix.arg = op->pfn + outcome->got;
    return oracle_call(&run.oracle, &prefix);
}

/* The pages that the whole call costs. */
static unsigned cost_of(const struct op *op)
{
    static struct oracle fork;

    oracle_fork(&fork, &run.oracle);
    oracle_call(&fork, op);
    return oracle_pages(&fork) - oracle_pages(&run.oracle);
}

/* The invariant that this call could violate by a store through a shared leaf or mid. */
static void note_exercised(const struct op *op)
{
    p2m_word pfn = (p2m_word)op->pfn;
    enum slot_kind leaf, mid;

    if (!op_stores(op->kind) || pfn >= MAX_P2M_PFN)
        return;
    leaf = slot_kinds_at(&run.oracle.kinds, pfn);
    mid = (enum slot_kind)run.oracle.kinds.mid[pfn / P2M_MID_SPAN];
    run.tally.exercised[IDENTITY_PAGE_UNTOUCHED] += leaf == KIND_IDENTITY;
    run.tally.exercised[MISSING_PAGE_UNTOUCHED] += leaf == KIND_MISSING;
    run.tally.exercised[MID_MISSING_UNTOUCHED] += mid == KIND_MISSING;
    run.tally.exercised[MID_IDENTITY_UNTOUCHED] += mid == KIND_IDENTITY;
}

/* ---- the ops that are made ---- */

/* Are build and publish the case's own calls? */
static bool is_bare(void)
{
    return (run.c->boot.flags >> BOOT_BARE & 1) && run.subject->has_build &&
           run.subject->has_publish && !run.model_off;
}

static bool handed_over[CASE_OPS]; /* ops in front that are made */

/* Ops of the builder that the case begins with, which are made before its boot builds. */
static bool is_in_front(const struct op *op)
{
    while (op >= run.c->ops && op_is_of_builder(op->kind))
        op--;
    return op < run.c->ops;
}

static bool was_handed_over(const struct op *op)
{
    return op >= run.c->ops && op < run.c->ops + run.c->count && !is_bare() && is_in_front(op) &&
           handed_over[op - run.c->ops];
}

/* Enough pages for this build and for the calls behind it: the arena never gets a page back. */
static bool has_pages_for_build(const struct op *op)
{
    uint64_t pages = run.c->boot.nr_pages < MAX_P2M_PFN ? run.c->boot.nr_pages : MAX_P2M_PFN;
    unsigned mids = (unsigned)((pages + P2M_MID_SPAN - 1) / P2M_MID_SPAN);
    unsigned calls = run.c->count - (unsigned)(op - run.c->ops);

    return host.taken + 4 + 2 * mids + 6 * calls <= HOST_PAGES;
}

/* True if the state that the op needs exists: a p2m, an unpublished one, a published one. */
static bool state_allows(const struct op *op)
{
    switch ((enum op_kind)op->kind) {
    case OP_BUILD:
        return !run.built && run.subject->has_build && !run.model_off && has_pages_for_build(op);
    case OP_PUBLISH:
        return run.built && run.subject->has_publish && !run.model_off;
    case OP_DESTROY:
        return run.subject->has_destroy && !run.model_off;
    case OP_LIST:
        return run.built ? was_handed_over(op) : builder_can(&run.builder, op);
    case OP_MFN_BASE: /* kernels and Xen's code have tables by MFN */
        return run.built ? was_handed_over(op)
                         : builder_can(&run.builder, op) && !run.subject->custom_layout &&
                               !boot_is_judged(&run.c->boot) &&
                               host_mfns_differ(&run.builder, op->type, (p2m_word)op->arg);
    case OP_E820:
        return true;
    case OP_IDENTITY_RANGES:
        return run.subject->identity_ranges;
    case OP_RESUME:
        return run.built && (run.published || (run.subject->ranges_first && !is_bare()));
    case OP_GRANT_MAP:
    case OP_GRANT_UNMAP:
        return run.built && !run.model_off;
    case OP_GET:
    case OP_PFN_TO_MFN:
    case OP_SET:
    case OP_SET_NOALLOC:
    case OP_RANGE:
    case OP_XEN_SET_IDENTITY:
        break;
    }
    return run.built;
}

static bool is_skipped(const struct op *op)
{
    bool range = op->kind == OP_RANGE || op->kind == OP_XEN_SET_IDENTITY;

    if (!state_allows(op) || !grants_allow(op) || !own_pages_allow(op) || !long_lists_allow(op))
        return true;
    if (range && run.subject->ranges_first && run.published)
        return true;
    return run.subject->skips && run.subject->skips(op);
}

bool executor_makes(const struct op *op)
{
    return !is_skipped(op);
}

/* True, and counted, if the op is not made. */
static bool skip(const struct op *op)
{
    if (!is_skipped(op)) {
        long_lists_note(op);
        return false;
    }
    run.tally.skipped[op->kind]++;
    run.asked = 0;
    if (op->kind <= OP_XEN_SET_IDENTITY && run.built)
        executor_note(op, 0);
    return true;
}

/* What the subject has remapped by itself. */
static void note_remaps(void)
{
    for (unsigned i = 0; i < BOOT_NVS; i++) {
        unsigned pages = run.subject->remaps(i);

        for (unsigned page = 0; page < pages; page++)
            oracle_call(&run.oracle, &(struct op){.kind = OP_SET,
                                                  .pfn = run.c->boot.setup.nvs[i].pfn + page,
                                                  .arg = MFN_OF_NVS(i, page)});
    }
}

void executor_publish(void)
{
    bool first = !run.published;

    sync_arm_limit();
    run.published = true;
    run.subject->publish(host.info);
    if (first && run.subject->remaps)
        note_remaps();
}

/* Before a call: the MFN tree, if it is checked now; the slots as they are. */
static void get_ready(const struct op *op)
{
    bool changes = op_has_entry(op->kind) || op_is_grant(op->kind) || op->kind == OP_RESUME;

    if (!run.built)
        return;
    if (!run.published && changes && !is_bare())
        executor_publish();
    if (!run.subject->custom_layout || run.c->boot.auto_translated)
        return;
    run_refresh_view();
    if (!run.model_off)
        checks_reread_kinds();
}

static bool are_serialized(const struct op *const *calls, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (!state_allows(calls[i]) || !grants_allow(calls[i]) || !own_pages_allow(calls[i]) ||
            !long_lists_allow_overlap(calls[i]))
            return true;
    if (!grants_are_apart(calls, count))
        return true;
    if (!run.subject->custom_layout)
        return false;
    get_ready(&(struct op){.kind = OP_SET});
    for (unsigned i = 0; i < count; i++)
        if (calls[i]->kind == OP_RANGE || calls[i]->kind == OP_XEN_SET_IDENTITY ||
            op_is_grant(calls[i]->kind) || is_skipped(calls[i]))
            return true;
    return run.subject->serializes && run.subject->serializes(calls, count);
}

/* The page that is refused to a call that overlaps no other. By rules of its own a subject may need
   any pages for a map, or make a part of a range: then none of a map's. */
static unsigned refusal_alone(const struct op *op)
{
    bool any = run.subject->custom_layout || !run.subject->range_all_or_nothing;

    return op->kind == OP_XEN_SET_IDENTITY && any ? 0 : op->refuse;
}

static void plain_call(const struct op *op)
{
    struct outcome outcome = {.op = op};
    unsigned pages_before, cell = 0;

    running_op = (int)(op - run.c->ops);
    get_ready(op);
    if (skip(op))
        return;
    outcome.pages_before = host.live;
    outcome.taken_before = host.taken;
    pages_before = oracle_pages(&run.oracle);
    note_exercised(op);
    if (state_cell_has(op->kind))
        cell = state_cell_before(op, &run.oracle.kinds, host.list_words);
    if (may_fail(op))
        outcome.hash_before = hash_before(op);
    run.tally.skipped[op->kind] += op->refuse && !refusal_alone(op);
    host_arm(refusal_alone(op));
    outcome.got = overlap_none(op);
    outcome.refused = host.refused;
    run.asked = host.taken - outcome.taken_before;
    host_arm(0);
    /* a range of nothing has done all that it had to */
    outcome.failed = has_failed(op, outcome.got) && (op->kind != OP_RANGE || outcome.refused);
    run.tally.refused[op->kind] += outcome.refused;
    executor_note(op, outcome.got);
    if (run.model_off)
        return;
    if (state_cell_has(op->kind) && !run.c->boot.auto_translated)
        state_cell_note(cell, op->kind == OP_RANGE || !has_failed(op, outcome.got),
                        outcome.refused);
    if (outcome.refused && !run.subject->custom_layout)
        outcome.needed = cost_of(op);
    grants_foresee(op);
    outcome.expected = expect(op, &outcome);
    outcome.cost = oracle_pages(&run.oracle) - pages_before;
    if (op_is_grant(op->kind) && !run.c->boot.auto_translated)
        grants_note(op, outcome.expected);
    judge(&outcome);
}

static void unmap_all(void)
{
    struct outcome outcome = {.pages_before = host.live};

    if (!grants_count())
        return;
    while (grants_count()) {
        const struct op op = grants_first();
        uint64_t mask;

        overlap_none(&op);
        mask = oracle_call(&run.oracle, &op);
        grants_note(&op, mask);
    }
    judge(&outcome);
    grants_check();
}

/* ---- the other ops ---- */

static void resume(const struct op *op)
{
    const struct boot *boot = &run.c->boot;
    struct outcome outcome = {.resumed = true};
    bool by_judge = false;

    get_ready(op);
    if (skip(op))
        return;
    unmap_all();
    outcome.pages_before = host.live;
    outcome.taken_before = host.taken;
    if (!boot->auto_translated) {
        if (!run.model_off) {
            judgement_of_both();
            by_judge = judgement_restores();
        }
        if (!by_judge)
            toolstack_restore(boot->xen_restore);
        oracle_resume(&run.oracle, boot->xen_restore,
                      run.subject->custom_layout ? host.info->max_pfn : MAX_P2M_PFN);
    }
    host_resume();
    if (by_judge)
        judgement_restore();
    executor_publish();
    executor_note(op, 0);
    if (!run.model_off)
        judge(&outcome);
}

/* The builder did it already, if the op stands in front of a boot that builds. */
static void hand_over(const struct op *op)
{
    if (skip(op))
        return;
    if (!run.built)
        builder_take(&run.builder, op);
    executor_note(op, 0);
}

static void add_e820(const struct op *op)
{
    oracle_add_e820(&run.oracle, op);
    executor_note(op, 0);
}

/* ---- the life of a p2m ---- */

/* False after a refused page. */
static bool build_once(unsigned refuse)
{
    const struct boot *boot = &run.c->boot;
    p2m_word *list = host_mfn_list(&run.builder);
    struct outcome outcome = {0};

    host_arm(refuse);
    sync_arm_limit();
    run.built = run.subject->build(list, (p2m_word)boot->nr_pages, boot->auto_translated);
    outcome.got = run.built;
    outcome.refused = host.refused;
    outcome.expected = !host.refused;
    host_arm(0);
    if (!run.toolstacks)
        checks_build(&outcome);
    return run.built;
}

/* The tree is there: the oracle learns of it. */
static void built(void)
{
    p2m_word start, end;

    run.published = false;
    run.max_pfn = 0;
    if (run.c->boot.auto_translated)
        return;
    run_refresh_view();
    oracle_build(&run.oracle);
    for (unsigned n = 0; run.subject->boot_range && run.subject->boot_range(n, &start, &end); n++)
        oracle_call(&run.oracle, &(struct op){.kind = OP_RANGE, .pfn = start, .arg = end});
}

static void build(const struct op *op)
{
    struct outcome outcome = {0};

    if (skip(op))
        return;
    executor_note(op, build_once(op->at));
    state_cell_note_life(OP_BUILD, false, false, run.built);
    run.tally.refused[OP_BUILD] += !run.built;
    if (!run.built)
        return;
    built();
    judge(&outcome);
}

static void publish_again(const struct op *op)
{
    struct outcome outcome = {0};

    if (skip(op))
        return;
    outcome.pages_before = host.live;
    state_cell_note_life(OP_PUBLISH, run.built, run.published, true);
    executor_publish();
    executor_note(op, 0);
    judge(&outcome);
}

/* Always in a small tree; in a big one, one case in `cases` is enough for CHECK_QUICK. */
static bool end_is_seen(unsigned cases)
{
    return everything_now() || executor_sees_each_end || run.trace % cases == 0;
}

/* All pages are freed. */
static void destroy_now(void)
{
    struct outcome outcome = {0};
    /* a big list is compared whole */
    bool grafted = run.built && !run.subject->custom_layout && !run.model_off &&
                   !run.c->boot.auto_translated && end_is_seen(4);

    sync_arm_limit();
    run.subject->destroy();
    run.built = run.published = false;
    if (grafted && !run.toolstacks)
        checks_list_left();
    if (!run.toolstacks)
        checks_after(&outcome, true);
}

static void destroy(const struct op *op)
{
    if (skip(op))
        return;
    unmap_all();
    state_cell_note_life(OP_DESTROY, run.built, run.published, true);
    destroy_now();
    executor_note(op, 0);
    if (run.c->boot.auto_translated)
        return;
    oracle_destroy(&run.oracle);
    memset(&run.view, 0, sizeof(run.view));
    host_info_select(host_info_index()); /* nothing is published any more */
}

static void boot(void)
{
    const struct boot *boot = &run.c->boot;
    struct outcome outcome = {0};

    run.built = run.published = false;
    if (is_bare())
        return;
    if (!build_once(boot->refuse))
        build_once(0);
    built();
    if (!run.subject->ranges_first)
        executor_publish();
    if (!run.model_off)
        judge(&outcome);
}

/* ---- a case ---- */

static void run_op(const struct op *op)
{
    switch ((enum op_kind)op->kind) {
    case OP_RESUME:
        resume(op);
        break;
    case OP_E820:
        add_e820(op);
        break;
    case OP_BUILD:
        build(op);
        break;
    case OP_PUBLISH:
        publish_again(op);
        break;
    case OP_DESTROY:
        destroy(op);
        break;
    case OP_GET:
    case OP_PFN_TO_MFN:
    case OP_SET:
    case OP_SET_NOALLOC:
    case OP_RANGE:
    case OP_XEN_SET_IDENTITY:
    case OP_IDENTITY_RANGES:
    case OP_GRANT_MAP:
    case OP_GRANT_UNMAP:
        plain_call(op);
        break;
    case OP_LIST:
    case OP_MFN_BASE:
        hand_over(op);
        break;
    }
}

static void plain_calls(const struct op *const *calls, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        plain_call(calls[i]);
}

/* Ranges, and the maps they come from, of a subject that makes them at boot. */
static bool is_of_boot(const struct op *op)
{
    return run.subject->ranges_first &&
           (op->kind == OP_RANGE || op->kind == OP_XEN_SET_IDENTITY || op->kind == OP_E820);
}

static void run_boot_ops(unsigned to)
{
    for (unsigned i = 0; i < to && run.subject->ranges_first; i++) {
        running_op = (int)i;
        if (is_of_boot(&run.c->ops[i]))
            run_op(&run.c->ops[i]);
    }
}

static void run_ops(unsigned from, unsigned to)
{
    const struct op *waiting[OVERLAP_CALLS];
    unsigned count = 0;

    if (!from)
        run_boot_ops(to);
    for (unsigned i = from; i < to; i++) {
        const struct op *op = &run.c->ops[i];
        bool call = op_has_pfn(op->kind);

        if (is_of_boot(op))
            continue;
        running_op = (int)i;
        run.tally.skipped[op->kind] += op_has_schedule(op) && !schedule_is_honoured(op);
        if (call && op->at && op->at_from == TURN_START && count < OVERLAP_CALLS - 1) {
            waiting[count++] = op;
            continue;
        }
        if (count && (call || op_is_grant(op->kind) || op->kind == OP_XEN_SET_IDENTITY)) {
            waiting[count++] = op;
            if (are_serialized(waiting, count)) {
                plain_calls(waiting, count);
            } else {
                long_lists_note_overlap(waiting, count);
                overlap_run(waiting, count);
            }
        } else {
            plain_calls(waiting, count); /* no call follows that they could interrupt */
            run_op(op);
        }
        count = 0;
    }
    plain_calls(waiting, count);
}

static void finish(void)
{
    struct outcome outcome = {.pages_before = host.live};

    running_op = (int)run.c->count;
    if (run.built && !everything_now() && !run.model_off && !run.toolstacks)
        checks_after(&outcome, true);
    if (run.published && run.toolstacks && !run.c->boot.auto_translated)
        judgement_of_both();
    else if (run.published && !run.model_off)
        judgement_check();
    if (executor_at_end)
        executor_at_end();
    if (run.want_hash)
        run.hash = prng_mix(run.trace ^ state_hash(NULL));
    if (run.built && end_is_seen(8)) /* destroy looks at each slot */
        destroy_now();
    if (host_redzones_dirty(0))
        violated(PAGE_LEDGER, "expected freed pages and gaps untouched, got a store there");
    run.tally.cases++;
}

/*
 * Is the list longer than what the harness can lend, and not beyond the table anyway? A sparse
 * list is for subjects that keep the list where it is.
 */
static bool is_too_long(const struct subject *subject, const struct boot *boot)
{
    uint64_t lent = boot_max_pages(&shape_here);

    return boot->nr_pages > lent && lent < MAX_P2M_PFN &&
           (!HOST_SPARSE_LISTS || subject->custom_layout || boot_is_judged(boot));
}

/* The same case for an ordinary guest, if the subject supports no other; with a list that is lent,
 * and with room for the own pages of a guest that is judged. */
static const struct test_case *fitting(const struct subject *subject, const struct test_case *c)
{
    static struct test_case ordinary;

    bool translated = subject->never_auto_translated && c->boot.auto_translated;

    if (!translated && !is_too_long(subject, &c->boot) && !boot_is_judged(&c->boot))
        return c;
    ordinary = *c;
    if (translated)
        ordinary.boot.auto_translated = false;
    if (is_too_long(subject, &c->boot)) {
        ordinary.boot.nr_pages = boot_max_pages(&shape_here);
        run.tally.skipped[OP_BUILD]++;
    }
    own_pages_fit(&ordinary.boot);
    return &ordinary;
}

/* Has the boot a field that neither this subject nor the executor honours? */
static bool boot_is_cut(const struct subject *subject, const struct boot *boot)
{
    static const struct boot none;
    bool judged = boot_is_judged(boot) && judge_here;
    unsigned honoured = 1u << BOOT_BARE | (unsigned)(subject->list != NULL) << BOOT_TOOLS4 |
                        (unsigned)subject->alternates << BOOT_TSO | (unsigned)judged << BOOT_JUDGE;
    const bool upper = HOST_SPARSE_LISTS && boot->nr_pages > HOST_DENSE_LEAVES * (uint64_t)P2M_LEAF;
    struct boot rest = *boot;

    if (subject->remaps)
        memset(rest.setup.nvs, 0, sizeof(rest.setup.nvs));
    return boot->hotplug_limit || boot->extra[0].pages || (boot->order && subject->custom_layout) ||
           (upper && host_order_has_low_list(boot->order)) || (boot->flags & ~honoured) ||
           memcmp(&rest.setup, &none.setup, sizeof(rest.setup));
}

/* Ops in front of a boot that builds are made now. */
static void start_builder(void)
{
    run.built = false;
    builder_start(&run.builder, &run.c->boot);
    for (unsigned i = 0; !is_bare() && i < run.c->count && is_in_front(&run.c->ops[i]); i++)
        if ((handed_over[i] = state_allows(&run.c->ops[i])))
            builder_take(&run.builder, &run.c->ops[i]);
}

bool executor_start(const struct subject *subject, const struct test_case *c,
                    enum check_level level, struct verdict *verdict)
{
    verdict->id = INVARIANT_NONE;
    verdict->details[0] = '\0';
    run.subject = subject;
    run.c = fitting(subject, c);
    run.tally.skipped[OP_BUILD] += boot_is_cut(subject, &c->boot);
    run.level = level;
    running_op = -1;
    run.trace = 0;
    run.judged_leaves = 0;
    memset(&run.view, 0, sizeof(run.view));
    host_start();
    host_reset();
    host_arrange(subject->custom_layout ? 0 : run.c->boot.order);
    start_builder();
    oracle_reset(&run.oracle, &run.builder);
    grants_reset();
    long_lists_reset();
    if (VERDICT_CATCH(verdict))
        return false;
    boot();
    return verdict_end();
}

bool executor_steps(unsigned from, unsigned to, struct verdict *verdict)
{
    if (VERDICT_CATCH(verdict))
        return false;
    run_ops(from, to);
    return verdict_end();
}

bool executor_look(struct verdict *verdict)
{
    struct outcome outcome = {.pages_before = host.live};
    const enum check_level level = run.level;

    if (VERDICT_CATCH(verdict)) {
        run.level = level;
        return false;
    }
    run.level = CHECK_EVERY;
    checks_after(&outcome, true);
    run.level = level;
    return verdict_end();
}

bool executor_finish(struct verdict *verdict)
{
    if (VERDICT_CATCH(verdict))
        return false;
    finish();
    return verdict_end();
}

/* The boot, then each op, of a subject that makes and judges them by itself. */
static void run_steps(void)
{
    uint64_t result;

    run.tally.skipped[OP_BUILD] += !run.subject->step(NULL, &result);
    for (unsigned i = 0; i < run.c->count; i++) {
        const struct op *op = &run.c->ops[i];

        running_op = (int)i;
        sync_arm_limit();
        if (run.subject->step(op, &result))
            executor_note(op, result);
        else
            run.tally.skipped[op->kind]++;
    }
    if (executor_at_end)
        executor_at_end();
    run.hash = run.trace;
    run.tally.cases++;
}

static bool run_whole(const struct subject *subject, const struct test_case *c,
                      enum check_level level, struct verdict *verdict)
{
    verdict->id = INVARIANT_NONE;
    verdict->details[0] = '\0';
    run.subject = subject;
    run.c = c;
    run.level = level;
    running_op = -1;
    run.trace = 0;
    host_start();
    host_reset();
    if (VERDICT_CATCH(verdict))
        return false;
    run_steps();
    return verdict_end();
}

bool executor_run(const struct subject *subject, const struct test_case *c, enum check_level level,
                  struct verdict *verdict)
{
    static struct test_case plain;

    if (subject->step)
        return run_whole(subject, c, level, verdict);
    if (resolve_is_needed(c)) {
        resolve(subject, c, &plain);
        c = &plain;
    }
    return executor_start(subject, c, level, verdict) && executor_steps(0, c->count, verdict) &&
           executor_finish(verdict);
}

static struct executor_judged judged;

struct executor_judged executor_judged(void)
{
    return judged;
}

/* The calls of `c` one after another, as written or the other way round. */
static struct {
    struct test_case c;
    uint16_t from[CASE_OPS]; /* the index of each op in the case as written */
} apart;

static void take_apart(const struct test_case *c, bool reversed)
{
    apart.c = *c;
    for (unsigned i = 0, end; i < c->count; i = end) {
        for (end = i; end < c->count && op_has_pfn(c->ops[end].kind) && c->ops[end].at; end++)
            ;
        end += end < c->count;
        for (unsigned k = i; k < end; k++) {
            apart.from[k] = (uint16_t)(reversed ? i + end - 1 - k : k);
            apart.c.ops[k] = c->ops[apart.from[k]];
            if (op_has_pfn(apart.c.ops[k].kind))
                op_clear_schedule(&apart.c.ops[k]);
            if (end - i > 1) /* what it does not lose as it is written, it does not lose now */
                apart.c.ops[k].refuse = (uint8_t)overlap_refusal(&apart.c.ops[k]);
        }
    }
}

/* executor_judge, whose overlapping calls stay so. */
static bool judge_as_it_is(const struct subject *subject, const struct test_case *c,
                           enum check_level level, struct verdict *verdict)
{
    const unsigned patience = hang_ticks;
    struct verdict again;

    if (executor_run(subject, c, level, verdict))
        return true;
    judged = (struct executor_judged){c, verdict->op, level};
    if (verdict->id == HANG)
        hang_ticks = HANG_TICKS_KNOWN;
    if (level == CHECK_QUICK && !executor_run(subject, c, CHECK_EVERY, &again)) {
        *verdict = again;
        judged = (struct executor_judged){c, again.op, CHECK_EVERY};
    }
    hang_ticks = patience;
    return false;
}

/*
 * A defect that needs no second call may show first while two overlap, as results in
 * no order. So the calls are made one after another, as written and the other way
 * round; *verdict is what is wrong then, of the op as it is written.
 */
static void without_overlap(const struct subject *subject, const struct test_case *c,
                            struct verdict *verdict)
{
    const struct executor_judged overlapping = judged;
    struct verdict again;
    size_t length;

    for (unsigned reversed = 0; reversed < 2; reversed++) {
        take_apart(c, reversed);
        if ((judge_as_it_is(subject, &apart.c, CHECK_QUICK, &again) &&
             judge_as_it_is(subject, &apart.c, CHECK_EVERY, &again)) ||
            again.id >= verdict->id)
            continue;
        *verdict = again;
        if (again.op >= 0 && again.op < (int)c->count)
            verdict->op = apart.from[again.op];
        length = strlen(verdict->details);
        snprintf(verdict->details + length, sizeof(verdict->details) - length,
                 " (the calls made one after another%s)", reversed ? ", the last first" : "");
        return;
    }
    judged = overlapping;
}

/* True if calls that wait for op `op` run inside it. */
static bool overlaps(const struct test_case *c, int op)
{
    return op > 0 && op < (int)c->count && op_has_pfn(c->ops[op - 1].kind) && c->ops[op - 1].at;
}

/* The run that the verdict is from once more, if calls overlapped there: for the report. */
static void record_switches(const struct subject *subject)
{
    const unsigned patience = hang_ticks;
    struct verdict again;

    switches.count = 0;
    if (!overlaps(judged.c, judged.op))
        return;
    hang_ticks = HANG_TICKS_KNOWN;
    switches.wanted = true;
    executor_run(subject, judged.c, judged.level, &again);
    switches.wanted = false;
    hang_ticks = patience;
}

bool executor_judge(const struct subject *subject, const struct test_case *c,
                    enum check_level level, struct verdict *verdict)
{
    if (judge_as_it_is(subject, c, level, verdict))
        return true;
    if (verdict->id == LINEARIZABLE ||
        (verdict->id == GRANTS_ACCOUNTED && overlaps(c, verdict->op)))
        without_overlap(subject, c, verdict);
    record_switches(subject);
    return false;
}

uint64_t executor_hash(void)
{
    return run.hash;
}

UNINSTRUMENTED_END
