// SPDX-License-Identifier: GPL-2.0-or-later
/* The subject under test is the core, unless a program is linked with another choice. */
#include "props/subject.h"

const struct subject *subject_under_test = &subject_core;
