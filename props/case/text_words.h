/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words that the printer and the reader of texts share. */
#ifndef PROPS_CASE_TEXT_WORDS_H
#define PROPS_CASE_TEXT_WORDS_H

#include "ops.h"

#define TEXT_E820_NAMES 6

extern const struct text_e820 {
    unsigned type;
    const char *name;
} text_e820_names[TEXT_E820_NAMES];

extern const char *const text_mfn_bases[MFN_BASES];
extern const char *const text_boot_flags[BOOT_FLAG_KINDS];

#endif
