/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of one geometry's struct geometry share: geometry*.c. */
#ifndef FUZZ_P2M_CASE_GEOMETRY_HERE_H
#define FUZZ_P2M_CASE_GEOMETRY_HERE_H

#include "geometry.h"
#include "props/run/executor.h"

/* The case in a file, in this geometry; false, having said why, if it is none. */
bool geometry_load(const struct input *input, struct test_case *c);

/* What it is to be run on: the canary's findings are the canary's. */
const struct subject *geometry_subject(const struct input *input);

/* The op that runs, for handlers of a crash. */
void geometry_running_op(FILE *out);

/* Bytes and back give the very same ops; else says where not. */
bool geometry_survives_bytes(const struct input *input, const struct test_case *c);

/* Runs a case and calls `draw` while its tree stands; false, having said why, if it fails. */
bool geometry_draw(const struct subject *subject, const struct test_case *c, void (*draw)(void));

/* The members of struct geometry, by file. */
bool geometry_replay(const struct input *input, const struct replay_options *options,
                     struct replay_counts *counts);
unsigned geometry_coverage(bool all, FILE *out);
bool geometry_failure(const struct input *input, char *name);
bool geometry_shrink(const struct input *input, const char *name, struct shrunk *shrunk);
void geometry_facts(FILE *out);
void geometry_e820_ranges(const struct e820_table *table, bool domu, FILE *out);
bool geometry_e820_show(const struct e820_table *table, bool domu, FILE *out);
void geometry_e820_case(const struct e820_table *table, bool domu, FILE *out);
bool geometry_e820_verify(const struct e820_table *table, bool domu, FILE *out);

#endif
