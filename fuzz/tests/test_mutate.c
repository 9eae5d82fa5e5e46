// SPDX-License-Identifier: GPL-2.0-or-later
/* The mutator: deterministic, within bounds, and able to reach what it is for. */
#include <string.h>

#include "fuzz/mutate.h"
#include "props/case/entry.h"
#include "props/case/generate.h"
#include "props/tests/unit.h"

static size_t random_input(uint64_t seed, uint8_t *data)
{
    struct prng prng = {prng_mix(seed)};
    struct test_case c;

    generate_case(&prng, &generate_all, 1 + (unsigned)prng_below(&prng, 40), &c);
    return codec_encode(VOCABULARY_OPS, &c, data);
}

static void test_same_seed_same_result(void **state)
{
    uint8_t a[CODEC_MAX], b[CODEC_MAX];
    unsigned different = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 2000; seed++) {
        size_t size = random_input(seed, a), first, second;

        memcpy(b, a, size);
        mutate_bytes(VOCABULARY_OPS, a, size, sizeof(a), seed);
        mutate_bytes(VOCABULARY_E820, a, 0, sizeof(a), ~seed); /* leaves nothing behind */
        random_input(seed, a);
        first = mutate_bytes(VOCABULARY_OPS, a, size, sizeof(a), seed);
        second = mutate_bytes(VOCABULARY_OPS, b, size, sizeof(b), seed);
        assert_int_equal(first, second);
        assert_memory_equal(a, b, first);
        random_input(seed, b);
        different += first != size || memcmp(a, b, size);
    }
    assert_true(different > 1500);
}

/* Room for less than an input has is kept to, down to none at all. */
static void test_stays_within_its_room(void **state)
{
    uint8_t data[CODEC_MAX + 16], other[CODEC_MAX], out[CODEC_MAX + 16];

    (void)state;
    for (uint64_t seed = 0; seed < 3000; seed++) {
        size_t size = random_input(seed, data), most = seed % (CODEC_MAX + 1);
        size_t other_size = random_input(~seed, other);

        if (size > most)
            size = most;
        memset(data + most, 0x5a, 16);
        assert_true(mutate_bytes(VOCABULARY_OPS, data, size, most, seed) <= most);
        for (unsigned i = 0; i < 16; i++)
            assert_int_equal(data[most + i], 0x5a);
        memset(out + most, 0x5a, 16);
        assert_true(mutate_cross(VOCABULARY_E820, data, size, other, other_size, out, most, seed) <=
                    most);
        for (unsigned i = 0; i < 16; i++)
            assert_int_equal(out[most + i], 0x5a);
    }
}

static unsigned schedule_of(const struct op *op)
{
    unsigned kinds = op->at ? 1u << op->at_from : 0;

    for (unsigned i = 0; i < op->turns; i++)
        kinds |= 1u << op->turn[i].from | (op->turn[i].keep ? 1u << 4 : 0);
    return kinds;
}

/* A bit for each field of the boot that few executors honour. */
static unsigned rare_fields_of(const struct boot *boot)
{
    return (boot->hotplug_limit > 0) | (boot->extra[0].pages > 0) << 1 |
           (boot->extra[1].pages > 0) << 2 | (boot->setup.max_reservation > 0) << 3 |
           (boot->setup.nvs[0].pages > 0) << 4 | (boot->nr_pages > 2 * MAX_P2M_PFN) << 5;
}

/* A call in the last three points of a long range, at the leaf behind its end. */
static bool is_late(const struct op *op, const struct op *outer)
{
    return op_has_pfn(op->kind) && op->at && op->at_from == TURN_END && op->at <= 3 &&
           outer->kind == OP_RANGE && outer->arg - outer->pfn >= 2 * P2M_LEAF &&
           op->pfn - outer->arg < P2M_LEAF && outer->arg < MAX_P2M_PFN;
}

/* From nothing, by mutation alone: every op, entry kind, refusal, overlap, every form of boot. */
static void test_reaches_everything(void **state)
{
    uint8_t data[CODEC_MAX];
    bool kinds[OP_KINDS] = {false}, entries[ENTRY_KINDS] = {false};
    bool is_long = false, far = false, mapped = false, named = false, based = false;
    bool refused = false, inside = false, automatic = false, xen = false, holes = false;
    unsigned orders = 0, flags = 0, schedules = 0, rare = 0, late = 0;
    size_t size = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 60000; seed++) {
        static struct test_case c;
        uint64_t value;

        if (seed % 200 == 0)
            size = 0;
        size = mutate_bytes(VOCABULARY_OPS, data, size, sizeof(data), seed);
        codec_decode(VOCABULARY_OPS, data, size, &c);
        assert_true(c.count <= CASE_OPS);
        automatic |= c.boot.auto_translated;
        xen |= c.boot.xen_restore;
        holes |= c.boot.holes > 0;
        is_long |= c.count > 200;
        orders |= 1u << c.boot.order;
        flags |= c.boot.flags;
        rare |= rare_fields_of(&c.boot);
        for (unsigned i = 0; i < c.count; i++) {
            const struct op *op = &c.ops[i];

            kinds[op->kind] = true;
            far |= op->pfn >> 32 && (uint32_t)op->pfn < MAX_P2M_PFN;
            mapped |= op->kind == OP_XEN_SET_IDENTITY && op->refuse > 0;
            named |= op->kind == OP_LIST && op->arg > UINT32_MAX && op->arg <= MFN_MASK;
            based |= op->kind == OP_MFN_BASE && op->arg > UINT32_MAX && op->arg <= MFN_MASK;
            late += i + 1 < c.count && is_late(op, op + 1);
            refused |= op->refuse > 0;
            inside |= op->at > 0;
            schedules |= op_has_pfn(op->kind) ? schedule_of(op) : 0;
            if (op->kind == OP_SET)
                entries[entry_split(&shape_here, op->pfn, op->arg, &value)] = true;
        }
    }
    for (unsigned i = 0; i < OP_KINDS; i++)
        assert_true(kinds[i]);
    for (unsigned i = 0; i < ENTRY_KINDS; i++)
        assert_true(entries[i]);
    assert_true(is_long && mapped && (P2M_WORD_BITS == 32 || (far && named && based)));
    assert_int_equal(orders, (1u << BOOT_ORDERS) - 1);
    assert_true(refused && inside && automatic && xen && holes);
    assert_true(late > 20);
    assert_int_equal(flags, (1u << BOOT_FLAG_KINDS) - (1u << BOOT_BARE));
    assert_int_equal(schedules, 0x1f);
    assert_int_equal(rare, 0x3f);
}

/* Two inputs give a case that starts like the one and ends like the other. */
static void test_splice(void **state)
{
    static struct test_case a, b, c;
    struct prng prng = {1};

    (void)state;
    for (unsigned round = 0; round < 500; round++) {
        unsigned head = 0, tail = 0;

        generate_case(&prng, &generate_all, 1 + (unsigned)prng_below(&prng, CASE_OPS), &a);
        generate_case(&prng, &generate_all, 1 + (unsigned)prng_below(&prng, CASE_OPS), &b);
        c = a;
        mutate_splice(&prng, &c, &b);
        assert_true(c.count <= CASE_OPS);
        while (head < c.count && head < a.count && op_equal(&c.ops[head], &a.ops[head]))
            head++;
        for (unsigned from = 0; from <= b.count && head + tail < c.count; from++) {
            tail = c.count - head;
            if (tail > b.count - from)
                tail = b.count - from;
            if (memcmp(&c.ops[head], &b.ops[from], tail * sizeof(b.ops[0])))
                tail = 0;
        }
        assert_int_equal(head + tail, c.count);
    }
}

/* A boot record of a machine is changed whatever its numbers are. */
static void test_any_length_of_a_list(void **state)
{
    static struct test_case c;
    struct prng prng = {7};

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        memset(&c, 0, sizeof(c));
        c.boot.nr_pages = i % 2 ? UINT64_MAX : i % 3;
        generate_setup_change(&prng, &c);
        assert_true(c.boot.setup.kernel <= MAX_P2M_PFN && c.boot.setup.list <= MAX_P2M_PFN);
    }
}

/* Few cases of a big tree keep what is dear there. In a small one nothing is. */
static void test_few_are_dear(void **state)
{
    const bool big = boot_max_pages(&shape_here) < MAX_P2M_PFN;
    static struct test_case c, before;
    unsigned lists = 0, ranges = 0;

    (void)state;
    memset(&before, 0, sizeof(before));
    before.boot.nr_pages = MAX_P2M_PFN;
    before.count = 2;
    before.ops[0] = (struct op){.kind = OP_RANGE, .pfn = 0, .arg = MAX_P2M_PFN};
    before.ops[1] = (struct op){.kind = OP_RANGE, .pfn = 5, .arg = MAX_P2M_PFN - 1};
    for (unsigned i = 0; i < 4096; i++) {
        c = before;
        generate_cut((struct prng){prng_mix(i)}, &c);
        assert_true(c.ops[0].pfn <= c.ops[0].arg && c.ops[1].pfn <= c.ops[1].arg);
        assert_int_equal(c.count, 2);
        lists += c.boot.nr_pages == MAX_P2M_PFN;
        ranges += c.boot.nr_pages == MAX_P2M_PFN && op_equal(&c.ops[0], &before.ops[0]);
        assert_true(big || case_equal(&c, &before));
    }
    assert_true(!big || (lists > 900 && lists < 1150));
    assert_true(!big || (ranges > 30 && ranges < 100));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_length_of_a_list),
        cmocka_unit_test(test_same_seed_same_result),
        cmocka_unit_test(test_stays_within_its_room),
        cmocka_unit_test(test_reaches_everything),
        cmocka_unit_test(test_splice),
        cmocka_unit_test(test_few_are_dear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
