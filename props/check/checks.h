/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The invariants on the state after an op (checks.c). No expected value is computed from the
 * subject: pages are compared with the oracle's entries and slot kinds, and with the
 * host's books. A violation ends the case; of several the first in the order of INVARIANTS
 * counts (VERDICT_TRY in props/base/verdict.h).
 */
#ifndef PROPS_CHECK_CHECKS_H
#define PROPS_CHECK_CHECKS_H

#include "run.h"

#define HEX(x) ((unsigned long long)(x))

/* Judges the state after an op; `everything`: see enum check_level. */
void checks_after(const struct outcome *outcome, bool everything);

/* Judges a build by its answer, and what a failed one leaves. */
void checks_build(const struct outcome *outcome);

/* MAX_PFN_COVERS by the oracle's slot kinds. */
void checks_max_pfn(void);

/*
 * One fast look at the whole state: true only if all the checks of checks_after
 * on shared pages, pages, entries, the MFN tree and max_pfn hold (fast.c).
 */
bool checks_fast(void);

/* ---- pages.c: checks without the model ---- */

/* Shared pages, shape and ledger. */
void checks_structure(void);

/* Only the shared pages. */
void checks_shared(void);

/* The number of private pages in the last checks_structure. */
struct checks_met {
    unsigned mids, leaves, mfn_pages;
};
struct checks_met checks_met(void);

/* After an overlap: the slot kinds become those of the subject's tree. */
void checks_reread_kinds(void);

/* ---- entries.c ---- */

/* After a destroy: the list, which is the caller's, still has the entries of the table
   (PAGE_LEDGER). The oracle does not know of the destroy yet. */
void checks_list_left(void);

/* True if all entries are the oracle's; else *pfn is the first that differs. */
bool checks_entries_match(const struct oracle *oracle, p2m_word *pfn);

/* Entries and lookups after an op. */
void checks_entries(const struct outcome *outcome, bool everything);

/* Lookups of an auto-translated guest. */
void checks_translated_lookups(const struct op *op);

/* After all entries were compared: alternately one get or pfn_to_mfn at the PFN of the op. */
void checks_one_lookup(const struct op *op);

/* ---- views.c ---- */

/* Now and then: other lookups of the subject, where the op was, and its dump. */
void checks_other_views(const struct op *op);

/* ---- mfn_tree.c ---- */

/* Compares the MFN tree with the tree. */
void checks_mfn_tree(void);

#endif
