// SPDX-License-Identifier: GPL-2.0-or-later
/* Single moves of the shrinker, on failures that only that move makes small. */
#include <string.h>

#include "props/base/uninstrumented.h"
#include "props/case/convert.h"
#include "props/case/entry.h"
#include "props/case/shrink.h"
#include "unit.h"

#define BUDGET 100000

static struct test_case trial;

static void shrink_within(shrink_fails_fn *fails, uint64_t budget)
{
    struct shrink shrink = {.fails = fails, .budget = budget};

    assert_true(fails(NULL, &trial));
    shrink_case(&shrink, &trial);
    assert_true(fails(NULL, &trial));
}

static void shrink_trial(shrink_fails_fn *fails)
{
    shrink_within(fails, BUDGET);
}

/* ---- a boot in place of ops ---- */

#define LEAVES ((uint64_t)P2M_TOP * P2M_MID < 64 ? (uint64_t)P2M_TOP * P2M_MID : 64)

static bool has_frame(const struct test_case *c, uint64_t leaf)
{
    if (c->boot.nr_pages > leaf * P2M_LEAF)
        return true;
    for (unsigned i = 0; i < c->count; i++)
        if (c->ops[i].kind == OP_SET && c->ops[i].pfn / P2M_LEAF == leaf &&
            c->ops[i].arg < FRAME_LAST(&shape_here))
            return true;
    return false;
}

static bool each_leaf_has_a_frame(void *ctx, const struct test_case *c)
{
    (void)ctx;
    for (uint64_t leaf = 0; leaf < LEAVES; leaf++)
        if (!has_frame(c, leaf))
            return false;
    return true;
}

/* The same, and the last op, which is such a set, has to stay. */
static bool full_and_one_more(void *ctx, const struct test_case *c)
{
    return c->count && c->ops[c->count - 1].kind == OP_SET && c->ops[c->count - 1].arg == 7 &&
           each_leaf_has_a_frame(ctx, c);
}

static void fill_by_sets(void)
{
    memset(&trial, 0, sizeof(trial));
    for (uint64_t leaf = 0; leaf < LEAVES; leaf++)
        trial.ops[trial.count++] =
            (struct op){.kind = OP_SET, .pfn = leaf * P2M_LEAF + P2M_LEAF - 1, .arg = 7};
}

static void test_boot_fills(void **state)
{
    (void)state;
    fill_by_sets();
    shrink_trial(each_leaf_has_a_frame);
    assert_int_equal(trial.count, 0);
    assert_int_equal(trial.boot.nr_pages, (LEAVES - 1) * P2M_LEAF + 1);

    fill_by_sets();
    shrink_trial(full_and_one_more);
    assert_int_equal(trial.count, 1);
}

/* The longest list of a table that is lent: all of a small one. */
static uint64_t longest(void)
{
    return boot_max_pages(&shape_here) < MAX_P2M_PFN ? P2M_MID_SPAN : MAX_P2M_PFN;
}

/* One op that only a full table can replace. */
static bool fills_it(void *ctx, const struct test_case *c)
{
    (void)ctx;
    return c->boot.nr_pages == longest() ||
           (c->count && c->ops[0].kind == OP_RANGE && c->ops[0].arg >= longest());
}

static void test_boot_is_full(void **state)
{
    (void)state;
    memset(&trial, 0, sizeof(trial));
    trial.count = 1;
    trial.ops[0] = (struct op){.kind = OP_RANGE, .pfn = 0, .arg = longest()};
    shrink_trial(fills_it);
    assert_int_equal(trial.count, 0);
}

/* ---- from another geometry ---- */

/* The case of `from` fails here if it is converted in `way`, and not as it is otherwise. */
static void only_in(enum convert_way way, const char *from, shrink_fails_fn *fails)
{
    const struct shape *there = shape_by_name(from, (unsigned)strlen(from));
    static struct test_case here;

    for (unsigned other = 0; other < CONVERT_WAYS; other++) {
        here = trial;
        case_convert_by(&here, there, &shape_here, (enum convert_way)other);
        assert_true(case_fits(&here, &shape_here));
        if (other == CONVERT_NEARER || other == way)
            assert_int_equal(fails(NULL, &here), other == way);
    }
}

static void trial_is(uint64_t nr_pages, uint64_t pfn)
{
    memset(&trial, 0, sizeof(trial));
    trial.boot.nr_pages = nr_pages;
    trial.count = 1;
    trial.ops[0] = (struct op){.kind = OP_GET, .pfn = pfn};
}

/* The last frame of a list that is three short of the table, and of any list; two places. */
static bool three_short(void *ctx, const struct test_case *c)
{
    (void)ctx;
    return c->boot.nr_pages + 3 == MAX_P2M_PFN && c->ops[0].pfn + 4 == MAX_P2M_PFN;
}

static bool last_of_the_list(void *ctx, const struct test_case *c)
{
    (void)ctx;
    return c->ops[0].pfn + 1 == c->boot.nr_pages;
}

static bool page_eight(void *ctx, const struct test_case *c)
{
    (void)ctx;
    return c->ops[0].pfn == 8;
}

static bool last_mid_but_one(void *ctx, const struct test_case *c)
{
    (void)ctx;
    return c->ops[0].pfn / P2M_MID_SPAN == P2M_TOP - 2;
}

static void test_positions_from_the_end(void **state)
{
    const uint64_t max = (uint64_t)1024 * 1024 * 1024;

    (void)state;
    trial_is(max - 3, max - 4);
    only_in(CONVERT_TABLE, "x86_32", three_short);
    trial_is(512, 511);
    only_in(CONVERT_LIST, "x86_32", last_of_the_list);
    trial_is(0, 8);
    only_in(CONVERT_SAME, "odd", page_eight);
    trial_is(0, 5 * 7);
    only_in(CONVERT_HIGH, "odd", last_mid_but_one);
}

/* ---- what is several changes away ---- */

/* In a big tree a candidate costs too much to try them all. */
#define SKIP_IN_A_BIG_TREE()                                                                       \
    do {                                                                                           \
        if (MAX_P2M_PFN > 4096)                                                                    \
            skip();                                                                                \
    } while (0)

static void trial_of(struct op first, struct op second)
{
    memset(&trial, 0, sizeof(trial));
    trial.count = 2;
    trial.ops[0] = first;
    trial.ops[1] = second;
}

static struct op range(p2m_word start, p2m_word end)
{
    return (struct op){.kind = OP_RANGE, .pfn = start, .arg = end};
}

static struct op set(p2m_word pfn)
{
    return (struct op){.kind = OP_SET, .pfn = pfn, .arg = ENTRY_FOREIGN_BIT};
}

/* The call runs inside the next one, at sync point `at`; `turn` later that one goes on (0: never).
 */
static struct op inside(struct op op, unsigned at, unsigned turn)
{
    op.at = (uint16_t)at;
    op.turns = turn > 0;
    op.turn[0].point = (uint16_t)turn;
    return op;
}

/* Two calls overlap at one of two schedules, or in the other order without a second switch. */
static bool some_schedule(void *ctx, const struct test_case *c)
{
    const struct op *inner = &c->ops[0];

    (void)ctx;
    if (c->count != 2)
        return false;
    if (inner->kind == OP_RANGE)
        return c->ops[1].kind == OP_SET && inner->turns == 1 &&
               ((inner->at == 17 && inner->turn[0].point == 15) ||
                (inner->at == 4 && inner->turn[0].point == 19));
    return inner->kind == OP_SET && c->ops[1].kind == OP_RANGE && inner->at == 30 && !inner->turns;
}

static bool later_schedule(void *ctx, const struct test_case *c)
{
    return c->ops[0].kind == OP_RANGE && some_schedule(ctx, c);
}

static void test_schedules(void **state)
{
    (void)state;
    SKIP_IN_A_BIG_TREE();
    trial_of(inside(range(0, 1), 17, 15), set(0));
    shrink_trial(later_schedule);
    assert_int_equal(trial.ops[0].at, 4);
    assert_int_equal(trial.ops[0].turn[0].point, 19);
    shrink_trial(some_schedule);
    assert_int_equal(trial.ops[0].kind, OP_SET);
    assert_int_equal(trial.ops[0].at, 30);
}

/* What the outer call is decides at which sync point it fails. */
static bool point_of_its_own(void *ctx, const struct test_case *c)
{
    (void)ctx;
    return c->count == 2 && c->ops[0].kind == OP_SET && c->boot.nr_pages <= 1 &&
           ((c->ops[1].kind == OP_RANGE && c->ops[0].at == 29 && c->boot.nr_pages == 1) ||
            (c->ops[1].kind == OP_SET && c->ops[0].at == 25 && c->boot.nr_pages == 0));
}

static void test_op_and_point(void **state)
{
    (void)state;
    SKIP_IN_A_BIG_TREE();
    trial_of(inside(set(2), 29, 0), range(0, 1));
    trial.boot.nr_pages = 1;
    shrink_trial(point_of_its_own);
    assert_int_equal(trial.ops[1].kind, OP_SET);
    assert_int_equal(trial.boot.nr_pages, 0);
}

/* The inner call decides where the outer one goes on. */
static bool second_of_its_own(void *ctx, const struct test_case *c)
{
    const struct op *inner = &c->ops[0];

    (void)ctx;
    return c->count == 2 && c->ops[1].kind == OP_RANGE && inner->at == 15 && inner->turns == 1 &&
           ((inner->kind == OP_RANGE && inner->turn[0].point == 13) ||
            (inner->kind == OP_SET && inner->turn[0].point == 16));
}

static void test_op_and_second_point(void **state)
{
    (void)state;
    SKIP_IN_A_BIG_TREE();
    trial_of(inside(range(0, 1), 15, 13), range(0, 2));
    shrink_trial(second_of_its_own);
    assert_int_equal(trial.ops[0].kind, OP_SET);
}

/* Two ranges, or two sets of the identity of their ends. */
static bool ranges_or_ends(void *ctx, const struct test_case *c)
{
    const struct op *first = &c->ops[0], *second = &c->ops[1];

    (void)ctx;
    if (c->count != 2)
        return false;
    if (first->kind == OP_RANGE)
        return second->kind == OP_RANGE && first->pfn == 0 && second->arg == P2M_LEAF;
    return first->kind == OP_SET && first->arg == ENTRY_IDENTITY_OF(0) && second->kind == OP_SET &&
           second->pfn == P2M_LEAF - 1 && second->arg == ENTRY_IDENTITY_OF(P2M_LEAF - 1);
}

static void test_two_sets(void **state)
{
    (void)state;
    SKIP_IN_A_BIG_TREE();
    trial_of(range(0, P2M_LEAF), range(0, P2M_LEAF));
    shrink_trial(ranges_or_ends);
    assert_int_equal(trial.ops[0].kind, OP_SET);
}

/* A batch that begins just below another one; a batch that has no page, or is not in the table. */
static bool just_below(void *ctx, const struct test_case *c)
{
    (void)ctx;
    return c->count == 2 && c->ops[0].kind == OP_GRANT_MAP && c->ops[1].kind == OP_GRANT_UNMAP &&
           c->ops[0].pfn == c->ops[1].pfn + 1;
}

static bool no_room(void *ctx, const struct test_case *c)
{
    (void)ctx;
    return c->count == 1 && c->ops[0].kind == OP_GRANT_MAP &&
           (c->ops[0].refuse == 1 || c->ops[0].pfn >= MAX_P2M_PFN);
}

static void test_batches(void **state)
{
    (void)state;
    trial_of((struct op){.kind = OP_GRANT_MAP, .pfn = MAX_P2M_PFN - 3, .count = 1},
             (struct op){.kind = OP_GRANT_UNMAP, .pfn = MAX_P2M_PFN - 4, .count = 2});
    shrink_trial(just_below);
    assert_int_equal(trial.ops[1].pfn, 0);
    trial.count = 1;
    trial.ops[0] = (struct op){.kind = OP_GRANT_MAP, .pfn = 1, .count = 1, .refuse = 1};
    shrink_trial(no_room);
    assert_int_equal(trial.ops[0].refuse, 0);
    assert_int_equal(trial.ops[0].pfn, MAX_P2M_PFN);
}

/* A page that is RAM in one entry and reserved in another one, in any order; then the walk. */
static bool both_in_a_page(void *ctx, const struct test_case *c)
{
    unsigned types = 0;

    (void)ctx;
    for (unsigned i = 0; i < c->count; i++)
        if (c->ops[i].kind == OP_E820 && c->ops[i].start < c->ops[i].stop)
            types |= 1u << c->ops[i].type;
    return c->count == 3 && op_reads_map(c->ops[2].kind) && (types & 6) == 6 &&
           c->ops[0].start / 4096 == c->ops[1].start / 4096;
}

static void test_maps(void **state)
{
    (void)state;
    trial_of((struct op){.kind = OP_E820, .type = 1, .start = 0x1001, .stop = 0x1fff},
             (struct op){.kind = OP_E820, .type = 2, .start = 0x1000, .stop = 0x2000});
    trial.ops[trial.count++] = (struct op){.kind = OP_IDENTITY_RANGES};
    shrink_trial(both_in_a_page);
    assert_int_equal(trial.ops[2].kind, OP_XEN_SET_IDENTITY);
    assert_int_equal(trial.ops[0].stop + trial.ops[1].stop, 2 * 4096);
    assert_int_equal(trial.ops[0].start + trial.ops[1].start, 0);
}

/* The refused page of a build is that of a mid behind the first one. */
static bool page_of_a_mid(void *ctx, const struct test_case *c)
{
    uint64_t mids = (c->boot.nr_pages + P2M_MID_SPAN - 1) / P2M_MID_SPAN;

    (void)ctx;
    return !c->count && mids >= 2 && c->boot.refuse == 4 + 2 * mids;
}

static void test_refused_build(void **state)
{
    (void)state;
    memset(&trial, 0, sizeof(trial));
    trial.boot.nr_pages = 5 * P2M_MID_SPAN + 1;
    trial.boot.refuse = 4 + 2 * 6;
    shrink_trial(page_of_a_mid);
    assert_int_equal(trial.boot.nr_pages, P2M_MID_SPAN + 1);
    assert_int_equal(trial.boot.refuse, 8);
}

/* ---- one op in the place of several ---- */

/* Eight leaves become private: each by a set, or as an end of a range. */
static bool eight_leaves(void *ctx, const struct test_case *c)
{
    uint64_t seen = 0;

    (void)ctx;
    for (unsigned i = 0; i < c->count; i++) {
        const struct op *op = &c->ops[i];

        if (op->kind == OP_SET || (op->kind == OP_RANGE && op->pfn % P2M_LEAF))
            seen |= (uint64_t)1 << (op->pfn / P2M_LEAF % 64);
        if (op->kind == OP_RANGE && op->arg % P2M_LEAF)
            seen |= (uint64_t)1 << (op->arg / P2M_LEAF % 64);
    }
    return c->boot.nr_pages == 0 && __builtin_popcountll(seen) >= 8;
}

static void test_range_for_sets(void **state)
{
    (void)state;
    if (P2M_TOP * P2M_MID < 8)
        skip();
    memset(&trial, 0, sizeof(trial));
    for (unsigned leaf = 0; leaf < 8; leaf++)
        trial.ops[trial.count++] = set(leaf * 5 % 8 * (p2m_word)P2M_LEAF);
    shrink_trial(eight_leaves);
    assert_int_equal(trial.count, 4);
}

static bool covers(const struct test_case *c, unsigned type, uint64_t page)
{
    for (unsigned i = 0; i < c->count; i++)
        if (c->ops[i].kind == OP_E820 && c->ops[i].type == type && c->ops[i].start <= page * 4096 &&
            c->ops[i].stop >= (page + 1) * 4096)
            return true;
    return false;
}

/* Pages 0 and 2 are no RAM, page 1 is, and there is something behind page 1. */
static bool a_page_of_ram(void *ctx, const struct test_case *c)
{
    (void)ctx;
    return c->count && op_reads_map(c->ops[c->count - 1].kind) && covers(c, 1, 1) &&
           !covers(c, 2, 1) && (covers(c, 2, 0) || !covers(c, 1, 0)) &&
           (covers(c, 2, 2) || (!covers(c, 1, 2) && covers(c, 1, 3)));
}

/* PFN 3 becomes identity, alone. */
static bool pfn_3(void *ctx, const struct test_case *c)
{
    (void)ctx;
    if (c->count == 1)
        return c->ops[0].kind == OP_RANGE && c->ops[0].pfn == 3 && c->ops[0].arg == 4;
    return c->count == 3 && op_reads_map(c->ops[2].kind) && covers(c, 1, 0) && covers(c, 1, 2) &&
           covers(c, 2, 3);
}

static void test_other_maps(void **state)
{
    (void)state;
    trial_of((struct op){.kind = OP_E820, .type = 2, .start = 0, .stop = 4096},
             (struct op){.kind = OP_E820, .type = 1, .start = 0, .stop = 2 * 4096});
    trial.ops[trial.count++] =
        (struct op){.kind = OP_E820, .type = 2, .start = 2 * 4096, .stop = 3 * 4096};
    trial.ops[trial.count++] = (struct op){.kind = OP_XEN_SET_IDENTITY};
    shrink_trial(a_page_of_ram);
    assert_int_equal(trial.count, 3);
    trial_of((struct op){.kind = OP_E820, .type = 1, .start = 0, .stop = 3 * 4096},
             (struct op){.kind = OP_E820, .type = 2, .start = 3 * 4096, .stop = 4 * 4096});
    trial.ops[trial.count++] = (struct op){.kind = OP_XEN_SET_IDENTITY};
    shrink_trial(pfn_3);
    assert_int_equal(trial.count, 1);
}

/* The frame of PFN 1 follows that of PFN 0, which a set or the list brings. */
static bool frames_in_a_row(void *ctx, const struct test_case *c)
{
    (void)ctx;
    if (c->count == 1)
        return c->boot.nr_pages == 1 && c->ops[0].kind == OP_SET && c->ops[0].pfn == 1 &&
               c->ops[0].arg == MFN_OF_LIST + 1;
    return c->count == 2 && c->ops[0].kind == OP_SET && c->ops[1].kind == OP_SET &&
           c->ops[0].pfn == 0 && c->ops[1].pfn == 1 && c->ops[1].arg == c->ops[0].arg + 1;
}

/* A set of a leaf that is missing beside a private one: two leaves, or the list and one. */
static bool beside_a_leaf(void *ctx, const struct test_case *c)
{
    (void)ctx;
    if (c->count == 1)
        return c->boot.nr_pages == 1 && c->ops[0].kind == OP_SET && c->ops[0].pfn == P2M_LEAF;
    return c->count == 2 && c->ops[0].kind == OP_SET && c->ops[1].kind == OP_SET &&
           c->ops[0].pfn == 3 * P2M_LEAF && c->ops[1].pfn == 2 * P2M_LEAF;
}

/* A foreign frame of its own PFN, on a leaf that a set or the list brings. */
static bool own_pfn(void *ctx, const struct test_case *c)
{
    const p2m_word pfn = c->count == 2 ? P2M_LEAF + 1 : 0;

    (void)ctx;
    return (c->count == 1 || (c->count == 2 && c->ops[0].kind == OP_SET && c->ops[0].pfn == pfn)) &&
           c->boot.nr_pages == (c->count == 1) && c->ops[c->count - 1].kind == OP_SET &&
           c->ops[c->count - 1].pfn == pfn && c->ops[c->count - 1].arg == (pfn | FOREIGN_FRAME_BIT);
}

#define LONG (((uint64_t)1 << 20) + 5 * P2M_LEAF)
static const uint64_t odd_length = LONG + P2M_LEAF - 1;

/* A list shows it at its last page once, or after another build. */
static bool first_in_its_leaf(void *ctx, const struct test_case *c)
{
    (void)ctx;
    return c->boot.nr_pages == LONG + 1
               ? c->count == 0
               : c->boot.nr_pages == odd_length && c->count == 1 && c->ops[0].kind == OP_BUILD;
}

static void test_list_instead(void **state)
{
    (void)state;
    trial_of(set(P2M_LEAF + 1), set(P2M_LEAF + 1));
    trial.ops[1].arg = (P2M_LEAF + 1) | FOREIGN_FRAME_BIT;
    shrink_trial(own_pfn);
    assert_int_equal(trial.count, 1);
    if (odd_length % P2M_LEAF > 1) {
        trial_of((struct op){.kind = OP_BUILD}, set(0));
        trial.count = 1;
        trial.boot.nr_pages = odd_length;
        shrink_within(first_in_its_leaf, 60); /* a list that long costs */
        assert_int_equal(trial.count, 0);
    }
    trial_of(set(0), set(1));
    trial.ops[0].arg = 4;
    trial.ops[1].arg = 5;
    shrink_trial(frames_in_a_row);
    assert_int_equal(trial.count, 1);
    trial_of(set(3 * P2M_LEAF), set(2 * P2M_LEAF));
    shrink_trial(beside_a_leaf);
    assert_int_equal(trial.count, 1);
}

/* With one op less a late call comes three points earlier. */
static bool late_call(void *ctx, const struct test_case *c)
{
    (void)ctx;
    return (c->count == 3 && c->ops[0].kind == OP_GET && c->ops[1].at == 100) ||
           (c->count == 2 && c->ops[0].at == 97 && c->ops[1].kind == OP_RANGE);
}

/* Or much earlier, since the op before made it longer. */
static bool much_earlier(void *ctx, const struct test_case *c)
{
    (void)ctx;
    return c->count >= 2 && c->ops[c->count - 1].kind == OP_RANGE &&
           ((c->count == 3 && c->ops[0].kind == OP_GET && c->ops[1].at == 100) ||
            (c->count == 2 && c->ops[0].at == 61));
}

/* As late_call, and then the range must end at a leaf before. */
static bool shorter_range(void *ctx, const struct test_case *c)
{
    const struct op *range = c->count ? &c->ops[c->count - 1] : NULL;

    (void)ctx;
    return c->count >= 2 && c->count <= 3 && range->kind == OP_RANGE && range->pfn == 3 &&
           range->arg == (c->count + 4) * P2M_LEAF + 3 * (c->count - 2) &&
           (c->count == 2 || c->ops[0].kind == OP_RANGE) &&
           c->ops[c->count - 2].at == (c->count == 2 ? 97 : 100);
}

static void test_one_op_less(void **state)
{
    const struct op get = {.kind = OP_GET};

    (void)state;
    trial_of(get, inside(set(0), 100, 0));
    trial.ops[trial.count++] = range(0, P2M_LEAF);
    shrink_trial(late_call);
    assert_int_equal(trial.count, 2);
    trial_of(get, inside(set(0), 100, 0));
    trial.ops[trial.count++] = range(0, P2M_LEAF);
    shrink_trial(much_earlier);
    assert_int_equal(trial.count, 2);
    if (P2M_TOP * P2M_MID < 8)
        return;
    trial_of(range(0, P2M_LEAF), inside(set(0), 100, 0));
    trial.ops[trial.count++] = range(3, 7 * P2M_LEAF + 3);
    shrink_trial(shorter_range);
    assert_int_equal(trial.count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boot_fills),
        cmocka_unit_test(test_boot_is_full),
        cmocka_unit_test(test_positions_from_the_end),
        cmocka_unit_test(test_schedules),
        cmocka_unit_test(test_op_and_point),
        cmocka_unit_test(test_op_and_second_point),
        cmocka_unit_test(test_two_sets),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_refused_build),
        cmocka_unit_test(test_range_for_sets),
        cmocka_unit_test(test_other_maps),
        cmocka_unit_test(test_list_instead),
        cmocka_unit_test(test_one_op_less),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
