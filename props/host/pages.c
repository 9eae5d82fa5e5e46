// SPDX-License-Identifier: GPL-2.0-or-later
/* The host's pages, and the trap on stores to the shared ones: see host.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* REG_RIP */
#endif
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "hang.h"
#include "host.h"
#include "props/base/asan.h"
#include "props/base/uninstrumented.h"
#include "props/base/verdict.h"

UNINSTRUMENTED_BEGIN

struct host host;

#define GARBAGE 0xa5 /* the contents of a page before its first write */
#define GONE 0x6b    /* the contents of gaps, and of freed pages */

/* ---- shared pages ---- */

enum invariant host_shared_invariant(enum host_shared_page page)
{
    static const enum invariant ids[4] = {IDENTITY_PAGE_UNTOUCHED, MISSING_PAGE_UNTOUCHED,
                                          MID_MISSING_UNTOUCHED, MID_IDENTITY_UNTOUCHED};

    return ids[page];
}

bool host_shared_intact(enum host_shared_page page)
{
    const p2m_word *words = host_shared_page(page);
    p2m_word *const *slots = host_shared_page(page);
    p2m_word *leaf = page == HOST_MID_MISSING ? host_shared.missing : host_shared.identity;
    unsigned bad = 0;

    if (page == HOST_IDENTITY || page == HOST_MISSING)
        for (unsigned i = 0; i < P2M_LEAF; i++)
            bad |= words[i] != INVALID_P2M_ENTRY;
    else
        for (unsigned i = 0; i < P2M_MID; i++)
            bad |= slots[i] != leaf;
    return !bad;
}

static struct sigaction previous_segv;
uintptr_t host_store;
void (*host_fault_elsewhere)(uintptr_t address);

static uintptr_t instruction_of(const void *context)
{
#if defined(__x86_64__)
    return (uintptr_t)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
#else
    (void)context;
    return 0;
#endif
}

/*
 * The writing instruction itself is caught. Faults elsewhere go to the handler that was
 * set before: a sanitizer, an engine, or the default.
 */
static void on_fault(int signal, siginfo_t *info, void *context)
{
    int shared = host_shared_index(info->si_addr);
    sigset_t signals; /* TSan blocks them all, and a violation does not return from here */

    sigemptyset(&signals);
    sigprocmask(SIG_SETMASK, &signals, NULL);
    if (host_list_fault((uintptr_t)info->si_addr))
        return;
    host_store = instruction_of(context);
    if (shared >= 0)
        violated(host_shared_invariant((enum host_shared_page)shared),
                 "expected no store to the page, got one at byte %u of it",
                 host_shared_offset((uintptr_t)info->si_addr));
    if (host_fault_elsewhere)
        host_fault_elsewhere((uintptr_t)info->si_addr);
    if ((previous_segv.sa_flags & SA_SIGINFO) && previous_segv.sa_sigaction) {
        previous_segv.sa_sigaction(signal, info, context);
        return;
    }
    sigaction(signal, &previous_segv, NULL);
    raise(signal);
}

void host_watch_faults(void)
{
    struct sigaction action;

    if (!sigaction(SIGSEGV, NULL, &action) && (action.sa_flags & SA_SIGINFO) &&
        action.sa_sigaction == on_fault)
        return;
    memset(&action, 0, sizeof(action));
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
    sigaction(SIGSEGV, &action, &previous_segv);
}

void host_start(void)
{
    static bool started;

    if (started)
        return;
    started = true;
    host_places_start();
    host_watch_faults();
    hang_watch();
    if (!ASAN_IS_ON)
        memset(host_arena, GONE, sizeof(host_arena));
    for (unsigned i = 0; i < HOST_PAGES; i++)
        __asan_poison_memory_region(host_arena + i * HOST_STRIDE + P2M_PAGE_BYTES,
                                    HOST_STRIDE - P2M_PAGE_BYTES);
}

/* ---- pages ---- */

void host_reset(void)
{
    unsigned i;

    host_store = 0;
    for (i = 0; i < host.freed; i++)
        __asan_unpoison_memory_region(host_page_at(host.freed_page[i]), P2M_PAGE_BYTES);
    if (!ASAN_IS_ON)
        for (i = 0; i < host.taken; i++) {
            unsigned index = host_nth_page(i);

            if (index)
                memset(host_page_at(index) - HOST_REDZONE, GONE, HOST_REDZONE);
            memset(host_page_at(index), GONE, P2M_PAGE_BYTES + HOST_REDZONE);
        }
    for (i = 0; i < host.taken; i++)
        host.state[host_nth_page(i)] = HOST_NEVER;
    host_list_reset();
    host.taken = host.live = host.freed = host.refuse_in = host.epoch = 0;
    host.refused = false;
    host.shift = 0;
    host.mfn_of_pages = MFN_OF_PAGES;
    host.mfn_of_leaves = MFN_OF_LEAVES;
    host.mfn_of_shared = MFN_OF_SHARED;
    host_info_select(0);
    host.info_dirty = host.initialized = false;
    host.grants = host.grants_refused = 0;
    host.grants_wrong = NULL;
    host.own.count = host.own.listed = host.own.stale = 0;
    host.own.lacking = false;
}

void *host_page_alloc(void)
{
    unsigned index;

    if (host.refuse_in && !--host.refuse_in) {
        host.refused = true;
        return NULL;
    }
    if (host.taken == HOST_PAGES) /* more than 256 calls can need */
        violated(CORE_BUG, "took all %d pages", HOST_PAGES);
    index = host_nth_page(host.taken++);
    host.live++;
    host.state[index] = HOST_LIVE;
    host_own_take(index);
    return memset(host_page_at(index), GARBAGE, P2M_PAGE_BYTES);
}

void host_page_free(void *page)
{
    int index = host_page_index(page);

    sync_fence();
    if (index < 0 || host.state[index] != HOST_LIVE)
        violated(CORE_BUG, "freed a page that is not live");
    host.live--;
    host.state[index] = HOST_FREED;
    host.freed_page[host.freed++] = (uint16_t)index;
    host_own_give((unsigned)index);
    if (ASAN_IS_ON)
        __asan_poison_memory_region(page, P2M_PAGE_BYTES);
    else
        memset(page, GONE, P2M_PAGE_BYTES);
}

void host_rollback_allocs(unsigned taken)
{
    while (host.taken > taken) {
        unsigned index = host_nth_page(--host.taken);

        host.state[index] = HOST_NEVER;
        __asan_unpoison_memory_region(host_page_at(index), P2M_PAGE_BYTES);
        if (!ASAN_IS_ON)
            memset(host_page_at(index), GONE, P2M_PAGE_BYTES + HOST_REDZONE);
    }
}

void host_rollback_frees(unsigned freed)
{
    while (host.freed > freed) {
        unsigned index = host.freed_page[--host.freed];

        host.state[index] = HOST_LIVE;
        __asan_unpoison_memory_region(host_page_at(index), P2M_PAGE_BYTES);
    }
}

_Static_assert(P2M_PAGE_BYTES % 4 == 0 && HOST_REDZONE % 4 == 0, "pages and gaps are whole words");

static bool holds_pattern(const uint8_t *p, size_t bytes)
{
    uint32_t bad = 0, word;

    for (size_t i = 0; i < bytes; i += sizeof(word)) {
        memcpy(&word, p + i, sizeof(word));
        bad |= word ^ UINT32_C(0x01010101) * GONE;
    }
    return !bad;
}

bool host_redzones_dirty(unsigned from)
{
    if (ASAN_IS_ON)
        return false;
    if (host.info_dirty || host_old_info_written())
        return true;
    for (unsigned i = from; i < host.taken; i++) {
        unsigned index = host_nth_page(i);
        size_t first = host.state[index] == HOST_FREED ? 0 : P2M_PAGE_BYTES;

        if (!holds_pattern(host_page_at(index) + first, P2M_PAGE_BYTES + HOST_REDZONE - first))
            return true;
        if (index && !holds_pattern(host_page_at(index) - HOST_REDZONE, HOST_REDZONE))
            return true;
    }
    return false;
}

UNINSTRUMENTED_END
