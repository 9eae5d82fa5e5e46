/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The oracle of target `setup`: an array of machine frames, and whose each of them is. A boot moves
 * frames from PFN to PFN and gives some back; none may be lost, and none of others may be used. It
 * also knows the machine's memory map, page by page. Nothing here is computed from the subject.
 */
#ifndef PROPS_ORACLE_FRAMES_H
#define PROPS_ORACLE_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/geometry.h"

/* The guest has PFNs below FRAMES_PFNS, the machine MFNs below FRAMES_MFNS; both exclusive. */
#define FRAMES_PFNS ((uint64_t)(P2M_LEAF < 256 ? 512 : 1 << 26))
#define FRAMES_MFNS (2 * FRAMES_PFNS)
#define FRAMES_PAGE ((uint64_t)P2M_LEAF * sizeof(p2m_word)) /* bytes */

enum frame_owner { FRAME_OF_OTHERS, FRAME_OURS, FRAME_GIVEN_BACK };

/* An entry of a memory map, in bytes, as a hypervisor reports it. */
struct frames_entry {
    uint64_t addr, size;
    uint32_t type;
};
#define FRAMES_ENTRIES 255

enum frames_type {
    FRAMES_RAM = 1,
    FRAMES_RESERVED = 2,
    FRAMES_NVS = 4,
    FRAMES_UNUSABLE = 5,
};

struct frames_map {
    unsigned count;
    struct frames_entry entry[FRAMES_ENTRIES];
};

/* What the map says of a page. */
enum frames_class {
    FRAMES_PAGE_RAM,      /* each byte is RAM, and no entry of another type touches it */
    FRAMES_PAGE_UNUSABLE, /* the same, with an unusable entry in place of some or all of it */
    FRAMES_PAGE_OTHER     /* a hole, or an entry of another type, touches it */
};

/*
 * The class of `page`; all pages from there to *until (exclusive) are alike. Entries that are
 * empty, or wrap, do not count.
 */
enum frames_class frames_class(const struct frames_map *map, uint64_t page, uint64_t *until);

/* True if a byte of `page` is in an entry of RAM, or of unusable memory. */
bool frames_has_memory(const struct frames_map *map, uint64_t page);

/* True if a byte of `page` is in such an entry, and in no entry of another type. */
bool frames_is_memory_in_part(const struct frames_map *map, uint64_t page);

/* True if its end is beyond the last address, or at it. */
bool frames_entry_wraps(const struct frames_entry *entry);

/* Pages below FRAMES_PFNS that are RAM, without page 0, which stays with the machine. */
uint64_t frames_of_map(const struct frames_map *map);

/*
 * Before a boot: `pages` frames become ours, PFN 0 first; at most frames_of_map(). With `host`,
 * they are RAM of that map, from its `start`-th page of 256 on and round about. Else they are
 * beyond the PFNs of the guest.
 */
void frames_deal(const struct frames_map *host, uint64_t pages, unsigned start);

/* How many they were. */
uint64_t frames_count(void);

/* The frame of a PFN below frames_count() at the beginning; then those that were added. */
uint64_t frames_first(uint64_t pfn);

/* Whose it is now; any MFN. */
enum frame_owner frames_owner(uint64_t mfn);

/* The guest gives it back. False: it is not ours. */
bool frames_give_back(uint64_t mfn);

/* How many were given back. */
uint64_t frames_given_back(void);

/* The guest asks for one more: RAM of the machine that is nobody's. False: there is none. */
bool frames_add(uint64_t *mfn);

/* How many it got. The n-th of them is frames_first(frames_count() + n). */
uint64_t frames_added(void);

/*
 * For a count of the entries that hold each frame: none yet; one more of `mfn`, which is below
 * FRAMES_MFNS. Answers how many there were before.
 */
void frames_count_entries(void);
unsigned frames_note_entry(uint64_t mfn);
unsigned frames_entries_of(uint64_t mfn);

#endif
