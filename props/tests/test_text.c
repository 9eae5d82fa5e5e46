// SPDX-License-Identifier: GPL-2.0-or-later
/* The text format: what it prints it reads, and what is wrong it names, with the line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "any_case.inc"
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

static void survives(void)
{
    static char text[64 * 1024];
    FILE *memory = fmemopen(text, sizeof(text), "w");
    char error[256] = "";
    size_t size;

    assert_true(case_fits(&c, &shape_here));
    text_print_case(memory, "", &shape_here, &c);
    size = (size_t)ftell(memory);
    fclose(memory);
    if (!parse(text, size, error, sizeof(error)))
        fail_msg("%s", error);
    assert_true(case_equal(&c, &d));
    assert_string_equal(c.subject, d.subject);
    assert_string_equal(c.mode, d.mode);
}

static void test_round_trip(void **state)
{
    struct prng prng = {1};

    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        unsigned ops = 1 + (unsigned)prng_below(&prng, 60);

        generate_case(&prng, &generate_all, ops, &c);
        survives();
        any_case(&prng, ops, &c);
        if (round % 2)
            strcpy(c.subject, round % 4 == 1 ? "linux-6.12" : "a-name-of-31-characters-which-is");
        c.subject[CASE_SUBJECT - 1] = '\0';
        if (round % 3)
            strcpy(c.mode, round % 3 == 1 ? "as-written" : "as-optimised");
        survives();
    }
}

/* The longest line of an op fits where lines are printed. */
static void test_longest_line(void **state)
{
    const struct turn turn = {OP_POINT_MAX, TURN_END, TURN_KEEP_MAX};
    char line[512];

    (void)state;
    c.boot = (struct boot){0};
    c.subject[0] = c.mode[0] = '\0';
    c.count = 1;
    for (unsigned kind = 0; kind < OP_KINDS; kind++) {
        c.ops[0] = (struct op){.kind = (uint8_t)kind,
                               .refuse = OP_REFUSE_MAX,
                               .count = OP_GRANTS_MAX,
                               .slots = UINT16_MAX,
                               .at = kind == OP_BUILD ? BUILD_REFUSE_MAX : turn.point,
                               .at_from = turn.from,
                               .at_keep = turn.keep,
                               .turns = OP_TURNS - 1,
                               .turn = {turn, turn, turn},
                               .type = kind == OP_E820 ? OP_TYPE_SOFT : 1,
                               .pfn = OP_LAST_PFN(&shape_here),
                               .arg = OP_LAST_PFN(&shape_here) - 1,
                               .start = ~(uint64_t)0,
                               .stop = ~(uint64_t)0};
        text_print_op(line, sizeof(line), &shape_here, &c.ops[0]);
        assert_true(strlen(line) < 128);
    }
}

#define HEAD_1 "p2m-case 1\ngeometry tiny\n"
#define HEAD "p2m-case 2\ngeometry tiny\n"

/* What is wrong, and the message that must be given. */
static const struct {
    const char *text, *error;
} mistakes[] = {
    {"", "f.txt:1: expected 'p2m-case 2', got the end of the file"},
    {"\n", "f.txt:1: expected 'p2m-case 2'"},
    {"# story first\np2m-case 1\n", "f.txt:1: expected 'p2m-case 2'"},
    {"p2m-case 3\n", "f.txt:1: unknown version"},
    {"p2m-case 2 1\n", "f.txt:1: unknown version"},
    {"p2m-case\n", "f.txt:1: unknown version"},
    {"p2m-case 2\n", "f.txt:1: expected 'geometry NAME', got the end of the file"},
    {"p2m-case 1\n", "f.txt:1: expected 'geometry NAME', got the end of the file"},
    {"p2m-case 1\nset 0 invalid\n", "f.txt:2: expected 'geometry NAME'"},
    {"p2m-case 1\ngeometry big\n", "f.txt:2: 'big' is not a geometry"},
    {HEAD "jump 0\n", "f.txt:3: 'jump' is not an op"},
    {HEAD "get\n", "f.txt:3: 'get' needs a PFN"},
    {HEAD "get x\n", "f.txt:3: 'x' is not a number"},
    {HEAD "get 0x\n", "f.txt:3: '0x' is not a number"},
    {HEAD "get 010\n", "f.txt:3: '010' is not a number"},
    {HEAD "get -1\n", "f.txt:3: '-1' is not a number"},
    {HEAD "get 0x10000000000000000\n", "f.txt:3: '0x10000000000000000' does not fit"},
    {"p2m-case 1\ngeometry odd\nget 0x100000000\n", "f.txt:3: PFN 0x100000000 is above"},
    {HEAD "get 1 2\n", "f.txt:3: '2' is one word too many"},
    {HEAD "set 1\n", "f.txt:3: expected an entry"},
    {HEAD "set 1 mfn\n", "f.txt:3: 'mfn' needs a number"},
    {HEAD "set 1 mfn 0x4000000000000000\n", "f.txt:3: MFN 0x4000000000000000 is above"},
    {HEAD "set 1 private\n", "f.txt:3: expected an entry"},
    {HEAD "set 1 invalid refuse=0\n", "f.txt:3: refuse counts from 1"},
    {HEAD "set 1 invalid refuse=17\n", "f.txt:3: refuse 17 is above 0x10"},
    {HEAD "set 1 invalid refuse=1 refuse=2\n", "f.txt:3: 'refuse=2' is one word too many"},
    {HEAD "get 1 refuse=1\n", "f.txt:3: 'refuse=1' is one word too many"},
    {HEAD "range 1\n", "f.txt:3: 'range' needs START END"},
    {HEAD "resume 1\n", "f.txt:3: '1' is one word too many"},
    {HEAD "at 3 resume\n", "f.txt:3: 'resume' cannot run inside"},
    {HEAD "at 0 get 1\n", "f.txt:3: sync point counts from 1"},
    {HEAD_1 "at 65 get 1\n", "f.txt:3: sync point 65 is above"},
    {HEAD "at 3\n", "f.txt:3: 'at' needs"},
    {HEAD "e820 0 1\n", "f.txt:3: 'e820' needs START END TYPE"},
    {HEAD "e820 0 1 ram\n", "f.txt:3: 'ram' is not an E820 type"},
    {HEAD "e820 0 1 200\n", "f.txt:3: E820 type 200 is above"},
    {HEAD "e820 0 1 126\n", "f.txt:3: E820 type 126 is written soft-reserved"},
    {HEAD "xen_set_identity dom0\n", "f.txt:3: 'dom0' is one word too many"},
    {HEAD_1 "boot nr_pages=0x211\n", "f.txt:3: nr_pages 0x211 is above"},
    {HEAD "boot pages=1\n", "f.txt:3: 'pages=1' is not a word of 'boot'"},
    {HEAD "boot nr_pages=1 nr_pages=2\n", "f.txt:3: 'nr_pages' occurs twice"},
    {HEAD "boot restore=never\n", "f.txt:3: 'restore=never' is not a word"},
    {HEAD "boot holes=256\n", "f.txt:3: holes 256 is above"},
    {HEAD "boot\nboot\n", "f.txt:4: 'boot' occurs once"},
    {HEAD "get 1\nboot\n", "f.txt:4: 'boot' occurs once"},
    {HEAD "geometry tiny\n", "f.txt:3: 'geometry' is not an op"},
    {HEAD "get\r 1\n", "f.txt:3: character 0x0d"},
    {HEAD "get \xc3\xa4\n", "f.txt:3: character 0xc3"},
    {HEAD "a b c d e f g h i a b c d e f g h i a b c d e f g h i a b c d e f g h i\n",
     "f.txt:3: too many words"},
    {HEAD "get 0000000000000000000000000000000000000000000000000000000000000000001\n",
     "f.txt:3: a word of 67 characters"},
    /* schedules */
    {HEAD "at 4096 get 1\n", "f.txt:3: sync point 4096 is above 0xfff"},
    {HEAD "at -0 get 1\n", "f.txt:3: sync point counts from 1"},
    {HEAD "at --1 get 1\n", "f.txt:3: '-1' is not a number"},
    {HEAD "at -4096 get 1\n", "f.txt:3: sync point 4096 is above 0xfff"},
    {HEAD "at 0/256 get 1\n", "f.txt:3: fraction counts from 1"},
    {HEAD "at 256/256 get 1\n", "f.txt:3: fraction 256 is above 0xff"},
    {HEAD "at 8/8 get 1\n", "f.txt:3: fraction 8 is above 0x7"},
    {HEAD "at 1/3 get 1\n", "f.txt:3: '1/3': a call has 2, 4, 8 .. 256 parts"},
    {HEAD "at 1/512 get 1\n", "f.txt:3: the parts of a call 512 is above 0x100"},
    {HEAD "at 8, get 1\n", "f.txt:3: '' is not a number"},
    {HEAD "at , get 1\n", "f.txt:3: '' is not a number"},
    {HEAD "at 1,2,3,4,5 get 1\n", "f.txt:3: a schedule has at most 4 switches"},
    {HEAD "at 1,* get 1\n", "f.txt:3: '*' is a whole schedule"},
    {HEAD "at *,1 get 1\n", "f.txt:3: '*' is a whole schedule"},
    {HEAD "at ** get 1\n", "f.txt:3: '**' is not a number"},
    {HEAD "at ~ get 1\n", "f.txt:3: '' is not a number"},
    {HEAD "at 1~0 get 1\n", "f.txt:3: the number of stores counts from 1"},
    {HEAD "at 1~3 get 1\n", "f.txt:3: the number of stores 3 is above 0x2"},
    {HEAD "at 1~1~1 get 1\n", "f.txt:3: '1~1' is not a number"},
    {HEAD "at 3 grant_map 0 1 mfn 1\n", "f.txt:3: 'grant_map' cannot run inside"},
    /* the other ops */
    {HEAD "grant_map 1 1 mfn\n", "f.txt:3: 'grant_map' needs PFN COUNT mfn MFN"},
    {HEAD "grant_map 1 0 mfn 1\n", "f.txt:3: the number of slots counts from 1"},
    {HEAD "grant_map 1 17 mfn 1\n", "f.txt:3: the number of slots 17 is above 0x10"},
    {HEAD "grant_map 1 1 foreign 1\n", "f.txt:3: expected 'mfn', got 'foreign'"},
    {HEAD "grant_map 1 1 mfn 0x4000000000000000\n", "f.txt:3: MFN 0x4000000000000000 is above"},
    {HEAD "grant_map 1 1 mfn 1 slots=0x10000\n", "f.txt:3: slots 0x10000 is above 0xffff"},
    {HEAD "grant_map 1 1 mfn 1 refuse=1 slots=1\n", "f.txt:3: 'slots=1' is one word too many"},
    {HEAD "grant_unmap 1\n", "f.txt:3: 'grant_unmap' needs PFN COUNT"},
    {HEAD "grant_unmap 1 1 refuse=1\n", "f.txt:3: 'refuse=1' is one word too many"},
    {HEAD "build refuse=4096\n", "f.txt:3: refuse 4096 is above 0xfff"},
    {HEAD "build refuse=0\n", "f.txt:3: refuse counts from 1"},
    {HEAD "publish 1\n", "f.txt:3: '1' is one word too many"},
    {HEAD "destroy refuse=1\n", "f.txt:3: 'refuse=1' is one word too many"},
    {HEAD "list 1\n", "f.txt:3: expected an entry"},
    {HEAD "list\n", "f.txt:3: 'list' needs a PFN"},
    {HEAD "list 1 invalid refuse=1\n", "f.txt:3: 'refuse=1' is one word too many"},
    {HEAD "mfn_base list\n", "f.txt:3: 'mfn_base' needs list, pages or leaves"},
    {HEAD "mfn_base mids 1\n", "f.txt:3: 'mids' has no MFNs"},
    /* boot */
    {"p2m-case 2\ngeometry odd\nboot nr_pages=0x100000000\n",
     "f.txt:3: nr_pages 0x100000000 is above"},
    {"p2m-case 2\ngeometry odd\nboot hotplug=0x100000000\n",
     "f.txt:3: hotplug 0x100000000 is above"},
    {HEAD "boot refuse=4096\n", "f.txt:3: refuse 4096 is above 0xfff"},
    {HEAD "boot bare bare\n", "f.txt:3: 'bare' occurs twice"},
    {HEAD "boot bare=1\n", "f.txt:3: 'bare=1' is not a word of 'boot'"},
    {HEAD "boot hotplug=\n", "f.txt:3: '' is not a number"},
    {HEAD "boot extra=1\n", "f.txt:3: '1' is not a region: expected PFN+PAGES"},
    {HEAD "boot extra=1+0\n", "f.txt:3: the number of pages counts from 1"},
    {HEAD "boot extra=1+0x100000000\n", "f.txt:3: the number of pages 0x100000000 is above"},
    {HEAD "boot extra=1+1+1\n", "f.txt:3: '1+1' is not a number"},
    {HEAD "boot extra=1+1 extra=1+1 extra=1+1 extra=1+1 extra=1+1\n",
     "f.txt:3: 'extra' occurs more than 4 times"},
    {HEAD "boot nvs=1+1 nvs=1+1 nvs=1+1\n", "f.txt:3: 'nvs' occurs more than 2 times"},
    {HEAD "boot nvs=0x100000000+1\n", "f.txt:3: PFN 0x100000000 is above"},
    {HEAD "boot kernel=0x100000000\n", "f.txt:3: kernel 0x100000000 is above"},
    {HEAD "boot answers=0x01234567\n", "f.txt:3: 'answers' needs 0x and 16 digits"},
    {HEAD "boot answers=0123456789abcdef\n", "f.txt:3: 'answers' needs 0x and 16 digits"},
    {HEAD "boot answers=0x0123456789abcdefg\n", "f.txt:3: 'answers' needs 0x and 16 digits"},
    /* the head */
    {HEAD "subject\n", "f.txt:3: 'subject' needs one word of at most 31 characters"},
    {HEAD "subject a b\n", "f.txt:3: 'subject' needs one word"},
    {HEAD "subject a-name-of-32-characters-which-is\n", "f.txt:3: 'subject' needs one word"},
    {HEAD "subject a\nsubject b\n", "f.txt:4: 'subject' occurs once"},
    {HEAD "get 1\nsubject a\n", "f.txt:4: 'subject' occurs once"},
    {HEAD "boot\nmode as-written\n", "f.txt:4: 'mode' occurs once"},
    {HEAD "mode fast\n", "f.txt:3: 'fast' is not a mode"},
    /* what version 1 has not */
    {HEAD_1 "at 8,16 get 1\n", "f.txt:3: '8,16' is not a number"},
    {HEAD_1 "at -8 get 1\n", "f.txt:3: '-8' is not a number"},
    {HEAD_1 "grant_unmap 1 1\n", "f.txt:3: 'grant_unmap' is an op of 'p2m-case 2' only"},
    {HEAD_1 "subject a\n", "f.txt:3: 'subject' is not an op"},
    {HEAD_1 "boot tso\n", "f.txt:3: 'tso' is not a word of 'boot'"},
    {HEAD_1 "boot hotplug=1\n", "f.txt:3: 'hotplug=1' is not a word of 'boot'"},
    {HEAD_1 "boot extra=1+1\n", "f.txt:3: 'extra=1+1' is not a word of 'boot'"},
    {HEAD_1 "boot answers=0x0123456789abcdef\n",
     "f.txt:3: 'answers=0x0123456789abcdef' is not a word"},
    {HEAD_1 "boot refuse=17\n", "f.txt:3: refuse 17 is above 0x10"},
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

/* Each form of a schedule and of a boot, as people write them. */
static void test_what_is_new(void **state)
{
    const char *text =
        HEAD "mode as-optimised\nsubject linux-6.12\n"
             "boot nr_pages=0xffffffffffffffff hotplug=0x400 extra=0x10+0x20 4tools extra=0x50+1 "
             "reservation=0x1000 kernel=1 initrd=2 page_tables=3 list=4 nvs=5+6 nvs=7+8 domu "
             "answers=0x00112233445566Ff refuse=4095\n"
             "at 1023,-3~,1/2~2,7~1 set 0x1 mfn 0x2\nat *~ get 1\nat 16~2 get 0x1\n"
             "grant_map 0x8 3 mfn 0x100 slots=0x5 refuse=2\ngrant_unmap 0x8 16\n"
             "mfn_base leaves 0x7\nlist 0x3 foreign 0x4\nbuild refuse=17\npublish\ndestroy\n";
    const struct op *op = d.ops;
    char error[256] = "";

    (void)state;
    if (!parse(text, strlen(text), error, sizeof(error)))
        fail_msg("%s", error);
    assert_string_equal(d.subject, "linux-6.12");
    assert_string_equal(d.mode, "as-optimised");
    assert_true(d.boot.nr_pages == ~(uint64_t)0 && d.boot.hotplug_limit == 0x400);
    assert_true(d.boot.flags == (1u << BOOT_TOOLS4 | 1u << BOOT_DOMU) && d.boot.refuse == 4095);
    assert_true(d.boot.extra[1].pfn == 0x50 && d.boot.extra[1].pages == 1 &&
                !d.boot.extra[2].pages);
    assert_true(d.boot.setup.max_reservation == 0x1000 && d.boot.setup.page_tables == 3 &&
                d.boot.setup.nvs[1].pfn == 7 && d.boot.setup.nvs[1].pages == 8);
    assert_true(d.boot.setup.answer[1] == 0x11 && d.boot.setup.answer[7] == 0xff);
    assert_true(op->at == 1023 && op->at_from == TURN_START && !op->at_keep && op->turns == 3);
    assert_true(op->turn[0].point == 3 && op->turn[0].from == TURN_END && op->turn[0].keep == 1);
    assert_true(op->turn[1].point == 128 && op->turn[1].from == TURN_PART && op->turn[1].keep == 3);
    assert_true(op->turn[2].point == 7 && op->turn[2].from == TURN_START && op->turn[2].keep == 2);
    assert_true(op[1].at == 1 && op[1].at_from == TURN_EVERY && op[1].at_keep == 1);
    assert_true(op[2].at == 16 && op[2].at_keep == 3 && !op[2].turns);
    assert_true(op[3].kind == OP_GRANT_MAP && op[3].pfn == 8 && op[3].count == 3 &&
                op[3].arg == 0x100 && op[3].slots == 5 && op[3].refuse == 2);
    assert_true(op[4].kind == OP_GRANT_UNMAP && op[4].pfn == 8 && op[4].count == 16);
    assert_true(op[5].kind == OP_MFN_BASE && op[5].type == MFN_BASE_LEAVES && op[5].arg == 7);
    assert_true(op[6].kind == OP_LIST && op[6].pfn == 3 && op[6].arg == ((uint64_t)1 << 63 | 4));
    assert_true(op[7].kind == OP_BUILD && op[7].at == 17);
    assert_true(op[8].kind == OP_PUBLISH && op[9].kind == OP_DESTROY && d.count == 10);
}

/* Any PFN up to ~0 and any address, in version 1 as well. */
static void test_far_numbers(void **state)
{
    static const char *const texts[] = {
        HEAD "get 0x40000000000000\ne820 0x1000000000000001 0xffffffffffffffff usable\n",
        HEAD_1 "get 0x40000000000000\ne820 0x1000000000000001 0xffffffffffffffff usable\n"};
    char error[256] = "";

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        if (!parse(texts[i], strlen(texts[i]), error, sizeof(error)))
            fail_msg("%s", error);
        assert_true(d.ops[0].pfn == 0x40000000000000 && d.ops[1].start == 0x1000000000000001 &&
                    d.ops[1].stop == ~(uint64_t)0);
    }
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
    char text[] = HEAD "subject a\nmode as-written\nboot nr_pages=9 holes=3 refuse=2 extra=1+2 tso "
                       "nvs=1+1 answers=0x0123456789abcdef\nat 2,-3~2,7/256 set 0x11 mfn 7\n"
                       "range 1 2\ne820 0x1000 0x2001 nvs\nxen_set_identity domu\n"
                       "grant_map 1 2 mfn 3 slots=1\nmfn_base list 3\nat * get 1\nbuild refuse=7\n";
    const size_t size = sizeof(text) - 1;
    char error[256];
    struct prng prng = {9};

    (void)state;
    for (size_t length = 0; length <= size; length++)
        parse(text, length, error, sizeof(error));
    for (unsigned i = 0; i < 40000; i++) {
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
        cmocka_unit_test(test_round_trip),   cmocka_unit_test(test_longest_line),
        cmocka_unit_test(test_mistakes),     cmocka_unit_test(test_zero_byte_and_too_many_ops),
        cmocka_unit_test(test_what_is_fine), cmocka_unit_test(test_what_is_new),
        cmocka_unit_test(test_far_numbers),  cmocka_unit_test(test_damaged),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
