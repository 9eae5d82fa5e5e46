/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Geometries as values, and places: a PFN as three indices, each counted from
 * the nearer end, so that an edge stays an edge when a case is carried over to
 * another geometry. Everything here is 64 bits wide whatever the geometry.
 */
#ifndef PROPS_CASE_SHAPE_H
#define PROPS_CASE_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/geometry.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

struct shape {
    const char *name;
    unsigned top, mid, leaf, word_bits;
};

/* The geometry that this program was built for. */
extern const struct shape shape_here;

/* The known geometry of that name (as long as `length` says); NULL if there is none. */
const struct shape *shape_by_name(const char *name, unsigned length);

/* Calls `fn` with each known geometry. */
void shape_each(void (*fn)(const struct shape *shape, void *ctx), void *ctx);

static inline uint64_t shape_max_pfn(const struct shape *shape)
{
    return (uint64_t)shape->top * shape->mid * shape->leaf;
}

/* ~0 of the geometry's word. */
static inline uint64_t shape_word_mask(const struct shape *shape)
{
    return shape->word_bits == 64 ? ~(uint64_t)0 : ((uint64_t)1 << shape->word_bits) - 1;
}

/*
 * Below MAX_P2M_PFN: index i of each level, counted from the low end or (high)
 * from the last slot. Beyond: `past` PFNs above MAX_P2M_PFN, or (high) below the
 * highest value that there is.
 */
struct place {
    struct {
        uint16_t index;
        bool high;
    } top, mid, leaf;
    bool beyond, beyond_high;
    uint64_t past;
};

#define PLACE_PAST_BITS 40 /* a place can be that far beyond: 2^40 PFNs */

/* The place of `pfn`, where the highest PFN of all is `last`. Exact in this shape. */
struct place place_of(const struct shape *shape, uint64_t pfn, uint64_t last);

/* The PFN at a place; indices and distances too large for the shape wrap. */
uint64_t place_pfn(const struct shape *shape, const struct place *place, uint64_t last);

/* True if place_of can hold it: not too far from either MAX_P2M_PFN or `last`. */
bool place_fits(const struct shape *shape, uint64_t pfn, uint64_t last);

UNINSTRUMENTED_END

#endif
