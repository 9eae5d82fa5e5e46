// SPDX-License-Identifier: GPL-2.0-or-later
/* Store buffers: see store_buffer.h. */
#include "store_buffer.h"

#include "core/access.h"
#include "overlap.h"
#include "props/base/uninstrumented.h"
#include "props/check/switches.h"

UNINSTRUMENTED_BEGIN

/* What the sanitizers are to report is the store of the subject, not the look at its place. */
#define UNCHECKED __attribute__((no_sanitize_address))

struct value {
    uint64_t word[2];
};

struct store {
    volatile void *address;
    unsigned size; /* bytes: 1, 2, 4, 8 or 16 */
    struct switch_store place;
    bool joined;        /* it drains with the one before it */
    struct value value; /* that was there before; while the store is undone: that is to be there */
};

static struct {
    bool on;
    sync_watcher *next;     /* that also sees the accesses */
    struct buffer *running; /* of the call that runs; NULL: none does */
    unsigned kept;
    struct buffer {
        bool undone;
        unsigned first, count;
        struct store store[STORE_BUFFER_MAX]; /* a ring: the oldest is the first */
    } buffer[OVERLAP_CALLS];
} tso;

UNCHECKED static struct value load(const struct store *store)
{
    const volatile void *p = store->address;

    switch (store->size) {
    case 1:
        return (struct value){{*(const volatile uint8_t *)p}};
    case 2:
        return (struct value){{*(const volatile uint16_t *)p}};
    case 4:
        return (struct value){{*(const volatile uint32_t *)p}};
    case 8:
        return (struct value){{*(const volatile uint64_t *)p}};
    default:
        return (struct value){
            {((const volatile uint64_t *)p)[0], ((const volatile uint64_t *)p)[1]}};
    }
}

UNCHECKED static void put(const struct store *store, struct value value)
{
    volatile void *p = store->address;

    switch (store->size) {
    case 1:
        *(volatile uint8_t *)p = (uint8_t)value.word[0];
        break;
    case 2:
        *(volatile uint16_t *)p = (uint16_t)value.word[0];
        break;
    case 4:
        *(volatile uint32_t *)p = (uint32_t)value.word[0];
        break;
    case 8:
        *(volatile uint64_t *)p = value.word[0];
        break;
    default:
        ((volatile uint64_t *)p)[0] = value.word[0];
        ((volatile uint64_t *)p)[1] = value.word[1];
    }
}

/* Puts `value` there, and keeps what was there. */
static void exchange(struct store *store)
{
    struct value value = store->value;

    store->value = load(store);
    put(store, value);
}

/* The n-th oldest store. */
static struct store *nth(struct buffer *buffer, unsigned n)
{
    return &buffer->store[(buffer->first + n) % STORE_BUFFER_MAX];
}

/* The length of the `count` oldest stores, with those that are joined to them. */
static unsigned oldest(struct buffer *buffer, unsigned count)
{
    unsigned length = 0;

    while (length < buffer->count && (count || nth(buffer, length)->joined))
        count -= !nth(buffer, length++)->joined;
    return length;
}

/* They are visible by now: forgets them. */
static void forget(struct buffer *buffer, unsigned length)
{
    buffer->count -= length;
    buffer->first = (buffer->first + length) % STORE_BUFFER_MAX;
}

static void note(struct buffer *buffer, const struct sync_access *access)
{
    struct store *store;

    if (buffer->count == STORE_BUFFER_MAX)
        forget(buffer, oldest(buffer, 1));
    store = nth(buffer, buffer->count++);
    store->address = (volatile void *)(uintptr_t)access->address;
    store->size = access->size;
    store->place = switches_store();
    store->joined = access->kind == SYNC_JOINED && buffer->count > 1;
    store->value = load(store);
}

/* Before each access of the call that runs. */
static void watch(const struct sync_access *access)
{
    struct buffer *buffer = tso.running;

    if (buffer && (access->kind == P2M_STORE || access->kind == SYNC_JOINED))
        note(buffer, access);
    if (buffer && (access->kind == P2M_CAS || access->kind == SYNC_FENCE))
        buffer->count = 0;
    sync_unseen = buffer ? buffer->count : 0;
    if (tso.next)
        tso.next(access);
}

static bool is_freed(const volatile void *address)
{
    uintptr_t offset = (uintptr_t)address - (uintptr_t)host_arena;

    return offset < sizeof(host_arena) && host.state[offset / HOST_STRIDE] == HOST_FREED;
}

void store_buffer_begin(void)
{
    for (unsigned i = 0; i < OVERLAP_CALLS; i++)
        tso.buffer[i].count = tso.buffer[i].undone = 0;
    tso.on = true;
    tso.running = NULL;
    tso.kept = 0;
    tso.next = sync_watch(watch);
    verdict_on_jump = store_buffer_end;
}

void store_buffer_end(void)
{
    if (!tso.on)
        return;
    tso.on = false;
    sync_unseen = 0;
    sync_watch(tso.next);
    verdict_on_jump = NULL;
}

bool store_buffer_is_on(void)
{
    return tso.on;
}

unsigned store_buffer_kept(void)
{
    return tso.kept;
}

void store_buffer_resume(unsigned call)
{
    struct buffer *buffer = &tso.buffer[call];

    if (!tso.on)
        return;
    tso.running = buffer;
    for (unsigned i = 0; buffer->undone && i < buffer->count; i++) {
        if (is_freed(nth(buffer, i)->address))
            violated(CORE_BUG, "a store that was in a store buffer goes to a freed page");
        exchange(nth(buffer, i));
    }
    buffer->undone = false;
    sync_unseen = buffer->count;
}

void store_buffer_stop(unsigned call, unsigned keep)
{
    struct buffer *buffer = &tso.buffer[call];
    unsigned seen;

    if (!tso.on)
        return;
    tso.running = NULL;
    seen = keep ? oldest(buffer, keep - 1) : buffer->count;
    for (unsigned i = buffer->count; i-- > seen;)
        exchange(nth(buffer, i));
    forget(buffer, seen);
    buffer->undone = true;
    tso.kept += buffer->count;
    for (unsigned i = 0; i < buffer->count; i++)
        if (!nth(buffer, i)->joined)
            switches_keep(&nth(buffer, i)->place);
}

void store_buffer_call_ends(void)
{
    if (!tso.on)
        return;
    if (run.subject->point)
        run.subject->point();
    else
        P2M_SYNC();
    tso.running->count = 0;
}

UNINSTRUMENTED_END
