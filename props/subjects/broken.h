/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Subjects that are broken on purpose, one for each invariant: the alarm is tested. */
#ifndef PROPS_SUBJECTS_BROKEN_H
#define PROPS_SUBJECTS_BROKEN_H

#include "props/subject.h"

/*
 * A stand-in of which `id` is the first invariant to be violated, sooner or later
 * in random cases; NULL for CASE_ROUND_TRIP, which is not about a subject. Valid
 * until the next call.
 */
const struct subject *subject_broken(enum invariant id);

#endif
