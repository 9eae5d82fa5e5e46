/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmocka, after the headers that it needs. */
#ifndef PROPS_TESTS_UNIT_H
#define PROPS_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#endif
