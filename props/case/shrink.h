/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes a failing case small, in ops and not in bytes: fewer ops first, then a plainer
 * boot, plainer ops, fewer different PFNs, smaller numbers. The caller decides whether a
 * candidate fails in the same way. The model gives its expected results, so each
 * candidate is a valid case.
 */
#ifndef PROPS_CASE_SHRINK_H
#define PROPS_CASE_SHRINK_H

#include "ops.h"

/* True if `c` fails in the same way. */
typedef bool shrink_fails_fn(void *ctx, const struct test_case *c);

struct shrink {
    shrink_fails_fn *fails;
    void *ctx;
    uint64_t budget; /* remaining number of candidates */
    uint64_t tried;
};

/*
 * *c, which fails, becomes the smallest failing case that was found. Deterministic.
 */
void shrink_case(struct shrink *shrink, struct test_case *c);

/*
 * *c comes from another geometry and may not fail here, because a place does not exist
 * here. If another sync point makes it fail again, or (with_other_ops) another op in place of one,
 * *c becomes that case; else false.
 */
bool shrink_adapt(struct shrink *shrink, struct test_case *c, bool with_other_ops);

/* The arguments of a small case that matter. */
struct shrink_marks {
    struct {
        bool pfn, arg; /* true: any value fails */
    } any[CASE_OPS];
};

/* Tries other values for each argument of *c; an argument that fails with all of them does not
 * matter. */
void shrink_mark(struct shrink *shrink, const struct test_case *c, struct shrink_marks *marks);

#define SHRINK_FEW 6     /* so few ops that anything can be tried */
#define SHRINK_POINTS 40 /* so many sync points of a call are tried */

/* Removes `count` ops, op `from` and those behind it. */
void shrink_cut(struct test_case *c, unsigned from, unsigned count);

/* ---- moves (shrink_moves.c, shrink_to_boot.c, shrink_few.c, shrink_map.c) ---- */

/*
 * Calls `offer` with variants of *c, each of which might be smaller; when it answers
 * true, *c is now that variant. They change op `i` alone, one PFN
 * wherever it is used, or the boot.
 */
typedef bool shrink_offer_fn(struct shrink *shrink, struct test_case *c,
                             const struct test_case *candidate);
/* In a move: offers *c with a change to `candidate`. Ends the move if that is taken. */
#define TRY(change)                                                                                \
    do {                                                                                           \
        candidate = *c;                                                                            \
        change;                                                                                    \
        if (offer(shrink, c, &candidate))                                                          \
            return true;                                                                           \
    } while (0)

bool shrink_boot(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer);
bool shrink_op(struct shrink *shrink, struct test_case *c, unsigned i, shrink_offer_fn *offer);
bool shrink_pfns(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer);

/*
 * Fewer ops, and more in the boot. `offer_changed` also offers a variant with other sync points and
 * lower grants.
 */
bool shrink_to_boot(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer,
                    shrink_offer_fn *offer_changed);

/*
 * Other ops and schedules in a short case, where each is tried: what is smaller but several changes
 * away. `offer_retimed` also offers a variant with other sync points.
 */
bool shrink_few(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer,
                shrink_offer_fn *offer_retimed);

/* Variants of a whole machine: its memory map, and the numbers of the boot that are places in it.
 */
bool shrink_map(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer);

/*
 * The numbers of a boot record that have no upper bound of their own, by index: nr_pages, the
 * hotplug limit, the extra regions, and the fields of target `setup`.
 */
#define BOOT_PLACES (7 + BOOT_EXTRAS + BOOT_NVS) /* PFNs come first */
#define BOOT_NUMBERS (BOOT_PLACES + BOOT_EXTRAS + BOOT_NVS + BOOT_ANSWERS)
uint64_t shrink_boot_number(const struct boot *boot, unsigned field);
void shrink_set_boot_number(struct boot *boot, unsigned field, uint64_t value);

/* Op number `n` of those that a case near *c might need; false: no more. */
bool shrink_any_op(const struct test_case *c, unsigned n, struct op *op);

#endif
