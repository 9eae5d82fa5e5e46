// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of geometries, and places: see shape.h. */
#include "shape.h"

#include <string.h>

#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

#ifndef P2M_GEOMETRY
#define P2M_GEOMETRY "x86_64"
#endif

const struct shape shape_here = {P2M_GEOMETRY, P2M_TOP, P2M_MID, P2M_LEAF, P2M_WORD_BITS};

static const struct shape shapes[] = {
#define GEOMETRY(name, top, mid, leaf, bits) {#name, top, mid, leaf, bits},
#define EXPLORED GEOMETRY
#include "geometries.def"
#undef GEOMETRY
#undef EXPLORED
};

#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

const struct shape *shape_by_name(const char *name, unsigned length)
{
    for (unsigned i = 0; i < SHAPES; i++)
        if (strlen(shapes[i].name) == length && !memcmp(shapes[i].name, name, length))
            return &shapes[i];
    return NULL;
}

void shape_each(void (*fn)(const struct shape *shape, void *ctx), void *ctx)
{
    for (unsigned i = 0; i < SHAPES; i++)
        fn(&shapes[i], ctx);
}

bool place_fits(const struct shape *shape, uint64_t pfn, uint64_t last)
{
    uint64_t max = shape_max_pfn(shape);

    return pfn < max || pfn - max < (uint64_t)1 << PLACE_PAST_BITS ||
           last - pfn < (uint64_t)1 << PLACE_PAST_BITS;
}

struct place place_of(const struct shape *shape, uint64_t pfn, uint64_t last)
{
    struct place place = {0};
    uint64_t max = shape_max_pfn(shape), index;

    if (pfn >= max) {
        place.beyond = true;
        place.beyond_high = last - pfn < pfn - max;
        place.past = place.beyond_high ? last - pfn : pfn - max;
        return place;
    }
#define LEVEL(level, value)                                                                        \
    index = (value);                                                                               \
    place.level.high = index >= (shape->level + 1) / 2;                                            \
    place.level.index = (uint16_t)(place.level.high ? shape->level - 1 - index : index)
    LEVEL(leaf, pfn % shape->leaf);
    LEVEL(mid, pfn / shape->leaf % shape->mid);
    LEVEL(top, pfn / shape->leaf / shape->mid);
#undef LEVEL
    return place;
}

static uint64_t slot(unsigned index, bool high, unsigned slots)
{
    return high ? slots - 1 - index % slots : index % slots;
}

uint64_t place_pfn(const struct shape *shape, const struct place *place, uint64_t last)
{
    uint64_t max = shape_max_pfn(shape), room = last - max;

    if (place->beyond) {
        uint64_t past = room == ~(uint64_t)0 ? place->past : place->past % (room + 1);

        return place->beyond_high ? last - past : max + past;
    }
    return (slot(place->top.index, place->top.high, shape->top) * shape->mid +
            slot(place->mid.index, place->mid.high, shape->mid)) *
               shape->leaf +
           slot(place->leaf.index, place->leaf.high, shape->leaf);
}

UNINSTRUMENTED_END
