// SPDX-License-Identifier: GPL-2.0-or-later
/* The one running case: see run.h. */
#include "run.h"

#include <string.h>

#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

struct run run;

static bool overlaps(const struct test_case *c)
{
    for (unsigned i = 0; i < c->count; i++)
        if (op_has_pfn(c->ops[i].kind) && c->ops[i].at)
            return true;
    return false;
}

void run_sign(const struct subject *subject, struct test_case *c)
{
    if (!subject->mode || c->subject[0] || c->mode[0] || !overlaps(c))
        return;
    strncat(c->subject, subject->name, sizeof(c->subject) - 1);
    strncat(c->mode, subject->mode, sizeof(c->mode) - 1);
}

UNINSTRUMENTED_END
