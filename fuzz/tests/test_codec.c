// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The decoder as a unit of its own: total, local, every value within reach, every
 * case expressible, and the meaning of old bytes for ever the same.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/codec.h"
#include "props/case/generate.h"
#include "props/run/executor.h"
#include "props/tests/unit.h"

static struct test_case c, d;
static uint8_t bytes[2 * CODEC_MAX], again[CODEC_MAX];

static void noise(struct prng *prng, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)prng_next(prng);
}

static void test_every_case_is_expressible(void **state)
{
    struct prng prng = {1};

    (void)state;
    for (unsigned round = 0; round < 3000; round++)
        for (int vocabulary = 0; vocabulary < VOCABULARIES; vocabulary++) {
            size_t size;

            generate_case(&prng, &generate_all, 1 + (unsigned)prng_below(&prng, 40), &c);
            size = codec_encode((enum vocabulary)vocabulary, &c, bytes);
            assert_int_equal(size, CODEC_BOOT + c.count * CODEC_OP);
            codec_decode((enum vocabulary)vocabulary, bytes, size, &d);
            assert_true(case_equal(&c, &d));
        }
}

/* Random bytes: what they decode to, encoded and decoded again, is the same. */
static void test_idempotent_on_bytes(void **state)
{
    struct prng prng = {2};

    (void)state;
    for (unsigned round = 0; round < 3000; round++)
        for (int vocabulary = 0; vocabulary < VOCABULARIES; vocabulary++) {
            size_t size = prng_below(&prng, 700);

            noise(&prng, size);
            codec_decode((enum vocabulary)vocabulary, bytes, size, &c);
            codec_decode((enum vocabulary)vocabulary, again,
                         codec_encode((enum vocabulary)vocabulary, &c, again), &d);
            assert_true(case_equal(&c, &d));
        }
}

static void test_any_size(void **state)
{
    struct prng prng = {3};

    (void)state;
    noise(&prng, sizeof(bytes));
    bytes[8] = 0; /* no op is off */
    for (size_t size = 0; size <= sizeof(bytes); size += size < 200 ? 1 : 97) {
        uint8_t *exact = malloc(size + !size); /* ASan sees a read past the end */
        size_t records = size <= CODEC_BOOT ? 0 : (size - CODEC_BOOT + CODEC_OP - 1) / CODEC_OP;

        memcpy(exact, bytes, size);
        codec_decode(VOCABULARY_OPS, exact, size, &c);
        assert_int_equal(c.count, records < CASE_OPS ? records : CASE_OPS);
        free(exact);
    }
    codec_decode(VOCABULARY_OPS, bytes, 0, &c);
    assert_int_equal(c.count, 0);
    assert_int_equal(c.boot.nr_pages, 0);
    assert_false(c.boot.auto_translated);
}

static bool op_differs(unsigned i)
{
    unsigned count = c.count, other = d.count;
    struct op a = c.ops[i], b = d.ops[i];
    bool differs;

    c.count = d.count = 1;
    c.ops[0] = a;
    d.ops[0] = b;
    d.boot = c.boot;
    differs = !case_equal(&c, &d);
    c.count = count;
    d.count = other;
    return differs;
}

/* One changed byte behind the boot record changes one op. */
static void test_local(void **state)
{
    struct prng prng = {4};
    const unsigned ops = 12;

    (void)state;
    for (unsigned round = 0; round < 4000; round++) {
        size_t size = CODEC_BOOT + ops * CODEC_OP;
        size_t at = CODEC_BOOT + prng_below(&prng, size - CODEC_BOOT);

        noise(&prng, size);
        bytes[8] = 0;
        codec_decode(VOCABULARY_OPS, bytes, size, &c);
        bytes[at] ^= (uint8_t)(1 + prng_below(&prng, 255));
        codec_decode(VOCABULARY_OPS, bytes, size, &d);
        assert_int_equal(c.count, d.count);
        for (unsigned i = ops - 1; i > 0; i--)
            if (i != (at - CODEC_BOOT) / CODEC_OP)
                assert_false(op_differs(i));
    }
}

#define SHARES 200000u

/* Each op gets its share of uniform bytes, and each field takes all of its values. */
static void test_distribution(void **state)
{
    static uint32_t kinds[OP_KINDS], refuse[OP_REFUSE_MAX + 1], at[OP_AT_MAX + 1];
    static uint32_t entries[ENTRY_KINDS], types[OP_TYPE_MAX + 1], leaf_index[P2M_LEAF];
    static uint32_t top_index[P2M_TOP];
    uint32_t beyond = 0, backwards = 0, autos = 0, xen = 0;
    struct prng prng = {5};
    uint64_t value;

    (void)state;
    for (unsigned i = 0; i < SHARES; i++) {
        const struct op *op = &c.ops[0];

        noise(&prng, CODEC_BOOT + CODEC_OP);
        bytes[8] = 0;
        codec_decode(i % 2 ? VOCABULARY_E820 : VOCABULARY_OPS, bytes, CODEC_BOOT + CODEC_OP, &c);
        assert_int_equal(c.count, 1);
        autos += c.boot.auto_translated;
        xen += c.boot.xen_restore;
        kinds[op->kind]++;
        if (op->kind == OP_E820)
            types[op->type]++;
        if (!op_has_pfn(op->kind))
            continue;
        at[op->at]++;
        if (op_stores(op->kind))
            refuse[op->refuse]++;
        backwards += op->kind == OP_RANGE && op->arg < op->pfn;
        if (op_has_entry(op->kind))
            entries[entry_split(&shape_here, op->pfn, op->arg, &value)]++;
        beyond += op->pfn >= MAX_P2M_PFN;
        if (op->pfn < MAX_P2M_PFN) {
            leaf_index[op->pfn % P2M_LEAF]++;
            top_index[op->pfn / P2M_MID_SPAN]++;
        }
    }
#define ALL_TAKEN(table, from)                                                                     \
    for (size_t i = (from); i < sizeof(table) / sizeof(table[0]); i++)                             \
    assert_true(table[i] > 0)
    for (unsigned i = 0; i < OP_KINDS; i++)
        assert_true(kinds[i] > SHARES / 100);
    ALL_TAKEN(refuse, 0);
    ALL_TAKEN(at, 0);
    ALL_TAKEN(entries, 0);
    ALL_TAKEN(types, 0);
    ALL_TAKEN(leaf_index, 0);
    ALL_TAKEN(top_index, 0);
    assert_true(beyond > SHARES / 200 && beyond < SHARES / 10);
    assert_true(backwards && autos && xen && autos < SHARES / 8);
}

/* Far addresses and PFNs come back to the last byte. */
static void test_extremes(void **state)
{
    const uint64_t word = shape_word_mask(&shape_here), max = MAX_P2M_PFN;
    const uint64_t pfns[] = {0, 1, max - 1, max, max + 1, word, word - 1};
    const uint64_t addresses[] = {0,
                                  1,
                                  4095,
                                  4096,
                                  ~(uint64_t)0,
                                  ~(uint64_t)0 - 4096,
                                  (uint64_t)0x3ffc03ffffff,
                                  max * 4096,
                                  max * 4096 - 1};

    (void)state;
    memset(&c, 0, sizeof(c));
    for (unsigned i = 0; i < sizeof(pfns) / sizeof(pfns[0]); i++)
        for (unsigned k = 0; k < sizeof(pfns) / sizeof(pfns[0]); k++)
            c.ops[c.count++] = (struct op){.kind = OP_RANGE, .pfn = pfns[i], .arg = pfns[k]};
    for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
        for (unsigned k = 0; k < sizeof(addresses) / sizeof(addresses[0]); k++)
            c.ops[c.count++] = (struct op){
                .kind = OP_E820, .start = addresses[i], .stop = addresses[k], .type = 12};
    codec_decode(VOCABULARY_E820, bytes, codec_encode(VOCABULARY_E820, &c, bytes), &d);
    assert_true(case_equal(&c, &d));
}

/*
 * Version 1, for ever: these bytes mean this, whatever versions come. When the
 * format changes, codec_decode must go on to read them so, by their version byte.
 */
static void test_version_1(void **state)
{
    static const uint8_t old[] = {
        1, 0x80, 2,    0, 3, 0,    0, 0x40, 0, 0, 0,    0,    0, 0,    0, 0, /* boot */
        0, 0,    0,    2, 1, 0,    0, 0x80, 2, 0, 0x77, 0,    0, 0,    0, 0,
        0, 0, /* set */
        1, 0xf1, 0,    0, 0, 0,    1, 0,    0, 0, 0,    0x80, 0, 0x80, 0, 0x80,
        0, 0, /* range */
        2, 0,    0xc4, 3, 0, 0,    0, 0,    0, 0, 5,    0,    0, 0,    0, 0,
        0, 0,                                     /* at, __set */
        7, 0,    0,    0, 0, 0xfc, 0, 0,    1, 0, /* get, cut off */
    };
    const uint64_t set_at = (uint64_t)P2M_MID_SPAN + (P2M_MID - 1) * (uint64_t)P2M_LEAF + 2;

    (void)state;
    codec_decode(VOCABULARY_OPS, old, sizeof(old), &c);
    assert_int_equal(c.count, 4);
    assert_int_equal(c.boot.nr_pages, 2 * P2M_LEAF + 3);
    assert_true(c.boot.xen_restore && !c.boot.auto_translated);
    assert_int_equal(c.boot.holes, 0x40);
    assert_true(c.ops[0].kind == OP_SET && c.ops[0].pfn == set_at && c.ops[0].arg == 0x77);
    assert_true(c.ops[1].kind == OP_RANGE && c.ops[1].pfn == P2M_LEAF && c.ops[1].refuse == 2 &&
                c.ops[1].arg == MAX_P2M_PFN - 1);
    assert_true(c.ops[2].kind == OP_SET_NOALLOC && c.ops[2].at == 5 &&
                c.ops[2].arg == (FOREIGN_FRAME_BIT | 5));
    assert_true(c.ops[3].kind == OP_GET && c.ops[3].pfn == shape_word_mask(&shape_here) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_case_is_expressible),
        cmocka_unit_test(test_idempotent_on_bytes),
        cmocka_unit_test(test_any_size),
        cmocka_unit_test(test_local),
        cmocka_unit_test(test_distribution),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_version_1),
    };

    return cmocka_run_group_tests_name("codec", tests, NULL, NULL);
}
