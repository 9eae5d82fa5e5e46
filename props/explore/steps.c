// SPDX-License-Identifier: GPL-2.0-or-later
/* Records the steps of overlapping calls, and compares them: see steps.h. */
#include "steps.h"

#include "core/access.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

static struct steps recorded[OVERLAP_CALLS];
static bool cut;

/* A new step, or one more access of the last one. False: there is no room. */
static bool add(struct steps *steps, const struct sync_access *access, bool begins)
{
    if (steps->accesses == STEP_ACCESSES || (begins && steps->count == STEPS_MAX))
        return false;
    steps->count += begins;
    steps->access[steps->accesses++] = (struct step_access){steps->count, *access};
    return true;
}

static void record(const struct sync_access *access)
{
    int level = overlap_running();

    if (level < 0) /* a lookup of the judge */
        return;
    if (!add(&recorded[level], access, access->kind <= P2M_LOOP && !access->closed))
        cut = true;
}

void steps_watch(bool on)
{
    sync_watch(on ? record : NULL);
}

void steps_forget(void)
{
    for (unsigned i = 0; i < OVERLAP_CALLS; i++)
        steps_empty(&recorded[i]);
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
    unsigned room = STEP_ACCESSES - to->accesses;
    unsigned accesses = steps->accesses < room ? steps->accesses : room;

    for (unsigned i = 0; i < accesses; i++) {
        to->access[to->accesses] = steps->access[i];
        to->access[to->accesses++].step += to->count;
    }
    to->count += steps->count;
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

static bool meets(const struct sync_access *access, const struct steps *other, unsigned from,
                  unsigned end)
{
    for (unsigned i = from - 1; i < other->accesses && other->access[i].step < end; i++)
        if (other->access[i].step >= from && meet(access, &other->access[i].is))
            return true;
    return false;
}

bool steps_conflict(const struct steps *mine, unsigned n, const struct steps *other, unsigned from,
                    unsigned end)
{
    if (mine->accesses == STEP_ACCESSES || other->accesses == STEP_ACCESSES)
        return true;
    for (unsigned i = n - 1; i < mine->accesses && mine->access[i].step <= n; i++)
        if (mine->access[i].step == n && meets(&mine->access[i].is, other, from, end))
            return true;
    return false;
}

static bool has(const struct steps *steps, unsigned n, unsigned kind)
{
    for (unsigned i = n - 1; i < steps->accesses && steps->access[i].step <= n; i++)
        if (steps->access[i].step == n && steps->access[i].is.kind == kind)
            return true;
    return false;
}

bool steps_is_store(const struct steps *steps, unsigned n)
{
    return has(steps, n, P2M_STORE) && !steps_drains(steps, n);
}

bool steps_drains(const struct steps *steps, unsigned n)
{
    return has(steps, n, P2M_CAS) || has(steps, n, SYNC_FENCE);
}

unsigned steps_buffered(const struct steps *steps, unsigned n, unsigned *store)
{
    unsigned count = 0, first = n;

    while (first > 1 && count < STORE_BUFFER_MAX && !steps_drains(steps, first - 1))
        count += steps_is_store(steps, --first);
    count = 0;
    for (; first < n; first++)
        if (steps_is_store(steps, first))
            store[count++] = first;
    return count;
}

UNINSTRUMENTED_END
