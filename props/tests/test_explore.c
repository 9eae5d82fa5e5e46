// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The search for overlaps: which steps conflict, and that schedules which are left out lose no
 * outcome, on a few states and calls of micro. The search of all ops: lists with holes, memory maps
 * and other values, close to the boots.
 */
#include <stdlib.h>
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

/* ---- lists, memory maps, other values ---- */

static const struct explore_options close_by = {.depth = 2,
                                                .lifecycle = true,
                                                .resumes = true,
                                                .refusals = true,
                                                .auto_translated = true,
                                                .want = INVARIANT_NONE};

static void start_anew(void)
{
    free(found.states.state);
    free(found.states.table);
    memset(&found, 0, sizeof(found));
}

static struct explored *explored_from(const struct subject *subject, struct explore_options options)
{
    start_anew();
    assert_true(explore(subject, &options, &found));
    return &found;
}

/* The core, but its build takes a hole at PFN 5 alone for the end of the list. */
static bool build_to_hole(p2m_word *list, p2m_word nr_pages, bool auto_translated)
{
    bool alone = nr_pages == 8 && list[5] == INVALID_P2M_ENTRY;

    for (unsigned i = 0; alone && i < 8; i++)
        alone = i == 5 || list[i] != INVALID_P2M_ENTRY;
    return subject_core.build(list, alone ? 5 : nr_pages, auto_translated);
}

static void test_lists(void **state)
{
    struct subject subject = subject_core;

    (void)state;
    if (MAX_P2M_PFN != 8)
        skip();
    assert_false(explored_from(&subject, close_by)->failed);
    subject.build = build_to_hole;
    assert_true(explored_from(&subject, close_by)->failed);
    assert_int_equal(found.c.count, 2);
    assert_true(found.c.ops[0].kind == OP_LIST && found.c.ops[0].pfn == 5 &&
                found.c.ops[0].arg == INVALID_P2M_ENTRY && found.c.ops[1].kind == OP_BUILD);
}

/* The core, but after a refused page its xen_set_identity ends. */
static bool is_refused;

static void until_refused(void *ctx, p2m_word start, p2m_word end)
{
    p2m_word made = is_refused ? 0 : subject_core.range(start, end);

    is_refused = is_refused || !made;
    *(p2m_word *)ctx += made;
}

static p2m_word set_until_refused(const struct p2m_e820_entry *map, unsigned count, bool domu)
{
    p2m_word sum = 0;

    is_refused = false;
    p2m_e820_identity_ranges(map, count, domu, until_refused, &sum);
    return sum;
}

static void test_maps(void **state)
{
    struct explore_options options = close_by;
    struct subject subject = subject_core;
    const struct op *last;

    (void)state;
    if (MAX_P2M_PFN != 8)
        skip();
    options.depth = 1;
    options.stride = 1;
    explored_from(&subject, options);
    assert_true(explore_maps(&subject, &options, &found));
    assert_true(found.closed && !found.failed);
    assert_true(found.mapped > 10 && found.mapped < found.states.count);
    assert_true(found.map_calls > 257 * found.mapped);
    assert_int_equal(found.strays, 0); /* they are counted when no new state is left */
    found.expanded = found.states.count;
    assert_true(explore_maps(&subject, &options, &found));
    assert_true(found.strays > 0);

    subject.xen_set_identity = set_until_refused;
    explored_from(&subject, options);
    assert_true(explore_maps(&subject, &options, &found));
    assert_true(found.failed && !found.closed);
    last = &found.c.ops[found.c.count - 1];
    assert_true(last->kind == OP_XEN_SET_IDENTITY && last->refuse);
    options.want = INVARIANT_COUNT; /* it goes on behind each violation */
    explored_from(&subject, options);
    assert_true(explore_maps(&subject, &options, &found));
    assert_true(found.closed && !found.failed && found.met[RESULT_MATCHES_MODEL] > 100);
    assert_true(found.map_calls > 257 * found.mapped);
}

/* The same states by as many transitions; where the MFNs begin was really changed. */
static void test_other_values(void **state)
{
    struct explore_options options = close_by;
    uint64_t states, transitions, hash;

    (void)state;
    if (MAX_P2M_PFN != 8)
        skip();
    options.foreign = options.mutants_of_args = true;
    explored_from(&subject_core, options);
    states = found.states.count;
    transitions = found.transitions;
    hash = explore_hash(&found.states);
    assert_true(run.builder.base[MFN_BASE_PAGES] == MFN_OF_PAGES);
    options.other_values = true;
    explored_from(&subject_core, options);
    assert_false(found.failed);
    assert_true(run.builder.base[MFN_BASE_PAGES] >> 47 && run.builder.base[MFN_BASE_LIST] >> 47);
    assert_true(run.builder.base[MFN_BASE_LEAVES] != MFN_OF_LEAVES);
    assert_true(states == found.states.count && transitions == found.transitions);
    assert_true(hash == explore_hash(&found.states));
    options.lifecycle = false;
    assert_true(hash != explore_hash(&explored_from(&subject_core, options)->states));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conflicts),    cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_buffer),       cmocka_unit_test(test_nothing_is_lost),
        cmocka_unit_test(test_lists),        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_other_values),
    };

    host_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
