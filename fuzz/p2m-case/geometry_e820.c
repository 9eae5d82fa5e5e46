// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory maps in one geometry, for `p2m-case e820`: see geometry.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "geometry_here.h"
#include "props/base/uninstrumented.h"
#include "props/case/text.h"
#include "props/host/sync.h"
#include "props/report/report.h"
#include "props/report/tree.h"

UNINSTRUMENTED_BEGIN

_Static_assert(GEOMETRY_E820_MOST == CASE_OPS - 1, "an op for each entry, and xen_set_identity");

static struct test_case map_case;

/* The table as the core sees it, to be freed. */
static struct p2m_e820_entry *make_map(const struct e820_table *table)
{
    struct p2m_e820_entry *map = calloc(table->count + 1, sizeof(*map));

    if (!map) {
        fprintf(stderr, "p2m-case: out of memory\n");
        exit(1);
    }
    for (unsigned i = 0; i < table->count; i++)
        map[i] = (struct p2m_e820_entry){table->entry[i].start, table->entry[i].end,
                                         table->entry[i].type};
    return map;
}

/* The core's time is the square of the count, so a long map takes more than one HANG allows. */
static void wait_on(void)
{
    sync_arm(~0u, wait_on);
}

static void make_ranges(const struct p2m_e820_entry *map, unsigned count, bool domu,
                        p2m_e820_range_fn *fn, void *ctx)
{
    wait_on();
    p2m_e820_identity_ranges(map, count, domu, fn, ctx);
    sync_arm(0, NULL);
}

static void print_range(void *ctx, p2m_word start, p2m_word end)
{
    fprintf(ctx, "0x%" PRIx64 " 0x%" PRIx64 "\n", (uint64_t)start, (uint64_t)end);
}

void geometry_e820_ranges(const struct e820_table *table, bool domu, FILE *out)
{
    struct p2m_e820_entry *map = make_map(table);

    make_ranges(map, table->count, domu, print_range, out);
    free(map);
}

static void make_case(const struct e820_table *table, bool domu)
{
    memset(&map_case, 0, sizeof(map_case));
    for (unsigned i = 0; i < table->count && map_case.count < GEOMETRY_E820_MOST; i++) {
        uint32_t type = table->entry[i].type;

        map_case.ops[map_case.count++] = (struct op){
            .kind = OP_E820,
            .type = type == 0xefffffff   ? OP_TYPE_SOFT
                    : type > OP_TYPE_MAX ? 2
                                         : (uint8_t)type,
            .start = table->entry[i].start,
            .stop = table->entry[i].end,
        };
    }
    map_case.ops[map_case.count++] = (struct op){.kind = OP_XEN_SET_IDENTITY, .type = domu};
}

void geometry_e820_case(const struct e820_table *table, bool domu, FILE *out)
{
    make_case(table, domu);
    text_print_case(out, "", &shape_here, &map_case);
}

static FILE *draw_out;

static void draw_map(void)
{
    tree_text(draw_out);
}

bool geometry_e820_show(const struct e820_table *table, bool domu, FILE *out)
{
    make_case(table, domu);
    draw_out = out;
    return geometry_draw(subject_under_test, &map_case, draw_map);
}

/* Half of what is usable, for the default. */
static uint64_t half_of(const struct e820_table *table)
{
    uint64_t bytes = 0;

    for (unsigned i = 0; i < table->count; i++)
        if (table->entry[i].type == P2M_E820_RAM)
            bytes += table->entry[i].end - table->entry[i].start;
    return bytes / 4096 / 2;
}

bool geometry_e820_boot(const struct e820_table *table, bool domu, uint64_t pages, FILE *out)
{
    struct verdict verdict;
    struct report report = {&verdict, &map_case, "setup", NULL};
    bool fine;

    make_case(table, domu);
    map_case.count--; /* the walk of the core */
    map_case.boot.nr_pages = pages ? pages : half_of(table);
    map_case.boot.flags = domu ? 1u << BOOT_DOMU : 0;
    fine = executor_judge(&subject_setup, &map_case, CHECK_QUICK, &verdict);
    subject_setup.show(out);
    if (fine)
        fprintf(out, "no invariant violated\n");
    else
        report_print(out, &report);
    return fine;
}

struct verify {
    const struct p2m_e820_entry *map;
    unsigned count;
    bool domu, fine;
    p2m_word at;         /* all PFNs below were compared */
    uint64_t same_until; /* the classification of `at` holds so far */
    bool identity;       /* it is this */
    FILE *out;
};

static void verify_up_to(struct verify *verify, p2m_word end, bool identity)
{
    for (; verify->at < end; verify->at++) {
        if (verify->at >= verify->same_until)
            verify->identity = oracle_page_is_identity(verify->map, verify->count, verify->domu,
                                                       verify->at, &verify->same_until);
        if (verify->identity == identity)
            continue;
        if (verify->fine)
            fprintf(verify->out, "PFN 0x%" PRIx64 ": identity by %s alone\n", (uint64_t)verify->at,
                    identity ? "the ranges" : "the classification");
        verify->fine = false;
    }
}

static void verify_range(void *ctx, p2m_word start, p2m_word end)
{
    verify_up_to(ctx, start, false);
    verify_up_to(ctx, end, true);
}

bool geometry_e820_verify(const struct e820_table *table, bool domu, FILE *out)
{
    struct p2m_e820_entry *map = make_map(table);
    struct verify verify = {
        .map = map, .count = table->count, .domu = domu, .fine = true, .out = out};
    uint64_t last = 0;

    make_ranges(map, table->count, domu, verify_range, &verify);
    for (unsigned i = 0; i < table->count; i++)
        if (map[i].end / 4096 > last)
            last = map[i].end / 4096;
    verify_up_to(&verify, (p2m_word)(last + 2 < MAX_P2M_PFN ? last + 2 : MAX_P2M_PFN), false);
    free(map);
    return verify.fine;
}

UNINSTRUMENTED_END
