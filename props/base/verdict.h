/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdict on a case, and the way out of a case that violates an invariant: from
 * wherever that shows, back to whoever runs the case. Nothing is printed here.
 */
#ifndef PROPS_BASE_VERDICT_H
#define PROPS_BASE_VERDICT_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdnoreturn.h>

#include "invariants.h"

struct verdict {
    enum invariant id; /* INVARIANT_NONE: no invariant is violated */
    int op;            /* index of the failing op; -1: the boot; count: the end of the case */
    char details[400]; /* what was expected, what came */
};

/* The op that runs now, counted as in struct verdict. */
extern int running_op;

/*
 * True when violated() ended what follows; *verdict (struct verdict *) is then set. To be
 * used as a whole condition, as setjmp is:
 *
 *     if (VERDICT_CATCH(verdict))
 *         return false;
 */
#define VERDICT_CATCH(verdict) (verdict_begin(verdict), setjmp(verdict_escape))
extern jmp_buf verdict_escape;
void verdict_begin(struct verdict *verdict);

/*
 * Ends the running case as a violation of `id`; `format` says what was expected
 * and what came. Only while a case runs. Also to be called from a fault handler.
 */
noreturn void violated(enum invariant id, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
