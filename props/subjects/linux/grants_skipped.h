/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Batches of grants that are not made on the kernel's file: grants.c for subject.c. */
#ifndef PROPS_SUBJECTS_LINUX_GRANTS_SKIPPED_H
#define PROPS_SUBJECTS_LINUX_GRANTS_SKIPPED_H

#include <stdbool.h>
#include <stdint.h>

#include "props/case/ops.h"

/* Each slot has a page of the guest: none is beyond the table, or the list. */
bool grants_are_possible(const struct op *op);

/* Known defects that the batch would show, as a set of 1 << enum linux_defect. */
uint64_t grants_show(const struct op *op);

#endif
