/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HARNESS_BEGIN ... HARNESS_END around a file of the harness keeps a fuzzing
 * engine's coverage, and the sanitizers, out of it: only the core is to guide
 * the engine, and checking everything after every op must cost little. It is
 * done here and not by compiler flags, because a fuzzing service gives all files
 * the same flags. -DHARNESS_SANITIZED (a build of the tests) turns it off.
 */
#ifndef PROPS_QUIET_H
#define PROPS_QUIET_H

#if defined(__clang__) && !defined(HARNESS_SANITIZED)
/* clang-format off */
#define HARNESS_BEGIN \
    _Pragma("clang attribute push(__attribute__((no_sanitize(\"coverage\", \"address\", \"undefined\"))), apply_to = function)")
/* clang-format on */
#define HARNESS_END _Pragma("clang attribute pop")
#else
#define HARNESS_BEGIN
#define HARNESS_END
#endif

#endif
