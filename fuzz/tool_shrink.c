// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shrinking one case in one geometry: what counts as the same failure, what is met
 * on the way, and the result as text and as C. How candidates are made is
 * props/shrink.h's business.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../props/shrink.h"
#include "../props/text.h"
#include "tool_here.h"

HARNESS_BEGIN

#define NAME 64

static struct test_case c;

/* ---- what a case fails as ---- */

void __asan_set_error_report_callback(void (*callback)(const char *report)) __attribute__((weak));
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static char *told; /* shared with the process that runs the case */

static void on_asan(const char *report)
{
    static const char summary[] = "SUMMARY: AddressSanitizer: ";
    const char *kind = strstr(report, summary);

    kind = kind ? kind + sizeof(summary) - 1 : "unknown";
    snprintf(told, NAME, "SANITIZER_%.*s", (int)strcspn(kind, " \n"), kind);
    _exit(0);
}

static void on_death(void)
{
    snprintf(told, NAME, "SANITIZER_undefined-behavior");
    _exit(0);
}

static void run_here(const struct subject *subject, const struct test_case *candidate, char *name)
{
    struct verdict verdict;

    if (machine_judge(subject, candidate, MODEL_LITERAL ? CHECK_EVERY : CHECK_QUICK, &verdict))
        name[0] = '\0';
    else
        snprintf(name, NAME, "%s", invariant_name(verdict.id));
}

/* A sanitizer's report ends the program, so that is another one's. */
static void run_apart(const struct subject *subject, const struct test_case *candidate, char *name)
{
    int status = 0;
    pid_t child;

    if (!told) {
        told = mmap(NULL, NAME, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (told == MAP_FAILED) {
            perror("p2m-case: mmap");
            exit(1);
        }
    }
    told[0] = '\0';
    fflush(NULL);
    child = fork();
    if (!child) {
        if (!freopen("/dev/null", "w", stderr))
            _exit(1);
        alarm(5);
        signal(SIGABRT, SIG_DFL);
        if (__asan_set_error_report_callback)
            __asan_set_error_report_callback(on_asan);
        if (__sanitizer_set_death_callback)
            __sanitizer_set_death_callback(on_death);
        run_here(subject, candidate, told);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        perror("p2m-case: fork");
        exit(1);
    }
    if (WIFSIGNALED(status))
        snprintf(told, NAME, "SANITIZER_%s", WTERMSIG(status) == SIGALRM ? "timeout" : "crash");
    memcpy(name, told, NAME);
}

/* A case may end the program only if the one before it did. */
static bool may_die;

static void run_case(const struct subject *subject, const struct test_case *candidate, char *name)
{
    if (may_die)
        run_apart(subject, candidate, name);
    else
        run_here(subject, candidate, name);
}

bool tool_failure(const struct input *input, char *name)
{
    if (!tool_load(input, &c))
        return false;
    run_apart(tool_subject(input), &c, name);
    return true;
}

/* ---- the same failure ---- */

/* What else is wrong is a finding of its own: the smallest case of each. */
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

static bool fails_so(void *ctx, const struct test_case *candidate)
{
    char name[NAME];

    (void)ctx;
    run_case(trial.subject, candidate, name);
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
    "OP_GET",   "OP_PFN_TO_MFN", "OP_SET",  "OP_SET_NOALLOC",
    "OP_RANGE", "OP_RESUME",     "OP_E820", "OP_XEN_SET_IDENTITY",
};

static void print_op_in_c(FILE *out, const struct op *op, bool any_pfn, bool any_arg)
{
    fprintf(out, "            {.kind = %s", kind_names[op->kind]);
    if (op->at)
        fprintf(out, ", .at = %u", op->at);
    if (op->refuse)
        fprintf(out, ", .refuse = %u", op->refuse);
    if (op->type)
        fprintf(out, ", .type = %u", op->type);
    if (op->kind <= OP_RANGE)
        fprintf(out, ", .pfn = 0x%" PRIx64 "%s", op->pfn, any_pfn ? " /* any */" : "");
    if (op->kind >= OP_SET && op->kind <= OP_RANGE)
        fprintf(out, ", .arg = 0x%" PRIx64 "%s", op->arg, any_arg ? " /* any */" : "");
    if (op->kind == OP_E820)
        fprintf(out, ", .start = 0x%" PRIx64 ", .stop = 0x%" PRIx64, op->start, op->stop);
    fprintf(out, "},\n");
}

/* As a test that can be pasted into props/tests/test_core.c. */
static void print_in_c(FILE *out, const struct test_case *small, const struct shrink_marks *marks)
{
    const struct boot *boot = &small->boot;
    char name[NAME];

    snprintf(name, sizeof(name), "%s", trial.want);
    for (char *p = name; *p; p++)
        *p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p == '-' ? '_' : *p;
    fprintf(out, "/* %s, geometry %s */\nstatic void test_%s(void **state)\n{\n", trial.want,
            shape_here.name, name);
    fprintf(out, "    static const struct test_case c = {\n        .boot = {.nr_pages = 0x%" PRIx64,
            boot->nr_pages);
    if (boot->refuse)
        fprintf(out, ", .refuse = %u", boot->refuse);
    if (boot->holes)
        fprintf(out, ", .holes = %u", boot->holes);
    if (boot->auto_translated)
        fprintf(out, ", .auto_translated = true");
    if (boot->xen_restore)
        fprintf(out, ", .xen_restore = true");
    fprintf(out, "},\n        .count = %u,\n        .ops = {\n", small->count);
    for (unsigned i = 0; i < small->count; i++)
        print_op_in_c(out, &small->ops[i], marks->any[i].pfn, marks->any[i].arg);
    fprintf(out, "        },\n    };\n    struct verdict verdict;\n\n    (void)state;\n"
                 "    assert_true(machine_run(&subject_core, &c, CHECK_EVERY, &verdict));\n}\n");
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
    return may_die ? 1500 : MODEL_LITERAL ? 400000 : 20000;
}

bool tool_shrink(const struct input *input, const char *name, struct shrunk *shrunk)
{
    struct shrink shrink = {.fails = fails_so};
    static struct shrink_marks marks;

    if (!tool_load(input, &c))
        return false;
    may_die = !strncmp(name, "SANITIZER_", 10);
    shrink.budget = budget();
    memset(&trial, 0, sizeof(trial));
    trial.subject = tool_subject(input);
    trial.want = name;
    if (!shrink_adapt(&shrink, &c))
        return false;
    shrunk->ops_before = c.count;
    shrink.budget = budget();
    shrink_case(&shrink, &c);
    shrink.budget = budget();
    shrink_mark(&shrink, &c, &marks);
    shrunk->ops_after = c.count;
    shrunk->tried = shrink.tried;
    print_marked(shrunk->text, &c, &marks);
    print_in_c(shrunk->code, &c, &marks);
    print_aside(shrunk->aside);
    return true;
}

HARNESS_END
