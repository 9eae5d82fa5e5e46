// SPDX-License-Identifier: GPL-2.0-only
/* Runs cases: see machine.h. What is true after an op is judged in checks.c. */
#include "machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cells.h"
#include "prng.h"
#include "quiet.h"

HARNESS_BEGIN

struct machine machine;
void (*machine_watcher)(int op, uint64_t result);
void (*machine_at_end)(void);

static jmp_buf escape;
static struct verdict *verdict_out;

/* ---- the way out ---- */

void violated(enum invariant id, const char *format, ...)
{
    va_list arguments;

    verdict_out->id = id;
    verdict_out->op = machine.op;
    va_start(arguments, format);
    vsnprintf(verdict_out->details, sizeof(verdict_out->details), format, arguments);
    va_end(arguments);
    longjmp(escape, 1);
}

void invariant_shared_page_written(int page, unsigned offset)
{
    static const enum invariant ids[4] = {IDENTITY_PAGE_UNTOUCHED, MISSING_PAGE_UNTOUCHED,
                                          MID_MISSING_UNTOUCHED, MID_IDENTITY_UNTOUCHED};

    violated(ids[page], "expected no store to the page, got one at byte %u of it", offset);
}

void machine_warn(const char *what)
{
    violated(CORE_WARNED, "%s", what);
}

/* ---- one call ---- */

/* A call that the model or a refusal may make fail: its state before is worth a hash. */
static bool may_fail(const struct op *op)
{
    p2m_word pfn = (p2m_word)op->pfn;

    if (op->kind < OP_SET || op->kind > OP_RANGE || machine.subject->own_slots)
        return false;
    if (op->refuse || op->kind == OP_RANGE)
        return op->refuse;
    return pfn >= MAX_P2M_PFN || !model_entry_is_sound(pfn, (p2m_word)op->arg) ||
           (op->kind == OP_SET_NOALLOC && kinds_at(&machine.kinds, pfn) != KIND_PRIVATE);
}

/* Small geometries are checked whole after each op, big ones if asked. */
static bool everything_now(void)
{
    return MODEL_LITERAL || machine.level == CHECK_EVERY || machine.subject->own_slots;
}

static unsigned kinds_pages(void)
{
    return 2 * machine.kinds.mids + machine.kinds.leaves;
}

static bool has_failed(const struct op *op, uint64_t result)
{
    return op->kind >= OP_SET && op->kind <= OP_RANGE && !result;
}

void machine_note(const struct op *op, uint64_t result)
{
    machine.trace = prng_mix(machine.trace ^ result ^ ((uint64_t)op->kind << 56));
    machine.tally.ops += !machine.model_off && op->kind != OP_E820; /* what is judged */
    machine.tally.calls[op->kind]++;
    machine.tally.failed[op->kind] += has_failed(op, result);
    if (machine_watcher)
        machine_watcher((int)(op - machine.c->ops), result);
}

/* What the call must answer, now that it is known whether a page was refused. */
static uint64_t expect(const struct op *op, const struct outcome *outcome)
{
    struct op prefix = *op;
    p2m_word end = (p2m_word)op->arg < MAX_P2M_PFN ? (p2m_word)op->arg : MAX_P2M_PFN;

    if (!outcome->refused)
        return model_call(&machine.model, &machine.kinds, op);
    if (op->kind != OP_RANGE || machine.subject->range_all_or_nothing)
        return 0;
    if (outcome->got > end - (p2m_word)op->pfn)
        violated(RANGE_PREFIX, "expected at most 0x%llx PFNs, got 0x%llx",
                 (unsigned long long)(end - op->pfn), (unsigned long long)outcome->got);
    prefix.arg = op->pfn + outcome->got;
    return model_call(&machine.model, &machine.kinds, &prefix);
}

/* A page was refused: it must have been one of those that the call cannot do without. */
static void needed_the_page(const struct op *op)
{
    static struct model model;
    static struct kinds kinds;
    unsigned before = kinds_pages(), cost;

    model_fork(&model, &machine.model);
    kinds_copy(&kinds, &machine.kinds);
    model_call(&model, &kinds, op);
    cost = 2 * kinds.mids + kinds.leaves - before;
    if (op->refuse > cost)
        violated(PAGE_COST, "expected the call to ask for %u pages, got it to ask for page %u",
                 cost, op->refuse);
}

/* What this call could violate: a store through a shared leaf or mid would show in it. */
static void note_exercised(const struct op *op)
{
    p2m_word pfn = (p2m_word)op->pfn;
    enum kind leaf, mid;

    machine.tally.exercised[CORE_BUG]++;
    machine.tally.exercised[CORE_WARNED]++;
    machine.tally.exercised[HANG]++;
    if (op->kind < OP_SET || op->kind > OP_RANGE || pfn >= MAX_P2M_PFN)
        return;
    leaf = kinds_at(&machine.kinds, pfn);
    mid = (enum kind)machine.kinds.mid[pfn / P2M_MID_SPAN];
    machine.tally.exercised[IDENTITY_PAGE_UNTOUCHED] += leaf == KIND_IDENTITY;
    machine.tally.exercised[MISSING_PAGE_UNTOUCHED] += leaf == KIND_MISSING;
    machine.tally.exercised[MID_MISSING_UNTOUCHED] += mid == KIND_MISSING;
    machine.tally.exercised[MID_IDENTITY_UNTOUCHED] += mid == KIND_IDENTITY;
}

/* ---- subjects with rules of their own ---- */

void machine_view(void)
{
    machine.subject->view(&machine.view);
}

static bool is_skipped(const struct op *op)
{
    bool range = op->kind == OP_RANGE || op->kind == OP_XEN_SET_IDENTITY;

    if (range && machine.subject->ranges_first && machine.published)
        return true;
    return machine.subject->skips && machine.subject->skips(op);
}

static void publish(void)
{
    race_none();
    machine.published = true;
    machine.subject->publish(&host.info);
}

/* Before a call: the MFN tree, if it is wanted now; the slots as they are. */
static void get_ready(const struct op *op)
{
    bool changes = op->kind == OP_SET || op->kind == OP_SET_NOALLOC || op->kind == OP_RESUME;

    if (!machine.published && changes)
        publish();
    if (!machine.subject->own_slots || machine.c->boot.auto_translated)
        return;
    machine_view();
    if (!machine.model_off)
        checks_reread_kinds();
}

static bool are_kept_apart(const struct op *const *calls, unsigned count)
{
    if (!machine.subject->own_slots)
        return false;
    get_ready(&(struct op){.kind = OP_SET});
    for (unsigned i = 0; i < count; i++)
        if (calls[i]->kind == OP_RANGE || is_skipped(calls[i]))
            return true;
    return machine.subject->keeps_apart && machine.subject->keeps_apart(calls, count);
}

static void plain_call(const struct op *op)
{
    struct outcome outcome = {.op = op};
    unsigned kinds_before, cell = 0;

    machine.op = (int)(op - machine.c->ops);
    get_ready(op);
    if (is_skipped(op)) {
        machine_note(op, 0);
        return;
    }
    outcome.pages_before = host.live;
    outcome.taken_before = host.taken;
    kinds_before = kinds_pages();
    note_exercised(op);
    if (op->kind <= OP_RANGE)
        cell = cells_before(op, &machine.kinds, host.list_words);
    if (may_fail(op))
        outcome.hash_before = state_hash(machine.level == CHECK_EVERY ? NULL : op);
    host_arm(op->refuse);
    outcome.got = race_one(op);
    outcome.refused = host.refused;
    host_arm(0);
    /* a range of nothing has done all that it had to */
    outcome.failed = has_failed(op, outcome.got) && (op->kind != OP_RANGE || outcome.refused);
    machine.tally.refused[op->kind] += outcome.refused;
    machine_note(op, outcome.got);
    if (machine.model_off)
        return;
    if (op->kind <= OP_RANGE && !machine.c->boot.auto_translated)
        cells_note(cell, op->kind < OP_SET || op->kind == OP_RANGE || outcome.got, outcome.refused);
    if (outcome.refused && !machine.subject->own_slots)
        needed_the_page(op);
    outcome.expected = expect(op, &outcome);
    outcome.cost = kinds_pages() - kinds_before;
    checks_after(&outcome, everything_now());
}

/* ---- the other ops ---- */

static void flatten(p2m_word start, p2m_word end)
{
    if (start < end)
        model_change(&machine.model, (struct change){CHANGE_FLATTENED, start, end, 0});
}

/* Runs of private leaves lose all that is no plain MFN. */
static void model_flatten(void)
{
    const struct kinds *kinds = &machine.kinds;
    p2m_word run = 0, end = 0; /* the private leaves seen last: [run, end) */

    for (unsigned ti = 0; ti < P2M_TOP; ti++)
        for (unsigned mi = 0; kinds->mid[ti] == KIND_PRIVATE && mi < P2M_MID; mi++) {
            p2m_word first = ti * P2M_MID_SPAN + mi * (p2m_word)P2M_LEAF;

            if (kinds->leaf[ti][mi] != KIND_PRIVATE)
                continue;
            if (machine.subject->own_slots && first >= host.info.max_pfn)
                continue;
            if (first != end) {
                flatten(run, end);
                run = first;
            }
            end = first + P2M_LEAF;
        }
    flatten(run, end);
}

/* The model of what toolstack_restore and the new host do to the entries. */
static void model_resume(bool xen)
{
    if (xen)
        model_flatten();
    model_change(&machine.model, (struct change){CHANGE_RENUMBERED, 0, MAX_P2M_PFN, 0});
}

static void resume(const struct op *op)
{
    const struct boot *boot = &machine.c->boot;
    struct outcome outcome = {0};

    get_ready(op);
    outcome.pages_before = host.live;
    if (is_skipped(op)) {
        machine_note(op, 0);
        return;
    }
    if (!boot->auto_translated) {
        if (!machine.model_off)
            toolstack_check();
        toolstack_restore(boot->xen_restore);
        model_resume(boot->xen_restore);
    }
    host_resume();
    publish();
    machine_note(op, 0);
    if (!machine.model_off)
        checks_after(&outcome, everything_now());
}

static void add_e820(const struct op *op)
{
    machine.e820[machine.e820_count++] = (struct p2m_e820_entry){
        op->start, op->stop, op->type == OP_TYPE_SOFT ? 0xefffffff : op->type};
    machine_note(op, 0);
}

static void run_op(const struct op *op)
{
    if (op->kind == OP_RESUME)
        resume(op);
    else if (op->kind == OP_E820)
        add_e820(op);
    else
        plain_call(op);
}

/* ---- a case ---- */

static bool build_once(p2m_word *list, unsigned refuse)
{
    bool built;

    host_arm(refuse);
    race_none();
    built = machine.subject->build(list, (p2m_word)machine.c->boot.nr_pages,
                                   machine.c->boot.auto_translated);
    if (built == host.refused)
        violated(RESULT_MATCHES_MODEL, "expected build to be %s, got %s",
                 host.refused ? "false after a refused page" : "true", built ? "true" : "false");
    return built;
}

static void boot(void)
{
    const struct boot *boot = &machine.c->boot;
    struct outcome outcome = {0};
    p2m_word *list = host_mfn_list(boot);

    if (!build_once(list, boot->refuse)) {
        machine.tally.exercised[FAILED_CALL_UNCHANGED]++;
        if (host.live)
            violated(PAGE_LEDGER, "expected all pages back after a failed build, got %u left",
                     host.live);
        if (!host_list_intact(boot))
            violated(FAILED_CALL_UNCHANGED, "expected the mfn_list untouched by a failed build");
        build_once(list, 0);
    }
    host_arm(0);
    machine.published = false;
    if (!machine.subject->ranges_first)
        publish();
    if (!boot->auto_translated) {
        machine.subject->view(&machine.view);
        machine.model.boot = *boot;
        model_change(&machine.model,
                     (struct change){
                         CHANGE_LIST, 0,
                         boot->nr_pages < MAX_P2M_PFN ? (p2m_word)boot->nr_pages : MAX_P2M_PFN, 0});
        kinds_build(&machine.kinds, (p2m_word)boot->nr_pages);
        if (machine.subject->boot_range && machine.subject->boot_range() < MAX_P2M_PFN)
            model_call(&machine.model, &machine.kinds,
                       &(struct op){.kind = OP_RANGE,
                                    .pfn = machine.subject->boot_range(),
                                    .arg = MAX_P2M_PFN});
    }
    if (!machine.model_off)
        checks_after(&outcome, everything_now());
}

static void plain_calls(const struct op *const *calls, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        plain_call(calls[i]);
}

static void run_ops(unsigned from, unsigned to)
{
    const struct op *waiting[MACHINE_RACE];
    unsigned count = 0;

    for (unsigned i = from; i < to; i++) {
        const struct op *op = &machine.c->ops[i];
        bool call = op->kind <= OP_RANGE;

        machine.op = (int)i;
        if (call && op->at && count < MACHINE_RACE - 1) {
            waiting[count++] = op;
            continue;
        }
        if (call && count) {
            waiting[count++] = op;
            if (are_kept_apart(waiting, count))
                plain_calls(waiting, count);
            else
                race_calls(waiting, count);
        } else {
            plain_calls(waiting, count); /* no call follows that they could interrupt */
            run_op(op);
        }
        count = 0;
    }
    plain_calls(waiting, count);
}

static void destroy(void)
{
    p2m_sync_left = HOST_HANG;
    machine.subject->destroy();
    machine.tally.checks++;
    if (host.live)
        violated(PAGE_LEDGER, "expected all pages back in the end, got %u left", host.live);
}

static void finish(void)
{
    struct outcome outcome = {.pages_before = host.live};

    machine.op = (int)machine.c->count;
    if (!everything_now() && !machine.model_off)
        checks_after(&outcome, true);
    if (machine_at_end)
        machine_at_end();
    if (machine.want_hash)
        machine.hash = prng_mix(machine.trace ^ state_hash(NULL));
    /* destroy looks at each slot: of a big tree one case in eight is enough for CHECK_QUICK */
    if (everything_now() || machine.trace % 8 == 0)
        destroy();
    if (host_trespass(0))
        violated(PAGE_LEDGER, "expected freed pages and gaps untouched, got a store there");
    machine.tally.cases++;
}

/* The same case for an ordinary guest, if the subject knows no other. */
static const struct test_case *fitting(const struct subject *subject, const struct test_case *c)
{
    static struct test_case ordinary;

    if (!subject->never_auto_translated || !c->boot.auto_translated)
        return c;
    ordinary = *c;
    ordinary.boot.auto_translated = false;
    return &ordinary;
}

bool machine_start(const struct subject *subject, const struct test_case *c, enum check_level level,
                   struct verdict *verdict)
{
    verdict->id = INVARIANT_NONE;
    verdict->details[0] = '\0';
    verdict_out = verdict;
    machine.subject = subject;
    machine.c = fitting(subject, c);
    machine.level = level;
    machine.op = -1;
    machine.trace = 0;
    memset(&machine.view, 0, sizeof(machine.view));
    machine.e820_count = 0;
    cells_new_case();
    host_start();
    host_reset();
    model_reset(&machine.model, true);
    kinds_reset(&machine.kinds);
    if (setjmp(escape))
        return false;
    boot();
    return true;
}

bool machine_steps(unsigned from, unsigned to, struct verdict *verdict)
{
    verdict_out = verdict;
    if (setjmp(escape))
        return false;
    run_ops(from, to);
    return true;
}

bool machine_look(struct verdict *verdict)
{
    struct outcome outcome = {.pages_before = host.live};
    const enum check_level level = machine.level;

    verdict_out = verdict;
    if (setjmp(escape)) {
        machine.level = level;
        return false;
    }
    machine.level = CHECK_EVERY;
    checks_after(&outcome, true);
    machine.level = level;
    return true;
}

bool machine_finish(struct verdict *verdict)
{
    verdict_out = verdict;
    if (setjmp(escape))
        return false;
    finish();
    return true;
}

bool machine_run(const struct subject *subject, const struct test_case *c, enum check_level level,
                 struct verdict *verdict)
{
    return machine_start(subject, c, level, verdict) && machine_steps(0, c->count, verdict) &&
           machine_finish(verdict);
}

/*
 * A defect that needs no second call may show first while two overlap, as results in
 * no order. So the calls are made one after another, as written and the other way
 * round; *verdict is what is wrong then, of the op it is wrong after.
 */
static void without_overlap(const struct subject *subject, const struct test_case *c,
                            struct verdict *verdict)
{
    static struct test_case apart;
    struct verdict again;

    for (unsigned reversed = 0; reversed < 2; reversed++) {
        apart = *c;
        for (unsigned i = 0, end; i < c->count; i = end) {
            for (end = i; end < c->count && c->ops[end].at; end++)
                ;
            end += end < c->count;
            for (unsigned k = i; k < end; k++) {
                apart.ops[k] = c->ops[reversed ? i + end - 1 - k : k];
                apart.ops[k].at = 0;
                apart.ops[k].refuse = end - i > 1 ? 0 : apart.ops[k].refuse;
            }
        }
        if (machine_run(subject, &apart, CHECK_EVERY, &again) || again.id >= LINEARIZABLE)
            continue;
        *verdict = again;
        return;
    }
}

bool machine_judge(const struct subject *subject, const struct test_case *c, enum check_level level,
                   struct verdict *verdict)
{
    struct verdict again;

    if (machine_run(subject, c, level, verdict))
        return true;
    if (level == CHECK_QUICK && !machine_run(subject, c, CHECK_EVERY, &again))
        *verdict = again;
    if (verdict->id == LINEARIZABLE)
        without_overlap(subject, c, verdict);
    return false;
}

uint64_t machine_hash(void)
{
    return machine.hash;
}

HARNESS_END
