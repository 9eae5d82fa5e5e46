/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdict on a case, and the exit from a case that violates an invariant: from
 * any depth of calls back to the caller that runs the case. Of several invariants that one op
 * violates, the verdict names the first in the order of INVARIANTS. Prints nothing.
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

/* The code of VERDICT_CATCH ended well. Answers true, for its caller. */
bool verdict_end(void);

/* True between VERDICT_CATCH and the end of its code: violated() may be called. */
bool verdict_is_open(void);

/*
 * Where violated() goes after it has written the verdict, if the running stack is not the one of
 * VERDICT_CATCH (props/host/fiber.c); NULL: it jumps. verdict_jump: the jump alone.
 */
extern void (*verdict_leave)(void);
noreturn void verdict_jump(void);

/* Called before the jump, where a violation ends the case; NULL: not called. */
extern void (*verdict_on_jump)(void);

/*
 * Makes `check`, an expression. A violation ends the check and not the case, so that the
 * checks after it are also made, in any order. verdict_settle() then ends the case, if an
 * invariant was violated. Is not nested.
 *
 * A violation up to VERDICT_FINAL ends the case at once: the call was broken off, or the pages
 * cannot be walked, so no other check can be made.
 */
#define VERDICT_FINAL TREE_SHAPE
#define VERDICT_TRY(check)                                                                         \
    do {                                                                                           \
        if (!setjmp(verdict_try_escape)) {                                                         \
            verdict_trying = true;                                                                 \
            check;                                                                                 \
        }                                                                                          \
        verdict_trying = false;                                                                    \
    } while (0)
extern jmp_buf verdict_try_escape;
extern bool verdict_trying;
void verdict_settle(void);

/* Takes the first violation of the checks before, if there is one. */
void verdict_take(struct verdict *verdict);

/*
 * Ends the running check or case as a violation of `id`; `format` gives the expected and the
 * actual value. Only while a case runs. A signal handler may call it.
 */
noreturn void violated(enum invariant id, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
