// SPDX-License-Identifier: GPL-2.0-or-later
/* Pages, boot and the checks after all threads have ended: see world.h. */
#include "world.h"

#include <inttypes.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "history.h"

_Thread_local struct hand *self;
struct p2m world;
uint64_t world_failures, world_seed, world_round;

static struct p2m_shared shared;
static uint8_t *shared_area;
static size_t shared_size;
static struct p2m_shared_info info;
static p2m_word mfn_list[HISTORY_PFNS];

/* ---- failures ---- */

#define LINES 5 /* one defect shows in many places */

bool world_failed(void)
{
    return __atomic_load_n(&world_failures, __ATOMIC_RELAXED) != 0;
}

void world_fail(const char *format, ...)
{
    uint64_t before = __atomic_fetch_add(&world_failures, 1, __ATOMIC_RELAXED);
    char line[400];
    va_list arguments;
    int length;

    if (before >= LINES)
        return;
    length = snprintf(line, sizeof(line), "race: seed %" PRIu64 ", round %" PRIu64 ": ", world_seed,
                      world_round);
    va_start(arguments, format);
    vsnprintf(line + length, sizeof(line) - (size_t)length, format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s\n", line);
}

/* ---- the platform ---- */

/* In front of each page. */
struct page {
    p2m_word mfn;
    unsigned met; /* in the walk of world_check */
    uint8_t bytes[] __attribute__((aligned(16)));
};

#define MFN_OF_SHARED ((p2m_word)1)
#define MFN_OF_LIST ((p2m_word)0x1000) /* of leaf 0 */
#define MFN_OF_HAND ((p2m_word)0x100000)

static struct page *page_of(const void *address)
{
    return (struct page *)((uintptr_t)address - offsetof(struct page, bytes));
}

/*
 * Waits for another thread, or a short time: the two continue at the same
 * moment. Relaxed, so that it orders no accesses.
 */
void world_meet(void)
{
    static uint32_t waiting;

    if (__atomic_exchange_n(&waiting, 0, __ATOMIC_RELAXED))
        return;
    __atomic_store_n(&waiting, 1, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < 300 && __atomic_load_n(&waiting, __ATOMIC_RELAXED); i++)
        continue;
    __atomic_store_n(&waiting, 0, __ATOMIC_RELAXED);
}

/*
 * The outside takes its time: the moments between a look at the tree and the
 * change that follows become long enough to be met by another thread, or two
 * threads come to theirs together, on a machine with few processors as well.
 */
static void loiter(void)
{
    uint64_t draw = self->index ? prng_next(&self->pace) : 7; /* no thread meets the main thread */

    switch (draw % 8) {
    case 0:
    case 1:
        sched_yield();
        break;
    case 2:
        for (volatile unsigned i = 0; i < (draw >> 8) % 256; i++)
            continue;
        break;
    case 3:
    case 4:
        world_meet();
        break;
    default:
        break;
    }
}

static void *page_alloc(void *ctx)
{
    struct page *page;

    (void)ctx;
    loiter();
    if (++self->asked == self->refuse) {
        self->refused++;
        return NULL;
    }
    page = malloc(sizeof(*page) + P2M_PAGE_BYTES);
    if (!page) {
        fprintf(stderr, "race: out of memory\n");
        _exit(1);
    }
    page->mfn = MFN_OF_HAND * (self->index + 1) + self->numbered++;
    page->met = 0;
    memset(page->bytes, 0xa5, P2M_PAGE_BYTES);
    self->live++;
    return page->bytes;
}

static void page_free(void *ctx, void *page)
{
    (void)ctx;
    loiter();
    self->live--;
    self->given++;
    free(page_of(page));
}

static p2m_word virt_to_mfn(void *ctx, const void *page)
{
    const void *const four[] = {shared.missing, shared.identity, shared.mid_missing,
                                shared.mid_identity};
    uintptr_t offset = (uintptr_t)page - (uintptr_t)mfn_list;

    (void)ctx;
    for (unsigned i = 0; i < 4; i++)
        if (page == four[i])
            return MFN_OF_SHARED + i;
    if (offset < sizeof(mfn_list))
        return MFN_OF_LIST + (p2m_word)(offset / sizeof(*mfn_list) / P2M_LEAF);
    loiter();
    return page_of(page)->mfn;
}

static void warn(void *ctx, const char *what)
{
    (void)ctx;
    world_fail("the core warned: %s", what);
}

static void bug(void *ctx, const char *what)
{
    (void)ctx;
    world_fail("the core gave up: %s", what);
    _exit(1);
}

static const struct p2m_platform platform = {
    .page_alloc = page_alloc,
    .page_free = page_free,
    .virt_to_mfn = virt_to_mfn,
    .warn = warn,
    .bug = bug,
};

/* ---- a p2m's life ---- */

void world_start(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t stride = (P2M_PAGE_BYTES + page - 1) / page * page;
    uint8_t *area =
        mmap(NULL, 4 * stride, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (area == MAP_FAILED) {
        perror("race: mmap");
        exit(1);
    }
    p2m_shared_init(&shared, (void *[]){area, area + stride, area + 2 * stride, area + 3 * stride});
    if (mprotect(area, 4 * stride, PROT_READ)) {
        perror("race: mprotect");
        exit(1);
    }
    shared_area = area;
    shared_size = 4 * stride;
}

bool world_is_sealed(const void *address)
{
    return (uintptr_t)address - (uintptr_t)shared_area < shared_size;
}

void world_boot(p2m_word nr_pages, p2m_word (*first)(p2m_word pfn))
{
    for (p2m_word pfn = 0; pfn < HISTORY_PFNS; pfn++)
        mfn_list[pfn] = pfn < nr_pages ? first(pfn) : 0xbad;
    p2m_init(&world, &shared, &platform, false);
    if (!xen_build_dynamic_phys_to_machine(&world, mfn_list, nr_pages)) {
        world_fail("no p2m was built, though no page was refused");
        return;
    }
    xen_build_mfn_list_list(&world);
    xen_setup_mfn_list_list(&world, &info);
}

void world_end(struct hand *hands[], unsigned count)
{
    int64_t live = 0;

    p2m_destroy(&world);
    for (unsigned i = 0; i < count; i++)
        live += hands[i]->live;
    if (live)
        world_fail("%" PRId64 " pages are left after p2m_destroy", live);
}

/* ---- after all threads have ended ---- */

static bool is_shared(const void *page)
{
    return page == shared.missing || page == shared.identity || page == shared.mid_missing ||
           page == shared.mid_identity;
}

/* 1 for a page that was not met before. */
static unsigned meet(const void *page, const char *what, unsigned where)
{
    if (page_of(page)->met++)
        world_fail("%s %u is a page that the tree also has elsewhere", what, where);
    return page_of(page)->met == 1;
}

static void expect_mfn(p2m_word got, const void *page, const char *what, unsigned where)
{
    if (got != virt_to_mfn(NULL, page))
        world_fail("%s %u of the MFN tree is 0x%" PRIx64 ", expected 0x%" PRIx64, what, where,
                   (uint64_t)got, (uint64_t)virt_to_mfn(NULL, page));
}

/* The leaves of a private mid; raises *end to the end of the last private one. */
static unsigned check_leaves(unsigned ti, p2m_word *end)
{
    unsigned pages = 0;

    for (unsigned mi = 0; mi < P2M_MID; mi++) {
        const p2m_word *leaf = world.top[ti][mi];
        unsigned number = ti * P2M_MID + mi;
        p2m_word base = (p2m_word)number * P2M_LEAF;

        expect_mfn(world.top_mfn_p[ti][mi], is_shared(leaf) ? shared.missing : leaf, "leaf",
                   number);
        if (base < world.grafted && leaf != mfn_list + base)
            world_fail("leaf %u is not the mfn_list's", number);
        if (is_shared(leaf))
            continue;
        *end = base + P2M_LEAF;
        if (base >= world.grafted)
            pages += meet(leaf, "leaf", number);
    }
    return pages;
}

static unsigned check_mid(unsigned ti, p2m_word *end)
{
    unsigned pages = 0;

    expect_mfn(world.top_mfn[ti], world.top_mfn_p[ti], "mid", ti);
    if (is_shared(world.top[ti]) != (world.top_mfn_p[ti] == world.mid_missing_mfn)) {
        world_fail("mid %u is %s, its page of the MFN tree is not", ti,
                   is_shared(world.top[ti]) ? "shared" : "private");
        return 0;
    }
    if (is_shared(world.top[ti]))
        return 0;
    pages += meet(world.top[ti], "mid", ti);
    pages += meet(world.top_mfn_p[ti], "page of the MFN tree of mid", ti);
    return pages + check_leaves(ti, end);
}

void world_check(int64_t live, p2m_word (*last)(p2m_word pfn))
{
    p2m_word end = 0;
    unsigned met = meet(world.top, "root", 0) + meet(world.top_mfn, "root", 1) +
                   meet(world.top_mfn_p, "root", 2) + meet(world.mid_missing_mfn, "root", 3);

    for (p2m_word pfn = 0; pfn < HISTORY_PFNS; pfn++) {
        p2m_word got = get_phys_to_machine(&world, pfn);

        if (got != last(pfn))
            world_fail("lost write: PFN 0x%" PRIx64 " reads 0x%" PRIx64
                       ", but was written as 0x%" PRIx64,
                       (uint64_t)pfn, (uint64_t)got, (uint64_t)last(pfn));
    }
    for (unsigned ti = 0; ti < P2M_TOP; ti++)
        met += check_mid(ti, &end);
    for (unsigned mi = 0; mi < P2M_MID; mi++)
        expect_mfn(world.mid_missing_mfn[mi], shared.missing, "slot of mid_missing", mi);
    expect_mfn(info.pfn_to_mfn_frame_list_list, world.top_mfn, "root", 0);
    if (met != live)
        world_fail("%" PRId64 " pages are allocated, the tree has %u", live, met);
    if (world.max_pfn != end || info.max_pfn != end)
        world_fail("max_pfn is 0x%" PRIx64 ", published 0x%" PRIx64
                   "; the last private leaf ends at 0x%" PRIx64,
                   (uint64_t)world.max_pfn, (uint64_t)info.max_pfn, (uint64_t)end);
}
