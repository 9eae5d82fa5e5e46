// SPDX-License-Identifier: GPL-2.0-or-later
/* Records the steps of overlapping calls, and compares them: see steps.h. */
#include "steps.h"

#include <string.h>

#include "core/access.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

static struct steps recorded[OVERLAP_CALLS];
static bool cut;

static void record(const struct sync_access *access)
{
    int level = overlap_running();
    struct steps *steps = &recorded[level < 0 ? 0 : level];

    if (level < 0) /* a lookup of the judge */
        return;
    if (steps->count == STEPS_MAX)
        cut = true;
    else
        steps->step[steps->count++] = *access;
}

void steps_watch(bool on)
{
    sync_watch(on ? record : NULL);
}

void steps_forget(void)
{
    for (unsigned i = 0; i < OVERLAP_CALLS; i++)
        recorded[i].count = 0;
}

const struct steps *steps_of(unsigned level)
{
    return &recorded[level];
}

bool steps_were_cut(void)
{
    bool was = cut;

    cut = false;
    return was;
}

void steps_append(struct steps *to, const struct steps *steps)
{
    unsigned room = STEPS_MAX - to->count, count = steps->count < room ? steps->count : room;

    memcpy(to->step + to->count, steps->step, count * sizeof(*to->step));
    to->count += count;
}

static bool meet(const struct sync_access *a, const struct sync_access *b)
{
    uintptr_t one = (uintptr_t)a->address, other = (uintptr_t)b->address;

    if (a->kind == P2M_CALL || b->kind == P2M_CALL) /* of the core it accesses no shared memory */
        return a->kind == b->kind || run.subject->custom_layout;
    if (a->kind == P2M_LOAD && b->kind == P2M_LOAD) /* a compare-and-swap may store */
        return false;
    return one < other + b->size && other < one + a->size;
}

bool steps_conflict(const struct sync_access *step, const struct steps *steps, unsigned from,
                    unsigned end)
{
    if (steps->count == STEPS_MAX)
        return true;
    for (unsigned n = from; n < end && n <= steps->count; n++)
        if (meet(step, &steps->step[n - 1]))
            return true;
    return false;
}

UNINSTRUMENTED_END
