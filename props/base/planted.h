/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the planted bugs alone (props/bugs/): each marks the place of its defect,
 *
 *     if (PLANTED(leaf == p2m->shared->identity)) ...wrong...
 *
 * so that a bug that was not reached is distinguished from one that was missed.
 * Only a core with a planted bug is compiled with this, never core/ itself.
 */
#ifndef PROPS_BASE_PLANTED_H
#define PROPS_BASE_PLANTED_H

#include <stdbool.h>
#include <stdint.h>

struct planted {
    uint64_t reached;   /* the wrong code was reached */
    uint64_t triggered; /* the condition held: the wrong code had an effect */
};

extern struct planted planted;

static inline bool planted_here(bool harm)
{
    planted.reached++;
    planted.triggered += harm;
    return harm;
}

/* Evaluates to `condition`: true when the wrong code differs from the right code. */
#define PLANTED(condition) planted_here(condition)

#endif
