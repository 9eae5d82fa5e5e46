// SPDX-License-Identifier: GPL-2.0-or-later
/* Replays folders of cases: see replay.h. */
#include "replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "props/base/files.h"
#include "upgrade.h"

static struct {
    const struct replay_request *request;
    struct replay_counts counts[GEOMETRIES]; /* by geometry */
    uint64_t unread;                         /* files that are not a case */
    uint64_t assumed;                        /* bytes without a target in their names */
    FILE *xml; /* test cases for JUnit, in memory; NULL: not requested */
} job;

bool replay_knows(const char *geometries)
{
    const char *at = geometries;

    if (!at || !strcmp(at, "all"))
        return true;
    for (; *at; at += strcspn(at, ","), at += *at == ',')
        if (!geometry_by_name(at, strcspn(at, ",")))
            return false;
    return *geometries;
}

/* True if the geometry is built in and requested. */
static bool is_wanted(const struct geometry *geometry)
{
    const char *at = job.request->geometries;

    if (!geometry || !at || !strcmp(at, "all"))
        return geometry;
    for (; *at; at += strcspn(at, ","), at += *at == ',')
        if (geometry_by_name(at, strcspn(at, ",")) == geometry)
            return true;
    return false;
}

/* ---- JUnit ---- */

/* Bytes of the character that UTF-8 has at `text` and XML permits; 0 if there is none. */
static unsigned utf8_length(const unsigned char *text)
{
    static const uint32_t least[] = {0, 0x20, 0x80, 0x800, 0x10000};
    unsigned length = *text < 0x80 ? 1 : *text < 0xe0 ? 2 : *text < 0xf0 ? 3 : 4;
    uint32_t character = length == 1 ? *text : *text & (0x7fU >> length);

    if ((*text >= 0x80 && *text < 0xc0) || *text >= 0xf8)
        return 0;
    for (unsigned i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) /* also at the end of the text */
            return 0;
        character = character << 6 | (text[i] & 0x3f);
    }
    if (character < least[length] || character > 0x10ffff || (character & 0xfffff800) == 0xd800 ||
        (character & 0xfffe) == 0xfffe)
        return 0;
    return length;
}

/* A byte that cannot be in the file is shown as \xNN. */
static void print_escaped(FILE *out, const char *text)
{
    unsigned length;

    for (; *text; text += length ? length : 1) {
        length = utf8_length((const unsigned char *)text);
        switch (*text) {
        case '<':
            fputs("&lt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\t':
            fputc(' ', out);
            break;
        case '\n': /* in a report */
            fputc('\n', out);
            break;
        default:
            if (length)
                fwrite(text, 1, length, out);
            else
                fprintf(out, "\\x%02x", (unsigned)(unsigned char)*text);
        }
    }
}

/* `time` is CPU time. `failure` (NULL: none) is one line, `report` is the whole text. */
static void note_result(const char *geometry, const char *name, clock_t time, const char *failure,
                        const char *report)
{
    if (!job.xml)
        return;
    fprintf(job.xml, "    <testcase classname=\"p2mcheck.%s\" time=\"%.6f\" name=\"", geometry,
            (double)time / CLOCKS_PER_SEC);
    print_escaped(job.xml, name);
    fputs(failure ? "\">\n      <failure message=\"" : "\"/>\n", job.xml);
    if (!failure)
        return;
    print_escaped(job.xml, failure);
    fputs("\">", job.xml);
    print_escaped(job.xml, report);
    fputs("</failure>\n    </testcase>\n", job.xml);
}

static bool write_junit(const char *name, const struct replay_counts *sum, const char *cases)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    bool fine;

    if (!out) {
        perror("p2m-case: replay");
        return false;
    }
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
            "  <testsuite name=\"p2mcheck\" tests=\"%" PRIu64 "\" failures=\"%" PRIu64 "\">\n%s"
            "  </testsuite>\n</testsuites>\n",
            sum->files + job.unread, sum->failures + job.unread, cases);
    fclose(out);
    fine = files_write(name, text, size);
    free(text);
    return fine;
}

/* ---- files ---- */

static bool in_geometry(unsigned t, const struct input *input)
{
    struct replay_counts *counts = &job.counts[t];
    struct replay_options options = job.request->options;
    char *report = NULL;
    size_t size = 0;
    FILE *memory = job.xml ? open_memstream(&report, &size) : NULL;
    clock_t start = clock();
    bool fine;

    options.out = memory ? memory : stderr;
    fine = all_geometries[t]->replay(input, &options, counts);
    if (memory) {
        fclose(memory);
        fputs(report, stderr);
        note_result(all_geometries[t]->geometry, input->name, clock() - start,
                    fine ? NULL : counts->failure, report);
    }
    free(report);
    return fine;
}

/* A case may pass where it was found and fail in another geometry. */
static void say_where(const struct input *input, const bool *failed)
{
    fprintf(stderr, "p2m-case: %s: fails in", input->name);
    for (unsigned t = 0; t < GEOMETRIES; t++)
        if (failed[t])
            fprintf(stderr, " %s", all_geometries[t]->geometry);
    fprintf(stderr, ", passes in");
    for (unsigned t = 0; t < GEOMETRIES; t++)
        if (!failed[t] && is_wanted(all_geometries[t]) &&
            all_geometries[t]->has_target(input->target))
            fprintf(stderr, " %s", all_geometries[t]->geometry);
    fprintf(stderr, "\n");
}

/* In each geometry that is requested. */
static bool in_geometries(const struct input *input)
{
    bool failed[GEOMETRIES] = {false};
    unsigned wanted = 0, failures = 0;

    for (unsigned t = 0; t < GEOMETRIES; t++)
        if (is_wanted(all_geometries[t]) && all_geometries[t]->has_target(input->target)) {
            wanted++;
            failed[t] = !in_geometry(t, input);
            failures += failed[t];
        }
    if (failures && failures < wanted)
        say_where(input, failed);
    return !failures;
}

/* False, with a message, if no geometry that is requested can run the target. */
static bool has_target(const struct input *input)
{
    for (unsigned t = 0; t < GEOMETRIES; t++)
        if (is_wanted(all_geometries[t]) && all_geometries[t]->has_target(input->target))
            return true;
    fprintf(stderr, "p2m-case: %s: this program cannot run target %s\n", input->name,
            input->target);
    return false;
}

/* A file that is not a case of this subject counts as unread. */
static bool replay_file(const char *name, void *ctx)
{
    struct input input;
    bool readable, fine = false, is_text;
    char *data = NULL;

    (void)ctx;
    if (!strcmp(base_name(name), UPGRADE_MARK))
        return true;
    readable = !upgrade_is_due(name) && input_open(name, &input, &data);
    if (readable) {
        geometry_by_file(&input, job.request->target);
        is_text = any_geometry()->is_text(&input);
        readable = (!is_text || any_geometry()->named_geometry(&input)) &&
                   any_geometry()->is_ours(&input) && has_target(&input);
    }
    if (readable) {
        job.assumed += input.assumed && !is_text;
        fine = in_geometries(&input);
    } else {
        job.unread++;
        note_result("any", name, 0, "not a case of this subject, or unreadable", "");
    }
    free(data);
    return fine;
}

static uint64_t failures(void)
{
    uint64_t sum = job.unread;

    for (unsigned t = 0; t < GEOMETRIES; t++)
        sum += job.counts[t].failures;
    return sum;
}

/* A path that could not be walked is also a failure. */
static bool replay_path(const char *path)
{
    uint64_t before = failures();

    if (files_each(path, job.request->reverse, replay_file, NULL))
        return true;
    if (failures() == before) {
        job.unread++;
        note_result("any", path, 0, "unreadable or empty", "");
    }
    return false;
}

static void print_counts(const char *name, const struct replay_counts *counts)
{
    printf("%-8s %6" PRIu64 " files %9" PRIu64 " ops %11" PRIu64 " checks %6" PRIu64 " failures\n",
           name, counts->files, counts->ops, counts->checks, counts->failures);
}

/* Adds the geometries up; answers how many there were. */
static unsigned add_up(struct replay_counts *sum)
{
    unsigned number = 0;

    for (unsigned t = 0; t < GEOMETRIES; t++) {
        const struct replay_counts *counts = &job.counts[t];

        if (!is_wanted(all_geometries[t]))
            continue;
        number++;
        if (!job.request->options.hashes)
            print_counts(all_geometries[t]->geometry, counts);
        sum->files += counts->files;
        sum->ops += counts->ops;
        sum->checks += counts->checks;
        sum->failures += counts->failures;
        sum->faults += counts->faults;
    }
    return number;
}

/* A replay that ran nothing is an error. */
static bool did_something(const struct replay_counts *sum, const char *path)
{
    if (job.request->options.faults && !sum->faults) {
        fprintf(stderr, "p2m-case: %s: no case allocates a page that could be refused\n", path);
        return false;
    }
    if (!sum->ops || !sum->checks) {
        fprintf(stderr, "p2m-case: %s: it has no op\n", path);
        return false;
    }
    return true;
}

bool replay_paths(char **paths, int count, const struct replay_request *request)
{
    struct replay_counts sum = {0};
    unsigned number;
    char *cases = NULL;
    size_t size = 0;
    bool fine = true;

    memset(&job, 0, sizeof(job));
    job.request = request;
    job.xml = request->junit ? open_memstream(&cases, &size) : NULL;
    for (int i = 0; i < count; i++)
        fine = replay_path(paths[request->reverse ? count - 1 - i : i]) && fine;
    number = add_up(&sum);
    if (job.assumed && !request->options.hashes)
        printf("files that name no target, run as %s: %" PRIu64 "\n", target_infos[0].name,
               job.assumed);
    if (request->options.faults && !request->options.hashes)
        printf("runs with one page refused: %" PRIu64 "\n", sum.faults);
    fine = fine && did_something(&sum, paths[0]);
    if (!request->options.hashes)
        printf("replayed in %u geometries: %" PRIu64 " files, %" PRIu64 " ops, %" PRIu64
               " checks, %" PRIu64 " failures\n",
               number, sum.files, sum.ops, sum.checks, sum.failures + job.unread);
    if (job.xml) {
        fclose(job.xml);
        fine = write_junit(request->junit, &sum, cases) && fine;
        free(cases);
    }
    return fine;
}
