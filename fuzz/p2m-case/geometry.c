// SPDX-License-Identifier: GPL-2.0-or-later
/* p2m-case in one geometry: see geometry.h. Replay, coverage, E820 and shrinking are beside it. */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/codec.h"
#include "geometry_here.h"
#include "props/base/uninstrumented.h"
#include "props/case/text.h"
#include "props/host/hang.h"
#include "props/report/report.h"
#include "props/report/tree.h"
#include "props/run/every.h"

UNINSTRUMENTED_BEGIN

#define LINUX_PREFIX "linux-"

static struct test_case loaded;

static enum vocabulary vocabulary_of(const struct input *input)
{
    const struct target_info *info = input->target ? target_by_name(input->target) : NULL;

    for (unsigned i = 0; info && i < VOCABULARIES; i++)
        if (!strcmp(info->codec, vocabulary_names[i]))
            return (enum vocabulary)i;
    return VOCABULARY_OPS;
}

static bool is_text(const struct input *input)
{
    return text_is_text(input->name, input->data, input->size);
}

static const char *named_geometry(const struct input *input)
{
    const struct shape *shape;
    char error[256];

    if (text_parse(input->name, input->data, input->size, &loaded, &shape, error, sizeof(error)))
        return shape->name;
    fprintf(stderr, "%s\n", error);
    return NULL;
}

/* linux-VERSION.ops_tiny-... */
static bool is_of_a_kernel(const char *name)
{
    char word[64];

    for (unsigned t = 0; t < TARGETS; t++) {
        snprintf(word, sizeof(word), ".%s_", target_infos[t].name);
        if (strstr(name, word))
            return !strncmp(name, LINUX_PREFIX, strlen(LINUX_PREFIX));
    }
    return false;
}

/* The line `subject NAME` of a text; else the file's name, if it is that of a kernel's finding. */
static const char *named_subject(const struct input *input)
{
    const char *name = base_name(input->name);
    const struct shape *shape;
    char error[256];

    if (is_text(input) &&
        text_parse(input->name, input->data, input->size, &loaded, &shape, error, sizeof(error)) &&
        loaded.subject[0])
        return loaded.subject;
    return is_of_a_kernel(name) ? name : NULL;
}

/* The sync points depend on it. */
static bool is_of_our_mode(const struct input *input, const char *named)
{
    const char *ours = subject_under_test->mode ? subject_under_test->mode : "none";

    if (!*named || !strcmp(named, ours))
        return true;
    fprintf(stderr, "p2m-case: %s: is a case of mode %s; this program has %s\n", input->name, named,
            ours);
    return false;
}

static bool is_ours(const struct input *input)
{
    const char *ours = subject_under_test->name, *named = named_subject(input);
    const char *version = named ? named : "";

    if (!strncmp(version, LINUX_PREFIX, strlen(LINUX_PREFIX)))
        version += strlen(LINUX_PREFIX);
    if (!strncmp(version, ours, strlen(ours)) || !strncmp(version, ours, strlen(version)))
        return is_of_our_mode(input, named == loaded.subject ? loaded.mode : "");
    fprintf(stderr, "p2m-case: %s: is a case of another subject, by its %s; this program has %s\n",
            input->name, named == loaded.subject ? "text" : "name", ours);
    return false;
}

bool geometry_load_by(const struct input *input, enum convert_way way, struct test_case *c)
{
    const struct shape *shape;
    char error[256];

    executor_sees_each_end = true; /* as an engine does in some cases: here each one counts */
    if (!is_text(input)) {
        codec_decode(vocabulary_of(input), (const uint8_t *)input->data, input->size, c);
        return true;
    }
    if (!text_parse(input->name, input->data, input->size, c, &shape, error, sizeof(error))) {
        fprintf(stderr, "%s\n", error);
        return false;
    }
    case_convert_by(c, shape, &shape_here, way);
    return true;
}

bool geometry_load(const struct input *input, struct test_case *c)
{
    return geometry_load_by(input, CONVERT_NEARER, c);
}

static bool load(const struct input *input)
{
    return geometry_load(input, &loaded);
}

bool geometry_load_to_run(const struct input *input, struct test_case *c)
{
    if (!geometry_load(input, c))
        return false;
    every_choose(geometry_subject(input), c, CHECK_QUICK);
    return true;
}

static bool print(const struct input *input, FILE *out)
{
    if (!load(input))
        return false;
    run_sign(geometry_subject(input), &loaded);
    text_print_case(out, "", &shape_here, &loaded);
    return true;
}

static bool encode(const struct input *input, uint8_t *out, size_t *size)
{
    _Static_assert(CODEC_MAX <= GEOMETRY_BYTES, "any case fits");

    if (!load(input))
        return false;
    *size = codec_encode(vocabulary_of(input), &loaded, out);
    return true;
}

static void upgrade(const struct input *input, uint8_t *out, size_t *size)
{
    enum vocabulary vocabulary = vocabulary_of(input);

    codec_decode_v1(vocabulary, (const uint8_t *)input->data, input->size, &loaded);
    *size = codec_encode(vocabulary, &loaded, out);
}

static bool has_target(const char *target)
{
    return strcmp(target, "setup") || &subject_setup;
}

const struct subject *geometry_subject(const struct input *input)
{
    if (!strcmp(input->target, "setup"))
        return &subject_setup;
    return !strcmp(input->target, "canary") ? subject_canary() : subject_under_test;
}

/* ---- run, repro, show ---- */

static FILE *watch_out;

void geometry_running_op(FILE *out)
{
    char line[128];

    if (!run.c)
        return;
    report_name_op(line, sizeof(line), run.c, running_op);
    fprintf(out, "geometry %s, op %d of %u: %s", shape_here.name, running_op + 1, run.c->count,
            line);
}

static void watch(int op, uint64_t result)
{
    char line[128];

    text_print_op(line, sizeof(line), &shape_here, &loaded.ops[op]);
    fprintf(watch_out, "%4d  %-56s -> ", op + 1, line);
    switch ((enum op_kind)loaded.ops[op].kind) {
    case OP_SET:
    case OP_SET_NOALLOC:
    case OP_BUILD:
        fprintf(watch_out, "%s\n", result ? "true" : "false");
        break;
    case OP_GET:
        text_print_entry(line, sizeof(line), &shape_here, loaded.ops[op].pfn, result);
        fprintf(watch_out, "%s\n", line);
        break;
    case OP_RESUME:
    case OP_E820:
    case OP_PUBLISH:
    case OP_DESTROY:
    case OP_LIST:
    case OP_MFN_BASE:
        fprintf(watch_out, "done\n");
        break;
    case OP_PFN_TO_MFN:
    case OP_RANGE:
    case OP_XEN_SET_IDENTITY:
    case OP_IDENTITY_RANGES:
    case OP_GRANT_MAP:
    case OP_GRANT_UNMAP:
        fprintf(watch_out, "0x%" PRIx64 "\n", result);
        break;
    }
}

/* Runs the loaded case. If it fails, executor_judged() is the failing run. */
static bool run_loaded(const struct input *input, enum check_level level, FILE *out)
{
    struct verdict verdict;
    struct report report = {&verdict, &loaded, input->target, input->name};
    bool fine;

    fprintf(out, "%s, geometry %s\n", input->name, shape_here.name);
    if (input->assumed && !is_text(input))
        fprintf(out, "target %s, by default; --target=NAME chooses another\n", input->target);
    memset(&run.tally, 0, sizeof(run.tally));
    watch_out = out;
    print_running_op = geometry_running_op;
    executor_watcher = watch;
    fine = executor_run(geometry_subject(input), &loaded, level, &verdict);
    executor_watcher = NULL;
    if (fine) {
        fprintf(out, "%u ops, %" PRIu64 " checks, no invariant violated\n", loaded.count,
                run.tally.checks);
        return true;
    }
    executor_judge(geometry_subject(input), &loaded, level, &verdict);
    report_print(out, &report);
    if (executor_judged().level == CHECK_QUICK)
        fprintf(out,
                "p2mcheck: only the quick checks find it: more lookups after each op hide it\n");
    return false;
}

static bool print_run(const struct input *input, bool every, FILE *out)
{
    return geometry_load_to_run(input, &loaded) &&
           run_loaded(input, every ? CHECK_EVERY : CHECK_QUICK, out);
}

bool geometry_survives_bytes(const struct input *input, const struct test_case *c)
{
    static uint8_t bytes[CODEC_MAX];
    static struct test_case again;
    enum vocabulary vocabulary = vocabulary_of(input);

    codec_decode(vocabulary, bytes, codec_encode(vocabulary, c, bytes), &again);
    if (case_equal(c, &again))
        return true;
    fprintf(stderr, "%s: geometry %s: %s: %s\n", input->name, shape_here.name,
            invariant_name(CASE_ROUND_TRIP), invariant_sentence(CASE_ROUND_TRIP));
    return false;
}

static void draw_at_end(void)
{
    tree_text(watch_out);
}

/* True if an op waits for the next call. */
static bool waits(const struct op *op)
{
    return op_has_pfn(op->kind) && op->at;
}

static void tree_before(const struct subject *subject, const struct executor_judged *judged,
                        FILE *out)
{
    static struct test_case before;
    struct verdict verdict;

    if (subject->step)
        return; /* there is none */
    fprintf(out, "\nThe tree before:\n");
    if (judged->op < 0) {
        fprintf(out, "there is no tree before the boot\n");
        return;
    }
    before = *judged->c;
    if ((unsigned)judged->op < before.count)
        before.count = (unsigned)judged->op;
    while (before.count && before.count < judged->c->count && waits(&before.ops[before.count - 1]))
        before.count--; /* calls that wait for the failing one are part of it */
    watch_out = out;
    executor_at_end = draw_at_end;
    executor_run(subject, &before, CHECK_QUICK, &verdict);
    executor_at_end = NULL;
}

/* CHECK_EVERY names the first bad op, unless its lookups hide what the quick checks find. */
static enum check_level level_to_repeat(const struct subject *subject)
{
    struct verdict verdict;

    if (executor_run(subject, &loaded, CHECK_QUICK, &verdict))
        return CHECK_EVERY;
    if (verdict.id == HANG)
        hang_ticks = HANG_TICKS_KNOWN;
    return executor_run(subject, &loaded, CHECK_EVERY, &verdict) ? CHECK_QUICK : CHECK_EVERY;
}

static bool repro(const struct input *input, FILE *out)
{
    const struct subject *subject = geometry_subject(input);
    struct executor_judged judged;
    struct verdict verdict;

    if (!geometry_load_to_run(input, &loaded))
        return false;
    if (run_loaded(input, level_to_repeat(subject), out))
        return geometry_survives_bytes(input, &loaded);
    judged = executor_judged();
    tree_before(subject, &judged, out);
    executor_run(subject, judged.c, judged.level, &verdict);
    if (subject->step) {
        subject->show(out);
        return false;
    }
    fprintf(out, "\nThe tree after:\n");
    tree_text(out);
    return false;
}

static const char *dot_title;

static void dot_at_end(void)
{
    tree_dot(watch_out, dot_title);
}

bool geometry_draw(const struct subject *subject, const struct test_case *c, void (*draw)(void))
{
    struct verdict verdict;
    struct report report = {&verdict, c, "ops", NULL};
    bool fine;

    executor_at_end = draw;
    fine = executor_judge(subject, c, CHECK_QUICK, &verdict);
    executor_at_end = NULL;
    if (!fine)
        report_print(stderr, &report);
    return fine;
}

static bool show(const struct input *input, bool dot, FILE *out)
{
    dot_title = base_name(input->name);
    watch_out = out;
    if (!load(input))
        return false;
    if (geometry_subject(input)->step) {
        bool fine = geometry_draw(geometry_subject(input), &loaded, NULL);

        geometry_subject(input)->show(out);
        return fine;
    }
    return geometry_draw(geometry_subject(input), &loaded, dot ? dot_at_end : draw_at_end);
}

#define GEOMETRY_NAME_(geometry) geometry_##geometry
#define GEOMETRY_NAME(geometry) GEOMETRY_NAME_(geometry)

const struct geometry GEOMETRY_NAME(P2M_GEOMETRY_TOKEN);
const struct geometry GEOMETRY_NAME(P2M_GEOMETRY_TOKEN) = {
    .geometry = P2M_GEOMETRY,
    .named_geometry = named_geometry,
    .is_text = is_text,
    .is_ours = is_ours,
    .has_target = has_target,
    .print = print,
    .encode = encode,
    .upgrade = upgrade,
    .show = show,
    .run = print_run,
    .repro = repro,
    .replay = geometry_replay,
    .cells = geometry_coverage,
    .failure = geometry_failure,
    .shrink = geometry_shrink,
    .facts = geometry_facts,
    .e820_ranges = geometry_e820_ranges,
    .e820_show = geometry_e820_show,
    .e820_case = geometry_e820_case,
    .e820_boot = geometry_e820_boot,
    .e820_verify = geometry_e820_verify,
};

UNINSTRUMENTED_END
