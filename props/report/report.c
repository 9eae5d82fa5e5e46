// SPDX-License-Identifier: GPL-2.0-or-later
/* The report of a violation: see report.h. */
#include "report.h"

#include "props/base/uninstrumented.h"
#include "props/case/text.h"
#include "props/check/run.h"

UNINSTRUMENTED_BEGIN

static void explain(FILE *out, const struct verdict *verdict, const struct test_case *c)
{
    bool is_op = verdict->op >= 0 && verdict->op < (int)c->count;

    if (run.subject && run.subject->explain)
        run.subject->explain(out, is_op ? &c->ops[verdict->op] : NULL, host_store);
}

void report_name_op(char *line, size_t size, const struct test_case *c, int op)
{
    if (op < 0)
        snprintf(line, size, "the boot");
    else if (op >= (int)c->count)
        snprintf(line, size, "the end of the case");
    else
        text_print_op(line, size, &shape_here, &c->ops[op]);
}

void report_print(FILE *out, const struct report *report)
{
    const struct verdict *verdict = report->verdict;
    const struct test_case *c = report->c;
    char line[128];

    report_name_op(line, sizeof(line), c, verdict->op);
    fprintf(out, "p2mcheck: %s: %s\n", invariant_name(verdict->id),
            invariant_sentence(verdict->id));
    fprintf(out, "p2mcheck:   target %s, geometry %s%s%s\n", report->target, shape_here.name,
            report->file ? ", file " : "", report->file ? report->file : "");
    fprintf(out, "p2mcheck:   op %d of %u: %s\n", verdict->op + 1, c->count, line);
    fprintf(out, "p2mcheck:   %s\n", verdict->details);
    explain(out, verdict, c);
    report_switches(out);
    fprintf(out, "p2mcheck: the case:\n");
    text_print_case(out, "    ", &shape_here, c);
}

static void details(void *ctx)
{
    report_print(stderr, ctx);
}

void report_and_stop(const struct report *report)
{
    struct report copy = *report;

    invariant_report(copy.verdict->id, details, &copy);
}

UNINSTRUMENTED_END
