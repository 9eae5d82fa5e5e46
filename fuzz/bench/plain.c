// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * For `make bench` alone: the plain runner, without an engine and without sanitizers. The same
 * cases are judged with all checks and with none, in turns. Prints `name value`: the time with
 * checks as a multiple of that without, and the ops that are judged each second in cases of 8, 16,
 * 64 and 256 calls. Times are CPU time, medians of short turns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "props/base/uninstrumented.h"
#include "props/case/generate.h"
#include "props/check/run.h"
#include "props/run/executor.h"

UNINSTRUMENTED_BEGIN

#define CASES 512
#define TURNS 15u
#define CALLS_IN_A_TURN (MODEL_LITERAL ? 32768u : 4096u)

static struct test_case cases[CASES];

static void draw(unsigned ops)
{
    struct prng prng = {20111};

    for (unsigned i = 0; i < CASES; i++)
        generate_case(&prng, &generate_calls, ops, &cases[i]); /* which has that many */
}

static double cpu_seconds(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Seconds for all cases, so many times. */
static double turn(unsigned times, bool checked)
{
    double start = cpu_seconds();
    struct verdict verdict;

    run.model_off = !checked;
    for (unsigned k = 0; k < times; k++)
        for (unsigned i = 0; i < CASES; i++)
            if (!executor_run(subject_under_test, &cases[i], CHECK_QUICK, &verdict)) {
                fprintf(stderr, "bench_plain: case %u fails: %s\n", i, verdict.details);
                exit(1);
            }
    run.model_off = false;
    return cpu_seconds() - start;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values)
{
    qsort(values, TURNS, sizeof(*values), by_size);
    return values[TURNS / 2];
}

static void measure(unsigned ops)
{
    double checked[TURNS], ratio[TURNS];
    const unsigned calls = CASES * ops, times = (CALLS_IN_A_TURN + calls - 1) / calls;

    draw(ops);
    turn(1, true); /* the caches are warm, the pages there */
    for (unsigned k = 0; k < TURNS; k++) {
        checked[k] = turn(times, true);
        ratio[k] = checked[k] / turn(times, false);
    }
    printf("ops_per_second_%u %f\n", ops, times * calls / median(checked));
    if (ops == (MODEL_LITERAL ? 16u : 8u))
        printf("plain_checked_ratio %f\n", median(ratio));
}

int main(void)
{
    for (unsigned ops = 8; ops <= 256; ops *= ops == 8 ? 2 : 4)
        measure(ops);
    return 0;
}

UNINSTRUMENTED_END
