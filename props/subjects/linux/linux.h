/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's own arch/x86/xen/p2m.c as a subject, of the version this program is linked with. */
#ifndef PROPS_SUBJECTS_LINUX_LINUX_H
#define PROPS_SUBJECTS_LINUX_LINUX_H

#include "../../subject.h"

const struct subject *subject_linux(void);

#endif
