// SPDX-License-Identifier: GPL-2.0-or-later
/* Records the switches of an overlap: see switches.h. */
#include "switches.h"

#include <unwind.h>

#include "props/base/uninstrumented.h"
#include "props/host/sync.h"

UNINSTRUMENTED_BEGIN

struct switches switches;

static struct {
    bool inside; /* past the frames of the harness, which stand above the sync point */
    unsigned frames;
    uintptr_t frame[SWITCH_FRAMES];
    unsigned stores;
    uintptr_t store[SWITCH_STORES];
} stopped;

static _Unwind_Reason_Code note_frame(struct _Unwind_Context *context, void *unused)
{
    uintptr_t address = (uintptr_t)_Unwind_GetIP(context);

    (void)unused;
    stopped.inside = stopped.inside || address == sync_place;
    if (stopped.inside && stopped.frames < SWITCH_FRAMES)
        stopped.frame[stopped.frames++] = address;
    return address && stopped.frames < SWITCH_FRAMES ? _URC_NO_REASON : _URC_END_OF_STACK;
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
    stopped.inside = false;
    stopped.frames = stopped.stores = 0;
    _Unwind_Backtrace(note_frame, NULL);
}

void switches_keep(uintptr_t place)
{
    if (stopped.stores < SWITCH_STORES)
        stopped.store[stopped.stores] = place;
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
