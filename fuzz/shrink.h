/* SPDX-License-Identifier: GPL-2.0-only */
/* `p2m-case shrink`: the same failure with as little as possible, in as small a tree. */
#ifndef FUZZ_SHRINK_H
#define FUZZ_SHRINK_H

#include <stdbool.h>

/*
 * Shrinks the case in file `name` (geometry, target: as told, or NULL), keeping the
 * failure `want` (NULL: the one that it has). Writes `out`.txt, `out` in bytes, `out`.c,
 * and `out`.aside-NAME.txt for each other invariant violated on the way; to standard
 * output only, if `out` is NULL. False, having said why.
 */
bool shrink_file(const char *name, const char *geometry, const char *target, const char *want,
                 const char *out);

#endif
