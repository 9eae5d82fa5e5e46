// SPDX-License-Identifier: GPL-2.0-or-later
/* Tries each sync point: see every.h. */
#include "every.h"

#include "overlap.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

static struct op *last_of_all_points(struct test_case *c)
{
    for (unsigned i = c->count; i-- > 0;)
        if (op_has_pfn(c->ops[i].kind) && c->ops[i].at_from == TURN_EVERY)
            return &c->ops[i];
    return NULL;
}

void every_choose(const struct subject *subject, struct test_case *c, enum check_level level)
{
    struct op *op = subject->mode ? last_of_all_points(c) : NULL;
    struct verdict verdict;

    if (!op)
        return;
    op->at_from = TURN_START;
    for (op->at = 1; op->at < OP_POINT_MAX; op->at++) {
        overlap_watch((int)(op - c->ops));
        if (!executor_run(subject, c, level, &verdict) || overlap_was_late())
            break;
    }
    overlap_watch(-1);
    run_sign(subject, c);
}

UNINSTRUMENTED_END
