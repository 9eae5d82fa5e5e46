// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The judgement after an op, in its order: results, costs and max_pfn here, pages,
 * entries and the MFN tree in files of their own. See checks.h.
 */
#include "checks.h"

#include "props/base/uninstrumented.h"
#include "state_hash.h"
#include "toolstack.h"

UNINSTRUMENTED_BEGIN

/* ---- results ---- */

/* Lookups have names of their own. */
static void check_result(const struct outcome *outcome)
{
    enum invariant id = outcome->op->kind == OP_GET          ? GET_MATCHES_MODEL
                        : outcome->op->kind == OP_PFN_TO_MFN ? PFN_TO_MFN
                                                             : RESULT_MATCHES_MODEL;

    run_count_check(id);
    if (outcome->got != outcome->expected)
        violated(id, "expected %s0x%llx, got 0x%llx",
                 outcome->refused ? "(a page was refused) " : "", HEX(outcome->expected),
                 HEX(outcome->got));
}

static void check_unchanged(const struct outcome *outcome)
{
    uint64_t now;

    if (!outcome->failed || !outcome->hash_before)
        return;
    run_count_check(FAILED_CALL_UNCHANGED);
    now = run.subject->custom_layout ? state_hash_entries(outcome->op)
                                     : state_hash(run.level == CHECK_EVERY ? NULL : outcome->op);
    if (now != outcome->hash_before)
        violated(FAILED_CALL_UNCHANGED, "expected state %016llx as before the call, got %016llx",
                 HEX(outcome->hash_before), HEX(now));
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
    if (grown > (empty ? 0 : 6))
        violated(PAGE_COST, "expected at most %u more pages for %s range, got %u", empty ? 0 : 6,
                 empty ? "an empty" : "a", grown);
}

static void check_cost(const struct outcome *outcome, bool everything)
{
    unsigned grown = host.live - outcome->pages_before;
    struct checks_met met = checks_met();

    if (outcome->overlap)
        return;
    run_count_check(PAGE_COST);
    if (run.subject->custom_layout) {
        check_bounds(outcome, grown);
        return;
    }
    if (outcome->op && grown != outcome->cost)
        violated(PAGE_COST, "expected %u more pages, got %d", outcome->cost, (int)grown);
    if (outcome->op && !outcome->refused && host.taken - outcome->taken_before != outcome->cost)
        violated(PAGE_COST, "expected the call to ask for %u pages, got it to ask for %u",
                 outcome->cost, host.taken - outcome->taken_before);
    if (everything && (met.mids != run.oracle.kinds.mids || met.leaves != run.oracle.kinds.leaves ||
                       met.mfn_pages != run.oracle.kinds.mids))
        violated(PAGE_COST,
                 "expected %u mids and MFN pages, %u leaves; got %u mids, %u MFN pages, %u leaves",
                 run.oracle.kinds.mids, run.oracle.kinds.leaves, met.mids, met.mfn_pages,
                 met.leaves);
}

/* By rules of its own max_pfn may be anything that never falls; the rest the toolstack finds. */
static void check_own_max_pfn(void)
{
    run_count_check(MAX_PFN_COVERS);
    if (host.info->max_pfn < run.max_pfn)
        violated(MAX_PFN_COVERS, "expected max_pfn 0x%llx or more, got 0x%llx", HEX(run.max_pfn),
                 HEX(host.info->max_pfn));
    run.max_pfn = host.info->max_pfn;
}

static void check_max_pfn(void)
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

/* ---- max_pfn, and all of them ---- */

static void check_auto_translated(const struct outcome *outcome)
{
    checks_shared();
    run_count_check(PAGE_LEDGER);
    if (host.live)
        violated(PAGE_LEDGER, "expected no page of an auto-translated guest, got %u", host.live);
    if (((run_is_thorough() || !outcome->op) && !host_list_intact(&run.c->boot)) ||
        host.info->max_pfn || host.info->pfn_to_mfn_frame_list_list)
        violated(MAX_PFN_COVERS, "expected an auto-translated guest to publish and touch nothing");
    if (outcome->op)
        check_result(outcome);
    checks_translated_lookups(outcome->op);
}

/* What the fast check also needs, of a subject with rules of its own: its costs are checked. */
static bool well_by_own_rules(const struct outcome *outcome)
{
    bool range = outcome->op && outcome->op->kind == OP_RANGE;

    return run.published && !run.view.synthetic_view && !range &&
           (!outcome->op || outcome->overlap || outcome->got == outcome->expected);
}

/* All is well on a first look: only calls are left to be tried. */
static bool is_well(const struct outcome *outcome)
{
    unsigned grown = host.live - outcome->pages_before;

    if (run.subject->custom_layout && !well_by_own_rules(outcome))
        return false;
    if (outcome->op && !outcome->overlap && !run.subject->custom_layout &&
        (outcome->got != outcome->expected || grown != outcome->cost ||
         (!outcome->refused && host.taken - outcome->taken_before != outcome->cost)))
        return false;
    if (!checks_fast())
        return false;
    if (run.subject->custom_layout) {
        check_own_max_pfn();
        toolstack_check_above();
    }
    run.tally.fast_checks++;
    run.tally.checks += 7; /* the checks by name that it stands for */
    return true;
}

/* Before a build and after a destroy nothing is held. */
static void check_unbuilt(void)
{
    checks_shared();
    run_count_check(PAGE_LEDGER);
    if (host.live)
        violated(PAGE_LEDGER, "expected no page of a p2m that is not built, got %u", host.live);
}

void checks_after(const struct outcome *outcome, bool everything)
{
    if (!run.built) {
        check_unbuilt();
        return;
    }
    if (run.c->boot.auto_translated) {
        check_auto_translated(outcome);
        return;
    }
    if (run.subject->custom_layout)
        run_refresh_view();
    if (everything && run.published && run.level == CHECK_QUICK && is_well(outcome)) {
        check_unchanged(outcome);
        checks_one_lookup(outcome->op);
        checks_other_views(outcome->op);
        return;
    }
    if (everything)
        checks_structure();
    if (outcome->op && !outcome->overlap)
        check_result(outcome);
    check_unchanged(outcome);
    checks_entries(outcome, everything);
    checks_other_views(outcome->op);
    check_cost(outcome, everything);
    if (!run.published)
        return;
    if (everything && !run_is_tools4())
        checks_mfn_tree();
    check_max_pfn();
    if (everything) {
        run_count_check(TOOLSTACK_SEES_ALL);
        toolstack_check();
    }
}

UNINSTRUMENTED_END
