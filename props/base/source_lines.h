/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Source lines of addresses in this program, by addr2line: for reports only. It starts a process.
 */
#ifndef PROPS_BASE_SOURCE_LINES_H
#define PROPS_BASE_SOURCE_LINES_H

#include <stdbool.h>
#include <stdint.h>

struct source_line {
    unsigned index; /* of the address */
    const char *function, *file;
    unsigned line;
};

/*
 * Calls found(ctx, line) for each of `count` addresses, and for each function inlined there,
 * innermost first. The strings are valid during the call. An address without debug information
 * is left out. A return address belongs to the line after the call: subtract 1.
 */
void source_lines_find(const uintptr_t *address, unsigned count,
                       void (*found)(void *ctx, const struct source_line *place), void *ctx);

#endif
