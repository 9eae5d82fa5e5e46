/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The harness's side of target `setup`, in parts. */
#ifndef PROPS_SUBJECTS_LINUX_SETUP_HARNESS_H
#define PROPS_SUBJECTS_LINUX_SETUP_HARNESS_H

#include <stdio.h>

#include "../platform.h"
#include "guest.h"
#include "props/case/ops.h"

/*
 * The guest that a case describes, with its frames dealt (guest.c); what would show a masked defect
 * is left out. False: there can be none, the machine has too little RAM.
 */
bool setup_guest_make(const struct test_case *c, struct setup_guest *guest);

/* The same without frames; `moves`: as if it were known that list or initrd must move. */
bool setup_guest_describe(const struct test_case *c, struct setup_guest *guest, bool moves);

/* The list or the initrd is not in RAM: the kernel has to move it. */
bool setup_image_moves(const struct setup_guest *guest);

/*
 * Leaves out what would show a masked defect (masks.c): of the map, once the number of pages is
 * known; of the rest, once the image is placed. False: there is no such guest then.
 */
bool setup_mask_map(struct setup_guest *guest, bool moves);
bool setup_mask_image(struct setup_guest *guest);

/* A defect that is masked, and that this version may have (masks.c). */
bool setup_knows(enum linux_defect defect);

/* Defects of this version that the memory map of a case can show: their masks change the guest. */
uint64_t setup_met_by_map(const struct test_case *c);

/* What a boot left, in words (show.c). */
void setup_show(FILE *out, const struct setup_guest *guest, const struct setup_seen *seen);

#endif
