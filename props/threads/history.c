// SPDX-License-Identifier: GPL-2.0-or-later
/* The versions of each PFN, and the possible answers of a read: see history.h. */
#include "history.h"

#include <inttypes.h>
#include <stdio.h>

struct history {
    uint32_t announced, settled;
    p2m_word entry[HISTORY_RING];
};

static struct history histories[HISTORY_PFNS];

#define peek(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define poke(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define fence_acquire() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define fence_release() __atomic_thread_fence(__ATOMIC_RELEASE)

void history_start(p2m_word pfn, p2m_word entry)
{
    poke(&histories[pfn].announced, 0);
    poke(&histories[pfn].settled, 0);
    poke(&histories[pfn].entry[0], entry);
}

void history_start_common(p2m_word pfn, p2m_word entry)
{
    history_start(pfn, entry);
    poke(&histories[pfn].entry[1], IDENTITY_FRAME(pfn));
}

void history_announce(p2m_word pfn, p2m_word entry)
{
    struct history *h = &histories[pfn];
    uint32_t version = peek(&h->announced) + 1;

    fence_release(); /* who sees this entry sees the version before announced */
    poke(&h->entry[version % HISTORY_RING], entry);
    fence_release();
    poke(&h->announced, version);
    fence_release();
}

void history_settle(p2m_word pfn, bool done)
{
    struct history *h = &histories[pfn];
    uint32_t version = peek(&h->announced);

    if (!done)
        poke(&h->entry[version % HISTORY_RING], peek(&h->entry[(version - 1) % HISTORY_RING]));
    fence_release();
    poke(&h->settled, version);
}

void history_announce_common(p2m_word pfn)
{
    poke(&histories[pfn].announced, 1);
    fence_release();
}

void history_settle_common(p2m_word pfn, bool done)
{
    fence_release();
    if (done)
        poke(&histories[pfn].settled, 1);
}

p2m_word history_entry(p2m_word pfn)
{
    struct history *h = &histories[pfn];

    return peek(&h->entry[peek(&h->settled) % HISTORY_RING]);
}

uint32_t history_announced(p2m_word pfn)
{
    return peek(&histories[pfn].announced);
}

uint32_t history_before(p2m_word pfn)
{
    uint32_t before = peek(&histories[pfn].settled);

    fence_acquire();
    return before;
}

static bool explains(p2m_word entry, p2m_word value, bool bare)
{
    if (bare && entry != INVALID_P2M_ENTRY)
        entry &= ~(FOREIGN_FRAME_BIT | IDENTITY_FRAME_BIT);
    return entry == value;
}

enum reading history_judge(p2m_word pfn, p2m_word value, bool bare, uint32_t before,
                           uint32_t *floor)
{
    struct history *h = &histories[pfn];
    uint32_t version = before > *floor ? before : *floor, after;
    bool fits = false;

    fence_acquire();
    after = peek(&h->announced);
    if (after - before > HISTORY_RING - 2)
        return READING_UNKNOWN;
    fence_acquire();
    for (; version <= after && !fits; version += !fits)
        fits = explains(peek(&h->entry[version % HISTORY_RING]), value, bare);
    fence_acquire();
    if (peek(&h->announced) - before > HISTORY_RING - 2)
        return READING_UNKNOWN;
    if (fits)
        *floor = version;
    return fits ? READING_FITS : READING_WRONG;
}

void history_print(p2m_word pfn)
{
    struct history *h = &histories[pfn];
    uint32_t last = peek(&h->announced);
    uint32_t first = last < HISTORY_RING - 1 ? 0 : last - (HISTORY_RING - 1);

    fprintf(stderr, "race:   settled %" PRIu32 "; versions", peek(&h->settled));
    for (uint32_t version = first; version <= last; version++)
        fprintf(stderr, " %" PRIu32 ":0x%" PRIx64, version,
                (uint64_t)peek(&h->entry[version % HISTORY_RING]));
    fprintf(stderr, "\n");
}
