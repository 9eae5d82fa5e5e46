/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person is told about a violation: the same text wherever it was found. */
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

/* The same on stderr, from within the invariant's own function, and the end of the program. */
noreturn void report_and_stop(const struct report *report);

#endif
