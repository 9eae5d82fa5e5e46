// SPDX-License-Identifier: GPL-2.0-only
/* Which geometry a file is for, and which target made it: see tool.h. */
#include <stdio.h>
#include <string.h>

#include "files.h"
#include "tool.h"

/* Each geometry that was built into this program. */
#define TOOL(name) extern const struct tool tool_##name __attribute__((weak))
TOOL(micro);
TOOL(tiny);
TOOL(odd);
TOOL(x86_64);
TOOL(x86_32);
#undef TOOL

const struct tool *const all_tools[TOOLS] = {&tool_micro, &tool_tiny, &tool_odd, &tool_x86_64,
                                             &tool_x86_32};

const struct tool *tool_by_name(const char *name, size_t length)
{
    for (unsigned i = 0; i < TOOLS; i++)
        if (all_tools[i] && strlen(all_tools[i]->geometry) == length &&
            !memcmp(all_tools[i]->geometry, name, length))
            return all_tools[i];
    return NULL;
}

const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* `ops_tiny` in the file's name: its target, and its geometry if that was built. */
static void by_name(const char *path, const char **target, const struct tool **tool)
{
    static const char *const targets[] = {"ops", "e820", "case", "canary"};
    char wanted[64];

    for (unsigned t = 0; t < sizeof(targets) / sizeof(targets[0]); t++)
        for (unsigned i = 0; i < TOOLS; i++) {
            const char *at;
            char end;

            if (!all_tools[i])
                continue;
            snprintf(wanted, sizeof(wanted), "%s_%s", targets[t], all_tools[i]->geometry);
            at = strstr(path, wanted);
            end = at ? at[strlen(wanted)] : 'x';
            if (at && (end == '-' || end == '.' || end == '/' || end == '\0')) {
                *target = targets[t];
                *tool = all_tools[i];
            }
        }
}

const struct tool *any_tool(void)
{
    for (unsigned i = 0; i < TOOLS; i++)
        if (all_tools[i])
            return all_tools[i];
    return NULL;
}

const struct tool *tool_by_file(struct input *input, const char *target)
{
    const struct tool *named = NULL;

    by_name(base_name(input->name), &input->target, &named);
    if (!named)
        by_name(input->name, &input->target, &named);
    if (target)
        input->target = target;
    if (!input->target)
        input->target = "ops";
    return named;
}

const struct tool *tool_for(struct input *input, const char *geometry, const char *target)
{
    const struct tool *tool = tool_by_file(input, target);

    if (geometry)
        return tool_by_name(geometry, strlen(geometry));
    if (any_tool()->is_text(input)) {
        const char *name = any_tool()->named_geometry(input);

        tool = name ? tool_by_name(name, strlen(name)) : NULL;
        if (name && !tool)
            fprintf(stderr, "p2m-case: %s: geometry %s is not built into this program\n",
                    input->name, name);
        return tool;
    }
    if (!tool)
        fprintf(stderr, "p2m-case: %s: nothing tells its geometry; say --geometry=NAME\n",
                input->name);
    return tool;
}

bool tool_open(const char *name, struct input *input, char **data)
{
    *input = (struct input){.name = name};
    if (!files_read(name, data, &input->size))
        return false;
    input->data = *data;
    return true;
}
