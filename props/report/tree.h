/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree as text, in the manner of the drawing in the original commit, and as a picture. */
#ifndef PROPS_REPORT_TREE_H
#define PROPS_REPORT_TREE_H

#include <stdio.h>

#include "props/host/host.h"

/*
 * Draws the tree of the case that runs, or that just failed: each slot with its
 * target, equal neighbours as one line, and the cost of the tree. Follows only
 * pointers to live pages. A list that has no mids of its own (synthetic_view) is drawn as its
 * pages.
 */
void tree_text(FILE *out);

/*
 * The same as a graph for graphviz, in its DOT language (tree_dot.c): pages are nodes, runs of
 * slots are their rows, each shared page appears once. `title` is above it. Its size is bounded
 * in any geometry: a row counts the omitted slots.
 */
void tree_dot(FILE *out, const char *title);

/* ---- for both ---- */

/* The look of an entry. */
enum tree_look { LOOK_INVALID, LOOK_IDENTITY, LOOK_MFN, LOOK_FOREIGN, LOOK_ODD, TREE_LOOKS };

extern const char *const tree_look_names[TREE_LOOKS];

enum tree_look tree_look_at(p2m_word entry, p2m_word pfn);

/* The entry without its two bits. */
p2m_word tree_value(p2m_word entry);

/* The end of the run of entries from `from` on: all of one look, frames ascending. */
unsigned tree_run_end(const p2m_word *leaf, unsigned from, p2m_word base);

/* The cost of the tree, as a line without its end. */
void tree_costs(FILE *out);

#endif
