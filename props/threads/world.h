/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The world of one p2m that real threads use: its platform (pages, MFNs, pages
 * refused on order), its boot, and what must be true when all threads are gone.
 * Independent of the calls of the threads.
 *
 * Pages come from malloc and go back to free, so that ThreadSanitizer detects
 * each use after free. The counts are each thread's own: no access of this file
 * orders two threads, which could hide a race in the core.
 */
#ifndef PROPS_THREADS_WORLD_H
#define PROPS_THREADS_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/p2m.h"
#include "props/base/prng.h"

/* One thread as the platform sees it; `self` is the calling one. */
struct hand {
    unsigned index;   /* 0: the main thread */
    struct prng pace; /* its random pauses */

    /* Of the running call: to be zeroed before it. */
    unsigned refuse;  /* which allocation is refused: 1, the first; 0, none */
    unsigned asked;   /* allocations */
    unsigned given;   /* pages given back */
    unsigned refused; /* allocations refused */

    uint32_t numbered; /* pages of this round so far */
    int64_t live;      /* allocated - freed */
};

extern _Thread_local struct hand *self;

extern struct p2m world;
extern uint64_t world_failures;

/* Once: the shared pages, filled and sealed read-only. */
void world_start(void);

/* True for an address in the shared pages. */
bool world_is_sealed(const void *address);

/*
 * A new p2m with `nr_pages` of mfn_list, in which PFN p has the entry that
 * `first` answers: a plain MFN or INVALID. Published.
 */
void world_boot(p2m_word nr_pages, p2m_word (*first)(p2m_word pfn));

/*
 * When all threads are gone: each PFN reads `last(pfn)`; of the `live` pages each is met
 * once in the tree and none is missing; the MFN tree mirrors the tree; max_pfn is the
 * end of the last private leaf.
 */
void world_check(int64_t live, p2m_word (*last)(p2m_word pfn));

/* Destroys it. `hands`, the last that used it, must have no page left. */
void world_end(struct hand *hands[], unsigned count);

/* Waits a little for another thread to come here as well, so that both continue together. */
void world_meet(void);

/* One line `race: ...` with seed and round, for the first failures; counts all. */
void world_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Any thread may call it. */
bool world_failed(void);

/* The thread to name in such a line. */
extern uint64_t world_seed, world_round;

#endif
