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

/* The counts of `cells` cells from `first` on. */
static struct cell_counts count_cells(unsigned first, unsigned cells)
{
    struct cell_counts counts = {0, 0};

    for (unsigned cell = first; cell < first + cells; cell++) {
        counts.possible += !state_cell_impossible(cell);
        counts.reached += !state_cell_impossible(cell) && state_cell_met[cell];
    }
    return counts;
}

/* A row for each call, a column for each state, each of `cells` cells; from `first` on. */
static void print_table(FILE *out, unsigned first, unsigned rows, unsigned columns, unsigned cells,
                        const char *const *names)
{
    char name[128];

    fprintf(out, "%-16s", "");
    for (unsigned column = 0; column < columns; column++)
        fprintf(out, " %9s", names[column]);
    for (unsigned row = 0; row < rows; row++) {
        state_cell_name(first, name, sizeof(name));
        fprintf(out, "\n%-16.*s", (int)strcspn(name, ","), name);
        for (unsigned column = 0; column < columns; column++, first += cells) {
            struct cell_counts counts = count_cells(first, cells);
            char text[24];

            snprintf(text, sizeof(text), "%u/%u", counts.reached, counts.possible);
            fprintf(out, " %9s", counts.possible ? text : "-");
        }
    }
    fprintf(out, "\n");
}

static void print_tables(FILE *out)
{
    static const char *const befores[CELL_BEFORES] = {"no mid",  "id. mid", "missing", "identity",
                                                      "private", "grafted", "beyond"};
    static const char *const stages[CELL_STAGES] = {"unbuilt", "built", "published"};

    print_table(out, 0, CELL_CALLS, CELL_BEFORES, CELL_PLACES * CELL_OUTCOMES, befores);
    print_table(out, CELLS_AT_PFN, CELL_LIFE_CALLS, CELL_STAGES, CELL_OUTCOMES, stages);
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
    struct cell_counts sum = count_cells(0, CELLS);
    unsigned wrong = 0;
    char name[128];

    if (all)
        print_each_cell(out);
    print_tables(out);
    for (unsigned cell = 0; cell < CELLS; cell++) {
        const char *why = state_cell_impossible(cell);

        if (!why == (state_cell_met[cell] > 0))
            continue;
        wrong++;
        state_cell_name(cell, name, sizeof(name));
        if (why)
            fprintf(out, "reached, although %s: %s\n", why, name);
        else
            fprintf(out, "never reached: %s\n", name);
    }
    fprintf(out, "geometry %s: %u of %u cells reached, %u impossible\n", shape_here.name,
            sum.reached, sum.possible, CELLS - sum.possible);
    return wrong;
}

UNINSTRUMENTED_END
