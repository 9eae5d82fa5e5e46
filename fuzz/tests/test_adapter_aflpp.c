// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * AFL++'s mutator, called as afl-fuzz calls it; that afl-fuzz does so is tested in
 * scripts/tests/test_engines.py.
 */
#include "fuzz/adapter_aflpp.c" /* NOLINT(bugprone-suspicious-include): its static functions */
#include "props/tests/unit.h"

const enum vocabulary target_vocabulary = VOCABULARY_OPS;

static uint8_t input[CODEC_MAX];

/* `ops` records, each with its number in its last bytes, the last one cut short by `cut`. */
static size_t numbered(unsigned ops, unsigned cut)
{
    memset(input, 0, sizeof(input));
    input[1] = 0x80;
    for (unsigned i = 0; i < ops; i++)
        input[CODEC_BOOT + i * CODEC_OP + 10] = (uint8_t)(i + 1);
    return CODEC_BOOT + ops * CODEC_OP - cut;
}

static bool has(const uint8_t *data, size_t size, uint8_t number)
{
    for (size_t at = CODEC_BOOT + 10; at < size; at += CODEC_OP)
        if (data[at] == number)
            return true;
    return false;
}

/* As afl-fuzz does it; what matters are the ops `a` and `b`. Answers the final size. */
static size_t trim(size_t size, uint8_t a, uint8_t b, uint8_t *result)
{
    struct mutator *m = afl_custom_init(NULL, 1);
    int32_t steps = afl_custom_init_trim(m, input, size), step = 0;
    unsigned runs = 0;

    memcpy(result, input, size);
    while (step < steps) {
        uint8_t *out;
        size_t left = afl_custom_trim(m, &out);
        bool same = (!a || has(out, left, a)) && (!b || has(out, left, b));

        assert_true(left < size);
        assert_true(++runs <= 1024);
        if (same)
            memcpy(result, out, size = left);
        step = afl_custom_post_trim(m, same);
    }
    afl_custom_deinit(m);
    return size;
}

static void test_trim(void **state)
{
    static uint8_t result[CODEC_MAX];

    (void)state;
    for (unsigned ops = 2; ops <= CASE_OPS - 1; ops += 23)
        for (unsigned cut = 0; cut < 2; cut++) {
            uint8_t a = (uint8_t)(1 + ops / 3), b = (uint8_t)ops;
            size_t size = trim(numbered(ops, cut), a, b, result);

            assert_int_equal(size, CODEC_BOOT + 2 * CODEC_OP - cut);
            assert_int_equal(result[1], 0x80);
            assert_int_equal(result[CODEC_BOOT + 10], a);
            assert_int_equal(result[CODEC_BOOT + CODEC_OP + 10], b);
        }
    assert_int_equal(trim(numbered(255, 0), 0, 0, result), CODEC_BOOT);
    assert_int_equal(trim(numbered(0, 0), 0, 0, result), CODEC_BOOT);
    assert_int_equal(trim(3, 0, 0, result), 3);
}

static void test_outputs(void **state)
{
    struct mutator *m = afl_custom_init(NULL, 7), *again = afl_custom_init(NULL, 7);
    unsigned spliced = 0;

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        static uint8_t other[CODEC_BOOT + 40 * CODEC_OP];
        size_t size = numbered(i % 200, 0), most = 1 + i % 6000, size_of_other = i % sizeof(other);
        uint8_t *out, *out_again;
        uint8_t *add = i % 2 ? other : NULL;
        size_t got = afl_custom_fuzz(m, input, size, &out, add, size_of_other, most);

        assert_true(got > 0 && got <= most && got <= CODEC_MAX);
        spliced += !strcmp(afl_custom_describe(m, 16), "splice");
        assert_string_equal(afl_custom_describe(m, 3), "");
        assert_int_equal(afl_custom_fuzz(again, input, size, &out_again, add, size_of_other, most),
                         got);
        assert_memory_equal(out, out_again, got);
    }
    assert_in_range(spliced, 20000 / 2 / SPLICE_ONE_IN / 2, 20000 / SPLICE_ONE_IN);
    afl_custom_deinit(m);
    afl_custom_deinit(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trim),
        cmocka_unit_test(test_outputs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
