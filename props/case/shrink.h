/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes a failing case small, in ops and not in bytes: fewer ops first, then a plainer
 * boot, plainer ops, fewer different PFNs, smaller numbers. Whether a candidate fails
 * in the same way is for the caller to say; what it means, the model says, so each
 * candidate is a valid case.
 */
#ifndef PROPS_CASE_SHRINK_H
#define PROPS_CASE_SHRINK_H

#include "ops.h"

/* Does `c` fail in the way that is to be kept? */
typedef bool shrink_fails_fn(void *ctx, const struct test_case *c);

struct shrink {
    shrink_fails_fn *fails;
    void *ctx;
    uint64_t budget; /* of candidates to be tried; what is left of it */
    uint64_t tried;
};

/*
 * *c, which fails, becomes the smallest that was found. All of it is deterministic.
 */
void shrink_case(struct shrink *shrink, struct test_case *c);

/*
 * *c comes from another geometry and may fail no more, because a place there is none
 * here. If another op in the place of one, or another sync point, makes it fail again, *c
 * becomes that; false if nothing does.
 */
bool shrink_adapt(struct shrink *shrink, struct test_case *c);

/* Which arguments of a small case matter. */
struct shrink_marks {
    struct {
        bool pfn, arg; /* true: any will do */
    } any[CASE_OPS];
};

/* Tries other values for each argument of *c; what fails with all of them does not matter. */
void shrink_mark(struct shrink *shrink, const struct test_case *c, struct shrink_marks *marks);

/* ---- moves (shrink_moves.c) ---- */

/*
 * Calls `offer` with variants of *c, each of which might be smaller; when it answers
 * true it has taken one, and *c is that one now. They are of op `i` alone, of one PFN
 * wherever it is used, or of the boot.
 */
typedef bool shrink_offer_fn(struct shrink *shrink, struct test_case *c,
                             const struct test_case *candidate);
bool shrink_boot(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer);
bool shrink_op(struct shrink *shrink, struct test_case *c, unsigned i, shrink_offer_fn *offer);
bool shrink_pfns(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer);

/* Puts the PFN of a call elsewhere; its entry stays of the kind it is, a range as long. */
void shrink_move_op(struct op *op, uint64_t pfn);

/* Any op that a case near *c might do with: number `n` of them; false: there are no more. */
bool shrink_any_op(const struct test_case *c, unsigned n, struct op *op);

#endif
