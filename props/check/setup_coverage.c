// SPDX-License-Identifier: GPL-2.0-or-later
/* The matrix of what boots made of pages, and its impossible cells: see setup_coverage.h. */
#include "setup_coverage.h"

#include <stdio.h>

#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

uint64_t setup_cell_met[SETUP_CELLS];

bool setup_firmware_moves;

struct cell {
    bool dom0;
    unsigned was, place, became;
};

static struct cell apart(unsigned cell)
{
    return (struct cell){!(cell / SETUP_BECAME / SETUP_PLACES / SETUP_WAS),
                         cell / SETUP_BECAME / SETUP_PLACES % SETUP_WAS,
                         cell / SETUP_BECAME % SETUP_PLACES, cell % SETUP_BECAME};
}

/* Pages of RAM, and of a dom0 unusable ones. */
static bool is_memory(struct cell c)
{
    return c.was == SETUP_WAS_RAM || (c.was == SETUP_WAS_UNUSABLE && c.dom0);
}

static const char *impossible_memory(struct cell c)
{
    if (c.place != SETUP_BEHIND)
        return c.became == SETUP_IDENTITY ? "memory of the list keeps its frame" : NULL;
    if (!c.dom0 && (c.became == SETUP_IDENTITY || c.became == SETUP_NOTHING))
        return "all memory behind the list of a domU is extra memory: it knows no reservation";
    return NULL;
}

/* Holes and firmware are identity, unless they are firmware that moves. */
static const char *impossible_hole(struct cell c)
{
    if (c.became == SETUP_IDENTITY)
        return c.place == SETUP_STAYS ? "what must stay is in memory, or the guest does not boot"
                                      : NULL;
    if (!setup_firmware_moves)
        return "no firmware moves in this version";
    if (c.was == SETUP_WAS_UNUSABLE)
        return "unusable memory of a domU does not move";
    if (c.became == SETUP_NOTHING)
        return "where firmware was is RAM of the guest";
    return NULL;
}

const char *setup_cell_impossible(unsigned cell)
{
    struct cell c = apart(cell);

    if (c.became == SETUP_FIRMWARE) {
        if (!setup_firmware_moves)
            return "no firmware moves in this version";
        return is_memory(c) && c.place == SETUP_BEHIND ? NULL
                                                       : "firmware moves to memory behind the list";
    }
    if (c.place == SETUP_BEHIND && c.became == SETUP_OWN_FRAME)
        return "behind the list no page has a frame at first";
    if (c.place != SETUP_BEHIND && c.became > SETUP_IDENTITY)
        return "extra memory, and what is left out, is behind the list";
    if (c.place != SETUP_BEHIND && c.became == SETUP_OTHER_FRAME)
        return "frames move to pages behind the list";
    return is_memory(c) ? impossible_memory(c) : impossible_hole(c);
}

void setup_cell_name(unsigned cell, char *text, size_t size)
{
    static const char *const was[SETUP_WAS] = {"RAM", "unusable", "RAM in part", "no RAM"};
    static const char *const places[SETUP_PLACES] = {"listed", "image that stays",
                                                     "image that may move", "behind the list"};
    static const char *const became[SETUP_BECAME] = {"its own frame", "another frame",  "identity",
                                                     "extra memory",  "moved firmware", "nothing"};
    struct cell c = apart(cell);

    snprintf(text, size, "%s %s, %s: %s", c.dom0 ? "dom0" : "domU", was[c.was], places[c.place],
             became[c.became]);
}

UNINSTRUMENTED_END
