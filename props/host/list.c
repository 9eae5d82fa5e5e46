// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mfn_list that the domain builder lends: see host.h. Its first leaves are ordinary memory. In
 * the big geometries it can be as long as the table, which no memory could hold:
 *
 *     |- dense: HOST_DENSE_LEAVES -|- sparse: up to MAX_P2M_PFN -|- guard -|
 *
 * The sparse part reads INVALID everywhere: one piece of a file is mapped again and again. It is
 * read-only until somebody stores there; then the fault lets the leaf be written, and notes it.
 * So the checks know, without a look, that all other leaves are as the builder made them. Stores
 * in one leaf after another are those of a range: each such fault lets twice as many be written.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host.h"
#include "props/base/asan.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

#define LEAF_BYTES (P2M_LEAF * sizeof(p2m_word))
#define LIST_BYTES (HOST_LIST_LEAVES * LEAF_BYTES)
#define DENSE_BYTES (HOST_DENSE_LEAVES * LEAF_BYTES)
#define PIECE ((size_t)1 << 21)

uint8_t host_leaf_stored[HOST_SPARSE_LISTS ? HOST_LIST_LEAVES : 1];

static bool sparse_is_mapped, any_stored;
static unsigned let_from, let_end; /* the leaves that the last fault let be written */

/* ---- the sparse part ---- */

static void map_sparse(void)
{
    int file = host_ones_file(PIECE);
    uint8_t *at = (uint8_t *)host_list + DENSE_BYTES, *const end =
                                                          (uint8_t *)host_list + LIST_BYTES;

    for (size_t size; at < end; at += size) {
        size = (size_t)(end - at) < PIECE ? (size_t)(end - at) : PIECE;
        host_must_map(mmap(at, size, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, file, 0));
    }
    close(file);
    sparse_is_mapped = true;
}

static bool let_store(unsigned from, unsigned end)
{
    if (mprotect(host_list + (size_t)from * P2M_LEAF, (end - from) * LEAF_BYTES,
                 PROT_READ | PROT_WRITE))
        return false;
    memset(host_leaf_stored + from, true, end - from);
    any_stored = true;
    let_from = from;
    let_end = end;
    return true;
}

bool host_list_fault(uintptr_t address)
{
    uintptr_t offset;
    unsigned leaf, end, most;

    if (!HOST_SPARSE_LISTS)
        return false;
    offset = address - (uintptr_t)host_list;
    if (offset >= host.list_words * sizeof(p2m_word))
        return false;
    leaf = (unsigned)(offset / LEAF_BYTES);
    most = (unsigned)(host.list_words / P2M_LEAF);
    end = leaf == let_end ? leaf + 2 * (let_end - let_from) : leaf + 1;
    return leaf >= HOST_DENSE_LEAVES && !host_leaf_stored[leaf] &&
           let_store(leaf, end < most ? end : most);
}

/* The first leaf from `leaf` on that may have been stored to, or not; HOST_LIST_LEAVES: none. */
static unsigned next_leaf(unsigned leaf, bool stored)
{
    const uint8_t *at =
        any_stored ? memchr(host_leaf_stored + leaf, stored, HOST_LIST_LEAVES - leaf) : NULL;

    return at ? (unsigned)(at - host_leaf_stored) : HOST_LIST_LEAVES;
}

/* The leaves read INVALID again. */
static void forget_leaves(unsigned from, unsigned end)
{
    p2m_word *at = host_list + (size_t)from * P2M_LEAF;
    size_t bytes = (end - from) * LEAF_BYTES;

    if (madvise(at, bytes, MADV_DONTNEED) || mprotect(at, bytes, PROT_READ)) {
        perror("p2mcheck: the mfn_list");
        exit(1);
    }
    memset(host_leaf_stored + from, false, end - from);
}

static void forget_stores(void)
{
    for (unsigned from = HOST_DENSE_LEAVES, end; (from = next_leaf(from, true)) < HOST_LIST_LEAVES;
         from = end)
        forget_leaves(from, end = next_leaf(from, false));
    any_stored = false;
    let_from = let_end = 0;
}

/* ---- its contents ---- */

/* Its leaf pages, and the one behind a table's last. */
static p2m_word words_of(const struct boot *boot)
{
    const uint64_t most = HOST_SPARSE_LISTS ? MAX_P2M_PFN + P2M_LEAF : boot_max_pages(&shape_here);
    uint64_t pages = boot->nr_pages < most ? boot->nr_pages : most;

    return (p2m_word)((pages + P2M_LEAF - 1) / P2M_LEAF * P2M_LEAF);
}

/* A leaf as the builder makes it: entries, then garbage. */
static void make_leaf(const struct builder *builder, p2m_word first, p2m_word *leaf)
{
    uint64_t left = builder->boot.nr_pages > first ? builder->boot.nr_pages - first : 0;
    p2m_word entries = left < P2M_LEAF ? (p2m_word)left : P2M_LEAF;

    builder_fill(builder, first, entries, leaf);
    for (p2m_word i = entries; i < P2M_LEAF; i++)
        leaf[i] = (p2m_word)0xdead000 + first + i;
}

/* Does the builder store in this leaf of the sparse part, an entry or garbage? */
static bool is_made(const struct builder *builder, p2m_word first)
{
    uint64_t pages = builder->boot.nr_pages;
    bool made = first < pages && pages - first < P2M_LEAF;

    for (unsigned i = 0; i < builder->named; i++)
        made = made || builder->name[i].pfn - first < P2M_LEAF;
    return made;
}

/* Calls fn for each leaf that need not be all INVALID; false: fn answered false. */
static bool each_leaf(const struct builder *builder, p2m_word words,
                      bool (*fn)(const struct builder *builder, p2m_word first))
{
    p2m_word dense = HOST_DENSE_LEAVES * (p2m_word)P2M_LEAF;
    p2m_word tail = words > P2M_LEAF ? words - P2M_LEAF : 0;

    for (p2m_word first = 0; first < words && first < dense; first += P2M_LEAF)
        if (!fn(builder, first))
            return false;
    if (words <= dense)
        return true;
    for (unsigned i = 0; i < builder->named; i++) {
        p2m_word first = builder->name[i].pfn - builder->name[i].pfn % P2M_LEAF;

        if (first >= dense && first < words && !fn(builder, first))
            return false;
    }
    return fn(builder, tail);
}

static bool put_leaf(const struct builder *builder, p2m_word first)
{
    if (HOST_SPARSE_LISTS && first / P2M_LEAF >= HOST_DENSE_LEAVES) {
        unsigned leaf = (unsigned)(first / P2M_LEAF);

        if (!is_made(builder, first))
            return true;
        if (!host_leaf_stored[leaf])
            let_store(leaf, leaf + 1);
    }
    make_leaf(builder, first, host_list + first);
    return true;
}

static bool leaf_is_intact(const struct builder *builder, p2m_word first)
{
    p2m_word want[P2M_LEAF];

    make_leaf(builder, first, want);
    return !memcmp(want, host_list + first, sizeof(want));
}

bool host_list_intact(const struct builder *builder)
{
    for (unsigned leaf = HOST_DENSE_LEAVES; (leaf = next_leaf(leaf, true)) < HOST_LIST_LEAVES;
         leaf++)
        if (!leaf_is_intact(builder, (p2m_word)leaf * P2M_LEAF))
            return false;
    return each_leaf(builder, host.list_words, leaf_is_intact);
}

void host_list_reset(void)
{
    if (ASAN_IS_ON && host.list_words)
        __asan_unpoison_memory_region(host_list + host.list_words, LEAF_BYTES);
    host.list_words = 0;
    forget_stores();
}

void host_stretch_list(p2m_word words)
{
    if (ASAN_IS_ON && host.list_words)
        __asan_unpoison_memory_region(host_list + host.list_words, LEAF_BYTES);
    host.list_words = words;
    host_own_list();
    if (ASAN_IS_ON && words)
        __asan_poison_memory_region(host_list + words, LEAF_BYTES);
}

p2m_word *host_mfn_list(const struct builder *builder)
{
    p2m_word words = words_of(&builder->boot);

    if (words > HOST_DENSE_LEAVES * (p2m_word)P2M_LEAF) {
        host_list_is_upper();
        host_watch_faults();
        if (!sparse_is_mapped)
            map_sparse();
    }
    host_mfns_begin(builder);
    forget_stores();
    each_leaf(builder, words, put_leaf);
    if (words)
        host_stretch_list(words);
    host_own_start(builder);
    return host_list;
}

UNINSTRUMENTED_END
