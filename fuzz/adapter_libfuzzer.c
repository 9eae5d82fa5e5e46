// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer's custom mutator and crossover. The engine finds these functions by their
 * names; the target gives the vocabulary. A target whose input is not a case has none, so
 * the engine uses its own mutations.
 */
#include "mutate.h"
#include "target.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2,
                                 size_t size2, uint8_t *out, size_t max_out_size,
                                 unsigned int seed);

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* Weak: some targets lack the one, some engines the other. */
#pragma weak target_vocabulary
#pragma weak LLVMFuzzerMutate

static bool is_on(void)
{
    const enum vocabulary *volatile vocabulary = &target_vocabulary;

    return vocabulary && !target_without(WITHOUT_MUTATOR);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    if (!is_on())
        return LLVMFuzzerMutate ? LLVMFuzzerMutate(data, size, max_size) : size;
    return mutate_bytes(target_vocabulary, data, size, max_size, seed);
}

/*
 * Answers 0, so that the engine mutates in another way. It requests a crossover every second
 * time, which is too often: most results have been run before.
 */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2,
                                 size_t size2, uint8_t *out, size_t max_out_size, unsigned int seed)
{
    if (!is_on() || seed % 8)
        return 0;
    return mutate_cross(target_vocabulary, data1, size1, data2, size2, out, max_out_size, seed);
}
