/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The invariants on the state after an op, in their order (checks.c). Nothing expected
 * is computed from the subject: pages are compared with the oracle's entries and slot
 * kinds, and with the host's books. Each check that finds a violation ends the case.
 */
#ifndef PROPS_CHECK_CHECKS_H
#define PROPS_CHECK_CHECKS_H

#include "run.h"

#define HEX(x) ((unsigned long long)(x))

/* Judges the state after an op; `everything`: see enum check_level. */
void checks_after(const struct outcome *outcome, bool everything);

/*
 * One fast look at the whole state: true only if all the checks of checks_after
 * on pages, entries, the MFN tree and max_pfn hold (fast.c).
 */
bool checks_fast(void);

/* ---- pages.c: what needs no model ---- */

/* Shared pages, shape and ledger. */
void checks_structure(void);

/* Of these only the shared pages. */
void checks_shared(void);

/* Private pages that the last checks_structure met. */
struct checks_met {
    unsigned mids, leaves, mfn_pages;
};
struct checks_met checks_met(void);

/* After an overlap: the slot kinds become those of the subject's tree. */
void checks_reread_kinds(void);

/* ---- entries.c ---- */

/* True if all entries are the oracle's; else *pfn is the first that differs. */
bool checks_entries_match(const struct oracle *oracle, p2m_word *pfn);

/* Entries and lookups after an op. */
void checks_entries(const struct outcome *outcome, bool everything);

/* Lookups of an auto-translated guest. */
void checks_translated_lookups(const struct op *op);

/* All has just been compared: one get or pfn_to_mfn, in turns, where the op was. */
void checks_one_lookup(const struct op *op);

/* ---- mfn_tree.c ---- */

/* The MFN tree against the tree. */
void checks_mfn_tree(void);

#endif
