/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The states seen so far, in the order of discovery, each with its exact encoding
 * (two words, so different states never compare equal) and the step that led to it.
 */
#ifndef PROPS_EXPLORE_STATES_H
#define PROPS_EXPLORE_STATES_H

#include <stdbool.h>
#include <stdint.h>

struct key {
    uint64_t word[2];
};

#define STATE_NONE UINT32_MAX

struct state {
    struct key key;
    uint32_t parent; /* STATE_NONE: a boot */
    uint16_t step;   /* the step from there, as in explore.c */
    uint8_t depth;   /* steps since the boot */
    uint8_t mode;    /* of restore, if the way here depends on it */
};

struct states {
    struct state *state;
    uint32_t count, room;
    uint32_t *table; /* open addressing; index + 1, 0: empty */
    uint32_t mask;
};

/* Adds a state unless it is there; true if it was new. Out of memory ends the program. */
bool states_add(struct states *states, const struct state *state);

/* True if a state with this key is there. */
bool states_have(const struct states *states, const struct key *key);

#endif
