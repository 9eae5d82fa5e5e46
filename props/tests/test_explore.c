// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The search for overlaps: which steps conflict, and that schedules which are left out lose no
 * outcome, on a few states and calls of micro.
 */
#include <string.h>

#include "core/access.h"
#include "props/explore/explore.h"
#include "props/explore/steps.h"
#include "unit.h"

/* ---- steps ---- */

static const p2m_word words[4];

static struct sync_access access_to(unsigned kind, unsigned word)
{
    return (struct sync_access){.kind = kind, .size = sizeof(p2m_word), .address = &words[word]};
}

static void add(struct steps *steps, struct sync_access access)
{
    steps->count++;
    steps->access[steps->accesses++] = (struct step_access){steps->count, access};
}

static bool conflict(struct sync_access a, struct sync_access b)
{
    static struct steps one, other;

    steps_empty(&one);
    steps_empty(&other);
    add(&one, a);
    add(&other, b);
    return steps_conflict(&one, 1, &other, 1, 2);
}

static void test_conflicts(void **state)
{
    const struct sync_access call = {.kind = P2M_CALL}, loop = {.kind = P2M_LOOP};
    const struct sync_access load = access_to(P2M_LOAD, 1), store = access_to(P2M_STORE, 1);
    const struct sync_access cas = access_to(P2M_CAS, 1), beside = access_to(P2M_STORE, 2);
    struct sync_access half = store;
    struct subject own = subject_core;

    (void)state;
    run.subject = &subject_core;
    assert_false(conflict(load, load));
    assert_true(conflict(load, store) && conflict(store, load) && conflict(store, store));
    assert_true(conflict(load, cas) && conflict(cas, store) && conflict(cas, cas));
    assert_false(conflict(load, beside) || conflict(beside, cas) || conflict(store, beside));
    half.address = (const char *)half.address + sizeof(p2m_word) / 2;
    assert_true(conflict(load, half) && conflict(half, beside));
    assert_true(conflict(call, call));
    assert_false(conflict(call, store) || conflict(load, call));
    assert_false(conflict(loop, store) || conflict(loop, loop));
    own.custom_layout = true;
    run.subject = &own;
    assert_true(conflict(call, store) && conflict(load, call));
    run.subject = &subject_core;
}

/* A step may have more than one access; the bounds are steps. */
static void test_numbers(void **state)
{
    static struct steps mine, other, all;

    (void)state;
    run.subject = &subject_core;
    steps_empty(&mine);
    steps_empty(&other);
    add(&mine, access_to(P2M_LOAD, 0));
    add(&mine, access_to(P2M_LOAD, 1));
    mine.access[mine.accesses++] = (struct step_access){2, access_to(P2M_LOAD, 3)};
    add(&other, access_to(P2M_STORE, 2));
    add(&other, access_to(P2M_STORE, 3));
    assert_false(steps_conflict(&mine, 1, &other, 1, 3));
    assert_true(steps_conflict(&mine, 2, &other, 1, 3));
    assert_true(steps_conflict(&mine, 2, &other, 2, 3));
    assert_false(steps_conflict(&mine, 2, &other, 1, 2));
    assert_false(steps_conflict(&mine, 2, &other, 3, 9));
    steps_empty(&all);
    steps_append(&all, &mine);
    steps_append(&all, &other);
    assert_int_equal(all.count, 4);
    assert_false(steps_conflict(&mine, 2, &all, 1, 4));
    assert_true(steps_conflict(&mine, 2, &all, 4, 5));
    while (all.accesses < STEP_ACCESSES)
        steps_append(&all, &other);
    assert_true(steps_conflict(&mine, 1, &all, 1, 2)); /* there may have been more */
}

/* Stores since the last step that drains the buffer; a joined one belongs to its step. */
static void test_buffer(void **state)
{
    static struct steps steps;
    unsigned store[STORE_BUFFER_MAX];

    (void)state;
    steps_empty(&steps);
    add(&steps, access_to(P2M_STORE, 0));
    add(&steps, access_to(P2M_CAS, 1));
    add(&steps, access_to(P2M_STORE, 1));
    steps.access[steps.accesses++] = (struct step_access){3, access_to(SYNC_JOINED, 2)};
    add(&steps, access_to(P2M_LOAD, 2));
    add(&steps, access_to(P2M_STORE, 3));
    add(&steps, (struct sync_access){.kind = P2M_CALL});
    steps.access[steps.accesses++] = (struct step_access){6, {.kind = SYNC_FENCE}};
    assert_int_equal(steps_buffered(&steps, 1, store), 0);
    assert_int_equal(steps_buffered(&steps, 2, store), 1);
    assert_int_equal(steps_buffered(&steps, 3, store), 0);
    assert_int_equal(steps_buffered(&steps, 6, store), 2);
    assert_true(store[0] == 3 && store[1] == 5);
    assert_int_equal(steps_buffered(&steps, 7, store), 0);
    assert_true(steps_is_store(&steps, 3) && !steps_is_store(&steps, 2));
    assert_true(steps_drains(&steps, 2) && steps_drains(&steps, 6) && !steps_drains(&steps, 3));
}

/* ---- the reduction ---- */

#define STATES 300 /* of micro; the search takes every 60th */

static struct explored found;

static uint64_t outcomes_of(const struct explore_options *races, bool reduced, uint64_t *runs)
{
    struct explore_options options = *races;
    uint64_t outcomes = found.outcomes, before = found.transitions;

    options.reduced = reduced;
    assert_true(explore_races(&subject_core, &options, &found));
    assert_true(found.closed);
    assert_false(found.failed);
    *runs = found.transitions - before;
    return found.outcomes - outcomes;
}

static void test_nothing_is_lost(void **state)
{
    static const struct explore_options kinds[] = {{.switches = 1, .thin = 5},
                                                   {.switches = 2, .thin = 7},
                                                   {.three = true, .thin = 30},
                                                   {.switches = 1, .tso = true, .thin = 5}};
    struct explore_options states = {.want = INVARIANT_COUNT, .depth = 2};

    (void)state;
    if (MAX_P2M_PFN != 8)
        skip();
    assert_true(explore(&subject_core, &states, &found));
    assert_true(found.states.count > STATES);
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct explore_options races = kinds[i];
        uint64_t outcomes, all, runs, fewer;

        races.end = STATES;
        races.stride = 60;
        outcomes = outcomes_of(&races, false, &all);
        assert_true(outcomes > 300);
        runs = all;
        assert_int_equal(outcomes_of(&races, true, &fewer), outcomes);
        assert_true(fewer * 2 < runs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conflicts),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_buffer),
        cmocka_unit_test(test_nothing_is_lost),
    };

    host_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
