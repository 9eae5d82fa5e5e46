/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pages that a peer lends to the p2m (peer.h): handed out, refused, counted, guarded. */
#ifndef PROPS_PEERS_PAGES_H
#define PROPS_PEERS_PAGES_H

#include <stdbool.h>

#include "core/geometry.h"

/* All pages are new: four shared ones, and an mfn_list of `length` entries, which it answers. */
p2m_word *pages_begin(p2m_word length, void *shared[4]);
void pages_end(void); /* fails if a write went outside the lent pages */

/* For a struct p2m_platform. */
void *pages_alloc(void *ctx);
void pages_free(void *ctx, void *page);
p2m_word pages_mfn_of(void *ctx, const void *page);

/* The toolstack's mapping of an MFN; NULL: no live page has it. */
const p2m_word *page_of_mfn(p2m_word mfn);

void pages_resumed(void); /* every page has a new MFN */

/* Refuses page number `which` of the next call, from 1 on; 0: none. */
void pages_refuse(unsigned which);
bool pages_refused(void);   /* the page was refused */
unsigned pages_asked(void); /* allocations since then */
unsigned pages_live(void);

/* Prints the error. Does not return. */
void peer_fail(const char *what) __attribute__((noreturn));

#endif
