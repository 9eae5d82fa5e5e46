/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists that are longer than their frames (LIST_FRAMES). An op that walks all of such a list is
 * made only some times in a case: eight times, if the list is as long as the table of x86_64. A
 * range covers only a part of it. Further ops are skipped and counted. So no case takes a second.
 */
#ifndef PROPS_RUN_LONG_LISTS_H
#define PROPS_RUN_LONG_LISTS_H

#include "props/check/run.h"

void long_lists_reset(void);

/* May it be made: alone, as one of overlapping calls? */
bool long_lists_allow(const struct op *op);
bool long_lists_allow_overlap(const struct op *op);

/* It is made; these calls overlap. */
void long_lists_note(const struct op *op);
void long_lists_note_overlap(const struct op *const *calls, unsigned count);

#endif
