// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The part of a report on calls that overlap: at which source line each of them stops, by which
 * call chain it came there, what is in its store buffer, and which one goes on.
 */
#include <string.h>

#include "props/base/source_lines.h"
#include "props/base/uninstrumented.h"
#include "props/case/text.h"
#include "props/check/switches.h"
#include "report.h"

UNINSTRUMENTED_BEGIN

/* The call chain of one stop as text, without the frames of the harness. */
struct chain {
    char text[400];
    bool over; /* what follows is the harness's own */
};

static struct chain last_stop[SWITCH_CALLS];

static void add_frame(void *ctx, const struct source_line *place)
{
    struct chain *chain = ctx;
    size_t length = strlen(chain->text);
    const char *slash = strrchr(place->file, '/');

    if (!length && strstr(place->file, "props/run/store_buffer.c"))
        snprintf(chain->text, sizeof(chain->text), "its end"); /* store_buffer_call_ends */
    chain->over = chain->over || strstr(place->file, "props/run/");
    if (chain->over || strstr(place->file, "props/subjects/core.c") ||
        strstr(place->file, "props/subjects/linux/") || strstr(place->file, "props/host/"))
        return;
    snprintf(chain->text + length, sizeof(chain->text) - length, "%s%s:%u %s", length ? " < " : "",
             slash ? slash + 1 : place->file, place->line, place->function);
}

/* The lines of the calls that return to these addresses. */
static void find_lines(const uintptr_t *frame, unsigned frames,
                       void (*found)(void *ctx, const struct source_line *place),
                       struct chain *chain)
{
    uintptr_t call[SWITCH_FRAMES];

    memset(chain, 0, sizeof(*chain));
    for (unsigned i = 0; i < frames; i++)
        call[i] = frame[i] - 1;
    source_lines_find(call, frames, found, chain);
}

static void read_chain(const struct switch_record *record)
{
    find_lines(record->frame, record->frames, add_frame, &last_stop[record->from]);
}

/* The innermost function alone. */
static void add_store(void *ctx, const struct source_line *place)
{
    struct chain *chain = ctx;

    if (!chain->text[0])
        add_frame(chain, place);
}

static void print_stores(FILE *out, const struct switch_record *record)
{
    if (record->stores)
        fprintf(out, "p2mcheck:     in its store buffer, oldest first:");
    for (unsigned i = 0; i < record->stores && i < SWITCH_STORES; i++) {
        struct chain chain;

        find_lines(record->store[i].frame, record->store[i].frames, add_store, &chain);
        fprintf(out, "%s %s", i ? "," : "", chain.text[0] ? chain.text : "unknown");
    }
    if (record->stores > SWITCH_STORES)
        fprintf(out, ", and %u more", record->stores - SWITCH_STORES);
    if (record->stores)
        fprintf(out, "\n");
}

/* The first place of a chain. */
static int length_of(const char *text)
{
    size_t length = strcspn(text, "<");

    return (int)(text[length] ? length - 1 : length);
}

static void print_switch(FILE *out, const struct switch_record *record)
{
    const struct chain *from = &last_stop[record->from], *to = &last_stop[record->to];
    const char *unknown = "a line without debug information";
    char stops[128], goes[128];

    text_print_op(stops, sizeof(stops), &shape_here, &switches.call[record->from]);
    text_print_op(goes, sizeof(goes), &shape_here, &switches.call[record->to]);
    if (record->ended)
        fprintf(out, "p2mcheck:     %s: ends\n", stops);
    else
        fprintf(out, "p2mcheck:     %s: stops before %s\n", stops,
                from->text[0] ? from->text : unknown);
    print_stores(out, record);
    if (record->begins)
        fprintf(out, "p2mcheck:     %s: begins\n", goes);
    else
        fprintf(out, "p2mcheck:     %s: goes on at %.*s\n", goes,
                length_of(to->text[0] ? to->text : unknown), to->text[0] ? to->text : unknown);
}

void report_switches(FILE *out)
{
    if (switches.count)
        fprintf(out, "p2mcheck:   the switches between the calls:\n");
    for (unsigned i = 0; i < switches.count; i++) {
        if (!switches.at[i].ended)
            read_chain(&switches.at[i]);
        print_switch(out, &switches.at[i]);
    }
}

UNINSTRUMENTED_END
