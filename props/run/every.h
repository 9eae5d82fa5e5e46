/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `at *`: a case is run once for each sync point at which its inner call can run. Only foreign
 * subjects do it: their points depend on the compiler.
 */
#ifndef PROPS_RUN_EVERY_H
#define PROPS_RUN_EVERY_H

#include "executor.h"

/*
 * Replaces the last `at *` of *c by a point: the first one that fails, else the first one that the
 * overlapped call does not reach. The head of the case then names subject and mode. Nothing is done
 * for a subject without a mode.
 */
void every_choose(const struct subject *subject, struct test_case *c, enum check_level level);

#endif
