// SPDX-License-Identifier: GPL-2.0-or-later
/* The way out of a case: see verdict.h. */
#include "verdict.h"

#include <stdarg.h>
#include <stdio.h>

#include "uninstrumented.h"

UNINSTRUMENTED_BEGIN

int running_op;
jmp_buf verdict_escape;
void (*verdict_leave)(void);

static struct verdict *verdict_out;

void verdict_begin(struct verdict *verdict)
{
    verdict_out = verdict;
}

void violated(enum invariant id, const char *format, ...)
{
    va_list arguments;

    verdict_out->id = id;
    verdict_out->op = running_op;
    va_start(arguments, format);
    vsnprintf(verdict_out->details, sizeof(verdict_out->details), format, arguments);
    va_end(arguments);
    if (verdict_leave)
        verdict_leave();
    verdict_jump();
}

noreturn void verdict_jump(void)
{
    longjmp(verdict_escape, 1);
}

UNINSTRUMENTED_END
