// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The shrinker on failures whose smallest case is known, and the fault sweep on a
 * subject that fails wrongly. (How short real bugs become is shown by `make bugs`.)
 */
#include <string.h>

#include "props/case/generate.h"
#include "props/case/shrink.h"
#include "props/run/faults.h"
#include "unit.h"

static struct test_case trial;

static void random_case(uint64_t seed, unsigned ops)
{
    struct prng prng = {prng_mix(seed)};

    generate_case(&prng, &generate_all, ops, &trial);
}

/* ---- shrinking ---- */

/* A range, and later a set of a frame inside it. */
static bool range_then_frame(void *ctx, const struct test_case *candidate)
{
    uint64_t value;

    ++*(unsigned *)ctx;
    for (unsigned i = 0; i < candidate->count; i++)
        for (unsigned k = i + 1; k < candidate->count; k++) {
            const struct op *range = &candidate->ops[i], *set = &candidate->ops[k];

            if (range->kind == OP_RANGE && set->kind == OP_SET && set->pfn >= range->pfn &&
                set->pfn < range->arg &&
                entry_split(&shape_here, set->pfn, set->arg, &value) == ENTRY_MFN)
                return true;
        }
    return false;
}

/* A frame that is three more than its PFN. */
static bool frame_follows_pfn(void *ctx, const struct test_case *candidate)
{
    (void)ctx;
    for (unsigned i = 0; i < candidate->count; i++)
        if (candidate->ops[i].kind == OP_SET && candidate->ops[i].arg == candidate->ops[i].pfn + 3)
            return true;
    return false;
}

static void test_moves_together(void **state)
{
    struct shrink shrink = {.fails = frame_follows_pfn, .budget = 100000};

    (void)state;
    memset(&trial, 0, sizeof(trial));
    trial.count = 1;
    trial.ops[0] = (struct op){.kind = OP_SET, .pfn = MAX_P2M_PFN - 1, .arg = MAX_P2M_PFN + 2};
    shrink_case(&shrink, &trial);
    assert_int_equal(trial.count, 1);
    assert_int_equal(trial.ops[0].pfn, 0);
    assert_int_equal(trial.ops[0].arg, 3);
}

/* Each frame is set twice, but for one; and so long a case is needed. */
static bool all_but_one_twice(void *ctx, const struct test_case *candidate)
{
    unsigned single = 0;

    (void)ctx;
    for (unsigned i = 0; i < candidate->count; i++) {
        unsigned same = 0;

        for (unsigned k = 0; k < candidate->count; k++)
            same +=
                candidate->ops[k].kind == OP_SET && candidate->ops[k].arg == candidate->ops[i].arg;
        single += same != 2;
    }
    return single == 1 && candidate->count >= 17;
}

/* Far from each other in a long case, two ops can only go together. */
static void test_pairs_in_a_long_case(void **state)
{
    struct shrink shrink = {.fails = all_but_one_twice, .budget = 400000};

    (void)state;
    memset(&trial, 0, sizeof(trial));
    trial.count = 51;
    for (unsigned i = 0; i < trial.count; i++)
        trial.ops[i] = (struct op){.kind = OP_SET, .pfn = 0, .arg = i == 50 ? 99 : i % 25};
    assert_true(all_but_one_twice(NULL, &trial));
    shrink_case(&shrink, &trial);
    assert_int_equal(trial.count, 17);
}

/* Whatever it starts from, the smallest case is the same, and is as small as can be. */
static void test_reaches_the_smallest(void **state)
{
    unsigned calls, found = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct shrink shrink = {.fails = range_then_frame, .ctx = &calls, .budget = 100000};

        random_case(seed, 60);
        if (!range_then_frame(&calls, &trial))
            continue;
        found++;
        calls = 0;
        shrink_case(&shrink, &trial);
        assert_int_equal(calls, shrink.tried);
        assert_int_equal(shrink.tried + shrink.budget, 100000);
        assert_true(range_then_frame(&calls, &trial));
        assert_int_equal(trial.count, 2);
        assert_int_equal(trial.boot.nr_pages, 0);
        assert_int_equal(
            trial.ops[0].at | trial.ops[1].at | trial.ops[0].refuse | trial.ops[1].refuse, 0);
        assert_int_equal(trial.ops[0].pfn, 0);
        assert_true(trial.ops[0].arg <= 2);
    }
    assert_true(found > 10);
}

/* Fails if a call runs inside another one at its seventh sync point or later. */
static bool late_interloper(void *ctx, const struct test_case *candidate)
{
    (void)ctx;
    for (unsigned i = 0; i + 1 < candidate->count; i++)
        if (candidate->ops[i].at >= 7 && candidate->ops[i + 1].kind == OP_SET)
            return true;
    return false;
}

static void test_keeps_the_moment(void **state)
{
    struct shrink shrink = {.fails = late_interloper, .budget = 100000};

    (void)state;
    trial.count = 0;
    for (uint64_t seed = 3; trial.count < 40; seed++) /* no mere memory map */
        random_case(seed, 40);
    trial.ops[11] = (struct op){.kind = OP_GET, .at = 30};
    trial.ops[12] = (struct op){.kind = OP_SET, .pfn = 3, .arg = 9};
    shrink_case(&shrink, &trial);
    assert_int_equal(trial.count, 2);
    assert_int_equal(trial.ops[0].at, 7);
}

static void test_budget_is_kept(void **state)
{
    unsigned calls = 0;
    struct shrink shrink = {.fails = range_then_frame, .ctx = &calls, .budget = 10};

    (void)state;
    for (uint64_t seed = 0; !range_then_frame(&calls, &trial); seed++)
        random_case(seed, 60);
    calls = 0;
    shrink_case(&shrink, &trial);
    assert_int_equal(calls, 10);
    assert_true(range_then_frame(&calls, &trial));
}

static void test_same_answer_twice(void **state)
{
    static struct test_case first;
    unsigned calls;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct shrink shrink = {.fails = range_then_frame, .ctx = &calls, .budget = 5000};

        random_case(0, 200);
        for (uint64_t seed = 1; !range_then_frame(&calls, &trial); seed++)
            random_case(seed, 200);
        shrink_case(&shrink, &trial);
        if (!i)
            first = trial;
    }
    assert_true(case_equal(&first, &trial));
}

/* The frame's value does not matter there; where it is stored does. */
static void test_marks_what_does_not_matter(void **state)
{
    unsigned calls = 0;
    struct shrink shrink = {.fails = range_then_frame, .ctx = &calls, .budget = 100000};
    struct shrink_marks marks;

    (void)state;
    memset(&trial, 0, sizeof(trial));
    trial.count = 2;
    trial.ops[0] = (struct op){.kind = OP_RANGE, .pfn = 0, .arg = 2};
    trial.ops[1] = (struct op){.kind = OP_SET, .pfn = 1, .arg = 5};
    assert_true(range_then_frame(&calls, &trial));
    shrink_mark(&shrink, &trial, &marks);
    assert_true(marks.any[1].arg);
    assert_false(marks.any[1].pfn);
    assert_false(marks.any[0].pfn);
    assert_false(marks.any[0].arg);
}

/* A range to the end of all PFNs: half of it would have no place. */
static bool long_range(void *ctx, const struct test_case *candidate)
{
    (void)ctx;
    return candidate->count && candidate->ops[0].kind == OP_RANGE &&
           candidate->ops[0].arg > 2 * (uint64_t)MAX_P2M_PFN;
}

static void test_stays_sayable(void **state)
{
    struct shrink shrink = {.fails = long_range, .budget = 100000};

    (void)state;
    memset(&trial, 0, sizeof(trial));
    trial.count = 1;
    trial.ops[0] = (struct op){.kind = OP_RANGE, .pfn = 1, .arg = OP_LAST_PFN(&shape_here)};
    shrink_case(&shrink, &trial);
    assert_true(long_range(NULL, &trial));
    assert_true(case_fits(&trial, &shape_here));
}

/* ---- the fault sweep ---- */

/* Stores the entry next door when a page is refused, and says that it failed. */
static bool set_leaving_traces(p2m_word pfn, p2m_word entry)
{
    bool done = subject_core.set(pfn, entry);

    if (!done && host.refused)
        subject_core.set((pfn + 1) % MAX_P2M_PFN, entry);
    return done;
}

static void test_sweep_finds_traces(void **state)
{
    static struct test_case failing;
    struct subject subject = subject_core;
    struct verdict verdict;
    uint64_t runs = 0;

    (void)state;
    memset(&trial, 0, sizeof(trial));
    trial.count = 2;
    trial.ops[0] = (struct op){.kind = OP_GET, .pfn = 5};
    trial.ops[1] = (struct op){.kind = OP_SET, .pfn = 5, .arg = 9};
    assert_true(faults_sweep(&subject_core, &trial, CHECK_EVERY, &verdict, &failing, &runs));
    assert_int_equal(runs, 4 + 3); /* four pages of the boot; mid, MFN page, leaf */

    subject.set = set_leaving_traces;
    assert_true(
        executor_run(&subject, &trial, CHECK_EVERY, &verdict)); /* nothing wrong without a fault */
    assert_false(faults_sweep(&subject, &trial, CHECK_EVERY, &verdict, &failing, &runs));
    assert_int_equal(failing.ops[1].refuse, 1);
    assert_false(executor_run(&subject, &failing, CHECK_EVERY, &verdict));
}

/* The ranges of a map are also swept. */
static void test_sweep_takes_maps_apart(void **state)
{
    static struct test_case failing;
    struct verdict verdict;
    uint64_t runs = 0;

    (void)state;
    memset(&trial, 0, sizeof(trial));
    trial.count = 2;
    trial.ops[0] = (struct op){.kind = OP_E820, .type = 2, .start = 0, .stop = 4096};
    trial.ops[1] = (struct op){.kind = OP_XEN_SET_IDENTITY};
    assert_true(faults_sweep(&subject_core, &trial, CHECK_EVERY, &verdict, &failing, &runs));
    assert_int_equal(runs, 4 + (P2M_LEAF > 1 ? 3 : 0));
}

/* ---- machines ---- */

/* NVS that begins inside the page where RAM ends; the kernel is in it, the list not. */
static bool nvs_under_kernel(void *ctx, const struct test_case *candidate)
{
    uint64_t kernel = (uint64_t)candidate->boot.setup.kernel * 4096;

    (void)ctx;
    for (unsigned i = 0; i + 1 < candidate->count; i++) {
        const struct op *ram = &candidate->ops[i], *nvs = &candidate->ops[i + 1];

        if (ram->kind == OP_E820 && ram->type == 1 && ram->start < ram->stop &&
            nvs->kind == OP_E820 && nvs->type == 4 && nvs->start == ram->stop && ram->stop % 4096 &&
            kernel >= nvs->start && kernel < nvs->stop &&
            candidate->boot.setup.list * 4096ull >= nvs->stop)
            return true;
    }
    return false;
}

static const struct op other_entries[] = {
    {.kind = OP_E820, .type = 1, .start = 0x1000, .stop = 0x9fc00},
    {.kind = OP_E820, .type = 2, .start = 0x9fc00, .stop = 0x100000},
    {.kind = OP_GET, .pfn = 5},
    {.kind = OP_E820, .type = 1, .start = 0x100000, .stop = 0x7ffe0801},
    {.kind = OP_E820, .type = 4, .start = 0x7ffe0801, .stop = 0x7fff0123},
    {.kind = OP_E820, .type = 2, .start = 0xfffff000, .stop = 0xffffffff},
};

/* What lies together comes down together, and nothing is left that does not matter. */
static void test_machine_becomes_small(void **state)
{
    const struct op ram = {.kind = OP_E820, .type = 1, .start = 0, .stop = 1};
    const struct op nvs = {.kind = OP_E820, .type = 4, .start = 1, .stop = 2 * 4096};
    struct shrink shrink = {.fails = nvs_under_kernel, .budget = 100000};

    (void)state;
    memset(&trial, 0, sizeof(trial));
    trial.count = sizeof(other_entries) / sizeof(other_entries[0]);
    memcpy(trial.ops, other_entries, sizeof(other_entries));
    trial.boot.nr_pages = 200;
    trial.boot.hotplug_limit = 300;
    trial.boot.extra[0].pfn = 7;
    trial.boot.extra[0].pages = 9;
    trial.boot.setup.kernel = 0x7ffe8;
    trial.boot.setup.list = 0x80345;
    trial.boot.setup.initrd = 0x1234;
    trial.boot.setup.max_reservation = 0x99999;
    trial.boot.setup.answer[3] = 17;
    assert_true(nvs_under_kernel(NULL, &trial));
    shrink_case(&shrink, &trial);
    assert_int_equal(trial.count, 2);
    assert_true(op_equal(&trial.ops[0], &ram) && op_equal(&trial.ops[1], &nvs));
    for (unsigned field = 0; field < BOOT_NUMBERS; field++) {
        uint64_t number = shrink_boot_number(&trial.boot, field);

        assert_true(number == 0 || (number == 1 && trial.boot.setup.kernel == 1) ||
                    (number == 2 && trial.boot.setup.list == 2));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moves_together),
        cmocka_unit_test(test_pairs_in_a_long_case),
        cmocka_unit_test(test_reaches_the_smallest),
        cmocka_unit_test(test_keeps_the_moment),
        cmocka_unit_test(test_budget_is_kept),
        cmocka_unit_test(test_same_answer_twice),
        cmocka_unit_test(test_marks_what_does_not_matter),
        cmocka_unit_test(test_stays_sayable),
        cmocka_unit_test(test_machine_becomes_small),
        cmocka_unit_test(test_sweep_finds_traces),
        cmocka_unit_test(test_sweep_takes_maps_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
