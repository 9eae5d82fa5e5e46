/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Subjects that are broken on purpose, one for each invariant, to test the alarm. */
#ifndef PROPS_SUBJECTS_BROKEN_H
#define PROPS_SUBJECTS_BROKEN_H

#include "props/subject.h"

/*
 * A subject that violates `id` first of all invariants, sooner or later
 * in random cases; NULL from CASE_ROUND_TRIP on, which do not depend on a subject. Valid
 * until the next call.
 */
const struct subject *subject_broken(enum invariant id);

#endif
