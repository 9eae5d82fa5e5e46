// SPDX-License-Identifier: GPL-2.0-only
/* Instead of ../chosen.c, with SUBJECT=linux: the kernel's file is under test. */
#include "linux.h"

const struct subject *subject_under_test;

__attribute__((constructor)) static void choose(void)
{
    subject_under_test = subject_linux();
}
