// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer's custom mutator and crossover. The engine finds these functions by their
 * names; which vocabulary, the target says. One whose input is no case has none, and is
 * left to the engine's own mutations.
 */
#include "mutate.h"
#include "target.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2,
                                 size_t size2, uint8_t *out, size_t max_out_size,
                                 unsigned int seed);

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* Not each target has the one, not each engine the other. */
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
 * Nothing: the engine then mutates in another way. It asks for a mixture every second time,
 * which is too often: most of one has been run before.
 */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2,
                                 size_t size2, uint8_t *out, size_t max_out_size, unsigned int seed)
{
    if (!is_on() || seed % 8)
        return 0;
    return mutate_cross(target_vocabulary, data1, size1, data2, size2, out, max_out_size, seed);
}
