// SPDX-License-Identifier: GPL-2.0-or-later
/* The matrix of state coverage as `p2m-case cells` prints it: see geometry.h. */
#include <inttypes.h>
#include <string.h>

#include "geometry_here.h"
#include "props/base/uninstrumented.h"
#include "props/run/state_coverage.h"

UNINSTRUMENTED_BEGIN

struct cell_counts {
    unsigned reached, possible;
};

static void print_cell_table(FILE *out, const struct cell_counts *table)
{
    static const char *const columns[CELL_BEFORES] = {"no mid",  "id. mid", "missing", "identity",
                                                      "private", "grafted", "beyond"};
    char name[128];

    fprintf(out, "%-16s", "");
    for (unsigned before = 0; before < CELL_BEFORES; before++)
        fprintf(out, " %9s", columns[before]);
    for (unsigned call = 0; call < CELL_CALLS; call++) {
        state_cell_name(call * CELL_BEFORES * CELL_PLACES * CELL_OUTCOMES, name, sizeof(name));
        fprintf(out, "\n%-16.*s", (int)strcspn(name, ","), name);
        for (unsigned before = 0; before < CELL_BEFORES; before++) {
            const struct cell_counts *counts = &table[call * CELL_BEFORES + before];
            char text[24];

            snprintf(text, sizeof(text), "%u/%u", counts->reached, counts->possible);
            fprintf(out, " %9s", counts->possible ? text : "-");
        }
    }
    fprintf(out, "\n");
}

static void print_each_cell(FILE *out)
{
    char name[128];

    for (unsigned cell = 0; cell < CELLS; cell++) {
        const char *why = state_cell_impossible(cell);

        state_cell_name(cell, name, sizeof(name));
        fprintf(out, "cell\t%" PRIu64 "\t%s\t%s\n", state_cell_met[cell], name, why ? why : "");
    }
}

unsigned geometry_coverage(bool all, FILE *out)
{
    struct cell_counts table[CELL_CALLS * CELL_BEFORES] = {{0, 0}}, sum = {0, 0};
    unsigned wrong = 0;
    char name[128];

    for (unsigned cell = 0; cell < CELLS; cell++) {
        struct cell_counts *counts = &table[cell / CELL_OUTCOMES / CELL_PLACES];

        counts->possible += !state_cell_impossible(cell);
        counts->reached += !state_cell_impossible(cell) && state_cell_met[cell];
    }
    if (all)
        print_each_cell(out);
    print_cell_table(out, table);
    for (unsigned cell = 0; cell < CELLS; cell++) {
        const char *why = state_cell_impossible(cell);

        sum.possible += !why;
        sum.reached += !why && state_cell_met[cell];
        if (!why == (state_cell_met[cell] > 0))
            continue;
        wrong++;
        state_cell_name(cell, name, sizeof(name));
        if (why)
            fprintf(out, "reached, though %s: %s\n", why, name);
        else
            fprintf(out, "never reached: %s\n", name);
    }
    fprintf(out, "geometry %s: %u of %u cells reached, %u impossible\n", shape_here.name,
            sum.reached, sum.possible, CELLS - sum.possible);
    return wrong;
}

UNINSTRUMENTED_END
