// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The order of judgement: of two invariants that one op violates, the report names the one that
 * comes first in INVARIANTS, in whatever order they are broken or computed.
 *
 * Each harm breaks one invariant in the moment of a call. For each kind of op, each two harms
 * that are reported alone under their own names are done together. A pair that no op shows
 * stands in `never`, with the reason. From METAMORPHIC_FIRST on, one property is tried at a
 * time, after a run in which no other invariant was violated.
 */
#include <string.h>

#include "props/check/checks.h"
#include "props/host/lock.h"
#include "props/run/metamorphic.h"
#include "unit.h"

/* ---- the stage: private entries, then the op ---- */

/* Private entries that the op does not name. */
#define BESIDE ((p2m_word)2)
#define BEHIND ((p2m_word)6)
#define MISSING ((p2m_word)(2 * P2M_LEAF))

static struct subject subject;
static struct test_case trial;
static struct verdict verdict;

static struct {
    const struct harm *harm[2];
    bool done;         /* the harms are */
    bool wrong_get;    /* lookups from then on: of the op's PFN */
    bool wrong_mfn;    /* likewise pfn_to_mfn */
    bool written_back; /* lookups of BEHIND read what its page does not hold */
    p2m_word pfn, held;
} now;

static const struct stage {
    const char *name;
    struct op op;
    bool overlaps;
} stages[] = {
    {"set", {.kind = OP_SET, .pfn = 1, .arg = 0x77}, false},
    {"set, malformed", {.kind = OP_SET, .pfn = 1, .arg = ENTRY_IDENTITY_OF(2)}, false},
    {"__set of what is there",
     {.kind = OP_SET_NOALLOC, .pfn = MISSING, .arg = INVALID_P2M_ENTRY},
     false},
    {"get", {.kind = OP_GET, .pfn = 1}, false},
    {"pfn_to_mfn", {.kind = OP_PFN_TO_MFN, .pfn = 1}, false},
    {"range", {.kind = OP_RANGE, .pfn = 3, .arg = 5}, false},
    {"resume", {.kind = OP_RESUME}, false},
    {"two at a time", {.kind = OP_GET, .pfn = 1}, true},
};

/* ---- harms ---- */

struct harm {
    enum invariant id;
    void (*harm)(uint64_t *result);
};

static p2m_word *slot_of(p2m_word pfn)
{
    return &run.view.top[pfn / P2M_MID_SPAN][pfn / P2M_LEAF % P2M_MID][pfn % P2M_LEAF];
}

static void report_a_bug(uint64_t *result)
{
    (void)result;
    violated(CORE_BUG, "as planned");
}

static void warn(uint64_t *result)
{
    (void)result;
    violated(CORE_WARNED, "as planned");
}

static void wait_for_nobody(uint64_t *result)
{
    int held = 1;

    (void)result;
    lock_take(&held);
}

static void hang(uint64_t *result)
{
    (void)result;
    for (;;)
        P2M_SYNC();
}

static void dirty(enum host_shared_page page)
{
    unsigned words = page == HOST_IDENTITY || page == HOST_MISSING ? P2M_LEAF : P2M_MID;

    host_seal(false);
    ((p2m_word *)host_shared_page(page))[words - 1] ^= 1;
    host_seal(true);
}

static void dirty_identity(uint64_t *result)
{
    (void)result;
    dirty(HOST_IDENTITY);
}

static void dirty_missing(uint64_t *result)
{
    (void)result;
    dirty(HOST_MISSING);
}

static void dirty_mid_missing(uint64_t *result)
{
    (void)result;
    dirty(HOST_MID_MISSING);
}

static void dirty_mid_identity(uint64_t *result)
{
    (void)result;
    dirty(HOST_MID_IDENTITY);
}

static void point_into_a_page(uint64_t *result)
{
    (void)result;
    run.view.top[0][3] = slot_of(BESIDE);
}

static void leak(uint64_t *result)
{
    (void)result;
    host_page_alloc();
}

static void answer_wrongly(uint64_t *result)
{
    *result ^= 1;
}

static void change_another(uint64_t *result)
{
    (void)result;
    *slot_of(BESIDE) ^= 1;
}

static void spoil_lookups(uint64_t *result)
{
    (void)result;
    now.wrong_get = true;
}

static void spoil_translations(uint64_t *result)
{
    (void)result;
    now.wrong_mfn = true;
}

static void try_a_page(uint64_t *result)
{
    (void)result;
    host_page_free(host_page_alloc());
}

/* A private leaf in place of p2m_missing: everything reads the same. */
static void add_a_leaf(uint64_t *result)
{
    p2m_word *leaf = host_page_alloc();

    (void)result;
    for (unsigned i = 0; i < P2M_LEAF; i++)
        leaf[i] = INVALID_P2M_ENTRY;
    run.view.top[0][1] = leaf;
    run.view.top_mfn_p[0][1] = host_virt_to_mfn(leaf);
}

static void bend_the_mfn_tree(uint64_t *result)
{
    (void)result;
    run.view.top_mfn_p[0][4] ^= 1;
}

static void lower_max_pfn(uint64_t *result)
{
    (void)result;
    host.info->max_pfn -= P2M_LEAF;
}

static void write_back_later(uint64_t *result)
{
    (void)result;
    now.held = *slot_of(BEHIND);
    *slot_of(BEHIND) ^= 1;
    now.written_back = true;
}

static void map_twice(uint64_t *result)
{
    (void)result;
    host.grants_wrong = "as planned";
}

static const struct harm harms[] = {
    {CORE_BUG, report_a_bug},
    {CORE_WARNED, warn},
    {DEADLOCK, wait_for_nobody},
    {HANG, hang},
    {IDENTITY_PAGE_UNTOUCHED, dirty_identity},
    {MISSING_PAGE_UNTOUCHED, dirty_missing},
    {MID_MISSING_UNTOUCHED, dirty_mid_missing},
    {MID_IDENTITY_UNTOUCHED, dirty_mid_identity},
    {TREE_SHAPE, point_into_a_page},
    {PAGE_LEDGER, leak},
    {RESULT_MATCHES_MODEL, answer_wrongly},
    {FAILED_CALL_UNCHANGED, change_another},
    {RANGE_PREFIX, change_another},
    {GET_MATCHES_MODEL, spoil_lookups},
    {GET_MATCHES_MODEL, change_another},
    {PFN_TO_MFN, spoil_translations},
    {PAGE_COST, try_a_page},
    {PAGE_COST, add_a_leaf},
    {RESUME_TAKES_NO_PAGE, try_a_page},
    {MFN_TREE_MIRRORS, bend_the_mfn_tree},
    {MAX_PFN_COVERS, lower_max_pfn},
    {TOOLSTACK_SEES_ALL, write_back_later},
    {GRANTS_ACCOUNTED, map_twice},
    {LINEARIZABLE, change_another},
};
#define HARMS (sizeof(harms) / sizeof(harms[0]))

/* The pairs [first, last] x [with, until] that are not judged, or that no op violates at once. */
static const struct never {
    enum invariant first, last, with, until;
    bool hidden; /* the one hides what the other is judged by */
    const char *reason;
} never[] = {
    {CORE_BUG, HANG, CORE_WARNED, HANG, true, "the one that comes first in time ends the call"},
    {RESULT_MATCHES_MODEL, RANGE_PREFIX, RESUME_TAKES_NO_PAGE, RESUME_TAKES_NO_PAGE, false,
     "a resume has no answer, does not fail and is no range"},
    {FAILED_CALL_UNCHANGED, FAILED_CALL_UNCHANGED, RANGE_PREFIX, RANGE_PREFIX, false,
     "a failed range has no prefix: a trace of it is one of a failed call"},
    {FAILED_CALL_UNCHANGED, FAILED_CALL_UNCHANGED, MAX_PFN_COVERS, MAX_PFN_COVERS, false,
     "max_pfn is a part of the state that a failed call must leave"},
    {FAILED_CALL_UNCHANGED, FAILED_CALL_UNCHANGED, TOOLSTACK_SEES_ALL, TOOLSTACK_SEES_ALL, false,
     "a page that a failed call changed is a trace of it, whoever reads it"},
    {RANGE_PREFIX, RANGE_PREFIX, TOOLSTACK_SEES_ALL, TOOLSTACK_SEES_ALL, false,
     "a wrong page after a range is RANGE_PREFIX, whoever reads it"},
    {RESULT_MATCHES_MODEL, RESULT_MATCHES_MODEL, LINEARIZABLE, LINEARIZABLE, false,
     "the answers of overlapping calls are judged as an order"},
    {FAILED_CALL_UNCHANGED, RANGE_PREFIX, LINEARIZABLE, LINEARIZABLE, false,
     "traces and prefixes are judged as an order"},
    {GET_MATCHES_MODEL, PFN_TO_MFN, LINEARIZABLE, LINEARIZABLE, true,
     "without an order of the calls there is no model to compare with"},
    {CORE_BUG, PFN_TO_MFN, OTHER_VIEWS_AGREE, OTHER_VIEWS_AGREE, false,
     "the core has no other views: scripts/tests/test_linux_slips.py"},
    {OTHER_VIEWS_AGREE, OTHER_VIEWS_AGREE, PAGE_COST, LINEARIZABLE, false,
     "the core has no other views: scripts/tests/test_linux_slips.py"},
    {RESUME_TAKES_NO_PAGE, RESUME_TAKES_NO_PAGE, LINEARIZABLE, LINEARIZABLE, false,
     "a resume does not overlap"},
    {TOOLSTACK_SEES_ALL, TOOLSTACK_SEES_ALL, LINEARIZABLE, LINEARIZABLE, true,
     "without an order of the calls there is no model to compare with"},
};

static const struct never *why_never(enum invariant first, enum invariant with)
{
    for (unsigned i = 0; i < sizeof(never) / sizeof(never[0]); i++)
        if (first >= never[i].first && first <= never[i].last && with >= never[i].with &&
            with <= never[i].until)
            return &never[i];
    return NULL;
}

/* ---- the subject ---- */

/* Once in a case, in the call of the op. */
static uint64_t with_harms(uint64_t result)
{
    if (running_op != (int)trial.count - 1 || now.done)
        return result;
    now.done = true;
    for (unsigned i = 0; i < 2; i++)
        if (now.harm[i])
            now.harm[i]->harm(&result);
    return result;
}

static p2m_word get(p2m_word pfn)
{
    p2m_word entry = (p2m_word)with_harms(subject_core.get(pfn));

    if (now.written_back && pfn == BEHIND)
        return now.held;
    return now.wrong_get && pfn == now.pfn ? entry ^ 1 : entry;
}

static p2m_word to_mfn(p2m_word pfn)
{
    p2m_word mfn = (p2m_word)with_harms(subject_core.pfn_to_mfn(pfn));

    if (now.written_back && pfn == BEHIND)
        return now.held;
    return now.wrong_mfn && pfn == now.pfn ? mfn ^ 1 : mfn;
}

static bool set(p2m_word pfn, p2m_word entry)
{
    return with_harms(subject_core.set(pfn, entry));
}

static bool set_noalloc(p2m_word pfn, p2m_word entry)
{
    return with_harms(subject_core.set_noalloc(pfn, entry));
}

static p2m_word range(p2m_word start, p2m_word end)
{
    return (p2m_word)with_harms(subject_core.range(start, end));
}

static void publish(struct p2m_shared_info *info)
{
    subject_core.publish(info);
    with_harms(0);
}

/* ---- the trials ---- */

static void set_the_stage(const struct stage *stage)
{
    memset(&trial, 0, sizeof(trial));
    trial.ops[trial.count++] = (struct op){.kind = OP_SET, .pfn = 1, .arg = 0x44};
    trial.ops[trial.count++] = (struct op){.kind = OP_SET, .pfn = BESIDE, .arg = 0x66};
    trial.ops[trial.count++] = (struct op){.kind = OP_SET, .pfn = BEHIND, .arg = 0x88};
    if (stage->overlaps)
        trial.ops[trial.count++] = (struct op){.kind = OP_GET, .at = 1, .pfn = P2M_LEAF};
    trial.ops[trial.count++] = stage->op;
}

/* Takes the marks off the shared pages again. */
static void restore_shared_pages(void)
{
    for (unsigned page = 0; page < 4; page++)
        if (!host_shared_intact((enum host_shared_page)page))
            dirty((enum host_shared_page)page);
}

/* The name of what these harms do at the op; INVARIANT_NONE also for what shows only later. */
static enum invariant with_two(const struct stage *stage, const struct harm *a,
                               const struct harm *b, enum check_level level)
{
    bool fine;

    set_the_stage(stage);
    memset(&now, 0, sizeof(now));
    now.harm[0] = a;
    now.harm[1] = b;
    now.pfn = (p2m_word)stage->op.pfn;
    fine = executor_run(&subject, &trial, level, &verdict);
    restore_shared_pages();
    assert_true(fine || verdict.op >= (int)trial.count - 1);
    return fine || verdict.op != (int)trial.count - 1 ? INVARIANT_NONE : verdict.id;
}

static bool shown[INVARIANT_COUNT][INVARIANT_COUNT];

static void try_pair(const struct stage *stage, const struct harm *a, const struct harm *b)
{
    for (unsigned level = CHECK_QUICK; level <= CHECK_EVERY; level++) {
        const struct never *why = why_never(a->id, b->id);
        enum invariant got;

        if (with_two(stage, a, NULL, (enum check_level)level) != a->id ||
            with_two(stage, b, NULL, (enum check_level)level) != b->id)
            continue;
        if (why && why->hidden)
            continue;
        if (why)
            fail_msg("%s shows %s and %s, although %s", stage->name, invariant_name(a->id),
                     invariant_name(b->id), why->reason);
        shown[a->id][b->id] = true;
        got = with_two(stage, a, b, (enum check_level)level);
        if (got == a->id)
            got = with_two(stage, b, a, (enum check_level)level);
        if (got != a->id)
            fail_msg("%s: %s and %s: expected the first, got %s (%s)", stage->name,
                     invariant_name(a->id), invariant_name(b->id), invariant_name(got),
                     verdict.details);
    }
}

static void test_pairs(void **state)
{
    unsigned missing = 0;

    (void)state;
    host_watch_faults();
    for (unsigned s = 0; s < sizeof(stages) / sizeof(stages[0]); s++)
        for (unsigned a = 0; a < HARMS; a++)
            for (unsigned b = 0; b < HARMS; b++)
                if (harms[a].id < harms[b].id)
                    try_pair(&stages[s], &harms[a], &harms[b]);
    for (int a = 1; a < METAMORPHIC_FIRST; a++)
        for (int b = a + 1; b < METAMORPHIC_FIRST; b++)
            if (!shown[a][b] && !why_never((enum invariant)a, (enum invariant)b)) {
                print_message("%s and %s: no op shows both, and no reason is given\n",
                              invariant_name((enum invariant)a), invariant_name((enum invariant)b));
                missing++;
            }
    assert_true(!missing || !MODEL_LITERAL); /* some show only where all is checked after each op */
}

/* ---- calls in reverse order ---- */

static bool has_set_1;

/* Right for PFN 2 only after a set of PFN 1. */
static bool set_in_order(p2m_word pfn, p2m_word entry)
{
    bool wrong = pfn == 2 && !has_set_1;

    has_set_1 = has_set_1 || pfn == 1;
    return subject_core.set(pfn, wrong ? entry ^ 1 : entry);
}

static bool build(p2m_word *mfn_list, p2m_word nr_pages, bool auto_translated)
{
    has_set_1 = false;
    return subject_core.build(mfn_list, nr_pages, auto_translated);
}

/*
 * Only while both overlap, or with the second one first: the verdict names the op as it is
 * written, and the run that it is from has the order in which it was found.
 */
static void test_reversed(void **state)
{
    struct subject in_order = subject_core;

    (void)state;
    in_order.set = set_in_order;
    in_order.build = build;
    memset(&trial, 0, sizeof(trial));
    trial.ops[trial.count++] = (struct op){.kind = OP_SET, .pfn = P2M_LEAF, .arg = 0x22};
    trial.ops[trial.count++] = (struct op){.kind = OP_SET, .at = 1, .pfn = 1, .arg = 0x44};
    trial.ops[trial.count++] = (struct op){.kind = OP_SET, .pfn = 2, .arg = 0x66};
    assert_false(executor_judge(&in_order, &trial, CHECK_QUICK, &verdict));
    assert_string_equal(invariant_name(verdict.id), "GET_MATCHES_MODEL");
    assert_int_equal(verdict.op, 2);
    assert_int_equal(executor_judged().op, 1);
    assert_int_equal(executor_judged().c->ops[1].pfn, 2);
    assert_non_null(strstr(verdict.details, "the last first"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_reversed),
    };

    host_start();
    subject = subject_core;
    subject.name = "harmed";
    subject.get = get;
    subject.pfn_to_mfn = to_mfn;
    subject.set = set;
    subject.set_noalloc = set_noalloc;
    subject.range = range;
    subject.publish = publish;
    return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
