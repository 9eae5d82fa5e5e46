/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The book of grants: the slots that grants map, and their frames. The table knows a grant
 * only by the FOREIGN bit, which a plain set can store as well; so the executor keeps the
 * book, and makes no call that would overwrite a mapped slot.
 */
#ifndef PROPS_RUN_GRANTS_H
#define PROPS_RUN_GRANTS_H

#include "props/check/run.h"

/* An empty book. */
void grants_reset(void);

/* The number of mapped slots; whether this PFN is one. */
unsigned grants_count(void);
bool grants_has(p2m_word pfn);

/* The whole book as words, to be restored (explore/): at most `most` slots; answers their number.
 */
unsigned grants_save(p2m_word (*slots)[2], unsigned most);
void grants_restore(const p2m_word (*slots)[2], unsigned count);

/* True if the call respects the mapped slots and the rules of grants. */
bool grants_allow(const struct op *op);

/* True if no other call of an overlap names a slot of its last call, a batch; else counted. */
bool grants_are_apart(const struct op *const *calls, unsigned count);

/* A batch was mapped or unmapped: the slots of `mask` hold, or were cleared. */
void grants_note(const struct op *op, uint64_t mask);

/* The first mapped slot as a batch of one, for an unmap. */
struct op grants_first(void);

/* GRANTS_ACCOUNTED: the book, the table and the hypervisor have the same set. */
void grants_check(void);

#endif
