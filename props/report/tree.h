/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree as text, in the manner of the drawing in the original commit, and as a picture. */
#ifndef PROPS_REPORT_TREE_H
#define PROPS_REPORT_TREE_H

#include <stdio.h>

#include "props/host/host.h"

/*
 * Draws the tree of the case that runs, or that just failed: each slot with what
 * it points at, equal neighbours as one line, and what the tree costs. Follows no
 * pointer that leads to no live page.
 */
void tree_text(FILE *out);

/*
 * The same as a graph for graphviz, in its DOT language (tree_dot.c): pages are nodes, runs of
 * slots their rows, each shared page is there once. `title` goes above it. Its size is bounded
 * in any geometry: a row counts the slots that are left out.
 */
void tree_dot(FILE *out, const char *title);

/* ---- for both ---- */

/* What an entry is. */
enum tree_look { LOOK_INVALID, LOOK_IDENTITY, LOOK_MFN, LOOK_FOREIGN, LOOK_ODD, TREE_LOOKS };

extern const char *const tree_look_names[TREE_LOOKS];

enum tree_look tree_look_at(p2m_word entry, p2m_word pfn);

/* The entry without its two bits. */
p2m_word tree_value(p2m_word entry);

/* Where the run of entries ends that begins at `from`: all of one look, frames ascending. */
unsigned tree_run_end(const p2m_word *leaf, unsigned from, p2m_word base);

/* What the tree costs, as a line without its end. */
void tree_costs(FILE *out);

#endif
