/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The case as people and git see it: first line `p2m-case 2`, then the geometry
 * of its PFNs, then one line per op; `#` starts a comment.
 *
 *     p2m-case 2
 *     geometry x86_64
 *     subject linux-6.12              # a schedule of a foreign subject names it,
 *     mode as-written                 # and its compilation mode; or as-optimised
 *     boot nr_pages=0x36b0 holes=0x40 auto_translated restore=xen refuse=2
 *     at 3 set 0x41 mfn 0x77          # at the 3rd sync point of the next call
 *     at 8,16~,-3 get 0x41            # a schedule, see below
 *     set 0x40 foreign 0x12 refuse=1  # its 1st page is refused
 *     __set 0x40 invalid              # identity, raw 0x4000000000000001
 *     range 0x40500 0x7d100           # end exclusive
 *     get 0x40500
 *     pfn_to_mfn 0x40500
 *     resume
 *     e820 0x9fc00 0x100000 reserved  # usable acpi nvs unusable soft-reserved 12
 *     xen_set_identity domu refuse=1
 *     identity_ranges                 # the runs of the map, without a p2m
 *     grant_map 0x40 3 mfn 0x900 slots=0x2 refuse=1   # slot 1 is refused
 *     grant_unmap 0x40 3
 *     list 0x7 invalid                # an entry of the builder's list
 *     mfn_base pages 0x40000000       # list, pages, leaves: where their MFNs begin
 *     build refuse=2
 *     publish
 *     destroy
 *
 * All words of `boot`, and the line, are optional. Its other words: bare
 * short_list 4tools tso judge domu, order=3 (of addresses, up to 5), hotplug=PFN, extra=PFN+PAGES
 * (up to 4 times), and for target `setup` reservation= kernel= initrd= page_tables= list=,
 * nvs=PFN+PAGES (twice) and answers=0x0123456789abcdef. A schedule is up to 4 switches separated by
 * commas: the first is in the next call, then the turns alternate. `8`: at the 8th sync point from
 * there; `-8`: from the end of the call; `3/8`: a fraction of it (of 2, 4 .. 256); `*`, alone: once
 * at each point. `~` behind a switch keeps the store buffer, `~2` lets its two oldest stores be
 * seen.
 *
 * Files that begin with `p2m-case 1` have no newer feature: no subject, no mode, no op from
 * grant_map on, no other word of `boot`; `at` has one switch, `8`, up to 64. The reader is
 * strict: it rejects a file with one unknown word.
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

/* An entry in words: "mfn 0x77", "identity". */
void text_print_entry(char *buffer, size_t size, const struct shape *shape, uint64_t pfn,
                      uint64_t entry);

/* The name of an E820 type, "usable"; a number if it has none. Valid until the next call. */
const char *text_e820_name(unsigned type);

/* True if `data` is text and not bytes, by its first line or its file's name (may be NULL). */
bool text_is_text(const char *name, const char *data, size_t size);

/*
 * Reads a case. `name` is used in messages. True: *c is the case in the geometry
 * *shape that it names; case_convert (convert.h) makes it run here. False:
 * `error` is `name:line: reason`, and *c is undefined.
 */
bool text_parse(const char *name, const char *data, size_t size, struct test_case *c,
                const struct shape **shape, char *error, size_t error_size);

#endif
