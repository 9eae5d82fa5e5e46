// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The forms in which released versions of Linux and Xen print a line of a memory map, as tables,
 * and the one function that holds a line against them. A line is FRAME NAME BODY. The frame
 * is anything: time stamps, log levels, quote marks. Colours are gone before.
 *
 * In a pattern, `#` is a number of 16 hexadecimal digits, `%` one of 8, a blank is one or more
 * blanks, and T is a type up to the end of the line. (T is a type in parentheses, or a
 * bare `type N`. Any other character is itself.
 */
#define _GNU_SOURCE /* memmem */
#include "e820_forms.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Groups of names: b of the firmware's map, k of other maps of a kernel, x of Xen's (XEN). */
static const struct e820_form forms[] = {
    {"[mem 0x#-0x#] T", "[mem 0xSTART-0xLAST] TYPE", "Linux 3.5 and newer", "bk", SECOND_LAST},
    {"[gap 0x#-0x#]", "[gap 0xSTART-0xLAST]", "Linux 7.0 and newer", "bk", SECOND_GAP},
    {"# - # (T", "START - END (TYPE)", "Linux 2.4.3 to 3.4", "bk", SECOND_END},
    {"# @ # (T", "SIZE @ START (TYPE)", "Linux 2.4.0 to 2.4.2", "b", SECOND_START},
    {"% @ % (T", "SIZE @ START (TYPE)", "Linux 2.2", "b", SECOND_START},
    {"[#, #] (T", "[START, LAST] (TYPE)", "Xen 4.13 and newer", "x", SECOND_LAST},
    {"# - # (T", "START - END (TYPE)", "Xen before 4.13", "x", SECOND_END},
};

/* A strong name stands before nothing but an entry. */
static const struct name {
    const char *text;
    char group;
    bool strong;
} names[] = {
    {"BIOS-e820:", 'b', true},
    {"BIOS-e801:", 'b', true},
    {"BIOS-88:", 'b', true},
    {"user:", 'b', false}, /* mem=, memmap= */
    {"USER:", 'b', false}, /* the same in Linux 2.2 */
    {"modified:", 'k', false},
    {"reserve setup_data:", 'k', true},
    {"limit_regions start:", 'k', true},
    {"limit_regions endfor:", 'k', true},
    {"limit_regions endfunc:", 'k', true},
    {"bad_ppro:", 'k', true},
    {"Voyager-SUS:", 'k', true},
    {"Voyager-TOM:", 'k', true},
    {"NOT VOYAGER:", 'k', true},
    {"PROM:", 'k', false},
    {"LGUEST:", 'k', false},
    {"BIOS:", 'k', false}, /* the machine's map, by a dom0 of SUSE */
    {"Xen:", 'k', false},
    {"(XEN)", 'x', false},
};

static const struct {
    const char *text;
    uint32_t type;
} types[] = {
    {"usable", 1},
    {"System RAM", 1},
    {"reserved", 2},
    {"device reserved", 2},
    {"ACPI data", 3},
    {"ACPI NVS", 4},
    {"unusable", 5},
    {"soft reserved", 0xefffffff},
    {"persistent (type 7)", 7},
    {"persistent (type 12)", 12},
    {"persistent RAM (type 7)", 7},
    {"persistent RAM (type 12)", 12},
};

static const char *const headings[] = {
    "BIOS-provided physical RAM map:", "user-defined physical RAM map:",
    "USER-provided physical RAM map:", "modified physical RAM map:",
    "extended physical RAM map:",      "fixed physical RAM map:",
    "Xen-provided physical RAM map:",  "Xen-provided machine memory map:",
};
/* After (XEN), and what comes before: `Dom0 memory map:`, but no `EFI memory map:`. */
static const char *const xen_headings[][2] = {{"RAM map:", "(XEN)"}, {"memory map:", " Dom"}};

/* What the kernel says between two entries. */
static const char *const remarks[] = {"out of order E820 entry!"};

/* Messages that begin or end like an entry and are none; the last is Xen's EFI memory map. */
static const char *const notes[] = {"e820 update range:", "e820 remove range:", "e820: update [",
                                    "e820: remove [", " attr="};

/* A weak name and as many bytes of a body are the prefix of a map: `[mem 0x0`, eight digits. */
#define BODY_BEGINS 8

/* Bytes of a line that may be what is left of an entry. */
#define LONGEST 1024

static size_t size_of(struct e820_text text)
{
    return (size_t)(text.end - text.at);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

struct e820_text e820_trim(struct e820_text text)
{
    while (text.at < text.end && is_blank(*text.at))
        text.at++;
    while (text.at < text.end && is_blank(text.end[-1]))
        text.end--;
    return text;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int hex_digit(char c)
{
    return is_digit(c)            ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static const char *find(struct e820_text text, const char *word)
{
    return memmem(text.at, size_of(text), word, strlen(word));
}

static bool equals(struct e820_text text, const char *word)
{
    return size_of(text) == strlen(word) && !memcmp(text.at, word, strlen(word));
}

static bool begins(struct e820_text text, const char *word)
{
    return size_of(text) >= strlen(word) && !memcmp(text.at, word, strlen(word));
}

static bool ends(struct e820_text text, const char *word)
{
    size_t length = strlen(word);

    return size_of(text) >= length && !memcmp(text.end - length, word, length);
}

struct e820_text e820_without_colours(struct e820_text text, char *room)
{
    char *out = room;

    while (text.at < text.end) {
        const char *at = text.at + 2;

        if (*text.at == '\033' && at < text.end && at[-1] == '[') { /* ESC [ numbers letter */
            while (at < text.end && (is_digit(*at) || *at == ';'))
                at++;
            if (at < text.end && (*at == 'm' || *at == 'K')) {
                text.at = at + 1;
                continue;
            }
        }
        *out++ = *text.at++;
    }
    return (struct e820_text){room, out};
}

/* ---- types ---- */

const char *e820_type_name(uint32_t type)
{
    static char number[24];

    for (unsigned i = 0; i < COUNT(types); i++)
        if (types[i].type == type)
            return types[i].text;
    snprintf(number, sizeof(number), "type %u", (unsigned)type);
    return number;
}

/* `type 20`. The types 1 to 4 have names in each version, so such a number has lost a digit. */
static bool read_type_number(struct e820_text text, uint32_t *type)
{
    uint64_t value = 0;

    if (!begins(text, "type "))
        return false;
    text.at += strlen("type ");
    if (text.at == text.end || size_of(text) > 10 || (*text.at == '0' && size_of(text) > 1))
        return false;
    for (; text.at < text.end; text.at++) {
        if (!is_digit(*text.at))
            return false;
        value = value * 10 + (unsigned)(*text.at - '0');
    }
    *type = (uint32_t)value;
    return value <= 0xffffffff && (value < 1 || value > 4);
}

static bool read_type(struct e820_text text, bool brackets, uint32_t *type)
{
    text = e820_trim(text);
    if (brackets && begins(text, "(")) {
        if (!ends(text, ")"))
            return false;
        text.at++;
        text.end--;
    } else if (brackets) {
        return read_type_number(text, type);
    }
    for (unsigned i = 0; i < COUNT(types); i++)
        if (equals(text, types[i].text)) {
            *type = types[i].type;
            return true;
        }
    return read_type_number(text, type);
}

/* ---- one form ---- */

struct match {
    const char *stopped; /* in the pattern; at its end: all of it fits */
    size_t bytes;        /* of the text that fit */
    uint64_t number[2];
    uint32_t type;
};

/* Takes a number with exactly `digits`; what fits of it is taken in any case. */
static bool take_number(struct e820_text *text, unsigned digits, uint64_t *value)
{
    unsigned i = 0;

    for (*value = 0; i < digits && text->at < text->end && hex_digit(*text->at) >= 0; i++)
        *value = *value << 4 | (unsigned)hex_digit(*text->at++);
    return i == digits;
}

static struct match match_pattern(struct e820_text text, const char *pattern)
{
    struct match match = {pattern, 0, {0, 0}, 0};
    const char *begin = text.at;
    unsigned numbers = 0;
    bool fits = true;

    for (; fits && *match.stopped; match.stopped += fits) {
        char c = *match.stopped;

        if (c == '#' || c == '%') {
            fits = take_number(&text, c == '#' ? 16 : 8, &match.number[numbers++]);
        } else if (c == 'T' || (c == '(' && match.stopped[1] == 'T')) {
            fits = read_type(text, c == '(', &match.type);
            if (fits)
                match.stopped += c == '(';
        } else {
            fits = text.at < text.end && (c == ' ' ? is_blank(*text.at) : *text.at == c);
            text.at += fits;
            while (c == ' ' && text.at < text.end && is_blank(*text.at))
                text.at++;
        }
    }
    match.bytes = (size_t)(text.at - begin);
    if (fits && !strchr(pattern, 'T') && e820_trim(text).at < text.end)
        match.stopped = "more";
    return match;
}

static void read_range(const struct e820_form *form, const struct match *match,
                       struct e820_line *line)
{
    uint64_t first = match->number[0], second = match->number[1];

    line->type = match->type;
    line->start = form->second == SECOND_START ? second : first;
    line->end = form->second == SECOND_START ? first + second
                : form->second == SECOND_END ? second
                                             : second + 1;
    if (form->second == SECOND_START ? line->end < second
                                     : form->second != SECOND_END && second == ~(uint64_t)0)
        line->wrong = "the entry ends beyond 2^64 - 1";
    else if (form->second != SECOND_START && second < first)
        line->wrong = "the entry ends before it begins";
}

static bool stopped_at_type(const struct match *match)
{
    return *match->stopped == 'T' || (*match->stopped == '(' && match->stopped[1] == 'T');
}

/* Holds what follows a name against each form. Answers the bytes that fit best. */
static size_t read_body(struct e820_text body, const struct name *name, struct e820_line *line)
{
    size_t best = 0;

    line->kind = LINE_BROKEN;
    line->expects = "an entry of a memory map";
    for (unsigned i = 0; i < COUNT(forms); i++) {
        const struct e820_form *form = &forms[i];
        struct match match;

        if (!strchr(form->names, name->group))
            continue;
        match = match_pattern(body, form->pattern);
        if (!*match.stopped) {
            line->kind = form->second == SECOND_GAP ? LINE_GAP : LINE_ENTRY;
            line->form = form->second == SECOND_GAP ? &forms[0] : form;
            line->wrong = line->expects = NULL;
            read_range(form, &match, line);
            return match.bytes;
        }
        if (match.bytes > best) {
            best = match.bytes;
            line->wrong = stopped_at_type(&match) ? "unknown type" : NULL;
            line->expects = form->shown;
        }
    }
    return best;
}

/* `[2024-01-01 00:00:00] `, `[0000000d1fb1f4d0] `: a time stamp of Xen, before the body. */
static struct e820_text skip_stamp(struct e820_text text)
{
    const char *close = memchr(text.at, ']', size_of(text) < 32 ? size_of(text) : 32);

    if (begins(text, "[") && close && close + 1 < text.end && is_blank(close[1]) &&
        !memchr(text.at, ',', (size_t)(close - text.at)))
        text.at = close + 1;
    return e820_trim(text);
}

static bool is_note(struct e820_text text)
{
    for (unsigned i = 0; i < COUNT(notes); i++)
        if (find(text, notes[i]))
            return true;
    return false;
}

/* True if the name at `at` makes this a line of a map. */
static bool read_after_name(struct e820_text text, const char *at, const struct name *name,
                            struct e820_line *line)
{
    struct e820_text body = {at + strlen(name->text), text.end}, after;
    size_t fit;

    body = e820_trim(body);
    fit = read_body(body, name, line);
    after = skip_stamp(body);
    if (line->kind == LINE_BROKEN && name->group == 'x' && after.at > body.at)
        fit = read_body(after, name, line);
    line->name = name->text;
    line->frame = (size_t)(at - text.at);
    line->weak = !name->strong;
    return line->kind != LINE_BROKEN || name->strong || (fit >= BODY_BEGINS && !is_note(text));
}

/* ---- one line ---- */

bool e820_is_journal(struct e820_text text)
{
    return begins(e820_trim(text), "MESSAGE=");
}

/* `    _TRANSPORT=kernel`, `Tue 2024-09-24 … [s=1;i=0]`: what a journal has beside messages. */
static bool is_journal_field(struct e820_text text)
{
    struct e820_text key = {text.at, text.at};

    while (key.end < text.end &&
           ((*key.end >= 'A' && *key.end <= 'Z') || is_digit(*key.end) || *key.end == '_'))
        key.end++;
    if (key.end > key.at && key.end < text.end && *key.end == '=')
        return !equals(key, "MESSAGE");
    return ends(text, "]") && find(text, " [s=");
}

static bool is_heading(struct e820_text text)
{
    if (!ends(text, "map:"))
        return false;
    for (unsigned i = 0; i < COUNT(headings); i++)
        if (ends(text, headings[i]))
            return true;
    for (unsigned i = 0; i < COUNT(xen_headings); i++)
        if (ends(text, xen_headings[i][0]) && find(text, "(XEN)") && find(text, xen_headings[i][1]))
            return true;
    return false;
}

static bool is_skipped(struct e820_text text)
{
    for (unsigned i = 0; i < COUNT(remarks); i++)
        if (ends(text, remarks[i]))
            return true;
    return text.at == text.end;
}

struct e820_line e820_line_read(struct e820_text text)
{
    struct e820_line line;
    struct e820_text trimmed = e820_trim(text);

    for (unsigned i = 0; i < COUNT(names); i++) {
        struct e820_text rest = text;
        const char *at;

        while ((at = find(rest, names[i].text))) {
            line = (struct e820_line){0};
            if (read_after_name(text, at, &names[i], &line)) {
                if (line.wrong)
                    line.kind = LINE_BROKEN;
                return line;
            }
            rest.at = at + 1;
        }
    }
    line = (struct e820_line){0};
    line.kind = is_skipped(trimmed)         ? LINE_SKIPPED
                : is_journal_field(trimmed) ? LINE_FIELD
                : is_heading(trimmed)       ? LINE_HEADING
                                            : LINE_OTHER;
    return line;
}

/* ---- what is left of a damaged line ---- */

static bool same_class(char a, char b)
{
    return a == b || (hex_digit(a) >= 0 && hex_digit(b) >= 0);
}

/* The length of what two texts have in common at their beginning; digits are like digits. */
static size_t common(struct e820_text a, struct e820_text b)
{
    size_t length = 0;

    while (a.at + length < a.end && b.at + length < b.end && same_class(a.at[length], b.at[length]))
        length++;
    return length;
}

/* Takes `word` from the end; true also if the text is only the end of `word`. */
static bool take_end(struct e820_text *text, const char *word)
{
    size_t length = strlen(word), left = size_of(*text);

    if (left < length && !memcmp(text->at, word + length - left, left)) {
        text->end = text->at;
        return true;
    }
    if (!ends(*text, word))
        return false;
    text->end -= length;
    return true;
}

/* True if `text`, from whose end a type was taken, ends like the rest of the form's body. */
static bool ends_like_range(struct e820_text text, const struct e820_form *form)
{
    if (!take_end(&text, strchr(form->pattern, ']') ? "] " : " "))
        return false;
    return text.at == text.end || hex_digit(text.end[-1]) >= 0;
}

/* True if the text ends like an entry, or is a piece of such an end. */
static bool ends_like_entry(struct e820_text text, const struct e820_form *form)
{
    bool brackets = strchr(form->pattern, '(') != NULL;
    struct e820_text rest;

    for (unsigned i = 0; i < COUNT(types); i++) {
        rest = text;
        if ((!brackets || take_end(&rest, ")")) && take_end(&rest, types[i].text) &&
            (!brackets || take_end(&rest, "(")) && ends_like_range(rest, form))
            return true;
    }
    for (rest = text; rest.end > rest.at && is_digit(rest.end[-1]);)
        rest.end--;
    return rest.end < text.end && take_end(&rest, "type ") && ends_like_range(rest, form);
}

bool e820_ends_like_entry(struct e820_text text, const struct e820_form *form)
{
    return !is_note(text) && ends_like_entry(e820_trim(text), form);
}

/* True if a second line begins inside this one: the frame comes again. */
static bool has_frame_inside(struct e820_text text, struct e820_text frame)
{
    if (size_of(frame) < 8)
        return false;
    for (text.at++; size_of(text) >= size_of(frame); text.at++)
        if (common(text, frame) == size_of(frame))
            return true;
    return false;
}

/* True if the text is a beginning of the entry and then an end of one: its middle is cut out. */
static bool lacks_middle(struct e820_text text, size_t same, const struct e820_form *form)
{
    for (size_t i = 0; i <= same; i++)
        if (ends_like_entry((struct e820_text){text.at + i, text.end}, form))
            return true;
    return false;
}

bool e820_is_rest_of_entry(struct e820_text text, struct e820_text entry,
                           const struct e820_line *line)
{
    struct e820_text frame = {entry.at, entry.at + line->frame};
    size_t same = common(text, entry), name = same - line->frame;

    if (size_of(text) > LONGEST || is_note(text))
        return false;
    if (same >= size_of(text) || lacks_middle(text, same, line->form))
        return true;
    if (same >= line->frame && name >= 3 && name < strlen(line->name))
        return true;
    return has_frame_inside(text, frame);
}
