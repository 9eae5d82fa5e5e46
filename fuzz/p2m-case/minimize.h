/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `p2m-case shrink`: the same failure with as little as possible, in as small a tree. */
#ifndef FUZZ_P2M_CASE_MINIMIZE_H
#define FUZZ_P2M_CASE_MINIMIZE_H

#include <stdbool.h>

/*
 * Shrinks the case in file `name` (geometry_name, target: as given, or NULL), keeping the
 * failure `want` (NULL: the one that it has). Writes `out`.txt, `out` in bytes, `out`.c,
 * and `out`.aside-NAME.txt for each other invariant violated on the way; to standard
 * output only, if `out` is NULL. False, having said why.
 */
bool shrink_file(const char *name, const char *geometry_name, const char *target, const char *want,
                 const char *out);

#endif
