// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sync points of the kernel's file. clang calls a hook before each load and store of that file
 * (-fsanitize-coverage=trace-loads,trace-stores); what is no plain access calls linux_point itself.
 * Variables of a call on its own stack are no points.
 *
 * With store buffers (props/run/store_buffer.h) a window that the running call has closed by a
 * store may still be open to others. A window that was open since the buffer was empty is open in
 * what memory holds if some of its stores are unseen. So it stays closed to switches until the
 * buffer is empty again.
 */
#include "core/access.h"
#include "harness.h"
#include "props/base/uninstrumented.h"
#include "props/host/fiber.h"
#include "props/host/lock.h"
#include "props/host/sync.h"

UNINSTRUMENTED_BEGIN

/* Windows that are closed, by pairs of calls that overlap. */
static struct pair {
    unsigned long pfn[2];
    uint64_t closed;
    uint64_t was_open[FIBERS]; /* to each call, since its store buffer was empty */
} pairs[LINUX_CALLS * (LINUX_CALLS - 1) / 2];
static unsigned pair_count;

void linux_close_none(void)
{
    pair_count = 0;
}

void linux_close(uint64_t defects, unsigned long pfn, unsigned long other_pfn)
{
    if (!defects)
        return;
    pairs[pair_count++] = (struct pair){{pfn, other_pfn}, defects, {0}};
}

static uint64_t open_now(const struct pair *pair, unsigned kind, const volatile void *address)
{
    return linux_file.open(pair->pfn[0], kind, address) |
           linux_file.open(pair->pfn[1], kind, address);
}

/* By the state, as others see it with all, some or none of the call's stores. */
static uint64_t open_to_others(struct pair *pair)
{
    uint64_t *was_open = &pair->was_open[fiber_running];

    if (!sync_unseen)
        *was_open = 0;
    return *was_open |= open_now(pair, P2M_CALL, NULL);
}

/* Only calls that overlap run in fibers. */
static inline bool is_closed(unsigned kind, const volatile void *address)
{
    bool closed = false;

    for (unsigned i = 0; fiber_running >= 0 && i < pair_count; i++) {
        uint64_t open = open_now(&pairs[i], kind, address);

        if (run_is_tso())
            open |= open_to_others(&pairs[i]);
        closed = closed || (pairs[i].closed & open);
    }
    return closed;
}

static inline void point(unsigned kind, const volatile void *address, unsigned size, uint64_t value)
{
    if (fiber_is_on_stack(address))
        return;
    if (__builtin_expect(pair_count && is_closed(kind, address), 0))
        sync_see(kind, address, size, value);
    else
        P2M_SYNC(kind, address, size, value);
}

void linux_point(unsigned kind, const volatile void *address, unsigned size, uint64_t value)
{
    point(kind, address, size, value);
}

void linux_lock(int *held)
{
    point(P2M_CALL, NULL, 0, 0);
    lock_take(held);
}

void linux_unlock(int *held)
{
    point(P2M_CALL, NULL, 0, 0);
    lock_drop(held);
}

void linux_fence(void)
{
    sync_fence();
}

void linux_store(const volatile void *address, const volatile void *copy)
{
    sync_see(P2M_STORE, address, sizeof(unsigned long), 0);
    if (copy)
        sync_joined(copy, sizeof(unsigned long));
}

void linux_call_point(void)
{
    point(P2M_CALL, NULL, 0, 0);
}

unsigned linux_running_call(void)
{
    return (unsigned)(fiber_running + 1);
}

/* ---- the compiler's hooks ---- */

/* The value of a store is not known yet. */
#define HOOKS(size)                                                                                \
    void __sanitizer_cov_load##size(const void *address);                                          \
    void __sanitizer_cov_load##size(const void *address)                                           \
    {                                                                                              \
        point(P2M_LOAD, address, size, 0);                                                         \
    }                                                                                              \
    void __sanitizer_cov_store##size(const void *address);                                         \
    void __sanitizer_cov_store##size(const void *address)                                          \
    {                                                                                              \
        point(P2M_STORE, address, size, 0);                                                        \
    }
HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)

/* The recipe counts blocks in each program; without an engine nobody wants to know. */
__attribute__((weak)) void __sanitizer_cov_8bit_counters_init(char *begin, char *end);
__attribute__((weak)) void __sanitizer_cov_8bit_counters_init(char *begin, char *end)
{
    (void)begin, (void)end;
}
__attribute__((weak)) void __sanitizer_cov_pcs_init(const void *begin, const void *end);
__attribute__((weak)) void __sanitizer_cov_pcs_init(const void *begin, const void *end)
{
    (void)begin, (void)end;
}

UNINSTRUMENTED_END
