/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our own random numbers (splitmix64): the same on every machine for a seed. */
#ifndef PROPS_BASE_PRNG_H
#define PROPS_BASE_PRNG_H

#include <stdint.h>

#include "uninstrumented.h"

UNINSTRUMENTED_BEGIN

struct prng {
    uint64_t state;
};

static inline uint64_t prng_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static inline uint64_t prng_next(struct prng *prng)
{
    return prng_mix(prng->state += UINT64_C(0x9e3779b97f4a7c15));
}

/* Uniform in [0, n), n > 0 (but for a bias below n / 2^64). */
static inline uint64_t prng_below(struct prng *prng, uint64_t n)
{
    return prng_next(prng) % n;
}

/* True once in n. */
static inline int prng_one_in(struct prng *prng, unsigned n)
{
    return prng_below(prng, n) == 0;
}

UNINSTRUMENTED_END

#endif
