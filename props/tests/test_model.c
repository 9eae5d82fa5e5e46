// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The specification itself: the array on demand against the literal one, the
 * kinds against the entries, the E820 classification against one that asks every
 * byte, and the carrying over of cases.
 */
#include <string.h>

#include "any_case.inc"
#include "props/case/convert.h"
#include "props/case/generate.h"
#include "props/oracle/oracle.h"
#include "unit.h"

static struct model literal, lazy, fork_;
static struct oracle oracle;
static struct builder builder;

static struct change random_change(struct prng *prng)
{
    p2m_word start = (p2m_word)prng_below(prng, MAX_P2M_PFN);
    p2m_word end = start + (p2m_word)prng_below(prng, MAX_P2M_PFN - start + 1);
    struct change change = {CHANGE_ENTRY, start, end, 0};

    switch (prng_below(prng, 5)) {
    case 0:
        change.kind = CHANGE_IDENTITY;
        break;
    case 1:
        change = (struct change){CHANGE_RENUMBERED, 0, MAX_P2M_PFN, 0};
        break;
    case 2:
        change.kind = CHANGE_FLATTENED;
        break;
    default:
        change.end = start + 1;
        change.entry = (p2m_word)generate_entry(prng, start);
        break;
    }
    return change;
}

static void same_everywhere(const struct model *a, const struct model *b)
{
    static p2m_word x[P2M_LEAF], y[P2M_LEAF];

    /* before their leaf's window is kept */
    for (p2m_word pfn = 0; pfn < MAX_P2M_PFN; pfn++)
        for (p2m_word count = 1; count < 4 && pfn % P2M_LEAF + count < P2M_LEAF; count++)
            assert_memory_equal(model_window(a, pfn, count, x), model_window(b, pfn, count, y),
                                count * sizeof(x[0]));
    for (p2m_word first = 0; first < MAX_P2M_PFN; first += P2M_LEAF)
        assert_memory_equal(model_window(a, first, P2M_LEAF, x),
                            model_window(b, first, P2M_LEAF, y), sizeof(x));
    for (p2m_word pfn = 0; pfn < MAX_P2M_PFN + 3; pfn++)
        assert_true(model_get(a, pfn) == model_get(b, pfn));
}

static void test_lazy_is_literal(void **state)
{
    struct prng prng = {42};

    (void)state;
    if (!MODEL_LITERAL)
        skip();
    for (unsigned round = 0; round < 200; round++) {
        model_reset(&literal, true);
        model_reset(&lazy, false);
        assert_true(literal.literal && !lazy.literal);
        builder_start(&builder,
                      &(struct boot){.nr_pages = MAX_P2M_PFN, .holes = (uint8_t)prng_next(&prng)});
        for (unsigned i = 0; i < 4; i++)
            builder_take(&builder, &(struct op){.pfn = prng_below(&prng, MAX_P2M_PFN), .arg = i});
        literal.builder = lazy.builder = &builder;
        model_change(&literal, (struct change){CHANGE_LIST, 0, MAX_P2M_PFN / 2, 0});
        model_change(&lazy, (struct change){CHANGE_LIST, 0, MAX_P2M_PFN / 2, 0});
        for (unsigned i = 0; i < 30; i++) {
            struct change change = random_change(&prng);

            model_change(&literal, change);
            if (i % 5 == 4) { /* by way of a fork */
                model_fork(&fork_, &lazy);
                model_change(&fork_, change);
                same_everywhere(&literal, &fork_);
                model_adopt(&lazy, &fork_);
            } else {
                model_change(&lazy, change);
            }
            if (prng_one_in(&prng, 4)) /* windows are kept in all states of age */
                same_everywhere(&literal, &lazy);
        }
        same_everywhere(&literal, &lazy);
    }
}

/* Where a leaf is missing all reads INVALID; where it is identity, identity. */
static void kinds_fit(void)
{
    const struct slot_kinds *kinds = &oracle.kinds;
    static p2m_word buffer[P2M_LEAF];

    for (unsigned ti = 0; ti < P2M_TOP; ti++)
        for (unsigned mi = 0; mi < P2M_MID; mi++) {
            p2m_word first = ti * P2M_MID_SPAN + mi * (p2m_word)P2M_LEAF;
            const p2m_word *entry = model_window(&oracle.model, first, P2M_LEAF, buffer);
            enum slot_kind kind = slot_kinds_leaf(kinds, ti, mi);

            assert_int_equal(kind, slot_kinds_at(kinds, first));
            for (unsigned i = 0; i < P2M_LEAF && kind != KIND_PRIVATE; i++)
                assert_true(entry[i] ==
                            (kind == KIND_MISSING ? INVALID_P2M_ENTRY : IDENTITY_FRAME(first + i)));
        }
}

static void test_kinds_fit_entries(void **state)
{
    static struct test_case c;
    struct prng prng = {7};

    (void)state;
    if (!MODEL_LITERAL)
        skip();
    for (unsigned round = 0; round < 300; round++) {
        generate_case(&prng, &generate_all, 20, &c);
        c.boot.auto_translated = false;
        builder_start(&builder, &c.boot);
        oracle_reset(&oracle, &builder);
        for (unsigned i = 0; i < c.count; i++)
            if (op_has_pfn(c.ops[i].kind)) {
                oracle_call(&oracle, &c.ops[i]);
                kinds_fit();
            }
    }
}

/* A classification that asks all 4096 bytes, for tables around a few pages. */
static bool naive(const struct p2m_e820_entry *map, unsigned count, uint64_t low, uint64_t end,
                  uint64_t page)
{
    for (uint64_t byte = page * 4096; byte < page * 4096 + 4096; byte++) {
        bool ram = false, other = false;

        for (unsigned i = 0; i < count; i++) {
            if (byte < map[i].start || byte >= map[i].end)
                continue;
            if (map[i].type == 5)
                return false;
            ram |= map[i].type == 1;
            other |= map[i].type != 1;
        }
        if (byte < low || byte >= end || (ram && !other))
            return false;
    }
    return true;
}

static void test_e820_classification(void **state)
{
    struct prng prng = {3};

    (void)state;
    for (unsigned round = 0; round < 60; round++) {
        struct p2m_e820_entry map[5];
        unsigned count = 1 + (unsigned)prng_below(&prng, 5);
        bool domu = prng_one_in(&prng, 2);
        uint64_t end = 0, base = domu ? 256 : 0, until;

        for (unsigned i = 0; i < count; i++) {
            map[i].start = base * 4096 + prng_below(&prng, 5 * 4096);
            map[i].end = base * 4096 + prng_below(&prng, 5 * 4096);
            map[i].type = 1 + (uint32_t)prng_below(&prng, 5);
            if (prng_one_in(&prng, 2))
                map[i].end &= ~(uint64_t)4095;
            if (map[i].start < map[i].end && map[i].end > end)
                end = map[i].end;
        }
        for (uint64_t page = base; page < base + 6; page++)
            assert_int_equal(oracle_page_is_identity(map, count, domu, page, &until),
                             naive(map, count, domu ? 1 << 20 : 0, end, page));
    }
}

/* Beyond the table stays beyond it, its ends stay ends. */
static void same_side(const struct shape *shape, uint64_t here, uint64_t there)
{
    assert_true(there <= shape_word_mask(shape));
    assert_int_equal(there >= shape_max_pfn(shape), here >= MAX_P2M_PFN);
    if (here == 0 || here == MAX_P2M_PFN - 1)
        assert_true(there == 0 || there == shape_max_pfn(shape) - 1);
}

static void op_there(const struct shape *shape, const struct op *here, const struct op *there)
{
    uint64_t value;

    if (op_names_pfn(here->kind))
        same_side(shape, here->pfn, there->pfn);
    if (here->kind == OP_RANGE)
        same_side(shape, here->arg, there->arg);
    if (here->kind == OP_GRANT_MAP || here->kind == OP_MFN_BASE)
        assert_true(there->arg == (here->arg & FRAME_LAST(shape)));
    if (op_names_entry(here->kind) && here->pfn < MAX_P2M_PFN &&
        entry_split(&shape_here, here->pfn, here->arg, &value) == ENTRY_IDENTITY)
        assert_int_equal(entry_split(shape, there->pfn, there->arg, &value), ENTRY_IDENTITY);
}

/* The op with the numbers that are carried over set to zero: the rest stays. */
static struct op rest_of(const struct op *op)
{
    struct op rest = *op;

    rest.pfn = rest.arg = rest.start = rest.stop = 0;
    return rest;
}

static void boot_there(const struct shape *shape, const struct boot *here, const struct boot *there)
{
    assert_int_equal(there->nr_pages <= boot_max_pages(shape),
                     here->nr_pages <= boot_max_pages(&shape_here));
    assert_int_equal(there->hotplug_limit > 0, here->hotplug_limit > 0);
    for (unsigned i = 0; i < BOOT_EXTRAS; i++) {
        assert_int_equal(there->extra[i].pages > 0, here->extra[i].pages > 0);
        if (here->extra[i].pages)
            same_side(shape, here->extra[i].pfn, there->extra[i].pfn);
    }
    assert_int_equal(there->flags, here->flags);
    assert_int_equal(there->refuse, here->refuse);
    assert_memory_equal(&there->setup, &here->setup, sizeof(here->setup));
}

/* From here to any geometry and back: edges stay edges, kinds of entries stay. */
static void convert_there(const struct shape *shape, void *ctx)
{
    struct test_case *c = ctx, there = *c;

    case_convert(&there, &shape_here, shape);
    assert_true(case_fits(&there, shape));
    boot_there(shape, &c->boot, &there.boot);
    for (unsigned i = 0; i < c->count; i++) {
        struct op here = rest_of(&c->ops[i]), rest = rest_of(&there.ops[i]);

        assert_true(op_equal(&here, &rest));
        op_there(shape, &c->ops[i], &there.ops[i]);
    }
    if (shape->top == P2M_TOP && shape->mid == P2M_MID && shape->leaf == P2M_LEAF)
        assert_true(case_equal(&there, c));
}

/* The harness's bits are the core's, although it has its own. */
static void test_bits(void **state)
{
    (void)state;
    assert_true(FOREIGN_FRAME_BIT == ENTRY_FOREIGN_BIT && IDENTITY_FRAME_BIT == ENTRY_IDENTITY_BIT);
    assert_true(IDENTITY_FRAME(5) == ENTRY_IDENTITY_OF(5) &&
                FOREIGN_FRAME(5) == (ENTRY_FOREIGN_BIT | 5));
}

static void test_convert(void **state)
{
    static struct test_case c;
    struct prng prng = {11};

    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        generate_case(&prng, &generate_all, 30, &c);
        shape_each(convert_there, &c);
        any_case(&prng, 30, &c);
        shape_each(convert_there, &c);
    }
}

/* The place of a PFN leads back to it, wherever it is. */
static void place_there(const struct shape *shape, void *ctx)
{
    struct prng *prng = ctx;

    for (unsigned round = 0; round < 2000; round++) {
        uint64_t last = round % 2 ? E820_LAST_PFN : OP_LAST_PFN(shape);
        uint64_t pfn =
            round < 20 ? (shape_max_pfn(shape) - 10 + round) & last : any_number(prng, last);
        struct place place = place_of(shape, pfn, last);

        assert_true(place_pfn(shape, &place, last) == pfn);
    }
}

static void test_places_are_exact(void **state)
{
    struct prng prng = {12};

    (void)state;
    shape_each(place_there, &prng);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lazy_is_literal),
        cmocka_unit_test(test_kinds_fit_entries),
        cmocka_unit_test(test_e820_classification),
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_convert),
        cmocka_unit_test(test_places_are_exact),
    };

    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
