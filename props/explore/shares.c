// SPDX-License-Identifier: GPL-2.0-or-later
/* Processes that share the states of a search: see shares.h. Each writes its result to a pipe. */
#include "shares.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "props/host/hang.h"

UNINSTRUMENTED_BEGIN

/* The result of one process. */
struct share {
    bool failed, closed, told;
    uint32_t at;
    uint64_t transitions, raced, groups, outcomes, mapped, map_calls, strays, checks;
    uint64_t met[INVARIANT_COUNT];
    struct verdict verdict;
    struct test_case c;
};

static void run_share(shares_fn *search, const struct subject *subject,
                      const struct explore_options *options, struct explored *explored, int out)
{
    static struct share share;
    const uint64_t before = explored->transitions;

    hang_watch();
    explored->raced = explored->groups = explored->outcomes = 0;
    explored->mapped = explored->map_calls = explored->strays = 0;
    for (unsigned id = 0; id < INVARIANT_COUNT; id++)
        explored->met[id] = 0;
    run.tally.checks = 0;
    share.told = search(subject, options, explored);
    share = (struct share){.told = share.told,
                           .failed = explored->failed,
                           .closed = explored->closed,
                           .at = explored->at,
                           .transitions = explored->transitions - before,
                           .raced = explored->raced,
                           .groups = explored->groups,
                           .outcomes = explored->outcomes,
                           .mapped = explored->mapped,
                           .map_calls = explored->map_calls,
                           .strays = explored->strays,
                           .checks = run.tally.checks,
                           .verdict = explored->verdict,
                           .c = explored->c};
    for (unsigned id = 0; id < INVARIANT_COUNT; id++)
        share.met[id] = explored->met[id];
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

static void add_share(struct explored *explored, const struct share *share)
{
    explored->transitions += share->transitions;
    explored->raced += share->raced;
    explored->groups += share->groups;
    explored->outcomes += share->outcomes;
    explored->mapped += share->mapped;
    explored->map_calls += share->map_calls;
    explored->strays += share->strays;
    run.tally.checks += share->checks;
    for (unsigned id = 0; id < INVARIANT_COUNT; id++)
        explored->met[id] += share->met[id];
    explored->closed = explored->closed && share->closed;
    if (!share->failed || (explored->failed && explored->at <= share->at))
        return;
    explored->failed = true;
    explored->at = share->at;
    explored->verdict = share->verdict;
    explored->c = share->c;
}

bool shares_run(shares_fn *search, const struct subject *subject,
                const struct explore_options *options, struct explored *explored, unsigned jobs)
{
    static struct share share;
    int pipes[SHARES_MAX][2], status;
    bool fine = true;

    fflush(stdout);
    for (unsigned i = 0; i < jobs; i++) {
        struct explore_options own = *options;

        own.first += i * options->stride;
        own.stride *= jobs;
        if (pipe(pipes[i])) {
            perror("exhaustive: pipe");
            return false;
        }
        if (!fork())
            run_share(search, subject, &own, explored, pipes[i][1]);
        close(pipes[i][1]);
    }
    explored->closed = true;
    for (unsigned i = 0; i < jobs; i++) {
        share.told = false;
        fine = read_whole(pipes[i][0], &share, sizeof(share)) && share.told && fine;
        if (share.told)
            add_share(explored, &share);
        close(pipes[i][0]);
    }
    while (wait(&status) > 0)
        fine = fine && WIFEXITED(status) && !WEXITSTATUS(status);
    if (!fine)
        fprintf(stderr, "exhaustive: a process died\n");
    return fine;
}

UNINSTRUMENTED_END
