/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fault sweep: a case once more for each page that it asks for, with just that
 * page refused. A call that fails must leave everything as it was, and the rest of
 * the case must go on from there; the machine checks that anyway.
 */
#ifndef PROPS_RUN_FAULTS_H
#define PROPS_RUN_FAULTS_H

#include "executor.h"

/*
 * Sweeps *c, which must be fine without a fault. A memory map is taken apart into
 * the ranges that it means, since only calls can be refused a page. False: *verdict
 * is what is wrong with *failing, the case with its fault. *runs grows by the number
 * of faults.
 */
bool faults_sweep(const struct subject *subject, const struct test_case *c, enum check_level level,
                  struct verdict *verdict, struct test_case *failing, uint64_t *runs);

#endif
