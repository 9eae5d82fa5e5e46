// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds the geometry and the target of a file: see geometry.h. */
#include <stdio.h>
#include <string.h>

#include "geometry.h"
#include "props/base/files.h"

/* Each geometry that was built into this program. */
#define GEOMETRY(name, ...) extern const struct geometry geometry_##name __attribute__((weak));
#define EXPLORED(name, ...)
#include "props/case/geometries.def"
#undef GEOMETRY

const struct geometry *const all_geometries[GEOMETRIES] = {
#define GEOMETRY(name, ...) &geometry_##name,
#include "props/case/geometries.def"
#undef GEOMETRY
#undef EXPLORED
};

const struct target_info target_infos[TARGETS] = {
#define TARGET(name, codec, sees, geometries, geometries_32, service)                              \
    {#name, #codec, #sees, geometries, geometries_32, service},
#include "fuzz/targets.def"
#undef TARGET
};

const struct target_info *target_by_name(const char *name)
{
    for (unsigned t = 0; t < TARGETS; t++)
        if (!strcmp(target_infos[t].name, name))
            return &target_infos[t];
    return NULL;
}

const struct geometry *geometry_by_name(const char *name, size_t length)
{
    for (unsigned i = 0; i < GEOMETRIES; i++)
        if (all_geometries[i] && strlen(all_geometries[i]->geometry) == length &&
            !memcmp(all_geometries[i]->geometry, name, length))
            return all_geometries[i];
    return NULL;
}

const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* `ops_tiny` in the file's name: its target, and its geometry if that was built. */
static void by_name(const char *path, const char **target, const struct geometry **geometry)
{
    char wanted[64];

    for (unsigned t = 0; t < TARGETS; t++)
        for (unsigned i = 0; i < GEOMETRIES; i++) {
            const char *at;
            char end;

            if (!all_geometries[i])
                continue;
            snprintf(wanted, sizeof(wanted), "%s_%s", target_infos[t].name,
                     all_geometries[i]->geometry);
            at = strstr(path, wanted);
            end = at ? at[strlen(wanted)] : 'x';
            if (at && (end == '-' || end == '.' || end == '/' || end == '\0')) {
                *target = target_infos[t].name;
                *geometry = all_geometries[i];
            }
        }
}

const struct geometry *any_geometry(void)
{
    for (unsigned i = 0; i < GEOMETRIES; i++)
        if (all_geometries[i])
            return all_geometries[i];
    return NULL;
}

const struct geometry *geometry_by_file(struct input *input, const char *target)
{
    const struct geometry *named = NULL;

    by_name(base_name(input->name), &input->target, &named);
    if (!named)
        by_name(input->name, &input->target, &named);
    if (target)
        input->target = target;
    input->assumed = !input->target;
    if (input->assumed)
        input->target = target_infos[0].name;
    return named;
}

/* As the option, the text or the name of the file has it. */
static const struct geometry *chosen_geometry(struct input *input, const char *name,
                                              const char *target)
{
    const struct geometry *geometry = geometry_by_file(input, target);

    if (name)
        return geometry_by_name(name, strlen(name));
    if (any_geometry()->is_text(input)) {
        name = any_geometry()->named_geometry(input);
        geometry = name ? geometry_by_name(name, strlen(name)) : NULL;
        if (name && !geometry)
            fprintf(stderr, "p2m-case: %s: geometry %s is not built into this program\n",
                    input->name, name);
        return geometry;
    }
    if (!geometry)
        fprintf(stderr, "p2m-case: %s: cannot determine the geometry; pass --geometry=NAME\n",
                input->name);
    return geometry;
}

const struct geometry *geometry_for(struct input *input, const char *name, const char *target)
{
    const struct geometry *geometry = chosen_geometry(input, name, target);

    if (!geometry || geometry->has_target(input->target))
        return geometry;
    fprintf(stderr,
            "p2m-case: %s: this program has no target %s in %s: it needs SUBJECT=linux LINUX=TREE, "
            "and tiny or x86_64\n",
            input->name, input->target, geometry->geometry);
    return NULL;
}

bool input_open(const char *name, struct input *input, char **data)
{
    *input = (struct input){.name = name};
    if (!files_read(name, data, &input->size))
        return false;
    input->data = *data;
    return true;
}
