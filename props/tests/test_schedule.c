// SPDX-License-Identifier: GPL-2.0-or-later
/* Calls that alternate: the order of the switches, and the way out of a case from a fiber. */
#include <stdlib.h>
#include <string.h>

#include "core/access.h"
#include "props/case/generate.h"
#include "props/check/switches.h"
#include "props/host/lock.h"
#include "props/report/report.h"
#include "props/run/executor.h"
#include "props/run/overlap.h"
#include "props/run/resolve.h"
#include "unit.h"

/* ---- the order: a subject whose calls have so many sync points as their PFN says ---- */

static char trace[64];

static p2m_word traced_get(p2m_word pfn)
{
    for (p2m_word point = 0; point < pfn; point++) {
        size_t length;

        p2m_loop();
        length = strlen(trace);
        if (length + 1 < sizeof(trace))
            trace[length] = (char)('0' + pfn);
    }
    return INVALID_P2M_ENTRY;
}

static struct op get(p2m_word pfn, unsigned at, unsigned turns, unsigned a, unsigned b, unsigned c)
{
    return (struct op){
        .kind = OP_GET,
        .pfn = pfn,
        .at = (uint16_t)at,
        .turns = (uint8_t)turns,
        .turn = {{.point = (uint16_t)a}, {.point = (uint16_t)b}, {.point = (uint16_t)c}}};
}

static void order_is(struct test_case *c, const char *expected)
{
    struct subject subject = subject_core;
    struct verdict verdict;

    subject.get = traced_get;
    assert_true(executor_start(&subject, c, CHECK_QUICK, &verdict));
    memset(trace, 0, sizeof(trace));
    executor_steps(0, c->count, &verdict); /* checks of entries come after the calls */
    trace[strlen(expected)] = '\0';
    assert_string_equal(trace, expected);
}

/* A digit of the trace is a step of the call with that PFN, made after its sync point. */
static void test_order(void **state)
{
    static const struct {
        struct op ops[3];
        unsigned count;
        const char *expected;
    } row[] = {
        {{{0}}, 0, ""},
        /* `at K`: before the step after the K-th point */
        {{{.kind = OP_GET, .pfn = 2, .at = 1}, {.kind = OP_GET, .pfn = 3}}, 2, "22333"},
        {{{.kind = OP_GET, .pfn = 2, .at = 3}, {.kind = OP_GET, .pfn = 3}}, 2, "33223"},
        /* fewer points than that: it comes after */
        {{{.kind = OP_GET, .pfn = 2, .at = 9}, {.kind = OP_GET, .pfn = 3}}, 2, "33322"},
    };

    (void)state;
    for (unsigned by_fibers = 0; by_fibers < 2; by_fibers++)
        for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
            static struct test_case c;

            memset(&c, 0, sizeof(c));
            c.count = row[i].count;
            memcpy(c.ops, row[i].ops, sizeof(row[i].ops));
            overlap_by_fibers = by_fibers;
            order_is(&c, row[i].expected);
            overlap_by_fibers = false;
        }
}

static void alternate(struct op inner, unsigned outer, const char *expected)
{
    static struct test_case c;

    memset(&c, 0, sizeof(c));
    c.count = 2;
    c.ops[0] = inner;
    c.ops[1] = get(outer, 0, 0, 0, 0, 0);
    order_is(&c, expected);
}

static void test_turns(void **state)
{
    static struct test_case c;

    (void)state;
    alternate(get(4, 2, 1, 1, 0, 0), 5, "555554444");
    alternate(get(4, 2, 1, 3, 0, 0), 5, "544555544");
    alternate(get(4, 2, 2, 3, 2, 0), 5, "544554455");
    alternate(get(4, 2, 3, 3, 2, 1), 5, "544554554");
    alternate(get(4, 1, 3, 9, 1, 1), 5, "444455555"); /* it ends before its turn */
    /* three calls: the innermost alternates with the middle one, that with the outer one */
    memset(&c, 0, sizeof(c));
    c.count = 3;
    c.ops[0] = get(2, 2, 1, 2, 0, 0);
    c.ops[1] = get(3, 2, 1, 4, 0, 0);
    c.ops[2] = get(4, 0, 0, 0, 0, 0);
    order_is(&c, "432332444");
}

/* From the end, and fractions: of a call alone, which has as many points as its PFN says. */
static void test_relative(void **state)
{
    static const struct {
        uint16_t point;
        uint8_t from;
        uint16_t plain;
    } row[] = {{1, TURN_END, 12},  {3, TURN_END, 10},   {12, TURN_END, 1}, {13, TURN_END, 1},
               {96, TURN_PART, 5}, {128, TURN_PART, 6}, {1, TURN_PART, 1}, {255, TURN_PART, 12},
               {7, TURN_START, 7}, {4095, TURN_END, 1}};
    static struct test_case c, plain;
    struct subject subject = subject_core;

    (void)state;
    subject.get = traced_get;
    for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        memset(&c, 0, sizeof(c));
        c.count = 3;
        c.ops[0] = (struct op){.kind = OP_SET, .pfn = 1, .arg = 5};
        c.ops[1] = get(8, row[i].point, 2, 2, 2, 0);
        c.ops[1].at_from = row[i].from;
        c.ops[1].turn[0] = (struct turn){.point = 2, .from = TURN_END};
        c.ops[2] = get(12, 0, 0, 0, 0, 0);
        assert_true(resolve_is_needed(&c));
        resolve(&subject, &c, &plain);
        assert_false(resolve_is_needed(&plain));
        assert_int_equal(plain.ops[1].at, row[i].plain);
        assert_int_equal(plain.ops[1].turn[0].point, 7);
        assert_int_equal(plain.ops[1].turn[1].point, 2);
    }
    subject.alternates = false; /* what it cannot do stays */
    resolve(&subject, &c, &plain);
    assert_true(resolve_is_needed(&plain) && case_equal(&c, &plain));
}

/* Calls that lose a page are no step of the order, and have changed nothing. */
static void test_refused_inside(void **state)
{
    static struct test_case c;
    struct verdict verdict;
    uint64_t sets, ranges;
    unsigned both = 0;

    (void)state;
    memset(&c, 0, sizeof(c));
    c.count = 3;
    c.ops[0] = (struct op){.kind = OP_SET, .pfn = 0, .arg = 5, .refuse = 1};
    c.ops[1] = (struct op){.kind = OP_RANGE, .pfn = 1, .arg = P2M_LEAF + 1, .refuse = 2};
    c.ops[2] = (struct op){.kind = OP_GET, .pfn = 1};
    for (unsigned at = 1; at < 20; at++)
        for (unsigned by_fibers = 0; by_fibers < 2; by_fibers++) {
            sets = run.tally.refused[OP_SET];
            ranges = run.tally.refused[OP_RANGE];
            c.ops[0].at = (uint16_t)at;
            overlap_by_fibers = by_fibers;
            assert_true(executor_run(&subject_core, &c, CHECK_EVERY, &verdict));
            overlap_by_fibers = false;
            both += run.tally.refused[OP_SET] > sets && run.tally.refused[OP_RANGE] > ranges;
            assert_int_equal(model_get(&run.oracle.model, 0),
                             run.tally.refused[OP_SET] > sets ? INVALID_P2M_ENTRY : 5);
        }
    assert_true(both > 10);
}

/* ---- locks: a call takes those that its PFN says, one after the other ---- */

static int held[2];

/* PFN 1: the first lock; 2: the second, then the first; 3: the first, then the second. */
static p2m_word locking_get(p2m_word pfn)
{
    static const struct {
        unsigned count, lock[2];
    } takes[] = {{0, {0}}, {1, {0}}, {2, {1, 0}}, {2, {0, 1}}};
    unsigned count = pfn <= 3 ? takes[pfn].count : 0;
    char step[] = {(char)('0' + pfn), '\0'};

    for (unsigned i = 0; i < count; i++) {
        p2m_loop();
        lock_take(&held[takes[pfn].lock[i]]);
        if (strlen(trace) + 1 < sizeof(trace))
            strcat(trace, step);
    }
    for (unsigned i = 0; i < count; i++) {
        p2m_loop();
        lock_drop(&held[takes[pfn].lock[i]]);
    }
    return INVALID_P2M_ENTRY;
}

/* Each of them alone has no switch; at the second point the first call holds its first lock. */
static void test_locks(void **state)
{
    static const struct {
        struct op inner;
        p2m_word outer;
        const char *expected; /* NULL: DEADLOCK */
    } row[] = {
        {{.kind = OP_GET, .pfn = 1, .at = 1}, 3, "133"},
        {{.kind = OP_GET, .pfn = 1, .at = 2}, 3, "331"},
        {{.kind = OP_GET, .pfn = 2, .at = 1}, 3, "2233"},
        {{.kind = OP_GET, .pfn = 2, .at = 2}, 3, NULL},
        {{.kind = OP_GET, .pfn = 2, .at = 2}, 1, "122"},
    };
    struct subject subject = subject_core;

    (void)state;
    subject.get = locking_get;
    subject.locks = true;
    for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        static struct test_case c;
        struct verdict verdict;

        memset(&c, 0, sizeof(c));
        memset(held, 0, sizeof(held));
        c.count = 2;
        c.ops[0] = row[i].inner;
        c.ops[1] = get(row[i].outer, 0, 0, 0, 0, 0);
        assert_true(executor_start(&subject, &c, CHECK_QUICK, &verdict));
        memset(trace, 0, sizeof(trace));
        assert_int_equal(executor_steps(0, c.count, &verdict), row[i].expected != NULL);
        if (row[i].expected)
            assert_memory_equal(trace, row[i].expected, strlen(row[i].expected));
        else
            assert_int_equal(verdict.id, DEADLOCK);
    }
}

/* PFN 1: the first lock, and when it is dropped the second; 2: the second, then the first as well.
 */
static p2m_word orderly_get(p2m_word pfn)
{
    static const struct {
        bool drop;
        unsigned lock;
    } steps[][4] = {{{false, 0}, {true, 0}, {false, 1}, {true, 1}},
                    {{false, 1}, {false, 0}, {true, 0}, {true, 1}}};

    for (unsigned i = 0; (pfn == 1 || pfn == 2) && i < 4; i++) {
        int *lock = &held[steps[pfn - 1][i].lock];

        p2m_loop();
        if (steps[pfn - 1][i].drop)
            lock_drop(lock);
        else
            lock_take(lock);
    }
    return INVALID_P2M_ENTRY;
}

/* A drop that is still in a store buffer ends no other call's wait; the wait of the buffer's owner
   makes it visible. Then nothing is dead. */
static void test_dropped_in_a_buffer(void **state)
{
    struct subject subject = subject_core;
    unsigned fine = 0;

    (void)state;
    subject.get = orderly_get;
    subject.locks = true;
    for (unsigned i = 0; i < 2 * 7 * 7 * 7 * 8; i++) {
        static struct test_case c;
        struct verdict verdict;
        unsigned point = i / 16, keep = i / 2 % 8;

        memset(&c, 0, sizeof(c));
        memset(held, 0, sizeof(held));
        memset(trace, 0, sizeof(trace));
        c.boot.flags = 1u << BOOT_TSO;
        c.count = 2;
        c.ops[0] = (struct op){.kind = OP_GET,
                               .pfn = 1 + i % 2,
                               .at = (uint16_t)(1 + point % 7),
                               .at_keep = keep & 1,
                               .turns = 2};
        c.ops[0].turn[0] =
            (struct turn){.point = (uint16_t)(1 + point / 7 % 7), .keep = keep >> 1 & 1};
        c.ops[0].turn[1] = (struct turn){.point = (uint16_t)(1 + point / 49), .keep = keep >> 2};
        c.ops[1] = (struct op){.kind = OP_GET, .pfn = 2 - i % 2};
        assert_true(executor_start(&subject, &c, CHECK_QUICK, &verdict));
        if (executor_steps(0, c.count, &verdict))
            fine++;
        else
            print_message("%s at %u~%u\n", invariant_name(verdict.id), point, keep);
    }
    assert_int_equal(fine, 2 * 7 * 7 * 7 * 8);
}

/* ---- the same result on one stack and on several ---- */

static uint64_t cases = 20000; /* or the first argument of the program */

static void test_one_stack_or_many(void **state)
{
    static struct test_case c;
    unsigned overlaps = 0;

    (void)state;
    run.want_hash = true;
    for (uint64_t seed = 1; seed <= cases; seed++) {
        struct generate_mix mix = generate_all;
        struct prng prng = {seed};
        struct verdict one, many;
        uint64_t hash;

        mix.race = 4;
        generate_case(&prng, &mix, 16, &c);
        for (unsigned i = 0; i < c.count; i++) {
            overlaps += c.ops[i].at > 0;
            c.ops[i].turns = 0;
        }
        executor_run(&subject_core, &c, CHECK_QUICK, &one);
        hash = executor_hash();
        overlap_by_fibers = true;
        executor_run(&subject_core, &c, CHECK_QUICK, &many);
        overlap_by_fibers = false;
        if (one.id != many.id || hash != executor_hash())
            fail_msg("seed %u: the results differ", (unsigned)seed);
    }
    run.want_hash = false;
    assert_true(overlaps > cases);
}

/* Some calls of the case get turns; in each other case with store buffers. */
static void draw_turns(struct prng *prng, struct test_case *c)
{
    bool tso = prng_one_in(prng, 2);

    c->boot.flags |= (uint16_t)(tso << BOOT_TSO);
    for (unsigned i = 0; i < c->count; i++) {
        struct op *op = &c->ops[i];

        if (!op_has_pfn(op->kind) || !op->at || op->at_from != TURN_START)
            continue;
        op->at_keep = (uint8_t)(tso ? prng_below(prng, TURN_KEEP_MAX + 1) : 0);
        op->turns = (uint8_t)prng_below(prng, OP_TURNS);
        for (unsigned k = 0; k < op->turns; k++) {
            op->turn[k] = (struct turn){.point = (uint16_t)(1 + prng_below(prng, 20))};
            op->turn[k].keep = (uint8_t)(tso ? prng_below(prng, TURN_KEEP_MAX + 1) : 0);
        }
    }
}

/* Prints one hash over all results: it is the same in each build. */
static void test_one_hash(void **state)
{
    static struct test_case c;
    uint64_t all = 0, scheduled = 0;

    (void)state;
    run.want_hash = true;
    for (uint64_t seed = 1; seed <= cases; seed++) {
        struct generate_mix mix = generate_all;
        struct prng prng = {seed};
        struct verdict verdict;

        mix.race = 4;
        generate_case(&prng, &mix, 16, &c);
        draw_turns(&prng, &c);
        for (unsigned i = 0; i < c.count; i++)
            scheduled += c.ops[i].turns > 0;
        assert_true(executor_run(&subject_core, &c, CHECK_QUICK, &verdict));
        all = prng_mix(all ^ executor_hash());
    }
    run.want_hash = false;
    assert_true(scheduled > cases / 4);
    printf("schedules: %llu cases, hash %016llx\n", (unsigned long long)cases,
           (unsigned long long)all);
}

/* ---- violations inside a fiber ---- */

static p2m_word guarded_get(p2m_word pfn)
{
    p2m_word entry = subject_core.get(pfn);

    if (pfn == 1)
        violated(CORE_BUG, "on purpose");
    if (pfn == 2)
        *(volatile p2m_word *)host_shared_page(HOST_IDENTITY) = 0;
    return entry;
}

/* The subject fails in the first, in the second, and in both; paused calls are given up. */
static void test_violations(void **state)
{
    struct subject subject = subject_core;
    struct verdict verdict;

    (void)state;
    host_watch_faults();
    subject.get = guarded_get;
    for (unsigned round = 0; round < (cases > 20000 ? cases : 3000); round++) {
        bool store = round % 2, inner = round % 3 > 0;
        static struct test_case c;

        memset(&c, 0, sizeof(c));
        c.count = 2;
        c.ops[0] = (struct op){.kind = OP_SET, .pfn = 3, .arg = 3, .at = 1, .turns = 1};
        c.ops[0].turn[0].point = 2;
        c.ops[1] = (struct op){.kind = OP_SET, .pfn = 4, .arg = 4};
        c.ops[inner ? 0 : 1].kind = OP_GET;
        c.ops[inner ? 0 : 1].pfn = 1 + store;
        assert_false(executor_run(&subject, &c, CHECK_QUICK, &verdict));
        assert_int_equal(verdict.id, store ? IDENTITY_PAGE_UNTOUCHED : CORE_BUG);
        assert_true(verdict.op >= 0);
    }
}

static bool guarded_set(p2m_word pfn, p2m_word entry)
{
    bool done = subject_core.set(pfn, entry);

    if (pfn == 1)
        violated(CORE_BUG, "on purpose");
    return done;
}

/* The report has the source line at which each call stops, and where it goes on. */
static void test_report(void **state)
{
    static struct test_case c;
    struct subject subject = subject_core;
    struct verdict verdict;
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    (void)state;
    assert_non_null(file);
    subject.set = guarded_set;
    c.count = 2;
    c.ops[0] = (struct op){.kind = OP_SET, .pfn = 3, .arg = 3, .at = 2, .turns = 1};
    c.ops[0].turn[0].point = 3;
    c.ops[1] = (struct op){.kind = OP_SET, .pfn = 1, .arg = 1};
    assert_false(executor_judge(&subject, &c, CHECK_QUICK, &verdict));
    assert_int_equal(verdict.id, CORE_BUG);
    assert_int_equal(switches.count, 2);
    report_switches(file);
    fclose(file);
    assert_non_null(strstr(text, "set 0x1 mfn 0x1: stops before p2m.c:"));
    assert_non_null(strstr(text, "set 0x3 mfn 0x3: begins"));
    assert_non_null(strstr(text, "set 0x3 mfn 0x3: stops before p2m.c:"));
    assert_non_null(strstr(text, "set 0x1 mfn 0x1: goes on at p2m.c:"));
    free(text);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_relative),
        cmocka_unit_test(test_refused_inside),
        cmocka_unit_test(test_dropped_in_a_buffer),
        cmocka_unit_test(test_locks),
        cmocka_unit_test(test_one_stack_or_many),
        cmocka_unit_test(test_one_hash),
        cmocka_unit_test(test_violations),
        cmocka_unit_test(test_report),
    };

    if (argc > 1)
        cases = strtoull(argv[1], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
