/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The search for overlaps by several processes, which share the states. */
#ifndef PROPS_EXPLORE_SHARES_H
#define PROPS_EXPLORE_SHARES_H

#include "explore.h"

#define SHARES_MAX 64

/*
 * explore_races by `jobs` processes (1 .. SHARES_MAX), each with every jobs-th of the states. Their
 * figures are added up, and of several violations that of the earliest state counts. False, with
 * a message on stderr: a process died.
 */
bool shares_race(const struct subject *subject, const struct explore_options *options,
                 struct explored *explored, unsigned jobs);

#endif
