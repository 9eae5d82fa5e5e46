/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers from the command line. */
#ifndef PROPS_BASE_NUMBER_H
#define PROPS_BASE_NUMBER_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "uninstrumented.h"

UNINSTRUMENTED_BEGIN

/* The whole of `text` as an unsigned number, decimal or with 0x; false if it is not one. */
static inline bool number_parse(const char *text, uint64_t *value)
{
    char *end;

    errno = 0;
    *value = strtoull(text, &end, 0);
    return !errno && end != text && !*end && text[0] != '-';
}

UNINSTRUMENTED_END

#endif
