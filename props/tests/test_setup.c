// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The checks SETUP_* and their oracle: a boot that is right passes, and with one thing wrong just
 * the invariant of that is reported. The boot is made up here; no kernel is needed.
 */
#include <string.h>

#include "props/case/entry.h"
#include "props/check/run.h"
#include "props/check/setup.h"
#include "props/check/setup_coverage.h"
#include "unit.h"

enum { LIST = 128, RAM = 160, UNUSABLE = 40, END = 192 }; /* PFNs; a hole from 100 to 110 */

static struct setup_guest guest;
static struct setup_seen seen;
static unsigned long entries[END]; /* from there on all is identity */
static unsigned long wrong_m2p;    /* a frame with another PFN in the machine's table; 0: none */
static unsigned long reserved;     /* a PFN; 0: none */

static unsigned long entry_at(unsigned long pfn, unsigned long *until)
{
    *until = pfn < END ? pfn + 1 : FRAMES_PFNS;
    return pfn < END ? entries[pfn] : ENTRY_IDENTITY_OF(pfn);
}

static unsigned long m2p(unsigned long mfn)
{
    for (unsigned long pfn = 0; pfn < END; pfn++)
        if (entries[pfn] == mfn)
            return pfn + (mfn == wrong_m2p);
    return 0;
}

static bool is_reserved(unsigned long pfn)
{
    return reserved && pfn == reserved;
}

static struct frames_entry pages(unsigned start, unsigned end, uint32_t type)
{
    return (struct frames_entry){start * FRAMES_PAGE, (end - start) * FRAMES_PAGE, type};
}

/* A dom0 whose frames of the hole moved to behind its list; the rest of the RAM is extra memory. */
static void boot(void)
{
    guest = (struct setup_guest){.dom0 = true, .nr_pages = LIST, .map.count = 3};
    guest.map.entry[0] = pages(0, RAM, FRAMES_RAM);
    guest.map.entry[1] = pages(100, 110, 2);
    guest.map.entry[2] = pages(UNUSABLE, UNUSABLE + 1, FRAMES_UNUSABLE);
    guest.kernel = (struct setup_area){8, 2};
    guest.list = (struct setup_area){10, 16};
    guest.start_info = (struct setup_area){26, 1};
    guest.tables = (struct setup_area){27, 1};
    guest.initrd = (struct setup_area){50, 2};
    frames_deal(NULL, LIST, 0);
    seen = (struct setup_seen){.counts_released = true,
                               .e820_count = 3,
                               .extra_count = 1,
                               .entry = entry_at,
                               .m2p = m2p,
                               .is_reserved = is_reserved,
                               .reach = END,
                               .max_pfn = LIST + 10,
                               .list = guest.list,
                               .initrd = guest.initrd,
                               .initrd_is_whole = true,
                               .extra_end = FRAMES_PFNS};
    seen.e820[0] = pages(0, 100, FRAMES_RAM);
    seen.e820[1] = pages(100, 110, 2);
    seen.e820[2] = pages(110, RAM, FRAMES_RAM);
    seen.extra[0] = (struct setup_area){LIST + 10, RAM - LIST - 10};
    for (unsigned pfn = 0; pfn < END; pfn++)
        entries[pfn] = pfn < LIST        ? frames_first(pfn)
                       : pfn < LIST + 10 ? frames_first(pfn - LIST + 100)
                       : pfn < RAM       ? INVALID_P2M_ENTRY
                                         : ENTRY_IDENTITY_OF(pfn);
    for (unsigned pfn = 100; pfn < 110; pfn++)
        entries[pfn] = ENTRY_IDENTITY_OF(pfn);
    wrong_m2p = reserved = 0;
    setup_begin(&guest);
}

static void expect(enum invariant id, const char *what)
{
    static struct test_case none;
    struct verdict verdict;

    run.c = &none;
    if (VERDICT_CATCH(&verdict)) {
        if (verdict.id != id)
            fail_msg("%s: expected %s, got %s: %s", what, invariant_name(id),
                     invariant_name(verdict.id), verdict.details);
    } else {
        setup_check(&seen);
        verdict_end();
        if (id)
            fail_msg("%s: expected %s, got nothing", what, invariant_name(id));
    }
    boot();
}

/* ALARM(invariant, a statement that breaks it) */
#define ALARM(invariant, ...)                                                                      \
    do {                                                                                           \
        __VA_ARGS__;                                                                               \
        expect(SETUP_##invariant, #__VA_ARGS__);                                                   \
    } while (0)

static void test_alarms(void **state)
{
    (void)state;
    boot();
    expect(INVARIANT_NONE, "a boot");
    ALARM(FRAMES_ACCOUNTED, seen.released = 1);
    ALARM(FRAMES_ACCOUNTED, entries[5] = entries[6]);
    ALARM(FRAMES_ACCOUNTED, wrong_m2p = frames_first(7));
    ALARM(FRAMES_ACCOUNTED, frames_give_back(frames_first(7)));
    ALARM(ONLY_OUR_FRAMES, setup_event(SETUP_EVENT_MAPPED_NOT_OURS, 3));
    ALARM(ONLY_OUR_FRAMES, setup_event(SETUP_EVENT_BUFFER_NOT_OURS, 3),
          setup_event(SETUP_EVENT_M2P_NOT_OURS, 3));
    ALARM(RAM_HAS_FRAME, seen.extra[0].pages--);
    ALARM(RAM_HAS_FRAME, entries[RAM - 1] = ENTRY_IDENTITY_OF(RAM - 1));
    ALARM(RAM_HAS_FRAME, seen.e820[0] = pages(0, 99, FRAMES_RAM));
    ALARM(RAM_HAS_FRAME, setup_event(SETUP_EVENT_E820_IS_FULL, 3));
    ALARM(EXTRA_IS_EMPTY, seen.extra[0].pfn--, seen.extra[0].pages++);
    ALARM(EXTRA_IS_EMPTY, seen.extra[seen.extra_count++] = ((struct setup_area){105, 1}));
    ALARM(EXTRA_IS_EMPTY, reserved = LIST + 3);
    ALARM(RAM_ALIGNED, seen.e820[2].addr++, seen.e820[2].addr--, seen.e820[2].size++);
    ALARM(HOLES_ARE_IDENTITY, entries[105] = INVALID_P2M_ENTRY);
    ALARM(HOLES_ARE_IDENTITY, entries[105] = ENTRY_IDENTITY_OF(106));
    ALARM(LIST_REACHES, seen.reach = RAM - 1);
    ALARM(LIST_REACHES, seen.max_pfn--);
    ALARM(IMAGE_STAYS, seen.initrd_is_whole = false);
    ALARM(IMAGE_STAYS, seen.initrd.pfn = 105);
    ALARM(IMAGE_STAYS, seen.list.pfn = 9);
    ALARM(IMAGE_STAYS, setup_event(SETUP_EVENT_LIST_TO_NO_FRAME, 3));
    ALARM(NOTHING_WRAPS, setup_event(SETUP_EVENT_RESERVED_AROUND, 3));
    ALARM(NOTHING_WRAPS, seen.extra[seen.extra_count++] = ((struct setup_area){-1ul, 2}));
    ALARM(BUFFER_IS_OURS, setup_event(SETUP_EVENT_BUFFER_NOT_OURS, 3));
}

/* Unusable memory that is identity: nothing else is wrong if its frame was given back. */
static void test_unusable(void **state)
{
    (void)state;
    boot();
    frames_give_back(frames_first(UNUSABLE));
    seen.released = 1;
    entries[UNUSABLE] = ENTRY_IDENTITY_OF(UNUSABLE);
    seen.e820[0] = pages(0, UNUSABLE, FRAMES_RAM);
    seen.e820[seen.e820_count++] = pages(UNUSABLE + 1, 100, FRAMES_RAM);
    expect(SETUP_UNUSABLE_IS_RAM, "identity at unusable memory");
}

/* UNLESS(invariant, what is so, a design or a mask): it is reported without the design alone. */
#define UNLESS(invariant, difference, design)                                                      \
    do {                                                                                           \
        difference;                                                                                \
        expect(SETUP_##invariant, #difference);                                                    \
        difference;                                                                                \
        design;                                                                                    \
        expect(INVARIANT_NONE, #design);                                                           \
    } while (0)

/* RAM ends inside page 99, which keeps its frame. */
static void part_of_page(void)
{
    guest.map.entry[1].addr -= FRAMES_PAGE / 2;
    guest.map.entry[1].size += FRAMES_PAGE / 2;
    seen.e820[0] = pages(0, 99, FRAMES_RAM);
}

static void unusable_stays(void)
{
    seen.e820[0] = pages(0, UNUSABLE, FRAMES_RAM);
    seen.e820[seen.e820_count++] = pages(UNUSABLE + 1, 100, FRAMES_RAM);
}

static void extra_behind(unsigned pfn)
{
    seen.extra[seen.extra_count++] = (struct setup_area){pfn, 4};
    seen.e820[seen.e820_count++] = pages(pfn, pfn + 4, FRAMES_RAM);
    for (unsigned i = pfn; i < pfn + 4; i++)
        entries[i] = INVALID_P2M_ENTRY;
}

static void extra_beyond(void)
{
    seen.extra[seen.extra_count++] = (struct setup_area){(unsigned long)FRAMES_PFNS, 1};
}

/* The frames of the hole are nowhere. */
static void lose_frames(void)
{
    seen.extra[0] = (struct setup_area){LIST, RAM - LIST};
    for (unsigned pfn = LIST; pfn < LIST + 10; pfn++)
        entries[pfn] = INVALID_P2M_ENTRY;
}

/* By the design of the first versions, or behind a mask, some things are no violation; others are.
 */
static void test_designs(void **state)
{
    (void)state;
    boot();
    UNLESS(HOLES_ARE_IDENTITY, part_of_page(), seen.rounds_inward = true);
    ALARM(HOLES_ARE_IDENTITY, entries[105] = INVALID_P2M_ENTRY, seen.rounds_inward = true);
    UNLESS(HOLES_ARE_IDENTITY, entries[105] = INVALID_P2M_ENTRY,
           (seen.low_is_open = true, seen.legacy.pages = 106));
    ALARM(HOLES_ARE_IDENTITY, entries[105] = INVALID_P2M_ENTRY, seen.low_is_open = true,
          seen.legacy.pages = 105);
    UNLESS(RAM_HAS_FRAME, unusable_stays(), seen.unusable_is_left = true);
    UNLESS(RAM_HAS_FRAME, unusable_stays(), (seen.legacy = (struct setup_area){UNUSABLE, 1}));
    UNLESS(EXTRA_IS_EMPTY, extra_behind(RAM), seen.extra_is_behind = seen.end_is_open = true);
    ALARM(EXTRA_IS_EMPTY, extra_behind(104), seen.extra_is_behind = seen.end_is_open = true);
    UNLESS(NOTHING_WRAPS, extra_beyond(), seen.extra_end = UINT64_MAX);
    UNLESS(FRAMES_ACCOUNTED, lose_frames(), seen.identity_loses = true);
    ALARM(FRAMES_ACCOUNTED, lose_frames(), seen.identity_loses = true,
          entries[5] = INVALID_P2M_ENTRY);
}

static uint64_t met(enum setup_was was, enum setup_place place, enum setup_became became)
{
    return setup_cell_met[setup_cell(true, was, place, became)];
}

/* The boot of above, by its cells; none of them is impossible, and each name is unlike the others.
 */
static void test_cells(void **state)
{
    unsigned reached = 0;

    (void)state;
    memset(setup_cell_met, 0, sizeof(setup_cell_met));
    boot();
    expect(INVARIANT_NONE, "a boot");
    assert_true(met(SETUP_WAS_RAM, SETUP_LISTED, SETUP_OWN_FRAME));
    assert_int_equal(met(SETUP_WAS_RAM, SETUP_STAYS, SETUP_OWN_FRAME), 2 + 1 + 1);
    assert_int_equal(met(SETUP_WAS_RAM, SETUP_MAY_MOVE, SETUP_OWN_FRAME), 16 + 2);
    assert_int_equal(met(SETUP_WAS_UNUSABLE, SETUP_LISTED, SETUP_OWN_FRAME), 1);
    assert_int_equal(met(SETUP_WAS_PART, SETUP_LISTED, SETUP_IDENTITY), 10);
    assert_int_equal(met(SETUP_WAS_RAM, SETUP_BEHIND, SETUP_OTHER_FRAME), 10);
    assert_true(met(SETUP_WAS_RAM, SETUP_BEHIND, SETUP_EXTRA));
    assert_true(met(SETUP_WAS_NONE, SETUP_BEHIND, SETUP_IDENTITY));
    for (unsigned cell = 0; cell < SETUP_CELLS; cell++) {
        char name[128], other[128];

        reached += setup_cell_met[cell] > 0;
        assert_true(!setup_cell_met[cell] || !setup_cell_impossible(cell));
        setup_cell_name(cell, name, sizeof(name));
        for (unsigned k = 0; k < cell; k++) {
            setup_cell_name(k, other, sizeof(other));
            assert_string_not_equal(name, other);
        }
    }
    assert_int_equal(reached, 8);
}

static void test_classes(void **state)
{
    const struct frames_map map = {
        .count = 5,
        .entry = {{0, 3 * FRAMES_PAGE / 2, FRAMES_RAM},
                  {3 * FRAMES_PAGE / 2, FRAMES_PAGE / 2, FRAMES_UNUSABLE},
                  {2 * FRAMES_PAGE, FRAMES_PAGE, FRAMES_RAM},
                  {2 * FRAMES_PAGE + 1, 1, FRAMES_NVS},
                  {4 * FRAMES_PAGE, 0 - 4 * FRAMES_PAGE, FRAMES_RAM}}};
    const struct frames_map covered = {
        .count = 2,
        .entry = {{0, 2 * FRAMES_PAGE, FRAMES_RAM}, {0, 2 * FRAMES_PAGE - 1, FRAMES_NVS}}};
    const enum frames_class classes[] = {FRAMES_PAGE_RAM, FRAMES_PAGE_UNUSABLE, FRAMES_PAGE_OTHER,
                                         FRAMES_PAGE_OTHER, FRAMES_PAGE_OTHER};
    uint64_t until;

    (void)state;
    for (unsigned page = 0; page < 5; page++)
        assert_int_equal(frames_class(&map, page, &until), classes[page]);
    assert_true(until > FRAMES_PFNS);
    for (unsigned page = 0; page < 5; page++)
        assert_int_equal(frames_has_memory(&map, page), page < 3); /* the last entry wraps */
    for (unsigned page = 0; page < 5; page++)
        assert_int_equal(frames_is_memory_in_part(&map, page), page < 3);
    assert_false(frames_is_memory_in_part(&covered, 0));
    assert_true(frames_is_memory_in_part(&covered, 1));
    assert_true(frames_entry_wraps(&map.entry[4]));
    assert_int_equal(frames_of_map(&map), 0); /* page 0 stays with the machine */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alarms),  cmocka_unit_test(test_unusable),
        cmocka_unit_test(test_designs), cmocka_unit_test(test_cells),
        cmocka_unit_test(test_classes),
    };

    return cmocka_run_group_tests_name("setup", tests, NULL, NULL);
}
