// SPDX-License-Identifier: GPL-2.0-or-later
/* The one running case: see run.h. */
#include "run.h"

struct run run;
