/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of one geometry's struct tool share: tool.c, tool_shrink.c. */
#ifndef FUZZ_TOOL_HERE_H
#define FUZZ_TOOL_HERE_H

#include "../props/machine.h"
#include "tool.h"

/* The case in a file, in this geometry; false, having said why, if it is none. */
bool tool_load(const struct input *input, struct test_case *c);

/* What it is to be run on: the canary's findings are the canary's. */
const struct subject *tool_subject(const struct input *input);

/* struct tool's failure and shrink. */
bool tool_failure(const struct input *input, char *name);
bool tool_shrink(const struct input *input, const char *name, struct shrunk *shrunk);

#endif
