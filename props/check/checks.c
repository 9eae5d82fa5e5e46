// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The judgement after an op, in its order: results, costs and max_pfn here, pages,
 * entries and the MFN tree in files of their own. See checks.h.
 */
#include "checks.h"

#include "map_ranges.h"
#include "props/base/uninstrumented.h"
#include "state_hash.h"
#include "toolstack.h"

UNINSTRUMENTED_BEGIN

/* ---- results ---- */

/* Lookups have names of their own. */
static enum invariant name_of_result(const struct op *op)
{
    return op->kind == OP_GET          ? GET_MATCHES_MODEL
           : op->kind == OP_PFN_TO_MFN ? PFN_TO_MFN
                                       : RESULT_MATCHES_MODEL;
}

static void check_result(const struct outcome *outcome)
{
    enum invariant id = name_of_result(outcome->op);

    if (outcome->op->kind == OP_IDENTITY_RANGES) {
        map_ranges_check(outcome->op);
        return;
    }
    run_count_check(id);
    if (outcome->got != outcome->expected)
        violated(id, "expected %s0x%llx, got 0x%llx",
                 outcome->refused ? "(a page was refused) " : "", HEX(outcome->expected),
                 HEX(outcome->got));
}

/* What a failed call must leave as it was; by rules of its own it may leave pages. */
static uint64_t state_now(const struct outcome *outcome)
{
    if (run.subject->custom_layout)
        return state_hash_entries(outcome->op);
    return state_hash(run.level == CHECK_EVERY ? NULL : outcome->op);
}

/* The call failed and left another state than the one before it. */
static bool has_changed(const struct outcome *outcome)
{
    if (!outcome->failed || !outcome->hash_before)
        return false;
    run_count_check(FAILED_CALL_UNCHANGED);
    return state_now(outcome) != outcome->hash_before;
}

static void check_unchanged(const struct outcome *outcome)
{
    if (has_changed(outcome))
        violated(FAILED_CALL_UNCHANGED, "expected state %016llx as before the call, got %016llx",
                 HEX(outcome->hash_before), HEX(state_now(outcome)));
}

/* ---- cost ---- */

/* Under any rules: an empty range costs nothing, and a range has two ends. */
static void check_bounds(const struct outcome *outcome, unsigned grown)
{
    const struct op *op = outcome->op;
    bool empty;

    if (!op || op->kind != OP_RANGE)
        return;
    empty = op->pfn >= op->arg || op->pfn >= MAX_P2M_PFN;
    if (!empty && run_waives(PAGE_COST, (p2m_word)op->pfn))
        return;
    run_count_check(PAGE_COST);
    if (grown > (empty ? 0 : 6))
        violated(PAGE_COST, "expected at most %u more pages for %s range, got %u", empty ? 0 : 6,
                 empty ? "an empty" : "a", grown);
}

/* The call asked for other pages than it needs. */
static bool is_wasteful(const struct outcome *outcome)
{
    if (outcome->refused) /* it must have been one of those that it cannot do without */
        return outcome->op->refuse > outcome->needed;
    return host.taken - outcome->taken_before != outcome->cost;
}

static void check_cost(const struct outcome *outcome)
{
    unsigned grown = host.live - outcome->pages_before;

    if (!outcome->op || outcome->overlap)
        return;
    if (run.subject->custom_layout) {
        check_bounds(outcome, grown);
        return;
    }
    run_count_check(PAGE_COST);
    if (grown != outcome->cost)
        violated(PAGE_COST, "expected %u more pages, got %d", outcome->cost, (int)grown);
    if (!is_wasteful(outcome))
        return;
    if (outcome->refused)
        violated(PAGE_COST, "expected the call to ask for %u pages, got it to ask for page %u",
                 outcome->needed, outcome->op->refuse);
    violated(PAGE_COST, "expected the call to ask for %u pages, got it to ask for %u",
             outcome->cost, host.taken - outcome->taken_before);
}

/* The pages of the last walk are those that the slot kinds cost. */
static void check_kept_pages(void)
{
    const struct slot_kinds *kinds = &run.oracle.kinds;
    struct checks_met met = checks_met();

    run_count_check(PAGE_COST);
    if (met.mids != kinds->mids || met.leaves != kinds->leaves || met.mfn_pages != kinds->mids)
        violated(PAGE_COST,
                 "expected %u mids and MFN pages, %u leaves; got %u mids, %u MFN pages, %u leaves",
                 kinds->mids, kinds->leaves, met.mids, met.mfn_pages, met.leaves);
}

static bool resume_took_pages(const struct outcome *outcome)
{
    return outcome->resumed && host.taken != outcome->taken_before &&
           !run_waives(RESUME_TAKES_NO_PAGE, 0);
}

static void check_resume(const struct outcome *outcome)
{
    if (!outcome->resumed)
        return;
    run_count_check(RESUME_TAKES_NO_PAGE);
    if (resume_took_pages(outcome))
        violated(RESUME_TAKES_NO_PAGE, "expected a resume to ask for no page, got it to ask for %u",
                 host.taken - outcome->taken_before);
}

/* ---- max_pfn, and the toolstack ---- */

/* By rules of its own max_pfn may be anything that never falls; the rest the toolstack finds. */
static void check_own_max_pfn(void)
{
    run_count_check(MAX_PFN_COVERS);
    if (host.info->max_pfn < run.max_pfn)
        violated(MAX_PFN_COVERS, "expected max_pfn 0x%llx or more, got 0x%llx", HEX(run.max_pfn),
                 HEX(host.info->max_pfn));
    run.max_pfn = host.info->max_pfn;
}

void checks_max_pfn(void)
{
    if (run.subject->custom_layout) {
        check_own_max_pfn();
        return;
    }
    run_count_check(MAX_PFN_COVERS);
    if (host.info->max_pfn != run.oracle.kinds.max_pfn)
        violated(MAX_PFN_COVERS, "expected max_pfn 0x%llx, got 0x%llx",
                 HEX(run.oracle.kinds.max_pfn), HEX(host.info->max_pfn));
}

static void check_toolstack(void)
{
    run_count_check(TOOLSTACK_SEES_ALL);
    toolstack_check(run_is_sampled());
}

/* ---- without a tree ---- */

static void check_holds_nothing(const char *who)
{
    run_count_check(PAGE_LEDGER);
    if (host.live)
        violated(PAGE_LEDGER, "expected no page of %s, got %u", who, host.live);
}

static void check_publishes_nothing(bool whole_list)
{
    run_count_check(MAX_PFN_COVERS);
    if ((whole_list && !host_list_intact(&run.builder)) || host.info->max_pfn ||
        host.info->pfn_to_mfn_frame_list_list)
        violated(MAX_PFN_COVERS, "expected an auto-translated guest to publish and touch nothing");
}

static void check_auto_translated(const struct outcome *outcome)
{
    checks_shared();
    VERDICT_TRY(check_holds_nothing("an auto-translated guest"));
    if (outcome->op)
        VERDICT_TRY(check_result(outcome));
    VERDICT_TRY(check_cost(outcome));
    VERDICT_TRY(check_resume(outcome));
    VERDICT_TRY(check_publishes_nothing(run_is_thorough() || !outcome->op));
    checks_translated_lookups(outcome->op);
    verdict_settle();
}

/* Before a build and after a destroy. */
static void check_unbuilt(const struct outcome *outcome)
{
    checks_shared();
    VERDICT_TRY(check_holds_nothing("a p2m that is not built"));
    if (outcome->op)
        VERDICT_TRY(check_result(outcome));
    verdict_settle();
}

static void check_built(const struct outcome *outcome)
{
    run_count_check(RESULT_MATCHES_MODEL);
    if (outcome->got != outcome->expected)
        violated(RESULT_MATCHES_MODEL, "expected build to be %s, got %s",
                 outcome->refused ? "false after a refused page" : "true",
                 outcome->got ? "true" : "false");
}

static void check_list_untouched(void)
{
    run_count_check(FAILED_CALL_UNCHANGED);
    if (!host_list_intact(&run.builder))
        violated(FAILED_CALL_UNCHANGED, "expected the mfn_list untouched by a failed build");
}

void checks_build(const struct outcome *outcome)
{
    bool has_view = !run.c->boot.auto_translated && !run.subject->custom_layout;

    VERDICT_TRY(check_built(outcome));
    if (!outcome->got) {
        checks_shared();
        VERDICT_TRY(check_holds_nothing("a build that failed"));
        VERDICT_TRY(check_list_untouched());
    } else if (!outcome->expected && has_view) { /* a tree that lacks a page */
        run_refresh_view();
        checks_structure();
    }
    verdict_settle();
}

/* ---- all of them ---- */

/* What the fast check also needs, of a subject with rules of its own: its costs are checked. */
static bool well_by_own_rules(const struct outcome *outcome)
{
    bool range = outcome->op && outcome->op->kind == OP_RANGE;

    return run.published && !run.view.synthetic_view && !range &&
           (!outcome->op || outcome->overlap || outcome->got == outcome->expected);
}

/*
 * The number of checks by name that the fast check has made: four shared pages, shape, ledger,
 * entries, MFN tree, toolstack; then what is judged of this op.
 */
static unsigned fast_checks(const struct outcome *outcome)
{
    bool call = outcome->op && !outcome->overlap, costs = !run.subject->custom_layout;

    return 9 + call + (call && costs) + costs + outcome->resumed;
}

/* All is well on a first look: only calls are left to be tried. */
static bool is_well(const struct outcome *outcome)
{
    unsigned grown = host.live - outcome->pages_before;

    if (run.subject->custom_layout && !well_by_own_rules(outcome))
        return false;
    if (outcome->op && !outcome->overlap && !run.subject->custom_layout &&
        (outcome->got != outcome->expected || grown != outcome->cost || is_wasteful(outcome)))
        return false;
    if (outcome->op && outcome->op->kind == OP_IDENTITY_RANGES && !map_ranges_match(outcome->op))
        return false;
    if (resume_took_pages(outcome) || !checks_fast() || has_changed(outcome))
        return false;
    run.tally.fast_checks++;
    run.tally.checks += fast_checks(outcome);
    return true;
}

/*
 * Each check is made, whatever the others find: the verdict is the first in the order of
 * INVARIANTS. Lookups come last: they are calls, and could repair what they do not find.
 */
static void check_by_name(const struct outcome *outcome, bool everything)
{
    if (everything)
        checks_structure();
    if (outcome->op && !outcome->overlap)
        VERDICT_TRY(check_result(outcome));
    VERDICT_TRY(check_unchanged(outcome));
    VERDICT_TRY(check_cost(outcome));
    if (everything && !outcome->overlap && !run.subject->custom_layout)
        VERDICT_TRY(check_kept_pages());
    VERDICT_TRY(check_resume(outcome));
    if (run.published && everything && !run_is_tools4())
        VERDICT_TRY(checks_mfn_tree());
    if (run.published)
        VERDICT_TRY(checks_max_pfn());
    if (run.published && everything)
        VERDICT_TRY(check_toolstack());
    checks_entries(outcome, everything);
    VERDICT_TRY(checks_other_views(outcome->op));
    verdict_settle();
}

void checks_after(const struct outcome *outcome, bool everything)
{
    if (!run.built) {
        check_unbuilt(outcome);
        return;
    }
    if (run.c->boot.auto_translated) {
        check_auto_translated(outcome);
        return;
    }
    if (run.subject->custom_layout)
        run_refresh_view();
    if (!everything || !run.published || run.level != CHECK_QUICK || !is_well(outcome)) {
        check_by_name(outcome, everything);
        return;
    }
    if (run.subject->custom_layout) {
        VERDICT_TRY(checks_max_pfn());
        VERDICT_TRY(toolstack_check_above(host.info->max_pfn));
    }
    checks_one_lookup(outcome->op);
    VERDICT_TRY(checks_other_views(outcome->op));
    verdict_settle();
}

UNINSTRUMENTED_END
