// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A case as a guest: its memory map is that of the machine (dom0) or of the guest, its boot record
 * says how many pages the domain has and where its builder put things. Each case is a guest that a
 * domain builder could make: what does not fit is put to where there is room.
 */
#include <limits.h>
#include <string.h>

#include "../platform.h"
#include "harness.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

#define SMALL (FRAMES_PFNS < 4096)
enum {
    LEAST_PAGES = SMALL ? 96 : 0x2000, /* with fewer, no room is left for the list */
    MOST_PAGES = SMALL ? 480 : 1 << 20,
    KERNEL_AT = SMALL ? 8 : 0x1000,
    KERNEL_PAGES = SMALL ? 2 : 0x400,
    INITRD_PAGES = SMALL ? 2 : 0x200,
    TABLES_PAGES = SMALL ? 1 : 16,
};

/* The places of a case's eight answers. */
enum {
    ANSWER_NO_MAP,
    ANSWER_RELEASE,
    ANSWER_M2P,
    ANSWER_MAPPING,
    ANSWER_RESERVATION,
    ANSWER_FRAMES,
    ANSWER_LINE
};

/* ---- the map ---- */

/*
 * A byte of a map, whose pages have 4096 bytes, in those of this geometry: the page counts from the
 * nearer end of the address space, and the first and last byte of a page stay so.
 */
static uint64_t address_here(uint64_t address)
{
    uint64_t pages = UINT64_MAX / 4096, here = UINT64_MAX / FRAMES_PAGE;
    uint64_t page = address / 4096, rest = address % 4096;

    if (FRAMES_PAGE == 4096)
        return address;
    page = page < pages / 2 ? page : here - (pages - page);
    return page * FRAMES_PAGE + (rest ? 1 + (rest - 1) * (FRAMES_PAGE - 1) / 4095 : 0);
}

/* This machine has RAM below FRAMES_PFNS alone. */
static void cut_off(struct frames_entry *entry)
{
    const uint64_t end = FRAMES_PFNS * FRAMES_PAGE;

    if (entry->type != FRAMES_RAM && entry->type != FRAMES_UNUSABLE)
        return;
    if (entry->addr >= end || frames_entry_wraps(entry))
        entry->size = 0;
    else if (entry->size > end - entry->addr)
        entry->size = end - entry->addr;
}

static void add_entry(struct frames_map *map, const struct op *op)
{
    uint64_t start = address_here(op->start);
    struct frames_entry entry = {start, address_here(op->stop) - start,
                                 op->type == OP_TYPE_SOFT ? 0xefffffff : op->type};

    cut_off(&entry);
    if (entry.size && map->count < FRAMES_ENTRIES)
        map->entry[map->count++] = entry;
}

/* Without one of the case: memory for `pages`, and some megabytes for what back ends need. */
static void default_map(struct frames_map *map, uint64_t pages)
{
    map->entry[0] = (struct frames_entry){0, pages * FRAMES_PAGE + ((uint64_t)8 << 20), FRAMES_RAM};
    cut_off(&map->entry[0]);
    map->count = 1;
}

static void make_map(const struct test_case *c, struct setup_guest *guest)
{
    guest->map.count = 0;
    for (unsigned i = 0; i < c->count && !guest->has_no_map; i++)
        if (c->ops[i].kind == OP_E820)
            add_entry(&guest->map, &c->ops[i]);
    if (!guest->map.count)
        default_map(&guest->map, c->boot.nr_pages);
}

/* As many as the case has; the machine has RAM for them, and they for what a guest needs. A boot
   with more than MOST_PAGES would take seconds. */
static bool choose_pages(const struct test_case *c, struct setup_guest *guest)
{
    uint64_t pages = frames_of_map(&guest->map);

    if (pages > MOST_PAGES)
        pages = MOST_PAGES;
    if (pages > c->boot.nr_pages)
        pages = c->boot.nr_pages > LEAST_PAGES ? c->boot.nr_pages : LEAST_PAGES;
    guest->nr_pages = (unsigned long)pages;
    guest->wanted = c->boot.nr_pages;
    return pages >= LEAST_PAGES && pages <= frames_of_map(&guest->map);
}

/* ---- places ---- */

/* The end of a part of the image that these pages would overlap; 0: they overlap none. */
static unsigned long taken_until(const struct setup_guest *guest, unsigned long pfn,
                                 unsigned long pages)
{
    const struct setup_area *const areas[] = {&guest->kernel, &guest->initrd, &guest->list,
                                              &guest->start_info, &guest->tables};

    for (unsigned i = 0; i < sizeof(areas) / sizeof(areas[0]); i++)
        if (pfn < areas[i]->pfn + areas[i]->pages && areas[i]->pfn < pfn + pages)
            return areas[i]->pfn + areas[i]->pages;
    return 0;
}

/* From PFN `wanted` on, or else at the first free place behind `from`, or the first one at all. */
static void place(const struct setup_guest *guest, struct setup_area *area, unsigned long wanted,
                  unsigned long from, unsigned long pages)
{
    unsigned long pfn = wanted, taken;

    if (pfn + pages > guest->nr_pages)
        pfn = guest->nr_pages - pages;
    if (!wanted || taken_until(guest, pfn, pages))
        for (pfn = from; (taken = taken_until(guest, pfn, pages));)
            pfn = taken;
    if (pfn + pages > guest->nr_pages)
        for (pfn = 1; (taken = taken_until(guest, pfn, pages));)
            pfn = taken;
    *area = (struct setup_area){pfn, pages};
}

static void place_image(const struct boot *boot, struct setup_guest *guest)
{
    unsigned long list_pages = (guest->nr_pages + P2M_LEAF - 1) / P2M_LEAF;

    place(guest, &guest->kernel, boot->setup.kernel, KERNEL_AT, KERNEL_PAGES);
    if (boot->setup.initrd)
        place(guest, &guest->initrd, boot->setup.initrd, guest->kernel.pfn, INITRD_PAGES);
    place(guest, &guest->list, boot->setup.list, guest->kernel.pfn, list_pages);
    place(guest, &guest->start_info, 0, guest->list.pfn, 1);
    place(guest, &guest->tables, boot->setup.page_tables, guest->start_info.pfn, TABLES_PAGES);
}

/* ---- the guest ---- */

/* A domain never has more than its reservation. */
static long reservation(const struct boot *boot, unsigned long nr_pages)
{
    uint64_t most = boot->setup.max_reservation;

    if (boot->setup.answer[ANSWER_RESERVATION])
        return -38;
    if (!most || most > INT_MAX)
        return INT_MAX;
    return (long)(most > nr_pages ? most : nr_pages);
}

bool setup_guest_describe(const struct test_case *c, struct setup_guest *guest, bool moves)
{
    static const char *const lines[] = {"", "xen_512gb_limit=", "xen_512gb_limit=0",
                                        "xen_512gb_limit"};
    const struct boot *boot = &c->boot;
    const uint8_t *answer = boot->setup.answer;

    memset(guest, 0, sizeof(*guest));
    guest->dom0 = !(boot->flags >> BOOT_DOMU & 1);
    guest->hotplug =
        boot->hotplug_limit < FRAMES_PFNS ? (unsigned long)boot->hotplug_limit : FRAMES_PFNS;
    guest->has_no_map = !guest->dom0 && answer[ANSWER_NO_MAP];
    guest->fails_release = answer[ANSWER_RELEASE];
    guest->fails_m2p = answer[ANSWER_M2P];
    guest->fails_mapping = answer[ANSWER_MAPPING];
    /* of a domU, 512 GiB are more than this world has; small pages hold no more than the word */
    guest->command_line = lines[answer[ANSWER_LINE] % (guest->dom0 ? 4 : SMALL ? 1 : 3)];
    make_map(c, guest);
    if (!choose_pages(c, guest))
        return false;
    if (!setup_mask_map(guest, moves) || frames_of_map(&guest->map) < guest->nr_pages)
        return false;
    guest->reservation = reservation(boot, guest->nr_pages);
    place_image(boot, guest);
    return setup_mask_image(guest);
}

bool setup_guest_make(const struct test_case *c, struct setup_guest *guest)
{
    if (!setup_guest_describe(c, guest, false) ||
        (setup_image_moves(guest) && !setup_guest_describe(c, guest, true)))
        return false;
    frames_deal(guest->dom0 ? &guest->map : NULL, guest->nr_pages,
                c->boot.setup.answer[ANSWER_FRAMES]);
    return true;
}

UNINSTRUMENTED_END
