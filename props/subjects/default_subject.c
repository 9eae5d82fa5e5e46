// SPDX-License-Identifier: GPL-2.0-or-later
/* The subject under test is the core, unless a program is linked with another choice. */
#include "props/base/asan.h"
#include "props/subject.h"

const struct subject *subject_under_test = &subject_core;

/*
 * The core allocates no memory of its own, and the arena keeps freed pages apart by itself. So what
 * malloc gives a target is the engine's, and ASan need not keep that after it is freed.
 * ASAN_OPTIONS overrides this.
 */
#if ASAN_IS_ON && !defined(HARNESS_SANITIZED)
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=0:thread_local_quarantine_size_kb=0:malloc_context_size=0";
}
#endif
