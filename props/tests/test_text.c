// SPDX-License-Identifier: GPL-2.0-or-later
/* The text format: what it prints it reads, and what is wrong it names, with the line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "props/case/generate.h"
#include "props/case/text.h"
#include "unit.h"

static struct test_case c, d;

static bool parse(const char *text, size_t size, char *error, size_t error_size)
{
    const struct shape *shape;
    char *exact = malloc(size + !size); /* ASan sees a read past the end */
    bool fine;

    memcpy(exact, text, size);
    fine = text_parse("f.txt", exact, size, &d, &shape, error, error_size);
    free(exact);
    return fine;
}

static void test_round_trip(void **state)
{
    static char text[64 * 1024];
    struct prng prng = {1};
    char error[256] = "";

    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        FILE *memory = fmemopen(text, sizeof(text), "w");
        size_t size;

        generate_case(&prng, &generate_all, 1 + (unsigned)prng_below(&prng, 60), &c);
        text_print_case(memory, "", &shape_here, &c);
        size = (size_t)ftell(memory);
        fclose(memory);
        if (!parse(text, size, error, sizeof(error)))
            fail_msg("%s", error);
        assert_true(case_equal(&c, &d));
    }
}

#define HEAD "p2m-case 1\ngeometry tiny\n"

/* What is wrong, and the message that must be given. */
static const struct {
    const char *text, *error;
} mistakes[] = {
    {"", "f.txt:1: expected 'p2m-case 1', got the end of the file"},
    {"\n", "f.txt:1: expected 'p2m-case 1'"},
    {"# story first\np2m-case 1\n", "f.txt:1: expected 'p2m-case 1'"},
    {"p2m-case 2\n", "f.txt:1: this is no version"},
    {"p2m-case\n", "f.txt:1: this is no version"},
    {"p2m-case 1\n", "f.txt:1: expected 'geometry NAME', got the end of the file"},
    {"p2m-case 1\nset 0 invalid\n", "f.txt:2: expected 'geometry NAME'"},
    {"p2m-case 1\ngeometry big\n", "f.txt:2: 'big' is no geometry"},
    {HEAD "jump 0\n", "f.txt:3: 'jump' is no op"},
    {HEAD "get\n", "f.txt:3: 'get' wants a PFN"},
    {HEAD "get x\n", "f.txt:3: 'x' is no number"},
    {HEAD "get 0x\n", "f.txt:3: '0x' is no number"},
    {HEAD "get 010\n", "f.txt:3: '010' is no number"},
    {HEAD "get -1\n", "f.txt:3: '-1' is no number"},
    {HEAD "get 0x10000000000000000\n", "f.txt:3: '0x10000000000000000' does not fit"},
    {HEAD "get 0x40000000000000\n", "f.txt:3: PFN 0x40000000000000 is more than"},
    {"p2m-case 1\ngeometry odd\nget 0x100000000\n", "f.txt:3: PFN 0x100000000 is above"},
    {HEAD "get 1 2\n", "f.txt:3: '2' is too much"},
    {HEAD "set 1\n", "f.txt:3: expected an entry"},
    {HEAD "set 1 mfn\n", "f.txt:3: 'mfn' wants a number"},
    {HEAD "set 1 mfn 0x4000000000000000\n", "f.txt:3: MFN 0x4000000000000000 is above"},
    {HEAD "set 1 private\n", "f.txt:3: expected an entry"},
    {HEAD "set 1 invalid refuse=0\n", "f.txt:3: refuse counts from 1"},
    {HEAD "set 1 invalid refuse=17\n", "f.txt:3: refuse 17 is above 0x10"},
    {HEAD "set 1 invalid refuse=1 refuse=2\n", "f.txt:3: 'refuse=2' is too much"},
    {HEAD "get 1 refuse=1\n", "f.txt:3: 'refuse=1' is too much"},
    {HEAD "range 1\n", "f.txt:3: 'range' wants START END"},
    {HEAD "resume 1\n", "f.txt:3: '1' is too much"},
    {HEAD "at 3 resume\n", "f.txt:3: 'resume' cannot run inside"},
    {HEAD "at 0 get 1\n", "f.txt:3: sync points count from 1"},
    {HEAD "at 65 get 1\n", "f.txt:3: sync point 65 is above"},
    {HEAD "at 3\n", "f.txt:3: 'at' wants"},
    {HEAD "e820 0 1\n", "f.txt:3: 'e820' wants START END TYPE"},
    {HEAD "e820 0 1 ram\n", "f.txt:3: 'ram' is no E820 type"},
    {HEAD "e820 0 1 200\n", "f.txt:3: E820 type 200 is above"},
    {HEAD "e820 0 1 126\n", "f.txt:3: E820 type 126 is written soft-reserved"},
    {HEAD "e820 0 0x1000000000000000 usable\n", "f.txt:3: address 0x1000000000000000 is more"},
    {HEAD "xen_set_identity dom0\n", "f.txt:3: 'dom0' is too much"},
    {HEAD "boot nr_pages=0x211\n", "f.txt:3: nr_pages 0x211 is above"},
    {HEAD "boot pages=1\n", "f.txt:3: 'pages=1' is not known of 'boot'"},
    {HEAD "boot nr_pages=1 nr_pages=2\n", "f.txt:3: 'nr_pages' stands twice"},
    {HEAD "boot restore=never\n", "f.txt:3: 'restore=never' is not known"},
    {HEAD "boot holes=256\n", "f.txt:3: holes 256 is above"},
    {HEAD "boot\nboot\n", "f.txt:4: 'boot' stands once"},
    {HEAD "get 1\nboot\n", "f.txt:4: 'boot' stands once"},
    {HEAD "geometry tiny\n", "f.txt:3: 'geometry' is no op"},
    {HEAD "get\r 1\n", "f.txt:3: character 0x0d"},
    {HEAD "get \xc3\xa4\n", "f.txt:3: character 0xc3"},
    {HEAD "a b c d e f g h i\n", "f.txt:3: too many words"},
    {HEAD "get 0000000000000000000000000000000000000000000000000000000000000000001\n",
     "f.txt:3: a word of 67 characters"},
};

static void test_mistakes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        char error[256] = "";

        if (parse(mistakes[i].text, strlen(mistakes[i].text), error, sizeof(error)))
            fail_msg("taken: %s", mistakes[i].text);
        if (strncmp(error, mistakes[i].error, strlen(mistakes[i].error)))
            fail_msg("expected '%s', got '%s'", mistakes[i].error, error);
    }
}

static void test_zero_byte_and_too_many_ops(void **state)
{
    static char many[CASE_OPS * 8 + 64];
    static const char zero[] = HEAD "get 1\0\n";
    char error[256] = "";

    (void)state;
    assert_false(parse(zero, sizeof(zero) - 1, error, sizeof(error)));
    assert_string_equal(error, "f.txt:3: character 0x00");
    strcpy(many, HEAD);
    for (unsigned i = 0; i < CASE_OPS; i++)
        strcat(many, "resume\n");
    assert_true(parse(many, strlen(many), error, sizeof(error)));
    assert_int_equal(d.count, CASE_OPS);
    strcat(many, "resume\n");
    assert_false(parse(many, strlen(many), error, sizeof(error)));
    assert_string_equal(error, "f.txt:259: more than 256 ops");
}

/* Line ends of another system, blank lines, comments, no end of the last line. */
static void test_what_is_fine(void **state)
{
    const char *text = "p2m-case 1\r\n\r\n# why\ngeometry tiny # small\n\n  boot  # nothing\n"
                       "\tset 0x1FF\tmfn 7 refuse=2#x\nat 64 get 511";
    char error[256] = "";

    (void)state;
    if (!parse(text, strlen(text), error, sizeof(error)))
        fail_msg("%s", error);
    assert_int_equal(d.count, 2);
    assert_true(d.ops[0].pfn == 0x1ff && d.ops[0].arg == 7 && d.ops[0].refuse == 2);
    assert_true(d.ops[1].at == 64 && d.ops[1].pfn == 511);
}

/* No prefix of a text and no single changed byte does harm (ASan watches). */
static void test_damaged(void **state)
{
    char text[] = HEAD "boot nr_pages=9 holes=3 refuse=2\nat 2 set 0x11 mfn 7\nrange 1 2\n"
                       "e820 0x1000 0x2001 nvs\nxen_set_identity domu\n";
    const size_t size = sizeof(text) - 1;
    char error[256];
    struct prng prng = {9};

    (void)state;
    for (size_t length = 0; length <= size; length++)
        parse(text, length, error, sizeof(error));
    for (unsigned i = 0; i < 20000; i++) {
        size_t at = prng_below(&prng, size);
        char was = text[at];

        text[at] = (char)prng_next(&prng);
        parse(text, size, error, sizeof(error));
        text[at] = was;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_zero_byte_and_too_many_ops),
        cmocka_unit_test(test_what_is_fine),
        cmocka_unit_test(test_damaged),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
