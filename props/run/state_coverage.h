/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State coverage: what a call was, what it met, where, and what came of it, as one
 * cell of a matrix. `p2m-case cells` prints it: each cell has been reached, or is
 * impossible for a reason that state_coverage.c names, or is a gap.
 *
 * Engines are not shown the cells: it did not help them to find a planted bug sooner.
 */
#ifndef PROPS_RUN_STATE_COVERAGE_H
#define PROPS_RUN_STATE_COVERAGE_H

#include "props/case/ops.h"
#include "props/oracle/slot_kinds.h"

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

/* How often each was met. */
extern uint64_t state_cell_met[CELLS];

/* What a call meets, before it runs; state_cell_note then says what came of it. */
unsigned state_cell_before(const struct op *op, const struct slot_kinds *kinds, uint64_t grafted);
void state_cell_note(unsigned before, bool done, bool refused);

/* Why no call can reach the cell; NULL: one can. */
const char *state_cell_impossible(unsigned cell);

/* The cell in words. */
void state_cell_name(unsigned cell, char *text, size_t size);

#endif
