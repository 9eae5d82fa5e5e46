/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Switches that are counted from the end of a call (`at -3`), or are a fraction of it (`at 3/8`),
 * as plain numbers. The length of a call is the number of sync points that it passes when it is
 * run alone from the same state: the case is run up to there for that.
 */
#ifndef PROPS_RUN_RESOLVE_H
#define PROPS_RUN_RESOLVE_H

#include "executor.h"

/* True if the case has such switches. */
bool resolve_is_needed(const struct test_case *c);

/*
 * *plain becomes the case with plain numbers. What cannot be resolved stays as it is, and is
 * skipped later: switches behind a violation, of a subject whose calls cannot alternate, and those
 * behind the first RESOLVED groups of calls.
 */
#define RESOLVED 6
void resolve(const struct subject *subject, const struct test_case *c, struct test_case *plain);

#endif
