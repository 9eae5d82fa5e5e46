// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Guests with the boot flag judge: their tree describes its own pages, in any program. Where the
 * program has a judge: which damage to a guest it reports as an error, and which it saves without
 * a word, so that frames are lost or come twice. The damage is done to the memory of the guest.
 */
#include <stdio.h>
#include <string.h>

#include "props/judges/judge.h"
#include "props/run/executor.h"
#include "unit.h"

#define LAST 3 /* the last mid with frames; the memory of the restore grows with it */
#define SPAN P2M_MID_SPAN

static struct test_case guest;
static struct verdict verdict;
static p2m_word saved;

static void add(unsigned kind, uint64_t pfn, uint64_t arg)
{
    guest.ops[guest.count++] = (struct op){.kind = (uint8_t)kind, .pfn = pfn, .arg = arg};
}

/* A guest with frames in the first mid, and in the last two; then the ops of `more` may follow. */
static void start_with(void (*more)(void))
{
    unsigned count;

    memset(&guest, 0, sizeof(guest));
    guest.boot.nr_pages = 3;
    guest.boot.flags = 1u << BOOT_JUDGE;
    add(OP_SET, (LAST - 1) * SPAN + 1, 0x11);
    add(OP_SET, LAST * SPAN + 1, 0x22);
    add(OP_RANGE, (LAST - 1) * SPAN + 2 * P2M_LEAF, (LAST - 1) * SPAN + 4 * P2M_LEAF);
    count = guest.count;
    if (more)
        more();
    memset(&run.tally, 0, sizeof(run.tally));
    assert_true(executor_start(&subject_core, &guest, CHECK_EVERY, &verdict));
    assert_true(executor_steps(0, count, &verdict));
}

static void start(void)
{
    start_with(NULL);
}

static void expect_save(const char *error)
{
    const char *said = judge_here->save(run.view.missing, NULL, &saved);

    if (!error && said)
        fail_msg("expected a save, got: %s", said);
    if (error && (!said || !strstr(said, error)))
        fail_msg("expected '%s', got: %s", error, said ? said : "a save");
}

/* What the judge has read. */
static p2m_word entry(p2m_word pfn)
{
    const p2m_word *leaf = judge_here->leaf(pfn / P2M_LEAF);

    return leaf ? leaf[pfn % P2M_LEAF] : INVALID_P2M_ENTRY;
}

static p2m_word *first_leaf_of(unsigned ti)
{
    return run.view.top[ti][0];
}

/* ---- the guest itself ---- */

/* Each page that a leaf slot can name is a PFN of the guest with its MFN as the entry. */
static void expect_described(const p2m_word *page)
{
    p2m_word mfn = host_virt_to_mfn(page), pfn = host.own.first + (mfn - host.own.mfn);

    assert_true(mfn - host.own.mfn < host.own.count);
    assert_int_equal(subject_core.get(pfn), mfn);
    assert_ptr_equal(host_mfn_to_virt(mfn), page);
    assert_true(pfn < host.info->max_pfn);
}

static void resumes(void)
{
    add(OP_RESUME, 0, 0);
    add(OP_RESUME, 0, 0);
}

static void test_described(void **state)
{
    (void)state;
    start_with(resumes);
    for (unsigned at = guest.count - 2;; at++) {
        expect_described(run.view.missing);
        expect_described(first_leaf_of(0)); /* of the list */
        expect_described(first_leaf_of(LAST));
        if (at == guest.count)
            break;
        assert_true(executor_steps(at, at + 1, &verdict));
    }
    assert_int_equal(host.epoch, 2);
    assert_true(executor_finish(&verdict));
}

/* Ops that would change such an entry are not made. */
#define OWN 8 /* one of them, behind the pages of the boot */

static void changes(void)
{
    add(OP_SET, OWN, INVALID_P2M_ENTRY);
    add(OP_SET_NOALLOC, OWN, 0x33);
    add(OP_RANGE, OWN - 1, OWN + 1);
    add(OP_RANGE, OWN, OWN); /* empty: made */
}

static void test_left_alone(void **state)
{
    p2m_word before;

    (void)state;
    start_with(changes);
    before = subject_core.get(OWN);
    assert_true(executor_steps(guest.count - 4, guest.count, &verdict));
    assert_int_equal(run.tally.skipped[OP_SET], 1);
    assert_int_equal(run.tally.skipped[OP_SET_NOALLOC], 1);
    assert_int_equal(run.tally.skipped[OP_RANGE], 1);
    assert_int_equal(subject_core.get(OWN), before);
    assert_true(executor_finish(&verdict));
}

/* Without a judge the flag counts as not honoured. */
static void test_counted(void **state)
{
    (void)state;
    start();
    assert_int_equal(run.tally.skipped[OP_BUILD], judge_here ? 0 : 1);
    assert_true(executor_finish(&verdict));
}

/* ---- what the judge reports ---- */

static void test_fine(void **state)
{
    (void)state;
    start();
    expect_save(NULL);
    assert_int_equal(saved, LAST * SPAN + P2M_LEAF);
    assert_int_equal(entry(0), MFN_OF_LIST);
    assert_int_equal(entry(LAST * SPAN + 1), 0x22);
    assert_int_equal(entry((LAST - 1) * SPAN + 2 * P2M_LEAF), INVALID_P2M_ENTRY); /* identity */
}

static void test_zero_in_root(void **state)
{
    (void)state;
    start();
    run.view.top_mfn[1] = 0;
    expect_save("Bad mfn 0 at index 1");
}

static void test_zero_in_mid(void **state)
{
    (void)state;
    start();
    run.view.top_mfn_p[LAST][0] = 0;
    expect_save("Bad mfn 0 at index");
}

static void test_no_root(void **state)
{
    (void)state;
    start();
    host.info->pfn_to_mfn_frame_list_list = 0;
    expect_save("Bad mfn 0 for p2m frame list list");
}

static void test_max_pfn_beyond(void **state)
{
    (void)state;
    start();
    host.info->max_pfn = MAX_P2M_PFN + SPAN;
    expect_save("too large for p2m tree");
}

/* A frame of the guest that no page of the tree has. */
static void test_frame_of_nobody(void **state)
{
    (void)state;
    start();
    run.view.top_mfn_p[LAST][0] = host.own.mfn + host.own.spare[0];
    expect_save("Failed to map p2m frames");
}

/* The guest gave away the page that holds a leaf. */
static void test_own_entry_lost(void **state)
{
    p2m_word number;

    (void)state;
    start();
    number = host_virt_to_mfn(first_leaf_of(LAST)) - host.own.mfn;
    assert_true(subject_core.set(host.own.first + number, INVALID_P2M_ENTRY));
    expect_save("Bad mfn in p2m_frame_list");
}

static void test_stale_machine_table(void **state)
{
    (void)state;
    start();
    host.own.stale = (unsigned)(host_virt_to_mfn(first_leaf_of(LAST)) - host.own.mfn);
    expect_save("Bad mfn in p2m_frame_list");
}

/* ---- what it does not notice ---- */

static void test_mid_page_may_be_stale(void **state)
{
    (void)state;
    start();
    host.own.stale = (unsigned)(host_virt_to_mfn(run.view.top_mfn_p[LAST]) - host.own.mfn);
    expect_save(NULL);
}

/* All frames of a mid are lost. */
static void test_mid_not_in_root(void **state)
{
    (void)state;
    start();
    run.view.top_mfn[LAST - 1] = host_virt_to_mfn(run.view.mid_missing_mfn);
    expect_save(NULL);
    assert_int_equal(entry((LAST - 1) * SPAN + 1), INVALID_P2M_ENTRY);
}

static void test_leaf_met_twice(void **state)
{
    (void)state;
    start();
    run.view.top_mfn_p[LAST - 1][1] = run.view.top_mfn_p[LAST - 1][0];
    expect_save(NULL);
    assert_int_equal(entry((LAST - 1) * SPAN + P2M_LEAF + 1), 0x11);
}

/* Equal slots at the end of the root are taken for missing, except the first of them. */
static void test_equal_mids_at_the_end(void **state)
{
    (void)state;
    start();
    run.view.top_mfn[LAST] = run.view.top_mfn[LAST - 1];
    expect_save(NULL);
    assert_int_equal(saved, LAST * SPAN);
}

/* ---- a list ---- */

#define LIST_MIDS 3
static p2m_word list_leaf[P2M_LEAF]; /* of no guest: only its tables are looked at */

static const p2m_word *list_page(p2m_word pfn)
{
    return pfn / SPAN < LIST_MIDS ? first_leaf_of(0) : list_leaf;
}

/*
 * Inside a GiB of virtual memory Xen's walk compares an index that is counted from there with one
 * that is counted from the list, and drops the last part of the list. A kernel's list begins with
 * a GiB.
 */
static void test_list_inside_a_gib(void **state)
{
    struct judge_list list = {.vaddr = JUDGE_LIST_VADDR, .page = list_page};

    (void)state;
    if (!judge_here->takes_list)
        skip();
    start();
    host.info->max_pfn = LIST_MIDS * SPAN;
    assert_null(judge_here->save(run.view.missing, &list, &saved));
    assert_int_equal(saved, LIST_MIDS * SPAN);
    list.vaddr += SPAN * sizeof(p2m_word);
    assert_null(judge_here->save(run.view.missing, &list, &saved));
    assert_int_equal(saved, (LIST_MIDS - 1) * SPAN);
}

/* ---- restore ---- */

static void test_restore(void **state)
{
    (void)state;
    start();
    expect_save(NULL);
    host_resume();
    assert_null(judge_here->restore(mfn_after_resume));
    assert_int_equal(first_leaf_of(0)[0], mfn_after_resume(MFN_OF_LIST));
    assert_int_equal(first_leaf_of(LAST)[1], mfn_after_resume(0x22));
    assert_true(host_shared_intact(HOST_MISSING));
}

/* A guest whose leaf has no frame on the new host is not restored. */
static p2m_word moved_nowhere(p2m_word mfn)
{
    return mfn == 0x22 ? mfn : host.own.mfn + host.own.count;
}

static void test_restore_without_frames(void **state)
{
    (void)state;
    start();
    expect_save(NULL);
    assert_non_null(judge_here->restore(moved_nowhere));
}

int main(void)
{
    static const struct CMUnitTest always[] = {
        cmocka_unit_test(test_described),
        cmocka_unit_test(test_left_alone),
        cmocka_unit_test(test_counted),
    };
    static const struct CMUnitTest judged[] = {
        cmocka_unit_test(test_fine),
        cmocka_unit_test(test_zero_in_root),
        cmocka_unit_test(test_zero_in_mid),
        cmocka_unit_test(test_no_root),
        cmocka_unit_test(test_max_pfn_beyond),
        cmocka_unit_test(test_frame_of_nobody),
        cmocka_unit_test(test_own_entry_lost),
        cmocka_unit_test(test_stale_machine_table),
        cmocka_unit_test(test_mid_page_may_be_stale),
        cmocka_unit_test(test_mid_not_in_root),
        cmocka_unit_test(test_leaf_met_twice),
        cmocka_unit_test(test_equal_mids_at_the_end),
        cmocka_unit_test(test_list_inside_a_gib),
        cmocka_unit_test(test_restore),
        cmocka_unit_test(test_restore_without_frames),
    };
    int failed =
        OWN_PAGES_FIT ? cmocka_run_group_tests_name("judged guests", always, NULL, NULL) : 0;

    if (!OWN_PAGES_FIT)
        printf("no guest is judged in this geometry\n");
    if (judge_here)
        failed += cmocka_run_group_tests_name("the judge", judged, NULL, NULL);
    return failed;
}
