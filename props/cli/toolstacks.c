// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two toolstacks on the same guests: random cases, in which nothing is checked except what the
 * harness's own toolstack and the judge read at each resume and at the end. Prints how many cases
 * each of them finds wrong, and the first case that only one of them does. Where the judge does not
 * refuse a guest that it finds wrong, the real one would lose frames in silence. Needs a judge.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "props/base/number.h"
#include "props/base/uninstrumented.h"
#include "props/case/generate.h"
#include "props/case/text.h"
#include "props/judges/judge.h"
#include "props/run/executor.h"

UNINSTRUMENTED_BEGIN

enum found { BY_NONE, BY_OWN, BY_JUDGE, BY_BOTH, FOUND_KINDS };

static const char *const words[FOUND_KINDS] = {"none", "own", "judge", "both"};

static void print_verdict(const char *who, const struct verdict *verdict)
{
    if (verdict->id)
        printf("  %s: op %d: %s\n", who, verdict->op + 1, verdict->details);
}

/* What ends the case before a toolstack has seen it is found by both. */
static enum found compare(const struct test_case *c, struct toolstacks *toolstacks)
{
    struct verdict verdict;

    memset(toolstacks, 0, sizeof(*toolstacks));
    run.toolstacks = toolstacks;
    if (!executor_run(subject_under_test, c, CHECK_QUICK, &verdict) && !toolstacks->own.id &&
        !toolstacks->judge.id)
        toolstacks->own = toolstacks->judge = verdict;
    run.toolstacks = NULL;
    return (toolstacks->own.id ? BY_OWN : BY_NONE) | (toolstacks->judge.id ? BY_JUDGE : BY_NONE);
}

static void draw(uint64_t seed, uint64_t number, struct test_case *c)
{
    struct prng prng = {prng_mix(seed) ^ prng_mix(~number)};

    generate_case(&prng, &generate_all, 1 + (unsigned)prng_below(&prng, 24), c);
    c->boot.auto_translated = false;
    c->boot.flags |= 1u << BOOT_JUDGE;
}

int main(int argc, char **argv)
{
    static struct test_case c;
    uint64_t cases, seed, found[FOUND_KINDS] = {0}, refused = 0;

    if (argc != 3 || !number_parse(argv[1], &cases) || !number_parse(argv[2], &seed) ||
        !judge_here) {
        fprintf(stderr, "usage: toolstacks CASES SEED, in a program with a judge (XEN=)\n");
        return 2;
    }
    for (uint64_t i = 0; i < cases; i++) {
        struct toolstacks toolstacks;
        enum found by;

        draw(seed, i, &c);
        by = compare(&c, &toolstacks);
        refused += toolstacks.refused;
        if (found[by]++ || by == BY_NONE || by == BY_BOTH)
            continue;
        printf("first of %s:\n", words[by]);
        print_verdict("own", &toolstacks.own);
        print_verdict(judge_here->name, &toolstacks.judge);
        text_print_case(stdout, "    ", &shape_here, &c);
    }
    printf("%s: %" PRIu64 " cases; wrong for none %" PRIu64 ", own %" PRIu64 ", %s %" PRIu64
           ", both %" PRIu64 "; %s refuses %" PRIu64 "\n",
           shape_here.name, cases, found[BY_NONE], found[BY_OWN], judge_here->name, found[BY_JUDGE],
           found[BY_BOTH], judge_here->name, refused);
    return fflush(stdout) != 0;
}

UNINSTRUMENTED_END
