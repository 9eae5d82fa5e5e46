// SPDX-License-Identifier: GPL-2.0-or-later
/* Saves and restores the running case: see snapshot.h. */
#include "snapshot.h"

#include <string.h>

#include "props/run/grants.h"

UNINSTRUMENTED_BEGIN

/* The subject's own state, to `copy` or back. */
static void copy_state(uint8_t *copy, bool back)
{
    const struct subject *subject = run.subject;

    if (!subject->state)
        subject->copy_state(copy, back);
    else
        memcpy(back ? subject->state : copy, back ? copy : subject->state, subject->state_bytes);
}

bool snapshot_take(struct snapshot *s)
{
    if (host.taken > SNAPSHOT_PAGES || host.list_words > sizeof(s->list) / sizeof(s->list[0]) ||
        run.subject->state_bytes > sizeof(s->state))
        return false;
    s->host.taken = host.taken;
    s->host.live = host.live;
    s->host.freed = host.freed;
    s->host.epoch = host.epoch;
    s->host.shift = host.shift;
    s->initialized = host.initialized;
    s->built = run.built;
    s->has_tree = run.published;
    s->trace = run.trace;
    s->max_pfn = run.max_pfn;
    s->grants = grants_save(s->grant, SNAPSHOT_GRANTS);
    s->info = host_info_index();
    s->e820_count = run.oracle.e820_count;
    s->named = run.builder.named;
    s->published = *host.info;
    for (unsigned i = 0; i < host.taken; i++)
        if (host.state[host_nth_page(i)] == HOST_LIVE)
            memcpy(s->page[i], host_page_at(host_nth_page(i)), P2M_PAGE_BYTES);
    memcpy(s->list, host_list, host.list_words * sizeof(s->list[0]));
    copy_state((uint8_t *)s->state, false);
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
    host.initialized = s->initialized;
    run.built = s->built;
    run.published = s->has_tree;
    run.trace = s->trace;
    run.max_pfn = s->max_pfn;
    grants_restore((const p2m_word(*)[2])s->grant, s->grants);
    run.oracle.e820_count = s->e820_count; /* both only grow */
    run.builder.named = s->named;
    if (host_info_index() != s->info)
        host_info_select(s->info);
    *host.info = s->published;
    for (unsigned i = 0; i < host.taken; i++)
        if (host.state[host_nth_page(i)] == HOST_LIVE)
            memcpy(host_page_at(host_nth_page(i)), s->page[i], P2M_PAGE_BYTES);
    memcpy(host_list, s->list, host.list_words * sizeof(s->list[0]));
    copy_state((uint8_t *)s->state, true);
    run.oracle.model = s->model;
    slot_kinds_copy(&run.oracle.kinds, &s->kinds);
}

UNINSTRUMENTED_END
