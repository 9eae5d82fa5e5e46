// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The walk of a memory map against its definition in core/e820.h: for each map of ENTRIES entries,
 * of any addresses and types, of dom0 and of a domU, for any page and any byte of it. What the
 * definition says of one byte is written down here once more, without a walk.
 */
#include "core/e820.c" /* NOLINT(bugprone-suspicious-include): its static functions */

#include "proof.h"

#ifndef ENTRIES
#define ENTRIES 1
#endif

static struct p2m_e820_entry map[ENTRIES];
static bool domu;

/* Any page, what is known of it while the walk reports ranges, and where the last one ended. */
static uint64_t page;
static bool is_reported, has_range;
static p2m_word last_end;

static bool covers(const struct p2m_e820_entry *entry, uint64_t byte)
{
    return entry->start <= byte && byte < entry->end;
}

/* In [low, end): end is the highest end of an entry that is not empty. */
static bool is_looked_at(uint64_t byte)
{
    bool below_end = false;

    for (unsigned i = 0; i < ENTRIES; i++)
        below_end = below_end || (map[i].start < map[i].end && byte < map[i].end);
    return below_end && byte >= (domu ? 0x100000 : 0);
}

static bool is_identity(uint64_t byte)
{
    bool ram = false, other = false, unusable = false;

    for (unsigned i = 0; i < ENTRIES; i++) {
        bool covered = covers(&map[i], byte);

        ram = ram || (covered && map[i].type == P2M_E820_RAM);
        unusable = unusable || (covered && map[i].type == P2M_E820_UNUSABLE);
        other = other || (covered && map[i].type != P2M_E820_RAM);
    }
    return is_looked_at(byte) && !unusable && (other || !ram);
}

/* True if it is a byte of `page` that is not identity. */
static bool spoils(uint64_t byte)
{
    return byte / P2M_E820_PAGE == page && !is_identity(byte);
}

/* A byte that spoils the page; where it begins or ends, or where an entry does. */
static bool is_spoilt(void)
{
    uint64_t first = page * P2M_E820_PAGE;
    bool spoilt = spoils(first) || spoils(first + P2M_E820_PAGE - 1);

    for (unsigned i = 0; i < ENTRIES; i++)
        spoilt = spoilt || spoils(map[i].start) || spoils(map[i].end);
    return spoilt;
}

static void note(void *ctx, p2m_word start, p2m_word end)
{
    PROVE(ctx == &page, "the range comes with the pointer of the caller");
    PROVE(start < end && end <= MAX_P2M_PFN, "a range has PFNs of the table, and at least one");
    PROVE(!has_range || start > last_end, "ranges ascend and do not touch");
    has_range = true;
    last_end = end;
    is_reported = is_reported || (start <= page && page < end);
}

static void any_map(void)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        map[i].start = nondet_uint64();
        map[i].end = nondet_uint64();
        map[i].type = nondet_uint32();
    }
    domu = nondet_bool();
    SHOW(map[0].start);
    SHOW(map[0].end);
    SHOW(map[0].type);
    SHOW(map[ENTRIES - 1].start);
    SHOW(map[ENTRIES - 1].end);
    SHOW(map[ENTRIES - 1].type);
    SHOW(domu);
}

void proof_e820(void)
{
    uint64_t byte = nondet_uint64();

    any_map();
    page = byte / P2M_E820_PAGE;
    SHOW(page);
    SHOW(byte);
    p2m_e820_identity_ranges(map, ENTRIES, domu, note, &page);
    PROVE(!is_reported || is_identity(byte), "each byte of a reported page is identity");
    PROVE(is_reported || page >= MAX_P2M_PFN || is_spoilt(), "a page of identity is reported");
}
