/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host of the guest: its pages (pages.c), their MFNs and the mfn_list
 * that the domain builder made (frames.c, list.c, own.c), their addresses (places.c), refusals, and
 * sync points (sync.h). There is one host in a process; host_reset renews it without a system call.
 *
 * Pages come from an arena with a gap behind each, in no predictable order,
 * never zeroed. A freed page is not handed out again in the same case. Under
 * ASan gaps and freed pages are poisoned; otherwise they hold a pattern, which
 * host_redzones_dirty() checks.
 */
#ifndef PROPS_HOST_HOST_H
#define PROPS_HOST_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/p2m.h"
#include "props/base/invariants.h"
#include "props/base/uninstrumented.h"
#include "props/case/builder.h"
#include "sync.h"

UNINSTRUMENTED_BEGIN

#if P2M_LEAF >= 256
/* Powers of two. Two builds of a whole table, one of them refused, and 256 calls fit. */
#define HOST_PAGES (P2M_TOP > 512 ? 8192 : 4096)
#define HOST_SHUFFLED 4096
#define HOST_GAP P2M_PAGE_BYTES /* so pages are aligned to their size, as a kernel's are */
#else
#define HOST_PAGES 2048
#define HOST_SHUFFLED HOST_PAGES
#define HOST_GAP 64
#endif
/* The leaves of a mfn_list that are ordinary memory, one more for the gap behind it included. */
#define HOST_DENSE_LEAVES                                                                          \
    ((1u << 18) / P2M_LEAF + 10 < P2M_TOP * P2M_MID + 4 ? (1u << 18) / P2M_LEAF + 10               \
                                                        : P2M_TOP * P2M_MID + 4)
/* True if a list can be longer (list.c). Then leaves must be whole pages, and addresses have 64
 * bits. */
#define HOST_SPARSE_LISTS                                                                          \
    (UINTPTR_MAX > UINT32_MAX && P2M_LEAF * (P2M_WORD_BITS / 8) == 4096 &&                         \
     P2M_TOP * P2M_MID > HOST_DENSE_LEAVES)
#define HOST_LIST_LEAVES (HOST_SPARSE_LISTS ? P2M_TOP * P2M_MID + 2 : HOST_DENSE_LEAVES)
#define HOST_STRIDE ((P2M_PAGE_BYTES + HOST_GAP + 63) / 64 * 64)
/* Without ASan so many bytes of a gap are checked, on either side of a page. */
#define HOST_REDZONE (HOST_STRIDE - P2M_PAGE_BYTES < 256 ? HOST_STRIDE - P2M_PAGE_BYTES : 256)

#define HOST_GRANTS 4096 /* mapped at a time; more than a case can ask for */

/*
 * The pages of the guest that hold its own tree (boot flag judge): successive PFNs. Each has a
 * number: first the four shared pages, then the leaves of the mfn_list, then pages of the arena.
 * A page that is freed gives its number to another one.
 */
struct host_own {
    unsigned count; /* 0: no page of the tree is a page of the guest */
    p2m_word first; /* PFN and MFN of number 0 */
    p2m_word mfn;
    unsigned listed;             /* leaves of the mfn_list among them */
    unsigned spares;             /* length of spare */
    uint16_t spare[OWN_PAGES];   /* numbers that no page has */
    uint16_t number[HOST_PAGES]; /* of a live page of the arena; 0: none was left */
    uint16_t page[OWN_PAGES];    /* of a number: the page of the arena */
    bool lacking;   /* a page came when no number was left; a kernel in a small geometry */
    unsigned stale; /* (tests) the machine does not know this one's PFN; 0: none */
};

enum host_page_state { HOST_NEVER, HOST_LIVE, HOST_FREED };

struct host {
    unsigned taken;     /* pages allocated in this case */
    unsigned live;      /* of these, not yet freed */
    unsigned freed;     /* length of freed_page */
    unsigned refuse_in; /* the refuse_in-th allocation from now is refused; 0: none */
    bool refused;       /* one was, since host_arm() */
    unsigned epoch;     /* resumes so far */
    p2m_word shift;     /* their sum, added to every MFN */
    p2m_word mfn_of_pages, mfn_of_leaves, mfn_of_shared; /* the first, before the first resume */
    uint8_t state[HOST_PAGES];
    uint16_t freed_page[HOST_PAGES];
    size_t list_words;                   /* of the mfn_list, whole leaves */
    struct p2m_shared_info *info;        /* the shared info page; each resume brings a new one */
    bool info_dirty;                     /* an old one was written to */
    bool initialized;                    /* for the subject: it has begun this case */
    unsigned grants;                     /* length of grant */
    uint16_t grants_refused;             /* bit i: slot i of the next batch is refused */
    struct p2m_grant grant[HOST_GRANTS]; /* that the hypervisor has mapped, in no order */
    const char *grants_wrong;            /* the first wrong grant operation; NULL: none */
    struct p2m_grant grant_wrong;        /* its slot */
    struct host_own own;
};

extern struct host host;
/* Places for the shared pages, for a list, and the arena, in ascending order (places.c). */
#define HOST_SHARED_ROOM (4 * ((P2M_PAGE_BYTES + 65535) / 65536 * 65536) + 65536)
#define HOST_GUARD_BYTES 65536 /* behind a list: a loop that stores on and on faults at once */
struct host_memory {
    uint8_t lowest[HOST_SHARED_ROOM];
    p2m_word list[HOST_DENSE_LEAVES * P2M_LEAF];
    uint8_t guard[2 * HOST_GUARD_BYTES];
    uint8_t middle[HOST_SHARED_ROOM];
    uint8_t arena[HOST_PAGES * HOST_STRIDE] __attribute__((aligned(4096)));
    uint8_t higher[HOST_SHARED_ROOM];
};
extern struct host_memory host_memory;
#define host_arena host_memory.arena

extern p2m_word *host_list;

/* Makes all places (host_start does it). */
void host_places_start(void);

/* Chooses the places of a case, by one of BOOT_ORDERS orders of addresses. */
void host_arrange(unsigned order);

/* Is the list below the arena in this order? A long list never is. */
bool host_order_has_low_list(unsigned order);

/* The list must be the upper one, since it is long. */
void host_list_is_upper(void);

/* Call once in a process: the shared pages, sealed; the traps on writes to them. */
void host_start(void);

/* The instruction that ended the case by a store to what is read-only; 0: none, or unknown. */
extern uintptr_t host_store;

/* Called at a fault elsewhere; returns if the fault is not its own. NULL: not called. */
extern void (*host_fault_elsewhere)(uintptr_t address);

/* Traps stores to the shared pages, and to a list that is all holes, again, if other code took
   SIGSEGV. */
void host_watch_faults(void);

/* Resets everything. */
void host_reset(void);

/* Arms the next call: its n-th allocation is refused (0: none). */
static inline void host_arm(unsigned refuse)
{
    host.refuse_in = refuse;
    host.refused = false;
}

/* A page as core/platform.h requires, NULL if refused. */
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
 * True if a freed page, or a gap around a page, was written to, except in the
 * first `from` allocated pages; always false under ASan, which traps such a write.
 */
bool host_redzones_dirty(unsigned from);

/* Takes back allocations until `taken` pages are allocated; frees until `freed` are freed. */
void host_rollback_allocs(unsigned taken);
void host_rollback_frees(unsigned freed);

/* An odd factor makes a permutation of a part of the arena; successive pages are not neighbours. */
static inline unsigned host_nth_page(unsigned n)
{
    unsigned part = n & ~(HOST_SHUFFLED - 1u);

    return part | ((n * 157u + 41u) & (HOST_SHUFFLED - 1));
}

static inline uint8_t *host_page_at(unsigned index)
{
    return host_arena + (size_t)index * HOST_STRIDE;
}

/* Sealed pages, in the order of enum host_shared_page. */
enum host_shared_page {
    HOST_IDENTITY,
    HOST_MISSING,
    HOST_MID_MISSING,
    HOST_MID_IDENTITY,
    HOST_SHARED_PAGES
};
extern struct p2m_shared host_shared;

void *host_shared_page(enum host_shared_page page);

/* The shared page (enum host_shared_page) that holds this byte, or -1. */
int host_shared_index(const void *page);

/* The byte of it that has this address. */
unsigned host_shared_offset(uintptr_t address);

/* The invariant that a store to the page violates. */
enum invariant host_shared_invariant(enum host_shared_page page);

/* True if the shared page is unchanged. */
bool host_shared_intact(enum host_shared_page page);

/* Takes write protection off the shared pages, or puts it on (tests only). */
void host_seal(bool sealed);

/*
 * The hypervisor's grant operation, as core/platform.h requires. Refuses the slots of
 * host.grants_refused of a mapped batch. An unmap of a slot that is not mapped, and a
 * second map of a PFN, change nothing; the first one is noted in host.grants_wrong.
 */
void host_grant(bool map, struct p2m_grant *slots, unsigned count);

/* The current MFN of a page: of the arena, of the mfn_list, or shared. INVALID: not a page. */
p2m_word host_virt_to_mfn(const void *page);

/* The same of arena page `index`, and of leaf `index` of the mfn_list. */
static inline p2m_word host_arena_mfn(unsigned index)
{
    if (host.own.count && host.own.number[index])
        return host.own.mfn + host.own.number[index];
    return (host.mfn_of_pages + index + host.shift) & MFN_MASK;
}
static inline p2m_word host_leaf_mfn(unsigned index)
{
    if (index < host.own.listed)
        return host.own.mfn + HOST_SHARED_PAGES + index;
    return (host.mfn_of_leaves + index + host.shift) & MFN_MASK;
}

/* True if pages of each kind had MFNs of their own with this base in the place of another. */
bool host_mfns_differ(const struct builder *builder, enum mfn_base which, p2m_word base);

/* The page that currently has this MFN, or NULL. */
void *host_mfn_to_virt(p2m_word mfn);

/* All MFNs change, and the shared info page is replaced; the old one is poisoned. */
void host_resume(void);

/* Makes shared info page number `index` the current one, all others poisoned. */
#define HOST_INFOS 4
void host_info_select(unsigned index);
bool host_old_info_written(void); /* never under ASan, which traps the write */
unsigned host_info_index(void);

/* Pages have the MFNs that the builder says. */
void host_mfns_begin(const struct builder *builder);

/* What mmap answered; ends the program if that failed. */
void *host_must_map(void *mapping);

/*
 * A file of `bytes` that are all ones. Mapped privately, again and again, it is memory that reads
 * all ones and takes room only where something is stored. The caller closes it.
 */
int host_ones_file(size_t bytes);

/* The builder's mfn_list, whole leaves, padded with garbage; and the MFNs of pages. */
p2m_word *host_mfn_list(const struct builder *builder);

/* No list (host_reset does it). */
void host_list_reset(void);

/* A store to what was all INVALID (a fault): it is noted and may go on; false: it may not. */
bool host_list_fault(uintptr_t address);

/* True if nobody can have stored to this leaf of the list, so that each of its entries is INVALID.
 */
extern uint8_t host_leaf_stored[HOST_SPARSE_LISTS ? HOST_LIST_LEAVES : 1];
static inline bool host_leaf_is_pristine(unsigned index)
{
    return HOST_SPARSE_LISTS && index >= HOST_DENSE_LEAVES && !host_leaf_stored[index];
}

/* For a subject that needs a longer list: room for `words` in all, contents undefined. */
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

/* The pages of the guest that hold its tree (own.c): for a new list; and when pages come and go. */
void host_own_start(const struct builder *builder);
void host_own_list(void);
void host_own_take(unsigned index);
void host_own_give(unsigned index);

/* The page with this MFN among them, or NULL. */
void *host_own_page(p2m_word mfn);

/* True if the list is unchanged, padding included. */
bool host_list_intact(const struct builder *builder);

UNINSTRUMENTED_END

#endif
