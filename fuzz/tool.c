// SPDX-License-Identifier: GPL-2.0-only
/* p2m-case in one geometry: see tool.h. */
#include "tool.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../props/cells.h"
#include "../props/draw.h"
#include "../props/faults.h"
#include "../props/quiet.h"
#include "../props/report.h"
#include "../props/text.h"
#include "codec.h"
#include "tool_here.h"

HARNESS_BEGIN

static struct test_case c;

static enum vocabulary vocabulary_of(const struct input *input)
{
    return input->target && !strcmp(input->target, "e820") ? VOCABULARY_E820 : VOCABULARY_OPS;
}

static bool is_text(const struct input *input)
{
    return text_is_text(input->name, input->data, input->size);
}

static const char *named_geometry(const struct input *input)
{
    const struct shape *shape;
    char error[256];

    if (text_parse(input->name, input->data, input->size, &c, &shape, error, sizeof(error)))
        return shape->name;
    fprintf(stderr, "%s\n", error);
    return NULL;
}

bool tool_load(const struct input *input, struct test_case *c)
{
    const struct shape *shape;
    char error[256];

    if (!is_text(input)) {
        codec_decode(vocabulary_of(input), (const uint8_t *)input->data, input->size, c);
        return true;
    }
    if (!text_parse(input->name, input->data, input->size, c, &shape, error, sizeof(error))) {
        fprintf(stderr, "%s\n", error);
        return false;
    }
    case_convert(c, shape, &shape_here);
    return true;
}

static bool load(const struct input *input)
{
    return tool_load(input, &c);
}

static bool print(const struct input *input, FILE *out)
{
    if (!load(input))
        return false;
    text_print_case(out, "", &shape_here, &c);
    return true;
}

static bool encode(const struct input *input, uint8_t *out, size_t *size)
{
    _Static_assert(CODEC_MAX <= TOOL_BYTES, "any case fits");

    if (!load(input))
        return false;
    *size = codec_encode(vocabulary_of(input), &c, out);
    return true;
}

const struct subject *tool_subject(const struct input *input)
{
    return !strcmp(input->target, "canary") ? subject_canary() : subject_under_test;
}

/* ---- run, repro, show ---- */

static FILE *watch_out;

/* Which op it is, if the program dies now. */
static void running_op(FILE *out)
{
    char line[128] = "the boot";

    if (machine.op >= (int)c.count)
        snprintf(line, sizeof(line), "the end of the case");
    else if (machine.op >= 0)
        text_print_op(line, sizeof(line), &shape_here, &c.ops[machine.op]);
    fprintf(out, "geometry %s, op %d of %u: %s", shape_here.name, machine.op + 1, c.count, line);
}

static void watch(int op, uint64_t result)
{
    char line[128];

    text_print_op(line, sizeof(line), &shape_here, &c.ops[op]);
    fprintf(watch_out, "%4d  %-56s -> ", op + 1, line);
    switch (c.ops[op].kind) {
    case OP_SET:
    case OP_SET_NOALLOC:
        fprintf(watch_out, "%s\n", result ? "true" : "false");
        break;
    case OP_GET:
        text_print_entry(line, sizeof(line), &shape_here, c.ops[op].pfn, result);
        fprintf(watch_out, "%s\n", line);
        break;
    case OP_RESUME:
    case OP_E820:
        fprintf(watch_out, "done\n");
        break;
    default:
        fprintf(watch_out, "0x%" PRIx64 "\n", result);
        break;
    }
}

static bool run(const struct input *input, bool every, FILE *out)
{
    struct verdict verdict;
    struct report report = {&verdict, &c, input->target, input->name};
    bool fine;

    if (!load(input))
        return false;
    fprintf(out, "%s, geometry %s\n", input->name, shape_here.name);
    memset(&machine.tally, 0, sizeof(machine.tally));
    watch_out = out;
    tool_running_op = running_op;
    machine_watcher = watch;
    fine = machine_run(tool_subject(input), &c, every ? CHECK_EVERY : CHECK_QUICK, &verdict);
    machine_watcher = NULL;
    if (fine) {
        fprintf(out, "%u ops, %" PRIu64 " checks, no invariant violated\n", c.count,
                machine.tally.checks);
        return true;
    }
    machine_judge(tool_subject(input), &c, every ? CHECK_EVERY : CHECK_QUICK, &verdict);
    report_print(out, &report);
    return false;
}

/* Bytes and back give the very same ops. */
static bool survives_bytes(const struct input *input)
{
    static uint8_t bytes[CODEC_MAX];
    static struct test_case again;
    enum vocabulary vocabulary = vocabulary_of(input);

    codec_decode(vocabulary, bytes, codec_encode(vocabulary, &c, bytes), &again);
    if (case_equal(&c, &again))
        return true;
    fprintf(stderr, "%s: geometry %s: %s: %s\n", input->name, shape_here.name,
            invariant_name(CASE_ROUND_TRIP), invariant_sentence(CASE_ROUND_TRIP));
    return false;
}

static void draw_at_end(void)
{
    draw_tree(watch_out);
}

static void tree_before(const struct subject *subject, int op, FILE *out)
{
    unsigned count = c.count;
    struct verdict verdict;

    c.count = op < 0 ? 0 : (unsigned)op < count ? (unsigned)op : count;
    while (c.count && c.count < count && c.ops[c.count - 1].at)
        c.count--; /* calls that wait for the failing one are part of it */
    watch_out = out;
    machine_at_end = draw_at_end;
    fprintf(out, "\nThe tree before:\n");
    if (op < 0)
        fprintf(out, "there is none before the boot\n");
    else
        machine_run(subject, &c, CHECK_QUICK, &verdict);
    machine_at_end = NULL;
    c.count = count;
}

static bool repro(const struct input *input, FILE *out)
{
    struct verdict verdict;

    if (run(input, true, out))
        return survives_bytes(input);
    machine_run(tool_subject(input), &c, CHECK_EVERY, &verdict);
    tree_before(tool_subject(input), verdict.op, out);
    machine_run(tool_subject(input), &c, CHECK_EVERY, &verdict);
    fprintf(out, "\nThe tree after:\n");
    draw_tree(out);
    return false;
}

static const char *dot_title;

static void dot_at_end(void)
{
    draw_tree_dot(watch_out, dot_title);
}

static bool show_case(const struct subject *subject, void (*draw)(void), FILE *out)
{
    struct verdict verdict;
    struct report report = {&verdict, &c, "ops", NULL};
    bool fine;

    watch_out = out;
    machine_at_end = draw;
    fine = machine_judge(subject, &c, CHECK_QUICK, &verdict);
    machine_at_end = NULL;
    if (!fine)
        report_print(stderr, &report);
    return fine;
}

static bool show(const struct input *input, bool dot, FILE *out)
{
    dot_title = base_name(input->name);
    return load(input) && show_case(tool_subject(input), dot ? dot_at_end : draw_at_end, out);
}

/* ---- replay ---- */

static void name_failure(struct replay_counts *counts, const struct verdict *verdict)
{
    snprintf(counts->failure, sizeof(counts->failure), "%s: op %d: %s", invariant_name(verdict->id),
             verdict->op + 1, verdict->details);
}

static bool sweep(const struct input *input, enum check_level level, struct replay_counts *counts)
{
    static struct test_case failing;
    struct verdict verdict;
    struct report report = {&verdict, &failing, input->target, input->name};

    if (faults_sweep(subject_under_test, &c, level, &verdict, &failing, &counts->faults))
        return true;
    report_print(stderr, &report);
    name_failure(counts, &verdict);
    return false;
}

static bool replay(const struct input *input, const struct replay_options *options,
                   struct replay_counts *counts)
{
    struct verdict verdict;
    struct report report = {&verdict, &c, input->target, input->name};
    struct tally before = machine.tally;
    bool fine;

    if (!load(input)) {
        counts->failures++;
        return false;
    }
    tool_running = input->name;
    tool_running_op = running_op;
    machine.want_hash = options->hashes;
    fine =
        machine_judge(subject_under_test, &c, options->every ? CHECK_EVERY : CHECK_QUICK, &verdict);
    if (!fine)
        report_print(stderr, &report);
    snprintf(counts->failure, sizeof(counts->failure), "%s", invariant_name(CASE_ROUND_TRIP));
    if (!fine)
        name_failure(counts, &verdict);
    else if (options->hashes)
        printf("%016" PRIx64 " %s %s\n", machine_hash(), shape_here.name, input->name);
    fine = survives_bytes(input) && fine;
    if (fine && options->faults)
        fine = sweep(input, options->every ? CHECK_EVERY : CHECK_QUICK, counts);
    tool_running = NULL;
    counts->files++;
    counts->ops += machine.tally.ops - before.ops;
    counts->checks += machine.tally.checks - before.checks;
    counts->failures += !fine;
    return fine;
}

/* ---- state coverage ---- */

struct cell_counts {
    unsigned reached, possible;
};

static void print_cell_table(FILE *out, const struct cell_counts *table)
{
    static const char *const columns[CELL_BEFORES] = {"no mid",  "id. mid", "missing", "identity",
                                                      "private", "grafted", "beyond"};
    char name[128];

    fprintf(out, "%-16s", "");
    for (unsigned before = 0; before < CELL_BEFORES; before++)
        fprintf(out, " %9s", columns[before]);
    for (unsigned call = 0; call < CELL_CALLS; call++) {
        cells_name(call * CELL_BEFORES * CELL_PLACES * CELL_OUTCOMES, name, sizeof(name));
        fprintf(out, "\n%-16.*s", (int)strcspn(name, ","), name);
        for (unsigned before = 0; before < CELL_BEFORES; before++) {
            const struct cell_counts *counts = &table[call * CELL_BEFORES + before];
            char text[24];

            snprintf(text, sizeof(text), "%u/%u", counts->reached, counts->possible);
            fprintf(out, " %9s", counts->possible ? text : "-");
        }
    }
    fprintf(out, "\n");
}

static void print_each_cell(FILE *out)
{
    char name[128];

    for (unsigned cell = 0; cell < CELLS; cell++) {
        const char *why = cells_impossible(cell);

        cells_name(cell, name, sizeof(name));
        fprintf(out, "cell\t%" PRIu64 "\t%s\t%s\n", cells_met[cell], name, why ? why : "");
    }
}

static unsigned tool_cells(bool all, FILE *out)
{
    struct cell_counts table[CELL_CALLS * CELL_BEFORES] = {{0, 0}}, sum = {0, 0};
    unsigned wrong = 0;
    char name[128];

    for (unsigned cell = 0; cell < CELLS; cell++) {
        struct cell_counts *counts = &table[cell / CELL_OUTCOMES / CELL_PLACES];

        counts->possible += !cells_impossible(cell);
        counts->reached += !cells_impossible(cell) && cells_met[cell];
    }
    if (all)
        print_each_cell(out);
    print_cell_table(out, table);
    for (unsigned cell = 0; cell < CELLS; cell++) {
        const char *why = cells_impossible(cell);

        sum.possible += !why;
        sum.reached += !why && cells_met[cell];
        if (!why == (cells_met[cell] > 0))
            continue;
        wrong++;
        cells_name(cell, name, sizeof(name));
        if (why)
            fprintf(out, "reached, though %s: %s\n", why, name);
        else
            fprintf(out, "never reached: %s\n", name);
    }
    fprintf(out, "geometry %s: %u of %u cells reached, %u impossible\n", shape_here.name,
            sum.reached, sum.possible, CELLS - sum.possible);
    return wrong;
}

/* ---- E820 ---- */

static struct p2m_e820_entry map[256];

static unsigned make_map(const struct e820_table *table)
{
    for (unsigned i = 0; i < table->count; i++)
        map[i] = (struct p2m_e820_entry){table->entry[i].start, table->entry[i].end,
                                         table->entry[i].type};
    return table->count;
}

static void print_range(void *ctx, p2m_word start, p2m_word end)
{
    fprintf(ctx, "0x%" PRIx64 " 0x%" PRIx64 "\n", (uint64_t)start, (uint64_t)end);
}

static void e820_ranges(const struct e820_table *table, bool domu, FILE *out)
{
    p2m_e820_identity_ranges(map, make_map(table), domu, print_range, out);
}

static void make_case(const struct e820_table *table, bool domu)
{
    memset(&c, 0, sizeof(c));
    for (unsigned i = 0; i < table->count && c.count < CASE_OPS - 1; i++) {
        uint32_t type = table->entry[i].type;

        c.ops[c.count++] = (struct op){
            .kind = OP_E820,
            .type = type == 0xefffffff   ? OP_TYPE_SOFT
                    : type > OP_TYPE_MAX ? 2
                                         : (uint8_t)type,
            .start = table->entry[i].start,
            .stop = table->entry[i].end,
        };
    }
    c.ops[c.count++] = (struct op){.kind = OP_XEN_SET_IDENTITY, .type = domu};
}

static void e820_case(const struct e820_table *table, bool domu, FILE *out)
{
    make_case(table, domu);
    text_print_case(out, "", &shape_here, &c);
}

static bool e820_show(const struct e820_table *table, bool domu, FILE *out)
{
    make_case(table, domu);
    return show_case(subject_under_test, draw_at_end, out);
}

struct verify {
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
            verify->identity = model_page_is_identity(map, verify->count, verify->domu, verify->at,
                                                      &verify->same_until);
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

static bool e820_verify(const struct e820_table *table, bool domu, FILE *out)
{
    struct verify verify = {.count = make_map(table), .domu = domu, .fine = true, .out = out};
    uint64_t last = 0;

    p2m_e820_identity_ranges(map, verify.count, domu, verify_range, &verify);
    for (unsigned i = 0; i < verify.count; i++)
        if (map[i].end / 4096 > last)
            last = map[i].end / 4096;
    verify_up_to(&verify, (p2m_word)(last + 2 < MAX_P2M_PFN ? last + 2 : MAX_P2M_PFN), false);
    return verify.fine;
}

#define TOOL_NAME_(geometry) tool_##geometry
#define TOOL_NAME(geometry) TOOL_NAME_(geometry)

const struct tool TOOL_NAME(P2M_GEOMETRY_TOKEN);
const struct tool TOOL_NAME(P2M_GEOMETRY_TOKEN) = {
    P2M_GEOMETRY, named_geometry, is_text,   print,       encode,       show,
    run,          repro,          replay,    tool_cells,  tool_failure, tool_shrink,
    e820_ranges,  e820_show,      e820_case, e820_verify,
};

HARNESS_END
