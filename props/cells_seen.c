// SPDX-License-Identifier: GPL-2.0-only
/*
 * One block of code a cell, for engines: the one file of props/ that is instrumented
 * as the core is. The statement in each case is different, so that no compiler makes
 * one block of two.
 */
#include "cells.h"

#define CASE(n)                                                                                    \
    case (n):                                                                                      \
        __asm__ volatile("" ::"i"(n));                                                             \
        break;
#define CASES4(n) CASE(n) CASE((n) + 1) CASE((n) + 2) CASE((n) + 3)
#define CASES16(n) CASES4(n) CASES4((n) + 4) CASES4((n) + 8) CASES4((n) + 12)
#define CASES64(n) CASES16(n) CASES16((n) + 16) CASES16((n) + 32) CASES16((n) + 48)
#define CASES256(n) CASES64(n) CASES64((n) + 64) CASES64((n) + 128) CASES64((n) + 192)

_Static_assert(CELLS_SHOWN <= 256 + 64, "each cell has a block");

#if defined(__clang__)
__attribute__((noinline, optnone))
#else
__attribute__((noinline, optimize("O0")))
#endif
void cells_seen(unsigned cell)
{
    switch (cell) {
        CASES256(0)
        CASES64(256)
    default:
        break;
    }
}
