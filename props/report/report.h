/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report of a violation for a person: the same text in every program. */
#ifndef PROPS_REPORT_REPORT_H
#define PROPS_REPORT_REPORT_H

#include <stdio.h>

#include "props/base/verdict.h"
#include "props/case/ops.h"

struct report {
    const struct verdict *verdict;
    const struct test_case *c;
    const char *target; /* "ops" */
    const char *file;   /* of the case; NULL: it is only in memory */
};

/* The op in words: "the boot" for -1, "the end of the case" for count, else as text. */
void report_name_op(char *line, size_t size, const struct test_case *c, int op);

/* Invariant, op, expected, got, and the case as text. */
void report_print(FILE *out, const struct report *report);

/* The same on stderr, from within the invariant's own function; ends the program. */
noreturn void report_and_stop(const struct report *report);

/*
 * Of a violation where calls overlapped, after executor_judge: where each call stops and goes on,
 * with source lines. Else nothing. (report_print does it.)
 */
void report_switches(FILE *out);

#endif
