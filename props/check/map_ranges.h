/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The runs that p2m_e820_identity_ranges reports to its callback: they are recorded in a call
 * (identity_ranges) and compared with those of the oracle, page by page. Each is maximal, is
 * reported once, and they ascend.
 */
#ifndef PROPS_CHECK_MAP_RANGES_H
#define PROPS_CHECK_MAP_RANGES_H

#include "run.h"

/* Makes the call on the subject; answers the number of runs that it reported. */
uint64_t map_ranges_call(const struct op *op);

/* The number of runs that there are. */
uint64_t map_ranges_count(const struct op *op);

/* The runs of the last call are right: RESULT_MATCHES_MODEL. */
bool map_ranges_match(const struct op *op);
void map_ranges_check(const struct op *op);

#endif
