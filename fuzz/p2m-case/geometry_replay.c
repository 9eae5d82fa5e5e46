// SPDX-License-Identifier: GPL-2.0-or-later
/* Replaying one case in one geometry: see geometry.h. */
#include <inttypes.h>
#include <string.h>

#include "geometry_here.h"
#include "props/base/uninstrumented.h"
#include "props/check/judgement.h"
#include "props/report/report.h"
#include "props/run/faults.h"

UNINSTRUMENTED_BEGIN

static struct test_case loaded;

static void name_failure(struct replay_counts *counts, const struct verdict *verdict)
{
    snprintf(counts->failure, sizeof(counts->failure), "%s: op %d: %s", invariant_name(verdict->id),
             verdict->op + 1, verdict->details);
}

static bool sweep(const struct input *input, const struct replay_options *options,
                  struct replay_counts *counts)
{
    enum check_level level = options->every ? CHECK_EVERY : CHECK_QUICK;
    static struct test_case failing;
    struct verdict verdict;
    struct report report = {&verdict, &failing, input->target, input->name};

    if (faults_sweep(geometry_subject(input), &loaded, level, &verdict, &failing, &counts->faults))
        return true;
    report_print(options->out, &report);
    name_failure(counts, &verdict);
    return false;
}

static void print_toolstack(const char *who, const struct verdict *verdict, bool looked)
{
    printf("  %-6s ", who);
    if (verdict->id)
        printf("op %d: %s\n", verdict->op + 1, verdict->details);
    else
        printf("%s\n", looked ? "fine" : "does not look");
}

/* What the harness's own toolstack and the judge say, each for itself. */
static void compare_toolstacks(const struct input *input, struct replay_counts *counts)
{
    struct toolstacks toolstacks = {0};
    struct verdict verdict;

    loaded.boot.flags |= 1u << BOOT_JUDGE;
    run.toolstacks = &toolstacks;
    if (!executor_run(geometry_subject(input), &loaded, CHECK_QUICK, &verdict) &&
        !toolstacks.own.id && !toolstacks.judge.id)
        toolstacks.own = toolstacks.judge = verdict;
    run.toolstacks = NULL;
    printf("%s %s\n", shape_here.name, input->name);
    print_toolstack("own", &toolstacks.own, true);
    if (judge_here)
        print_toolstack(judge_here->name, &toolstacks.judge, toolstacks.looks);
    counts->files++;
}

bool geometry_replay(const struct input *input, const struct replay_options *options,
                     struct replay_counts *counts)
{
    struct verdict verdict;
    struct report report = {&verdict, &loaded, input->target, input->name};
    struct tally before = run.tally;
    bool fine;

    if (!geometry_load_to_run(input, &loaded)) {
        counts->failures++;
        return false;
    }
    running_file = input->name;
    print_running_op = geometry_running_op;
    if (options->toolstacks) {
        compare_toolstacks(input, counts);
        counts->ops += run.tally.ops - before.ops;
        counts->checks += run.tally.checks - before.checks;
        return true;
    }
    run.want_hash = options->hashes;
    fine = executor_judge(geometry_subject(input), &loaded,
                          options->every ? CHECK_EVERY : CHECK_QUICK, &verdict);
    if (!fine)
        report_print(options->out, &report);
    snprintf(counts->failure, sizeof(counts->failure), "%s", invariant_name(CASE_ROUND_TRIP));
    if (!fine)
        name_failure(counts, &verdict);
    else if (options->hashes)
        printf("%016" PRIx64 " %s %s\n", executor_hash(), shape_here.name, input->name);
    fine = geometry_survives_bytes(input, &loaded) && fine;
    if (fine && options->faults)
        fine = sweep(input, options, counts);
    running_file = NULL;
    counts->files++;
    counts->ops += run.tally.ops - before.ops;
    counts->checks += run.tally.checks - before.checks;
    counts->failures += !fine;
    return fine;
}

UNINSTRUMENTED_END
