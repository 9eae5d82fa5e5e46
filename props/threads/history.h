/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The history of each PFN: enough to judge whether a read that overlapped with
 * writes may have given its answer. Not a log: only the last entries
 * of each PFN. Independent of the tree and the threads.
 *
 * Each PFN has one writer, who numbers its entries: version 0 is what the round
 * began with. Before a call it announces the next version, after it it settles
 * it. A reader takes the last settled version before it reads, and the last
 * announced one after:
 *
 *     writer   settled 4   announce 5 |--set--| settle 5   announce 6 |--set--| ...
 *     reader          before: 4  |------- get -------|  after: 6
 *                                 must be the entry of version 4, 5 or 6
 *
 * No older one, since 4 was in place when the read began, and no newer one,
 * since 7 was not yet announced. A reader never goes back: the lowest version
 * that explains its last read of the PFN is the floor of its next one.
 *
 * The entries lie in a ring, entry[version % RING]. While a reader reads, the
 * writer may continue, and overwrites version v only after it has announced
 * v + RING - 1. So the reader reads `announced` once more at the end;
 * if it has come so far, the result is unknown.
 *
 *     entry[]   | 8 | 9 | 2 | 3 | 4 | 5 | 6 | 7 |      RING 8, announced 9
 *                         ^ next: will be 10; oldest to be trusted is 3
 *
 * A call that fails leaves its PFNs unchanged: its version is settled with
 * the entry of the one before. So a reader that read the failed entry,
 * and judges late enough, reports it.
 *
 * All is relaxed atomics with fences between, on purpose: ThreadSanitizer takes
 * no notice of fences, so nothing here orders the core's accesses in its eyes,
 * and no race in the core is hidden by being watched.
 */
#ifndef PROPS_THREADS_HISTORY_H
#define PROPS_THREADS_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/p2m.h"

enum {
    HISTORY_PFNS = P2M_TOP * P2M_MID * P2M_LEAF,
    HISTORY_RING = 8,
};

enum reading { READING_FITS, READING_WRONG, READING_UNKNOWN /* the ring was overrun */ };

/* `pfn` holds `entry` as version 0; only while nothing else runs. */
void history_start(p2m_word pfn, p2m_word entry);

/*
 * A PFN that all threads may make identity, and nothing else: it has version
 * 0 and, from the first success on, version 1 for the rest. Any thread may announce
 * and settle that one, any number of times.
 */
void history_start_common(p2m_word pfn, p2m_word entry);

/* The PFN's writer: the next version is going to be `entry`. */
void history_announce(p2m_word pfn, p2m_word entry);

/* The PFN's writer: the announced version is in place, or the call failed. */
void history_settle(p2m_word pfn, bool done);

void history_announce_common(p2m_word pfn);
void history_settle_common(p2m_word pfn, bool done);

/* The entry of the last settled version; exact for the writer, and after all is over. */
p2m_word history_entry(p2m_word pfn);

/* How many versions were announced. */
uint32_t history_announced(p2m_word pfn);

/* To be called before a read of `pfn`: the input of history_judge. */
uint32_t history_before(p2m_word pfn);

/*
 * After the read: may it have answered `value`? `bare`: it was read by pfn_to_mfn.
 * `floor` is this reader's for this PFN, 0 at first.
 */
enum reading history_judge(p2m_word pfn, p2m_word value, bool bare, uint32_t before,
                           uint32_t *floor);

/* Prints the versions of `pfn` that are known, for a failure's second line. */
void history_print(p2m_word pfn);

#endif
