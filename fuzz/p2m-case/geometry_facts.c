// SPDX-License-Identifier: GPL-2.0-or-later
/* What the scripts must know of this build: a part of `p2m-case facts`. See geometry.h. */
#include <stddef.h>

#include "fuzz/codec.h"
#include "geometry_here.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

void geometry_facts(FILE *out)
{
    fprintf(out, "  \"ops\": [");
    for (unsigned kind = 0; kind < OP_KINDS; kind++)
        fprintf(out, "%s\"%s\"", kind ? ", " : "", op_names[kind]);
    fprintf(out, "],\n  \"invariants\": [");
    for (int id = 1; id < INVARIANT_COUNT; id++)
        fprintf(out, "%s\"%s\"", id > 1 ? ", " : "", invariant_name((enum invariant)id));
    fprintf(out, "],\n  \"longest_input\": %d,\n", CODEC_MAX);
    fprintf(out, "  \"statistics\": {\"bytes\": %zu, \"fields\": {", sizeof(struct tally));
#define X(field, dimension)                                                                        \
    fprintf(out, "%s\n    \"%s\": {\"offset\": %zu, \"words\": %zu}",                              \
            offsetof(struct tally, field) ? "," : "", #field, offsetof(struct tally, field),       \
            sizeof(((struct tally *)0)->field) / sizeof(uint64_t)); /* NOLINT: may be one word */
    TALLY(X)
#undef X
    fprintf(out, "}},\n");
}

UNINSTRUMENTED_END
