/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The toolstack's side of save and restore. It knows what a real one knows: the
 * shared info page, and how to map an MFN. From the published root it goes down
 * the MFN tree, up to max_pfn and no further.
 */
#ifndef PROPS_CHECK_TOOLSTACK_H
#define PROPS_CHECK_TOOLSTACK_H

#include "run.h"

/* Through the MFN tree up to max_pfn: does it read everything that the model holds? */
void toolstack_check(void);

/* Of that only: is nothing above max_pfn that it should see? */
void toolstack_check_above(void);

/* Gives every frame that a real toolstack can reach its new MFN; `xen`: as Xen's own does. */
void toolstack_restore(bool xen);

#endif
