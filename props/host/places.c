// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The addresses of the host's pages: see host.h. Code that compares pages by their addresses is
 * right in some order of the arena, the mfn_list and the shared pages. So a case says which of the
 * six it has, and there are more places than pages:
 *
 *     host_memory: | shared | list | shared | arena | shared |   mapped, above: | list | shared |
 *
 * The list that may be as long as the table (list.c) is the upper one, whatever the order says.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

struct host_memory host_memory __attribute__((aligned(4096)));
struct p2m_shared host_shared;
p2m_word *host_list;

enum { LOWEST, MIDDLE, HIGHER, TOP, SHARED_PLACES };

/* Of the shared pages, and whether the list is the lower one, in each order. */
static const struct {
    uint8_t shared;
    bool low_list;
} orders[BOOT_ORDERS] = {
    {TOP, false},    /* arena, list, shared pages */
    {HIGHER, false}, /* arena, shared pages, list */
    {LOWEST, false}, /* shared pages, arena, list */
    {HIGHER, true},  /* list, arena, shared pages */
    {MIDDLE, true},  /* list, shared pages, arena */
    {LOWEST, true},  /* shared pages, list, arena */
};

static uint8_t *shared_area, *shared_place[SHARED_PLACES];
static p2m_word *upper_list;
static size_t shared_stride;

void *host_shared_page(enum host_shared_page page)
{
    return shared_area + page * shared_stride;
}

int host_shared_index(const void *page)
{
    uintptr_t offset = (uintptr_t)page - (uintptr_t)shared_area;

    return offset < HOST_SHARED_PAGES * shared_stride ? (int)(offset / shared_stride) : -1;
}

unsigned host_shared_offset(uintptr_t address)
{
    return (unsigned)((address - (uintptr_t)shared_area) % shared_stride);
}

static void protect(void *at, size_t bytes, int how)
{
    if (mprotect(at, bytes, how)) {
        perror("p2mcheck: mprotect");
        exit(1);
    }
}

void host_seal(bool sealed)
{
    protect(shared_area, HOST_SHARED_PAGES * shared_stride,
            sealed ? PROT_READ : PROT_READ | PROT_WRITE);
}

static void make_current(unsigned place)
{
    shared_area = shared_place[place];
    host_shared.missing = host_shared_page(HOST_MISSING);
    host_shared.identity = host_shared_page(HOST_IDENTITY);
    host_shared.mid_missing = host_shared_page(HOST_MID_MISSING);
    host_shared.mid_identity = host_shared_page(HOST_MID_IDENTITY);
}

static void fill_shared(void)
{
    void *const pages[] = {host_shared_page(HOST_MISSING), host_shared_page(HOST_IDENTITY),
                           host_shared_page(HOST_MID_MISSING), host_shared_page(HOST_MID_IDENTITY)};

    p2m_shared_init(&host_shared, pages);
    host_seal(true);
}

static uint8_t *whole_pages(uint8_t *room, size_t page)
{
    return room + (page - (uintptr_t)room % page) % page;
}

/* The upper list up to its end, a guard, and the topmost shared pages. */
static void map_upper(size_t page)
{
    size_t list = (HOST_LIST_LEAVES * P2M_LEAF * sizeof(p2m_word) + page - 1) / page * page;
    size_t dense = (HOST_DENSE_LEAVES * P2M_LEAF * sizeof(p2m_word) + page - 1) / page * page;
    size_t guard = (HOST_GUARD_BYTES + page - 1) / page * page;
    size_t shared = HOST_SHARED_PAGES * shared_stride;
    uint8_t *at = host_must_map(mmap(NULL, list + guard + shared, PROT_NONE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));

    upper_list = (p2m_word *)(void *)at;
    protect(upper_list, dense, PROT_READ | PROT_WRITE);
    shared_place[TOP] = at + list + guard;
    protect(shared_place[TOP], shared, PROT_READ | PROT_WRITE);
}

void host_places_start(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    shared_stride = (P2M_PAGE_BYTES + page - 1) / page * page;
    map_upper(page);
    shared_place[LOWEST] = whole_pages(host_memory.lowest, page);
    shared_place[MIDDLE] = whole_pages(host_memory.middle, page);
    shared_place[HIGHER] = whole_pages(host_memory.higher, page);
    protect(whole_pages(host_memory.guard, page), page, PROT_READ);
    for (unsigned place = 0; place < SHARED_PLACES; place++) {
        make_current(place);
        fill_shared();
    }
    host_arrange(0);
}

void host_arrange(unsigned order)
{
    make_current(orders[order].shared);
    host_list = orders[order].low_list ? host_memory.list : upper_list;
}

bool host_order_has_low_list(unsigned order)
{
    return orders[order].low_list;
}

void host_list_is_upper(void)
{
    host_list = upper_list;
}

UNINSTRUMENTED_END
