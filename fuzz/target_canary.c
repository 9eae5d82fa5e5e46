// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Target `canary`: `ops` on a subject that is wrong on purpose. It must be found,
 * filed and reproduced; the tests demand it. Not for a fuzzing service.
 */
#include "props/subject.h"
#include "target.h"

const enum vocabulary target_vocabulary = VOCABULARY_OPS;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    subject_under_test = subject_canary();
    return target_run("canary", target_vocabulary, data, size);
}
