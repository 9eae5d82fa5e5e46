/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the planted bugs alone (props/bugs/): each marks the place where it does harm,
 *
 *     if (PLANTED(leaf == p2m->shared->identity)) ...wrong...
 *
 * so that a bug that was never reached can be told from one whose harm was missed.
 * Every file of a core with a bug is compiled with this; core/ itself never is.
 */
#ifndef PROPS_BASE_PLANTED_H
#define PROPS_BASE_PLANTED_H

#include <stdbool.h>
#include <stdint.h>

struct planted {
    uint64_t reached;   /* the wrong code was come to */
    uint64_t triggered; /* and its harm was done: the condition held */
};

extern struct planted planted;

static inline bool planted_here(bool harm)
{
    planted.reached++;
    planted.triggered += harm;
    return harm;
}

/* Evaluates to `condition`: true when what is done here differs from what is right. */
#define PLANTED(condition) planted_here(condition)

#endif
