/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdict on a case, and the exit from a case that violates an invariant: from
 * any depth of calls back to the caller that runs the case. Prints nothing.
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
    char details[400]; /* the expected and the actual value */
};

/* The op that runs now, counted as in struct verdict. */
extern int running_op;

/*
 * True when violated() ended the code that follows; *verdict (struct verdict *) is then set. To be
 * used as a whole condition, as setjmp is:
 *
 *     if (VERDICT_CATCH(verdict))
 *         return false;
 */
#define VERDICT_CATCH(verdict) (verdict_begin(verdict), setjmp(verdict_escape))
extern jmp_buf verdict_escape;
void verdict_begin(struct verdict *verdict);

/*
 * Where violated() goes after it has written the verdict, if the running stack is not the one of
 * VERDICT_CATCH (props/host/fiber.c); NULL: it jumps. verdict_jump: the jump alone.
 */
extern void (*verdict_leave)(void);
noreturn void verdict_jump(void);

/*
 * Ends the running case as a violation of `id`; `format` gives the expected and the actual
 * value. Only while a case runs. A fault handler may call it.
 */
noreturn void violated(enum invariant id, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
