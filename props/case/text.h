/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The case as people and git see it: first line `p2m-case 1`, then the geometry
 * that its PFNs belong to, then a line an op; `#` starts a comment.
 *
 *     p2m-case 1
 *     geometry x86_64
 *     boot nr_pages=0x36b0 holes=0x40 auto_translated restore=xen refuse=2
 *     at 3 set 0x41 mfn 0x77          # at the 3rd sync point of the next call
 *     set 0x40 foreign 0x12 refuse=1  # its 1st page is refused
 *     __set 0x40 invalid              # identity, raw 0x4000000000000001
 *     range 0x40500 0x7d100           # end exclusive
 *     get 0x40500
 *     pfn_to_mfn 0x40500
 *     resume
 *     e820 0x9fc00 0x100000 reserved  # usable acpi nvs unusable soft-reserved 12
 *     xen_set_identity domu
 *
 * Everything of `boot` may be left out, and so may the line. The reader is
 * strict: one thing it does not know, and nothing of the file is taken.
 */
#ifndef PROPS_CASE_TEXT_H
#define PROPS_CASE_TEXT_H

#include <stddef.h>
#include <stdio.h>

#include "ops.h"

/* One op, as a line without its end. */
void text_print_op(char *buffer, size_t size, const struct shape *shape, const struct op *op);

/* The whole case, each line after `prefix`. */
void text_print_case(FILE *out, const char *prefix, const struct shape *shape,
                     const struct test_case *c);

/* What an entry is called: "mfn 0x77", "identity". */
void text_print_entry(char *buffer, size_t size, const struct shape *shape, uint64_t pfn,
                      uint64_t entry);

/* The name of an E820 type, "usable"; a number if it has none. Valid until the next call. */
const char *text_e820_name(unsigned type);

/* True if `data` is text and not bytes, by its first line or its file's name (may be NULL). */
bool text_is_text(const char *name, const char *data, size_t size);

/*
 * Reads a case. `name` stands in messages. True: *c is the case in the geometry
 * *shape that it names; so that it can run here, see case_convert. False:
 * `error` says `name:line: what is wrong`, and *c is undefined.
 */
bool text_parse(const char *name, const char *data, size_t size, struct test_case *c,
                const struct shape **shape, char *error, size_t error_size);

#endif
