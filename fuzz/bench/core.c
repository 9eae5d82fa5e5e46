// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The core by itself, plain -O2 and without sync points: what whole leaves and
 * mids save, and what a lookup costs beside a flat array. Prints `name value`.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/p2m.h"

static unsigned taken;

static void *page_alloc(void *ctx)
{
    (void)ctx;
    taken++;
    return aligned_alloc(4096, (P2M_PAGE_BYTES + 4095) / 4096 * 4096);
}

static void page_free(void *ctx, void *page)
{
    (void)ctx;
    free(page);
}

static p2m_word virt_to_mfn(void *ctx, const void *page)
{
    (void)ctx;
    return (p2m_word)((uintptr_t)page >> 12);
}

static void complain(void *ctx, const char *what)
{
    (void)ctx;
    fprintf(stderr, "bench_core: %s\n", what);
    exit(1);
}

static const struct p2m_platform platform = {NULL,        page_alloc, page_free,
                                             virt_to_mfn, complain,   complain};
static struct p2m_shared shared;
static struct p2m_shared_info info;
static struct p2m p2m;

static void boot(void)
{
    p2m_init(&p2m, &shared, &platform, false);
    if (!xen_build_dynamic_phys_to_machine(&p2m, NULL, 0))
        complain(NULL, "no memory");
    xen_build_mfn_list_list(&p2m);
    xen_setup_mfn_list_list(&p2m, &info);
}

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

#define ROUNDS 2000

/* One aligned missing mid range (1 GiB), at once and PFN by PFN. */
static void range_gib_speedup(void)
{
    double at_once = 0, singly, start;

    for (unsigned i = 0; i < ROUNDS; i++) { /* a fresh one each time */
        if (i % (P2M_TOP - 1) == 0) {
            if (i)
                p2m_destroy(&p2m);
            boot();
        }
        start = now();
        set_phys_range_identity(&p2m, (i % (P2M_TOP - 1)) * P2M_MID_SPAN,
                                (i % (P2M_TOP - 1) + 1) * P2M_MID_SPAN);
        at_once += now() - start;
    }
    p2m_destroy(&p2m);
    boot();
    start = now();
    for (p2m_word pfn = 0; pfn < P2M_MID_SPAN; pfn++)
        set_phys_to_machine(&p2m, pfn, IDENTITY_FRAME(pfn));
    singly = now() - start;
    p2m_destroy(&p2m);
    printf("range_gib_speedup %f\n", singly / (at_once / ROUNDS));
}

#define BITS 22

/*
 * 2^22 uniformly random PFNs of a private table of that size. Each depends on the
 * result before, so that no two reads overlap: the time is that of a lookup.
 */
static void get_vs_flat(void)
{
    const p2m_word mask = ((p2m_word)1 << BITS) - 1;
    p2m_word *flat = malloc(sizeof(*flat) << BITS), pfn, x;
    double tree, array, start;

    if (!flat)
        complain(NULL, "no memory");
    boot();
    for (pfn = 0; pfn <= mask; pfn++) {
        flat[pfn] = (pfn * 0x9e3779b97f4a7c15ull >> 20) & 0xffffffffff;
        if (!set_phys_to_machine(&p2m, pfn, flat[pfn]))
            complain(NULL, "no memory");
    }
#define CHASE(read)                                                                                \
    for (unsigned long i = x = 0; i <= mask; i++)                                                  \
    x = (x * 6364136223846793005ull + i + (read))
    start = now();
    CHASE(flat[(x >> 33) & mask]);
    array = now() - start;
    start = now();
    pfn = x;
    CHASE(get_phys_to_machine(&p2m, (x >> 33) & mask));
    tree = now() - start;
    if (x != pfn)
        complain(NULL, "the tree reads something else than the array");
    p2m_destroy(&p2m);
    free(flat);
    printf("get_vs_flat %f\n", tree / array);
}

static void whole_table_pages(void)
{
    unsigned before;

    boot();
    before = taken;
    set_phys_range_identity(&p2m, 0, MAX_P2M_PFN);
    printf("whole_table_pages %u\n", taken - before);
    p2m_destroy(&p2m);
}

int main(void)
{
    void *pages[4];

    for (unsigned i = 0; i < 4; i++)
        pages[i] = page_alloc(NULL);
    p2m_shared_init(&shared, pages);
    range_gib_speedup();
    get_vs_flat();
    whole_table_pages();
    return 0;
}
