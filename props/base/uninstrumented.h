/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UNINSTRUMENTED_BEGIN ... UNINSTRUMENTED_END around a file of the harness keeps a fuzzing
 * engine's coverage, and the sanitizers, out of it: only the core is to guide
 * the engine, and checking everything after every op must cost little. It is
 * done here and not by compiler flags, because a fuzzing service gives all files
 * the same flags. -DHARNESS_SANITIZED (a build of the tests) turns it off.
 */
#ifndef PROPS_BASE_UNINSTRUMENTED_H
#define PROPS_BASE_UNINSTRUMENTED_H

#if defined(__clang__) && !defined(HARNESS_SANITIZED)
/* clang-format off */
#define UNINSTRUMENTED_BEGIN \
    _Pragma("clang attribute push(__attribute__((no_sanitize(\"coverage\", \"address\", \"undefined\"))), apply_to = function)")
/* clang-format on */
#define UNINSTRUMENTED_END _Pragma("clang attribute pop")
#else
#define UNINSTRUMENTED_BEGIN
#define UNINSTRUMENTED_END
#endif

#endif
