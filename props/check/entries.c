// SPDX-License-Identifier: GPL-2.0-or-later
/* Entries and lookups against the model: see checks.h. */
#include "checks.h"
#include "props/base/uninstrumented.h"
#include "slot_blocks.h"

UNINSTRUMENTED_BEGIN

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
    const p2m_word *want;
    unsigned i;

    if (run_leaf_is_hole(model, leaf, first))
        return true;
    want = model_window(model, first, P2M_LEAF, buffer);
    if (leaf == run.view.identity) {
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
bool checks_entries_match(const struct oracle *oracle, p2m_word *pfn)
{
    const struct slot_kinds *kinds = &oracle->kinds;

    for (unsigned ti = 0; ti < P2M_TOP; ti++) {
        p2m_word **mid = run.view.top[ti];

        if (mid == run.view.mid_missing && kinds->mid[ti] == KIND_MISSING)
            continue;
        if (mid == run.view.mid_identity && kinds->mid[ti] == KIND_IDENTITY)
            continue;
        for (unsigned mi = 0; mi < P2M_MID; mi++) {
            const p2m_word *leaf;
            enum slot_kind kind;

            while (
                slots_start(mi) && kinds->mid[ti] == KIND_PRIVATE &&
                slots_shared(mid + mi, kinds->leaf[ti] + mi, run.view.missing, run.view.identity))
                mi += SLOTS;
            if (mi == P2M_MID)
                break;
            leaf = mid[mi];
            kind = slot_kinds_leaf(kinds, ti, mi);
            if (leaf == run.view.missing && kind == KIND_MISSING)
                continue;
            if (leaf == run.view.identity && kind == KIND_IDENTITY)
                continue;
            if (!leaf_matches(&oracle->model, leaf, ti * P2M_MID_SPAN + mi * (p2m_word)P2M_LEAF,
                              pfn))
                return false;
        }
    }
    return true;
}

void checks_list_left(void)
{
    p2m_word end = host.list_words < MAX_P2M_PFN ? (p2m_word)host.list_words : MAX_P2M_PFN, pfn;

    run_count_check(PAGE_LEDGER);
    for (p2m_word first = 0; first < end; first += P2M_LEAF)
        if (!leaf_matches(&run.oracle.model, host_list + first, first, &pfn))
            violated(PAGE_LEDGER,
                     "PFN 0x%llx: expected the mfn_list to keep 0x%llx, destroy left 0x%llx",
                     HEX(pfn), HEX(model_get(&run.oracle.model, pfn)), HEX(host_list[pfn]));
}

static p2m_word subject_get(p2m_word pfn)
{
    sync_arm_limit();
    return run.subject->get(pfn);
}

static bool is_live(const void *page)
{
    int index = host_page_index(page);

    return index >= 0 && host.state[index] == HOST_LIVE;
}

/* What the pages hold for `pfn`. False: there is no page. */
static bool page_entry(p2m_word pfn, p2m_word *entry)
{
    unsigned mi = (unsigned)(pfn / P2M_LEAF % P2M_MID);
    const p2m_word *leaf;
    p2m_word **mid;

    *entry = INVALID_P2M_ENTRY;
    if (pfn >= MAX_P2M_PFN)
        return true;
    mid = run.view.top[pfn / P2M_MID_SPAN];
    if (!run_mid_is_shared(mid) && !run.view.synthetic_view && !is_live(mid))
        return false;
    leaf = mid[mi];
    if (leaf == run.view.identity)
        *entry = ENTRY_IDENTITY_OF(pfn);
    else if (leaf != run.view.missing && host_list_index(leaf) < 0 && !is_live(leaf))
        return false;
    else
        *entry = leaf[pfn % P2M_LEAF];
    return true;
}

static void check_page(p2m_word pfn)
{
    p2m_word want = model_get(&run.oracle.model, pfn), page;

    run_count_check(RANGE_PREFIX);
    if (page_entry(pfn, &page) && page != want)
        violated(RANGE_PREFIX, "PFN 0x%llx: expected 0x%llx, its leaf page holds 0x%llx", HEX(pfn),
                 HEX(want), HEX(page));
}

static void check_get(p2m_word pfn)
{
    p2m_word want = model_get(&run.oracle.model, pfn), got = subject_get(pfn);

    run_count_check(GET_MATCHES_MODEL);
    if (got != want)
        violated(GET_MATCHES_MODEL, "PFN 0x%llx: expected 0x%llx, got 0x%llx", HEX(pfn), HEX(want),
                 HEX(got));
}

static void check_translation(p2m_word pfn)
{
    p2m_word want = entry_mfn(model_get(&run.oracle.model, pfn)), got;

    run_count_check(PFN_TO_MFN);
    sync_arm_limit();
    got = run.subject->pfn_to_mfn(pfn);
    if (got != want)
        violated(PFN_TO_MFN, "PFN 0x%llx: expected MFN 0x%llx, got 0x%llx", HEX(pfn), HEX(want),
                 HEX(got));
}

/*
 * PFNs that are worth a call after an op that changed [start, end): its ends, the PFNs
 * next to them, and the same offset in the next leaf and in the next mid range.
 */
static void probe(void (*check)(p2m_word pfn), p2m_word start, p2m_word end)
{
    check(start);
    check(start - 1);
    check(end);
    if (end - 1 != start)
        check(end - 1);
    check(start + P2M_LEAF);
    check(start + P2M_MID_SPAN);
}

static void probe_op(void (*check)(p2m_word pfn), const struct op *op)
{
    if (!op || !op_has_pfn(op->kind)) {
        check(0);
        check(MAX_P2M_PFN - 1);
        check(MAX_P2M_PFN);
        return;
    }
    if (op->kind == OP_RANGE)
        probe(check, (p2m_word)op->pfn, (p2m_word)op->arg);
    else
        probe(check, (p2m_word)op->pfn, (p2m_word)op->pfn + 1);
}

/* Is each PFN looked up? */
static bool is_swept(void)
{
    return MODEL_LITERAL && run.level == CHECK_EVERY;
}

/*
 * All pages. After any op but a range a lookup decides: if it is right, the subject keeps the
 * entry elsewhere, and the toolstack, which reads the pages by itself, does not see it.
 */
static void check_pages(bool range)
{
    p2m_word pfn, page;

    run_count_check(range ? RANGE_PREFIX : GET_MATCHES_MODEL);
    if (checks_entries_match(&run.oracle, &pfn))
        return;
    if (range)
        check_page(pfn);
    check_get(pfn);
    page_entry(pfn, &page);
    violated(TOOLSTACK_SEES_ALL, "PFN 0x%llx: get answers 0x%llx, its leaf page holds 0x%llx",
             HEX(pfn), HEX(model_get(&run.oracle.model, pfn)), HEX(page));
}

static void check_gets(const struct op *op)
{
    probe_op(check_get, op);
    for (p2m_word pfn = 0; is_swept() && pfn < MAX_P2M_PFN + 2; pfn++)
        check_get(pfn);
    if (is_swept())
        check_get(~(p2m_word)0);
}

static void check_translations(const struct op *op)
{
    for (p2m_word pfn = 0; is_swept() && pfn < MAX_P2M_PFN + 2; pfn++)
        check_translation(pfn);
    if (run.level == CHECK_EVERY)
        probe_op(check_translation, op);
    else
        check_translation(op ? (p2m_word)op->pfn : 0);
}

static void check_stored(const struct outcome *outcome, bool everything)
{
    bool range = outcome->op && outcome->op->kind == OP_RANGE && !outcome->overlap;

    if (everything)
        check_pages(range);
    else if (range)
        probe_op(check_page, outcome->op);
}

void checks_entries(const struct outcome *outcome, bool everything)
{
    VERDICT_TRY(check_stored(outcome, everything));
    VERDICT_TRY(check_gets(outcome->op));
    VERDICT_TRY(check_translations(outcome->op));
}

/* An auto-translated guest's PFNs are its MFNs, wherever the table would end. */
static void check_own_mfn(p2m_word pfn)
{
    p2m_word got;

    run_count_check(PFN_TO_MFN);
    sync_arm_limit();
    got = run.subject->pfn_to_mfn(pfn);
    if (got != pfn)
        violated(PFN_TO_MFN, "PFN 0x%llx: expected itself, got MFN 0x%llx", HEX(pfn), HEX(got));
}

void checks_translated_lookups(const struct op *op)
{
    VERDICT_TRY(probe_op(check_get, op));
    VERDICT_TRY(probe_op(check_own_mfn, op));
}

/* get or pfn_to_mfn, in turns, where the op was; all else has just been compared. */
void checks_one_lookup(const struct op *op)
{
    if (!op || !op_has_pfn(op->kind)) {
        check_get(MAX_P2M_PFN - 1);
        check_get(MAX_P2M_PFN);
        check_translation(0);
        return;
    }
    if (running_op % 2)
        check_get((p2m_word)(op->kind == OP_RANGE ? op->arg - 1 : op->pfn));
    else
        check_translation((p2m_word)op->pfn);
}

UNINSTRUMENTED_END
