/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The oracle: what each call must answer, by the model (entries) and the slot kinds
 * (pages) alone. It is told of the boot, the memory map and each call, and never
 * looks at the subject.
 */
#ifndef PROPS_ORACLE_ORACLE_H
#define PROPS_ORACLE_ORACLE_H

#include "core/e820.h"
#include "model.h"
#include "slot_kinds.h"

#define ORACLE_E820 256 /* entries of a case's memory map */

struct oracle {
    struct model model; /* its boot is the oracle's */
    struct slot_kinds kinds;
    unsigned e820_count;
    struct p2m_e820_entry e820[ORACLE_E820];
};

/* A table of which nothing is known yet, for the guest that `boot` describes. */
void oracle_reset(struct oracle *oracle, const struct boot *boot);

/* The builder's list went in. */
void oracle_build(struct oracle *oracle);

/* One more entry of the memory map: an e820 op. */
void oracle_add_e820(struct oracle *oracle, const struct op *op);

/* What the call (get .. xen_set_identity) answers if no page is refused; and it is done. */
uint64_t oracle_call(struct oracle *oracle, const struct op *op);

/*
 * The toolstack saved and restored the guest: its plain MFNs are new. With `flatten` (Xen's
 * own way) private leaves below `scanned` lose all that is no plain MFN.
 */
void oracle_resume(struct oracle *oracle, bool flatten, p2m_word scanned);

/* Pages that the tree has beside its roots. */
static inline unsigned oracle_pages(const struct oracle *oracle)
{
    return 2 * oracle->kinds.mids + oracle->kinds.leaves;
}

/* `fork` goes its own way from `base` on, which must not change meanwhile. */
void oracle_fork(struct oracle *fork, const struct oracle *base);

/* The fork was right: `base` becomes like it. */
void oracle_adopt(struct oracle *base, const struct oracle *fork);

/*
 * The identity pages of the memory map, page by page (e820.c), become identity;
 * answers their number. An auto-translated guest's are only counted.
 */
uint64_t oracle_xen_set_identity(struct oracle *oracle, bool domu);

/*
 * Is page number `page` one of them? All from there to *same_until (exclusive) are like
 * it. `map` is an E820 map of `count` entries.
 */
bool oracle_page_is_identity(const struct p2m_e820_entry *map, unsigned count, bool domu,
                             uint64_t page, uint64_t *same_until);

#endif
