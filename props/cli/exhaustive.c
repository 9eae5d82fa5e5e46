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
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "props/base/files.h"
#include "props/base/number.h"
#include "props/case/text.h"
#include "props/explore/explore.h"
#include "props/host/hang.h"
#include "props/report/report.h"

UNINSTRUMENTED_BEGIN

static struct {
    bool races;
    unsigned jobs, every;
    const char *out, *json, *crashes;
    struct explore_options search;
} options = {.jobs = 1,
             .every = 1,
             .crashes = "crashes",
             .search = {.foreign = true,
                        .lifecycle = true,
                        .mutants_of_args = true,
                        .resumes = true,
                        .refusals = true,
                        .auto_translated = true}};

static const char usage_text[] =
    "usage: exhaustive [--calls] [--grants] [--races] [--jobs=N] [--every=N] [--want=INVARIANT] "
    "[--transitions=N]\n"
    "                  [--depth=N] [--seconds=N] [--out=FILE] [--crashes=FOLDER] [--json=FILE]\n"
    "  --calls        build, publish and destroy only in the boot\n"
    "  --grants       grants instead of sets of FOREIGN entries\n"
    "  --races        two overlapping calls, at every sync point, from every state\n"
    "  --jobs=N       processes that share the states (races only)\n"
    "  --every=N      only from each N-th state (races only)\n"
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
    {"calls", no_argument, NULL, 'c'},
    {"grants", no_argument, NULL, 'g'},
    {"races", no_argument, NULL, 'r'},
    {"jobs", required_argument, NULL, 'j'},
    {"every", required_argument, NULL, 'e'},
    {"want", required_argument, NULL, 'w'},
    {"transitions", required_argument, NULL, 't'},
    {"depth", required_argument, NULL, 'D'},
    {"seconds", required_argument, NULL, 's'},
    {"out", required_argument, NULL, 'o'},
    {"json", required_argument, NULL, 'J'},
    {"crashes", required_argument, NULL, 'd'},
    {NULL, 0, NULL, 0},
};

static bool parse_option(int option)
{
    uint64_t value = 0;

    if (option == 'c') {
        options.search.lifecycle = false;
        return true;
    }
    if (option == 'g') {
        options.search.grants = true;
        options.search.foreign = false;
        return true;
    }
    if (option == 'r') {
        options.races = true;
        return true;
    }
    if (option == 'o') {
        options.out = optarg;
        return true;
    }
    if (option == 'J') {
        options.json = optarg;
        return true;
    }
    if (option == 'd') {
        options.crashes = optarg;
        return true;
    }
    if (option == 'w') {
        options.search.want = invariant_by_name(optarg);
        return options.search.want != INVARIANT_NONE;
    }
    if (option == '?' || !number_parse(optarg, &value))
        return false;
    if (option == 'j')
        options.jobs = (unsigned)value;
    else if (option == 'e')
        options.every = (unsigned)value;
    else if (option == 't')
        options.search.transitions = value;
    else if (option == 'D')
        options.search.depth = (unsigned)value;
    else
        options.search.seconds = (double)value;
    return (option != 'j' && option != 'e') ||
           (value >= 1 && value <= (option == 'j' ? 64 : 100000));
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
            "{\"geometry\": \"%s\", \"races\": %s, \"every\": %u, \"states\": %" PRIu32
            ", \"transitions\": %" PRIu64 ", \"depth\": %u, \"checks\": %" PRIu64
            ", \"seconds\": %.1f, \"closed\": %s, \"violated\": %s}\n",
            shape_here.name, options.races ? "true" : "false", options.every, explored.states.count,
            explored.transitions, explored.depth, run.tally.checks, elapsed(),
            explored.closed ? "true" : "false", explored.failed ? "true" : "false");
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

static int print_result(void)
{
    struct report report = {&explored.verdict, &explored.c, "exhaustive", options.out};

    printf("exhaustive%s: geometry %s: %" PRIu32 " states, %" PRIu64
           " transitions, depth %u, %" PRIu64 " checks, %.1f s: %s%s\n",
           options.races ? " races" : "", shape_here.name, explored.states.count,
           explored.transitions, explored.depth, run.tally.checks, elapsed(),
           explored.failed   ? "a violation"
           : explored.closed ? "closed, no new state is left"
                             : "not closed, the limit was reached",
           options.every > 1 ? ", from a part of the states" : "");
    for (int id = 1; id < INVARIANT_COUNT; id++)
        if (explored.met[id])
            printf("  also violated: %s, %" PRIu64 " times\n", invariant_name((enum invariant)id),
                   explored.met[id]);
    if (options.json && !files_print(options.json, write_json, NULL))
        return 1;
    if (!explored.failed)
        return !explored.transitions || !run.tally.checks;
    fflush(stdout);
    report_print(stderr, &report);
    file_case(invariant_name(explored.verdict.id), &explored.c);
    return 1;
}

/* ---- several processes ---- */

/* The result of one process. */
struct share {
    bool failed, closed, told;
    uint32_t at;
    uint64_t transitions, checks;
    struct verdict verdict;
    struct test_case c;
};

static void run_share(int out, unsigned number)
{
    static struct share share;
    uint64_t before = explored.transitions;

    hang_watch();
    options.search.first += number * options.every;
    options.search.stride = options.jobs * options.every;
    run.tally.checks = 0;
    explore_races(subject_under_test, &options.search, &explored);
    share.told = true;
    share.failed = explored.failed;
    share.closed = explored.closed;
    share.at = explored.at;
    share.transitions = explored.transitions - before;
    share.checks = run.tally.checks;
    share.verdict = explored.verdict;
    share.c = explored.c;
    _exit(write(out, &share, sizeof(share)) != (ssize_t)sizeof(share));
}

static bool read_whole(int in, void *data, size_t size)
{
    char *at = data;
    ssize_t got;

    for (; size; at += got, size -= (size_t)got)
        if ((got = read(in, at, size)) <= 0)
            return false;
    return true;
}

static void add_share(const struct share *share)
{
    explored.transitions += share->transitions;
    run.tally.checks += share->checks;
    explored.closed = explored.closed && share->closed;
    if (!share->failed || (explored.failed && explored.at <= share->at))
        return;
    explored.failed = true;
    explored.at = share->at;
    explored.verdict = share->verdict;
    explored.c = share->c;
}

/* The states are shared out; the violation of the earliest state counts. False: one died. */
static bool races(void)
{
    static struct share share;
    int pipes[64][2], status;
    bool fine = true;

    fflush(stdout);
    for (unsigned i = 0; i < options.jobs; i++) {
        if (pipe(pipes[i])) {
            perror("exhaustive: pipe");
            return false;
        }
        if (!fork())
            run_share(pipes[i][1], i);
        close(pipes[i][1]);
    }
    explored.closed = true;
    for (unsigned i = 0; i < options.jobs; i++) {
        share.told = false;
        fine = read_whole(pipes[i][0], &share, sizeof(share)) && share.told && fine;
        if (share.told)
            add_share(&share);
        close(pipes[i][0]);
    }
    while (wait(&status) > 0)
        fine = fine && WIFEXITED(status) && !WEXITSTATUS(status);
    if (!fine)
        fprintf(stderr, "exhaustive: a process died\n");
    return fine;
}

/*
 * Searches for two overlapping calls have three entries (explore.h), and only these calls.
 * One depth after the other, so that a violation close to the boot is found early;
 * each search meets the states of the one before it in the same order.
 */
static bool two_at_a_time(void)
{
    struct explore_options *search = &options.search;
    struct explore_options states = {.want = INVARIANT_COUNT};
    uint64_t transitions = 0, checks = 0;
    unsigned most = search->depth ? search->depth : UINT_MAX;
    bool closed = false;

    *search = (struct explore_options){
        .want = search->want, .transitions = search->transitions, .seconds = search->seconds};
    for (unsigned depth = 1; !closed && !explored.failed && depth <= most; depth++) {
        uint32_t before = explored.states.count;

        states.depth = depth;
        if (!explore(subject_under_test, &states, &explored))
            return false;
        closed = explored.closed;
        explored.transitions = transitions;
        run.tally.checks = checks;
        search->first = before;
        if (!races())
            return false;
        transitions = explored.transitions;
        checks = run.tally.checks;
        if (!explored.closed)
            return true;
    }
    explored.closed = closed;
    return true;
}

int main(int argc, char **argv)
{
    if (!parse_options(argc, argv))
        return usage("bad arguments");
    clock_gettime(CLOCK_MONOTONIC, &started);
    signal(SIGABRT, on_crash);
    signal(SIGSEGV, on_crash); /* the host passes on faults that are not its own */
    signal(SIGBUS, on_crash);
    host_start();
    if (options.races ? !two_at_a_time() : !explore(subject_under_test, &options.search, &explored))
        return 1;
    return print_result();
}

UNINSTRUMENTED_END
