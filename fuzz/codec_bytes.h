/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts that both versions of the byte format share. */
#ifndef FUZZ_CODEC_BYTES_H
#define FUZZ_CODEC_BYTES_H

#include <string.h>

#include "props/base/uninstrumented.h"
#include "props/case/ops.h"

UNINSTRUMENTED_BEGIN

static inline uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t get32(const uint8_t *p)
{
    return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static inline uint64_t get64(const uint8_t *p)
{
    return get32(p) | (uint64_t)get32(p + 4) << 32;
}

/* A marker: `from` is 1, one more is 2; below it is 0, which random bytes mostly are. */
static inline uint8_t decode_from(uint8_t byte, uint8_t from)
{
    return byte >= from ? (uint8_t)(byte - from + 1) : 0;
}

/* Bits 10..14 of a place's first word, all set: it is beyond the table. */
#define PLACE_BEYOND 0x7c00
#define PLACE_PAST_BITS 40 /* the largest distance beyond it */

/* The PFN at a place of 6 bytes. */
static inline uint64_t decode_place(const uint8_t *p, uint64_t last)
{
    unsigned t = get16(p), m = get16(p + 2), l = get16(p + 4);
    struct place place = {.top = {t & 0x3ff, t >> 15}, .mid = {m & 0x3ff, m >> 15}};

    place.leaf.index = l & 0x3ff;
    place.leaf.high = l >> 15;
    place.beyond = (t & PLACE_BEYOND) == PLACE_BEYOND;
    place.beyond_high = t >> 15;
    if (place.beyond)
        place.past = (uint64_t)(t & 0x3ff) << 30 | (uint64_t)(m & 0x7fff) << 15 | (l & 0x7fff);
    return place_pfn(&shape_here, &place, last);
}

/* The bytes at `at`, or a copy padded with zeros where the input is too short. */
static inline const uint8_t *record(const uint8_t *data, size_t size, size_t at, size_t length,
                                    uint8_t *copy)
{
    if (at + length <= size)
        return data + at;
    memset(copy, 0, length);
    if (at < size)
        memcpy(copy, data + at, size - at);
    return copy;
}

UNINSTRUMENTED_END

#endif
