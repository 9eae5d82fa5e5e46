// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes to case and back: see codec.h, where the format stands. */
#include "codec.h"

#include <string.h>

#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

const char *const vocabulary_names[VOCABULARIES] = {"ops", "e820"};

#define G OP_GET
#define M OP_PFN_TO_MFN
#define S OP_SET
#define N OP_SET_NOALLOC
#define R OP_RANGE
#define U OP_RESUME
#define E OP_E820
#define X OP_XEN_SET_IDENTITY

static const uint8_t op_table[VOCABULARIES][32] = {
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

/* ---- in ---- */

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

#define BEYOND 0x7c00

static uint64_t decode_place(const uint8_t *p, uint64_t last)
{
    unsigned t = get16(p), m = get16(p + 2), l = get16(p + 4);
    struct place place = {.top = {t & 0x3ff, t >> 15}, .mid = {m & 0x3ff, m >> 15}};

    place.leaf.index = l & 0x3ff;
    place.leaf.high = l >> 15;
    place.beyond = (t & BEYOND) == BEYOND;
    place.beyond_high = t >> 15;
    if (place.beyond)
        place.past = (uint64_t)(t & 0x3ff) << 30 | (uint64_t)(m & 0x7fff) << 15 | (l & 0x7fff);
    return place_pfn(&shape_here, &place, last);
}

static uint64_t get64(const uint8_t *p)
{
    uint64_t value = 0;

    for (int i = 7; i >= 0; i--)
        value = value << 8 | p[i];
    return value;
}

static uint8_t decode_from(uint8_t byte, uint8_t from)
{
    return byte >= from ? (uint8_t)(byte - from + 1) : 0;
}

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

/* The bytes at `at`, or a copy filled up with zeros where the input ends before. */
static const uint8_t *record(const uint8_t *data, size_t size, size_t at, size_t length,
                             uint8_t *copy)
{
    if (at + length <= size)
        return data + at;
    memset(copy, 0, length);
    if (at < size)
        memcpy(copy, data + at, size - at);
    return copy;
}

void codec_decode(enum vocabulary vocabulary, const uint8_t *data, size_t size, struct test_case *c)
{
    uint8_t copy[CODEC_OP];
    const uint8_t *boot = record(data, size, 0, CODEC_BOOT, copy);
    uint8_t off = boot[8] == 0xff ? 0 : boot[8];

    decode_boot(boot, &c->boot);
    c->count = 0;
    if (size > CODEC_MAX)
        size = CODEC_MAX;
    for (size_t at = CODEC_BOOT; at < size; at += CODEC_OP) {
        const uint8_t *p = record(data, size, at, CODEC_OP, copy);
        uint8_t kind = op_table[vocabulary][p[0] & 31];

        if (!(off >> kind & 1))
            decode_op(kind, p, &c->ops[c->count++]);
    }
}

/* ---- out ---- */

static void put16(uint8_t *p, unsigned value)
{
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
}

static void encode_place(uint8_t *p, uint64_t pfn, uint64_t last)
{
    struct place place = place_of(&shape_here, pfn, last);

    if (place.beyond) {
        put16(p, (unsigned)(place.past >> 30) | BEYOND | (place.beyond_high ? 0x8000 : 0));
        put16(p + 2, place.past >> 15 & 0x7fff);
        put16(p + 4, place.past & 0x7fff);
        return;
    }
    put16(p, place.top.index | (place.top.high ? 0x8000 : 0));
    put16(p + 2, place.mid.index | (place.mid.high ? 0x8000 : 0));
    put16(p + 4, place.leaf.index | (place.leaf.high ? 0x8000 : 0));
}

static uint8_t encode_from(uint8_t value, uint8_t from)
{
    return value ? (uint8_t)(from + value - 1) : 0;
}

static void encode_boot(uint8_t *p, const struct boot *boot)
{
    struct boot_place pages = boot_place_of(&shape_here, boot->nr_pages);

    p[0] = CODEC_VERSION;
    p[1] = (boot->auto_translated ? 0x0f : 0) | (boot->xen_restore ? 0x80 : 0);
    p[2] = (uint8_t)pages.leaves;
    p[3] = pages.leaves < 4 ? 0 : (uint8_t)(0xf0 | pages.leaves >> 8);
    put16(p + 4, pages.rest | (pages.rest_high ? 0x8000 : 0));
    p[6] = encode_from(boot->refuse, 0xf0);
    p[7] = boot->holes;
}

static void encode_entry(uint8_t *p, const struct op *op)
{
    uint64_t value;

    p[3] = (uint8_t)entry_split(&shape_here, op->pfn, op->arg, &value);
    for (int i = 0; i < 8; i++)
        p[10 + i] = (uint8_t)(value >> 8 * i);
}

static void encode_op(enum vocabulary vocabulary, uint8_t *p, const struct op *op)
{
    uint64_t last = OP_LAST_PFN(&shape_here);

    while (op_table[vocabulary][p[0]] != op->kind)
        p[0]++;
    if (op->kind == OP_E820) {
        p[3] = op->type;
        encode_place(p + 4, op->start / 4096, E820_LAST_PFN);
        encode_place(p + 10, op->stop / 4096, E820_LAST_PFN);
        put16(p + 1, op->start % 4096);
        put16(p + 16, op->stop % 4096);
        return;
    }
    p[3] = op->type;
    if (!op_has_pfn(op->kind))
        return;
    p[1] = encode_from(op->refuse, 0xf0);
    p[2] = encode_from(op->at, 0xc0);
    encode_place(p + 4, op->pfn, last);
    if (op_has_entry(op->kind))
        encode_entry(p, op);
    if (op->kind == OP_RANGE) {
        encode_place(p + 10, op->arg, last);
        p[3] = op->arg < op->pfn;
    }
}

size_t codec_encode(enum vocabulary vocabulary, const struct test_case *c, uint8_t *out)
{
    size_t size = CODEC_BOOT + (size_t)c->count * CODEC_OP;

    memset(out, 0, size);
    encode_boot(out, &c->boot);
    for (unsigned i = 0; i < c->count; i++)
        encode_op(vocabulary, out + CODEC_BOOT + (size_t)i * CODEC_OP, &c->ops[i]);
    return size;
}

UNINSTRUMENTED_END
