/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Properties that need no model: the subject is compared with itself after two
 * ways that must lead to the same place. What they say does not depend on the
 * flat array being right, nor on checks.c.
 */
#ifndef PROPS_RUN_METAMORPHIC_H
#define PROPS_RUN_METAMORPHIC_H

#include "executor.h"
#include "props/base/prng.h"

/* Their names: RANGE_IS_SINGLES .. DETERMINISM. */
#define METAMORPHIC_FIRST RANGE_IS_SINGLES
#define METAMORPHIC_LAST DETERMINISM

/*
 * Tries property `id` on `subject` after the calls of `start`, with a random tail
 * of its own. False: violated, *verdict says how, and *start has been extended by
 * the tail of the first way (as far as ops can say it).
 */
bool metamorphic_try(const struct subject *subject, enum invariant id, struct test_case *start,
                     struct prng *prng, struct verdict *verdict);

#endif
