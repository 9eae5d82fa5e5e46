/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The operations of p2m-case on one case in one geometry. The whole harness is built
 * once for each geometry; each build exports only its struct geometry (see the
 * Makefile), so that one program has all of them.
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
    const char *target; /* a name of targets.def: its byte codec and subject */
    bool assumed;       /* nothing names that target */
    bool apart; /* shrink: each candidate may end the program, and has a process of its own */
};

struct e820_entry {
    uint64_t start, end; /* bytes, exclusive */
    uint32_t type;
};

struct e820_table {
    const struct e820_entry *entry;
    unsigned count; /* any number; a case holds GEOMETRY_E820_MOST */
};

struct replay_counts {
    uint64_t files, ops, checks, failures;
    uint64_t faults;   /* runs with one page refused */
    char failure[480]; /* the last one */
};

struct replay_options {
    bool every;      /* check everything after every op, at any cost */
    bool faults;     /* run again for each allocated page, with that page refused */
    bool hashes;     /* print a line `HASH geometry name` for each case */
    bool toolstacks; /* print what each toolstack says of each case, and check nothing else */
    FILE *out;       /* for the reports on failures */
};

/* The result of shrinking. */
struct shrunk {
    unsigned ops_before, ops_after;
    uint64_t tried;    /* candidates */
    FILE *text, *code; /* to be written to: the case, with marks; the case as a C test */
    FILE *aside;       /* each other violation met, the smallest case: a line `# NAME`, the case */
};

struct geometry {
    const char *geometry;

    /* The geometry that a text names; NULL and a message if the text is not a case. */
    const char *(*named_geometry)(const struct input *input);

    /* True if the file is text and not bytes. */
    bool (*is_text)(const struct input *input);

    /* False, with a message, if the text or the file's name (linux-VERSION.ops_tiny-...) names
       another subject than this program has. */
    bool (*is_ours)(const struct input *input);

    /* True if this program can run the target here: `setup` needs a kernel, and not the smallest
     * pages. */
    bool (*has_target)(const char *target);

    /* Each is false, with a message on stderr, if the input is not a case. */
    bool (*print)(const struct input *input, FILE *out);                   /* as text */
    bool (*encode)(const struct input *input, uint8_t *out, size_t *size); /* GEOMETRY_BYTES */

    /* Bytes of version 1, whatever their first one is, as those of this version. */
    void (*upgrade)(const struct input *input, uint8_t *out, size_t *size);

    /* The tree at the end of the case, as text, or as a graph in DOT under the name of the file. */
    bool (*show)(const struct input *input, bool dot, FILE *out);

    /* Each op with its result, then the verdict; false also if one is violated. */
    bool (*run)(const struct input *input, bool every, FILE *out);

    /* The same with the trees before and after the failing op. */
    bool (*repro)(const struct input *input, FILE *out);

    /* Runs a case, adds to the counts; false, with a report, on a violation. */
    bool (*replay)(const struct input *input, const struct replay_options *options,
                   struct replay_counts *counts);

    /*
     * Prints the matrix of state coverage of all runs so far (props/run/state_coverage.h; of target
     * `setup`: props/check/setup_coverage.h): reached and reachable cells, then the gaps in words.
     * With `all` it first prints a line for each cell, separated by tabs: `cell`, its count, its
     * name, and why it is impossible. Answers the number of gaps, and of cells that were reached
     * although they are called impossible.
     */
    unsigned (*cells)(const char *target, bool all, FILE *out);

    /* The violation of the case in this geometry: a name of 64 bytes, "" if none. */
    bool (*failure)(const struct input *input, char *name);

    /* The smallest case that fails as `name` in this geometry; false if none does. */
    bool (*shrink)(const struct input *input, const char *name, struct shrunk *shrunk);

    /* Ops, invariants, the layout of the statistics: members of a JSON object, each followed
       by a comma. */
    void (*facts)(FILE *out);

    /* The identity ranges of a table, one line `0xSTART 0xEND` each. */
    void (*e820_ranges)(const struct e820_table *table, bool domu, FILE *out);

    /* Prints the pages that the table costs, and the tree; false on a violation. This and
       the next take what a case holds. */
    bool (*e820_show)(const struct e820_table *table, bool domu, FILE *out);

    /* The table as a case. */
    void (*e820_case)(const struct e820_table *table, bool domu, FILE *out);

    /*
     * What this program's kernel does when it boots with that map and so many pages (0: half of the
     * machine's), and a violated invariant, if there is one: then false. Only with target setup.
     */
    bool (*e820_boot)(const struct e820_table *table, bool domu, uint64_t pages, FILE *out);

    /* Compares it with a classification of each page; prints the differences. */
    bool (*e820_verify)(const struct e820_table *table, bool domu, FILE *out);
};

#define GEOMETRY_BYTES 16384
#define GEOMETRY_E820_MOST 255u

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

/* Any geometry, for properties that all share. */
const struct geometry *any_geometry(void);

/* Fills in the target (`target`, if not NULL); answers the geometry in the file's name. */
const struct geometry *geometry_by_file(struct input *input, const char *target);

/* The geometry to use: from the option, the text or the file's name;
 * else NULL and a message. */
const struct geometry *geometry_for(struct input *input, const char *name, const char *target);

/* A path without its folders. */
const char *base_name(const char *path);

/* Reads a file; *data is to be freed. False: an error is printed. */
bool input_open(const char *name, struct input *input, char **data);

/* The running file, and the geometry that prints the running op; for crash handlers. */
extern const char *running_file;
extern void (*print_running_op)(FILE *out);

#endif
