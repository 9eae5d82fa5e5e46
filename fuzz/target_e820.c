// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Target `e820`: a memory map, sane or not, through xen_set_identity, held
 * against a classification page by page; then calls on top of it.
 */
#include "target.h"

const enum vocabulary target_vocabulary = VOCABULARY_E820;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return target_run("e820", target_vocabulary, data, size);
}
