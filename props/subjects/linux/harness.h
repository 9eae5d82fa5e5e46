/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The harness's side of the kernel's file, in parts: each adds its members to the subject, as far
 * as the linked version has what they need.
 */
#ifndef PROPS_SUBJECTS_LINUX_HARNESS_H
#define PROPS_SUBJECTS_LINUX_HARNESS_H

#include "platform.h"
#include "props/check/run.h"

/* The list in virtual memory (tools4.c). */
void linux_tools4_describe(struct subject *subject);

/* Other lookups and the dump (views.c). */
void linux_views_describe(struct subject *subject);

#endif
