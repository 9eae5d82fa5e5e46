/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest with the boot flag judge has its tree in pages of its own (props/host/host.h). A call
 * that would change the entry of such a page is not made: a real kernel does not give away the
 * pages of its tree either, and no toolstack could save a guest that did.
 */
#ifndef PROPS_RUN_OWN_PAGES_H
#define PROPS_RUN_OWN_PAGES_H

#include "props/check/run.h"

/* True if the op leaves these entries alone. */
bool own_pages_allow(const struct op *op);

/* The boot with room for these pages: more pages, but no more than the table has. */
void own_pages_fit(struct boot *boot);

#endif
