// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The decoder as a unit of its own: total, local, every value within reach, every
 * case expressible, and the meaning of old bytes for ever the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/codec.h"
#include "props/case/generate.h"
#include "props/case/text.h"
#include "props/run/executor.h"
#include "props/tests/any_case.inc"
#include "props/tests/unit.h"

#define OFF 14 /* bytes of the boot record that say which ops are off */

static struct test_case c, d;
static uint8_t bytes[2 * CODEC_MAX], again[CODEC_MAX];

static void noise(struct prng *prng, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)prng_next(prng);
}

/* The same, as version 2 with all ops. */
static void noise_v2(struct prng *prng, size_t size)
{
    noise(prng, size);
    bytes[0] = CODEC_VERSION;
    memset(bytes + OFF, 0, 4);
}

static void survives(enum vocabulary vocabulary)
{
    size_t size = codec_encode(vocabulary, &c, bytes);

    assert_int_equal(size, CODEC_BOOT + c.count * CODEC_OP);
    assert_true(case_fits(&c, &shape_here));
    codec_decode(vocabulary, bytes, size, &d);
    assert_true(case_equal(&c, &d));
}

static void test_every_case_is_expressible(void **state)
{
    struct prng prng = {1};

    (void)state;
    for (unsigned round = 0; round < 3000; round++)
        for (int vocabulary = 0; vocabulary < VOCABULARIES; vocabulary++) {
            unsigned ops = 1 + (unsigned)prng_below(&prng, 40);

            generate_case(&prng, &generate_all, ops, &c);
            survives((enum vocabulary)vocabulary);
            any_case(&prng, ops, &c);
            survives((enum vocabulary)vocabulary);
        }
    any_case(&prng, CASE_OPS, &c);
    survives(VOCABULARY_OPS);
}

/* Random bytes: what they decode to, encoded and decoded again, is the same. */
static void test_idempotent_on_bytes(void **state)
{
    struct prng prng = {2};

    (void)state;
    for (unsigned round = 0; round < 3000; round++)
        for (int vocabulary = 0; vocabulary < VOCABULARIES; vocabulary++) {
            size_t size = prng_below(&prng, 1400);

            noise(&prng, size);
            bytes[0] = round % 8 ? bytes[0] : 1;
            codec_decode((enum vocabulary)vocabulary, bytes, size, &c);
            assert_true(case_fits(&c, &shape_here));
            codec_decode((enum vocabulary)vocabulary, again,
                         codec_encode((enum vocabulary)vocabulary, &c, again), &d);
            assert_true(case_equal(&c, &d));
        }
}

static void test_any_size(void **state)
{
    struct prng prng = {3};

    (void)state;
    noise_v2(&prng, sizeof(bytes));
    for (size_t size = 0; size <= sizeof(bytes); size += size < 300 ? 1 : 97) {
        uint8_t *exact = malloc(size + !size); /* ASan sees a read past the end */
        size_t records = size <= CODEC_BOOT ? 0 : (size - CODEC_BOOT + CODEC_OP - 1) / CODEC_OP;

        memcpy(exact, bytes, size);
        codec_decode(VOCABULARY_OPS, exact, size, &c);
        assert_int_equal(c.count, records < CASE_OPS ? records : CASE_OPS);
        free(exact);
    }
    codec_decode(VOCABULARY_OPS, bytes, 0, &c);
    memset(&d, 0, sizeof(d)); /* a boot without anything */
    assert_true(case_equal(&c, &d));
}

/* Whatever is no 1 in byte 0 is version 2, and the last 64 bytes of the boot are not used. */
static void test_version_and_room(void **state)
{
    struct prng prng = {6};
    const size_t size = CODEC_BOOT + 5 * CODEC_OP;

    (void)state;
    for (unsigned version = 0; version < 256; version++) {
        if (version == 1)
            continue;
        noise_v2(&prng, size);
        codec_decode(VOCABULARY_OPS, bytes, size, &c);
        assert_int_equal(c.count, 5);
        bytes[0] = (uint8_t)version;
        memset(bytes + CODEC_BOOT - 64, (int)version, 64);
        codec_decode(VOCABULARY_OPS, bytes, size, &d);
        assert_true(case_equal(&c, &d));
    }
}

/* A kind whose bit is set does not come up; with all bits set each does. */
static void test_what_is_off(void **state)
{
    struct prng prng = {7};

    (void)state;
    noise_v2(&prng, CODEC_MAX);
    for (unsigned i = 0; i < CASE_OPS; i++) /* each op code */
        bytes[CODEC_BOOT + i * CODEC_OP] = (uint8_t)i;
    for (unsigned kind = 0; kind < 32; kind++) {
        memset(bytes + OFF, 0, 4);
        codec_decode(VOCABULARY_OPS, bytes, CODEC_MAX, &c);
        bytes[OFF + kind / 8] = (uint8_t)(1u << kind % 8);
        codec_decode(VOCABULARY_OPS, bytes, CODEC_MAX, &d);
        assert_int_equal(d.count < c.count, kind < OP_KINDS);
        for (unsigned i = 0; i < d.count; i++)
            assert_true(d.ops[i].kind != kind);
    }
    memset(bytes + OFF, 0xff, 4);
    codec_decode(VOCABULARY_OPS, bytes, CODEC_MAX, &d);
    assert_int_equal(d.count, CASE_OPS);
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

        noise_v2(&prng, size);
        codec_decode(VOCABULARY_OPS, bytes, size, &c);
        bytes[at] ^= (uint8_t)(1 + prng_below(&prng, 255));
        codec_decode(VOCABULARY_OPS, bytes, size, &d);
        assert_int_equal(c.count, d.count);
        for (unsigned i = 0; i < ops; i++)
            if (i != (at - CODEC_BOOT) / CODEC_OP)
                assert_true(op_equal(&c.ops[i], &d.ops[i]));
    }
}

#define SHARES 400000u

/* How often uniform bytes gave what, from one op each. */
static struct {
    uint32_t kinds[OP_KINDS], refuse[OP_REFUSE_MAX + 1], at[OP_AT_MAX + 1];
    uint32_t entries[ENTRY_KINDS], types[OP_TYPE_MAX + 1], counts[OP_GRANTS_MAX];
    uint32_t leaf_index[P2M_LEAF], top_index[P2M_TOP];
    uint32_t from[TURN_EVERY + 1], keep[TURN_KEEP_MAX + 1], turns[OP_TURNS], bases[MFN_BASES];
    uint32_t slot[OP_GRANTS_MAX], flags[BOOT_FLAG_KINDS], extras[BOOT_EXTRAS + 1];
    uint32_t beyond, far, backwards, build_refusals, setups, limits, lists_beyond;
} got;

static void count_boot(const struct boot *boot)
{
    unsigned extras = 0;

    while (extras < BOOT_EXTRAS && boot->extra[extras].pages)
        extras++;
    got.extras[extras]++;
    for (unsigned i = 0; i < BOOT_FLAG_KINDS; i++)
        got.flags[i] += boot->flags >> i & 1;
    got.flags[BOOT_AUTO_TRANSLATED] += boot->auto_translated;
    got.flags[BOOT_XEN_RESTORE] += boot->xen_restore;
    got.setups += boot->setup.max_reservation && boot->setup.answer[7] && boot->setup.nvs[1].pages;
    got.limits += boot->hotplug_limit > 0;
    got.lists_beyond += boot->nr_pages > boot_max_pages(&shape_here);
}

static void count_op(const struct op *op)
{
    uint64_t value;

    got.kinds[op->kind]++;
    if (op->kind == OP_E820)
        got.types[op->type]++;
    if (op->kind == OP_MFN_BASE)
        got.bases[op->type]++;
    if (op->kind == OP_GRANT_MAP || op->kind == OP_GRANT_UNMAP)
        got.counts[op->count - 1]++;
    for (unsigned i = 0; i < OP_GRANTS_MAX; i++)
        got.slot[i] += op->slots >> i & 1;
    got.build_refusals += op->kind == OP_BUILD && op->at > OP_REFUSE_MAX;
    if (op_may_be_refused(op->kind))
        got.refuse[op->refuse]++;
    got.backwards += op->kind == OP_RANGE && op->arg < op->pfn;
    if (op_names_entry(op->kind))
        got.entries[entry_split(&shape_here, op->pfn, op->arg, &value)]++;
    if (!op_has_pfn(op->kind))
        return;
    got.at[op_has_schedule(op) || op->at > OP_AT_MAX ? 0 : op->at]++;
    if (op_has_schedule(op)) {
        got.from[op->at_from]++;
        got.keep[op->at_keep]++;
        got.turns[op->turns]++;
    }
    got.beyond += op->pfn >= MAX_P2M_PFN;
    got.far += op->pfn >> 41 && ~op->pfn >> 41;
    if (op->pfn < MAX_P2M_PFN) {
        got.leaf_index[op->pfn % P2M_LEAF]++;
        got.top_index[op->pfn / P2M_MID_SPAN]++;
    }
}

#define EACH_MORE_THAN(least, table, first)                                                        \
    for (size_t i = (first); i < sizeof(got.table) / sizeof(got.table[0]); i++)                    \
    assert_true(got.table[i] > (least))

/* Each op gets its share of uniform bytes, and fields take their values; what changes little is
   likely. */
static void test_distribution(void **state)
{
    struct prng prng = {5};
    uint32_t grants;

    (void)state;
    for (unsigned i = 0; i < SHARES; i++) {
        noise_v2(&prng, CODEC_BOOT + CODEC_OP);
        codec_decode(i % 2 ? VOCABULARY_E820 : VOCABULARY_OPS, bytes, CODEC_BOOT + CODEC_OP, &c);
        assert_int_equal(c.count, 1);
        count_boot(&c.boot);
        count_op(&c.ops[0]);
    }
    EACH_MORE_THAN(SHARES / 400, kinds, 0); /* an op of one code of 256 */
    EACH_MORE_THAN(0, refuse, 0);
    EACH_MORE_THAN(0, at, 0);
    EACH_MORE_THAN(0, entries, 0);
    EACH_MORE_THAN(0, types, 0);
    EACH_MORE_THAN(0, counts, 0);
    EACH_MORE_THAN(0, leaf_index, 0);
    EACH_MORE_THAN(0, top_index, 0);
    EACH_MORE_THAN(0, from, 0);
    EACH_MORE_THAN(0, keep, 0);
    EACH_MORE_THAN(0, turns, 0);
    EACH_MORE_THAN(0, bases, 0);
    EACH_MORE_THAN(0, slot, 0);
    EACH_MORE_THAN(SHARES / 64, flags, 0);
    EACH_MORE_THAN(0, extras, 0);
    grants = got.kinds[OP_GRANT_MAP] + got.kinds[OP_GRANT_UNMAP];
    assert_true(grants > SHARES / 20 && grants < SHARES / 12);
    assert_true(got.beyond > SHARES / 200 && got.beyond < SHARES / 10);
    assert_true(got.backwards && got.build_refusals && got.setups);
    assert_true(got.far || P2M_WORD_BITS == 32);
    assert_true(got.extras[0] > SHARES / 10 * 9 && got.setups < SHARES / 20);
    assert_true(got.limits && got.limits < SHARES / 20);
    assert_true(got.lists_beyond && got.lists_beyond < SHARES / 20);
    assert_true(got.at[0] > got.kinds[OP_SET] && got.turns[0] < SHARES / 50);
    EACH_MORE_THAN(0, flags, 0);
    for (unsigned i = BOOT_BARE; i < BOOT_FLAG_KINDS; i++)
        assert_true(got.flags[i] < SHARES / 10);
}

/* What uniform bytes rarely give: each value of a field once, the others as they were. */
#define EACH_VALUE(field, first, last)                                                             \
    for (uint64_t value = (first); value <= (last); value++) {                                     \
        (field) = (__typeof__(field))value;                                                        \
        survives(VOCABULARY_OPS);                                                                  \
        assert_true((field) == value);                                                             \
    }

static void test_each_value(void **state)
{
    struct op *op = &c.ops[0];

    (void)state;
    memset(&c, 0, sizeof(c));
    c.count = 1;
    EACH_VALUE(c.boot.refuse, 0, BUILD_REFUSE_MAX);
    EACH_VALUE(c.boot.holes, 0, 255);
    EACH_VALUE(c.boot.order, 0, BOOT_ORDERS - 1);
    for (unsigned set = 0; set < 1 << (BOOT_FLAG_KINDS - BOOT_BARE); set++)
        EACH_VALUE(c.boot.flags, set << BOOT_BARE, set << BOOT_BARE);
    *op = (struct op){.kind = OP_BUILD};
    EACH_VALUE(op->at, 0, BUILD_REFUSE_MAX);
    *op = (struct op){.kind = OP_GRANT_MAP, .count = 1};
    EACH_VALUE(op->slots, 0, UINT16_MAX);
    EACH_VALUE(op->count, 1, OP_GRANTS_MAX);
    EACH_VALUE(op->refuse, 0, OP_REFUSE_MAX);
    *op = (struct op){.kind = OP_E820};
    EACH_VALUE(op->type, 0, OP_TYPE_MAX);
    for (unsigned from = TURN_START; from <= TURN_PART; from++) {
        *op = (struct op){.kind = OP_SET, .at = 1, .at_from = (uint8_t)from};
        EACH_VALUE(op->at, 1, from == TURN_PART ? 255 : OP_POINT_MAX);
        EACH_VALUE(op->at_keep, 0, TURN_KEEP_MAX);
        op->turns = OP_TURNS - 1;
        for (unsigned i = 0; i < OP_TURNS - 1; i++)
            op->turn[i] = (struct turn){1, (uint8_t)from, 0};
        for (unsigned i = 0; i < OP_TURNS - 1; i++) {
            EACH_VALUE(op->turn[i].point, 1, from == TURN_PART ? 255 : OP_POINT_MAX);
            EACH_VALUE(op->turn[i].keep, 0, TURN_KEEP_MAX);
        }
    }
    *op = (struct op){.kind = OP_SET, .at = 1, .at_from = TURN_EVERY};
    EACH_VALUE(op->at_keep, 0, TURN_KEEP_MAX);
}

/* A valid PFN and n times 2^32, all 64 bits, an entry with one bit flipped. */
static void test_forms(void **state)
{
    const uint64_t mask = shape_word_mask(&shape_here);
    uint8_t *op = bytes + CODEC_BOOT;

    (void)state;
    memset(bytes, 0, CODEC_BOOT + CODEC_OP); /* set 0 invalid */
    op[4 + 4] = 1;
    op[20] = 0xf2;
    op[4 + 6] = 4;
    codec_decode(VOCABULARY_OPS, bytes, CODEC_BOOT + CODEC_OP, &c);
    assert_true(c.ops[0].pfn == ((1 | (uint64_t)5 << 32) & mask));
    op[20] = 0xf3;
    memset(op + 4, 0x5a, 8);
    codec_decode(VOCABULARY_OPS, bytes, CODEC_BOOT + CODEC_OP, &c);
    assert_true(c.ops[0].pfn == (0x5a5a5a5a5a5a5a5a & mask));
    for (unsigned bit = 0; bit < P2M_WORD_BITS; bit++) {
        op[3] = 0xf0 | ENTRY_MFN;
        op[22] = (uint8_t)bit;
        codec_decode(VOCABULARY_OPS, bytes, CODEC_BOOT + CODEC_OP, &c);
        assert_true(c.ops[0].arg == (uint64_t)1 << bit);
        op[3] = 0xf0 | ENTRY_INVALID;
        codec_decode(VOCABULARY_OPS, bytes, CODEC_BOOT + CODEC_OP, &c);
        assert_true(c.ops[0].arg == (mask ^ (uint64_t)1 << bit));
    }
}

/* Far addresses and PFNs come back to the last byte. */
static void test_extremes(void **state)
{
    const uint64_t word = shape_word_mask(&shape_here), max = MAX_P2M_PFN;
    const uint64_t middle = max + ((word - max) / 2), far = max + ((uint64_t)1 << 40);
    const uint64_t pfns[] = {0,          1,        max - 1, max,        max + 1,
                             word,       word - 1, middle,  word & far, word & (far - 1),
                             word & ~far};
    const uint64_t addresses[] = {0,
                                  1,
                                  4095,
                                  4096,
                                  ~(uint64_t)0,
                                  ~(uint64_t)0 - 4096,
                                  (uint64_t)0x3ffc03ffffff,
                                  max * 4096,
                                  max * 4096 - 1,
                                  (uint64_t)1 << 63,
                                  0x0123456789abcdef};

    (void)state;
    memset(&c, 0, sizeof(c));
    c.boot.nr_pages = word;
    c.boot.hotplug_limit = middle;
    for (unsigned i = 0; i < BOOT_EXTRAS; i++) {
        c.boot.extra[i].pfn = pfns[7 + i];
        c.boot.extra[i].pages = UINT32_MAX - i;
    }
    for (unsigned i = 0; i < sizeof(pfns) / sizeof(pfns[0]); i++)
        for (unsigned k = 0; k < sizeof(pfns) / sizeof(pfns[0]); k++)
            c.ops[c.count++] = (struct op){.kind = OP_RANGE, .pfn = pfns[i], .arg = pfns[k]};
    for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
        for (unsigned k = 0; k < sizeof(addresses) / sizeof(addresses[0]); k++)
            c.ops[c.count++] = (struct op){
                .kind = OP_E820, .start = addresses[i], .stop = addresses[k], .type = 12};
    survives(VOCABULARY_E820);
}

/* Version 1, for ever: these bytes mean this, whatever versions come. */
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

/* A hash of the case as text, but for its first line. */
static uint64_t hash_of_text(uint64_t hash)
{
    static char text[64 * 1024];
    FILE *memory = fmemopen(text, sizeof(text), "w");
    size_t size;

    text_print_case(memory, "", &shape_here, &c);
    size = (size_t)ftell(memory);
    fclose(memory);
    for (size_t i = strcspn(text, "\n"); i < size; i++)
        hash = (hash ^ (uint8_t)text[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* What the last program that wrote version 1 made of these bytes. */
static const struct {
    const char *geometry;
    uint64_t hash[VOCABULARIES_1];
} version_1[] = {
    {"micro", {0x42b8cfacf4d46c5a, 0x2ee8866425379694}},
    {"tiny", {0x22976eca257ca9e6, 0x36115269681cc12b}},
    {"odd", {0x85e0778b6622ae03, 0x1af92bbd66a4df07}},
    {"x86_64", {0x89b02422a29b9da6, 0xf8bca4abb0eb4aa9}},
    {"x86_32", {0xc1058ac3ef078948, 0x32080a7771453c87}},
};

/* 400 inputs: all of them version 1 by their first byte, or (`told`) by the caller. */
static uint64_t hash_of_version_1(enum vocabulary vocabulary, bool told)
{
    struct prng prng = {100 + vocabulary};
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (unsigned round = 0; round < 400; round++) {
        size_t size = prng_below(&prng, round % 100 ? 700 : 6000);

        noise(&prng, size);
        if (size > 8 && round % 2)
            bytes[8] = 0; /* no op is off */
        if (!size)
            size = 1;
        bytes[0] = told ? (uint8_t)round : 1;
        (told ? codec_decode_v1 : codec_decode)(vocabulary, bytes, size, &c);
        hash = hash_of_text(hash);
    }
    return hash;
}

static void test_version_1_keeps_its_meaning(void **state)
{
    unsigned compared = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(version_1) / sizeof(version_1[0]); i++)
        for (int v = 0; !strcmp(version_1[i].geometry, shape_here.name) && v < VOCABULARIES_1;
             v++) {
            assert_true(hash_of_version_1((enum vocabulary)v, false) == version_1[i].hash[v]);
            assert_true(hash_of_version_1((enum vocabulary)v, true) == version_1[i].hash[v]);
            compared++;
        }
    assert_int_equal(compared, VOCABULARIES_1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_case_is_expressible),
        cmocka_unit_test(test_idempotent_on_bytes),
        cmocka_unit_test(test_any_size),
        cmocka_unit_test(test_version_and_room),
        cmocka_unit_test(test_what_is_off),
        cmocka_unit_test(test_local),
        cmocka_unit_test(test_distribution),
        cmocka_unit_test(test_each_value),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_version_1),
        cmocka_unit_test(test_version_1_keeps_its_meaning),
    };

    return cmocka_run_group_tests_name("codec", tests, NULL, NULL);
}
