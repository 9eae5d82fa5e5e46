/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * State coverage: what a call was, what it met, where, and what came of it, as one
 * cell of a matrix. `p2m-case cells` prints it: each cell has been reached, or is
 * impossible for a reason that stands in cells.c, or is a gap.
 *
 * An engine is shown less: the place is left out, and each cell is shown once a case,
 * as a block of code of its own (cells_seen.c). With all of it corpora grow by
 * thousands of cases that say nothing, and bugs are found later (README).
 */
#ifndef PROPS_CELLS_H
#define PROPS_CELLS_H

#include "kinds.h"
#include "ops.h"

/* What was called. */
enum cell_call {
    CELL_GET,
    CELL_PFN_TO_MFN,
    CELL_SET, /* .. by entry: INVALID, identity, frame, foreign, malformed */
    CELL_SET_NOALLOC = CELL_SET + 5,
    CELL_RANGE = CELL_SET_NOALLOC + 5,
    CELL_CALLS
};

/* The leaf of its (first) PFN before. */
enum cell_before {
    BEFORE_MID_MISSING,
    BEFORE_MID_IDENTITY,
    BEFORE_MISSING, /* under a private mid, and so the next three */
    BEFORE_IDENTITY,
    BEFORE_PRIVATE,
    BEFORE_GRAFTED,
    BEFORE_BEYOND, /* there is none: the PFN is beyond the table */
    CELL_BEFORES
};

/* Where its PFN is; of a range, how much it covers. */
enum cell_place {
    PLACE_INSIDE, /* of a leaf */
    PLACE_LEAF_LOW,
    PLACE_LEAF_HIGH,
    PLACE_MID_LOW,
    PLACE_MID_HIGH,
    PLACE_TABLE_LOW,
    PLACE_TABLE_HIGH,
    CELL_PLACES,
    PLACE_EMPTY = 0,
    PLACE_PART,       /* of one leaf */
    PLACE_LEAF,       /* one leaf, whole */
    PLACE_LEAVES,     /* of several leaves of one mid */
    PLACE_MID,        /* one mid, whole */
    PLACE_MIDS,       /* of several mids */
    PLACE_EVERYTHING, /* the whole table */
};

enum cell_outcome { OUTCOME_DONE, OUTCOME_FALSE, OUTCOME_REFUSED, CELL_OUTCOMES };

#define CELLS (CELL_CALLS * CELL_BEFORES * CELL_PLACES * CELL_OUTCOMES)
#define CELLS_SHOWN (CELL_CALLS * CELL_BEFORES * CELL_OUTCOMES)

/* How often each was met. */
extern uint64_t cells_met[CELLS];
extern bool cells_off; /* the engine is told nothing */

/* The engine is shown each cell anew. */
void cells_new_case(void);

/* What a call meets, before it runs; cells_note then says what came of it. */
unsigned cells_before(const struct op *op, const struct kinds *kinds, uint64_t grafted);
void cells_note(unsigned before, bool done, bool refused);

/* Why no call can reach the cell; NULL: one can. */
const char *cells_impossible(unsigned cell);

/* The cell in words. */
void cells_name(unsigned cell, char *text, size_t size);

/* cells_seen.c; `cell` is one of CELLS_SHOWN */
void cells_seen(unsigned cell);

#endif
