// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Shrinks one case in one geometry: decides which failures are the same, collects other
 * violations, and prints the result as text and as C. props/case/shrink.h makes the
 * candidates.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "geometry_here.h"
#include "props/case/shrink.h"
#include "props/case/text.h"
#include "props/host/hang.h"
#include "props/run/every.h"
#include "props/run/resolve.h"

UNINSTRUMENTED_BEGIN

#define NAME 64

static struct test_case loaded;

/* ---- the failure of a case ---- */

void __asan_set_error_report_callback(void (*callback)(const char *report)) __attribute__((weak));
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

/*
 * A sanitizer's report ends the program. So cases that may cause one run in another
 * process; when a case ends that process, the next case gets a new one.
 */
static struct {
    struct {
        struct test_case c;
        char name[NAME];
    } *shared;
    pid_t pid; /* 0: there is none now */
    int ask, answer;
} apart;

static void on_asan(const char *report)
{
    static const char summary[] = "SUMMARY: AddressSanitizer: ";
    const char *kind = strstr(report, summary);

    kind = kind ? kind + sizeof(summary) - 1 : "unknown";
    snprintf(apart.shared->name, NAME, "SANITIZER_%.*s", (int)strcspn(kind, " \n"), kind);
    _exit(0);
}

/* What other sanitizers than ASan report. */
#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#define OTHER_REPORT "SANITIZER_use-of-uninitialized-value"
#endif
#endif
#ifndef OTHER_REPORT
#define OTHER_REPORT "SANITIZER_undefined-behavior"
#endif

static void on_death(void)
{
    snprintf(apart.shared->name, NAME, OTHER_REPORT);
    _exit(0);
}

/* In a big tree all checks after each op are used only where the quick ones find nothing. */
static bool quick_is_enough;

/* With the quick checks, as an engine found it: more lookups may hide a defect. Then with all. */
static void run_here(const struct subject *subject, const struct test_case *candidate, char *name)
{
    struct verdict verdict;

    if (executor_judge(subject, candidate, CHECK_QUICK, &verdict) &&
        (quick_is_enough || executor_judge(subject, candidate, CHECK_EVERY, &verdict)))
        name[0] = '\0';
    else
        snprintf(name, NAME, "%s", invariant_name(verdict.id));
}

/* A case has so many seconds of CPU time, and 0: it is over. What takes longer dies of SIGPROF. */
#define SECONDS 20

static void limit_cpu_time(unsigned seconds)
{
    const struct itimerval once = {.it_value = {.tv_sec = seconds}};

    setitimer(ITIMER_PROF, &once, NULL);
}

/* The other process: a byte in, the case run, a byte out. */
static noreturn void serve(const struct subject *subject, int in, int out)
{
    char byte;

    if (!freopen("/dev/null", "w", stderr))
        _exit(1);
    signal(SIGABRT, SIG_DFL);
    hang_watch(); /* a timer is not inherited */
    if (__asan_set_error_report_callback)
        __asan_set_error_report_callback(on_asan);
    if (__sanitizer_set_death_callback)
        __sanitizer_set_death_callback(on_death);
    while (read(in, &byte, 1) == 1) {
        limit_cpu_time(SECONDS);
        run_here(subject, &apart.shared->c, apart.shared->name);
        limit_cpu_time(0);
        if (write(out, &byte, 1) != 1)
            break;
    }
    _exit(0);
}

static void start_server(const struct subject *subject)
{
    int ask[2], answer[2];

    if (!apart.shared)
        apart.shared = mmap(NULL, sizeof(*apart.shared), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    fflush(NULL);
    if (apart.shared == MAP_FAILED || pipe(ask) || pipe(answer) || (apart.pid = fork()) < 0) {
        perror("p2m-case: shrink");
        exit(1);
    }
    if (!apart.pid) {
        close(ask[1]);
        close(answer[0]);
        serve(subject, ask[0], answer[1]);
    }
    close(ask[0]);
    close(answer[1]);
    apart.ask = ask[1];
    apart.answer = answer[0];
}

static void stop_server(void)
{
    int status = 0;

    if (!apart.pid)
        return;
    close(apart.ask);
    close(apart.answer);
    waitpid(apart.pid, &status, 0);
    if (WIFSIGNALED(status))
        snprintf(apart.shared->name, NAME, "SANITIZER_%s",
                 WTERMSIG(status) == SIGPROF ? "timeout" : "crash");
    apart.pid = 0;
}

static void run_apart(const struct subject *subject, const struct test_case *candidate, char *name)
{
    char byte = 0;

    if (!apart.pid)
        start_server(subject);
    apart.shared->c = *candidate;
    apart.shared->name[0] = '\0';
    if (write(apart.ask, &byte, 1) != 1 || read(apart.answer, &byte, 1) != 1)
        stop_server();
    memcpy(name, apart.shared->name, NAME);
}

/* A case may end the program: if the one before it did, or if the caller has seen it. */
static bool may_die;

static void run_case(const struct subject *subject, const struct test_case *candidate, char *name)
{
    if (may_die)
        run_apart(subject, candidate, name);
    else
        run_here(subject, candidate, name);
}

bool geometry_failure(const struct input *input, char *name)
{
    if (!geometry_load_to_run(input, &loaded))
        return false;
    quick_is_enough = false;
    run_apart(geometry_subject(input), &loaded, name);
    stop_server();
    return true;
}

/* ---- the same failure ---- */

/* Other violations are findings of their own: keeps the smallest case of each. */
static struct {
    const struct subject *subject;
    const char *want;
    struct test_case aside[INVARIANT_COUNT];
    bool met[INVARIANT_COUNT];
} trial;

static void note_aside(const char *name, const struct test_case *candidate)
{
    enum invariant id = invariant_by_name(name);

    if (!id || (trial.met[id] && trial.aside[id].count <= candidate->count))
        return;
    trial.met[id] = true;
    trial.aside[id] = *candidate;
}

/* A call without an end costs its patience each time: shrinking ends after so many. */
#define HANGS 60

/* A candidate with so many pages costs the time of two; with all checks after each op, of more. */
#define PAGES 64
#define PAGES_WITH_ALL_CHECKS 16

static void charge(struct shrink *shrink)
{
    uint64_t more = host.taken / (MODEL_LITERAL || quick_is_enough ? PAGES : PAGES_WITH_ALL_CHECKS);

    shrink->budget -= more < shrink->budget ? more : shrink->budget;
}

static bool fails_so(void *ctx, const struct test_case *candidate)
{
    struct shrink *shrink = ctx;
    char name[NAME];

    if (hang_count >= HANGS)
        shrink->budget = 0;
    run_case(trial.subject, candidate, name);
    charge(shrink);
    if (!strcmp(name, trial.want))
        return true;
    if (name[0])
        note_aside(name, candidate);
    return false;
}

/* ---- the result ---- */

static void print_marked(FILE *out, const struct test_case *small, const struct shrink_marks *marks)
{
    struct test_case boot = *small;
    char line[128];

    run_sign(subject_under_test, &boot);
    boot.count = 0;
    text_print_case(out, "", &shape_here, &boot);
    for (unsigned i = 0; i < small->count; i++) {
        bool pfn = marks->any[i].pfn, arg = marks->any[i].arg;

        text_print_op(line, sizeof(line), &shape_here, &small->ops[i]);
        fprintf(out, "%s%s%s%s%s\n", line, pfn || arg ? " # " : "", pfn ? "any PFN" : "",
                pfn && arg ? ", " : "",
                arg ? small->ops[i].kind == OP_RANGE ? "any end" : "any frame" : "");
    }
}

static const char *const kind_names[OP_KINDS] = {
#define X(name, ...) "OP_" #name,
    OPS(X)
#undef X
};

/* `, .name = value`, unless it is 0 anyway. */
static void print_field(FILE *out, const char *name, uint64_t value)
{
    if (value > 9)
        fprintf(out, ", .%s = 0x%" PRIx64, name, value);
    else if (value)
        fprintf(out, ", .%s = %" PRIu64, name, value);
}

static void print_turns_in_c(FILE *out, const struct op *op)
{
    print_field(out, "at", op->at);
    print_field(out, "at_from", op->at_from);
    print_field(out, "at_keep", op->at_keep);
    if (!op->turns)
        return;
    fprintf(out, ", .turns = %u, .turn = {", op->turns);
    for (unsigned i = 0; i < op->turns; i++)
        fprintf(out, "%s{%u, %u, %u}", i ? ", " : "", op->turn[i].point, op->turn[i].from,
                op->turn[i].keep);
    fprintf(out, "}");
}

static void print_op_in_c(FILE *out, const struct op *op, bool any_pfn, bool any_arg)
{
    fprintf(out, "            {.kind = %s", kind_names[op->kind]);
    print_turns_in_c(out, op);
    print_field(out, "refuse", op->refuse);
    print_field(out, "type", op->type);
    print_field(out, "count", op->count);
    print_field(out, "slots", op->slots);
    if (op_names_pfn(op->kind))
        fprintf(out, ", .pfn = 0x%" PRIx64 "%s", op->pfn, any_pfn ? " /* any */" : "");
    if (op_stores(op->kind))
        fprintf(out, ", .arg = 0x%" PRIx64 "%s", op->arg, any_arg ? " /* any */" : "");
    else
        print_field(out, "arg", op->arg);
    print_field(out, "start", op->start);
    print_field(out, "stop", op->stop);
    fprintf(out, "},\n");
}

static void print_boot_in_c(FILE *out, const struct boot *boot)
{
    fprintf(out, "        .boot = {.nr_pages = 0x%" PRIx64, boot->nr_pages);
    print_field(out, "refuse", boot->refuse);
    print_field(out, "holes", boot->holes);
    print_field(out, "order", boot->order);
    print_field(out, "auto_translated", boot->auto_translated);
    print_field(out, "xen_restore", boot->xen_restore);
    print_field(out, "flags", boot->flags);
    print_field(out, "hotplug_limit", boot->hotplug_limit);
    for (unsigned i = 0; i < BOOT_EXTRAS && boot->extra[i].pages; i++)
        fprintf(out, ", .extra[%u] = {0x%" PRIx64 ", 0x%x}", i, boot->extra[i].pfn,
                boot->extra[i].pages);
    fprintf(out, "},\n");
}

/* The subject that failed, as C names it. */
static const char *subject_in_c(void)
{
    if (trial.subject == subject_canary())
        return "subject_canary()";
    return strcmp(trial.subject->name, "core") ? "subject_under_test" : "&subject_core";
}

/* As a test that can be pasted into props/tests/test_core.c. */
static void print_in_c(FILE *out, const struct test_case *small, const struct shrink_marks *marks)
{
    char name[NAME];

    snprintf(name, sizeof(name), "%s", trial.want);
    for (char *p = name; *p; p++)
        *p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p == '-' ? '_' : *p;
    fprintf(out, "/* %s, subject %s, geometry %s */\nstatic void test_%s(void **state)\n{\n",
            trial.want, trial.subject->name, shape_here.name, name);
    fprintf(out, "    static const struct test_case c = {\n");
    print_boot_in_c(out, &small->boot);
    fprintf(out, "        .count = %u,\n        .ops = {\n", small->count);
    for (unsigned i = 0; i < small->count; i++)
        print_op_in_c(out, &small->ops[i], marks->any[i].pfn, marks->any[i].arg);
    fprintf(out,
            "        },\n    };\n    struct verdict verdict;\n\n    (void)state;\n"
            "    assert_true(executor_run(%s, &c, CHECK_EVERY, &verdict));\n}\n",
            subject_in_c());
}

static void print_aside(FILE *out)
{
    for (int id = 1; id < INVARIANT_COUNT; id++)
        if (trial.met[id]) {
            fprintf(out, "# %s\n", invariant_name((enum invariant)id));
            text_print_case(out, "", &shape_here, &trial.aside[id]);
        }
}

/* A candidate costs microseconds in a small tree, more in a big one, most if it may crash. */
static uint64_t budget(void)
{
    return may_die ? 40000 : MODEL_LITERAL ? 400000 : 20000;
}

/* Switches from the end and fractions as plain numbers, if it fails so, too. */
static void name_points(struct shrink *shrink)
{
    static struct test_case plain;

    if (may_die || !resolve_is_needed(&loaded))
        return;
    resolve(trial.subject, &loaded, &plain);
    if (fails_so(shrink, &plain))
        loaded = plain;
}

/* The case in this geometry, as it is converted in that way. False: it is as in the nearer way. */
static bool load_by(const struct input *input, enum convert_way way, struct shrink *shrink)
{
    static struct test_case nearer;

    if (!geometry_load_by(input, way, &loaded) ||
        (way != CONVERT_NEARER && case_equal(&loaded, &nearer)))
        return false;
    if (way == CONVERT_NEARER)
        nearer = loaded;
    every_choose(trial.subject, &loaded, CHECK_QUICK);
    name_points(shrink);
    return true;
}

/* The case as it fails here: in the first way of converting it that fails; then with other ops. */
static bool adapt_at_level(const struct input *input, struct shrink *shrink)
{
    for (unsigned way = 0; way < CONVERT_WAYS; way++)
        if (load_by(input, (enum convert_way)way, shrink) && shrink_adapt(shrink, &loaded, false))
            return true;
    return load_by(input, CONVERT_NEARER, shrink) && shrink_adapt(shrink, &loaded, true);
}

/* With the quick checks if that is enough in a big tree. */
static bool adapt(const struct input *input, struct shrink *shrink)
{
    quick_is_enough = !MODEL_LITERAL;
    shrink->budget = budget();
    if (adapt_at_level(input, shrink))
        return true;
    if (!quick_is_enough)
        return false;
    quick_is_enough = false;
    shrink->budget = budget();
    return adapt_at_level(input, shrink);
}

bool geometry_shrink(const struct input *input, const char *name, struct shrunk *shrunk)
{
    struct shrink shrink = {.fails = fails_so, .ctx = &shrink};
    static struct shrink_marks marks;

    may_die = input->apart || !strncmp(name, "SANITIZER_", 10);
    hang_ticks = HANG_TICKS_KNOWN;
    hang_count = 0;
    memset(&trial, 0, sizeof(trial));
    trial.subject = geometry_subject(input);
    trial.want = name;
    if (!adapt(input, &shrink)) {
        stop_server();
        return false;
    }
    shrunk->ops_before = loaded.count;
    shrink.budget = budget();
    shrink_case(&shrink, &loaded);
    shrink.budget = budget();
    shrink_mark(&shrink, &loaded, &marks);
    stop_server();
    shrunk->ops_after = loaded.count;
    shrunk->tried = shrink.tried;
    print_marked(shrunk->text, &loaded, &marks);
    print_in_c(shrunk->code, &loaded, &marks);
    print_aside(shrunk->aside);
    return true;
}

UNINSTRUMENTED_END
