// SPDX-License-Identifier: GPL-2.0-or-later
/* The matrix of state coverage as `p2m-case cells` prints it: see geometry.h. */
#include <inttypes.h>
#include <string.h>

#include "geometry_here.h"
#include "props/base/uninstrumented.h"
#include "props/check/setup_coverage.h"
#include "props/run/state_coverage.h"

UNINSTRUMENTED_BEGIN

/* One of the two matrices: that of calls, or that of target `setup`. */
struct matrix {
    unsigned cells;
    const uint64_t *met;
    const char *(*impossible)(unsigned cell);
    void (*name)(unsigned cell, char *text, size_t size);
};

static const struct matrix calls = {CELLS, state_cell_met, state_cell_impossible, state_cell_name};
static const struct matrix boots = {SETUP_CELLS, setup_cell_met, setup_cell_impossible,
                                    setup_cell_name};

struct cell_counts {
    unsigned reached, possible;
};

/* The counts of `cells` cells from `first` on. */
static struct cell_counts count_cells(const struct matrix *matrix, unsigned first, unsigned cells)
{
    struct cell_counts counts = {0, 0};

    for (unsigned cell = first; cell < first + cells; cell++) {
        counts.possible += !matrix->impossible(cell);
        counts.reached += !matrix->impossible(cell) && matrix->met[cell];
    }
    return counts;
}

/* A row for each call, a column for each state, each of `cells` cells; from `first` on. */
static void print_table(FILE *out, const struct matrix *matrix, unsigned first, unsigned rows,
                        unsigned columns, unsigned cells, const char *const *names)
{
    char name[128];

    fprintf(out, "%-16s", "");
    for (unsigned column = 0; column < columns; column++)
        fprintf(out, " %9s", names[column]);
    for (unsigned row = 0; row < rows; row++) {
        matrix->name(first, name, sizeof(name));
        fprintf(out, "\n%-16.*s", (int)strcspn(name, ","), name);
        for (unsigned column = 0; column < columns; column++, first += cells) {
            struct cell_counts counts = count_cells(matrix, first, cells);
            char text[24];

            snprintf(text, sizeof(text), "%u/%u", counts.reached, counts.possible);
            fprintf(out, " %9s", counts.possible ? text : "-");
        }
    }
    fprintf(out, "\n");
}

static void print_tables(FILE *out, const struct matrix *matrix)
{
    static const char *const befores[CELL_BEFORES] = {"no mid",  "id. mid", "missing", "identity",
                                                      "private", "grafted", "beyond"};
    static const char *const stages[CELL_STAGES] = {"unbuilt", "built", "published"};
    static const char *const places[SETUP_PLACES] = {"listed", "stays", "may move", "behind"};

    if (matrix == &boots) {
        print_table(out, matrix, 0, 2 * SETUP_WAS, SETUP_PLACES, SETUP_BECAME, places);
        return;
    }
    print_table(out, matrix, 0, CELL_CALLS, CELL_BEFORES, CELL_PLACES * CELL_OUTCOMES, befores);
    print_table(out, matrix, CELLS_AT_PFN, CELL_LIFE_CALLS, CELL_STAGES, CELL_OUTCOMES, stages);
}

static void print_each_cell(FILE *out, const struct matrix *matrix)
{
    char name[128];

    for (unsigned cell = 0; cell < matrix->cells; cell++) {
        const char *why = matrix->impossible(cell);

        matrix->name(cell, name, sizeof(name));
        fprintf(out, "cell\t%" PRIu64 "\t%s\t%s\n", matrix->met[cell], name, why ? why : "");
    }
}

unsigned geometry_coverage(const char *target, bool all, FILE *out)
{
    const struct matrix *matrix = target && !strcmp(target, "setup") ? &boots : &calls;
    struct cell_counts sum = count_cells(matrix, 0, matrix->cells);
    unsigned wrong = 0;
    char name[128];

    if (all)
        print_each_cell(out, matrix);
    print_tables(out, matrix);
    for (unsigned cell = 0; cell < matrix->cells; cell++) {
        const char *why = matrix->impossible(cell);

        if (!why == (matrix->met[cell] > 0))
            continue;
        wrong++;
        matrix->name(cell, name, sizeof(name));
        if (why)
            fprintf(out, "reached, although %s: %s\n", why, name);
        else
            fprintf(out, "never reached: %s\n", name);
    }
    fprintf(out, "geometry %s: %u of %u cells reached, %u impossible\n", shape_here.name,
            sum.reached, sum.possible, matrix->cells - sum.possible);
    return wrong;
}

UNINSTRUMENTED_END
