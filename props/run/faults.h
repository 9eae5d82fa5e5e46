/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fault sweep: runs a case once more for each page that it allocates, with just that
 * page refused. A failed call must leave everything unchanged, and the rest of
 * the case must continue from there; the usual checks verify that.
 */
#ifndef PROPS_RUN_FAULTS_H
#define PROPS_RUN_FAULTS_H

#include "executor.h"

/*
 * Sweeps *c, which must pass without a fault. A memory map is replaced by
 * its ranges, since a page can only be refused to calls. False: *verdict
 * is the violation of *failing, the case with its fault. *runs grows by the number
 * of faults.
 */
bool faults_sweep(const struct subject *subject, const struct test_case *c, enum check_level level,
                  struct verdict *verdict, struct test_case *failing, uint64_t *runs);

#endif
