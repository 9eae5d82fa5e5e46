// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Target `setup`: a guest of a kernel boots, by the kernel's own setup.c, on the machine that the
 * memory map and the boot record of the case describe. Only with SUBJECT=linux.
 */
#include <stdio.h>
#include <stdlib.h>

#include "props/subject.h"
#include "target.h"

const enum vocabulary target_vocabulary = VOCABULARY_SETUP;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!&subject_setup) {
        fprintf(stderr, "setup: this program has no setup.c: SUBJECT=linux LINUX=TREE\n");
        exit(2);
    }
    subject_under_test = &subject_setup;
    return target_run("setup", target_vocabulary, data, size);
}
