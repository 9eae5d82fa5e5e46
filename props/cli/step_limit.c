// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The step budget of `make mutants`. A mutated core is compiled with
 * -fsanitize-coverage=trace-pc, so that each of its basic blocks calls here; a case
 * that exceeds the budget of a sound core is an endless loop. It counts and does not
 * time: the verdict is the same on any machine. The limit of sync points (HANG
 * in props/base/invariants.h) does not see a loop without sync points.
 *
 * A case begins with host_reset, and the explorer goes back to a state by host_rollback_allocs;
 * the linker sends both through here (--wrap). A program that calls neither has one
 * budget in all. P2M_STEPS=N sets another one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "props/host/host.h"

#define STEPS_PER_CASE (1UL << 26) /* a sound core takes below 5 % of it */
#define STEPS_STATUS 75            /* what the program exits with; scripts/mutants knows it */

static unsigned long budget, left;

static void refill(void)
{
    const char *text = budget ? NULL : getenv("P2M_STEPS");

    if (!budget)
        budget = text ? strtoul(text, NULL, 0) : STEPS_PER_CASE;
    left = budget;
}

void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
    if (!budget)
        refill();
    if (left--)
        return;
    printf("p2mcheck: HANG: more than %lu basic blocks of the core in one case\n", budget);
    fflush(stdout);
    _exit(STEPS_STATUS);
}

void __real_host_reset(void);
void __wrap_host_reset(void);
void __wrap_host_reset(void)
{
    refill();
    __real_host_reset();
}

void __real_host_rollback_allocs(unsigned taken);
void __wrap_host_rollback_allocs(unsigned taken);
void __wrap_host_rollback_allocs(unsigned taken)
{
    refill();
    __real_host_rollback_allocs(taken);
}
