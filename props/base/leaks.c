// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Leak checking is off, unless ASAN_OPTIONS has detect_leaks=1. A tree has only pages of the
 * host, and PAGE_LEDGER counts them. LeakSanitizer needs ptrace and /proc: in a container without
 * them, and under gdb, it ends a correct program with an error.
 */
#include "asan.h"

#if ASAN_IS_ON
#include <stdlib.h>
#include <string.h>

#include "uninstrumented.h"

UNINSTRUMENTED_BEGIN

int __lsan_is_turned_off(void); /* the sanitizer calls it */

/* Weak: a program of several parts may have it twice. */
__attribute__((weak)) int __lsan_is_turned_off(void)
{
    const char *options = getenv("ASAN_OPTIONS");

    return !options || !strstr(options, "detect_leaks=1");
}

UNINSTRUMENTED_END
#endif
