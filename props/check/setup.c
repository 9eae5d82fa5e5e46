// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The invariants SETUP_*: see setup.h. One walk over all PFNs, in runs of equal ones, notes the
 * first violation of each; then the first in the order of the invariants is reported.
 */
#include "setup.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "props/base/uninstrumented.h"
#include "props/case/entry.h"
#include "props/host/sync.h"
#include "run.h"
#include "setup_coverage.h"

UNINSTRUMENTED_BEGIN

enum { FIRST = SETUP_FRAMES_ACCOUNTED, LAST = SETUP_BUFFER_IS_OURS };

static const struct setup_guest *guest;
static const struct setup_seen *seen;
static char found[LAST - FIRST + 1][160]; /* "": none */

/* Of each invariant the first violation counts. */
__attribute__((format(printf, 2, 3))) static void wrong(enum invariant id, const char *format, ...)
{
    char *text = found[id - FIRST];
    va_list arguments;

    if (text[0])
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof(found[0]), format, arguments);
    va_end(arguments);
}

void setup_begin(const struct setup_guest *of)
{
    guest = of;
    memset(found, 0, sizeof(found));
}

void setup_event(enum setup_event event, unsigned long number)
{
    static const struct {
        enum invariant id;
        const char *words;
    } events[] = {
#define X(name, invariant, words) {SETUP_##invariant, words},
        SETUP_EVENTS(X)
#undef X
    };

    wrong(events[event].id, "%s 0x%lx", events[event].words, number);
}

void setup_check_events(void)
{
    for (int id = FIRST; id <= LAST; id++)
        if (found[id - FIRST][0])
            violated((enum invariant)id, "%s", found[id - FIRST]);
}

/* ---- one run of PFNs ---- */

struct run_of_pfns {
    unsigned long pfn, until; /* exclusive */
    p2m_word entry;           /* of `pfn` */
    enum frames_class class;
    bool ram;           /* the kernel's map lists it as RAM */
    bool extra;         /* it is extra memory */
    bool moved;         /* an entry of the machine's map is here and not where that has it */
    enum setup_was was; /* before firmware moved */
    enum setup_place place;
};

static bool is_identity(const struct run_of_pfns *at)
{
    return at->entry != INVALID_P2M_ENTRY && (at->entry & ENTRY_IDENTITY_BIT);
}

static bool is_frame(const struct run_of_pfns *at)
{
    return at->entry != INVALID_P2M_ENTRY && !(at->entry & ENTRY_IDENTITY_BIT);
}

/* [start, end) begins, or ends, where a run must end. */
static bool covers(struct run_of_pfns *at, uint64_t start, uint64_t end)
{
    if (start > at->pfn && start < at->until)
        at->until = (unsigned long)start;
    if (end > at->pfn && end < at->until)
        at->until = (unsigned long)end;
    return at->pfn >= start && at->pfn < end;
}

static enum setup_was was(const struct run_of_pfns *at)
{
    switch (at->class) {
    case FRAMES_PAGE_RAM:
        return SETUP_WAS_RAM;
    case FRAMES_PAGE_UNUSABLE:
        return SETUP_WAS_UNUSABLE;
    default:
        return frames_has_memory(&guest->map, at->pfn) ? SETUP_WAS_PART : SETUP_WAS_NONE;
    }
}

/* What the domain builder has put there. */
static enum setup_place builders_place(struct run_of_pfns *at)
{
    enum setup_place place = covers(at, 0, guest->nr_pages) ? SETUP_LISTED : SETUP_BEHIND;
    const struct setup_area *const stay[] = {&guest->kernel, &guest->start_info, &guest->tables};
    const struct setup_area *const move[] = {&guest->list, &guest->initrd};

    for (unsigned i = 0; i < sizeof(stay) / sizeof(stay[0]); i++)
        if (covers(at, stay[i]->pfn, stay[i]->pfn + stay[i]->pages))
            place = SETUP_STAYS;
    for (unsigned i = 0; i < sizeof(move) / sizeof(move[0]); i++)
        if (covers(at, move[i]->pfn, move[i]->pfn + move[i]->pages))
            place = SETUP_MAY_MOVE;
    return place;
}

static struct run_of_pfns look_at(unsigned long pfn)
{
    struct run_of_pfns at = {.pfn = pfn};
    uint64_t until;

    at.entry = seen->entry(pfn, &at.until);
    at.class = frames_class(&guest->map, pfn, &until);
    covers(&at, 0, until);
    covers(&at, 0, FRAMES_PFNS);
    at.place = builders_place(&at);
    at.was = was(&at);
    for (unsigned i = 0; i < seen->e820_count; i++) {
        const struct frames_entry *entry = &seen->e820[i];
        uint64_t start = entry->addr / FRAMES_PAGE + (entry->addr % FRAMES_PAGE > 0);

        if (entry->type == FRAMES_RAM)
            at.ram |= covers(&at, start, (entry->addr + entry->size) / FRAMES_PAGE);
    }
    for (unsigned i = 0; i < seen->extra_count; i++)
        at.extra |=
            covers(&at, seen->extra[i].pfn, (uint64_t)seen->extra[i].pfn + seen->extra[i].pages);
    for (unsigned i = 0; i < seen->move_count; i++) {
        const struct setup_move *move = &seen->move[i];
        uint64_t from = move->from / FRAMES_PAGE, to = move->to / FRAMES_PAGE;
        uint64_t pages = (move->size + FRAMES_PAGE - 1) / FRAMES_PAGE;

        if (covers(&at, from, from + pages))
            at.class = FRAMES_PAGE_RAM;
        at.moved |= covers(&at, to, to + pages);
    }
    return at;
}

/* ---- what must be true of it ---- */

static void check_frame(const struct run_of_pfns *at)
{
    if (frames_owner(at->entry) != FRAME_OURS) {
        wrong(SETUP_ONLY_OUR_FRAMES, "PFN 0x%lx: expected a frame of ours, got 0x%" PRIx64, at->pfn,
              (uint64_t)at->entry);
        return;
    }
    if (frames_note_entry(at->entry))
        wrong(SETUP_FRAMES_ACCOUNTED, "PFN 0x%lx: expected a frame of its own, got 0x%" PRIx64,
              at->pfn, (uint64_t)at->entry);
    if (seen->m2p(at->entry) != at->pfn)
        wrong(SETUP_FRAMES_ACCOUNTED,
              "frame 0x%" PRIx64 ": expected PFN 0x%lx, the machine has 0x%lx", (uint64_t)at->entry,
              at->pfn, seen->m2p(at->entry));
}

static bool is_within(const struct setup_area *area, unsigned long pfn)
{
    return pfn >= area->pfn && pfn - area->pfn < area->pages;
}

/* A frame there need not be RAM in the kernel's map. */
static bool may_be_left(const struct run_of_pfns *at)
{
    return at->class == FRAMES_PAGE_OTHER || is_within(&seen->legacy, at->pfn) ||
           (at->class == FRAMES_PAGE_UNUSABLE && seen->unusable_is_left);
}

static void check_ram(const struct run_of_pfns *at)
{
    if (at->ram && is_identity(at))
        wrong(SETUP_RAM_HAS_FRAME, "PFN 0x%lx: expected a frame, got identity", at->pfn);
    if (at->ram && at->entry == INVALID_P2M_ENTRY && !at->extra)
        wrong(SETUP_RAM_HAS_FRAME, "PFN 0x%lx: expected a frame or extra memory, got neither",
              at->pfn);
    if (is_frame(at) && !at->ram && !may_be_left(at))
        wrong(SETUP_RAM_HAS_FRAME, "PFN 0x%lx: expected RAM in the kernel's map, got a frame alone",
              at->pfn);
}

/* No entry of the map reaches the end of this page; those of type 0 do not count. */
static bool is_behind_map(const struct run_of_pfns *at)
{
    for (unsigned i = 0; i < guest->map.count; i++) {
        const struct frames_entry *entry = &guest->map.entry[i];

        if (entry->size && entry->type && !frames_entry_wraps(entry) &&
            (entry->addr + entry->size) / FRAMES_PAGE > at->pfn)
            return false;
    }
    return true;
}

static void check_extra(const struct run_of_pfns *at)
{
    bool image = is_within(&seen->list, at->pfn) || is_within(&seen->initrd, at->pfn);

    if (at->extra && is_frame(at))
        wrong(SETUP_EXTRA_IS_EMPTY, "PFN 0x%lx: expected no frame in extra memory, got 0x%" PRIx64,
              at->pfn, (uint64_t)at->entry);
    if (at->extra && at->class == FRAMES_PAGE_OTHER &&
        !(seen->extra_is_behind && is_behind_map(at)))
        wrong(SETUP_EXTRA_IS_EMPTY, "PFN 0x%lx: expected extra memory in RAM, got a hole", at->pfn);
    if (is_frame(at) && at->pfn >= guest->nr_pages && !image && seen->is_reserved(at->pfn))
        wrong(SETUP_EXTRA_IS_EMPTY, "PFN 0x%lx: expected free memory, got it reserved", at->pfn);
}

/* A defect that is known, and masked. */
static bool is_spoilt(const struct run_of_pfns *at)
{
    for (unsigned i = 0; seen->extra_spoils && i < seen->extra_count; i++)
        if (at->pfn == seen->extra[i].pfn + seen->extra[i].pages)
            return true;
    return false;
}

/* By design of the version it need not be identity. */
static bool is_open(const struct run_of_pfns *at)
{
    return (seen->end_is_open && is_behind_map(at)) ||
           (seen->low_is_open && at->pfn < seen->legacy.pfn + seen->legacy.pages) ||
           (seen->rounds_inward && frames_is_memory_in_part(&guest->map, at->pfn)) ||
           (seen->unusable_is_left && at->class == FRAMES_PAGE_UNUSABLE);
}

static void check_hole(const struct run_of_pfns *at)
{
    bool unusable = at->class == FRAMES_PAGE_UNUSABLE;
    bool memory = guest->dom0 && !seen->unusable_is_other; /* what is unusable */
    bool hole = at->class == FRAMES_PAGE_OTHER || (unusable && !guest->dom0);

    if (is_identity(at) && at->entry != ENTRY_IDENTITY_OF((p2m_word)at->pfn) &&
        !seen->identity_shifts)
        wrong(SETUP_HOLES_ARE_IDENTITY, "PFN 0x%lx: expected itself, got 0x%" PRIx64, at->pfn,
              (uint64_t)at->entry);
    if (hole && !is_identity(at) && !is_spoilt(at) && !is_open(at))
        wrong(SETUP_HOLES_ARE_IDENTITY, "PFN 0x%lx: expected identity, got 0x%" PRIx64, at->pfn,
              (uint64_t)at->entry);
    if (hole && at->ram && !(at->extra && seen->extra_is_behind))
        wrong(SETUP_HOLES_ARE_IDENTITY, "PFN 0x%lx: expected no RAM in the kernel's map", at->pfn);
    if (unusable && memory && at->pfn < guest->nr_pages && is_identity(at))
        wrong(SETUP_UNUSABLE_IS_RAM, "PFN 0x%lx: expected memory, got identity", at->pfn);
}

/* Its pages are there under another PFN, one by one, and none of them is RAM. */
static void check_moved(const struct run_of_pfns *at)
{
    for (unsigned i = 0; i < seen->move_count; i++) {
        const struct setup_move *move = &seen->move[i];
        unsigned long to = move->to / FRAMES_PAGE, from = move->from / FRAMES_PAGE;

        if (at->pfn >= to && at->pfn - to < (move->size + FRAMES_PAGE - 1) / FRAMES_PAGE &&
            at->entry != from + (at->pfn - to))
            wrong(SETUP_HOLES_ARE_IDENTITY,
                  "PFN 0x%lx: expected the moved page 0x%lx, got 0x%" PRIx64, at->pfn,
                  from + (at->pfn - to), (uint64_t)at->entry);
    }
    if (at->ram)
        wrong(SETUP_HOLES_ARE_IDENTITY, "PFN 0x%lx: expected firmware that has moved, got RAM",
              at->pfn);
}

static void check_reach(const struct run_of_pfns *at)
{
    if (at->ram && at->pfn >= seen->reach)
        wrong(SETUP_LIST_REACHES, "PFN 0x%lx: expected RAM to be in the list, which ends at 0x%lx",
              at->pfn, seen->reach);
    if (is_frame(at) && !at->moved && at->pfn >= seen->max_pfn)
        wrong(SETUP_LIST_REACHES, "PFN 0x%lx: expected max_pfn above it, got 0x%lx", at->pfn,
              seen->max_pfn);
}

/* For the state coverage: what the page was, and what it is now. */
static void note_cell(const struct run_of_pfns *at)
{
    enum setup_became became = SETUP_NOTHING;

    if (at->moved)
        became = SETUP_FIRMWARE;
    else if (is_identity(at))
        became = SETUP_IDENTITY;
    else if (is_frame(at))
        became = at->pfn < frames_count() && at->entry == frames_first(at->pfn) ? SETUP_OWN_FRAME
                                                                                : SETUP_OTHER_FRAME;
    else if (at->extra)
        became = SETUP_EXTRA;
    setup_cell_met[setup_cell(guest->dom0, at->was, at->place, became)]++;
}

static void check_runs(void)
{
    struct run_of_pfns at;

    for (unsigned long pfn = 0; pfn < FRAMES_PFNS; pfn = at.until) {
        at = look_at(pfn);
        if (pfn % 4096 == 0)
            sync_arm_limit(); /* no hang: a big guest takes its time */
        note_cell(&at);
        if (at.moved) {
            check_moved(&at);
            check_reach(&at);
            continue;
        }
        if (is_frame(&at))
            check_frame(&at);
        check_ram(&at);
        check_extra(&at);
        check_hole(&at);
        check_reach(&at);
    }
}

/* ---- what must be true of the whole ---- */

/* After a warning that a frame cannot be given back it is lost; or by a known defect, masked. */
static bool may_be_lost(uint64_t first_pfn)
{
    unsigned long until, entry = INVALID_P2M_ENTRY;

    if (seen->identity_loses && first_pfn < frames_count())
        entry = seen->entry(first_pfn, &until);
    return seen->call_failed || (entry != INVALID_P2M_ENTRY && (entry & ENTRY_IDENTITY_BIT));
}

static void check_frames(void)
{
    for (uint64_t pfn = 0; pfn < frames_count() + frames_added(); pfn++) {
        uint64_t mfn = frames_first(pfn);
        unsigned entries = frames_entries_of(mfn);

        if (frames_owner(mfn) == FRAME_OURS && entries != 1 && !may_be_lost(pfn))
            wrong(SETUP_FRAMES_ACCOUNTED,
                  "frame 0x%" PRIx64 ", PFN 0x%" PRIx64 " at first: expected one entry, got %u",
                  mfn, pfn, entries);
        if (frames_owner(mfn) == FRAME_GIVEN_BACK && entries)
            wrong(SETUP_FRAMES_ACCOUNTED,
                  "frame 0x%" PRIx64 ": expected no entry, it was given back", mfn);
    }
    if (seen->counts_released && seen->released != frames_given_back() - frames_added())
        wrong(SETUP_FRAMES_ACCOUNTED,
              "expected 0x%" PRIx64 " frames less than at first, the kernel counts 0x%lx",
              frames_given_back() - frames_added(), seen->released);
}

static void check_e820(void)
{
    for (unsigned i = 0; i < seen->e820_count; i++) {
        const struct frames_entry *entry = &seen->e820[i];

        if (entry->type == FRAMES_RAM && (entry->addr % FRAMES_PAGE || entry->size % FRAMES_PAGE))
            wrong(SETUP_RAM_ALIGNED, "expected whole pages, got [0x%" PRIx64 ", 0x%" PRIx64 ")",
                  entry->addr, entry->addr + entry->size);
        if (entry->size && frames_entry_wraps(entry))
            wrong(SETUP_NOTHING_WRAPS, "expected an end, got [0x%" PRIx64 ", +0x%" PRIx64 ")",
                  entry->addr, entry->size);
    }
    for (unsigned i = 0; i < seen->extra_count; i++)
        if (seen->extra[i].pfn > seen->extra_end ||
            seen->extra[i].pages > seen->extra_end - seen->extra[i].pfn)
            wrong(SETUP_NOTHING_WRAPS, "expected extra memory within all memory, got 0x%lx+0x%lx",
                  seen->extra[i].pfn, seen->extra[i].pages);
}

static void expect_first_frames(const struct setup_area *area, const char *name)
{
    unsigned long until;

    for (unsigned long pfn = area->pfn; pfn < area->pfn + area->pages; pfn++)
        if (seen->entry(pfn, &until) != frames_first(pfn))
            wrong(SETUP_IMAGE_STAYS,
                  "PFN 0x%lx of the %s: expected its frame 0x%" PRIx64 ", got 0x%lx", pfn, name,
                  frames_first(pfn), seen->entry(pfn, &until));
}

/* What may have been moved is on RAM of the guest. It may have been loaded into the legacy hole,
   which a guest whose map has RAM there only keeps back from its allocators. */
static void expect_ram(const struct setup_area *area, const char *name)
{
    for (unsigned long pfn = area->pfn; pfn < area->pfn + area->pages && pfn < FRAMES_PFNS; pfn++) {
        struct run_of_pfns at = look_at(pfn);

        if (!is_frame(&at) || (!at.ram && !is_within(&seen->legacy, pfn)))
            wrong(SETUP_IMAGE_STAYS, "PFN 0x%lx of the %s: expected RAM with a frame", pfn, name);
        if (is_within(&guest->kernel, pfn) || is_within(&guest->start_info, pfn) ||
            is_within(&guest->tables, pfn))
            wrong(SETUP_IMAGE_STAYS, "PFN 0x%lx of the %s: expected it to be free", pfn, name);
    }
}

static void check_image(void)
{
    expect_first_frames(&guest->kernel, "kernel");
    expect_first_frames(&guest->start_info, "start info");
    expect_first_frames(&guest->tables, "page tables");
    expect_ram(&seen->list, "list");
    expect_ram(&seen->initrd, "initrd");
    if (!seen->initrd_is_whole)
        wrong(SETUP_IMAGE_STAYS, "expected the initrd at PFN 0x%lx to be as it was loaded",
              seen->initrd.pfn);
}

void setup_check(const struct setup_seen *of)
{
    seen = of;
    setup_firmware_moves = seen->moves_firmware;
    frames_count_entries();
    check_runs();
    check_frames();
    check_e820();
    check_image();
    for (int id = FIRST; id <= LAST; id++)
        run_count_check((enum invariant)id);
    setup_check_events();
}

UNINSTRUMENTED_END
