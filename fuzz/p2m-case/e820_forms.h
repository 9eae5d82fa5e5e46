/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line of a boot log as a part of a memory map: see e820_forms.c. */
#ifndef FUZZ_P2M_CASE_E820_FORMS_H
#define FUZZ_P2M_CASE_E820_FORMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A line without its end; the text is not NUL-terminated. */
struct e820_text {
    const char *at, *end;
};

struct e820_form {
    const char *pattern; /* see e820_forms.c */
    const char *shown;   /* the same for people */
    const char *printer; /* the versions that print it */
    const char *names;   /* what stands before it: the names of these groups, by letter */
    enum { SECOND_LAST, SECOND_END, SECOND_START, SECOND_GAP } second; /* the second number */
};

enum e820_kind {
    LINE_OTHER,   /* not of a map */
    LINE_SKIPPED, /* blank, or a remark that the kernel prints inside a map */
    LINE_FIELD,   /* `    PRIORITY=6`: skipped between messages of a journal */
    LINE_HEADING,
    LINE_ENTRY,
    LINE_GAP,    /* of a map, but not an entry */
    LINE_BROKEN, /* a map's prefix, and `wrong` behind it */
};

struct e820_line {
    enum e820_kind kind;
    const struct e820_form *form; /* of an entry; a gap has the form of its map's entries */
    const char *name;             /* of an entry: `BIOS-e820:` */
    size_t frame;                 /* of an entry: the bytes before the name */
    uint64_t start, end;          /* bytes, exclusive */
    uint32_t type;
    bool weak;           /* of a broken line: far from a map it is another message */
    const char *wrong;   /* of a broken line: the error in it, or */
    const char *expects; /* what was expected */
};

/* True if the text is a message as journalctl -o verbose prints it. */
bool e820_is_journal(struct e820_text text);

/* Reads a line that has no colours. */
struct e820_line e820_line_read(struct e820_text text);

/* `text` without escape sequences, put into `room`, which has its size. */
struct e820_text e820_without_colours(struct e820_text text, char *room);

/* Without blanks and CR at both ends. */
struct e820_text e820_trim(struct e820_text text);

/*
 * True if a line of no form may be what is left of an entry: it stands after `entry`, the
 * text of `line`, and is a piece of such a line, or begins or ends like one.
 */
bool e820_is_rest_of_entry(struct e820_text text, struct e820_text entry,
                           const struct e820_line *line);

/* True if the text ends like an entry of this form, or is a piece of such an end. */
bool e820_ends_like_entry(struct e820_text text, const struct e820_form *form);

/* "usable", "ACPI NVS": the name of that type in a log. */
const char *e820_type_name(uint32_t type);

#endif
