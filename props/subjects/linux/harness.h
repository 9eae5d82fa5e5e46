/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The harness's side of the kernel's file, in parts: each adds its members to the subject, as far
 * as the linked version has what they need.
 */
#ifndef PROPS_SUBJECTS_LINUX_HARNESS_H
#define PROPS_SUBJECTS_LINUX_HARNESS_H

#include "platform.h"
#include "props/check/run.h"

/* Windows of known defects for the overlap that follows (points.c): of two calls at these PFNs. */
void linux_close_none(void);
void linux_close(uint64_t defects, unsigned long pfn, unsigned long other_pfn);

/* A sync point where nothing is accessed: windows are closed there as well (points.c). */
void linux_call_point(void);

/* The list in virtual memory (tools4.c). */
void linux_tools4_describe(struct subject *subject);

/* Other lookups and the dump (views.c). */
void linux_views_describe(struct subject *subject);

/* The memory of the boot, and early sets (early.c). */
void linux_early_reset(void);
void linux_early_describe(struct subject *subject);

/* NVS entries of the boot (nvs.c): tells the file of them, before the list is made. */
void linux_nvs_add(void);
void linux_nvs_describe(struct subject *subject);

/* Copies of its state, for searches (copies.c). */
void linux_copies_describe(struct subject *subject);

/* Plain loads and stores: between variables are red zones, which a copy may touch. */
void linux_copy(char *to, const char *from, size_t bytes);

/*
 * Before a boot: the variables of a kernel's files, which `state` tells, are as at the start of the
 * process. *pristine is NULL before the first call, then holds what they were.
 */
typedef void linux_state_fn(char **data, size_t *data_bytes, char **bss, size_t *bss_bytes);
void linux_put_back(char **pristine, linux_state_fn *state);

#endif
