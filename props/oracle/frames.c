// SPDX-License-Identifier: GPL-2.0-or-later
/* The array of machine frames: see frames.h. */
#include "frames.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

/* ---- the map ---- */

bool frames_entry_wraps(const struct frames_entry *entry)
{
    return entry->addr + entry->size < entry->addr;
}

static bool counts(const struct frames_entry *entry)
{
    return entry->size && entry->type && !frames_entry_wraps(entry);
}

/* Where RAM that covers the byte `at` ends, or an unusable entry if `unusable`; else `at` itself.
 */
static uint64_t ram_from(const struct frames_map *map, uint64_t at, bool unusable)
{
    for (unsigned i = 0; i < map->count; i++) {
        const struct frames_entry *entry = &map->entry[i];
        bool is = entry->type == FRAMES_RAM || (unusable && entry->type == FRAMES_UNUSABLE);

        if (counts(entry) && is && entry->addr <= at && entry->addr + entry->size > at)
            return entry->addr + entry->size;
    }
    return at;
}

/* The lowest page above `page` in which an entry begins or ends, or which follows such a page. */
static uint64_t next_change(const struct frames_map *map, uint64_t page)
{
    uint64_t next = UINT64_MAX / FRAMES_PAGE + 1;

    for (unsigned i = 0; i < map->count; i++) {
        const uint64_t bounds[] = {map->entry[i].addr, map->entry[i].addr + map->entry[i].size};

        for (unsigned k = 0; k < 4 && counts(&map->entry[i]); k++) {
            uint64_t bound = bounds[k / 2] / FRAMES_PAGE + k % 2;

            if (bound > page && bound < next)
                next = bound;
        }
    }
    return next;
}

enum frames_class frames_class(const struct frames_map *map, uint64_t page, uint64_t *until)
{
    uint64_t start = page * FRAMES_PAGE, last = start + (FRAMES_PAGE - 1), at = start;
    bool unusable = false;

    *until = next_change(map, page);
    for (unsigned i = 0; i < map->count; i++) {
        const struct frames_entry *entry = &map->entry[i];

        if (!counts(entry) || entry->addr > last || entry->addr + (entry->size - 1) < start)
            continue;
        if (entry->type != FRAMES_RAM && entry->type != FRAMES_UNUSABLE)
            return FRAMES_PAGE_OTHER;
        unusable |= entry->type == FRAMES_UNUSABLE;
    }
    while (at <= last) {
        uint64_t next = ram_from(map, at, unusable);

        if (next == at)
            return FRAMES_PAGE_OTHER;
        at = next;
    }
    return unusable ? FRAMES_PAGE_UNUSABLE : FRAMES_PAGE_RAM;
}

bool frames_has_memory(const struct frames_map *map, uint64_t page)
{
    uint64_t start = page * FRAMES_PAGE, last = start + (FRAMES_PAGE - 1);

    for (unsigned i = 0; i < map->count; i++) {
        const struct frames_entry *entry = &map->entry[i];
        bool is = entry->type == FRAMES_RAM || entry->type == FRAMES_UNUSABLE;

        if (counts(entry) && is && entry->addr <= last && entry->addr + (entry->size - 1) >= start)
            return true;
    }
    return false;
}

static bool is_memory(const struct frames_map *map, uint64_t byte)
{
    bool memory = false;

    for (unsigned i = 0; i < map->count; i++) {
        const struct frames_entry *entry = &map->entry[i];

        if (!counts(entry) || byte < entry->addr || byte - entry->addr >= entry->size)
            continue;
        if (entry->type != FRAMES_RAM && entry->type != FRAMES_UNUSABLE)
            return false;
        memory = true;
    }
    return memory;
}

/* Where memory begins in the page: with the page, with an entry, or behind one. */
bool frames_is_memory_in_part(const struct frames_map *map, uint64_t page)
{
    const uint64_t start = page * FRAMES_PAGE;

    for (unsigned i = 0; i < map->count; i++) {
        const uint64_t bounds[] = {map->entry[i].addr, map->entry[i].addr + map->entry[i].size};

        for (unsigned k = 0; k < 2; k++)
            if (bounds[k] - start < FRAMES_PAGE && is_memory(map, bounds[k]))
                return true;
    }
    return is_memory(map, start);
}

/* ---- frames ---- */

/* Big, and mostly untouched: pages come when they are written, and go at the next boot. */
static struct {
    uint8_t *owner, *entries; /* by MFN */
    uint32_t *first;          /* by PFN */
    uint64_t count, given_back, added;
    uint64_t next;                 /* the lowest MFN that may be added */
    const struct frames_map *host; /* NULL: frames are beyond the PFNs of the guest */
} frames;

#define FIRST_BYTES (FRAMES_PFNS * sizeof(uint32_t))

static void *map_zeros(uint64_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);

    if (p == MAP_FAILED)
        abort();
    return p;
}

static void zero(void *p, uint64_t bytes)
{
    if (bytes < 1 << 20)
        memset(p, 0, bytes);
    else if (madvise(p, bytes, MADV_DONTNEED))
        abort();
}

static void take_frame(uint64_t mfn)
{
    frames.owner[mfn] = FRAME_OURS;
    frames.first[frames.count++] = (uint32_t)mfn;
}

uint64_t frames_of_map(const struct frames_map *map)
{
    uint64_t pages = 0, until;

    for (uint64_t page = 0; page < FRAMES_PFNS; page = until) {
        bool ram = frames_class(map, page, &until) == FRAMES_PAGE_RAM;

        if (until > FRAMES_PFNS)
            until = FRAMES_PFNS;
        pages += ram ? until - page - !page : 0;
    }
    return pages;
}

/* RAM of the machine from `from` up to `to`. */
static void deal_ram(const struct frames_map *host, uint64_t pages, uint64_t from, uint64_t to)
{
    uint64_t until;

    for (uint64_t page = from; page < to && frames.count < pages; page = until) {
        bool ram = frames_class(host, page, &until) == FRAMES_PAGE_RAM;

        if (until > to)
            until = to;
        for (; ram && page < until && frames.count < pages; page++)
            if (page)
                take_frame(page);
    }
}

void frames_deal(const struct frames_map *host, uint64_t pages, unsigned start)
{
    uint64_t from = FRAMES_PFNS / 256 * start;

    if (!frames.owner) {
        frames.owner = map_zeros(FRAMES_MFNS);
        frames.entries = map_zeros(FRAMES_MFNS);
        frames.first = map_zeros(FIRST_BYTES);
    }
    zero(frames.owner, FRAMES_MFNS);
    frames.count = frames.given_back = frames.added = 0;
    frames.host = host;
    frames.next = host ? 1 : FRAMES_PFNS;
    if (host) {
        deal_ram(host, pages, from, FRAMES_PFNS);
        deal_ram(host, pages, 0, from);
    }
    for (uint64_t mfn = FRAMES_PFNS; !host && frames.count < pages; mfn++)
        take_frame(mfn);
}

uint64_t frames_count(void)
{
    return frames.count;
}

uint64_t frames_first(uint64_t pfn)
{
    return frames.first[pfn];
}

enum frame_owner frames_owner(uint64_t mfn)
{
    return mfn < FRAMES_MFNS ? (enum frame_owner)frames.owner[mfn] : FRAME_OF_OTHERS;
}

bool frames_give_back(uint64_t mfn)
{
    if (frames_owner(mfn) != FRAME_OURS)
        return false;
    frames.owner[mfn] = FRAME_GIVEN_BACK;
    frames.given_back++;
    return true;
}

uint64_t frames_given_back(void)
{
    return frames.given_back;
}

/* The first frame from `mfn` on that is nobody's, and RAM; or `end`. */
static uint64_t next_free(uint64_t mfn, uint64_t end)
{
    uint64_t until = 0;

    for (; mfn < end; mfn++) {
        if (frames.owner[mfn] != FRAME_OF_OTHERS)
            continue;
        if (!frames.host || frames_class(frames.host, mfn, &until) == FRAMES_PAGE_RAM)
            return mfn;
        mfn = until - 1;
    }
    return end;
}

bool frames_add(uint64_t *mfn)
{
    const uint64_t end = frames.host ? FRAMES_PFNS : FRAMES_MFNS;

    frames.next = next_free(frames.next, end);
    if (frames.next == end || frames.count + frames.added == FRAMES_PFNS)
        return false;
    *mfn = frames.next++;
    frames.owner[*mfn] = FRAME_OURS;
    frames.first[frames.count + frames.added++] = (uint32_t)*mfn;
    return true;
}

uint64_t frames_added(void)
{
    return frames.added;
}

void frames_count_entries(void)
{
    zero(frames.entries, FRAMES_MFNS);
}

unsigned frames_note_entry(uint64_t mfn)
{
    unsigned before = frames.entries[mfn];

    frames.entries[mfn] = (uint8_t)(before < 255 ? before + 1 : 255);
    return before;
}

unsigned frames_entries_of(uint64_t mfn)
{
    return mfn < FRAMES_MFNS ? frames.entries[mfn] : 0;
}

UNINSTRUMENTED_END
