// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Known defects that are hidden by name (KNOWN=S1,..., the list is in ../platform.h): just what
 * shows one is left out of the map, or of the guest. A map that shows none stays as it is written.
 * Else it is put in order first, since RAM is what the entries of a map say together.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "../platform.h"
#include "guest.h"
#include "harness.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

bool setup_knows(enum linux_defect defect)
{
    return linux_knows(defect) && linux_setup_file.may_have >> defect & 1;
}

static uint64_t end_of(const struct frames_entry *entry)
{
    return entry->addr + entry->size;
}

/* ---- a map in order ---- */

#define BOUNDS (2 * FRAMES_ENTRIES)

static struct {
    unsigned count;
    struct frames_entry entry[BOUNDS];
} ordered;

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* The type of a byte: what is no memory wins, then unusable, then RAM; 0: a hole. */
static uint32_t type_at(const struct frames_map *map, uint64_t byte)
{
    uint32_t type = 0, memory = 0;

    for (unsigned i = 0; i < map->count; i++) {
        const struct frames_entry *entry = &map->entry[i];
        bool is = entry->type == FRAMES_RAM || entry->type == FRAMES_UNUSABLE;

        if (byte < entry->addr || byte - entry->addr >= entry->size || frames_entry_wraps(entry))
            continue;
        if (is && entry->type > memory)
            memory = entry->type;
        if (!is && entry->type > type)
            type = entry->type;
    }
    return type ? type : memory;
}

static void put_in_order(const struct frames_map *map)
{
    uint64_t bounds[BOUNDS];
    unsigned count = 0;

    ordered.count = 0;
    for (unsigned i = 0; i < map->count; i++) {
        bounds[count++] = map->entry[i].addr;
        bounds[count++] = end_of(&map->entry[i]);
    }
    qsort(bounds, count, sizeof(bounds[0]), by_value);
    for (unsigned i = 0; i + 1 < count; i++) {
        uint32_t type = type_at(map, bounds[i]);

        if (type && bounds[i] != bounds[i + 1])
            ordered.entry[ordered.count++] =
                (struct frames_entry){bounds[i], bounds[i + 1] - bounds[i], type};
    }
}

static void drop_empty(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < ordered.count; i++)
        if (ordered.entry[i].size)
            ordered.entry[count++] = ordered.entry[i];
    ordered.count = count;
}

/* Neighbours of one type are one entry. */
static void merge_pieces(void)
{
    unsigned last = 0;

    for (unsigned i = 1; i < ordered.count; i++) {
        struct frames_entry *entry = &ordered.entry[last];

        if (ordered.entry[i].type == entry->type && ordered.entry[i].addr == end_of(entry))
            entry->size += ordered.entry[i].size;
        else
            ordered.entry[++last] = ordered.entry[i];
    }
    ordered.count = ordered.count ? last + 1 : 0;
}

static bool is_ordered(const struct frames_map *map)
{
    if (map->count != ordered.count)
        return false;
    for (unsigned i = 0; i < map->count; i++)
        if (map->entry[i].addr != ordered.entry[i].addr ||
            map->entry[i].size != ordered.entry[i].size)
            return false;
    return true;
}

/* In the first era: extra memory begins there, or above. */
static uint64_t extra_begins(const struct setup_guest *guest)
{
    const uint64_t list = guest->nr_pages * FRAMES_PAGE, low = (uint64_t)1 << 32;

    return list < low && (guest->dom0 || !linux_setup_file.low_extra) ? low : list;
}

static struct frames_entry after(const struct frames_entry *entry)
{
    return (struct frames_entry){end_of(entry), entry[1].addr - end_of(entry), FRAMES_RESERVED};
}

/* Holes that end where extra memory may begin become entries. Answers whether there is one. */
static bool fill_holes(const struct setup_guest *guest)
{
    bool filled = false;

    drop_empty();
    for (unsigned i = 0; i + 1 < ordered.count && ordered.count < BOUNDS; i++) {
        const struct frames_entry hole = after(&ordered.entry[i]);

        if (!hole.size || ordered.entry[i + 1].addr <= extra_begins(guest))
            continue;
        memmove(&ordered.entry[i + 2], &ordered.entry[i + 1],
                (ordered.count - i - 1) * sizeof(hole));
        ordered.entry[i + 1] = hole;
        ordered.count++;
        filled = true;
        i++;
    }
    return filled;
}

/* ---- the masks of RAM above the list ---- */

static bool unusable_is_memory(const struct setup_guest *guest)
{
    return guest->dom0 && !linux_setup_file.unusable_is_other;
}

static bool is_memory(const struct setup_guest *guest, const struct frames_entry *entry)
{
    return entry->type == FRAMES_RAM ||
           (entry->type == FRAMES_UNUSABLE && unusable_is_memory(guest));
}

/* The entries from `first` on that are RAM in one piece; one past the last. */
static unsigned end_of_piece(const struct setup_guest *guest, unsigned first)
{
    unsigned i = first;

    while (i < ordered.count && is_memory(guest, &ordered.entry[i]) &&
           (i == first || ordered.entry[i].addr == end_of(&ordered.entry[i - 1])))
        i++;
    return i;
}

/* Only [start, end) of these entries stays. */
static void cut(unsigned first, unsigned last, uint64_t start, uint64_t end)
{
    for (unsigned i = first; i < last; i++) {
        struct frames_entry *entry = &ordered.entry[i];
        uint64_t from = entry->addr > start ? entry->addr : start;
        uint64_t to = end_of(entry) < end ? end_of(entry) : end;

        entry->addr = from;
        entry->size = to > from ? to - from : 0;
    }
}

static bool has_nvs(const struct setup_guest *guest)
{
    for (unsigned i = 0; i < guest->map.count; i++)
        if (guest->map.entry[i].type == FRAMES_NVS)
            return true;
    return false;
}

/* Answers whether anything was cut. */
static bool mask_piece(const struct setup_guest *guest, unsigned first, unsigned last, bool moves)
{
    uint64_t start = ordered.entry[first].addr, end = end_of(&ordered.entry[last - 1]);
    uint64_t first_page = (start + FRAMES_PAGE - 1) / FRAMES_PAGE, last_page = end / FRAMES_PAGE;
    uint64_t list = guest->nr_pages * FRAMES_PAGE, from = start, to = end;

    if (setup_knows(start < list ? LINUX_S6 : LINUX_S1) && first_page > last_page)
        to = from = 0;
    if ((start < list ? moves && setup_knows(LINUX_S8) : setup_knows(LINUX_S2)) && to)
        from = first_page * FRAMES_PAGE;
    if (setup_knows(LINUX_S20))
        from = first_page * FRAMES_PAGE;
    if (setup_knows(LINUX_S4) && end > list && to && has_nvs(guest))
        to = last_page * FRAMES_PAGE;
    cut(first, last, from, to);
    return from != start || to != end;
}

/* Where an NVS entry was, is RAM when it has moved; where it moves to, it ends a piece of RAM. */
static bool mask_nvs(struct frames_entry *entry, bool moves)
{
    const struct frames_entry was = *entry;
    uint64_t start = was.addr, end = end_of(&was);

    if (moves && setup_knows(LINUX_S8))
        start = (start + FRAMES_PAGE - 1) / FRAMES_PAGE * FRAMES_PAGE;
    if (setup_knows(LINUX_S4))
        end -= end % FRAMES_PAGE;
    entry->addr = start;
    entry->size = end > start ? end - start : 0;
    return entry->addr != was.addr || entry->size != was.size;
}

static bool mask_memory(const struct setup_guest *guest, bool moves)
{
    bool changed = false;

    for (unsigned i = 0; i < ordered.count;) {
        unsigned last = end_of_piece(guest, i);

        if (last > i)
            changed |= mask_piece(guest, i, last, moves);
        else if (ordered.entry[i].type == FRAMES_NVS)
            changed |= mask_nvs(&ordered.entry[i], moves);
        i = last > i ? last : i + 1;
    }
    return changed;
}

static bool has_overlaps(const struct frames_map *map)
{
    for (unsigned i = 0; i < map->count; i++)
        for (unsigned k = 0; k < i; k++)
            if (map->entry[i].addr < end_of(&map->entry[k]) &&
                map->entry[k].addr < end_of(&map->entry[i]))
                return true;
    return false;
}

/* False: they are too many for a map. */
static bool use_ordered(struct frames_map *map)
{
    drop_empty();
    map->count = 0;
    for (unsigned i = 0; i < ordered.count && i < FRAMES_ENTRIES; i++)
        map->entry[map->count++] = ordered.entry[i];
    return map->count == ordered.count;
}

/* ---- all masks ---- */

/* Nothing of an entry is at or above `end`. */
static void end_at(struct frames_entry *entry, uint64_t end)
{
    if (entry->addr >= end)
        entry->size = 0;
    else if (entry->size > end - entry->addr)
        entry->size = end - entry->addr;
}

static void mask_end(struct frames_entry *entry)
{
    if (setup_knows(LINUX_S12) && entry->type != FRAMES_RAM)
        end_at(entry, (MAX_P2M_PFN - 1) * FRAMES_PAGE);
}

static void mask_entry(struct frames_entry *entry)
{
    mask_end(entry);
    if (setup_knows(LINUX_S3) && frames_entry_wraps(entry))
        entry->size = 0;
    if (setup_knows(LINUX_S7) && !frames_entry_wraps(entry) && end_of(entry) > 0 - FRAMES_PAGE)
        entry->size = entry->addr < 0 - FRAMES_PAGE ? 0 - FRAMES_PAGE - entry->addr : 0;
}

/* What ends where extra memory may begin ends with a page. */
static void mask_last(const struct setup_guest *guest, struct frames_entry *entry)
{
    const uint64_t end = end_of(entry), rest = end % FRAMES_PAGE;

    if (setup_knows(LINUX_S20) && entry->type != FRAMES_RAM && !frames_entry_wraps(entry) &&
        end > extra_begins(guest))
        entry->size -= rest < entry->size ? rest : entry->size;
}

bool setup_mask_map(struct setup_guest *guest, bool moves)
{
    struct frames_map *map = &guest->map;
    bool changed;

    for (unsigned i = 0; i < map->count; i++) {
        mask_entry(&map->entry[i]);
        mask_last(guest, &map->entry[i]);
    }
    put_in_order(map);
    if (setup_knows(LINUX_S22))
        merge_pieces();
    changed = setup_knows(LINUX_S22) && !is_ordered(map);
    changed |= mask_memory(guest, moves);
    changed |= setup_knows(LINUX_S23) && fill_holes(guest);
    changed |= setup_knows(LINUX_S14) && has_overlaps(map);
    if (changed && !use_ordered(map))
        return false;
    if (setup_knows(LINUX_S5) && has_nvs(guest))
        guest->hotplug = FRAMES_PFNS;
    return true;
}

/* In what a memory map makes masks change. */
static bool are_alike(const struct setup_guest *a, const struct setup_guest *b)
{
    if (a->map.count != b->map.count || a->hotplug != b->hotplug)
        return false;
    for (unsigned i = 0; i < a->map.count; i++) {
        const struct frames_entry *x = &a->map.entry[i], *y = &b->map.entry[i];

        if (x->addr != y->addr || x->size != y->size || x->type != y->type)
            return false;
    }
    return true;
}

uint64_t setup_met_by_map(const struct test_case *c)
{
    static struct setup_guest plain, masked;
    const uint64_t known = linux_know_only(0);
    const bool can_be = setup_guest_describe(c, &plain, true);
    uint64_t met = 0;

    for (unsigned defect = 0; can_be && defect < LINUX_DEFECT_COUNT; defect++) {
        if (!(linux_setup_file.has >> defect & 1))
            continue;
        linux_know_only((uint64_t)1 << defect);
        if (!setup_guest_describe(c, &masked, true) || !are_alike(&plain, &masked))
            met |= (uint64_t)1 << defect;
    }
    linux_know_only(known);
    return met;
}

static bool is_in_ram(const struct setup_guest *guest, const struct setup_area *area)
{
    uint64_t until;

    for (uint64_t pfn = area->pfn; pfn < area->pfn + area->pages; pfn = until) {
        enum frames_class class = frames_class(&guest->map, pfn, &until);

        if (class == FRAMES_PAGE_OTHER ||
            (class == FRAMES_PAGE_UNUSABLE && !unusable_is_memory(guest)))
            return false;
    }
    return true;
}

bool setup_image_moves(const struct setup_guest *guest)
{
    return !is_in_ram(guest, &guest->list) || !is_in_ram(guest, &guest->initrd);
}

bool setup_mask_image(struct setup_guest *guest)
{
    const struct setup_area list = {0, guest->nr_pages};

    if (setup_knows(LINUX_S10) && setup_image_moves(guest))
        guest->reservation = INT_MAX;
    if (setup_knows(LINUX_S18) && !is_in_ram(guest, &list))
        return false;
    if (setup_knows(LINUX_S16))
        guest->fails_m2p = 0;
    if (setup_knows(LINUX_S11) &&
        !(is_in_ram(guest, &guest->kernel) && is_in_ram(guest, &guest->initrd) &&
          is_in_ram(guest, &guest->list) && is_in_ram(guest, &guest->tables)))
        return false;
    return !(setup_knows(LINUX_S9) || setup_knows(LINUX_S11)) ||
           is_in_ram(guest, &guest->start_info);
}

UNINSTRUMENTED_END
