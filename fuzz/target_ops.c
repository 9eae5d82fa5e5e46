// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Target `ops`: random interleaved calls of everything the p2m can do, with
 * refused pages, resumes and every form of boot, checked after each op.
 */
#include "target.h"

const enum vocabulary target_vocabulary = VOCABULARY_OPS;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return target_run("ops", target_vocabulary, data, size);
}
