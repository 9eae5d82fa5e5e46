// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Under ASan each page is one malloc, so that ASan finds errors. Otherwise pages
 * are in one block, none is used twice in a case, and gaps and freed pages are
 * filled with a pattern that must be unchanged at the end.
 */
#include "pages.h"

#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ASAN 1
#endif
#endif
#ifndef ASAN
#define ASAN 0
#endif

#define PAGES_MAX 4096
#define GAP 64
#define STRIDE (P2M_PAGE_BYTES + GAP)
#define LONGEST                                                                                    \
    (P2M_TOP * P2M_MID * P2M_LEAF > 4096 ? P2M_MID_SPAN + 2 * P2M_LEAF : MAX_P2M_PFN + P2M_LEAF)
#define PATTERN 0xd5

static struct {
    unsigned char *page[PAGES_MAX];
    bool live[PAGES_MAX];
    unsigned count, live_count, asked, refuse, epoch;
    bool refused;
    p2m_word *list;
    p2m_word length;
} p;

static unsigned char block[ASAN ? 1 : PAGES_MAX * STRIDE] __attribute__((aligned(64)));
static p2m_word list[ASAN ? 1 : LONGEST + GAP];

/* The page of slot `i`, lent from now on, its contents arbitrary. */
static void *lend(unsigned i)
{
    unsigned char *page = ASAN ? malloc(P2M_PAGE_BYTES) : block + (ASAN ? 0 : i * STRIDE);

    memset(page, 0xa7, P2M_PAGE_BYTES);
    if (!ASAN)
        memset(page + P2M_PAGE_BYTES, PATTERN, GAP);
    p.page[i] = page;
    p.live[i] = true;
    return page;
}

p2m_word *pages_begin(p2m_word length, void *shared[4])
{
    for (unsigned i = 0; ASAN && i < p.count; i++)
        if (p.live[i])
            free(p.page[i]);
    if (ASAN)
        free(p.list);
    p.count = p.live_count = p.asked = p.refuse = p.epoch = 0;
    p.refused = false;
    for (; p.count < 4; p.count++)
        shared[p.count] = lend(p.count);
    p.length = length;
    p.list = ASAN ? malloc(length * sizeof(*p.list) + !length) : list;
    if (!ASAN)
        memset(list + length, PATTERN, GAP * sizeof(*list));
    return p.list;
}

static bool is_pattern(const unsigned char *at, size_t bytes)
{
    return *at == PATTERN && !memcmp(at, at + 1, bytes - 1);
}

void pages_end(void)
{
    if (ASAN)
        return;
    for (unsigned i = 0; i < p.count; i++)
        if (!is_pattern(p.page[i] + (p.live[i] ? P2M_PAGE_BYTES : 0), p.live[i] ? GAP : STRIDE))
            peer_fail("written behind a page, or to a freed page");
    if (!is_pattern((unsigned char *)(list + p.length), GAP * sizeof(*list)))
        peer_fail("written behind the mfn_list");
}

void *pages_alloc(void *ctx)
{
    (void)ctx;
    if (++p.asked == p.refuse || p.count == PAGES_MAX) {
        p.refused = true;
        return NULL;
    }
    p.live_count++;
    return lend(p.count++);
}

/* The slot of a page, or of a freed one; p.count: none. Searches late ones first. */
static unsigned slot_of(const void *page)
{
    size_t at = (size_t)((const unsigned char *)page - block);

    if (!ASAN)
        return at < p.count * STRIDE && at % STRIDE == 0 ? (unsigned)(at / STRIDE) : p.count;
    for (unsigned i = p.count; i-- > 0;)
        if (p.live[i] && p.page[i] == page)
            return i;
    return p.count;
}

void pages_free(void *ctx, void *page)
{
    unsigned i = slot_of(page);

    (void)ctx;
    if (i == p.count || i < 4 || !p.live[i])
        peer_fail("freed an address that is not a page");
    p.live[i] = false;
    p.live_count--;
    if (ASAN)
        free(page);
    else
        memset(page, PATTERN, P2M_PAGE_BYTES);
}

/* An MFN is the machine, and the number of a page: those of the list behind the others. */
#define MACHINE 0x1000000u

p2m_word pages_mfn_of(void *ctx, const void *page)
{
    unsigned i = slot_of(page);

    (void)ctx;
    if (i == p.count) {
        size_t at = (size_t)((const p2m_word *)page - p.list);

        if (at >= p.length)
            peer_fail("asked for the MFN of an address that is not a page");
        i = PAGES_MAX + (unsigned)at;
    } else if (!p.live[i]) {
        peer_fail("asked for the MFN of a freed page");
    }
    return (p.epoch + 1) * MACHINE + i;
}

const p2m_word *page_of_mfn(p2m_word mfn)
{
    p2m_word i = mfn - (p.epoch + 1) * (p2m_word)MACHINE;

    if (i < p.count)
        return p.live[i] ? (const p2m_word *)p.page[i] : NULL;
    return i >= PAGES_MAX && i - PAGES_MAX < p.length ? p.list + (i - PAGES_MAX) : NULL;
}

void pages_resumed(void)
{
    p.epoch++;
}

void pages_refuse(unsigned which)
{
    p.asked = 0;
    p.refused = false;
    p.refuse = which;
}

bool pages_refused(void)
{
    return p.refused;
}

unsigned pages_asked(void)
{
    return p.asked;
}

unsigned pages_live(void)
{
    return p.live_count;
}
