/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole world of a running case, put aside and put back: the host's pages and
 * books, the subject's own state, the model. Only for small trees; no address
 * changes, so pointers in the pages stay good.
 */
#ifndef PROPS_EXPLORE_SNAPSHOT_H
#define PROPS_EXPLORE_SNAPSHOT_H

#include "props/run/executor.h"

#define SNAPSHOT_PAGES 128
#define SNAPSHOT_STATE 128
#define SNAPSHOT_LEAVES 32

struct snapshot {
    struct host host;
    struct model model;
    struct slot_kinds kinds;
    uint8_t state[SNAPSHOT_STATE];
    p2m_word list[SNAPSHOT_LEAVES * P2M_LEAF];
    uint8_t page[SNAPSHOT_PAGES][P2M_PAGE_BYTES]; /* in the order they were handed out */
};

/* False: there are more pages, or more state, than it holds. */
bool snapshot_take(struct snapshot *snapshot);

/* Only after snapshot_take, and in the same case. */
void snapshot_restore(const struct snapshot *snapshot);

#endif
