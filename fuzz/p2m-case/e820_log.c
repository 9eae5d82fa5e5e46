// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One pass over a log finds every map in it. A map is a heading, its entries, or both. Its
 * lines have one form and one name, and follow each other; what e820_forms.c calls skipped may
 * stand between them. A damaged line must never end a map as if it were the next
 * message. So these are errors of a map:
 *
 *   a line with a map's prefix that is no entry
 *   a line behind the last entry that may be what is left of an entry
 *   a line of another form, unless it begins a map (at address 0)
 *   entries that go on behind a foreign line
 *   no entry behind a heading
 *
 * A second entry at address 0 begins the next map, if that needs no heading. So does the first
 * one behind the rest of a map, except in the forms of the oldest versions, which print a
 * map as it came.
 */
#include "e820_log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Lines behind a map among which the rest of a mixed line may be. */
#define NEAR 3

struct reader {
    struct e820_log *log;
    struct e820_map *map;   /* the last one, while it may go on */
    unsigned foreign;       /* the first foreign line behind its entries; 0: none */
    unsigned number;        /* of the line */
    struct e820_text other; /* the line before, if it is not of a map */
    struct e820_line last;  /* the last entry, and its text */
    struct e820_text last_text;
    unsigned end; /* the last line that was not skipped */
    bool journal; /* the lines are messages and fields of a journal */
    bool no_memory;
};

/* ---- arrays ---- */

/* Makes room for one more; false: no memory. */
static bool grow(void **array, unsigned count, unsigned *room, size_t size)
{
    unsigned more = *room ? *room * 2 : 64;
    void *grown;

    if (count < *room)
        return true;
    grown = realloc(*array, more * size);
    if (!grown)
        return false;
    *array = grown;
    *room = more;
    return true;
}

static void open_map(struct reader *reader)
{
    struct e820_log *log = reader->log;

    if (!grow((void **)&log->map, log->maps, &log->maps_room, sizeof(*log->map))) {
        reader->no_memory = true;
        return;
    }
    reader->map = &log->map[log->maps++];
    reader->foreign = 0;
    *reader->map =
        (struct e820_map){.from = reader->number, .to = reader->number, .first = log->entries};
}

static void add_entry(struct reader *reader, const struct e820_line *line)
{
    struct e820_log *log = reader->log;

    if (!grow((void **)&log->entry, log->entries, &log->entries_room, sizeof(*log->entry))) {
        reader->no_memory = true;
        return;
    }
    log->entry[log->entries++] = (struct e820_entry){line->start, line->end, line->type};
    reader->map->count++;
    reader->map->has_zero |= line->start == 0;
}

/* ---- lines ---- */

static void wrong(struct e820_map *map, unsigned line, const char *text, const char *expects)
{
    if (map->wrong_line)
        return;
    map->wrong_line = line;
    map->wrong = text;
    map->expects = expects;
}

static void read_heading(struct reader *reader, struct e820_text text)
{
    const char *from = text.end;

    open_map(reader);
    if (reader->no_memory)
        return;
    /* The words before `map:`, without the frame, which ends with a bracket or a colon. */
    for (from -= strlen("map:"); from > text.at && !strchr("])>:=;", from[-1]); from--)
        ;
    text = e820_trim((struct e820_text){from, text.end});
    snprintf(reader->map->heading, sizeof(reader->map->heading), "%.*s", (int)(text.end - text.at),
             text.at);
}

static void read_other(struct reader *reader, struct e820_text text)
{
    struct e820_map *map = reader->map;

    if (!map || (reader->foreign && reader->number - reader->foreign > NEAR))
        return;
    if (!map->form)
        wrong(map, reader->number, NULL, "an entry under the heading");
    else if (reader->foreign ? e820_ends_like_entry(text, map->form)
                             : e820_is_rest_of_entry(text, reader->last_text, &reader->last))
        wrong(map, reader->number, "this line is what is left of an entry", NULL);
    if (!reader->foreign)
        reader->foreign = reader->number;
}

/* The map that a line with a map's prefix belongs to: the running one, or a new one. */
static void choose_map(struct reader *reader, const struct e820_line *line)
{
    struct e820_map *map = reader->map;
    bool same = map && (!map->form || !line->form || line->form == map->form) &&
                (!map->name || !strcmp(map->name, line->name));
    bool broken = line->kind == LINE_BROKEN;
    bool begins = line->kind == LINE_ENTRY && line->start == 0 && map && map->form &&
                  (map->has_zero || (!map->heading[0] && map->form->second != SECOND_START));

    if (!map || (!same && reader->foreign) || (!same && !broken && line->start == 0)) {
        open_map(reader);
    } else if (!same) {
        if (!broken)
            wrong(map, reader->number, "the form changes inside the map", NULL);
    } else if (begins && (!map->heading[0] || reader->foreign)) {
        open_map(reader);
    } else if (begins) {
        wrong(map, reader->number, "an entry begins at 0 inside the map: a heading is missing",
              NULL);
    } else if (reader->foreign) {
        wrong(map, reader->foreign, "the memory map is cut in two by this line", NULL);
    }
    reader->foreign = 0;
}

/* A heading inside a map, where lines were mixed: what is under it does not begin at 0. */
static void check_heading(struct reader *reader, const struct e820_line *line)
{
    struct e820_map *map = reader->map, *before = map - 1;

    if (map == reader->log->map || !map->heading[0] || !line->start || before->heading[0] ||
        before->to + 1 != map->from || before->form != line->form)
        return;
    wrong(before, map->from, "a heading stands inside the map", NULL);
    wrong(map, map->from, "a heading stands inside the map", NULL);
}

static void read_entry(struct reader *reader, const struct e820_line *line, struct e820_text text)
{
    struct e820_map *map;

    choose_map(reader, line);
    if (reader->no_memory)
        return;
    map = reader->map;
    map->to = reader->number;
    if (line->kind == LINE_BROKEN)
        wrong(map, reader->number, line->wrong, line->expects);
    if (line->kind == LINE_ENTRY && !map->form) {
        check_heading(reader, line);
        map->form = line->form;
        map->name = line->name;
        map->cut = reader->other.at && e820_ends_like_entry(reader->other, line->form);
        map->fragment = !map->heading[0] && !map->wrong_line && (line->start || map->cut);
    }
    if (line->kind == LINE_ENTRY) {
        add_entry(reader, line);
        reader->last = *line;
        reader->last_text = text;
    }
}

static void read_line(struct reader *reader, struct e820_text text)
{
    struct e820_line line = e820_line_read(text);
    bool far = !reader->map || (reader->foreign && reader->number - reader->foreign > NEAR);

    if (line.kind == LINE_BROKEN && line.weak && !line.form && far)
        line.kind = LINE_OTHER;
    while (text.end > text.at && strchr(" \t\r", text.end[-1]))
        text.end--;
    if (line.kind == LINE_SKIPPED || (line.kind == LINE_FIELD && reader->journal))
        return;
    reader->journal = e820_is_journal(text) || (reader->journal && line.kind == LINE_OTHER);
    switch (line.kind) {
    case LINE_HEADING:
        read_heading(reader, text);
        break;
    case LINE_OTHER:
    case LINE_FIELD:
        read_other(reader, text);
        break;
    default:
        read_entry(reader, &line, text);
    }
    reader->other =
        line.kind == LINE_OTHER || line.kind == LINE_FIELD ? text : (struct e820_text){0};
    reader->end = reader->number;
}

static void read_lines(struct reader *reader, struct e820_text log)
{
    while (log.at < log.end && !reader->no_memory) {
        const char *newline = memchr(log.at, '\n', (size_t)(log.end - log.at));

        reader->number++;
        read_line(reader, (struct e820_text){log.at, newline ? newline : log.end});
        log.at = newline ? newline + 1 : log.end;
    }
    if (reader->map && !reader->map->form)
        wrong(reader->map, reader->map->to, "no entry follows the heading", NULL);
    if (reader->map)
        reader->map->ends_with_file = reader->map->to == reader->end;
}

bool e820_log_read(const char *name, const char *data, size_t size, struct e820_log *log)
{
    struct reader reader = {.log = log};
    struct e820_text text = {data, data + size};
    char *plain = NULL;

    *log = (struct e820_log){.name = name};
    if (size && memchr(data, '\033', size)) {
        plain = malloc(size);
        reader.no_memory = !plain;
        if (plain)
            text = e820_without_colours(text, plain);
    }
    read_lines(&reader, text);
    free(plain);
    log->lines = reader.number;
    if (reader.no_memory)
        fprintf(stderr, "p2m-case: %s: out of memory\n", name);
    return !reader.no_memory;
}

void e820_log_free(struct e820_log *log)
{
    free(log->map);
    free(log->entry);
}

/* ---- which map ---- */

static bool __attribute__((format(printf, 5, 6)))
fail(const struct e820_log *log, unsigned line, char *error, size_t size, const char *format, ...)
{
    va_list arguments;
    int length = snprintf(error, size, "%s:%u: ", log->name, line);

    if (length < 0 || (size_t)length >= size)
        return false;
    va_start(arguments, format);
    vsnprintf(error + length, size - (size_t)length, format, arguments);
    va_end(arguments);
    return false;
}

/* The first map, or the first one with a heading behind a fragment. */
static unsigned default_map(const struct e820_log *log)
{
    for (unsigned i = 0; log->map[0].fragment && i < log->maps; i++)
        if (log->map[i].heading[0])
            return i;
    return 0;
}

static bool is_usable(const struct e820_log *log, const struct e820_map *map, bool partial,
                      char *error, size_t size)
{
    if (map->wrong_line)
        return fail(log, map->wrong_line, error, size, "%s%s", map->wrong ? "" : "expected ",
                    map->wrong ? map->wrong : map->expects);
    if (map->fragment && !partial && map->cut)
        return fail(log, map->from - 1, error, size,
                    "the map's first line is cut; --partial takes the others");
    if (map->fragment && !partial)
        return fail(
            log, map->from, error, size,
            "the map's beginning is missing: no heading, and the first address is 0x%" PRIx64
            "; --partial takes the rest",
            log->entry[map->first].start);
    return true;
}

const struct e820_map *e820_log_choose(const struct e820_log *log, unsigned number, bool partial,
                                       char *error, size_t error_size)
{
    const struct e820_map *map;

    if (!log->maps) {
        fail(log, log->lines ? log->lines : 1, error, error_size,
             "no memory map up to the end of the file");
        return NULL;
    }
    if (number > log->maps) {
        fail(log, log->lines, error, error_size, "no map number %u: the number of maps is %u",
             number, log->maps);
        return NULL;
    }
    map = &log->map[number ? number - 1 : default_map(log)];
    return is_usable(log, map, partial, error, error_size) ? map : NULL;
}

/* ---- what was taken ---- */

#define SAID 8 /* of the other maps */

static void say_other(const struct e820_log *log, unsigned i, FILE *out)
{
    const struct e820_map *map = &log->map[i];
    const char *what = map->wrong_line ? " is damaged"
                       : map->fragment ? " has no beginning"
                                       : " is another map";

    fprintf(out, "%s: map %u, lines %u to %u, %u entries,%s; --map=%u takes it%s\n", log->name,
            i + 1, map->from, map->to, map->count, what, i + 1,
            map->fragment && !map->wrong_line ? " with --partial" : "");
}

void e820_log_say(const struct e820_log *log, const struct e820_map *map, FILE *out)
{
    unsigned said = 0, chosen = (unsigned)(map - log->map);

    fprintf(out, "%s: map %u of %u, lines %u to %u, %s%s%s, %u entries: %s %s (%s)\n", log->name,
            chosen + 1, log->maps, map->from, map->to, map->heading[0] ? "under `" : "no heading",
            map->heading, map->heading[0] ? "`" : "", map->count, map->name, map->form->shown,
            map->form->printer);
    if (map->fragment)
        fprintf(out, "%s: the map's beginning is missing\n", log->name);
    if (map->ends_with_file)
        fprintf(out, "%s: the map ends with the file: entries may be missing\n", log->name);
    for (unsigned i = 0; i < log->maps && said < SAID; i++)
        if (i != chosen) {
            say_other(log, i, out);
            said++;
        }
    if (log->maps - 1 > said)
        fprintf(out, "%s: %u more maps\n", log->name, log->maps - 1 - said);
}
