/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The oracle: the expected result of each call, computed from the model (entries) and the
 * slot kinds (pages) alone. Its inputs are the boot, the memory map and each call; it never
 * reads the subject.
 */
#ifndef PROPS_ORACLE_ORACLE_H
#define PROPS_ORACLE_ORACLE_H

#include "core/e820.h"
#include "model.h"
#include "props/base/uninstrumented.h"
#include "slot_kinds.h"

UNINSTRUMENTED_BEGIN

#define ORACLE_E820 256 /* entries of a case's memory map */

struct oracle {
    struct model model; /* its builder is the oracle's */
    struct slot_kinds kinds;
    unsigned e820_count;
    struct p2m_e820_entry e820[ORACLE_E820];
};

/* An empty table, for the guest that `builder` describes; it must stay. */
void oracle_reset(struct oracle *oracle, const struct builder *builder);

/* Applies the builder's list; removes the p2m, while the memory map stays. */
void oracle_build(struct oracle *oracle);
void oracle_destroy(struct oracle *oracle);

/* One more entry of the memory map: an e820 op. */
void oracle_add_e820(struct oracle *oracle, const struct op *op);

/* Applies a call (get .. xen_set_identity) without a refused page; answers its result. */
uint64_t oracle_call(struct oracle *oracle, const struct op *op);

/*
 * A batch of grants (grant_map) with the op->refuse-th page refused: the slot that
 * needed it fails, the others hold. Answers as the call does.
 */
uint64_t oracle_grant_refused(struct oracle *oracle, const struct op *op);

/* The batch as a subject with costs of its own answered it: the slots of `mask` hold. */
void oracle_grant_as(struct oracle *oracle, const struct op *op, uint64_t mask);

/* The MFN of slot i of a batch: a frame of another domain. */
static inline p2m_word oracle_grant_mfn(const struct op *op, unsigned i)
{
    p2m_word top = (p2m_word)1 << (MFN_BITS - 1);

    return top | (((p2m_word)op->arg & (top / 2 - 1)) + i);
}

/*
 * The toolstack saved and restored the guest: its plain MFNs are new. With `flatten` (Xen's
 * own toolstack) private leaves below `scanned` lose every entry that is not a plain MFN.
 */
void oracle_resume(struct oracle *oracle, bool flatten, p2m_word scanned);

/* Pages that the tree has beside its roots. */
static inline unsigned oracle_pages(const struct oracle *oracle)
{
    return 2 * oracle->kinds.mids + oracle->kinds.leaves;
}

/* `fork` becomes a fork of `base`, which must not change meanwhile. */
void oracle_fork(struct oracle *fork, const struct oracle *base);

/* Commits the fork: `base` becomes equal to it. */
void oracle_adopt(struct oracle *base, const struct oracle *fork);

/*
 * The identity pages of the memory map, page by page (e820.c), become identity;
 * answers their number. An auto-translated guest's are only counted.
 */
uint64_t oracle_xen_set_identity(struct oracle *oracle, bool domu);

/* The same with the refuse-th page refused: the range that needed it stays as it was. */
uint64_t oracle_identity_refused(struct oracle *oracle, const struct op *op);

/* The same for the PFNs [start, end) only. */
uint64_t oracle_identity_between(struct oracle *oracle, bool domu, p2m_word start, p2m_word end);

/* Calls fn with each maximal run of identity pages below MAX_P2M_PFN, in ascending order. */
void oracle_identity_runs(const struct oracle *oracle, bool domu,
                          void (*fn)(void *ctx, p2m_word start, p2m_word end), void *ctx);

/* The pages that a range costs. */
unsigned oracle_range_cost(const struct oracle *oracle, p2m_word start, p2m_word end);

/*
 * True if page number `page` is one of them. All pages from there to *same_until (exclusive)
 * are alike. `map` is an E820 map of `count` entries.
 */
bool oracle_page_is_identity(const struct p2m_e820_entry *map, unsigned count, bool domu,
                             uint64_t page, uint64_t *same_until);

UNINSTRUMENTED_END

#endif
