/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state coverage of target `setup`: of each page of each guest that booted, what it was on the
 * machine, what the domain builder had put there, and what the boot has made of it, as one cell of
 * a matrix. `p2m-case cells --target=setup` prints it. The other targets have
 * props/run/state_coverage.h.
 */
#ifndef PROPS_CHECK_SETUP_COVERAGE_H
#define PROPS_CHECK_SETUP_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

/* By the memory map of the machine, or of the domU. */
enum setup_was {
    SETUP_WAS_RAM,
    SETUP_WAS_UNUSABLE,
    SETUP_WAS_PART, /* memory in a part of the page */
    SETUP_WAS_NONE, /* a hole, or firmware */
    SETUP_WAS
};

/* In the guest, before the boot. */
enum setup_place {
    SETUP_LISTED,   /* a page of the list, free */
    SETUP_STAYS,    /* kernel, start info, page tables */
    SETUP_MAY_MOVE, /* list, initrd */
    SETUP_BEHIND,   /* the end of the list */
    SETUP_PLACES
};

enum setup_became {
    SETUP_OWN_FRAME, /* as before */
    SETUP_OTHER_FRAME,
    SETUP_IDENTITY,
    SETUP_EXTRA,
    SETUP_FIRMWARE, /* that has moved there */
    SETUP_NOTHING,
    SETUP_BECAME
};

#define SETUP_CELLS (2 * SETUP_WAS * SETUP_PLACES * SETUP_BECAME)

/* The count of each cell: pages that are alike, and follow one another, count once. */
extern uint64_t setup_cell_met[SETUP_CELLS];

static inline unsigned setup_cell(bool dom0, enum setup_was was, enum setup_place place,
                                  enum setup_became became)
{
    return ((!dom0 * SETUP_WAS + was) * SETUP_PLACES + place) * SETUP_BECAME + became;
}

/* By design of the version: NVS makes room for the boot image. */
extern bool setup_firmware_moves;

/* The reason why no boot without a violation can reach the cell; NULL: one can. */
const char *setup_cell_impossible(unsigned cell);

/* The cell in words. */
void setup_cell_name(unsigned cell, char *text, size_t size);

UNINSTRUMENTED_END

#endif
