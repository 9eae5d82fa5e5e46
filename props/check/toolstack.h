/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The toolstack's side of save and restore. It has only the inputs of a real one: the
 * shared info page, and the mapping of an MFN. It walks the MFN tree from the published
 * root up to max_pfn and no further; and, where the guest publishes the address of a list in
 * virtual memory, the page tables from the published cr3 on. A guest with the boot flag 4tools
 * has these only.
 */
#ifndef PROPS_CHECK_TOOLSTACK_H
#define PROPS_CHECK_TOOLSTACK_H

#include "run.h"

/*
 * Through the MFN tree up to max_pfn: checks that it reads all entries of the model; with
 * `list`, through the page tables of a list in virtual memory as well.
 */
void toolstack_check(bool list);

/* Only: checks a leaf that a toolstack has read; an identity PFN may read as INVALID. */
void toolstack_compare(const p2m_word *leaf, p2m_word first);

/* Only: checks that no frame that it must see is at `max_pfn` or above. */
void toolstack_check_above(p2m_word max_pfn);

/*
 * A look while calls are under way, at a switch from one to the other: each page that is reached
 * must be live. A list in virtual memory is only looked at while its generation is even. What is
 * wrong is noted: invariants that come earlier may be violated as well.
 */
void toolstack_look(void);

/* Forgets what former looks found. */
void toolstack_begin_looks(void);

/* Violates TOOLSTACK_SEES_ALL if a look has found something. */
void toolstack_check_looks(void);

/* Gives every frame that a real toolstack can reach its new MFN; `xen`: as Xen's own toolstack
 * does. */
void toolstack_restore(bool xen);

#endif
