/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What p2m-case can do with one case in one geometry. The whole harness is built
 * once for each geometry; each build leaves one struct geometry, and nothing else is
 * visible of it (see the Makefile), so that one program has all of them.
 */
#ifndef FUZZ_P2M_CASE_GEOMETRY_H
#define FUZZ_P2M_CASE_GEOMETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A file that was read. */
struct input {
    const char *name;
    const char *data;
    size_t size;
    const char *target; /* whose byte codec and subject: a name of targets.def */
};

struct e820_table {
    unsigned count;
    struct {
        uint64_t start, end; /* bytes, exclusive */
        uint32_t type;
    } entry[256];
};

struct replay_counts {
    uint64_t files, ops, checks, failures;
    uint64_t faults;   /* runs with one page refused */
    char failure[480]; /* what the last one was */
};

struct replay_options {
    bool every;  /* check everything after every op, whatever it costs */
    bool faults; /* once more for each page that a case asks for, with that page refused */
    bool hashes; /* print a line `HASH geometry name` for each case */
};

/* What came of shrinking. */
struct shrunk {
    unsigned ops_before, ops_after;
    uint64_t tried;    /* candidates */
    FILE *text, *code; /* to be written to: the case, with marks; the case as a C test */
    FILE *aside;       /* each other violation met, the smallest case: a line `# NAME`, the case */
};

struct geometry {
    const char *geometry;

    /* The geometry that a text names; NULL, having said why, if the text is no case. */
    const char *(*named_geometry)(const struct input *input);

    /* True if the file is text and not bytes. */
    bool (*is_text)(const struct input *input);

    /* Each is false, having said why on stderr, if the case is no case. */
    bool (*print)(const struct input *input, FILE *out);                   /* as text */
    bool (*encode)(const struct input *input, uint8_t *out, size_t *size); /* GEOMETRY_BYTES */

    /* The tree at the end of the case, as text, or as a graph in DOT under the name of the file. */
    bool (*show)(const struct input *input, bool dot, FILE *out);

    /* Each op with its result, then the verdict; false also if one is violated. */
    bool (*run)(const struct input *input, bool every, FILE *out);

    /* The same with the trees before and after the failing op. */
    bool (*repro)(const struct input *input, FILE *out);

    /* Runs a case, adds it up; false if an invariant is violated, with the report on stderr. */
    bool (*replay)(const struct input *input, const struct replay_options *options,
                   struct replay_counts *counts);

    /*
     * The matrix of state coverage of all that was run so far (props/run/state_coverage.h): reached
     * and reachable cells, the gaps in words; with `all` before that a line for each cell, `cell`,
     * how often it was met, its name, and why it is impossible, with tabs between. Answers
     * the number of gaps, and of cells that were reached though they are called impossible.
     */
    unsigned (*cells)(bool all, FILE *out);

    /* What is wrong with the case in this geometry: a name of 64 bytes, "" if nothing is. */
    bool (*failure)(const struct input *input, char *name);

    /* The smallest case that fails as `name` in this geometry; false if none like it does. */
    bool (*shrink)(const struct input *input, const char *name, struct shrunk *shrunk);

    /* Ops, invariants, the layout of the statistics: members of a JSON object, with a comma
       behind each. */
    void (*facts)(FILE *out);

    /* The identity ranges of a table, a line `0xSTART 0xEND` each. */
    void (*e820_ranges)(const struct e820_table *table, bool domu, FILE *out);

    /* Pages the table costs, and the tree; false if an invariant is violated. */
    bool (*e820_show)(const struct e820_table *table, bool domu, FILE *out);

    /* The table as a case. */
    void (*e820_case)(const struct e820_table *table, bool domu, FILE *out);

    /* Whether it agrees, PFN by PFN, with a classification of each page; says where not. */
    bool (*e820_verify)(const struct e820_table *table, bool domu, FILE *out);
};

#define GEOMETRY_BYTES 8192

/* ---- all geometries (geometries.c) ---- */

enum {
#define GEOMETRY(name, ...) GEOMETRY_##name,
#define EXPLORED(name, ...)
#include "props/case/geometries.def"
#undef GEOMETRY
#undef EXPLORED
    GEOMETRIES
};
extern const struct geometry
    *const all_geometries[GEOMETRIES]; /* small ones first; NULL: not built in */

const struct geometry *geometry_by_name(const char *name, size_t length);

/* fuzz/targets.def as data. */
struct target_info {
    const char *name, *codec, *sees, *geometries, *geometries_32;
    bool service;
};
enum {
#define TARGET(name, ...) TARGET_##name,
#include "fuzz/targets.def"
#undef TARGET
    TARGETS
};
extern const struct target_info target_infos[TARGETS];

/* The target of that name, or NULL. */
const struct target_info *target_by_name(const char *name);

/* Some geometry, for what is the same in all. */
const struct geometry *any_geometry(void);

/* Fills in the target (`target`, if not NULL); answers the geometry that the file's name tells. */
const struct geometry *geometry_by_file(struct input *input, const char *target);

/* The geometry to use: as told, as the text says, by the file's
 * name; else NULL, having said why. */
const struct geometry *geometry_for(struct input *input, const char *name, const char *target);

/* A path without its folders. */
const char *base_name(const char *path);

/* Reads a file; *data is to be freed. False, having said why. */
bool input_open(const char *name, struct input *input, char **data);

/* The file that is being run, and what can say which of its ops; for handlers of a crash. */
extern const char *running_file;
extern void (*print_running_op)(FILE *out);

#endif
