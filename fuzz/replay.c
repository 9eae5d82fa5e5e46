// SPDX-License-Identifier: GPL-2.0-only
/* Replays folders of cases: see replay.h. */
#include "replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"

static struct {
    const struct replay_request *request;
    struct replay_counts counts[TOOLS]; /* by geometry */
    uint64_t unread;                    /* files that are no case */
    FILE *xml;                          /* test cases for JUnit, in memory; NULL: not wanted */
} run;

bool replay_knows(const char *geometries)
{
    const char *at = geometries;

    if (!at || !strcmp(at, "all"))
        return true;
    for (; *at; at += strcspn(at, ","), at += *at == ',')
        if (!tool_by_name(at, strcspn(at, ",")))
            return false;
    return *geometries;
}

/* Is the tool built in, and wanted? */
static bool is_wanted(const struct tool *tool)
{
    const char *at = run.request->geometries;

    if (!tool || !at || !strcmp(at, "all"))
        return tool;
    for (; *at; at += strcspn(at, ","), at += *at == ',')
        if (tool_by_name(at, strcspn(at, ",")) == tool)
            return true;
    return false;
}

/* ---- JUnit ---- */

static void print_escaped(FILE *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '<':
            fputs("&lt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
        }
    }
}

static void note_result(const char *geometry, const char *name, const char *failure)
{
    if (!run.xml)
        return;
    fprintf(run.xml, "    <testcase classname=\"p2mcheck.%s\" name=\"", geometry);
    print_escaped(run.xml, name);
    fputs(failure ? "\">\n      <failure message=\"" : "\"/>\n", run.xml);
    if (!failure)
        return;
    print_escaped(run.xml, failure);
    fputs("\"/>\n    </testcase>\n", run.xml);
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
            sum->files + run.unread, sum->failures + run.unread, cases);
    fclose(out);
    fine = files_write(name, text, size);
    free(text);
    return fine;
}

/* ---- files ---- */

static bool in_geometry(unsigned t, const struct input *input)
{
    struct replay_counts *counts = &run.counts[t];
    bool fine = all_tools[t]->replay(input, &run.request->options, counts);

    note_result(all_tools[t]->geometry, input->name, fine ? NULL : counts->failure);
    return fine;
}

/* One file in each geometry that is wanted. */
static bool replay_file(const char *name, void *ctx)
{
    struct input input;
    bool readable, fine;
    char *data = NULL;

    (void)ctx;
    fine = readable = tool_open(name, &input, &data);
    if (readable) {
        tool_by_file(&input, run.request->target);
        fine = readable = !any_tool()->is_text(&input) || any_tool()->named_geometry(&input);
    }
    for (unsigned t = 0; readable && t < TOOLS; t++)
        if (is_wanted(all_tools[t]))
            fine = in_geometry(t, &input) && fine;
    if (!readable) {
        run.unread++;
        note_result("any", name, "no case, or not to be read");
    }
    free(data);
    return fine;
}

static uint64_t failures(void)
{
    uint64_t sum = run.unread;

    for (unsigned t = 0; t < TOOLS; t++)
        sum += run.counts[t].failures;
    return sum;
}

/* A path that could not be walked is a failure, too. */
static bool replay_path(const char *path)
{
    uint64_t before = failures();

    if (files_each(path, run.request->reverse, replay_file, NULL))
        return true;
    if (failures() == before) {
        run.unread++;
        note_result("any", path, "not to be read, or nothing in it");
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
    unsigned geometries = 0;

    for (unsigned t = 0; t < TOOLS; t++) {
        const struct replay_counts *counts = &run.counts[t];

        if (!is_wanted(all_tools[t]))
            continue;
        geometries++;
        if (!run.request->options.hashes)
            print_counts(all_tools[t]->geometry, counts);
        sum->files += counts->files;
        sum->ops += counts->ops;
        sum->checks += counts->checks;
        sum->failures += counts->failures;
        sum->faults += counts->faults;
    }
    return geometries;
}

/* Nothing done is nothing shown. */
static bool did_something(const struct replay_counts *sum, const char *path)
{
    if (run.request->options.faults && !sum->faults) {
        fprintf(stderr, "p2m-case: %s: no case asks for a page that could be refused\n", path);
        return false;
    }
    if (!sum->ops || !sum->checks) {
        fprintf(stderr, "p2m-case: %s: there is not a single op in it\n", path);
        return false;
    }
    return true;
}

bool replay_paths(char **paths, int count, const struct replay_request *request)
{
    struct replay_counts sum = {0};
    unsigned geometries;
    char *cases = NULL;
    size_t size = 0;
    bool fine = true;

    memset(&run, 0, sizeof(run));
    run.request = request;
    run.xml = request->junit ? open_memstream(&cases, &size) : NULL;
    for (int i = 0; i < count; i++)
        fine = replay_path(paths[request->reverse ? count - 1 - i : i]) && fine;
    geometries = add_up(&sum);
    if (request->options.faults && !request->options.hashes)
        printf("runs with one page refused: %" PRIu64 "\n", sum.faults);
    fine = fine && did_something(&sum, paths[0]);
    if (!request->options.hashes)
        printf("replayed in %u geometries: %" PRIu64 " files, %" PRIu64 " ops, %" PRIu64
               " checks, %" PRIu64 " failures\n",
               geometries, sum.files, sum.ops, sum.checks, sum.failures + run.unread);
    if (run.xml) {
        fclose(run.xml);
        fine = write_junit(request->junit, &sum, cases) && fine;
        free(cases);
    }
    return fine;
}
