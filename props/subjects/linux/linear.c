// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The linear era, 3.19 to today: the list is an array in virtual memory, of which shared
 * pages, mapped read-only, are the missing and the identical parts. The kernel's own
 * p2m.c is included below; its text is not here.
 *
 * Its page tables are emulated, so that pages can be small. The array is memory
 * that holds what the mapped pages hold, refreshed whenever a table changes:
 *
 *     p2m_pmd[]  -->  pte page  -->  page of the list  ==  its part of `area`
 *
 * The file sees it read-only, so that the instruction that stores to it is caught; we write
 * to it by another mapping. A store that the file knows may fault asks the tables, and goes to
 * both; it has no other to a writable page, either.
 */
#define _GNU_SOURCE /* memfd_create */
#include <sys/mman.h>
#include <unistd.h>

#include "shim.h"

KERNEL_BEGIN
#include <asm/xen/page.h>

/* In PFNs; the file wants GiB: a fraction. */
static unsigned long hotplug_limit;
#define CONFIG_XEN_MEMORY_HOTPLUG_LIMIT 1 * (hotplug_limit * PAGE_SIZE / 1073741824.0)
#define CONFIG_XEN_BALLOON_MEMORY_HOTPLUG_LIMIT CONFIG_XEN_MEMORY_HOTPLUG_LIMIT

#include LINUX_P2M_C

/* Calls into the file: what is inlined here is hooked as well. */
SHIM static unsigned long enter_get(unsigned long pfn)
{
    return __pfn_to_mfn(pfn);
}

SHIM static unsigned long enter_to_mfn(unsigned long pfn)
{
    return pfn_to_mfn(pfn);
}

SHIM static unsigned long enter_range(unsigned long start, unsigned long end)
{
    return set_phys_range_identity(start, end);
}
KERNEL_END

UNHOOKED_BEGIN

#include "kernel_globals.inc"
#include "shim.inc"
#include "views.inc"

enum { MISSING, IDENTITY, MID_MISSING, MID_IDENTITY };
#define SLOTS ((unsigned long)shim_slots)
#define TABLE MAX_DOMAIN_PAGES /* PFNs */
/* The array has at most so many page tables and PFNs: a table of 512 GiB is not all of it. */
enum { PMDS = P2M_TOP < 8 ? P2M_TOP : P2M_LEAF < 256 ? 8 : 4 };
#define ARRAY ((unsigned long)PMDS * SLOTS * SLOTS)

bool shim_slab;
#define AREA_BYTES (ARRAY * sizeof(unsigned long))
static unsigned long *area NOT_PUT_BACK, *writable NOT_PUT_BACK; /* the same memory */
static bool all_invalid[PMDS * P2M_LEAF] NOT_PUT_BACK; /* pages of `area` that hold INVALID alone */
#define p2m_pmd ((pmd_t *)swapper_pg_dir)              /* the root page of the tables */
static bool mapped;                                    /* the list is in `area` */
static unsigned long *first_list;

/* Aligned as the file aligns it; what is left over stays unused. */
static void *map_area(int file, int rights)
{
    char *room = mmap(NULL, AREA_BYTES + PMD_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *at;

    if (room == MAP_FAILED)
        __builtin_trap();
    at = mmap((void *)ALIGN((unsigned long)room, PMD_SIZE), AREA_BYTES, rights,
              MAP_SHARED | MAP_FIXED, file, 0);
    if (at == MAP_FAILED)
        __builtin_trap();
    return at;
}

__attribute__((constructor)) static void make_area(void)
{
    int file = memfd_create("p2m", 0);

    if (file < 0 || ftruncate(file, AREA_BYTES))
        __builtin_trap();
    area = map_area(file, PROT_READ);
    writable = map_area(file, PROT_READ | PROT_WRITE);
    close(file);
}

/* ---- page tables ---- */

static void *page_of(unsigned long entry)
{
    return (void *)(entry & PAGE_MASK);
}

static bool in_area(unsigned long address)
{
    return address - (unsigned long)area < AREA_BYTES;
}

static unsigned long pfn_at(unsigned long address)
{
    return (address - (unsigned long)area) / sizeof(unsigned long);
}

static pte_t *pte_page(unsigned long pmd)
{
    return page_of(p2m_pmd[pmd].pmd);
}

/* One page of the array becomes what the page behind it holds; a shared one holds INVALID. */
static void refresh(unsigned long leaf)
{
    pte_t *ptes = pte_page(leaf / SLOTS);
    void *page = ptes ? page_of(ptes[leaf % SLOTS].pte) : NULL;
    bool shared = page == p2m_missing || page == p2m_identity;

    if (!page || (shared && all_invalid[leaf]))
        return;
    memcpy(writable + leaf * SLOTS, page, PAGE_SIZE);
    all_invalid[leaf] = shared;
}

static void refresh_pmd(unsigned long pmd)
{
    for (unsigned long i = 0; i < SLOTS; i++)
        refresh(pmd * SLOTS + i);
}

/*
 * Outside the array there is nothing once it is mapped. Before that the file looks up the
 * builder's list, and pages by their own addresses. The m2p override looks up pages of the guest.
 */
static pte_t *pte_of(unsigned long address)
{
    static pte_t elsewhere[LINUX_CALLS];
    pte_t *own = &elsewhere[linux_running_call()];

    if (!in_area(address)) {
        own->pte = (address & PAGE_MASK) | 3;
        return !mapped || (LINUX_OVERRIDE && PFN_DOWN(address) < TABLE) ? own : NULL;
    }
    if (!pte_page(pfn_at(address) / SLOTS / SLOTS))
        return NULL;
    return pte_page(pfn_at(address) / SLOTS / SLOTS) + pfn_at(address) / SLOTS % SLOTS;
}

/* It reads the entry of a mid. */
pte_t *shim_lookup_address(unsigned long address, unsigned *level)
{
    *level = PG_LEVEL_4K;
    if (in_area(address))
        linux_point(P2M_LOAD, &p2m_pmd[pfn_at(address) / SLOTS / SLOTS], sizeof(pmd_t), 0);
    return pte_of(address);
}

pte_t shim_pfn_pte(unsigned long pfn, pgprot_t prot)
{
    return (pte_t){pfn << PAGE_SHIFT | prot.pgprot};
}

unsigned long shim_pte_pfn(pte_t pte)
{
    return pte.pte >> PAGE_SHIFT;
}

#include "tools4.inc"

void shim_set_pte(pte_t *ptep, pte_t pte)
{
    linux_point(P2M_CALL, ptep, 0, 0);
    linux_fence(); /* it is a hypercall */
    *ptep = pte;
    for (unsigned long pmd = 0; pmd < PMDS; pmd++)
        if (pte_page(pmd) && pte_page(pmd) == page_of((unsigned long)ptep)) {
            tables_change();
            refresh(pmd * SLOTS + (ptep - pte_page(pmd)));
        }
}

void shim_set_pmd(pmd_t *pmdp, pmd_t pmd)
{
    linux_point(P2M_CALL, pmdp, 0, 0);
    linux_fence();
    *pmdp = pmd;
    tables_change();
    refresh_pmd(pmdp - p2m_pmd);
}

pmd_t *shim_pmd_of(unsigned long address)
{
    return in_area(address) ? &p2m_pmd[pfn_at(address) / SLOTS / SLOTS] : NULL;
}

pte_t *shim_populate_pte(unsigned long address)
{
    pmd_t *pmd = shim_pmd_of(address);

    if (!pmd->pmd)
        pmd->pmd = (unsigned long)linux_boot_page() | _KERNPG_TABLE;
    return pte_of(address);
}

void shim_vm_area(struct vm_struct *vm)
{
    BUG_ON(vm->size > AREA_BYTES);
    vm->addr = area;
}

/* One step: the look at the tables, and the two stores of the emulation. */
int shim_safe_write(unsigned long *address, unsigned long value)
{
    unsigned long *copy = NULL, pfn = pfn_at((unsigned long)address);
    pte_t *pte;

    linux_point(P2M_CALL, address, 0, 0);
    pte = pte_of((unsigned long)address);
    if (!pte)
        return -14;
    if (in_area((unsigned long)address)) {
        if (!(pte->pte & 2))
            return -14;
        copy = writable + pfn;
        address = (unsigned long *)page_of(pte->pte) + pfn % SLOTS;
    }
    linux_store(address, copy);
    *address = value;
    if (copy)
        *copy = value;
    return 0;
}

#include "sizes.inc"

/* ---- calls ---- */

static unsigned long *first_leaves[ARRAY / P2M_LEAF] NOT_PUT_BACK; /* for the harness: see below */

/* A leaf that extra memory has a part of looks like a page of its own. */
static unsigned long *first_leaf(unsigned long pfn)
{
    unsigned long extra = extra_pages(pfn, pfn + SLOTS), *page;

    if (!extra || extra == SLOTS)
        return linux_sealed_page(extra ? MISSING : IDENTITY);
    page = linux_boot_page();
    for (unsigned i = 0; i < SLOTS; i++)
        page[i] = xen_chk_extra_mem(pfn + i);
    return page;
}

static void draw_leaves(void)
{
    for (unsigned long pfn = 0; pfn < ARRAY; pfn += SLOTS)
        first_leaves[pfn / SLOTS] = pfn < list_end ? first_list + pfn : first_leaf(pfn);
}

static void drop_leaves(void)
{
    for (unsigned long pfn = list_end; pfn < ARRAY; pfn += SLOTS)
        if (first_leaves[pfn / SLOTS] != linux_sealed_page(MISSING) &&
            first_leaves[pfn / SLOTS] != linux_sealed_page(IDENTITY))
            linux_put_page(first_leaves[pfn / SLOTS]);
}

static void build(unsigned long *mfn_list, unsigned long nr_pages, bool auto_translated)
{
    first_list = mfn_list;
    choose_sizes(nr_pages);
    nr_pages = min(nr_pages, list_end);
    if (nr_pages % 2 || !nr_pages || list_end - nr_pages >= SLOTS) {
        for (unsigned long pfn = nr_pages; pfn < list_end; pfn++)
            mfn_list[pfn] = INVALID_P2M_ENTRY;
        nr_pages = list_end;
    }
    start_info.mfn_list = (unsigned long)mfn_list;
    start_info.nr_pages = nr_pages;
    start_info.flags = linux_tools4 ? SIF_VIRT_P2M_4TOOLS : 0;
    xen_build_dynamic_phys_to_machine();
    xen_max_p2m_pfn = extra_end; /* setup.c's share */
    draw_leaves();
}

static void make_list(void)
{
    bool first = !mapped;

    if (first) {
        swapper_pg_dir = linux_boot_page();
        drop_leaves();
        xen_vmalloc_p2m_tree();
        mapped = true;
    }
    for (unsigned long pmd = 0; pmd < PMDS; pmd++) /* the toolstack wrote to the pages */
        refresh_pmd(pmd);
    memset(&shared_info, 0, sizeof(shared_info));
    unwatch_tables();
    xen_build_mfn_list_list();
#if LINUX_NONRAM
    if (first)
        xen_do_remap_nonram();
#endif
    xen_setup_mfn_list_list();
    watch_tables();
    shim_slab = true;
}

static unsigned long get(unsigned long pfn)
{
    return enter_get(pfn);
}

#include "grants.inc"

/* ---- a tree of it, for the harness ---- */

static unsigned long **made_top[P2M_TOP] NOT_PUT_BACK, *made_mid[PMDS][P2M_MID] NOT_PUT_BACK;
static unsigned long *made_missing[P2M_MID] NOT_PUT_BACK, *made_identity[P2M_MID] NOT_PUT_BACK;

static void expect_pages(void)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        if (p2m_missing[i] != INVALID_P2M_ENTRY)
            linux_shared_page_written(MISSING, i);
        if (p2m_identity[i] != INVALID_P2M_ENTRY)
            linux_shared_page_written(IDENTITY, i);
        if (page_of(p2m_missing_pte[i].pte) != p2m_missing)
            linux_shared_page_written(MID_MISSING, i);
        if (page_of(p2m_identity_pte[i].pte) != p2m_identity)
            linux_shared_page_written(MID_IDENTITY, i);
    }
}

static unsigned draw_mapped(void)
{
    unsigned private_tables = 0;

    expect_pages();
    for (unsigned long ti = 0; ti < P2M_TOP; ti++) {
        pte_t *ptes = ti < PMDS ? pte_page(ti) : NULL;

        if (!ptes) { /* beyond the array */
            made_top[ti] = made_identity;
            continue;
        }
        for (unsigned long mi = 0; mi < P2M_MID; mi++) {
            made_mid[ti][mi] = page_of(ptes[mi].pte);
        }
        made_top[ti] = ptes == p2m_missing_pte    ? made_missing
                       : ptes == p2m_identity_pte ? made_identity
                                                  : made_mid[ti];
        private_tables += made_top[ti] == made_mid[ti];
    }
    return private_tables;
}

/* Before it is mapped: pages of the builder's list, and what is behind it. */
static void draw_first(void)
{
    for (unsigned long ti = 0; ti < P2M_TOP; ti++) {
        made_top[ti] = ti < PMDS ? made_mid[ti] : made_identity;
        for (unsigned long mi = 0; ti < PMDS && mi < P2M_MID; mi++)
            made_mid[ti][mi] = first_leaves[ti * P2M_MID + mi];
    }
}

static void look(struct linux_view *view)
{
    unsigned long *missing = mapped ? p2m_missing : linux_sealed_page(MISSING);
    unsigned long *identity = mapped ? p2m_identity : linux_sealed_page(IDENTITY);

    *view =
        (struct linux_view){made_top, p2m_top_mfn,  p2m_top_mfn_p, p2m_mid_missing_mfn,   missing,
                            identity, made_missing, made_identity, .synthetic_view = true};
    for (unsigned mi = 0; mi < P2M_MID; mi++) {
        made_missing[mi] = missing;
        made_identity[mi] = identity;
    }
    if (mapped)
        view->roots = draw_mapped() + 4 + (p2m_top_mfn ? 3 : 0) + 1; /* shared ones, the roots */
    else
        draw_first();
}

/* A store to the array: through the mapping of a shared page? */
static bool on_store(unsigned long address)
{
    pte_t *pte;

    if (!in_area(address))
        return false;
    pte = pte_of(address);
    if (pte && page_of(pte->pte) == p2m_missing)
        linux_shared_page_written(MISSING, pfn_at(address) % SLOTS);
    if (pte && page_of(pte->pte) == p2m_identity)
        linux_shared_page_written(IDENTITY, pfn_at(address) % SLOTS);
    linux_plain_store();
}

/* ---- windows ---- */

/* The page behind `pfn`, which the array has. */
static unsigned long *made_of(unsigned long pfn)
{
    return page_of(pte_of((unsigned long)(area + pfn))->pte);
}

static bool is_shared(const unsigned long *leaf)
{
    return leaf == p2m_missing || leaf == p2m_identity;
}

/* From the store that follows the test, until the hint and what the toolstack reads are the same.
 */
static bool max_pfn_moves(unsigned kind, const volatile void *address)
{
#if LINUX_LAST_PFN
    return (kind == P2M_STORE && address == &xen_p2m_last_pfn) ||
           xen_p2m_last_pfn != HYPERVISOR_shared_info->arch.max_pfn;
#else
    return false;
#endif
}

#define ONE(name) ((uint64_t)1 << LINUX_##name)

static bool is_in(const volatile void *p, const void *page)
{
    return page && (unsigned long)p - (unsigned long)page < PAGE_SIZE;
}

static uint64_t open(unsigned long pfn, unsigned kind, const volatile void *address)
{
    uint64_t windows = 0;
    unsigned ti;

    if (max_pfn_moves(kind, address))
        windows |= ONE(F9);
    if (kind == P2M_LOAD && pfn < ARRAY && is_shared(made_of(pfn)))
        windows |= ONE(F11);
    if (!p2m_top_mfn || pfn >= MAX_P2M_PFN)
        return windows;
    ti = p2m_top_index(pfn);
    if (p2m_top_mfn[ti] != virt_to_mfn(p2m_top_mfn_p[ti]))
        windows |= ONE(C3);
    if (kind == P2M_LOAD && is_in(address, p2m_top_mfn))
        windows |= ONE(C3b);
    return windows;
}

/* ---- known defects ---- */

static uint64_t shows(const struct linux_call *call)
{
    bool identity = call->arg >> 62 & 1 && call->arg != INVALID_P2M_ENTRY;

    if (call->kind != LINUX_SET)
        return 0;
    if (call->pfn >= (mapped ? xen_p2m_size : TABLE))
        return call->arg != INVALID_P2M_ENTRY ? ONE(F4) : call->pfn < TABLE ? ONE(B17) : 0;
    if (mapped && made_of(call->pfn) == p2m_identity && !identity)
        return ONE(F1);
    return identity && call->arg != (call->pfn | 1ul << 62) ? ONE(B5) : 0;
}

static uint64_t shows_overlapping(const struct linux_call *outer, const struct linux_call *inner)
{
    uint64_t windows = ONE(F9);

    if (outer->kind != LINUX_SET || inner->kind != LINUX_SET || outer->pfn >= TABLE ||
        inner->pfn >= TABLE)
        return 0;
    if (p2m_top_index(outer->pfn) == p2m_top_index(inner->pfn))
        windows |= ONE(C3) | ONE(C3b);
    if (outer->pfn / SLOTS == inner->pfn / SLOTS)
        windows |= ONE(F11);
    return windows;
}

static unsigned long covers(void)
{
    unsigned long end = max(extra_end, hotplug_limit);

    return mapped ? xen_p2m_size : ALIGN(end, SLOTS * SLOTS);
}

/* The array, and what is noted of it. */
static void *more_state(unsigned n, size_t *bytes)
{
    const struct {
        void *at;
        size_t bytes;
    } parts[] = {{writable, AREA_BYTES},
                 {all_invalid, sizeof(all_invalid)},
                 {first_leaves, sizeof(first_leaves)},
                 {NULL, 0}};

    *bytes = parts[n].bytes;
    return parts[n].at;
}

const struct linux_file linux_file = {
    .name = LINUX_NAME,
    .mode = LINUX_MODE,
    .foreign_bit = FOREIGN_FRAME_BIT,
    .ranges_first = true,
    .beyond_is_identity = true,
    .linear = true,
    .build = build,
    .make_list = make_list,
    .get = get,
    .pfn_to_mfn = enter_to_mfn,
    .set = set_phys_to_machine,
    .set_noalloc = __set_phys_to_machine,
    .range = range,
    .boot_range = boot_range,
    .covers = covers,
    .more_state = more_state,
    .on_store = on_store,
    .range_is_possible = range_is_possible,
    .look = look,
    GRANT_CALLS,
    .shows = shows,
    .shows_overlapping = shows_overlapping,
    .open = open,
    .kernel_boot = xen_build_dynamic_phys_to_machine,
    .kernel_get = get_phys_to_machine,
    .kernel_set = set_phys_to_machine,
    .kernel_set_noalloc = __set_phys_to_machine,
    .kernel_range = set_phys_range_identity,
    .kernel_resume = xen_build_mfn_list_list,
#if LINUX_NONRAM
    .remap = remap,
#endif
#if LINUX_TOOLS4
    .list = list,
    .list_page = list_page,
#endif
    .other_view = other_view,
    .dump = LINUX_DUMP ? dump : NULL,
    .max_pfn = &shared_info.arch.max_pfn,
    .frame_list_list = &shared_info.arch.pfn_to_mfn_frame_list_list,
};

UNHOOKED_END

#include "sections.inc"
