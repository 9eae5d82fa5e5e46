/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the parts of one geometry's struct geometry: geometry*.c. */
#ifndef FUZZ_P2M_CASE_GEOMETRY_HERE_H
#define FUZZ_P2M_CASE_GEOMETRY_HERE_H

#include "geometry.h"
#include "props/case/convert.h"
#include "props/run/executor.h"

/* The case in a file, in this geometry; false and a message if it is not a case. */
bool geometry_load(const struct input *input, struct test_case *c);

/* The same; how it is converted if it is of another one. */
bool geometry_load_by(const struct input *input, enum convert_way way, struct test_case *c);

/* The same, and of `at *` the point that fails (props/run/every.h). */
bool geometry_load_to_run(const struct input *input, struct test_case *c);

/* The subject to run it on: the canary for the target canary. */
const struct subject *geometry_subject(const struct input *input);

/* The op that runs, for handlers of a crash. */
void geometry_running_op(FILE *out);

/* Bytes and back give the very same ops; else prints the first difference. */
bool geometry_survives_bytes(const struct input *input, const struct test_case *c);

/* Runs a case and calls `draw` before its tree is destroyed; false and a message on failure. */
bool geometry_draw(const struct subject *subject, const struct test_case *c, void (*draw)(void));

/* The members of struct geometry, by file. */
bool geometry_replay(const struct input *input, const struct replay_options *options,
                     struct replay_counts *counts);
unsigned geometry_coverage(const char *target, bool all, FILE *out);
bool geometry_failure(const struct input *input, char *name);
bool geometry_shrink(const struct input *input, const char *name, struct shrunk *shrunk);
void geometry_facts(FILE *out);
void geometry_e820_ranges(const struct e820_table *table, bool domu, FILE *out);
bool geometry_e820_show(const struct e820_table *table, bool domu, FILE *out);
void geometry_e820_case(const struct e820_table *table, bool domu, FILE *out);
bool geometry_e820_boot(const struct e820_table *table, bool domu, uint64_t pages, FILE *out);
bool geometry_e820_verify(const struct e820_table *table, bool domu, FILE *out);

#endif
