/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pages that a peer lends to the p2m (peer.h): handed out, refused, counted, guarded. */
#ifndef PROPS_PEERS_PAGES_H
#define PROPS_PEERS_PAGES_H

#include <stdbool.h>

#include "core/geometry.h"

/* All pages are new: four shared ones, and an mfn_list of `length` entries, the answer. */
p2m_word *pages_begin(p2m_word length, void *shared[4]);
void pages_end(void); /* fails if anything was written that was not lent */

/* For a struct p2m_platform. */
void *pages_alloc(void *ctx);
void pages_free(void *ctx, void *page);
p2m_word pages_mfn_of(void *ctx, const void *page);

/* What a toolstack does; NULL: no live page has this MFN. */
const p2m_word *page_of_mfn(p2m_word mfn);

void pages_resumed(void); /* every page has a new MFN */

/* The next call is not given its page number `which`, from 1 on; 0: it is given all. */
void pages_refuse(unsigned which);
bool pages_refused(void);   /* it was */
unsigned pages_asked(void); /* since then */
unsigned pages_live(void);

/* Says what is wrong. Does not return. */
void peer_fail(const char *what) __attribute__((noreturn));

#endif
