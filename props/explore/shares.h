/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Searches from each state by several processes, which share the states: overlaps, memory maps. */
#ifndef PROPS_EXPLORE_SHARES_H
#define PROPS_EXPLORE_SHARES_H

#include "explore.h"

#define SHARES_MAX 64

/* explore_races, explore_maps */
typedef bool shares_fn(const struct subject *subject, const struct explore_options *options,
                       struct explored *explored);

/*
 * `search` by `jobs` processes (1 .. SHARES_MAX), each with every jobs-th of the states. Their
 * figures are added up, and of several violations that of the earliest state counts. False, with
 * a message on stderr: a process died.
 */
bool shares_run(shares_fn *search, const struct subject *subject,
                const struct explore_options *options, struct explored *explored, unsigned jobs);

#endif
