// SPDX-License-Identifier: GPL-2.0-or-later
/* The running case put aside and put back: see snapshot.h. */
#include "snapshot.h"

#include <string.h>

UNINSTRUMENTED_BEGIN

bool snapshot_take(struct snapshot *s)
{
    if (host.taken > SNAPSHOT_PAGES || host.list_words > sizeof(s->list) / sizeof(s->list[0]) ||
        run.subject->state_bytes > sizeof(s->state) || !run.subject->state)
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
    memcpy(s->state, run.subject->state, run.subject->state_bytes);
    s->model = run.oracle.model;
    slot_kinds_copy(&s->kinds, &run.oracle.kinds);
    return true;
}

void snapshot_restore(const struct snapshot *s)
{
    host_rollback_frees(s->host.freed);
    host_rollback_allocs(s->host.taken);
    host.live = s->host.live;
    host.epoch = s->host.epoch;
    host.shift = s->host.shift;
    host.info = s->host.info;
    for (unsigned i = 0; i < host.taken; i++)
        if (host.state[host_nth_page(i)] == HOST_LIVE)
            memcpy(host_page_at(host_nth_page(i)), s->page[i], P2M_PAGE_BYTES);
    memcpy(host_list, s->list, host.list_words * sizeof(s->list[0]));
    memcpy(run.subject->state, s->state, run.subject->state_bytes);
    run.oracle.model = s->model;
    slot_kinds_copy(&run.oracle.kinds, &s->kinds);
}

UNINSTRUMENTED_END
