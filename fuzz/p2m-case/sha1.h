/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-1, by which the engines name the inputs that they collect. */
#ifndef FUZZ_P2M_CASE_SHA1_H
#define FUZZ_P2M_CASE_SHA1_H

#include <stddef.h>

#define SHA1_DIGITS 40

/* The hash in hexadecimal digits, NUL-terminated. */
void sha1(const void *data, size_t size, char digits[SHA1_DIGITS + 1]);

#endif
