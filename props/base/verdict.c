// SPDX-License-Identifier: GPL-2.0-or-later
/* The way out of a case: see verdict.h. */
#include "verdict.h"

#include <stdarg.h>
#include <stdio.h>

#include "uninstrumented.h"

UNINSTRUMENTED_BEGIN

int running_op;
jmp_buf verdict_escape, verdict_try_escape;
bool verdict_trying;
void (*verdict_leave)(void);
void (*verdict_on_jump)(void);

static struct verdict *verdict_out; /* NULL: no case runs */
static struct verdict kept;         /* of the checks so far, the first in the order */

void verdict_begin(struct verdict *verdict)
{
    verdict_out = verdict;
    verdict_trying = false;
    kept.id = INVARIANT_NONE;
}

bool verdict_end(void)
{
    verdict_out = NULL;
    return true;
}

bool verdict_is_open(void)
{
    return verdict_out;
}

static noreturn void end_the_case(const struct verdict *verdict)
{
    *verdict_out = *verdict;
    verdict_out = NULL;
    if (verdict_leave)
        verdict_leave();
    verdict_jump();
}

noreturn void verdict_jump(void)
{
    if (verdict_on_jump)
        verdict_on_jump();
    longjmp(verdict_escape, 1);
}

void verdict_settle(void)
{
    if (kept.id)
        end_the_case(&kept);
}

void verdict_take(struct verdict *verdict)
{
    if (kept.id)
        *verdict = kept;
    kept.id = INVARIANT_NONE;
}

void violated(enum invariant id, const char *format, ...)
{
    struct verdict verdict = {.id = id, .op = running_op};
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(verdict.details, sizeof(verdict.details), format, arguments);
    va_end(arguments);
    if (!verdict_trying || id <= VERDICT_FINAL)
        end_the_case(&verdict);
    if (!kept.id || id < kept.id)
        kept = verdict;
    longjmp(verdict_try_escape, 1);
}

UNINSTRUMENTED_END
