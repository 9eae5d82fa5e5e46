/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Included in front of the kernel's files: each round of each of their loops is counted, so that a
 * loop without an end is found without a clock. kernel.c takes the two words back behind them.
 */
#define for(...)                                                                                   \
    for (__VA_ARGS__)                                                                              \
        if (shim_round(__func__)) {                                                                \
        } else
#define while(...) while (!shim_round(__func__) && (__VA_ARGS__))
