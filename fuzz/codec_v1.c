// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Version 1 of the byte format, which never changes: see codec.h. It has the first eight ops,
 * a boot of 16 bytes and ops of 18. See fuzz/FORMAT.md for the layout. It is only read.
 */
#include "codec.h"
#include "codec_bytes.h"

UNINSTRUMENTED_BEGIN

#define V1_BOOT 16
#define V1_OP 18
#define V1_MAX (V1_BOOT + CASE_OPS * V1_OP)

#define G OP_GET
#define M OP_PFN_TO_MFN
#define S OP_SET
#define N OP_SET_NOALLOC
#define R OP_RANGE
#define U OP_RESUME
#define E OP_E820
#define X OP_XEN_SET_IDENTITY

static const uint8_t op_table[VOCABULARIES_1][32] = {
    {S, R, N, S, R, S, N, G, S, R, M, S, R, S, N, U,
     S, R, G, S, R, S, N, U, S, R, S, M, S, R, E, X},
    {E, X, E, S, E, R, E, N, E, X, E, G, E, S, E, U,
     E, X, E, R, E, S, E, M, E, X, E, S, R, N, U, G},
};

#undef G
#undef M
#undef S
#undef N
#undef R
#undef U
#undef E
#undef X

static void decode_boot(const uint8_t *p, struct boot *boot)
{
    struct boot_place pages = {.rest = get16(p + 4) & 0x3ff, .rest_high = p[5] >> 7};

    pages.leaves = (p[3] & 0xf0) == 0xf0 ? (uint16_t)((p[3] & 0x0f) << 8 | p[2]) : p[2] & 3;
    boot->nr_pages = boot_pages(&shape_here, &pages);
    boot->auto_translated = (p[1] & 0x0f) == 0x0f;
    boot->xen_restore = p[1] >> 7;
    boot->refuse = decode_from(p[6], 0xf0);
    boot->holes = p[7];
}

static void decode_range(const uint8_t *p, struct op *op)
{
    op->arg = decode_place(p + 10, OP_LAST_PFN(&shape_here));
    if (!(p[3] & 1) && op->arg < op->pfn) {
        uint64_t start = op->arg;

        op->arg = op->pfn;
        op->pfn = start;
    }
}

static void decode_e820(const uint8_t *p, struct op *op)
{
    op->type = p[3] & OP_TYPE_MAX;
    op->start = decode_place(p + 4, E820_LAST_PFN) * 4096 + (get16(p + 1) & 0xfff);
    op->stop = decode_place(p + 10, E820_LAST_PFN) * 4096 + (get16(p + 16) & 0xfff);
}

static void decode_op(uint8_t kind, const uint8_t *p, struct op *op)
{
    unsigned entry = p[3] & 7;

    memset(op, 0, sizeof(*op));
    op->kind = kind;
    if (op_has_pfn(kind)) {
        op->at = decode_from(p[2], 0xc0);
        op->pfn = decode_place(p + 4, OP_LAST_PFN(&shape_here));
    }
    if (op_stores(kind))
        op->refuse = decode_from(p[1], 0xf0);
    if (op_has_entry(kind))
        op->arg =
            entry_join(&shape_here, op->pfn,
                       (enum entry_kind)(entry < ENTRY_KINDS ? entry : ENTRY_MFN), get64(p + 10));
    else if (kind == OP_RANGE)
        decode_range(p, op);
    else if (kind == OP_E820)
        decode_e820(p, op);
    else if (kind == OP_XEN_SET_IDENTITY)
        op->type = p[3] & 1;
}

void codec_decode_v1(enum vocabulary vocabulary, const uint8_t *data, size_t size,
                     struct test_case *c)
{
    uint8_t copy[V1_OP];
    const uint8_t *boot = record(data, size, 0, V1_BOOT, copy);
    uint8_t off = boot[8] == 0xff ? 0 : boot[8];

    memset(&c->boot, 0, sizeof(c->boot));
    decode_boot(boot, &c->boot);
    c->subject[0] = c->mode[0] = '\0';
    c->count = 0;
    if (size > V1_MAX)
        size = V1_MAX;
    for (size_t at = V1_BOOT; at < size; at += V1_OP) {
        const uint8_t *p = record(data, size, at, V1_OP, copy);
        uint8_t kind =
            op_table[vocabulary < VOCABULARIES_1 ? vocabulary : VOCABULARY_E820][p[0] & 31];

        if (!(off >> kind & 1))
            decode_op(kind, p, &c->ops[c->count++]);
    }
}

UNINSTRUMENTED_END
