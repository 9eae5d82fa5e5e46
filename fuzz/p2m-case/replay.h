/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `p2m-case replay`: the regression driver. Needs no engine. */
#ifndef FUZZ_P2M_CASE_REPLAY_H
#define FUZZ_P2M_CASE_REPLAY_H

#include <stdbool.h>

#include "geometry.h"

struct replay_request {
    const char *geometries; /* names separated by commas; NULL or "all": each */
    const char *target;     /* as given, or NULL: by the names of the files */
    const char *junit;      /* also write the results there as JUnit XML; or NULL */
    bool reverse;           /* the last file first */
    struct replay_options options;
};

/* True if each name of such a list is one of a geometry. */
bool replay_knows(const char *geometries);

/*
 * Runs all files in `paths`, recursively, in each requested geometry, and prints the
 * counts. False, with a message, if a case failed, if a file could not be read, or if
 * nothing was run.
 */
bool replay_paths(char **paths, int count, const struct replay_request *request);

#endif
