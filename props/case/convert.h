/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A case in another geometry. Its positions are counted from one of several ends: each is right for
 * cases that fail near that end, and none is for all.
 */
#ifndef PROPS_CASE_CONVERT_H
#define PROPS_CASE_CONVERT_H

#include "ops.h"

/* What positions are counted from. What does not fit there wraps. */
enum convert_way {
    CONVERT_NEARER, /* each index from its nearer end; the length of the list in leaves */
    CONVERT_SAME,   /* PFNs and the length of the list from 0: what is small stays as it is */
    CONVERT_HIGH,   /* each index from the high end; the length of the list in leaves, too */
    CONVERT_TABLE,  /* PFNs and the length of the list from the end of the table */
    CONVERT_LIST,   /* PFNs from the end of the list; its length in leaves */
    CONVERT_WAYS
};

/*
 * Converts a case from its geometry to another one, in place. CONVERT_NEARER gives the case that it
 * is there; the shrinker also tries the other ways.
 */
void case_convert_by(struct test_case *c, const struct shape *from, const struct shape *to,
                     enum convert_way way);
void case_convert(struct test_case *c, const struct shape *from, const struct shape *to);

#endif
