/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State coverage: a call, the state it met, the place, and its result as one
 * cell of a matrix. `p2m-case cells` prints it: each cell has been reached, or is
 * impossible for a reason that state_coverage.c names, or is a gap.
 *
 * The cells do not guide engines: they found no planted bug sooner with them.
 */
#ifndef PROPS_RUN_STATE_COVERAGE_H
#define PROPS_RUN_STATE_COVERAGE_H

#include "props/base/uninstrumented.h"
#include "props/case/ops.h"
#include "props/oracle/slot_kinds.h"

UNINSTRUMENTED_BEGIN

/* The call. */
enum cell_call {
    CELL_GET,
    CELL_PFN_TO_MFN,
    CELL_SET, /* .. by entry: INVALID, identity, frame, foreign, malformed */
    CELL_SET_NOALLOC = CELL_SET + 5,
    CELL_RANGE = CELL_SET_NOALLOC + 5,
    CELL_GRANT_MAP,
    CELL_GRANT_UNMAP,
    CELL_CALLS
};

/* The leaf of its (first) PFN before: of a batch, that of its first slot. */
enum cell_before {
    BEFORE_MID_MISSING,
    BEFORE_MID_IDENTITY,
    BEFORE_MISSING, /* under a private mid, and so the next three */
    BEFORE_IDENTITY,
    BEFORE_PRIVATE,
    BEFORE_GRAFTED,
    BEFORE_BEYOND, /* none: the PFN is beyond the table */
    CELL_BEFORES
};

/* The place of its PFN; for a range, its extent. */
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

/* A batch is done if all its slots hold, or were cleared. */
enum cell_outcome { OUTCOME_DONE, OUTCOME_FALSE, OUTCOME_REFUSED, CELL_OUTCOMES };

/*
 * After the cells of calls at a PFN come those of build, publish and destroy (in the order of
 * their ops). They meet the p2m as a whole, and they have no place.
 */
#define CELLS_AT_PFN (CELL_CALLS * CELL_BEFORES * CELL_PLACES * CELL_OUTCOMES)
#define CELL_LIFE_CALLS 3
enum cell_stage { STAGE_UNBUILT, STAGE_BUILT, STAGE_PUBLISHED, CELL_STAGES };

#define CELLS (CELLS_AT_PFN + CELL_LIFE_CALLS * CELL_STAGES * CELL_OUTCOMES)

/* The count of each cell. */
extern uint64_t state_cell_met[CELLS];

/* The state before a call; state_cell_note then adds its result. */
unsigned state_cell_before(const struct op *op, const struct slot_kinds *kinds, uint64_t grafted);
void state_cell_note(unsigned before, bool done, bool refused);

/* Counts a build, publish or destroy of a p2m in this stage; not done: a page was refused. */
void state_cell_note_life(unsigned kind, bool built, bool published, bool done);

/* True if the call has a cell, that is, if it is at a PFN. */
static inline bool state_cell_has(unsigned kind)
{
    return op_has_pfn(kind) || op_is_grant(kind);
}

/* The reason why no call can reach the cell; NULL: one can. */
const char *state_cell_impossible(unsigned cell);

/* The cell in words. */
void state_cell_name(unsigned cell, char *text, size_t size);

UNINSTRUMENTED_END

#endif
