// SPDX-License-Identifier: GPL-2.0-only
/* The running case put aside and put back: see snapshot.h. */
#include "snapshot.h"

#include <string.h>

HARNESS_BEGIN

bool snapshot_take(struct snapshot *s)
{
    if (host.taken > SNAPSHOT_PAGES || host.list_words > sizeof(s->list) / sizeof(s->list[0]) ||
        machine.subject->state_bytes > sizeof(s->state) || !machine.subject->state)
        return false;
    s->host.taken = host.taken;
    s->host.live = host.live;
    s->host.freed = host.freed;
    s->host.epoch = host.epoch;
    s->host.shift = host.shift;
    s->host.info = host.info;
    for (unsigned i = 0; i < host.taken; i++)
        if (host.state[host_nth_page(i)] == HOST_LIVE)
            memcpy(s->page[i], host_page_at(host_nth_page(i)), P2M_PAGE_BYTES);
    memcpy(s->list, host_list, host.list_words * sizeof(s->list[0]));
    memcpy(s->state, machine.subject->state, machine.subject->state_bytes);
    s->model = machine.model;
    kinds_copy(&s->kinds, &machine.kinds);
    return true;
}

void snapshot_restore(const struct snapshot *s)
{
    host_unfree(s->host.freed);
    host_untake(s->host.taken);
    host.live = s->host.live;
    host.epoch = s->host.epoch;
    host.shift = s->host.shift;
    host.info = s->host.info;
    for (unsigned i = 0; i < host.taken; i++)
        if (host.state[host_nth_page(i)] == HOST_LIVE)
            memcpy(host_page_at(host_nth_page(i)), s->page[i], P2M_PAGE_BYTES);
    memcpy(host_list, s->list, host.list_words * sizeof(s->list[0]));
    memcpy(machine.subject->state, s->state, machine.subject->state_bytes);
    machine.model = s->model;
    kinds_copy(&machine.kinds, &s->kinds);
}

HARNESS_END
