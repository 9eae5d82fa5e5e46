// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * AFL++'s custom mutator: a shared library that afl-fuzz loads, because it passes over
 * libFuzzer's functions of that kind without a word. The changes are those of mutate.h. What is
 * here besides is trimming, by whole ops: the engine's own would cut through them.
 * There is no header to include: the functions are found by their names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mutate.h"
#include "target.h"

#define EXPORTED __attribute__((visibility("default")))

/* One in so many outputs is spliced from two inputs; the rest are one input, changed. */
#define SPLICE_ONE_IN 8

/* 1, 2, 4 or 8 calls of mutate_bytes: an execution costs AFL++ much the same, however small. */
#define ROUNDS 4

/*
 * Outputs from one input before the next has its turn. The engine doubles it whenever something
 * is found; left to itself it came to 35,000 for the first input, all other ones waiting.
 */
#define OUTPUTS 32

struct mutator {
    struct prng prng;
    const char *last; /* what was done last */
    uint8_t out[CODEC_MAX];

    /* Trimming: `kept` without the `span` ops from `at` on is tried next. */
    uint8_t kept[CODEC_MAX];
    size_t size, tried_size;
    size_t span, at; /* in ops */
};

EXPORTED void *afl_custom_init(void *afl, unsigned int seed);
EXPORTED void afl_custom_deinit(struct mutator *m);
EXPORTED size_t afl_custom_fuzz(struct mutator *m, uint8_t *data, size_t size, uint8_t **out,
                                uint8_t *other, size_t other_size, size_t most);
EXPORTED uint32_t afl_custom_fuzz_count(struct mutator *m, const uint8_t *data, size_t size);
EXPORTED const char *afl_custom_describe(struct mutator *m, size_t most);
EXPORTED int32_t afl_custom_init_trim(struct mutator *m, uint8_t *data, size_t size);
EXPORTED size_t afl_custom_trim(struct mutator *m, uint8_t **out);
EXPORTED int32_t afl_custom_post_trim(struct mutator *m, uint8_t success);

void *afl_custom_init(void *afl, unsigned int seed)
{
    struct mutator *m = calloc(1, sizeof(*m));

    (void)afl;
    if (!m) {
        perror("p2mcheck: the mutator");
        exit(1);
    }
    m->prng.state = seed;
    return m;
}

void afl_custom_deinit(struct mutator *m)
{
    free(m);
}

size_t afl_custom_fuzz(struct mutator *m, uint8_t *data, size_t size, uint8_t **out, uint8_t *other,
                       size_t other_size, size_t most)
{
    if (most > CODEC_MAX)
        most = CODEC_MAX;
    *out = m->out;
    if (other && prng_one_in(&m->prng, SPLICE_ONE_IN)) {
        m->last = "splice";
        return mutate_cross(target_vocabulary, data, size, other, other_size, m->out, most,
                            prng_next(&m->prng));
    }
    m->last = "change";
    if (size > most)
        size = most;
    memcpy(m->out, data, size);
    for (unsigned rounds = 1u << prng_below(&m->prng, ROUNDS); rounds--;)
        size = mutate_bytes(target_vocabulary, m->out, size, most, prng_next(&m->prng));
    return size;
}

uint32_t afl_custom_fuzz_count(struct mutator *m, const uint8_t *data, size_t size)
{
    (void)m, (void)data, (void)size;
    return OUTPUTS;
}

/* Part of the file's name in the queue. */
const char *afl_custom_describe(struct mutator *m, size_t most)
{
    return m->last && strlen(m->last) <= most ? m->last : "";
}

/* ---- trimming ---- */

/* A record that is cut short at the end is an op, too. */
static size_t ops_in(size_t size)
{
    return size <= CODEC_BOOT ? 0 : (size - CODEC_BOOT + CODEC_OP - 1) / CODEC_OP;
}

/* The engine goes on as long as the number of the step is below what is answered here. */
int32_t afl_custom_init_trim(struct mutator *m, uint8_t *data, size_t size)
{
    if (size > CODEC_MAX || !ops_in(size))
        return 0;
    memcpy(m->kept, data, size);
    m->size = size;
    m->span = (ops_in(size) + 1) / 2;
    m->at = 0;
    return 1;
}

size_t afl_custom_trim(struct mutator *m, uint8_t **out)
{
    size_t from = CODEC_BOOT + m->at * CODEC_OP, to = from + m->span * CODEC_OP;

    if (to > m->size)
        to = m->size;
    memcpy(m->out, m->kept, from);
    memcpy(m->out + from, m->kept + to, m->size - to);
    m->tried_size = m->size - (to - from);
    *out = m->out;
    return m->tried_size;
}

/* Spans of half the ops, of a quarter, and so on down to single ops. */
int32_t afl_custom_post_trim(struct mutator *m, uint8_t success)
{
    if (success) {
        memcpy(m->kept, m->out, m->tried_size);
        m->size = m->tried_size;
    } else {
        m->at += m->span;
    }
    while (m->at >= ops_in(m->size)) {
        if (m->span <= 1 || !ops_in(m->size))
            return 1;
        m->span /= 2;
        m->at = 0;
    }
    return 0;
}
