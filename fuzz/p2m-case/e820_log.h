/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory maps in a boot log of Linux or Xen: see e820_log.c. */
#ifndef FUZZ_P2M_CASE_E820_LOG_H
#define FUZZ_P2M_CASE_E820_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "e820_forms.h"
#include "geometry.h"

struct e820_map {
    char heading[64]; /* "": none */
    const struct e820_form *form;
    const char *name;            /* `BIOS-e820:` */
    unsigned from, to;           /* lines of the log, from 1 */
    unsigned first, count;       /* its entries, in the array of the log */
    bool has_zero;               /* an entry begins at address 0 */
    bool fragment;               /* its beginning is missing */
    bool cut;                    /* so it is, for a cut line stands before it */
    bool ends_with_file;         /* nothing follows */
    unsigned wrong_line;         /* 0: whole */
    const char *wrong, *expects; /* the error there */
};

struct e820_log {
    const char *name; /* of the file */
    unsigned lines;
    struct e820_map *map;
    unsigned maps, maps_room;
    struct e820_entry *entry;
    unsigned entries, entries_room;
};

/* Finds all maps. False, with a message on stderr: no memory. Ends with e820_log_free. */
bool e820_log_read(const char *name, const char *data, size_t size, struct e820_log *log);
void e820_log_free(struct e820_log *log);

/*
 * The map number `number` (from 1), or (0) the first one; a fragment in front of a map with a
 * heading is not the first one. NULL, with one line in `error`: there is none, it is damaged, or
 * it is a fragment and `partial` is false.
 */
const struct e820_map *e820_log_choose(const struct e820_log *log, unsigned number, bool partial,
                                       char *error, size_t error_size);

/* Prints what was taken, and what else there is. */
void e820_log_say(const struct e820_log *log, const struct e820_map *map, FILE *out);

#endif
