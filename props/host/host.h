/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host that the guest runs on: its pages (pages.c), their MFNs and the mfn_list
 * that the domain builder made (frames.c), refusals, and sync points (sync.h). There
 * is one host in a process; host_reset makes it as new, without a system call.
 *
 * Pages come from an arena with a gap behind each, in no predictable order,
 * never zeroed. A freed page is not handed out again in the same case. Under
 * ASan gaps and freed pages are poisoned; otherwise they hold a pattern, which
 * host_redzones_dirty() looks at.
 */
#ifndef PROPS_HOST_HOST_H
#define PROPS_HOST_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/p2m.h"
#include "props/base/invariants.h"
#include "props/base/uninstrumented.h"
#include "props/case/entry.h"
#include "sync.h"

UNINSTRUMENTED_BEGIN

#if P2M_LEAF >= 256
#define HOST_PAGES 4096 /* a power of two */
#define HOST_GAP 256
#else
#define HOST_PAGES 2048
#define HOST_GAP 64
#endif
/* The most leaves a mfn_list has, one more for the gap behind it included. */
#define HOST_LIST_LEAVES                                                                           \
    ((1u << 18) / P2M_LEAF + 10 < P2M_TOP * P2M_MID + 4 ? (1u << 18) / P2M_LEAF + 10               \
                                                        : P2M_TOP * P2M_MID + 4)
/* Behind the list lies a read-only page: a loop that stores on and on faults at once. */
#define HOST_GUARD_WORDS (2 * 65536 / sizeof(p2m_word))
#define HOST_STRIDE ((P2M_PAGE_BYTES + HOST_GAP + 63) / 64 * 64)

enum host_page_state { HOST_NEVER, HOST_LIVE, HOST_FREED };

struct host {
    unsigned taken;     /* pages handed out in this case */
    unsigned live;      /* of these, not yet freed */
    unsigned freed;     /* length of freed_page */
    unsigned refuse_in; /* the refuse_in-th allocation from now is refused; 0: none */
    bool refused;       /* one was, since host_arm() */
    unsigned epoch;     /* resumes so far */
    p2m_word shift;     /* what they added to every MFN */
    uint8_t state[HOST_PAGES];
    uint16_t freed_page[HOST_PAGES];
    size_t list_words; /* of the mfn_list, whole leaves */
    struct p2m_shared_info info;
};

extern struct host host;
extern uint8_t host_arena[HOST_PAGES * HOST_STRIDE];
extern p2m_word host_list[HOST_LIST_LEAVES * P2M_LEAF + HOST_GUARD_WORDS];

/* Puts the guard behind the list (host_start does it). */
void host_guard_list(void);

/* Once in a process: the shared pages, sealed; the traps on writes to them. */
void host_start(void);

/* The instruction that ended the case by a store to what is read-only; 0: none, or unknown. */
extern uintptr_t host_store;

/* Called at a fault elsewhere; returns if the fault is not its own. NULL: not called. */
extern void (*host_fault_elsewhere)(uintptr_t address);

/* Traps stores to the shared pages again, after somebody else took SIGSEGV. */
void host_watch_faults(void);

/* Everything as new. */
void host_reset(void);

/* Arms the next call: its n-th allocation is refused (0: none). */
static inline void host_arm(unsigned refuse)
{
    host.refuse_in = refuse;
    host.refused = false;
}

/* A page as core/platform.h wants it, NULL if refused. */
void *host_page_alloc(void);

/* Takes a page back. A page that is not live ends the case as CORE_BUG. */
void host_page_free(void *page);

/* The number of the arena page that starts at `p`, or -1. */
static inline int host_page_index(const void *p)
{
    uintptr_t offset = (uintptr_t)p - (uintptr_t)host_arena;

    if (offset >= sizeof(host_arena) || offset % HOST_STRIDE)
        return -1;
    return (int)(offset / HOST_STRIDE);
}

/*
 * True if a page freed, or a gap around a page, was written to, of all pages but the
 * first `from` handed out; always false under ASan, which traps it.
 */
bool host_redzones_dirty(unsigned from);

/* Takes back allocations until `taken` pages are handed out; frees until `freed` are freed. */
void host_rollback_allocs(unsigned taken);
void host_rollback_frees(unsigned freed);

/* An odd factor makes a permutation of the arena; neighbours in time are none in space. */
static inline unsigned host_nth_page(unsigned n)
{
    return (n * 157u + 41u) & (HOST_PAGES - 1);
}

static inline uint8_t *host_page_at(unsigned index)
{
    return host_arena + (size_t)index * HOST_STRIDE;
}

/* Sealed pages, in the order of enum host_shared_page. */
enum host_shared_page { HOST_IDENTITY, HOST_MISSING, HOST_MID_MISSING, HOST_MID_IDENTITY };
extern struct p2m_shared host_shared;

void *host_shared_page(enum host_shared_page page);

/* Which of them (enum host_shared_page) holds this byte, or -1. */
int host_shared_index(const void *page);

/* The invariant that a store to the page violates. */
enum invariant host_shared_invariant(enum host_shared_page page);

/* Is the shared page as it was made? */
bool host_shared_intact(enum host_shared_page page);

/* Takes write protection off the shared pages, or puts it on (tests only). */
void host_seal(bool sealed);

/* The MFN now of a page: of the arena, of the mfn_list, or shared. INVALID: not a page. */
p2m_word host_virt_to_mfn(const void *page);

/* The same of arena page `index`, and of leaf `index` of the mfn_list. */
#define HOST_MFN_OF_ARENA ((p2m_word)0x100000)
#define HOST_MFN_OF_LEAVES ((p2m_word)0x200000)
static inline p2m_word host_arena_mfn(unsigned index)
{
    return HOST_MFN_OF_ARENA + index + host.shift;
}
static inline p2m_word host_leaf_mfn(unsigned index)
{
    return HOST_MFN_OF_LEAVES + index + host.shift;
}

/* The page that has this MFN now, or NULL. */
void *host_mfn_to_virt(p2m_word mfn);

/* All MFNs change, and the shared info page is a fresh one. */
void host_resume(void);

/* The builder's mfn_list for this boot, whole leaves, padded with garbage. */
p2m_word *host_mfn_list(const struct boot *boot);

/* For a subject that wants it longer: room for `words` in all, whatever is in it. */
void host_stretch_list(p2m_word words);

/* The number of the mfn_list's leaf that starts at `p`, or -1. */
static inline int host_list_index(const void *p)
{
    uintptr_t offset = (uintptr_t)p - (uintptr_t)host_list;
    size_t stride = P2M_LEAF * sizeof(p2m_word);

    if (offset >= host.list_words * sizeof(p2m_word) || offset % stride)
        return -1;
    return (int)(offset / stride);
}

/* Is the list as host_mfn_list made it, padding included? */
bool host_list_intact(const struct boot *boot);

UNINSTRUMENTED_END

#endif
