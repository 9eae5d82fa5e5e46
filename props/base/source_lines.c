// SPDX-License-Identifier: GPL-2.0-or-later
/* Source lines of addresses: see source_lines.h. */
#include "source_lines.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "uninstrumented.h"

UNINSTRUMENTED_BEGIN

extern const char __executable_start __attribute__((weak)); /* a mutator has none */

static FILE *start(const uintptr_t *address, unsigned count)
{
    char command[2048], program[1024] = {0};
    size_t length;

    if (readlink("/proc/self/exe", program, sizeof(program) - 1) <= 0 || strchr(program, '\''))
        return NULL;
    length = (size_t)snprintf(command, sizeof(command), "addr2line -a -f -i -e '%s'", program);
    for (unsigned i = 0; i < count && length + 64 < sizeof(command); i++)
        length += (size_t)snprintf(command + length, sizeof(command) - length, " 0x%" PRIxPTR,
                                   address[i] - (uintptr_t)&__executable_start);
    snprintf(command + length, sizeof(command) - length, " 2>/dev/null");
    return popen(command, "r");
}

/* Its lines: an address, then a function and FILE:LINE for each frame there. */
void source_lines_find(const uintptr_t *address, unsigned count,
                       void (*found)(void *ctx, const struct source_line *place), void *ctx)
{
    char function[256], where[1024];
    struct source_line place = {0};
    unsigned addresses = 0;
    FILE *pipe = start(address, count);

    while (pipe && fgets(function, sizeof(function), pipe)) {
        char *colon;

        if (!strncmp(function, "0x", 2)) {
            place.index = addresses++;
            continue;
        }
        if (!fgets(where, sizeof(where), pipe))
            break;
        colon = strrchr(where, ':');
        if (!colon || where[0] == '?')
            continue;
        *colon = '\0';
        function[strcspn(function, "\n")] = '\0';
        place.function = function;
        place.file = where;
        place.line = (unsigned)atoi(colon + 1);
        found(ctx, &place);
    }
    if (pipe)
        pclose(pipe);
}

UNINSTRUMENTED_END
