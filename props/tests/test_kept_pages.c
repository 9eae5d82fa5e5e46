// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pages that overlapping calls keep (props/run/kept_pages.h): what a lost race leaves is
 * accepted at each sync point; a page that no order of the calls takes is not.
 */
#include <string.h>

#include "props/check/checks.h"
#include "props/run/executor.h"
#include "unit.h"

#define LATE 4000 /* more sync points than any of these calls has */

static struct verdict verdict;

/* `inner` at sync point `at` of `outer`, on an empty table. */
static bool passes(const struct subject *subject, struct op inner, unsigned at, struct op outer)
{
    static struct test_case c;

    memset(&c, 0, sizeof(c));
    inner.at = (uint16_t)at;
    c.count = 2;
    c.ops[0] = inner;
    c.ops[1] = outer;
    return executor_start(subject, &c, CHECK_QUICK, &verdict) &&
           executor_steps(0, c.count, &verdict);
}

static struct op identity_at(p2m_word pfn)
{
    return (struct op){.kind = OP_SET, .pfn = pfn, .arg = ENTRY_IDENTITY_OF(pfn)};
}

static struct op range(p2m_word start, p2m_word end)
{
    return (struct op){.kind = OP_RANGE, .pfn = start, .arg = end};
}

/* A set has its mid when a range makes the leaf identity, so it needs no leaf any more. */
static void test_mid_outlives_its_leaf(void **state)
{
    unsigned alone = 0;

    (void)state;
    for (unsigned at = 1; at <= 40; at++) {
        if (!passes(&subject_core, range(0, P2M_MID_SPAN), at, identity_at(P2M_MID_SPAN - 1)))
            fail_msg("at %u: %s", at, verdict.details);
        alone += run.oracle.kinds.mids == 1 && run.oracle.kinds.leaves == 0;
    }
    assert_true(alone > 0);
}

/* Makes the leaf at `pfn` private, although everything reads as before. */
static void own_leaf(p2m_word pfn)
{
    p2m_word entry = subject_core.get(pfn);

    subject_core.set(pfn, entry == 5 ? 6 : 5);
    subject_core.set(pfn, entry);
}

static p2m_word get_and_own(p2m_word pfn)
{
    own_leaf(pfn);
    return subject_core.get(pfn);
}

/* A lookup takes no page, whatever it overlaps. */
static void test_no_order_takes_it(void **state)
{
    struct subject subject = subject_core;
    struct op get = {.kind = OP_GET, .pfn = P2M_LEAF};

    (void)state;
    subject.get = get_and_own;
    assert_false(passes(&subject, get, 1, identity_at(0)));
    assert_string_equal(invariant_name(verdict.id), "PAGE_COST");
    assert_non_null(strstr(verdict.details, "no private leaf"));
    assert_false(passes(&subject, get, 1, range(0, P2M_MID_SPAN)));
    assert_string_equal(invariant_name(verdict.id), "PAGE_COST");
    assert_non_null(strstr(verdict.details, "no private mid"));
}

static bool set_and_own(p2m_word pfn, p2m_word entry)
{
    bool done = subject_core.set(pfn, entry);

    own_leaf(pfn);
    return done;
}

/*
 * A set takes no leaf where it finds its entry: its identity after a range, INVALID before one. So
 * it may take one where the two overlap, and not where the wrong one was over when the other began.
 */
static void test_real_order(void **state)
{
    const struct op invalid = {.kind = OP_SET, .pfn = 0, .arg = INVALID_P2M_ENTRY};
    struct subject subject = subject_core;

    (void)state;
    subject.set = set_and_own;
    assert_true(passes(&subject, identity_at(0), 1, range(0, P2M_MID_SPAN)));
    assert_false(passes(&subject, identity_at(0), LATE, range(0, P2M_MID_SPAN)));
    assert_string_equal(invariant_name(verdict.id), "PAGE_COST");
    assert_true(passes(&subject_core, range(0, P2M_MID_SPAN), 1, invalid));
    assert_false(passes(&subject, range(0, P2M_MID_SPAN), LATE, invalid));
    assert_string_equal(invariant_name(verdict.id), "PAGE_COST");
}

/* A slot that the hypervisor refuses takes no page. */
static void test_refused_grant(void **state)
{
    const struct op invalid = {.kind = OP_SET, .pfn = P2M_LEAF + 1, .arg = INVALID_P2M_ENTRY};
    struct op map = {.kind = OP_GRANT_MAP, .pfn = P2M_LEAF, .count = 1, .arg = 7};
    struct subject subject = subject_core;

    (void)state;
    subject.set = set_and_own;
    assert_true(passes(&subject, invalid, 1, map));
    map.slots = 1;
    assert_true(passes(&subject_core, invalid, 1, map));
    assert_false(passes(&subject, invalid, 1, map));
    assert_string_equal(invariant_name(verdict.id), "PAGE_COST");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mid_outlives_its_leaf),
        cmocka_unit_test(test_no_order_takes_it),
        cmocka_unit_test(test_real_order),
        cmocka_unit_test(test_refused_grant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
