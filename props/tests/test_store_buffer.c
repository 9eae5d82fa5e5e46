// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Store buffers are x86's TSO, no more and no less: litmus tests under all schedules have the
 * outcomes of an abstract machine with a queue of stores for each CPU. Then what a queue
 * cannot show: joined stores, the size of a buffer, and the way out of a case.
 *
 * Linked with a kernel's file, the accesses of the litmus tests are compiled as that file is
 * (props/subjects/linux/litmus.c).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/access.h"
#include "props/case/generate.h"
#include "props/host/lock.h"
#include "props/report/report.h"
#include "props/run/executor.h"
#include "props/run/schedule.h"
#include "props/run/store_buffer.h"
#include "props/subjects/linux/litmus.h"
#include "unit.h"

/* ---- programs of two calls ---- */

enum { X, Y, Z, VARIABLES };
enum step_kind { END, LOAD, STORE, MFENCE, LOCKED, TAKE, DROP };

/*
 * A store of `value`, or a load into the next register of the call. LOCKED: a store by CAS. TAKE
 * and DROP: of the variable as a lock, which holds 1 in between.
 */
struct step {
    enum step_kind kind;
    uint8_t variable, value;
};

#define STEPS 3
#define REGISTERS 2

struct litmus {
    const char *name;
    struct step call[2][STEPS + 1];
    uint8_t reg[2][REGISTERS], memory[VARIABLES]; /* the outcome in question */
    bool tso, sc;                                 /* is it possible? */
};

static const struct litmus litmus[] = {
    {"SB",
     {{{STORE, X, 1}, {LOAD, Y, 0}}, {{STORE, Y, 1}, {LOAD, X, 0}}},
     {{0}, {0}},
     {1, 1},
     true,
     false},
    {"SB+mfence",
     {{{STORE, X, 1}, {MFENCE, 0, 0}, {LOAD, Y, 0}}, {{STORE, Y, 1}, {MFENCE, 0, 0}, {LOAD, X, 0}}},
     {{0}, {0}},
     {1, 1},
     false,
     false},
    {"SB, one mfence",
     {{{STORE, X, 1}, {MFENCE, 0, 0}, {LOAD, Y, 0}}, {{STORE, Y, 1}, {LOAD, X, 0}}},
     {{0}, {0}},
     {1, 1},
     true,
     false},
    {"SB+locked",
     {{{LOCKED, X, 1}, {LOAD, Y, 0}}, {{LOCKED, Y, 1}, {LOAD, X, 0}}},
     {{0}, {0}},
     {1, 1},
     false,
     false},
    {"SB+locked store elsewhere",
     {{{STORE, X, 1}, {LOCKED, Z, 1}, {LOAD, Y, 0}}, {{STORE, Y, 1}, {MFENCE, 0, 0}, {LOAD, X, 0}}},
     {{0}, {0}},
     {1, 1, 1},
     false,
     false},
    {"n6",
     {{{STORE, X, 1}, {LOAD, X, 0}, {LOAD, Y, 0}}, {{STORE, Y, 2}, {STORE, X, 2}}},
     {{1, 0}, {0}},
     {1, 2},
     true,
     false},
    {"MP",
     {{{STORE, X, 1}, {STORE, Y, 1}}, {{LOAD, Y, 0}, {LOAD, X, 0}}},
     {{0}, {1, 0}},
     {1, 1},
     false,
     false},
    {"LB",
     {{{LOAD, X, 0}, {STORE, Y, 1}}, {{LOAD, Y, 0}, {STORE, X, 1}}},
     {{1}, {1}},
     {1, 1},
     false,
     false},
    {"2+2W",
     {{{STORE, X, 1}, {STORE, Y, 2}}, {{STORE, Y, 1}, {STORE, X, 2}}},
     {{0}, {0}},
     {1, 1},
     false,
     false},
    {"a dropped lock",
     {{{TAKE, Z, 1}, {DROP, Z, 0}, {LOAD, Y, 0}}, {{STORE, Y, 1}, {MFENCE, 0, 0}, {LOAD, Z, 0}}},
     {{0}, {1}},
     {0, 1, 0},
     true,
     false},
    {"SB+taken lock",
     {{{STORE, X, 1}, {TAKE, Z, 1}, {LOAD, Y, 0}}, {{STORE, Y, 1}, {MFENCE, 0, 0}, {LOAD, X, 0}}},
     {{0}, {0}},
     {1, 1, 1},
     false,
     false},
    {"R",
     {{{STORE, X, 1}, {STORE, Y, 1}}, {{STORE, Y, 2}, {LOAD, X, 0}}},
     {{0}, {0}},
     {1, 2},
     true,
     false},
    {"coherence",
     {{{STORE, X, 1}, {STORE, X, 2}}, {{LOAD, X, 0}, {LOAD, X, 0}}},
     {{0}, {2, 1}},
     {2, 0},
     false,
     false},
};
#define LITMUS (sizeof(litmus) / sizeof(litmus[0]))

/* An outcome as a number; each value is below 4. */
#define OUTCOMES (1u << 2 * (2 * REGISTERS + VARIABLES))
struct outcomes {
    bool is[OUTCOMES];
};

static unsigned outcome_of(const uint8_t reg[2][REGISTERS], const uint8_t memory[VARIABLES])
{
    unsigned outcome = 0;

    for (unsigned i = 0; i < 2 * REGISTERS; i++)
        outcome = outcome << 2 | reg[i / REGISTERS][i % REGISTERS];
    for (unsigned i = 0; i < VARIABLES; i++)
        outcome = outcome << 2 | memory[i];
    return outcome;
}

/* ---- the abstract machine ---- */

struct machine {
    uint8_t memory[VARIABLES], reg[2][REGISTERS];
    struct cpu {
        uint8_t at, loads, count;
        struct step queue[STEPS];
    } cpu[2];
};

static void drain(struct machine *machine, struct cpu *cpu)
{
    machine->memory[cpu->queue[0].variable] = cpu->queue[0].value;
    memmove(cpu->queue, cpu->queue + 1, --cpu->count * sizeof(cpu->queue[0]));
}

/* The call's own newest store in the queue, or memory. */
static uint8_t read_as(const struct machine *machine, const struct cpu *cpu, unsigned variable)
{
    for (unsigned i = cpu->count; i-- > 0;)
        if (cpu->queue[i].variable == variable)
            return cpu->queue[i].value;
    return machine->memory[variable];
}

/* One step of call `who`; false: it has to wait until its queue is empty. */
static bool make_step(struct machine *machine, unsigned who, struct step step, bool queues)
{
    struct cpu *cpu = &machine->cpu[who];

    if ((step.kind == MFENCE || step.kind == LOCKED || step.kind == TAKE) && cpu->count)
        return false;
    cpu->at++;
    if (step.kind == LOAD)
        machine->reg[who][cpu->loads++] = read_as(machine, cpu, step.variable);
    if ((step.kind == STORE || step.kind == DROP) && queues)
        cpu->queue[cpu->count++] = step;
    else if (step.kind != LOAD && step.kind != MFENCE)
        machine->memory[step.variable] = step.value;
    return true;
}

/* All that can follow. */
static void explore(const struct litmus *test, const struct machine *here, bool queues,
                    struct outcomes *out)
{
    bool over = true;

    for (unsigned who = 0; who < 2; who++) {
        struct step step = test->call[who][here->cpu[who].at];
        struct machine next = *here;

        over = over && step.kind == END && !here->cpu[who].count;
        if (step.kind != END && make_step(&next, who, step, queues))
            explore(test, &next, queues, out);
        next = *here;
        if (!next.cpu[who].count)
            continue;
        drain(&next, &next.cpu[who]);
        explore(test, &next, queues, out);
    }
    if (over)
        out->is[outcome_of(here->reg, here->memory)] = true;
}

/* ---- the same by schedules ---- */

static const struct litmus *running;
static litmus_word variable[VARIABLES];
static uint8_t registers[2][REGISTERS];

/* Those of the core. */
static litmus_word core_load(const litmus_word *p)
{
    return p2m_load(p);
}

static void core_store(litmus_word *p, litmus_word value)
{
    p2m_store(p, value);
}

static void core_locked(litmus_word *p, litmus_word value)
{
    assert_true(p2m_cas(p, *p, value));
}

static void core_mfence(void)
{
    P2M_SYNC();
    sync_fence();
}

static void core_take(int *lock)
{
    P2M_SYNC();
    lock_take(lock);
}

static void core_drop(int *lock)
{
    P2M_SYNC();
    lock_drop(lock);
}

static const struct litmus_accesses core_accesses = {core_load,   core_store, core_locked,
                                                     core_mfence, core_take,  core_drop};

static void make_call(unsigned who)
{
    const struct litmus_accesses *accesses = &linux_litmus ? &linux_litmus : &core_accesses;
    unsigned loads = 0;

    for (const struct step *step = running->call[who]; step->kind; step++) {
        litmus_word *p = &variable[step->variable];

        if (step->kind == LOAD)
            registers[who][loads++] = (uint8_t)accesses->load(p);
        if (step->kind == STORE)
            accesses->store(p, step->value);
        if (step->kind == LOCKED)
            accesses->locked(p, step->value);
        if (step->kind == MFENCE)
            accesses->mfence();
        if (step->kind == TAKE)
            accesses->take((int *)p);
        if (step->kind == DROP)
            accesses->drop((int *)p);
    }
    store_buffer_call_ends();
}

#define POINTS (STEPS + 2)
#define SWITCHES (POINTS * (TURN_KEEP_MAX + 1)) /* point and keep */

static void run_schedule(const struct op *inner, struct outcomes *out)
{
    static const struct op outer = {.kind = OP_GET};
    const struct op *calls[2] = {&outer, inner};
    uint8_t memory[VARIABLES];

    memset(variable, 0, sizeof(variable));
    memset(registers, 0, sizeof(registers));
    schedule_run(calls, 2, make_call);
    for (unsigned i = 0; i < VARIABLES; i++)
        memory[i] = (uint8_t)variable[i];
    out->is[outcome_of(registers, memory)] = true;
}

static struct turn nth_turn(unsigned n, bool keeps)
{
    return (struct turn){.point = (uint16_t)(1 + n % POINTS),
                         .keep = (uint8_t)(keeps ? n / POINTS : 0)};
}

/* All schedules of up to OP_TURNS switches. */
static void run_schedules(struct op *inner, bool keeps, struct outcomes *out)
{
    unsigned turns = inner->turns;

    run_schedule(inner, out);
    if (turns == OP_TURNS - 1)
        return;
    inner->turns++;
    for (unsigned n = 0; n < (keeps ? SWITCHES : POINTS); n++) {
        inner->turn[turns] = nth_turn(n, keeps);
        run_schedules(inner, keeps, out);
    }
    inner->turns = (uint8_t)turns;
}

static void start(struct test_case *c, bool flag)
{
    struct verdict verdict;

    memset(c, 0, sizeof(*c));
    c->boot.flags = (uint16_t)(flag << BOOT_TSO);
    assert_true(executor_start(&linux_litmus ? subject_under_test : &subject_core, c, CHECK_QUICK,
                               &verdict));
}

static void run_litmus(const struct litmus *test, bool flag, bool keeps, struct outcomes *out)
{
    static struct test_case c;

    memset(out, 0, sizeof(*out));
    running = test;
    start(&c, flag);
    for (unsigned n = 0; n < (keeps ? SWITCHES : POINTS); n++) {
        struct turn first = nth_turn(n, keeps);
        struct op inner = {.kind = OP_GET, .at = first.point, .at_keep = first.keep};

        run_schedules(&inner, keeps, out);
    }
}

static void are_equal(const char *name, const struct outcomes *got, const struct outcomes *expected)
{
    for (unsigned i = 0; i < OUTCOMES; i++)
        if (got->is[i] != expected->is[i])
            fail_msg("%s: outcome 0x%x is %s", name, i, got->is[i] ? "impossible" : "missing");
}

/* With the flag: TSO. Without it, and with it where no switch keeps a buffer: no buffers. */
static void test_litmus(void **state)
{
    static struct outcomes expected, got;

    (void)state;
    for (unsigned i = 0; i < LITMUS; i++) {
        const struct litmus *test = &litmus[i];
        unsigned asked = outcome_of(test->reg, test->memory);

        for (unsigned flag = 0; flag < 2; flag++)
            for (unsigned keeps = 0; keeps < 2; keeps++) {
                bool tso = flag && keeps;

                memset(&expected, 0, sizeof(expected));
                explore(test, &(struct machine){0}, tso, &expected);
                run_litmus(test, flag, keeps, &got);
                are_equal(test->name, &got, &expected);
                if (got.is[asked] != (tso ? test->tso : test->sc))
                    fail_msg("%s: the outcome is %s", test->name, got.is[asked] ? "there" : "not");
            }
    }
}

/* ---- what the schedules of two such calls cannot show ---- */

static p2m_word many[STORE_BUFFER_MAX + 2], seen[STORE_BUFFER_MAX + 2];
static unsigned stores;
static bool joins;

static void store_many(unsigned who)
{
    if (who) {
        memcpy(seen, many, sizeof(seen));
        return;
    }
    for (unsigned i = 0; i < stores; i++)
        if (joins && i) {
            sync_joined(&many[i], sizeof(many[i]));
            many[i] = 1;
        } else
            p2m_store(&many[i], (p2m_word)1);
    store_buffer_call_ends();
}

/* Of so many stores, at the end of their call, the number that another call sees. */
static unsigned seen_of(unsigned count, unsigned keep)
{
    static const struct op outer = {.kind = OP_GET};
    struct op inner = {
        .kind = OP_GET, .at = (uint16_t)(joins ? 2 : count + 1), .at_keep = (uint8_t)keep};
    const struct op *calls[2] = {&outer, &inner};
    unsigned sum = 0;

    memset(many, 0, sizeof(many));
    stores = count;
    schedule_run(calls, 2, store_many);
    for (unsigned i = 0; i < count; i++) {
        assert_true(many[i]);
        sum += (unsigned)seen[i];
        assert_int_equal(seen[i], i < sum);
    }
    assert_int_equal(store_buffer_kept(), count - sum);
    return sum;
}

static void test_oldest(void **state)
{
    static struct test_case c;

    (void)state;
    start(&c, true);
    assert_int_equal(seen_of(5, 0), 5);
    assert_int_equal(seen_of(5, 1), 0);
    assert_int_equal(seen_of(5, 2), 1);
    assert_int_equal(seen_of(5, 3), 2);
    assert_int_equal(seen_of(1, 3), 1);
    assert_int_equal(seen_of(STORE_BUFFER_MAX, 1), 0);
    assert_int_equal(seen_of(STORE_BUFFER_MAX + 2, 1), 2);
    joins = true;
    assert_int_equal(seen_of(3, 1), 0);
    assert_int_equal(seen_of(3, 2), 3);
    joins = false;
}

static uint64_t sized[3];

static void store_sizes(unsigned who)
{
    uint8_t *byte = (uint8_t *)sized;

    if (who) {
        for (unsigned i = 0; i < 3; i++)
            assert_int_equal(sized[i], 0);
        sized[2] = ~(uint64_t)0;
        return;
    }
    p2m_store(&byte[1], (uint8_t)0x11);
    p2m_store((uint16_t *)&byte[2], (uint16_t)0x2222);
    p2m_store((uint32_t *)&byte[4], (uint32_t)0x33333333);
    P2M_SYNC(P2M_STORE, &sized[1], 16, 0);
    sized[1] = 4;
    sized[2] = 5;
    store_buffer_call_ends();
}

/* Each size of a store is undone and made again, and no byte beside it. */
static void test_sizes(void **state)
{
    static const struct op outer = {.kind = OP_GET},
                           inner = {.kind = OP_GET, .at = 5, .at_keep = 1};
    static const uint8_t bytes[8] = {0, 0x11, 0x22, 0x22, 0x33, 0x33, 0x33, 0x33};
    const struct op *calls[2] = {&outer, &inner};
    static struct test_case c;

    (void)state;
    start(&c, true);
    schedule_run(calls, 2, store_sizes);
    assert_memory_equal(sized, bytes, sizeof(bytes));
    assert_int_equal(sized[1], 4);
    assert_int_equal(sized[2], 5); /* it drained after the store of the other call */
}

/* ---- violations ---- */

static p2m_word *page;

static p2m_word get_or_store(p2m_word pfn)
{
    if (pfn == 1)
        p2m_store(page, (p2m_word)1);
    if (pfn == 2)
        host_page_free(page);
    if (pfn == 3)
        violated(CORE_WARNED, "on purpose");
    return INVALID_P2M_ENTRY;
}

/* Runs `inner` where the outer call has made its store, but keeps it. */
static enum invariant result_of(p2m_word inner)
{
    static struct test_case c;
    struct subject subject = subject_core;
    struct verdict verdict;

    subject.get = get_or_store;
    memset(&c, 0, sizeof(c));
    c.boot.flags = 1u << BOOT_TSO;
    c.count = 2;
    c.ops[0] = (struct op){.kind = OP_GET, .pfn = inner, .at = 2, .at_keep = 1};
    c.ops[1] = (struct op){.kind = OP_GET, .pfn = 1};
    assert_true(executor_start(&subject, &c, CHECK_QUICK, &verdict));
    page = host_page_alloc();
    page[0] = 0;
    assert_false(executor_steps(0, 2, &verdict));
    return verdict.id;
}

/* A page that is freed meanwhile; a verdict leaves nothing behind for the next case. */
static void test_violations(void **state)
{
    static struct test_case c;
    struct verdict verdict;

    (void)state;
    for (unsigned round = 0; round < 100; round++) {
        assert_int_equal(result_of(2), CORE_BUG);
        assert_false(store_buffer_is_on());
        assert_int_equal(result_of(3), CORE_WARNED);
        assert_false(store_buffer_is_on());
        assert_int_equal(page[0], 0); /* undone, and not made again */
        memset(&c, 0, sizeof(c));
        c.ops[c.count++] = (struct op){.kind = OP_SET, .pfn = 1, .arg = 1};
        assert_true(executor_run(&subject_core, &c, CHECK_EVERY, &verdict));
    }
}

static p2m_word get_alone(p2m_word pfn)
{
    if (store_buffer_is_on())
        violated(CORE_WARNED, "on purpose");
    return subject_core.get(pfn);
}

/* The report has the stores that a switch has kept. */
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
    subject.get = get_alone;
    c.boot.flags = 1u << BOOT_TSO;
    c.count = 2;
    c.ops[0] = (struct op){.kind = OP_GET, .pfn = 4, .at = 22, .at_keep = 1};
    c.ops[1] = (struct op){.kind = OP_SET, .pfn = 1, .arg = 1};
    assert_false(executor_judge(&subject, &c, CHECK_QUICK, &verdict));
    report_switches(file);
    fclose(file);
    assert_non_null(strstr(text, "in its store buffer, oldest first: p2m.c:"));
    free(text);
}

/* ---- random cases ---- */

#define CASES 20000

static unsigned kept_in_all;

static void count_kept(int op, uint64_t result)
{
    (void)op, (void)result;
    kept_in_all += store_buffer_kept();
}

/* The core violates nothing; and the generator makes cases whose buffers are kept. */
static void test_random(void **state)
{
    static struct test_case c;
    unsigned flags = 0;

    (void)state;
    executor_watcher = count_kept;
    for (uint64_t seed = 1; seed <= CASES; seed++) {
        struct prng prng = {prng_mix(seed)};
        struct verdict verdict;

        generate_case(&prng, &generate_all, 24, &c);
        flags += c.boot.flags >> BOOT_TSO & 1;
        if (!executor_run(&subject_core, &c, CHECK_QUICK, &verdict))
            fail_msg("seed %u: %s: %s", (unsigned)seed, invariant_name(verdict.id),
                     verdict.details);
    }
    executor_watcher = NULL;
    assert_true(flags > CASES / 100);
    assert_true(kept_in_all > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_litmus), cmocka_unit_test(test_oldest),
        cmocka_unit_test(test_sizes),  cmocka_unit_test(test_violations),
        cmocka_unit_test(test_report), cmocka_unit_test(test_random),
    };

    const struct CMUnitTest with_kernel[] = {cmocka_unit_test(test_litmus)};

    return &linux_litmus ? cmocka_run_group_tests(with_kernel, NULL, NULL)
                         : cmocka_run_group_tests(tests, NULL, NULL);
}
