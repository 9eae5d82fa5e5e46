// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The traps themselves: an index past a page and a use after free are reported;
 * checks_fast() says no to each thing that can be wrong; MFNs lead back to their pages; sync
 * points tell what follows.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/access.h"
#include "props/base/asan.h"
#include "props/check/checks.h"
#include "props/run/executor.h"
#include "unit.h"

/* How far out of bounds, where no compiler sees it. */
static volatile size_t page_bytes = P2M_PAGE_BYTES;
static volatile ptrdiff_t one = 1;

static void past_a_page(void)
{
    volatile uint8_t *page = host_page_alloc();

    page[page_bytes] = 1;
}

static void before_a_page(void)
{
    volatile uint8_t *page = host_page_alloc();

    if (page == host_arena)
        page = host_page_alloc();
    page[-one] = 1;
}

static void after_free(void)
{
    volatile uint8_t *page = host_page_alloc();

    host_page_free((void *)page);
    page[P2M_PAGE_BYTES / 2] = 1;
}

static struct builder builder;

static p2m_word *list_of(uint64_t pages)
{
    builder_start(&builder, &(struct boot){.nr_pages = pages});
    return host_mfn_list(&builder);
}

static void past_the_list(void)
{
    volatile p2m_word *list = list_of(P2M_LEAF + 1);

    list[2 * P2M_LEAF] = 1;
}

static void stale_info(void)
{
    volatile struct p2m_shared_info *old = host.info;

    host_resume();
    old->max_pfn = 1;
}

/* Does `trespass`, in a process of its own, get caught? */
static bool is_caught(void (*trespass)(void))
{
    int status;
    pid_t child = fork();

    if (!child) {
        if (ASAN_IS_ON)
            close(2); /* its report is expected */
        host_reset();
        trespass();
        _exit(host_redzones_dirty(0) ? 77 : 0);
    }
    waitpid(child, &status, 0);
    return !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void nothing(void)
{
    host_page_free(host_page_alloc());
}

static void a_list_after_an_empty_one(void)
{
    host_stretch_list(0);
    host_stretch_list(P2M_LEAF);
    *(volatile p2m_word *)host_list = 1;
}

static void test_traps(void **state)
{
    (void)state;
    assert_false(is_caught(nothing));
    assert_false(is_caught(a_list_after_an_empty_one));
    assert_true(is_caught(past_a_page));
    assert_true(is_caught(before_a_page));
    assert_true(is_caught(after_free));
    if (ASAN_IS_ON)
        assert_true(is_caught(past_the_list));
    assert_true(is_caught(stale_info));
}

static void test_pages(void **state)
{
    unsigned near = 0;
    uint8_t *last = NULL;

    (void)state;
    host_reset();
    for (unsigned i = 0; i < 500; i++) {
        uint8_t *page = host_page_alloc();

        assert_int_equal((uintptr_t)page % sizeof(void *), 0);
        assert_true(page[0] != 0 && page[P2M_PAGE_BYTES - 1] != 0); /* never zeroed */
        near += last && (page == last + HOST_STRIDE || last == page + HOST_STRIDE);
        last = page;
        if (i % 3 == 0)
            host_page_free(page);
    }
    assert_int_equal(near, 0);
    host_arm(2);
    assert_non_null(host_page_alloc());
    assert_null(host_page_alloc());
    assert_true(host.refused);
    assert_non_null(host_page_alloc());
}

static void test_mfns(void **state)
{
    void *page;
    p2m_word *list, before, mfn = 0x12345;

    (void)state;
    host_reset();
    list = list_of(2 * P2M_LEAF);
    page = host_page_alloc();
    before = host_virt_to_mfn(page);
    for (unsigned i = 0; i < 300; i++) {
        assert_ptr_equal(host_mfn_to_virt(host_virt_to_mfn(page)), page);
        assert_ptr_equal(host_mfn_to_virt(host_virt_to_mfn(list + P2M_LEAF)), list + P2M_LEAF);
        assert_ptr_equal(host_mfn_to_virt(host_virt_to_mfn(host_shared.identity)),
                         host_shared.identity);
        assert_null(host_mfn_to_virt(INVALID_P2M_ENTRY));
        host_resume();
        mfn = mfn_after_resume(mfn);
        assert_true(entry_is_plain(mfn) && host_virt_to_mfn(page) != before);
    }
    host_page_free(page);
    assert_null(host_mfn_to_virt(host_virt_to_mfn(page)));
}

/* A store that changes more than the compiler knows: its fault notes it. */
static void store(p2m_word *at, p2m_word value)
{
    *(volatile p2m_word *)at = value;
    __asm__ volatile("" ::: "memory");
}

/* A list as long as the table, and one leaf more: all holes until somebody stores there. */
static void test_sparse_list(void **state)
{
    const unsigned leaf = HOST_DENSE_LEAVES + 7;
    const uint64_t far = (uint64_t)leaf * P2M_LEAF;
    p2m_word *list;

    (void)state;
    if (!HOST_SPARSE_LISTS)
        skip();
    host_reset();
    list = list_of(shape_word_mask(&shape_here));
    assert_int_equal(host.list_words, MAX_P2M_PFN + P2M_LEAF);
    assert_true(list[0] == MFN_OF_LIST && list[LIST_FRAMES - 1] == MFN_OF_LIST + LIST_FRAMES - 1);
    assert_true(list[LIST_FRAMES] == INVALID_P2M_ENTRY && list[far] == INVALID_P2M_ENTRY);
    assert_true(list[MAX_P2M_PFN - 1] == INVALID_P2M_ENTRY);
    assert_true(host_leaf_is_pristine(leaf) && !host_leaf_is_pristine(0));
    assert_true(host_list_intact(&builder));
    store(&list[far + 1], 1);
    assert_true(!host_leaf_is_pristine(leaf) && host_leaf_is_pristine(leaf + 1));
    assert_true(list[far] == INVALID_P2M_ENTRY && list[far + 1] == 1);
    assert_false(host_list_intact(&builder));
    list = list_of(far + 2); /* what was stored is gone; the tail of the last leaf is garbage */
    assert_true(list[far + 1] == INVALID_P2M_ENTRY && list[far + 2] != INVALID_P2M_ENTRY);
    assert_true(host_list_intact(&builder));
    store(&list[far + P2M_LEAF - 1], 1);
    assert_false(host_list_intact(&builder));
    builder_start(&builder, &(struct boot){.nr_pages = MAX_P2M_PFN});
    builder_take(&builder, &(struct op){.kind = OP_LIST, .pfn = far, .arg = 5});
    list = host_mfn_list(&builder);
    assert_true(list[far] == 5 && list[far + 2] == INVALID_P2M_ENTRY &&
                !host_leaf_is_pristine(leaf));
    host_reset();
    assert_true(host_leaf_is_pristine(leaf));
}

/* Stores in one leaf after another, up to the list's last one. */
static void test_range_in_sparse_list(void **state)
{
    const unsigned from = HOST_DENSE_LEAVES + 3, end = from + 100;
    p2m_word *list;

    (void)state;
    if (!HOST_SPARSE_LISTS)
        skip();
    host_reset();
    list = list_of((uint64_t)end * P2M_LEAF);
    for (unsigned leaf = from; leaf < end; leaf++)
        store(&list[(size_t)leaf * P2M_LEAF], leaf);
    assert_true(host_leaf_is_pristine(from - 1) && host_leaf_is_pristine(end));
    for (unsigned leaf = from; leaf < end; leaf++)
        assert_true(list[(size_t)leaf * P2M_LEAF] == leaf && !host_leaf_is_pristine(leaf));
    list = list_of((uint64_t)end * P2M_LEAF);
    assert_true(host_list_intact(&builder));
    for (unsigned leaf = from; leaf < end; leaf++)
        assert_true(host_leaf_is_pristine(leaf) &&
                    list[(size_t)leaf * P2M_LEAF] == INVALID_P2M_ENTRY);
    store(&list[(size_t)(end - 1) * P2M_LEAF + 1], 1);
    assert_false(host_list_intact(&builder));
    host_reset();
}

/* ---- the fast check ---- */

static unsigned refusals;

/* Changes `*word` in the standing tree and demands a no; puts it back and demands a yes. */
#define MUST_BE_SEEN(lvalue, other)                                                                \
    do {                                                                                           \
        __typeof__(lvalue) was_ = (lvalue);                                                        \
        (lvalue) = (other);                                                                        \
        assert_false(checks_fast());                                                               \
        (lvalue) = was_;                                                                           \
        assert_true(checks_fast());                                                                \
        refusals++;                                                                                \
    } while (0)

static void break_everything(void)
{
    struct subject_view *view = &run.view;
    const unsigned ti = P2M_TOP - 1, mi = P2M_MID - 1;
    p2m_word **mid = view->top[ti], *leaf = mid[mi], *grafted = view->top[0][0];
    unsigned leaf_index = (unsigned)host_page_index(leaf) % HOST_PAGES;
    void *foreign_page;

    assert_true(checks_fast());
    MUST_BE_SEEN(leaf[P2M_LEAF - 1], 0x1234);
    MUST_BE_SEEN(grafted[0], 0x1234);
    MUST_BE_SEEN(mid[mi], view->missing);
    MUST_BE_SEEN(mid[mi], view->identity);
    MUST_BE_SEEN(mid[mi], leaf + 1);
    MUST_BE_SEEN(mid[mi], (p2m_word *)(void *)mid);
    MUST_BE_SEEN(mid[mi], grafted);
    MUST_BE_SEEN(mid[0], leaf);
    MUST_BE_SEEN(view->top[0][0], view->missing);
    MUST_BE_SEEN(view->top[ti], view->mid_missing);
    MUST_BE_SEEN(view->top[ti], view->top[0]);
    MUST_BE_SEEN(view->top[1], view->mid_identity);
    MUST_BE_SEEN(view->top[1], mid);
    MUST_BE_SEEN(view->top_mfn[ti], 5);
    MUST_BE_SEEN(view->top_mfn[1], 5);
    MUST_BE_SEEN(view->top_mfn_p[ti], view->mid_missing_mfn);
    MUST_BE_SEEN(view->top_mfn_p[1], view->top_mfn_p[ti]);
    MUST_BE_SEEN(view->top_mfn_p[ti][mi], 5);
    MUST_BE_SEEN(view->top_mfn_p[ti][0], 5);
    MUST_BE_SEEN(view->mid_missing_mfn[mi], 5);
    MUST_BE_SEEN(host.info->max_pfn, MAX_P2M_PFN - P2M_LEAF);
    MUST_BE_SEEN(host.info->pfn_to_mfn_frame_list_list, 5);
    MUST_BE_SEEN(host.state[leaf_index], HOST_FREED);
    MUST_BE_SEEN(host.live, host.live + 1);
    host_seal(false);
    MUST_BE_SEEN(view->identity[P2M_LEAF - 1], 0x1234);
    MUST_BE_SEEN(view->missing[0], 0x1234);
    MUST_BE_SEEN(view->mid_missing[0], view->identity);
    MUST_BE_SEEN(view->mid_identity[P2M_MID - 1], NULL);
    host_seal(true);
    foreign_page = host_page_alloc();
    assert_false(checks_fast());
    host_page_free(foreign_page);
    assert_true(checks_fast());
}

static void test_fast_check(void **state)
{
    static struct test_case c;
    struct verdict verdict;

    (void)state;
    if (P2M_TOP < 3)
        skip();
    memset(&c, 0, sizeof(c));
    c.boot.nr_pages = P2M_LEAF;
    c.ops[c.count++] = (struct op){.kind = OP_SET, .pfn = MAX_P2M_PFN - 1, .arg = 0x77};
    executor_at_end = break_everything;
    refusals = 0;
    assert_true(executor_run(&subject_core, &c, CHECK_EVERY, &verdict));
    executor_at_end = NULL;
    assert_int_equal(refusals, 28);
}

static struct sync_access seen[8];
static unsigned seen_count, at_zero_after;
static bool at_zero_ran;

static void note_access(const struct sync_access *access)
{
    assert_true(seen_count < 8);
    seen[seen_count++] = *access;
}

static void note_zero(void)
{
    at_zero_after = seen_count;
    at_zero_ran = true;
    sync_arm_limit();
}

/* The watcher is told of each point, and what follows; the hook runs before that access. */
static void test_watched_points(void **state)
{
    static p2m_word word;

    (void)state;
    sync_watch(note_access);
    sync_arm(3, note_zero);
    assert_false(sync_was_passed());
    p2m_store(&word, (p2m_word)5);
    assert_true(sync_was_passed());
    assert_int_equal(p2m_load(&word), 5);
    assert_true(p2m_cas(&word, (p2m_word)5, (p2m_word)6));
    p2m_loop();
    P2M_SYNC();
    sync_watch(NULL);
    sync_arm_limit();
    assert_int_equal(p2m_load(&word), 6);
    assert_int_equal(seen_count, 5);
    assert_true(at_zero_ran && at_zero_after == 2);
    assert_int_equal(seen[0].kind, P2M_STORE);
    assert_int_equal(seen[0].value, 5);
    assert_int_equal(seen[0].size, sizeof(p2m_word));
    assert_ptr_equal(seen[0].address, &word);
    assert_int_equal(seen[1].kind, P2M_LOAD);
    assert_int_equal(seen[2].kind, P2M_CAS);
    assert_int_equal(seen[2].value, 6);
    assert_int_equal(seen[3].kind, P2M_LOOP);
    assert_int_equal(seen[4].kind, P2M_CALL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_traps),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_mfns),
        cmocka_unit_test(test_sparse_list),
        cmocka_unit_test(test_range_in_sparse_list),
        cmocka_unit_test(test_fast_check),
        cmocka_unit_test(test_watched_points),
    };

    host_start();
    return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
