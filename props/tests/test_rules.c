// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a subject declares: ranges at boot, unmaps that restore, a layout of its own. The core
 * with one rule changed must pass, and with the rule broken it must be reported.
 */
#include "props/case/generate.h"
#include "props/run/executor.h"
#include "unit.h"

static struct subject subject;
static struct test_case c;
static struct verdict verdict;
static bool broken; /* the rule of this test is not kept */

static void start(void)
{
    subject = subject_core;
    subject.custom_layout = true;
    broken = false;
    host_watch_faults(); /* cmocka wants them too */
}

/* The invariants that random cases violate: none, or just this one. */
static void expect_in_random_cases(enum invariant id)
{
    unsigned found = 0;

    for (uint64_t seed = 1; seed <= 600 && found < 5; seed++) {
        struct prng prng = {seed};

        generate_case(&prng, &generate_all, 24, &c);
        c.boot.auto_translated = false;
        if (executor_judge(&subject, &c, CHECK_QUICK, &verdict))
            continue;
        found++;
        if (verdict.id != id)
            fail_msg("seed %u: expected %s, got %s (%s)", (unsigned)seed,
                     id ? invariant_name(id) : "nothing", invariant_name(verdict.id),
                     verdict.details);
    }
    assert_int_equal(found > 0, id != INVARIANT_NONE);
}

/* ---- ranges at boot ---- */

static void test_ranges_first(void **state)
{
    (void)state;
    start();
    subject.ranges_first = true;
    subject.has_build = subject.has_publish = false;
    c = (struct test_case){.count = 3,
                           .ops = {{.kind = OP_SET, .pfn = 1, .arg = 7},
                                   {.kind = OP_RANGE, .pfn = 0, .arg = 2},
                                   {.kind = OP_GET, .pfn = 1}}};
    run.tally = (struct tally){0};
    assert_true(executor_run(&subject, &c, CHECK_EVERY, &verdict));
    assert_int_equal(run.tally.calls[OP_RANGE], 1);
    assert_int_equal(run.tally.failed[OP_RANGE], 0);
    assert_int_equal(run.tally.skipped[OP_RANGE], 0);
    assert_int_equal(model_get(&run.oracle.model, 0), ENTRY_IDENTITY_OF(0));
    assert_int_equal(model_get(&run.oracle.model, 1), 7); /* the set came later */
    expect_in_random_cases(INVARIANT_NONE);
}

/* ---- unmaps that restore ---- */

static p2m_word covered[MAX_P2M_PFN < 4096 ? MAX_P2M_PFN : 1];

static uint64_t map_over(p2m_word pfn, unsigned count, p2m_word mfn)
{
    p2m_word before[16];
    uint64_t holds;

    for (unsigned i = 0; i < count; i++)
        before[i] = subject_core.get(pfn + i);
    holds = subject_core.grant_map(pfn, count, mfn);
    for (unsigned i = 0; i < count; i++)
        if (holds >> i & 1)
            covered[pfn + i] = before[i];
    return holds;
}

static uint64_t unmap_and_restore(p2m_word pfn, unsigned count)
{
    uint64_t cleared = subject_core.grant_unmap(pfn, count);

    for (unsigned i = 0; i < count; i++)
        if (cleared >> i & 1 && !broken)
            subject_core.set(pfn + i, covered[pfn + i]);
    return cleared;
}

static void test_unmap_restores(void **state)
{
    (void)state;
    if (!MODEL_LITERAL)
        return; /* it keeps an entry for each PFN */
    start();
    subject.unmap_restores = true;
    subject.grant_map = map_over;
    subject.grant_unmap = unmap_and_restore;
    expect_in_random_cases(INVARIANT_NONE);
    broken = true;
    expect_in_random_cases(GET_MATCHES_MODEL);
}

/* ---- a layout of its own ---- */

static bool set_and_lower(p2m_word pfn, p2m_word entry)
{
    bool answer = subject_core.set(pfn, entry);

    if (entry == INVALID_P2M_ENTRY && host.info->max_pfn) /* it raises nothing itself */
        host.info->max_pfn -= P2M_LEAF;
    return answer;
}

static bool set_all_the_same(p2m_word pfn, p2m_word entry)
{
    bool answer = subject_core.set(pfn, entry);

    if (!answer && host.refused)
        subject_core.set(pfn, entry);
    return answer;
}

static void test_custom_layout(void **state)
{
    (void)state;
    start();
    expect_in_random_cases(INVARIANT_NONE);
    subject.set = set_and_lower;
    expect_in_random_cases(MAX_PFN_COVERS);
    subject.set = set_all_the_same;
    expect_in_random_cases(FAILED_CALL_UNCHANGED);
}

/* ---- the end of a case ---- */

static void no_destroy(void)
{
}

/* A subject that keeps its pages: that shows at the end of each case, or of some. */
static void test_each_end_is_seen(void **state)
{
    unsigned found[2] = {0};

    (void)state;
    start();
    subject = subject_core;
    subject.destroy = no_destroy;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct prng prng = {seed};

        generate_case(&prng, &generate_calls, 8, &c);
        c.boot.auto_translated = false;
        for (unsigned each = 0; each < 2; each++) {
            executor_sees_each_end = each;
            found[each] += !executor_judge(&subject, &c, CHECK_QUICK, &verdict);
        }
    }
    executor_sees_each_end = false;
    assert_int_equal(found[true], 200);
    assert_true(MODEL_LITERAL ? found[false] == 200 : found[false] && found[false] < 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges_first),
        cmocka_unit_test(test_unmap_restores),
        cmocka_unit_test(test_custom_layout),
        cmocka_unit_test(test_each_end_is_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
