// SPDX-License-Identifier: GPL-2.0-or-later
/* The matrix of state coverage, and its impossible cells: see state_coverage.h. */
#include "state_coverage.h"

#include <stdio.h>

#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

uint64_t state_cell_met[CELLS];

/* ---- from a call to its cell ---- */

static unsigned call_of(const struct op *op)
{
    static const uint8_t entries[ENTRY_KINDS] = {
        [ENTRY_INVALID] = 0,    [ENTRY_IDENTITY] = 1,       [ENTRY_MFN] = 2,
        [ENTRY_FOREIGN] = 3,    [ENTRY_WRONG_IDENTITY] = 4, [ENTRY_BOTH_BITS] = 4,
        [ENTRY_MFN_IS_PFN] = 2,
    };
    uint64_t value;

    switch ((enum op_kind)op->kind) {
    case OP_GET:
        return CELL_GET;
    case OP_PFN_TO_MFN:
        return CELL_PFN_TO_MFN;
    case OP_RANGE:
        return CELL_RANGE;
    case OP_SET:
        return CELL_SET + entries[entry_split(&shape_here, op->pfn, op->arg, &value)];
    case OP_SET_NOALLOC:
        return CELL_SET_NOALLOC + entries[entry_split(&shape_here, op->pfn, op->arg, &value)];
    case OP_GRANT_MAP:
        return CELL_GRANT_MAP;
    case OP_GRANT_UNMAP:
        return CELL_GRANT_UNMAP;
    case OP_RESUME: /* no cells here: they are not calls at a PFN */
    case OP_E820:
    case OP_XEN_SET_IDENTITY:
    case OP_IDENTITY_RANGES:
    case OP_BUILD:
    case OP_PUBLISH:
    case OP_DESTROY:
    case OP_LIST:
    case OP_MFN_BASE:
        break;
    }
    return CELL_CALLS;
}

static unsigned before_of(const struct slot_kinds *kinds, uint64_t pfn, uint64_t grafted)
{
    if (pfn >= MAX_P2M_PFN)
        return BEFORE_BEYOND;
    switch (kinds->mid[pfn / P2M_MID_SPAN]) {
    case KIND_MISSING:
        return BEFORE_MID_MISSING;
    case KIND_IDENTITY:
        return BEFORE_MID_IDENTITY;
    default:
        if (pfn < grafted)
            return BEFORE_GRAFTED;
        return BEFORE_MISSING + slot_kinds_at(kinds, (p2m_word)pfn);
    }
}

static unsigned place_of_pfn(uint64_t pfn)
{
    if (pfn >= MAX_P2M_PFN)
        return PLACE_INSIDE;
    if (!pfn || pfn == MAX_P2M_PFN - 1)
        return pfn ? PLACE_TABLE_HIGH : PLACE_TABLE_LOW;
    if (pfn % P2M_MID_SPAN == 0 || (pfn + 1) % P2M_MID_SPAN == 0)
        return pfn % P2M_MID_SPAN ? PLACE_MID_HIGH : PLACE_MID_LOW;
    if (pfn % P2M_LEAF == 0 || (pfn + 1) % P2M_LEAF == 0)
        return pfn % P2M_LEAF ? PLACE_LEAF_HIGH : PLACE_LEAF_LOW;
    return PLACE_INSIDE;
}

static unsigned place_of_range(uint64_t start, uint64_t end)
{
    if (end > MAX_P2M_PFN)
        end = MAX_P2M_PFN;
    if (start >= end)
        return PLACE_EMPTY;
    if (!start && end == MAX_P2M_PFN)
        return PLACE_EVERYTHING;
    if (start / P2M_MID_SPAN != (end - 1) / P2M_MID_SPAN)
        return PLACE_MIDS;
    if (end - start == P2M_MID_SPAN)
        return PLACE_MID;
    if (start / P2M_LEAF != (end - 1) / P2M_LEAF)
        return PLACE_LEAVES;
    return end - start == P2M_LEAF ? PLACE_LEAF : PLACE_PART;
}

unsigned state_cell_before(const struct op *op, const struct slot_kinds *kinds, uint64_t grafted)
{
    unsigned place =
        op->kind == OP_RANGE ? place_of_range(op->pfn, op->arg) : place_of_pfn(op->pfn);

    return (call_of(op) * CELL_BEFORES + before_of(kinds, op->pfn, grafted)) * CELL_PLACES + place;
}

void state_cell_note(unsigned before, bool done, bool refused)
{
    unsigned outcome = refused ? OUTCOME_REFUSED : done ? OUTCOME_DONE : OUTCOME_FALSE;

    state_cell_met[before * CELL_OUTCOMES + outcome]++;
}

void state_cell_note_life(unsigned kind, bool built, bool published, bool done)
{
    unsigned stage = published ? STAGE_PUBLISHED : built ? STAGE_BUILT : STAGE_UNBUILT;
    unsigned cell = (kind - OP_BUILD) * CELL_STAGES + stage;

    state_cell_met[CELLS_AT_PFN + cell * CELL_OUTCOMES + (done ? OUTCOME_DONE : OUTCOME_REFUSED)]++;
}

/* ---- impossible cells ---- */

struct cell {
    unsigned call, before, place, outcome;
};

static struct cell apart(unsigned cell)
{
    return (struct cell){cell / CELL_OUTCOMES / CELL_PLACES / CELL_BEFORES,
                         cell / CELL_OUTCOMES / CELL_PLACES % CELL_BEFORES,
                         cell / CELL_OUTCOMES % CELL_PLACES, cell % CELL_OUTCOMES};
}

static bool is_private(unsigned before)
{
    return before == BEFORE_PRIVATE || before == BEFORE_GRAFTED;
}

static bool reads_invalid(unsigned before)
{
    return before == BEFORE_MID_MISSING || before == BEFORE_MISSING;
}

/* Entries: 0 INVALID, 1 identity, 2 frame, 3 foreign, 4 malformed. */
static const char *impossible_set(struct cell c, unsigned entry, bool allocates)
{
    bool same = !is_private(c.before) && entry == (reads_invalid(c.before) ? 0u : 1u);

    if (c.before == BEFORE_BEYOND) {
        if (c.outcome == OUTCOME_REFUSED)
            return "nothing beyond the table takes a page";
        return (c.outcome == OUTCOME_DONE) == (entry == 0)
                   ? NULL
                   : "beyond the table INVALID is stored, and nothing else";
    }
    if (entry == 4)
        return c.outcome == OUTCOME_FALSE ? NULL : "a malformed entry is stored nowhere";
    if (is_private(c.before) || same)
        return c.outcome == OUTCOME_DONE ? NULL : "a store that takes no page succeeds";
    if (!allocates)
        return c.outcome == OUTCOME_FALSE ? NULL : "__set takes no page";
    return c.outcome == OUTCOME_FALSE ? "a set fails only if a page is refused" : NULL;
}

/* Can the range need a page? The leaves and the mid at its two ends may be in its way. */
static bool range_may_take(struct cell c)
{
    switch (c.place) {
    case PLACE_PART:
        return reads_invalid(c.before);
    case PLACE_LEAF:
        return c.before == BEFORE_MID_MISSING;
    case PLACE_LEAVES:
        return c.before != BEFORE_MID_IDENTITY;
    case PLACE_MIDS:
        return true;
    default:
        return false;
    }
}

static const char *impossible_range(struct cell c)
{
    if (c.before == BEFORE_BEYOND && c.place != PLACE_EMPTY)
        return "beyond the table a range is empty";
    if (c.place == PLACE_EMPTY)
        return c.outcome == OUTCOME_DONE ? NULL : "an empty range has nothing to fail at";
    if (c.outcome == OUTCOME_FALSE)
        return "a range fails only if a page is refused";
    if (c.outcome == OUTCOME_REFUSED && !range_may_take(c))
        return "a range of whole leaves or mids, or over what is there, takes no page";
    return NULL;
}

/* The executor makes no grant over a slot that does not read INVALID: props/run/grants.h. */
static const char *impossible_grant_map(struct cell c)
{
    if (c.before == BEFORE_BEYOND)
        return c.outcome == OUTCOME_FALSE ? NULL : "beyond the table no grant holds";
    if (c.before == BEFORE_IDENTITY || c.before == BEFORE_MID_IDENTITY)
        return "no grant is mapped over an identity PFN";
    if (c.outcome == OUTCOME_REFUSED && is_private(c.before) && c.place == PLACE_TABLE_HIGH)
        return "a batch in one private leaf takes no page";
    return NULL;
}

static const char *impossible_grant_unmap(struct cell c)
{
    if (c.outcome == OUTCOME_REFUSED)
        return "an unmap takes no page";
    if (c.outcome == OUTCOME_DONE && !is_private(c.before))
        return "a grant has its entry in a private leaf";
    return NULL;
}

static const char *impossible_life(unsigned kind, unsigned stage, unsigned outcome)
{
    if (outcome == OUTCOME_FALSE)
        return "a build fails only if a page is refused; publish and destroy cannot fail";
    if (outcome == OUTCOME_REFUSED && kind != OP_BUILD)
        return "publish and destroy take no page";
    if (kind == OP_BUILD && stage != STAGE_UNBUILT)
        return "a built p2m is not built again before it is destroyed";
    if (kind == OP_PUBLISH && stage == STAGE_UNBUILT)
        return "publish needs a built p2m";
    return NULL;
}

const char *state_cell_impossible(unsigned cell)
{
    struct cell c = apart(cell);

    if (cell >= CELLS_AT_PFN) {
        cell -= CELLS_AT_PFN;
        return impossible_life(OP_BUILD + cell / CELL_OUTCOMES / CELL_STAGES,
                               cell / CELL_OUTCOMES % CELL_STAGES, cell % CELL_OUTCOMES);
    }
    if (c.call == CELL_RANGE)
        return impossible_range(c);
    if (c.before == BEFORE_BEYOND && c.place != PLACE_INSIDE)
        return "there are no edges beyond the table";
    if (c.call == CELL_GRANT_MAP)
        return impossible_grant_map(c);
    if (c.call == CELL_GRANT_UNMAP)
        return impossible_grant_unmap(c);
    if (c.call >= CELL_SET_NOALLOC)
        return impossible_set(c, c.call - CELL_SET_NOALLOC, false);
    if (c.call >= CELL_SET)
        return impossible_set(c, c.call - CELL_SET, true);
    return c.outcome == OUTCOME_DONE ? NULL : "a lookup cannot fail";
}

/* ---- in words ---- */

void state_cell_name(unsigned cell, char *text, size_t size)
{
    static const char *const calls[CELL_CALLS] = {
        "get",           "pfn_to_mfn",      "set invalid",   "set identity",   "set frame",
        "set foreign",   "set malformed",   "__set invalid", "__set identity", "__set frame",
        "__set foreign", "__set malformed", "range",         "grant_map",      "grant_unmap",
    };
    static const char *const befores[CELL_BEFORES] = {
        "missing mid",  "identity mid", "missing leaf", "identity leaf",
        "private leaf", "grafted leaf", "beyond",
    };
    static const char *const places[CELL_PLACES] = {
        "inside",     "leaf's first",  "leaf's last",  "mid's first",
        "mid's last", "table's first", "table's last",
    };
    static const char *const extents[CELL_PLACES] = {
        "empty", "part of a leaf", "a leaf", "leaves", "a mid", "mids", "everything",
    };
    static const char *const stages[CELL_STAGES] = {"unbuilt", "built", "published"};
    static const char *const outcomes[CELL_OUTCOMES] = {"done", "false", "page refused"};
    struct cell c = apart(cell);

    if (cell >= CELLS_AT_PFN) {
        cell -= CELLS_AT_PFN;
        snprintf(text, size, "%s, %s, whole: %s",
                 op_names[OP_BUILD + cell / CELL_OUTCOMES / CELL_STAGES],
                 stages[cell / CELL_OUTCOMES % CELL_STAGES], outcomes[cell % CELL_OUTCOMES]);
        return;
    }
    snprintf(text, size, "%s, %s, %s: %s", calls[c.call], befores[c.before],
             c.call == CELL_RANGE ? extents[c.place] : places[c.place], outcomes[c.outcome]);
}

UNINSTRUMENTED_END
