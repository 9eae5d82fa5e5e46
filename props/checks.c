// SPDX-License-Identifier: GPL-2.0-only
/*
 * The invariants on the state after an op, in their order. Nothing expected is
 * computed from the subject: pages are compared with the model's entries and
 * kinds, and with the host's books.
 */
#include "machine.h"
#include "prng.h"
#include "quiet.h"
#include "slots.h"

HARNESS_BEGIN

#define HEX(x) ((unsigned long long)(x))
#define view machine.view

static void checked(enum invariant id)
{
    machine.tally.checks++;
    machine.tally.exercised[id]++;
}

/* ---- shared pages ---- */

static void check_shared(void)
{
    static const enum invariant ids[4] = {IDENTITY_PAGE_UNTOUCHED, MISSING_PAGE_UNTOUCHED,
                                          MID_MISSING_UNTOUCHED, MID_IDENTITY_UNTOUCHED};

    for (int page = 0; page < 4; page++) {
        machine.tally.checks++;
        if (!host_shared_intact((enum host_shared_page)page))
            violated(ids[page], "expected the page as it was made, got other contents");
    }
}

/* ---- shape and ledger ---- */

static struct {
    uint64_t stamp;
    uint64_t page[HOST_PAGES], list[HOST_LIST_LEAVES]; /* the stamp of the last walk that met it */
    unsigned mids, leaves, mfn_pages;
} met;

static void meet_page(const void *page, const char *what, unsigned at)
{
    int index = host_page_index(page);

    if (index < 0 || host.state[index] != HOST_LIVE)
        violated(TREE_SHAPE, "%s %u is no live page", what, at);
    if (met.page[index] == met.stamp)
        violated(TREE_SHAPE, "%s %u is a page that is used elsewhere too", what, at);
    met.page[index] = met.stamp;
}

static void meet_leaf(const p2m_word *leaf, unsigned at)
{
    int index;

    if (leaf == view.missing || leaf == view.identity)
        return;
    index = host_list_index(leaf);
    if (index < 0) {
        meet_page(leaf, "leaf", at);
        met.leaves++;
        return;
    }
    if (met.list[index] == met.stamp)
        violated(TREE_SHAPE, "leaf %u is a page of the mfn_list that is used elsewhere too", at);
    met.list[index] = met.stamp;
}

static bool mid_is_shared(p2m_word **mid)
{
    return mid == view.mid_missing || mid == view.mid_identity;
}

static void check_shape(void)
{
    met.stamp++;
    met.mids = met.leaves = met.mfn_pages = 0;
    checked(TREE_SHAPE);
    if (!view.made_up)
        meet_page(view.top, "root page", 0);
    if (view.top_mfn) {
        meet_page(view.top_mfn, "root page", 1);
        meet_page(view.top_mfn_p, "root page", 2);
        meet_page(view.mid_missing_mfn, "root page", 3);
    }
    for (unsigned ti = 0; ti < P2M_TOP; ti++) {
        p2m_word **mid = view.top[ti];

        if (view.top_mfn && view.top_mfn_p[ti] != view.mid_missing_mfn) {
            meet_page(view.top_mfn_p[ti], "MFN page", ti);
            met.mfn_pages++;
        }
        if (mid_is_shared(mid))
            continue;
        if (!view.made_up) {
            meet_page(mid, "mid", ti);
            met.mids++;
        }
        for (unsigned mi = 0; mi < P2M_MID; mi++) {
            while (slots_start(mi) &&
                   (slots_are(mid + mi, view.missing) || slots_are(mid + mi, view.identity)))
                mi += SLOTS;
            if (mi < P2M_MID)
                meet_leaf(mid[mi], ti * P2M_MID + mi);
        }
    }
}

static void check_ledger(void)
{
    unsigned reachable = view.roots + met.mids + met.leaves + met.mfn_pages;

    checked(PAGE_LEDGER);
    if (host.live != reachable)
        violated(PAGE_LEDGER, "expected %u live pages, those reachable; got %u", reachable,
                 host.live);
}

void checks_structure(void)
{
    check_shared();
    check_shape();
    check_ledger();
}

/* ---- results ---- */

/* Lookups have names of their own. */
static void check_result(const struct outcome *outcome)
{
    enum invariant id = outcome->op->kind == OP_GET          ? GET_MATCHES_MODEL
                        : outcome->op->kind == OP_PFN_TO_MFN ? PFN_TO_MFN
                                                             : RESULT_MATCHES_MODEL;

    checked(id);
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
    checked(FAILED_CALL_UNCHANGED);
    now = state_hash(machine.level == CHECK_EVERY ? NULL : outcome->op);
    if (now != outcome->hash_before)
        violated(FAILED_CALL_UNCHANGED, "expected state %016llx as before the call, got %016llx",
                 HEX(outcome->hash_before), HEX(now));
}

/* ---- entries ---- */

/* The first of `count` words that differ, or `count`. Compares all, so that it vectorises. */
static unsigned first_difference(const p2m_word *a, const p2m_word *b, unsigned count)
{
    p2m_word any = 0;
    unsigned i;

    for (i = 0; i < count; i++)
        any |= a[i] ^ b[i];
    if (!any)
        return count;
    for (i = 0; a[i] == b[i]; i++)
        ;
    return i;
}

/* One leaf of the subject against the model; false: *pfn is the first that differs. */
static bool leaf_matches(const struct model *model, const p2m_word *leaf, p2m_word first,
                         p2m_word *pfn)
{
    static p2m_word buffer[P2M_LEAF], identity[P2M_LEAF];
    const p2m_word *want = model_window(model, first, P2M_LEAF, buffer);
    unsigned i;

    if (leaf == view.identity) {
        for (i = 0; i < P2M_LEAF; i++)
            identity[i] = ENTRY_IDENTITY_OF(first + i);
        leaf = identity;
    }
    i = first_difference(leaf, want, P2M_LEAF);
    *pfn = first + i;
    return i == P2M_LEAF;
}

/*
 * A shared slot needs no look at the entries where the model has the same kind:
 * what a shared page reads is fixed, and a test holds the kinds against the array.
 */
bool checks_entries_match(const struct model *model, const struct kinds *kinds, p2m_word *pfn)
{
    for (unsigned ti = 0; ti < P2M_TOP; ti++) {
        p2m_word **mid = view.top[ti];

        if (mid == view.mid_missing && kinds->mid[ti] == KIND_MISSING)
            continue;
        if (mid == view.mid_identity && kinds->mid[ti] == KIND_IDENTITY)
            continue;
        for (unsigned mi = 0; mi < P2M_MID; mi++) {
            const p2m_word *leaf;
            enum kind kind;

            while (slots_start(mi) && kinds->mid[ti] == KIND_PRIVATE &&
                   slots_shared(mid + mi, kinds->leaf[ti] + mi, view.missing, view.identity))
                mi += SLOTS;
            if (mi == P2M_MID)
                break;
            leaf = mid[mi];
            kind = kinds_leaf(kinds, ti, mi);
            if (leaf == view.missing && kind == KIND_MISSING)
                continue;
            if (leaf == view.identity && kind == KIND_IDENTITY)
                continue;
            if (!leaf_matches(model, leaf, ti * P2M_MID_SPAN + mi * (p2m_word)P2M_LEAF, pfn))
                return false;
        }
    }
    return true;
}

static p2m_word subject_get(p2m_word pfn)
{
    p2m_sync_left = HOST_HANG;
    return machine.subject->get(pfn);
}

static void check_get(p2m_word pfn, enum invariant id)
{
    p2m_word want = model_get(&machine.model, pfn), got = subject_get(pfn);

    machine.tally.checks++;
    if (got != want)
        violated(id, "PFN 0x%llx: expected 0x%llx, got 0x%llx", HEX(pfn), HEX(want), HEX(got));
}

static void check_translation(p2m_word pfn)
{
    p2m_word want = entry_mfn(model_get(&machine.model, pfn)), got;

    machine.tally.checks++;
    p2m_sync_left = HOST_HANG;
    got = machine.subject->pfn_to_mfn(pfn);
    if (got != want)
        violated(PFN_TO_MFN, "PFN 0x%llx: expected MFN 0x%llx, got 0x%llx", HEX(pfn), HEX(want),
                 HEX(got));
}

/*
 * PFNs that are worth a call after an op that changed [start, end): its ends, the PFNs
 * next to them, and the same offset in the next leaf and in the next mid range.
 */
static void probe(void (*check)(p2m_word pfn, enum invariant id), enum invariant id, p2m_word start,
                  p2m_word end)
{
    check(start, id);
    check(start - 1, id);
    check(end, id);
    if (end - 1 != start)
        check(end - 1, id);
    check(start + P2M_LEAF, id);
    check(start + P2M_MID_SPAN, id);
}

static void check_translation_as(p2m_word pfn, enum invariant id)
{
    (void)id;
    check_translation(pfn);
}

static void probe_op(void (*check)(p2m_word pfn, enum invariant id), enum invariant id,
                     const struct op *op)
{
    if (!op || op->kind > OP_RANGE) {
        check(0, id);
        check(MAX_P2M_PFN - 1, id);
        check(MAX_P2M_PFN, id);
        return;
    }
    if (op->kind == OP_RANGE)
        probe(check, id, (p2m_word)op->pfn, (p2m_word)op->arg);
    else
        probe(check, id, (p2m_word)op->pfn, (p2m_word)op->pfn + 1);
}

static void sweep(void)
{
    for (p2m_word pfn = 0; pfn < MAX_P2M_PFN + 2; pfn++)
        check_get(pfn, GET_MATCHES_MODEL);
    check_get(~(p2m_word)0, GET_MATCHES_MODEL);
    for (p2m_word pfn = 0; pfn < MAX_P2M_PFN + 2; pfn++)
        check_translation(pfn);
}

/*
 * The pages do not hold the model's entry of `pfn`. Either a lookup shows it, or
 * the subject keeps the entry elsewhere, and then those who read the pages by
 * themselves do not see it.
 */
static void differs(enum invariant id, p2m_word pfn)
{
    p2m_word **mid = view.top[pfn / P2M_MID_SPAN];
    const p2m_word *leaf = mid[pfn / P2M_LEAF % P2M_MID];
    p2m_word want = model_get(&machine.model, pfn);
    p2m_word page = leaf == view.identity ? ENTRY_IDENTITY_OF(pfn) : leaf[pfn % P2M_LEAF];

    check_get(pfn, id);
    violated(TOOLSTACK_SEES_ALL, "PFN 0x%llx: get answers 0x%llx, its leaf page holds 0x%llx",
             HEX(pfn), HEX(want), HEX(page));
}

static void check_entries(const struct outcome *outcome, bool everything)
{
    bool range = outcome->op && outcome->op->kind == OP_RANGE && !outcome->race;
    enum invariant id = range ? RANGE_PREFIX : GET_MATCHES_MODEL;
    p2m_word pfn;

    checked(id);
    if (everything && !checks_entries_match(&machine.model, &machine.kinds, &pfn))
        differs(id, pfn);
    probe_op(check_get, id, outcome->op);
    if (MODEL_LITERAL && machine.level == CHECK_EVERY)
        sweep();
    checked(PFN_TO_MFN);
    if (machine.level == CHECK_EVERY)
        probe_op(check_translation_as, PFN_TO_MFN, outcome->op);
    else
        check_translation(outcome->op ? (p2m_word)outcome->op->pfn : 0);
}

/* ---- cost ---- */

/* Whatever the rules: nothing costs nothing, and a range has two ends. */
static void check_bounds(const struct outcome *outcome, unsigned grown)
{
    const struct op *op = outcome->op;
    bool empty;

    if (!op || op->kind != OP_RANGE)
        return;
    empty = op->pfn >= op->arg || op->pfn >= MAX_P2M_PFN;
    if (!empty && machine_excuses(PAGE_COST, (p2m_word)op->pfn))
        return;
    if (grown > (empty ? 0 : 6))
        violated(PAGE_COST, "expected at most %u more pages for %s range, got %u", empty ? 0 : 6,
                 empty ? "an empty" : "a", grown);
}

static void check_cost(const struct outcome *outcome, bool everything)
{
    unsigned grown = host.live - outcome->pages_before;

    if (outcome->race)
        return;
    checked(PAGE_COST);
    if (machine.subject->own_slots) {
        check_bounds(outcome, grown);
        return;
    }
    if (outcome->op && grown != outcome->cost)
        violated(PAGE_COST, "expected %u more pages, got %d", outcome->cost, (int)grown);
    if (outcome->op && !outcome->refused && host.taken - outcome->taken_before != outcome->cost)
        violated(PAGE_COST, "expected the call to ask for %u pages, got it to ask for %u",
                 outcome->cost, host.taken - outcome->taken_before);
    if (everything && (met.mids != machine.kinds.mids || met.leaves != machine.kinds.leaves ||
                       met.mfn_pages != machine.kinds.mids))
        violated(PAGE_COST,
                 "expected %u mids and MFN pages, %u leaves; got %u mids, %u MFN pages, %u leaves",
                 machine.kinds.mids, machine.kinds.leaves, met.mids, met.mfn_pages, met.leaves);
}

/* ---- the MFN tree ---- */

static void same_mfn(p2m_word got, p2m_word want, const char *what, unsigned at)
{
    if (got != want)
        violated(MFN_TREE_MIRRORS, "%s[%u]: expected MFN 0x%llx, got 0x%llx", what, at, HEX(want),
                 HEX(got));
}

/* Elsewhere the toolstack may be led to p2m_identity, too, where it reads the same. */
static bool is_as_good(const p2m_word *leaf, p2m_word mfn, unsigned ti, unsigned mi)
{
    if (!machine.subject->own_slots)
        return false;
    if (leaf == view.identity && mfn == host_virt_to_mfn(view.identity))
        return true;
    return machine_excuses(MFN_TREE_MIRRORS, ti * P2M_MID_SPAN + mi * (p2m_word)P2M_LEAF);
}

static bool has_no_leaf(p2m_word **mid)
{
    for (unsigned mi = 0; mi < P2M_MID; mi++)
        if (mid[mi] != view.missing && mid[mi] != view.identity)
            return false;
    return true;
}

static void check_mid_mfn(unsigned ti, p2m_word missing_mfn)
{
    p2m_word **mid = view.top[ti], *mid_mfn = view.top_mfn_p[ti];

    if (mid_mfn == view.mid_missing_mfn && machine_excuses(MFN_TREE_MIRRORS, ti * P2M_MID_SPAN))
        return;
    if (mid_mfn == view.mid_missing_mfn && machine.subject->own_slots && has_no_leaf(mid))
        return;
    if (mid_mfn == view.mid_missing_mfn)
        violated(MFN_TREE_MIRRORS, "mid %u is private and has no MFN page", ti);
    for (unsigned mi = 0; mi < P2M_MID; mi++) {
        p2m_word want = missing_mfn;

        if (mid[mi] != view.missing && mid[mi] != view.identity)
            want = host_virt_to_mfn(mid[mi]);
        if (mid_mfn[mi] != want && !is_as_good(mid[mi], mid_mfn[mi], ti, mi))
            same_mfn(mid_mfn[mi], want, "MFN page: leaf", ti * P2M_MID + mi);
    }
}

void checks_mfn_tree(void)
{
    p2m_word missing_mfn = host_virt_to_mfn(view.missing);
    p2m_word mid_missing_mfn_mfn = host_virt_to_mfn(view.mid_missing_mfn);

    checked(MFN_TREE_MIRRORS);
    same_mfn(host.info.pfn_to_mfn_frame_list_list, host_virt_to_mfn(view.top_mfn), "root", 0);
    for (unsigned mi = 0; mi < P2M_MID; mi++)
        same_mfn(view.mid_missing_mfn[mi], missing_mfn, "mid_missing_mfn", mi);
    for (unsigned ti = 0; ti < P2M_TOP; ti++) {
        if (mid_is_shared(view.top[ti])) {
            if (machine_excuses(MFN_TREE_MIRRORS, ti * P2M_MID_SPAN))
                continue;
            if (view.top_mfn_p[ti] != view.mid_missing_mfn)
                violated(MFN_TREE_MIRRORS, "mid %u is shared and has an MFN page of its own", ti);
            same_mfn(view.top_mfn[ti], mid_missing_mfn_mfn, "top_mfn", ti);
            continue;
        }
        check_mid_mfn(ti, missing_mfn);
        if (machine_excuses(MFN_TREE_MIRRORS, ti * P2M_MID_SPAN))
            continue;
        same_mfn(view.top_mfn[ti], host_virt_to_mfn(view.top_mfn_p[ti]), "top_mfn", ti);
    }
}

static void check_max_pfn(void)
{
    if (machine.subject->own_slots)
        return; /* what it must cover is for the toolstack to find */
    checked(MAX_PFN_COVERS);
    if (host.info.max_pfn != machine.kinds.max_pfn)
        violated(MAX_PFN_COVERS, "expected max_pfn 0x%llx, got 0x%llx", HEX(machine.kinds.max_pfn),
                 HEX(host.info.max_pfn));
}

/* ---- all of them ---- */

/* A look at every entry costs little, or is asked for. */
static bool everything_is_cheap(void)
{
    return MODEL_LITERAL || machine.level == CHECK_EVERY;
}

/* An auto-translated guest's PFNs are its MFNs, wherever the table would end. */
static void check_own_mfn(p2m_word pfn, enum invariant id)
{
    p2m_word got;

    machine.tally.checks++;
    p2m_sync_left = HOST_HANG;
    got = machine.subject->pfn_to_mfn(pfn);
    if (got != pfn)
        violated(id, "PFN 0x%llx: expected itself, got MFN 0x%llx", HEX(pfn), HEX(got));
}

static void check_auto_translated(const struct outcome *outcome)
{
    check_shared();
    checked(PAGE_LEDGER);
    if (host.live)
        violated(PAGE_LEDGER, "expected no page of an auto-translated guest, got %u", host.live);
    if (((everything_is_cheap() || !outcome->op) && !host_list_intact(&machine.c->boot)) ||
        host.info.max_pfn || host.info.pfn_to_mfn_frame_list_list)
        violated(MAX_PFN_COVERS, "expected an auto-translated guest to publish and touch nothing");
    if (outcome->op)
        check_result(outcome);
    checked(GET_MATCHES_MODEL);
    probe_op(check_get, GET_MATCHES_MODEL, outcome->op);
    checked(PFN_TO_MFN);
    probe_op(check_own_mfn, PFN_TO_MFN, outcome->op);
}

/* What a glance needs besides, of a subject with rules of its own: its costs are looked at. */
static bool well_by_own_rules(const struct outcome *outcome)
{
    bool range = outcome->op && outcome->op->kind == OP_RANGE;

    return machine.published && !view.made_up && !range &&
           (!outcome->op || outcome->race || outcome->got == outcome->expected);
}

/* All is well on a first look: only calls are left to be tried. */
static bool is_well(const struct outcome *outcome)
{
    unsigned grown = host.live - outcome->pages_before;

    if (machine.subject->own_slots && !well_by_own_rules(outcome))
        return false;
    if (outcome->op && !outcome->race && !machine.subject->own_slots &&
        (outcome->got != outcome->expected || grown != outcome->cost ||
         (!outcome->refused && host.taken - outcome->taken_before != outcome->cost)))
        return false;
    if (!glance())
        return false;
    if (machine.subject->own_slots)
        toolstack_check_above();
    machine.tally.glances++;
    machine.tally.checks += 7; /* the checks by name that it stands for */
    return true;
}

/* get or pfn_to_mfn, in turns, where the op was; all else has just been compared. */
static void try_calls(const struct op *op)
{
    if (!op || op->kind > OP_RANGE) {
        check_get(MAX_P2M_PFN - 1, GET_MATCHES_MODEL);
        check_get(MAX_P2M_PFN, GET_MATCHES_MODEL);
        check_translation(0);
        return;
    }
    if (machine.op % 2)
        check_get((p2m_word)(op->kind == OP_RANGE ? op->arg - 1 : op->pfn), GET_MATCHES_MODEL);
    else
        check_translation((p2m_word)op->pfn);
}

void checks_after(const struct outcome *outcome, bool everything)
{
    if (machine.c->boot.auto_translated) {
        check_auto_translated(outcome);
        return;
    }
    if (machine.subject->own_slots)
        machine_view();
    if (everything && machine.level == CHECK_QUICK && is_well(outcome)) {
        check_unchanged(outcome);
        try_calls(outcome->op);
        return;
    }
    if (everything)
        checks_structure();
    if (outcome->op && !outcome->race)
        check_result(outcome);
    check_unchanged(outcome);
    check_entries(outcome, everything);
    check_cost(outcome, everything);
    if (!machine.published)
        return;
    if (everything)
        checks_mfn_tree();
    check_max_pfn();
    if (everything) {
        checked(TOOLSTACK_SEES_ALL);
        toolstack_check();
    }
}

/* ---- after a race ---- */

static enum kind kind_of_leaf(const p2m_word *leaf)
{
    if (leaf == view.missing)
        return KIND_MISSING;
    return leaf == view.identity ? KIND_IDENTITY : KIND_PRIVATE;
}

/* Eight slots that are one shared leaf; false: they are not. */
static bool reread_slots(p2m_word *const *slot, uint8_t *kinds)
{
    enum kind kind = kind_of_leaf(slot[0]);

    if (kind == KIND_PRIVATE || !slots_are(slot, slot[0]))
        return false;
    memset(kinds, kind, SLOTS);
    return true;
}

void checks_reread_kinds(void)
{
    struct kinds *kinds = &machine.kinds;

    kinds->mids = kinds->leaves = 0;
    for (unsigned ti = 0; ti < P2M_TOP; ti++) {
        p2m_word **mid = view.top[ti];

        kinds->mid[ti] = mid == view.mid_missing    ? KIND_MISSING
                         : mid == view.mid_identity ? KIND_IDENTITY
                                                    : KIND_PRIVATE;
        if (kinds->mid[ti] != KIND_PRIVATE)
            continue;
        kinds->mids++;
        for (unsigned mi = 0; mi < P2M_MID; mi++) {
            p2m_word end;

            while (slots_start(mi) && reread_slots(mid + mi, kinds->leaf[ti] + mi))
                mi += SLOTS;
            if (mi == P2M_MID)
                break;
            end = ti * P2M_MID_SPAN + (mi + 1) * (p2m_word)P2M_LEAF;
            kinds->leaf[ti][mi] = (uint8_t)kind_of_leaf(mid[mi]);
            if (kinds->leaf[ti][mi] != KIND_PRIVATE)
                continue;
            kinds->leaves += host_list_index(mid[mi]) < 0;
            if (end > kinds->max_pfn)
                kinds->max_pfn = end;
        }
    }
}

HARNESS_END
