// SPDX-License-Identifier: GPL-2.0-or-later
/* A program without a judge: see judge.h. */
#include "judge.h"

const struct judge *const judge_here = NULL;
