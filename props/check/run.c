// SPDX-License-Identifier: GPL-2.0-only
/* The one running case: see run.h. */
#include "run.h"

struct run run;
