/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Properties without a model: the subject is compared with itself after two
 * ways that must lead to the same state. They depend neither on the
 * flat array nor on checks.c.
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
 * of its own. False: *verdict is the violation, and *start is extended by
 * the tail of the first way (as far as ops can express it).
 */
bool metamorphic_try(const struct subject *subject, enum invariant id, struct test_case *start,
                     struct prng *prng, struct verdict *verdict);

#endif
