/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `p2m-case replay`: the regression driver. Needs no engine. */
#ifndef FUZZ_P2M_CASE_REPLAY_H
#define FUZZ_P2M_CASE_REPLAY_H

#include <stdbool.h>

#include "geometry.h"

struct replay_request {
    const char *geometries; /* names with commas between them; NULL or "all": each */
    const char *target;     /* as told, or NULL: by the names of the files */
    const char *junit;      /* write the results there as JUnit XML, too; or NULL */
    bool reverse;           /* the last file first */
    struct replay_options options;
};

/* True if each name of such a list is one of a geometry. */
bool replay_knows(const char *geometries);

/*
 * Runs all files in `paths`, recursively, in each geometry that is wanted, and says what
 * was done. False, having said why, if anything failed, could not be read, or if there
 * was nothing to be done at all.
 */
bool replay_paths(char **paths, int count, const struct replay_request *request);

#endif
