// SPDX-License-Identifier: GPL-2.0-or-later
/* The counters of planted bugs: see planted.h. In a core without one they stay zero. */
#include "planted.h"

struct planted planted;
