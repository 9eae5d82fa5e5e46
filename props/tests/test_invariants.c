// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The alarm: for each invariant a subject that is broken in just that way, and it
 * must be the first one reported. If this file is green, no check is idle.
 */
#include <string.h>

#include "props/case/generate.h"
#include "props/host/hang.h"
#include "props/run/metamorphic.h"
#include "props/subjects/broken.h"
#include "unit.h"

static struct test_case trial;
static struct verdict verdict;

static void draw(uint64_t seed, bool races)
{
    struct prng prng = {seed};

    host_watch_faults(); /* cmocka wants them too */
    generate_case(&prng, &generate_all, 24, &trial);
    trial.boot.auto_translated = false;
    for (unsigned i = 0; i < trial.count && !races; i++)
        trial.ops[i].at = 0;
    for (unsigned i = 0; i + 1 < trial.count && races;
         i += 2) /* who looks in the middle of a set? */
        if (trial.ops[i + 1].kind == OP_SET)
            trial.ops[i] = (struct op){.kind = OP_GET,
                                       .at = (uint8_t)(1 + prng_below(&prng, 24)),
                                       .pfn = trial.ops[i + 1].pfn};
}

/* Every violation that random cases show is the expected one, and there is one. */
static void must_be_reported(enum invariant id, enum check_level level)
{
    const struct subject *subject = subject_broken(id);
    unsigned found = 0;

    for (uint64_t seed = 1; seed <= 400 && found < 20; seed++) {
        draw(seed, id == LINEARIZABLE);
        /* these subjects ask for pages that they should not: if one is refused, it is PAGE_COST */
        for (unsigned i = 0; i < trial.count && (id == PAGE_LEDGER || id == RANGE_PREFIX); i++)
            trial.ops[i].refuse = 0;
        if (executor_judge(subject, &trial, level, &verdict))
            continue;
        found++;
        if (verdict.id != id)
            fail_msg("seed %u: expected %s, got %s (%s)", (unsigned)seed, invariant_name(id),
                     invariant_name(verdict.id), verdict.details);
        assert_true(verdict.details[0] != '\0');
    }
    if (!found)
        fail_msg("%s was never violated", invariant_name(id));
}

static void test_alarm(void **state)
{
    enum invariant id = *(enum invariant *)*state;

    must_be_reported(id, CHECK_QUICK);
    must_be_reported(id, CHECK_EVERY);
}

static void test_metamorphic_alarm(void **state)
{
    enum invariant id = *(enum invariant *)*state;
    const struct subject *subject = subject_broken(id);
    unsigned found = 0;

    for (uint64_t seed = 1; seed <= 2000 && !found; seed++) {
        struct prng prng = {~seed};

        draw(seed, false);
        if (metamorphic_try(subject, id, &trial, &prng, &verdict))
            continue;
        found++;
        assert_string_equal(invariant_name(verdict.id), invariant_name(id));
    }
    if (!found)
        fail_msg("%s was never violated", invariant_name(id));
}

/* The stand-ins are nothing but the core where they are not broken. */
static void test_no_alarm(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        draw(seed, true);
        if (!executor_judge(&subject_core, &trial, CHECK_EVERY, &verdict))
            fail_msg("seed %u: %s: %s", (unsigned)seed, invariant_name(verdict.id),
                     verdict.details);
    }
}

static p2m_word spin(p2m_word pfn)
{
    for (volatile bool on = pfn == 7; on;)
        ;
    return subject_core.get(pfn);
}

/* A loop without a sync point is ended by its CPU time, and the next case runs. */
static void test_hang(void **state)
{
    struct subject subject = subject_core;

    (void)state;
    subject.get = spin;
    memset(&trial, 0, sizeof(trial));
    trial.ops[trial.count++] = (struct op){.kind = OP_SET, .pfn = 5, .arg = 1};
    trial.ops[trial.count++] = (struct op){.kind = OP_GET, .pfn = 7};
    hang_ticks = 2;
    hang_count = 0;
    assert_false(executor_run(&subject, &trial, CHECK_QUICK, &verdict));
    assert_string_equal(invariant_name(verdict.id), "HANG");
    assert_int_equal(verdict.op, 1);
    assert_false(executor_judge(&subject, &trial, CHECK_QUICK, &verdict));
    assert_string_equal(invariant_name(verdict.id), "HANG");
    assert_true(hang_count >= 3);
    hang_ticks = HANG_TICKS;
    assert_true(executor_run(&subject_core, &trial, CHECK_QUICK, &verdict));
}

static unsigned overstated; /* PFNs that prefix_range claims and did not do */

/* A range that after a refused page does its first half, as a kernel might. */
static p2m_word prefix_range(p2m_word start, p2m_word end)
{
    p2m_word done = subject_core.range(start, end);

    if (!host.refused)
        return done;
    if (end > MAX_P2M_PFN)
        end = MAX_P2M_PFN;
    return subject_core.range(start, start + (end - start) / 2) + overstated;
}

/* Of a refused range a prefix is fine where a subject says so, but just that prefix. */
static void test_prefix(void **state)
{
    struct subject subject = subject_core;
    unsigned refused = 0, found = 0;

    (void)state;
    subject.range = prefix_range;
    subject.range_all_or_nothing = false;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        draw(seed, false);
        overstated = 0;
        run.tally.refused[OP_RANGE] = 0;
        if (!executor_judge(&subject, &trial, CHECK_EVERY, &verdict))
            fail_msg("seed %u: %s: %s", (unsigned)seed, invariant_name(verdict.id),
                     verdict.details);
        refused += run.tally.refused[OP_RANGE] != 0;
        overstated = 1;
        if (executor_judge(&subject, &trial, CHECK_EVERY, &verdict))
            continue;
        assert_string_equal(invariant_name(verdict.id), "RANGE_PREFIX");
        found++;
    }
    assert_true(refused > 10 && found > 0);
}

/* Contents are compared too, for where no write protection is to be had. */
static void test_contents_of_shared_pages(void **state)
{
    static const enum invariant ids[4] = {IDENTITY_PAGE_UNTOUCHED, MISSING_PAGE_UNTOUCHED,
                                          MID_MISSING_UNTOUCHED, MID_IDENTITY_UNTOUCHED};
    p2m_word *words[2], **slots[2];

    (void)state;
    memset(&trial, 0, sizeof(trial));
    trial.ops[trial.count++] = (struct op){.kind = OP_GET};
    host_arrange(trial.boot.order);
    words[0] = host_shared.identity;
    words[1] = host_shared.missing;
    slots[0] = host_shared.mid_missing;
    slots[1] = host_shared.mid_identity;
    for (unsigned i = 0; i < 4; i++) {
        p2m_word word = 0, *slot = NULL;

        host_seal(false);
        if (i < 2) {
            word = words[i][P2M_LEAF - 1];
            words[i][P2M_LEAF - 1] = 0x123;
        } else {
            slot = slots[i - 2][P2M_MID - 1];
            slots[i - 2][P2M_MID - 1] = NULL;
        }
        host_seal(true);
        assert_false(executor_run(&subject_core, &trial, CHECK_EVERY, &verdict));
        assert_string_equal(invariant_name(verdict.id), invariant_name(ids[i]));
        host_seal(false);
        if (i < 2)
            words[i][P2M_LEAF - 1] = word;
        else
            slots[i - 2][P2M_MID - 1] = slot;
        host_seal(true);
        assert_true(executor_run(&subject_core, &trial, CHECK_EVERY, &verdict));
    }
}

/* The sentences are constant, unlike, and say nothing that a service would ignore. */
static void test_sentences(void **state)
{
    (void)state;
    for (int i = 1; i < INVARIANT_COUNT; i++) {
        const char *sentence = invariant_sentence((enum invariant)i);

        assert_true(strlen(sentence) > 20 && strlen(sentence) < 80);
        assert_null(strchr(sentence, '%'));
        for (const char *at = sentence; *at; at++) /* no number, but for the one in p2m */
            assert_true(*at < '0' || *at > '9' || (at > sentence && at[-1] == 'p'));
        assert_int_equal(invariant_by_name(invariant_name((enum invariant)i)), i);
        for (int k = 1; k < i; k++)
            assert_string_not_equal(sentence, invariant_sentence((enum invariant)k));
    }
}

int main(void)
{
    static enum invariant ids[INVARIANT_COUNT];
    struct CMUnitTest tests[INVARIANT_COUNT + 8];
    size_t count = 0;

    memset(tests, 0, sizeof(tests));
    for (int i = 1; i < INVARIANT_COUNT; i++) {
        ids[i] = (enum invariant)i;
        if (i >= CASE_ROUND_TRIP) /* of no p2m: fuzz/tests/test_codec.c, test_setup.c */
            continue;
        tests[count++] = (struct CMUnitTest){
            .name = invariant_name(ids[i]),
            .test_func = i < METAMORPHIC_FIRST ? test_alarm : test_metamorphic_alarm,
            .initial_state = &ids[i],
        };
    }
    host_start();
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_no_alarm);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_hang);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_prefix);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_contents_of_shared_pages);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_sentences);
    return _cmocka_run_group_tests("invariants", tests, count, NULL, NULL);
}
