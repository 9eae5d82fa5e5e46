// SPDX-License-Identifier: GPL-2.0-or-later
/* MFNs of the host's pages, the shared info pages, and grants: see host.h. */
#include <string.h>

#include "host.h"
#include "props/base/asan.h"
#include "props/base/uninstrumented.h"
#include "props/base/verdict.h"

UNINSTRUMENTED_BEGIN

/* ---- MFNs ---- */

p2m_word host_virt_to_mfn(const void *page)
{
    int index = host_page_index(page);
    uintptr_t in_list = (uintptr_t)page - (uintptr_t)host_list;
    int shared = host_shared_index(page);

    if (index >= 0)
        return host_arena_mfn((unsigned)index);
    if (in_list < host.list_words * sizeof(p2m_word))
        return host_leaf_mfn((unsigned)(in_list / (P2M_LEAF * sizeof(p2m_word))));
    if (shared >= 0)
        return host.own.count ? host.own.mfn + (p2m_word)shared
                              : (host.mfn_of_shared + host.shift + (p2m_word)shared) & MFN_MASK;
    return INVALID_P2M_ENTRY;
}

/* Shared pages follow on the arena's, if those are not where they usually are. */
static p2m_word first_of_shared(p2m_word pages)
{
    return pages == MFN_OF_PAGES ? MFN_OF_SHARED : (pages + HOST_PAGES) & MFN_MASK;
}

void host_mfns_begin(const struct builder *builder)
{
    host.mfn_of_pages = builder->base[MFN_BASE_PAGES];
    host.mfn_of_leaves = builder->base[MFN_BASE_LEAVES];
    host.mfn_of_shared = first_of_shared(host.mfn_of_pages);
}

/* Do [a, a + many) and [b, b + few) have nothing in common? MFNs wrap. */
static bool are_apart(p2m_word a, p2m_word many, p2m_word b, p2m_word few)
{
    return ((b - a) & MFN_MASK) >= many && ((a - b) & MFN_MASK) >= few;
}

bool host_mfns_differ(const struct builder *builder, enum mfn_base which, p2m_word base)
{
    p2m_word pages = which == MFN_BASE_PAGES ? base : builder->base[MFN_BASE_PAGES];
    p2m_word leaves = which == MFN_BASE_LEAVES ? base : builder->base[MFN_BASE_LEAVES];
    p2m_word shared = first_of_shared(pages);
    const p2m_word most = P2M_TOP * P2M_MID + 4; /* also where no list is that long */

    return are_apart(pages, HOST_PAGES, leaves, most) &&
           are_apart(shared, HOST_SHARED_PAGES, leaves, most) &&
           are_apart(pages, HOST_PAGES, shared, HOST_SHARED_PAGES);
}

/* How far the MFN is behind the first of some pages. */
static p2m_word from(p2m_word first, p2m_word mfn)
{
    return (mfn - first - host.shift) & MFN_MASK;
}

void *host_mfn_to_virt(p2m_word mfn)
{
    p2m_word number;

    if (mfn - host.own.mfn < host.own.count)
        return host_own_page(mfn);
    if (mfn > MFN_MASK)
        return NULL;
    number = from(host.mfn_of_pages, mfn);
    if (number < HOST_PAGES)
        return host.state[number] == HOST_LIVE ? host_page_at((unsigned)number) : NULL;
    number = from(host.mfn_of_shared, mfn);
    if (number < HOST_SHARED_PAGES)
        return host_shared_page((enum host_shared_page)number);
    number = from(host.mfn_of_leaves, mfn);
    return number < host.list_words / P2M_LEAF ? host_list + number * P2M_LEAF : NULL;
}

void host_resume(void)
{
    host.epoch++;
    host.shift = mfn_after_resume(host.shift);
    host.own.mfn = mfn_after_resume(host.own.mfn);
    host.info_dirty |= host_old_info_written();
    host_info_select((host_info_index() + 1) % HOST_INFOS);
}

/* ---- the shared info pages ---- */

#define OLD_INFO 0x6b /* the contents of an old one */

static struct {
    struct p2m_shared_info info;
    uint8_t gap[64 - sizeof(struct p2m_shared_info)];
} infos[HOST_INFOS] __attribute__((aligned(64)));

unsigned host_info_index(void)
{
    return (unsigned)(((uintptr_t)host.info - (uintptr_t)infos) / sizeof(infos[0]));
}

void host_info_select(unsigned index)
{
    for (unsigned i = 0; i < HOST_INFOS; i++) {
        __asan_unpoison_memory_region(&infos[i], sizeof(infos[i]));
        memset(&infos[i], i == index ? 0 : OLD_INFO, sizeof(infos[i]));
        if (i != index)
            __asan_poison_memory_region(&infos[i], sizeof(infos[i]));
    }
    host.info = &infos[index].info;
}

/* Whole words, without a branch, so that it vectorises. */
bool host_old_info_written(void)
{
    enum { WORDS = sizeof(infos[0]) / sizeof(uint64_t) };
    unsigned current = host_info_index();
    uint64_t bad = 0;

    for (unsigned i = 0; i < HOST_INFOS && !ASAN_IS_ON; i++) {
        uint64_t words[WORDS];

        memcpy(words, &infos[i], sizeof(words));
        for (unsigned k = 0; i != current && k < WORDS; k++)
            bad |= words[k] ^ UINT64_C(0x0101010101010101) * OLD_INFO;
    }
    return bad;
}

/* ---- grants ---- */

static struct p2m_grant *find_grant(p2m_word pfn)
{
    for (unsigned i = 0; i < host.grants; i++)
        if (host.grant[i].pfn == pfn)
            return &host.grant[i];
    return NULL;
}

/* The call goes on: other invariants may come before GRANTS_ACCOUNTED. */
static void wrong_grant(const char *what, const struct p2m_grant *slot)
{
    if (host.grants_wrong)
        return;
    host.grants_wrong = what;
    host.grant_wrong = *slot;
}

static void map_grant(struct p2m_grant *slot)
{
    if (find_grant(slot->pfn) || host.grants == HOST_GRANTS)
        wrong_grant("expected one grant to be mapped, got a second", slot);
    else
        host.grant[host.grants++] = *slot;
}

static void unmap_grant(const struct p2m_grant *slot)
{
    struct p2m_grant *mapped = find_grant(slot->pfn);

    if (!mapped || mapped->mfn != slot->mfn)
        wrong_grant("expected a mapped grant, got an unmap of none", slot);
    else
        *mapped = host.grant[--host.grants];
}

void host_grant(bool map, struct p2m_grant *slots, unsigned count)
{
    sync_fence();
    for (unsigned i = 0; i < count; i++) {
        if (slots[i].failed)
            continue;
        if (!map)
            unmap_grant(&slots[i]);
        else if (i < 16 && host.grants_refused >> i & 1)
            slots[i].failed = true;
        else
            map_grant(&slots[i]);
    }
}

UNINSTRUMENTED_END
