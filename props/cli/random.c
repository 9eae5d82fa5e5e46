// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The property runner (`make props`): random cases from a seed, without an
 * engine. Each case runs against the model. One in sixteen also calls get and
 * pfn_to_mfn for every PFN after every op. Then one of the properties without
 * a model is tried. A case depends only on the seed and its number:
 * --first N --cases 1 runs just number N again. --model-only runs only
 * the comparison with the model, to measure its speed. --as-peers draws what the peers
 * draw (props/peers).
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "props/base/files.h"
#include "props/base/number.h"
#include "props/base/uninstrumented.h"
#include "props/case/generate.h"
#include "props/case/text.h"
#include "props/judges/judge.h"
#include "props/report/report.h"
#include "props/run/faults.h"
#include "props/run/metamorphic.h"
#include "props/run/state_coverage.h"

UNINSTRUMENTED_BEGIN

static struct {
    uint64_t seed, cases, first;
    const char *crashes;
    bool model_only, as_peers;
} options = {1, 100000, 0, "crashes", false, false};

static uint64_t exercised_in[INVARIANT_COUNT]; /* cases */

static int usage(const char *why)
{
    fprintf(stderr,
            "props: %s\nusage: props [--seed=N] [--cases=N] [--first=N] [--crashes=FOLDER] "
            "[--model-only] [--as-peers]\n",
            why);
    return 2;
}

static bool parse_options(int argc, char **argv)
{
    static const struct option known[] = {
        {"seed", required_argument, NULL, 's'},
        {"cases", required_argument, NULL, 'c'},
        {"first", required_argument, NULL, 'f'},
        {"crashes", required_argument, NULL, 'd'},
        {"model-only", no_argument, NULL, 'm'},
        {"as-peers", no_argument, NULL, 'p'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        uint64_t *value = option == 's'   ? &options.seed
                          : option == 'c' ? &options.cases
                                          : &options.first;

        if (option == '?')
            return false;
        if (option == 'd')
            options.crashes = optarg;
        else if (option == 'm')
            options.model_only = true;
        else if (option == 'p')
            options.as_peers = true;
        else if (!number_parse(optarg, value))
            return false;
    }
    return optind == argc;
}

static struct test_case drawn;
static uint64_t running; /* the number of the case */
static uint64_t faults;  /* runs with one page refused */

static void write_text(FILE *file, const void *ctx)
{
    (void)ctx;
    run_sign(subject_under_test, &drawn);
    text_print_case(file, "", &shape_here, &drawn);
}

static void write_report(FILE *file, const void *ctx)
{
    report_print(file, ctx);
}

/* Prints a variable that make also needs for another subject: SUBJECT=linux. */
static void say_variable(const char *as, const char *name)
{
    const char *value = getenv(name);

    if (value && *value && strcmp(getenv("SUBJECT") ?: "core", "core") != 0)
        fprintf(stderr, "%s%s", as, value);
}

/* The beginning of a file's name: p2m-case of another subject refuses a kernel's case. */
static void print_prefix(char *prefix, size_t size)
{
    const char *subject = getenv("SUBJECT");

    prefix[0] = '\0';
    if (subject && !strcmp(subject, "linux"))
        snprintf(prefix, size, "linux-%s.", subject_under_test->name);
}

/* Of the case as text, which has all of it: two findings do not share a name. */
static uint64_t hash_of_case(void)
{
    static char text[CASE_OPS * 256];
    FILE *memory = fmemopen(text, sizeof(text), "w");
    uint64_t hash = 0;

    if (!memory)
        return running;
    write_text(memory, NULL);
    fclose(memory);
    for (const char *at = text; *at; at++)
        hash = prng_mix(hash ^ (uint8_t)*at);
    return hash;
}

/* In crashes/, as text and with its report (NULL: none); scripts/props adds the bytes. */
static void file_case(const char *what, const struct report *report)
{
    char name[PATH_MAX], log[PATH_MAX + 4], prefix[64];

    mkdir(options.crashes, 0777);
    print_prefix(prefix, sizeof(prefix));
    snprintf(name, sizeof(name), "%s/%sops_%s-%s-%016" PRIx64 ".txt", options.crashes, prefix,
             shape_here.name, what, hash_of_case());
    if (!files_print(name, write_text, NULL))
        return;
    snprintf(log, sizeof(log), "%.*s.log", (int)strlen(name) - 4, name);
    if (report)
        files_print(log, write_report, report);
    fprintf(stderr, "p2mcheck: filed as %s\np2mcheck: again: make repro", name);
    say_variable(" SUBJECT=", "SUBJECT");
    say_variable(" LINUX=", "LINUX");
    say_variable(" KNOWN=", "P2MCHECK_KNOWN");
    if (getenv("SHAPES"))
        fprintf(stderr, " SHAPES='%s'", getenv("SHAPES"));
    if (getenv("BUG"))
        fprintf(stderr, " BUG=%s", getenv("BUG"));
    if (judge_here && getenv("XEN"))
        fprintf(stderr, " XEN=%s", getenv("XEN"));
    fprintf(stderr, " CASE=%s\n", name);
}

/* Files the case when the subject crashes or a sanitizer ends the program. */
static void on_death(void)
{
    static bool again;

    if (again || !running)
        return;
    again = true;
    fprintf(stderr, "p2mcheck: seed %" PRIu64 ", case %" PRIu64 ", op %d of it\n", options.seed,
            running - 1, running_op + 1);
    file_case("SANITIZER_crash", NULL);
}

static void on_signal(int number)
{
    on_death();
    signal(number, SIG_DFL);
    raise(number);
}

void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void watch_crashes(void)
{
    if (__sanitizer_set_death_callback) {
        __sanitizer_set_death_callback(on_death);
        return;
    }
    signal(SIGSEGV, on_signal);
    signal(SIGBUS, on_signal);
    signal(SIGABRT, on_signal);
}

/* Sweeps faults in one case of sixteen; c becomes the failing case. */
static bool sweep(uint64_t number, struct verdict *verdict)
{
    static struct test_case failing;

    if (number % 16 ||
        faults_sweep(subject_under_test, &drawn, CHECK_QUICK, verdict, &failing, &faults))
        return true;
    drawn = failing;
    return false;
}

/* Everything. */
static void draw(struct prng *prng)
{
    generate_case(prng, &generate_all,
                  1 + (unsigned)prng_below(prng, prng_one_in(prng, 128) ? CASE_OPS
                                                 : prng_one_in(prng, 8) ? 120
                                                                        : 24),
                  &drawn);
}

/* The calls of rapidcheck.cc, about as often as there: up to 50, on a short list. None overlaps. */
static void draw_as_peers(struct prng *prng)
{
    static const struct generate_mix mix = {.resume = 10};
    struct boot *boot = &drawn.boot;
    unsigned kept = 0;

    generate_swarm_off = true;
    generate_case(prng, &mix, 1 + (unsigned)prng_below(prng, 50), &drawn);
    *boot = (struct boot){.nr_pages = boot->nr_pages % (4 * P2M_LEAF),
                          .auto_translated = boot->auto_translated,
                          .refuse = boot->refuse};
    for (unsigned i = 0; i < drawn.count; i++) {
        struct op op = drawn.ops[i];

        op_clear_schedule(&op);
        if (op_has_pfn(op.kind) || op.kind == OP_RESUME)
            drawn.ops[kept++] = op;
    }
    drawn.count = kept;
}

static bool one_case(uint64_t number)
{
    static uint64_t before[INVARIANT_COUNT];
    struct prng prng = {prng_mix(options.seed) ^ prng_mix(~number)};
    struct verdict verdict;
    struct report report = {&verdict, &drawn, "props", NULL};
    enum invariant id =
        (enum invariant)(METAMORPHIC_FIRST + number % (METAMORPHIC_LAST - METAMORPHIC_FIRST + 1));
    bool fine;

    running = number + 1;
    memcpy(before, run.tally.exercised, sizeof(before));
    (options.as_peers ? draw_as_peers : draw)(&prng);
    if (judge_here && number % 2)
        drawn.boot.flags |= 1u << BOOT_JUDGE;
    fine =
        executor_judge(subject_under_test, &drawn,
                       number % 16 || options.model_only ? CHECK_QUICK : CHECK_EVERY, &verdict) &&
        (options.model_only || (sweep(number, &verdict) &&
                                metamorphic_try(subject_under_test, id, &drawn, &prng, &verdict)));
    for (int i = 0; i < INVARIANT_COUNT; i++)
        exercised_in[i] += run.tally.exercised[i] != before[i];
    if (!fine) {
        fprintf(stderr, "p2mcheck: seed %" PRIu64 ", case %" PRIu64 "\n", options.seed, number);
        report_print(stderr, &report);
        file_case(invariant_name(verdict.id), &report);
    }
    return fine;
}

/* An op that never succeeded was not tested. */
static bool print_outcomes(void)
{
    bool fine = true, ranges = !subject_under_test->no_ranges;

    printf("\n%-18s %10s %10s %10s %10s\n", "op", "calls", "failed", "refused", "skipped");
    for (int kind = 0; kind < OP_KINDS; kind++) {
        const struct tally *tally = &run.tally;

        printf("%-18s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 "\n", op_names[kind],
               tally->calls[kind], tally->failed[kind], tally->refused[kind], tally->skipped[kind]);
        if (!op_is_made((unsigned)kind) || (tally->skipped[kind] && !tally->calls[kind]))
            continue; /* not of this harness, or not of this subject */
        if (options.cases >= 10000 && !options.as_peers &&
            tally->calls[kind] == tally->failed[kind] &&
            (ranges || (kind != OP_RANGE && kind != OP_XEN_SET_IDENTITY))) {
            fprintf(stderr, "props: %s never succeeded\n", op_names[kind]);
            fine = false;
        }
    }
    printf("overlapping calls  %10" PRIu64 "\n", run.tally.overlaps);
    printf("fault sweep, runs  %10" PRIu64 "\n", faults);
    if (options.cases >= 10000 && !faults && !options.model_only) {
        fprintf(stderr, "props: no page was ever refused in a sweep\n");
        fine = false;
    }
    return fine;
}

/* A cell that state_coverage.c calls impossible must not be reached. */
static bool cells_are_possible(void)
{
    bool fine = true;
    char name[128];

    if (subject_under_test->custom_layout)
        return true; /* the reasons are about the rules of the core */

    for (unsigned cell = 0; cell < CELLS; cell++)
        if (state_cell_met[cell] && state_cell_impossible(cell)) {
            state_cell_name(cell, name, sizeof(name));
            fprintf(stderr, "props: %s, although %s\n", name, state_cell_impossible(cell));
            fine = false;
        }
    return fine;
}

static void print_properties(void)
{
    printf("\n%-24s %12s\n", "property", "cases");
    for (int id = 1; id < INVARIANT_COUNT; id++)
        if (id < CASE_ROUND_TRIP)
            printf("%-24s %12" PRIu64 "\n", invariant_name((enum invariant)id), exercised_in[id]);
}

int main(int argc, char **argv)
{
    uint64_t failures = 0, number;
    bool fine;

    if (!parse_options(argc, argv))
        return usage("bad arguments");
    if (!options.cases)
        return usage("choose --cases=N above 0");
    printf("props: geometry %s, seed %" PRIu64 ", cases %" PRIu64 "\n", shape_here.name,
           options.seed, options.cases);
    fflush(stdout);
    watch_crashes();
    for (number = 0; number < options.cases && !failures; number++)
        failures += !one_case(options.first + number);
    fine = print_outcomes();
    fine = (failures || cells_are_possible()) && fine;
    print_properties();
    printf("\n%" PRIu64 " cases, %" PRIu64 " ops, %" PRIu64 " checks, %" PRIu64 " failures\n",
           number, run.tally.ops, run.tally.checks, failures);
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, "props: standard output: %s\n", strerror(errno));
        return 1;
    }
    return failures || !fine || !run.tally.checks;
}

UNINSTRUMENTED_END
