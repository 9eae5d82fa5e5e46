// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A line of a map, wherever it is in the log line (time stamps, log levels
 * and quote marks may stand before it):
 *
 *   BIOS-e820: [mem 0xSTART-0xLAST] TYPE      Linux >= 3.5; also `Xen: [mem …`
 *   BIOS-e820: START - END (TYPE)             older Linux;  also `Xen: START …`
 *   BIOS-e820: SIZE @ START (TYPE)            Linux 2.4.0 to 2.4.2
 *   (XEN)  [START, LAST] (TYPE)               Xen >= 4.13
 *   (XEN)  START - END (TYPE)                 older Xen
 *
 * Numbers have 16 hexadecimal digits. Lines `[gap …` of the newest Linux are not
 * entries. The first map ends where the next one's heading or a line of
 * another form begins; a log prints the map of the firmware first.
 */
#include "e820_log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct line {
    const char *at, *end;
};

static void skip_blanks(struct line *line)
{
    while (line->at < line->end && (*line->at == ' ' || *line->at == '\t'))
        line->at++;
}

static bool take(struct line *line, const char *text)
{
    size_t length = strlen(text);

    if ((size_t)(line->end - line->at) < length || memcmp(line->at, text, length))
        return false;
    line->at += length;
    return true;
}

/* Up to and with the first `text`. */
static bool take_past(struct line *line, const char *text)
{
    for (struct line at = *line; at.at < at.end; at.at++)
        if (take(&at, text)) {
            *line = at;
            return true;
        }
    return false;
}

/* 16 hexadecimal digits. */
static bool take_number(struct line *line, uint64_t *value)
{
    *value = 0;
    if (line->end - line->at < 16)
        return false;
    for (int i = 0; i < 16; i++) {
        char c = line->at[i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                                : 16;

        if (digit == 16)
            return false;
        *value = *value << 4 | digit;
    }
    line->at += 16;
    return true;
}

static const struct {
    const char *name;
    uint32_t type;
} type_names[] = {
    {"usable", 1},
    {"System RAM", 1},
    {"reserved", 2},
    {"device reserved", 2},
    {"ACPI data", 3},
    {"ACPI NVS", 4},
    {"unusable", 5},
    {"soft reserved", 0xefffffff},
    {"Soft Reserved", 0xefffffff},
    {"reserved (KVM)", 2},
    {"HMAT", 0xefffffff},
};

const char *e820_log_type_name(unsigned type)
{
    static char number[24];

    for (unsigned i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++)
        if (type_names[i].type == type)
            return type_names[i].name;
    snprintf(number, sizeof(number), "type %u", type);
    return number;
}

/* `type 20`, `persistent (type 7)`. */
static bool take_type_number(struct line line, uint32_t *type)
{
    uint64_t value = 0;
    unsigned digits = 0;

    if (!take_past(&line, "type "))
        return false;
    for (; line.at < line.end && *line.at >= '0' && *line.at <= '9' && digits < 10; digits++)
        value = value * 10 + (uint64_t)(*line.at++ - '0');
    *type = (uint32_t)value;
    return digits && value <= 0xffffffff;
}

/* The rest of the line without blanks at its ends and (if `brackets`) without one pair of (). */
static bool take_type(struct line *line, bool brackets, uint32_t *type)
{
    struct line name;
    size_t length;

    skip_blanks(line);
    if (brackets && !take(line, "("))
        return false;
    name = *line;
    while (name.end > name.at && (name.end[-1] == ' ' || name.end[-1] == '\r'))
        name.end--;
    if (brackets) {
        if (name.end == name.at || name.end[-1] != ')')
            return false;
        name.end--;
    }
    length = (size_t)(name.end - name.at);
    for (unsigned i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++)
        if (strlen(type_names[i].name) == length && !memcmp(name.at, type_names[i].name, length)) {
            *type = type_names[i].type;
            return true;
        }
    return take_type_number(name, type);
}

/* The forms of a line; they differ, so neighbouring maps are kept apart. */
enum form { FORM_NONE, FORM_BIOS_NEW, FORM_XEN_NEW, FORM_OLD, FORM_XEN_OLD, FORM_SIZE, FORM_HV };

struct entry {
    enum form form;
    bool gap; /* a line of the map, but not an entry */
    uint64_t start, end;
    uint32_t type;
    const char *wrong; /* the error in it; NULL: none */
};

/* [mem 0xSTART-0xLAST] TYPE, after the prefix. */
static bool parse_new(struct line line, struct entry *entry)
{
    uint64_t last = 0;

    if (take(&line, "[gap 0x")) {
        entry->gap = true;
        return true;
    }
    if (!take(&line, "[mem 0x"))
        return false;
    if (!take_number(&line, &entry->start) || !take(&line, "-0x") || !take_number(&line, &last) ||
        !take(&line, "]"))
        entry->wrong = "expected [mem 0xSTART-0xLAST]";
    else if (!take_type(&line, false, &entry->type))
        entry->wrong = "unknown type";
    entry->end = last + 1;
    if (!entry->wrong && !entry->end)
        entry->wrong = "the entry ends beyond 2^64 - 1";
    return true;
}

/* START - END (TYPE) or SIZE @ START (TYPE), after the prefix. */
static bool parse_old(struct line line, struct entry *entry, enum form dash)
{
    uint64_t first, second;
    bool is_size;

    if (!take_number(&line, &first))
        return false;
    skip_blanks(&line);
    is_size = take(&line, "@");
    if (!is_size && !take(&line, "-"))
        return false;
    skip_blanks(&line);
    entry->form = is_size ? FORM_SIZE : dash;
    if (!take_number(&line, &second))
        entry->wrong = "expected a second number of 16 hexadecimal digits";
    else if (!take_type(&line, true, &entry->type))
        entry->wrong = "unknown type";
    entry->start = is_size ? second : first;
    entry->end = is_size ? first + second : second;
    if (!entry->wrong && is_size && entry->end < second)
        entry->wrong = "the entry ends beyond 2^64 - 1";
    return true;
}

/* [START, LAST] (TYPE), after (XEN). */
static bool parse_hv(struct line line, struct entry *entry)
{
    if (!take(&line, "["))
        return parse_old(line, entry, FORM_HV);
    if (!take_number(&line, &entry->start))
        return false;
    if (!take(&line, ", ") || !take_number(&line, &entry->end) || !take(&line, "]"))
        entry->wrong = "expected [START, LAST]";
    else if (!take_type(&line, true, &entry->type))
        entry->wrong = "unknown type";
    if (!entry->wrong && ++entry->end == 0)
        entry->wrong = "the entry ends beyond 2^64 - 1";
    return true;
}

/* True if the line belongs to a map. */
static bool parse_line(struct line line, struct entry *entry)
{
    struct line at = line;

    *entry = (struct entry){0};
    if (take_past(&at, "BIOS-e820:")) {
        skip_blanks(&at);
        entry->form = FORM_BIOS_NEW;
        if (!parse_new(at, entry) && !parse_old(at, entry, FORM_OLD))
            entry->wrong = "expected an entry of a memory map";
        return true;
    }
    at = line;
    if (take_past(&at, "(XEN)")) {
        skip_blanks(&at);
        if (take(&at, "[") && take_past(&at, "] ")) /* a time stamp, unless it is the range */
            skip_blanks(&at);
        entry->form = FORM_HV;
        if (parse_hv(at, entry))
            return true;
        at = line;
        take_past(&at, "(XEN)");
        skip_blanks(&at);
        return parse_hv(at, entry);
    }
    at = line;
    if (take_past(&at, "Xen:")) {
        skip_blanks(&at);
        entry->form = FORM_XEN_NEW;
        return parse_new(at, entry) || parse_old(at, entry, FORM_XEN_OLD);
    }
    return false;
}

static bool __attribute__((format(printf, 5, 6))) fail(const char *name, unsigned line, char *error,
                                                       size_t size, const char *format, ...)
{
    va_list arguments;
    int length = snprintf(error, size, "%s:%u: ", name, line);

    if (length < 0 || (size_t)length >= size)
        return false;
    va_start(arguments, format);
    vsnprintf(error + length, size - (size_t)length, format, arguments);
    va_end(arguments);
    return false;
}

/* "BIOS-provided physical RAM map:", "Xen-e820 RAM map:", "(XEN) Dom0 memory map". */
static bool is_heading(struct line line)
{
    struct line at = line;

    return take_past(&line, "RAM map") || take_past(&at, "emory map");
}

/*
 * A map that continues after a line of another form is cut in two, which is an error: half
 * of a map is worse than none. Entries after a new heading are another map.
 */
static bool goes_on(const char *log, size_t at, size_t size, enum form form)
{
    while (at < size) {
        const char *newline = memchr(log + at, '\n', size - at);
        struct line line = {log + at, newline ? newline : log + size};
        struct entry entry;

        if (is_heading(line))
            return false;
        if (parse_line(line, &entry) && entry.form == form)
            return true;
        at = (size_t)(line.end - log) + 1;
    }
    return false;
}

bool e820_log_parse(const char *name, const char *log, size_t size, struct e820_table *table,
                    char *error, size_t error_size)
{
    const unsigned most = sizeof(table->entry) / sizeof(table->entry[0]) - 1;
    enum form form = FORM_NONE;
    unsigned number = 0;

    table->count = 0;
    for (size_t at = 0; at < size;) {
        const char *newline = memchr(log + at, '\n', size - at);
        struct line line = {log + at, newline ? newline : log + size};
        struct entry entry;

        number++;
        at = (size_t)(line.end - log) + 1;
        if (!parse_line(line, &entry)) {
            if (form == FORM_NONE || line.end == line.at)
                continue;
            if (goes_on(log, at, size, form))
                return fail(name, number, error, error_size,
                            "the memory map is cut in two by this line");
            break;
        }
        if (form != FORM_NONE && entry.form != form)
            break;
        form = entry.form;
        if (entry.gap)
            continue;
        if (entry.wrong)
            return fail(name, number, error, error_size, "%s", entry.wrong);
        if (table->count == most)
            return fail(name, number, error, error_size, "more than %u entries", most);
        table->entry[table->count].start = entry.start;
        table->entry[table->count].end = entry.end;
        table->entry[table->count++].type = entry.type;
    }
    if (!table->count)
        return fail(name, number ? number : 1, error, error_size,
                    "no memory map up to the end of the file");
    return true;
}
