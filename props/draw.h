/* SPDX-License-Identifier: GPL-2.0-only */
/* The tree as text, in the manner of the drawing in the original commit. */
#ifndef PROPS_DRAW_H
#define PROPS_DRAW_H

#include <stdio.h>

/*
 * Draws the tree of the case that runs, or that just failed: each slot with what
 * it points at, equal neighbours as one line, and what the tree costs. Follows no
 * pointer that leads to no live page.
 */
void draw_tree(FILE *out);

#endif
