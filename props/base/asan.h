/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is this file compiled for AddressSanitizer? If not, poisoning memory does nothing. */
#ifndef PROPS_BASE_ASAN_H
#define PROPS_BASE_ASAN_H

#if defined(__SANITIZE_ADDRESS__)
#define ASAN_IS_ON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ASAN_IS_ON 1
#endif
#endif

#ifdef ASAN_IS_ON
#include <sanitizer/asan_interface.h>
#else
#define ASAN_IS_ON 0
#define __asan_poison_memory_region(p, n) ((void)(p), (void)(n))
#define __asan_unpoison_memory_region(p, n) ((void)(p), (void)(n))
#endif

#endif
