// SPDX-License-Identifier: GPL-2.0-or-later
/* Records the switches of an overlap: see switches.h. */
#include "switches.h"

#include <unwind.h>

#include "props/base/uninstrumented.h"
#include "props/host/sync.h"

UNINSTRUMENTED_BEGIN

struct switches switches;

static struct {
    unsigned frames;
    uintptr_t frame[SWITCH_FRAMES];
    unsigned stores;
    struct switch_store store[SWITCH_STORES];
} stopped;

struct walk {
    bool inside; /* past the frames of the harness, which stand above the sync point */
    unsigned count, most;
    uintptr_t *frame;
};

static _Unwind_Reason_Code note_frame(struct _Unwind_Context *context, void *ctx)
{
    uintptr_t address = (uintptr_t)_Unwind_GetIP(context);
    struct walk *walk = ctx;

    walk->inside = walk->inside || address == sync_place;
    if (walk->inside && walk->count < walk->most)
        walk->frame[walk->count++] = address;
    return address && walk->count < walk->most ? _URC_NO_REASON : _URC_END_OF_STACK;
}

static unsigned walk_stack(uintptr_t *frame, unsigned most)
{
    struct walk walk = {.most = most, .frame = frame};

    _Unwind_Backtrace(note_frame, &walk);
    return walk.count;
}

void switches_begin(const struct op *const *calls, unsigned count)
{
    switches.count = 0;
    for (unsigned i = 0; switches.wanted && i < count && i < SWITCH_CALLS; i++) {
        switches.call[i] = *calls[i];
        op_clear_schedule(&switches.call[i]);
    }
}

void switches_stop(void)
{
    if (!switches.wanted)
        return;
    stopped.stores = 0;
    stopped.frames = walk_stack(stopped.frame, SWITCH_FRAMES);
}

struct switch_store switches_store(void)
{
    struct switch_store store = {0};

    if (switches.wanted)
        store.frames = walk_stack(store.frame, SWITCH_STORE_FRAMES);
    return store;
}

void switches_keep(const struct switch_store *store)
{
    if (stopped.stores < SWITCH_STORES)
        stopped.store[stopped.stores] = *store;
    stopped.stores++;
}

void switches_go(unsigned from, bool ended, unsigned to, bool begins)
{
    struct switch_record *record = &switches.at[switches.count];

    if (!switches.wanted || switches.count == SWITCHES_MAX)
        return;
    switches.count++;
    record->from = from;
    record->to = to;
    record->ended = ended;
    record->begins = begins;
    record->frames = ended ? 0 : stopped.frames;
    for (unsigned i = 0; i < record->frames; i++)
        record->frame[i] = stopped.frame[i];
    record->stores = ended ? 0 : stopped.stores;
    for (unsigned i = 0; i < record->stores && i < SWITCH_STORES; i++)
        record->store[i] = stopped.store[i];
}

UNINSTRUMENTED_END
