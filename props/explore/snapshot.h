/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Saves and restores the whole state of a running case: the host's pages and
 * books, the subject's own state, the model. Only for small trees. No address
 * changes, so pointers in the pages stay valid.
 */
#ifndef PROPS_EXPLORE_SNAPSHOT_H
#define PROPS_EXPLORE_SNAPSHOT_H

#include "props/run/executor.h"

#define SNAPSHOT_PAGES 128
#define SNAPSHOT_STATE (1u << 16)
#define SNAPSHOT_LEAVES 32
#define SNAPSHOT_GRANTS 16

struct snapshot {
    struct {
        unsigned taken, live, freed, epoch;
        p2m_word shift;
    } host;
    bool initialized, built, has_tree;
    uint64_t trace;
    p2m_word max_pfn;
    unsigned grants;
    p2m_word grant[SNAPSHOT_GRANTS][2];
    unsigned info;
    unsigned e820_count, named; /* entries of the memory map, of the list */
    struct p2m_shared_info published;
    struct model model;
    struct slot_kinds kinds;
    uint8_t state[SNAPSHOT_STATE];
    p2m_word list[SNAPSHOT_LEAVES * P2M_LEAF];
    uint8_t page[SNAPSHOT_PAGES][P2M_PAGE_BYTES]; /* in the order they were allocated */
};

/* False: the pages or the state exceed its capacity. */
bool snapshot_take(struct snapshot *snapshot);

/* Only after snapshot_take, and in the same case. */
void snapshot_restore(const struct snapshot *snapshot);

#endif
