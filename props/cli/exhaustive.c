// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `make exhaustive` and `make exhaustive-races`: searches a small tree until no new
 * state is left. Prints the extent of the search; a violation with the shortest way to it,
 * which it also files in crashes/. Exit status 0: no violation; 1: a violation, or a failed
 * search; 2: bad arguments.
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
#include <time.h>
#include <unistd.h>

#include "props/base/files.h"
#include "props/base/number.h"
#include "props/case/text.h"
#include "props/explore/shares.h"
#include "props/report/report.h"

UNINSTRUMENTED_BEGIN

static struct {
    bool races, maps;
    unsigned jobs, every;
    const char *out, *json, *crashes;
    struct explore_options search;
} options = {.jobs = 1,
             .every = 1,
             .crashes = "crashes",
             .search = {.foreign = true,
                        .lifecycle = true,
                        .reduced = true,
                        .thin = 1,
                        .mutants_of_args = true,
                        .resumes = true,
                        .refusals = true,
                        .auto_translated = true}};

static const char usage_text[] =
    "usage: exhaustive [--calls] [--grants] [--maps] [--other-values] [--races] [--switches=N] "
    "[--unreduced] [--three]\n"
    "                  [--tso] [--thin=N] [--jobs=N] [--every=N] [--want=INVARIANT]\n"
    "                  [--transitions=N] [--depth=N] [--seconds=N] [--out=FILE] "
    "[--crashes=FOLDER]\n"
    "                  [--json=FILE]\n"
    "  --calls        build, publish and destroy only in the boot\n"
    "  --grants       grants instead of sets of FOREIGN entries\n"
    "  --maps         at last a memory map for each set of PFNs, from each state\n"
    "  --other-values other MFNs: near misses, high bits\n"
    "  --races        two overlapping calls, at every sync point, from every state:\n"
    "  --switches=N   1: the first call stops once; 2: so does the second one (default: 2,\n"
    "                 or 1 for a subject whose calls cannot alternate)\n"
    "  --unreduced    also schedules that cannot make a difference\n"
    "  --three        three calls, from the boots, or from states up to --depth\n"
    "  --tso          with store buffers: the call that stops keeps stores to itself\n"
    "  --thin=N       only with each N-th call\n"
    "  --jobs=N       processes that share the states (of races, of maps)\n"
    "  --every=N      only from each N-th state (races, maps)\n"
    "  --want=NAME    search until this invariant is violated\n"
    "  --transitions, --depth, --seconds   limits of the search\n"
    "  --out=FILE     the violating case as text\n"
    "  --crashes=FOLDER   for that case, without --out\n"
    "  --json=FILE    the result, for a report\n";

static int usage(const char *why)
{
    fprintf(stderr, "exhaustive: %s\n%s", why, usage_text);
    return 2;
}

static const struct option known[] = {
    {"calls", no_argument, NULL, 'c'},         {"grants", no_argument, NULL, 'g'},
    {"races", no_argument, NULL, 'r'},         {"switches", required_argument, NULL, 'S'},
    {"maps", no_argument, NULL, 'm'},          {"other-values", no_argument, NULL, 'v'},
    {"unreduced", no_argument, NULL, 'U'},     {"three", no_argument, NULL, '3'},
    {"tso", no_argument, NULL, 'B'},           {"thin", required_argument, NULL, 'T'},
    {"jobs", required_argument, NULL, 'j'},    {"every", required_argument, NULL, 'e'},
    {"want", required_argument, NULL, 'w'},    {"transitions", required_argument, NULL, 't'},
    {"depth", required_argument, NULL, 'D'},   {"seconds", required_argument, NULL, 's'},
    {"out", required_argument, NULL, 'o'},     {"json", required_argument, NULL, 'J'},
    {"crashes", required_argument, NULL, 'd'}, {NULL, 0, NULL, 0},
};

/* Options without a number. False: it is another one. */
static bool parse_word(int option)
{
    switch (option) {
    case 'c':
        options.search.lifecycle = false;
        return true;
    case 'g':
        options.search.grants = true;
        options.search.foreign = false;
        return true;
    case 'm':
        return options.maps = true;
    case 'v':
        return options.search.other_values = true;
    case 'r':
        return options.races = true;
    case 'U':
        options.search.reduced = false;
        return true;
    case '3':
        return options.search.three = true;
    case 'B':
        return options.search.tso = true;
    case 'o':
        options.out = optarg;
        return true;
    case 'J':
        options.json = optarg;
        return true;
    case 'd':
        options.crashes = optarg;
        return true;
    case 'w':
        options.search.want = invariant_by_name(optarg);
        return options.search.want != INVARIANT_NONE;
    default:
        return false;
    }
}

static bool parse_number(int option)
{
    uint64_t value = 0;

    if (!number_parse(optarg, &value))
        return false;
    switch (option) {
    case 'j':
        options.jobs = (unsigned)value;
        return value >= 1 && value <= SHARES_MAX;
    case 'e':
        options.every = (unsigned)value;
        return value >= 1 && value <= 100000;
    case 'S':
        options.search.switches = (unsigned)value;
        return value == 1 || value == 2;
    case 'T':
        options.search.thin = (unsigned)value;
        return value >= 1 && value <= 100;
    case 't':
        options.search.transitions = value;
        return true;
    case 'D':
        options.search.depth = (unsigned)value;
        return true;
    default:
        options.search.seconds = (double)value;
        return option == 's';
    }
}

static bool parse_option(int option)
{
    return option != '?' &&
           (parse_word(option) || (strchr("jeSTtDs", option) && parse_number(option)));
}

static bool parse_options(int argc, char **argv)
{
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
        if (!parse_option(option))
            return false;
    return optind == argc;
}

static struct explored explored;
static struct timespec started;
static bool all_tried; /* of overlaps from the states within --depth */

static double elapsed(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)(at.tv_sec - started.tv_sec) + (double)(at.tv_nsec - started.tv_nsec) * 1e-9;
}

/* ---- findings ---- */

static void print_json(FILE *file)
{
    fprintf(file,
            "{\"geometry\": \"%s\", \"races\": %s, \"calls\": %d, \"switches\": %u, \"tso\": %s, "
            "\"reduced\": %s, "
            "\"every\": %u, \"states\": %" PRIu32 ", \"raced\": %" PRIu64 ", \"groups\": %" PRIu64
            ", \"outcomes\": %" PRIu64 ", \"transitions\": %" PRIu64 ", \"maps\": %" PRIu64
            ", \"hash\": \"%016" PRIx64 "\""
            ", \"depth\": %u, \"checks\": %" PRIu64
            ", \"seconds\": %.1f, \"closed\": %s, \"tried\": %s, \"violated\": %s}\n",
            shape_here.name, options.races ? "true" : "false", options.search.three ? 3 : 2,
            options.search.switches, options.search.tso ? "true" : "false",
            options.search.reduced ? "true" : "false", options.every, explored.states.count,
            explored.raced, explored.groups, explored.outcomes, explored.transitions,
            explored.map_calls, explore_hash(&explored.states), explored.depth, run.tally.checks,
            elapsed(), explored.closed ? "true" : "false", all_tried ? "true" : "false",
            explored.failed ? "true" : "false");
}

/* The case as text, or (`c` NULL) the result. */
static void write_case(FILE *file, const void *ctx)
{
    text_print_case(file, "", &shape_here, ctx);
}

static void write_json(FILE *file, const void *ctx)
{
    (void)ctx;
    print_json(file);
}

static void file_case(const char *what, const struct test_case *c)
{
    char name[PATH_MAX];

    if (!options.out) {
        mkdir(options.crashes, 0777);
        snprintf(name, sizeof(name), "%s/exhaustive_%s-%s.txt", options.crashes, shape_here.name,
                 what);
    }
    if (files_print(options.out ? options.out : name, write_case, c))
        fprintf(stderr, "p2mcheck: filed as %s\n", options.out ? options.out : name);
}

/* The subject crashed. */
static void on_crash(int number)
{
    char name[32];

    snprintf(name, sizeof(name), "SANITIZER_signal-%d", number);
    printf("p2mcheck: %s: the subject crashed\n", name);
    printf("p2mcheck:   op %d of %u: the crashing op\n", running_op + 1, run.c ? run.c->count : 0);
    if (run.c)
        file_case(name, run.c);
    fflush(stdout);
    _exit(1);
}

static void print_races(void)
{
    printf("  %s calls, %u switch%s%s%s: %" PRIu64 " %s of calls from %" PRIu64 " states, %" PRIu64
           " runs (%.2f each), %" PRIu64 " outcomes, %.0f runs/s\n",
           options.search.three ? "3" : "2", options.search.switches,
           options.search.three          ? " a pair"
           : options.search.switches > 1 ? "es"
                                         : "",
           options.search.tso ? ", store buffers" : "", options.search.reduced ? ", reduced" : "",
           explored.groups, options.search.three ? "triples" : "pairs", explored.raced,
           explored.transitions,
           (double)explored.transitions / (double)(explored.groups + !explored.groups),
           explored.outcomes, (double)explored.transitions / elapsed());
}

static int print_result(void)
{
    struct report report = {&explored.verdict, &explored.c, "exhaustive", options.out};

    if (options.races)
        print_races();
    printf("exhaustive%s: geometry %s: %" PRIu32 " states, %" PRIu64
           " transitions, depth %u, %" PRIu64 " checks, %.1f s: %s%s\n",
           options.races ? " races" : "", shape_here.name, explored.states.count,
           explored.transitions, explored.depth, run.tally.checks, elapsed(),
           explored.failed   ? "a violation"
           : explored.strays ? "a memory map leads to a state that no other op leads to"
           : explored.closed ? "closed, no new state is left"
           : all_tried       ? "all was tried within the depth"
                             : "not closed, the limit was reached",
           options.every > 1         ? ", from a part of the states"
           : options.search.thin > 1 ? ", with a part of the calls"
                                     : "");
    if (explored.mapped)
        printf("  %" PRIu64 " of the transitions are memory maps, from %" PRIu64 " states\n",
               explored.map_calls, explored.mapped);
    for (int id = 1; id < INVARIANT_COUNT; id++)
        if (explored.met[id])
            printf("  also violated: %s, %" PRIu64 " times\n", invariant_name((enum invariant)id),
                   explored.met[id]);
    if (options.json && !files_print(options.json, write_json, NULL))
        return 1;
    if (!explored.failed)
        return explored.strays || !explored.transitions || !run.tally.checks;
    fflush(stdout);
    report_print(stderr, &report);
    file_case(invariant_name(explored.verdict.id), &explored.c);
    return 1;
}

/*
 * All ops; then the memory maps, which need all states (explore.h), by --jobs processes. With
 * --depth only those near a boot.
 */
static bool ops_and_maps(void)
{
    struct explore_options *search = &options.search;
    bool closed;

    if (!explore(subject_under_test, search, &explored))
        return false;
    closed = explored.closed;
    if (!options.maps || explored.failed || !(closed || search->depth))
        return true;
    printf("exhaustive: %" PRIu32 " states, %" PRIu64 " transitions, %.1f s: %s; "
           "now the memory maps from each state\n",
           explored.states.count, explored.transitions, elapsed(),
           closed ? "no new state is left" : "the depth was reached");
    search->stride = options.every;
    if (!shares_run(explore_maps, subject_under_test, search, &explored, options.jobs))
        return false;
    explored.closed = closed && explored.closed && !explored.strays;
    return true;
}

/* ---- overlaps ---- */

/* The states found so far that are at most `depth` calls away from a boot. */
static uint32_t states_within(unsigned depth)
{
    uint32_t count = explored.states.count;

    while (count && explored.states.state[count - 1].depth > depth)
        count--;
    return count;
}

/*
 * Searches for overlapping calls have three entries (explore.h), and only these calls.
 * One depth after the other, so that a violation close to the boot is found early;
 * each search meets the states of the one before it in the same order.
 */
static bool races(void)
{
    struct explore_options *search = &options.search;
    struct explore_options states = {.want = INVARIANT_COUNT};
    unsigned most = search->three || search->depth ? search->depth : UINT_MAX;
    bool closed = false;

    for (unsigned depth = 0; !closed && !explored.failed && depth <= most; depth++) {
        uint64_t transitions = explored.transitions, checks = run.tally.checks;

        states.depth = depth + 1;
        if (!explore(subject_under_test, &states, &explored))
            return false;
        explored.transitions = transitions;
        run.tally.checks = checks;
        search->end = states_within(depth);
        closed = explored.closed && search->end == explored.states.count;
        if (!shares_run(explore_races, subject_under_test, search, &explored, options.jobs))
            return false;
        if (!explored.closed || explored.failed)
            return true;
        for (; search->first < search->end; search->first += search->stride)
            ;
    }
    all_tried = true;
    explored.closed = closed;
    return true;
}

/* Other options are not for overlaps. False: such overlaps are not possible. */
static bool choose_races(void)
{
    struct explore_options *search = &options.search;
    unsigned most = subject_under_test->alternates && !search->three && !search->tso ? 2 : 1;

    if (search->switches > most) {
        fprintf(stderr, "exhaustive: two switches are for two calls that can alternate; %s\n",
                search->three ? "these are three"
                : search->tso ? "store buffers have one"
                              : "those of this subject cannot");
        return false;
    }
    *search = (struct explore_options){.want = search->want,
                                       .transitions = search->transitions,
                                       .seconds = search->seconds,
                                       .depth = search->depth,
                                       .stride = options.every,
                                       .switches = search->switches ? search->switches : most,
                                       .reduced = search->reduced,
                                       .three = search->three,
                                       .tso = search->tso,
                                       .thin = search->thin};
    return true;
}

int main(int argc, char **argv)
{
    if (!parse_options(argc, argv))
        return usage("bad arguments");
    if (options.maps && !EXPLORE_HAS_MAPS)
        return usage("--maps: this geometry has too many sets of PFNs");
    if (options.races && (options.maps || options.search.other_values))
        return usage("--races: not with --maps or --other-values");
    clock_gettime(CLOCK_MONOTONIC, &started);
    signal(SIGABRT, on_crash);
    signal(SIGSEGV, on_crash); /* the host passes on faults that are not its own */
    signal(SIGBUS, on_crash);
    host_start();
    if (options.races ? !choose_races() || !races() : !ops_and_maps())
        return 1;
    return print_result();
}

UNINSTRUMENTED_END
