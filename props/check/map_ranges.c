// SPDX-License-Identifier: GPL-2.0-or-later
/* The runs of a memory map: see map_ranges.h. */
#include "map_ranges.h"

#include "checks.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

#define MOST (ORACLE_E820 + 2) /* runs of a map: each ends where an entry does */

struct runs {
    unsigned count; /* also those for which there was no room */
    p2m_word start[MOST], end[MOST];
};

static struct runs reported, wanted;

static void record(void *ctx, p2m_word start, p2m_word end)
{
    struct runs *runs = ctx;

    if (runs->count < MOST) {
        runs->start[runs->count] = start;
        runs->end[runs->count] = end;
    }
    runs->count++;
}

uint64_t map_ranges_call(const struct op *op)
{
    reported.count = 0;
    run.subject->identity_ranges(run.oracle.e820, run.oracle.e820_count, op->type, record,
                                 &reported);
    return reported.count;
}

uint64_t map_ranges_count(const struct op *op)
{
    wanted.count = 0;
    oracle_identity_runs(&run.oracle, op->type, record, &wanted);
    return wanted.count;
}

/* The first that differs; MOST: none does. */
static unsigned first_difference(const struct op *op)
{
    uint64_t count = map_ranges_count(op);

    for (unsigned i = 0; i < MOST && (i < count || i < reported.count); i++)
        if (i >= count || i >= reported.count || wanted.start[i] != reported.start[i] ||
            wanted.end[i] != reported.end[i])
            return i;
    return MOST;
}

bool map_ranges_match(const struct op *op)
{
    return first_difference(op) == MOST;
}

void map_ranges_check(const struct op *op)
{
    unsigned i = first_difference(op);

    run_count_check(RESULT_MATCHES_MODEL);
    if (i == MOST)
        return;
    if (i >= wanted.count)
        violated(RESULT_MATCHES_MODEL, "expected %u runs, got one more: [0x%llx, 0x%llx)",
                 wanted.count, HEX(reported.start[i]), HEX(reported.end[i]));
    if (i >= reported.count)
        violated(RESULT_MATCHES_MODEL, "expected [0x%llx, 0x%llx) as run %u, got %u runs",
                 HEX(wanted.start[i]), HEX(wanted.end[i]), i + 1, reported.count);
    violated(RESULT_MATCHES_MODEL, "run %u: expected [0x%llx, 0x%llx), got [0x%llx, 0x%llx)", i + 1,
             HEX(wanted.start[i]), HEX(wanted.end[i]), HEX(reported.start[i]),
             HEX(reported.end[i]));
}

UNINSTRUMENTED_END
