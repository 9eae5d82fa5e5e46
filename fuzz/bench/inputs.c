// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * For `make bench` alone: a mutator that ignores what it is given and hands out
 * ready cases of P2MCHECK_BENCH_OPS calls each, the same ones in the same order to every
 * target. So two targets
 * can be compared on the same inputs under the same engine. Linked to a target that is to be
 * measured, and to an empty one.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/codec.h"
#include "props/base/uninstrumented.h"
#include "props/case/generate.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

UNINSTRUMENTED_BEGIN

#define INPUTS 4096

static struct {
    size_t size;
    uint8_t *bytes;
} inputs[INPUTS];

static void make_inputs(void)
{
    const char *text = getenv("P2MCHECK_BENCH_OPS");
    unsigned ops = text ? (unsigned)atoi(text) : 16;
    static uint8_t bytes[CODEC_MAX];
    static struct test_case c;
    struct prng prng = {20111};

    for (unsigned i = 0; i < INPUTS; i++) {
        generate_case(&prng, &generate_calls, ops >= 1 && ops <= CASE_OPS ? ops : 16, &c);
        inputs[i].size = codec_encode(VOCABULARY_OPS, &c, bytes);
        inputs[i].bytes = malloc(inputs[i].size);
        if (!inputs[i].bytes)
            abort();
        memcpy(inputs[i].bytes, bytes, inputs[i].size);
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    static unsigned next;
    unsigned i = next++ % INPUTS;

    (void)size, (void)seed;
    if (!inputs[0].bytes)
        make_inputs();
    if (inputs[i].size > max_size)
        return 0;
    memcpy(data, inputs[i].bytes, inputs[i].size);
    return inputs[i].size;
}

UNINSTRUMENTED_END
