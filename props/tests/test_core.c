// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The core by hand, where a number is worth more than a model: what calls cost,
 * what a failed build leaves, a list longer than the table, and the E820 walk on
 * maps that are easy to get wrong. No machine in between.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "core/e820.h"
#include "props/base/invariants.h"
#include "props/host/host.h"
#include "unit.h"

/* ---- a platform that counts ---- */

static unsigned live, asked, refuse_at;

static void *page_alloc(void *ctx)
{
    void *page;

    (void)ctx;
    if (++asked == refuse_at)
        return NULL;
    page = test_malloc(P2M_PAGE_BYTES);
    memset(page, 0x5a, P2M_PAGE_BYTES);
    live++;
    return page;
}

static void page_free(void *ctx, void *page)
{
    (void)ctx;
    live--;
    test_free(page);
}

static p2m_word virt_to_mfn(void *ctx, const void *page)
{
    (void)ctx;
    return (p2m_word)((uintptr_t)page >> 3) & (IDENTITY_FRAME_BIT - 1);
}

static unsigned bugs, warnings;
static jmp_buf after_bug;

static void warn(void *ctx, const char *text)
{
    (void)ctx, (void)text;
    warnings++;
}

static void bug(void *ctx, const char *text)
{
    (void)ctx, (void)text;
    bugs++;
    longjmp(after_bug, 1);
}

static const struct p2m_platform platform = {NULL, page_alloc, page_free, virt_to_mfn, warn, bug};
static struct p2m_shared_info info;
static struct p2m p2m;

#define ROOTS 4u

static void boot(p2m_word *list, p2m_word nr_pages)
{
    host_reset(); /* a case begins: so much for who counts steps (runner/steps.c) */
    p2m_sync_left = ~0u;
    live = asked = refuse_at = 0;
    memset(&info, 0, sizeof(info));
    p2m_init(&p2m, &host_shared, &platform, false);
    assert_true(xen_build_dynamic_phys_to_machine(&p2m, list, nr_pages));
    xen_build_mfn_list_list(&p2m);
    xen_setup_mfn_list_list(&p2m, &info);
}

static void finish(void)
{
    p2m_destroy(&p2m);
    assert_int_equal(live, 0);
}

/* Pages that a statement takes for good. */
#define COST(statement)                                                                            \
    __extension__({                                                                                \
        unsigned before_ = live;                                                                   \
        p2m_sync_left = ~0u;                                                                       \
        statement;                                                                                 \
        live - before_;                                                                            \
    })

static void test_worked_example(void **state)
{
    const p2m_word s = P2M_MID_SPAN + 2 * P2M_LEAF + P2M_LEAF / 2;
    const p2m_word e = P2M_MID_SPAN + (P2M_MID - 2) * (p2m_word)P2M_LEAF + P2M_LEAF / 2;

    (void)state;
    boot(NULL, 0);
    /* one mid, two leaves, and the mid's page of the MFN tree */
    assert_int_equal(COST(assert_true(set_phys_range_identity(&p2m, s, e) == e - s)), 3 + 1);
    for (p2m_word pfn = P2M_MID_SPAN; pfn < 2 * P2M_MID_SPAN; pfn++)
        assert_true(get_phys_to_machine(&p2m, pfn) ==
                    (pfn >= s && pfn < e ? IDENTITY_FRAME(pfn) : INVALID_P2M_ENTRY));
    for (unsigned mi = 3; mi < P2M_MID - 2; mi++)
        assert_ptr_equal(p2m.top[1][mi], host_shared.identity);
    assert_ptr_equal(p2m.top[0], host_shared.mid_missing);
    finish();
}

static void test_costs(void **state)
{
    (void)state;
    boot(NULL, 0);
    assert_int_equal(live, ROOTS);
    assert_int_equal(COST(set_phys_range_identity(&p2m, 0, ~(p2m_word)0)), 0);
    assert_true(get_phys_to_machine(&p2m, MAX_P2M_PFN - 1) == IDENTITY_FRAME(MAX_P2M_PFN - 1));
    finish();

    boot(NULL, 0);
    assert_int_equal(COST(set_phys_range_identity(&p2m, 5, 5)), 0);
    assert_int_equal(COST(set_phys_to_machine(&p2m, 1, 7)), 2 + 1);
    assert_int_equal(COST(set_phys_to_machine(&p2m, 0, 8)), 0);
    assert_int_equal(COST(set_phys_to_machine(&p2m, P2M_LEAF, 8)), 1);
    assert_int_equal(COST(set_phys_to_machine(&p2m, MAX_P2M_PFN - 1, INVALID_P2M_ENTRY)), 0);
    assert_int_equal(info.max_pfn, 2 * P2M_LEAF);
    finish();

    boot(NULL, 0); /* across all: a mid and a leaf at each end */
    assert_int_equal(COST(set_phys_range_identity(&p2m, 1, MAX_P2M_PFN - 1)), 4 + 2);
    finish();
}

static void test_build_with_a_refused_page(void **state)
{
    static p2m_word list[4 * P2M_LEAF];
    unsigned needed;

    (void)state;
    boot(list, 3 * P2M_LEAF - 1);
    needed = asked;
    assert_true(list[3 * P2M_LEAF - 1] == INVALID_P2M_ENTRY);
    finish();
    for (unsigned n = 1; n <= needed; n++) {
        list[3 * P2M_LEAF - 1] = 0x77; /* garbage behind the last entry */
        p2m_init(&p2m, &host_shared, &platform, false);
        asked = 0;
        refuse_at = n;
        assert_false(xen_build_dynamic_phys_to_machine(&p2m, list, 3 * P2M_LEAF - 1));
        assert_int_equal(live, 0);
        assert_true(list[3 * P2M_LEAF - 1] == 0x77);
        refuse_at = 0;
        assert_true(xen_build_dynamic_phys_to_machine(&p2m, list, 3 * P2M_LEAF - 1));
        finish();
    }
}

/* More pages than the table can hold: it is filled to its last entry and no further. */
static void test_build_beyond_max(void **state)
{
    size_t bytes = ((size_t)MAX_P2M_PFN + P2M_LEAF) * sizeof(p2m_word);
    p2m_word *list;

    (void)state;
    if (sizeof(void *) == 4 && MAX_P2M_PFN > 1 << 20)
        skip();
    list = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                -1, 0);
    assert_true(list != MAP_FAILED);
    list[MAX_P2M_PFN - 1] = 0x123;
    list[MAX_P2M_PFN] = 0x456;
    boot(list, MAX_P2M_PFN + 3);
    assert_true(get_phys_to_machine(&p2m, MAX_P2M_PFN - 1) == 0x123);
    assert_true(get_phys_to_machine(&p2m, MAX_P2M_PFN) == INVALID_P2M_ENTRY);
    assert_true(info.max_pfn == MAX_P2M_PFN);
    assert_true(list[MAX_P2M_PFN] == 0x456);
    assert_int_equal(live, ROOTS + 2 * P2M_TOP);
    finish();
    munmap(list, bytes);
}

static void test_auto_translated(void **state)
{
    (void)state;
    live = asked = 0;
    p2m_init(&p2m, &host_shared, &platform, true);
    assert_true(xen_build_dynamic_phys_to_machine(&p2m, NULL, 99));
    xen_build_mfn_list_list(&p2m);
    xen_setup_mfn_list_list(&p2m, &info);
    assert_true(set_phys_to_machine(&p2m, 5, 7) && __set_phys_to_machine(&p2m, ~(p2m_word)0, 7));
    assert_true(get_phys_to_machine(&p2m, 5) == INVALID_P2M_ENTRY);
    assert_true(pfn_to_mfn(&p2m, MAX_P2M_PFN + 5) == MAX_P2M_PFN + 5);
    assert_true(set_phys_range_identity(&p2m, 2, ~(p2m_word)0) == MAX_P2M_PFN - 2);
    assert_true(set_phys_range_identity(&p2m, 2000, 1000) == 0);
    assert_int_equal(asked, 0);
    finish();
}

static void test_bugs_of_the_caller(void **state)
{
    (void)state;
    bugs = 0;
    boot(NULL, 0);
    if (!setjmp(after_bug))
        xen_build_dynamic_phys_to_machine(&p2m, NULL, 0);
    assert_int_equal(bugs, 1);
    finish();
    if (!setjmp(after_bug))
        xen_build_mfn_list_list(&p2m);
    assert_int_equal(bugs, 2);
    if (!setjmp(after_bug))
        xen_setup_mfn_list_list(&p2m, &info);
    assert_int_equal(bugs, 3);
    assert_int_equal(warnings, 0);
}

/* Each page ends where it ends. */
static void test_shared_pages(void **state)
{
    static uint64_t page[4][P2M_PAGE_BYTES / sizeof(uint64_t) + 1];
    const unsigned past = P2M_PAGE_BYTES / sizeof(uint64_t);
    void *const pages[4] = {page[0], page[1], page[2], page[3]};
    struct p2m_shared shared;

    (void)state;
    p2m_shared_init(&shared, pages);
    for (unsigned i = 0; i < 4; i++)
        assert_true(page[i][past] == 0);
}

/* ---- more calls at a time than a case can have ---- */

/* Other calls inside the running one: each so many sync points after the one before it. */
static struct {
    unsigned points;
    void (*call)(void);
} script[2];
static unsigned played;

static void play_on(void)
{
    unsigned next = ++played;

    p2m_sync_left = ~0u;
    script[next - 1].call();
    sync_arm(next < 2 && script[next].points ? script[next].points : ~0u, play_on);
}

static void play(unsigned first, void (*call)(void), unsigned second, void (*then)(void))
{
    script[0].points = first;
    script[0].call = call;
    script[1].points = second;
    script[1].call = then;
    played = 0;
    sync_arm(first, play_on);
}

#define BASE ((p2m_word)P2M_LEAF) /* the leaf that all of them want; its mid is private */

static bool neighbour_done;

static void leaf_becomes_identity(void)
{
    assert_true(set_phys_range_identity(&p2m, BASE, BASE + P2M_LEAF) == P2M_LEAF);
}

static void neighbour_is_set(void)
{
    neighbour_done = set_phys_to_machine(&p2m, BASE + 1, 0x77);
    assert_true(neighbour_done);
}

/*
 * A slot moves twice under a set: missing -> identity -> private. It looks again each
 * time, and then stores.
 */
static void test_loses_twice(void **state)
{
    (void)state;
    warnings = 0;
    for (unsigned first = 1; first < 40; first++)
        for (unsigned second = 1; second < 24; second++) {
            boot(NULL, 0);
            assert_true(set_phys_to_machine(&p2m, 0, 5));
            neighbour_done = false;
            play(first, leaf_becomes_identity, second, neighbour_is_set);
            assert_true(set_phys_to_machine(&p2m, BASE, 0x99));
            p2m_sync_left = ~0u;
            assert_int_equal(warnings, 0);
            assert_true(get_phys_to_machine(&p2m, 0) == 5);
            if (neighbour_done)
                assert_true(get_phys_to_machine(&p2m, BASE + 1) == 0x77);
            finish();
        }
}

static bool saw_identity;

/* Identity is there for all to see; who then stores something else has the last word. */
static void look_and_set(void)
{
    saw_identity = get_phys_to_machine(&p2m, BASE + 1) == IDENTITY_FRAME(BASE + 1);
    neighbour_is_set();
}

static void test_what_was_seen_is_done(void **state)
{
    const p2m_word ends[] = {P2M_LEAF, P2M_MID_SPAN, P2M_MID_SPAN + 1, MAX_P2M_PFN};
    unsigned seen = 0;

    (void)state;
    for (unsigned e = 0; e < 4; e++)
        for (unsigned point = 1; point < 40; point++) {
            boot(NULL, 0);
            saw_identity = false;
            play(point, look_and_set, 0, NULL);
            set_phys_range_identity(&p2m, e ? 0 : BASE, e ? ends[e] : BASE + P2M_LEAF);
            p2m_sync_left = ~0u;
            if (saw_identity)
                assert_true(get_phys_to_machine(&p2m, BASE + 1) == 0x77);
            seen += saw_identity;
            finish();
        }
    assert_true(seen > 0);
}

/* ---- E820 ---- */

#define PAGES(n) ((uint64_t)(n) * 4096)

static char found[512];

static void add_range(void *ctx, p2m_word start, p2m_word end)
{
    size_t length = strlen(found);

    (void)ctx;
    snprintf(found + length, sizeof(found) - length, "%llu-%llu ", (unsigned long long)start,
             (unsigned long long)end);
}

static void ranges_are(const struct p2m_e820_entry *map, unsigned count, bool domu,
                       const char *expected)
{
    found[0] = '\0';
    p2m_e820_identity_ranges(map, count, domu, add_range, NULL);
    assert_string_equal(found, expected);
}

static void test_e820(void **state)
{
    const struct p2m_e820_entry hole_in_a_page[] = {{0, PAGES(1) + 0x800, 1},
                                                    {PAGES(1) + 0xc00, PAGES(3), 2}};
    const struct p2m_e820_entry unsorted[] = {{PAGES(5), PAGES(6), 1}, {0, PAGES(2), 1}};
    const struct p2m_e820_entry overlap[] = {
        {0, PAGES(6), 1}, {PAGES(1), PAGES(3), 2}, {PAGES(2), PAGES(5), 5}};
    const struct p2m_e820_entry empty[] = {{PAGES(3), PAGES(3), 2}, {PAGES(9), PAGES(2), 2}};
    const struct p2m_e820_entry touching[] = {
        {PAGES(1), PAGES(2) + 1, 2}, {PAGES(2) + 1, PAGES(3), 3}, {PAGES(3), PAGES(4), 1}};
    const struct p2m_e820_entry high[] = {{PAGES(MAX_P2M_PFN - 1), ~(uint64_t)0, 2},
                                          {0, PAGES(MAX_P2M_PFN - 1), 1}};
    const struct p2m_e820_entry in_a_page[] = {{0, PAGES(1) + 0x400, 1},
                                               {PAGES(1) + 0x800, PAGES(2), 1}};
    const struct p2m_e820_entry across[] = {{0, PAGES(1) + 0x400, 1},
                                            {PAGES(2) + 0x400, PAGES(3), 1}};
    const struct p2m_e820_entry unknown[] = {{0, PAGES(3), 1}, {PAGES(1), PAGES(2), 0}};
    const struct p2m_e820_entry one_more[] = {{PAGES(MAX_P2M_PFN - 1), PAGES(MAX_P2M_PFN + 1), 2},
                                              {0, PAGES(MAX_P2M_PFN - 1), 1}};
    char expected[64];

    (void)state;
    ranges_are(in_a_page, 2, false, ""); /* no page is whole */
    ranges_are(across, 2, false, "");
    ranges_are(unknown, 2, false, "1-2 ");        /* type 0 is no RAM */
    ranges_are(hole_in_a_page, 2, false, "2-3 "); /* page 1 is RAM, hole and reserved */
    ranges_are(unsorted, 2, false, "2-5 ");
    ranges_are(overlap, 3, false, "1-2 ");
    ranges_are(empty, 2, false, "");
    ranges_are(touching, 3, false, "0-3 ");
    ranges_are(unsorted, 0, false, "");
    snprintf(expected, sizeof(expected), "%llu-%llu ", (unsigned long long)MAX_P2M_PFN - 1,
             (unsigned long long)MAX_P2M_PFN);
    ranges_are(high, 2, false, expected);
    ranges_are(one_more, 2, false, expected);
}

static void test_e820_domu(void **state)
{
    const struct p2m_e820_entry map[] = {{0, PAGES(10), 2}, {PAGES(300), PAGES(400), 1}};

    (void)state;
    if (MAX_P2M_PFN < 512)
        skip(); /* there is no first MiB in it */
    ranges_are(map, 2, false, "0-300 ");
    ranges_are(map, 2, true, "256-300 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worked_example),
        cmocka_unit_test(test_costs),
        cmocka_unit_test(test_build_with_a_refused_page),
        cmocka_unit_test(test_build_beyond_max),
        cmocka_unit_test(test_auto_translated),
        cmocka_unit_test(test_bugs_of_the_caller),
        cmocka_unit_test(test_shared_pages),
        cmocka_unit_test(test_loses_twice),
        cmocka_unit_test(test_what_was_seen_is_done),
        cmocka_unit_test(test_e820),
        cmocka_unit_test(test_e820_domu),
    };

    host_start();
    p2m_sync_left = ~0u;
    return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
