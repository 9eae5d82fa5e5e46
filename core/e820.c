// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Real maps are neither sorted nor free of overlaps, and there is no memory to
 * sort them in. So this walks from boundary to boundary: between two neighbouring
 * ones (starts and ends of entries) every byte has the same class.
 */
#include "e820.h"

#define DOMU_LOW 0x100000u

enum byte_class { CLASS_RAM, CLASS_IDENTITY, CLASS_UNUSABLE };

/* The class of byte `at`; *next becomes the next boundary above it. */
static enum byte_class classify(const struct p2m_e820_entry *map, unsigned count, uint64_t at,
                                uint64_t *next)
{
    bool ram = false, other = false, unusable = false;

    for (unsigned i = 0; i < count; i++) {
        const struct p2m_e820_entry *entry = &map[i];

        if (entry->end <= entry->start || entry->end <= at)
            continue;
        if (entry->start > at) {
            if (entry->start < *next)
                *next = entry->start;
            continue;
        }
        if (entry->end < *next)
            *next = entry->end;
        if (entry->type == P2M_E820_RAM)
            ram = true;
        else if (entry->type == P2M_E820_UNUSABLE)
            unusable = true;
        else
            other = true;
    }
    if (unusable)
        return CLASS_UNUSABLE;
    return ram && !other ? CLASS_RAM : CLASS_IDENTITY;
}

/* Identity bytes [start, end) as whole pages. */
static void report(uint64_t start, uint64_t end, p2m_e820_range_fn *fn, void *ctx)
{
    uint64_t first = start / P2M_E820_PAGE + (start % P2M_E820_PAGE != 0);
    uint64_t last = end / P2M_E820_PAGE;

    if (last > MAX_P2M_PFN)
        last = MAX_P2M_PFN;
    if (first < last)
        fn(ctx, (p2m_word)first, (p2m_word)last);
}

void p2m_e820_identity_ranges(const struct p2m_e820_entry *map, unsigned count, bool domu,
                              p2m_e820_range_fn *fn, void *ctx)
{
    uint64_t at = domu ? DOMU_LOW : 0, end = 0, run = 0, next;
    bool in_run = false;

    for (unsigned i = 0; i < count; i++)
        if (map[i].start < map[i].end && map[i].end > end)
            end = map[i].end;

    for (; at < end; at = next) {
        next = end;
        if (classify(map, count, at, &next) == CLASS_IDENTITY) {
            if (!in_run)
                run = at;
            in_run = true;
        } else if (in_run) {
            report(run, at, fn, ctx);
            in_run = false;
        }
    }
    if (in_run)
        report(run, end, fn, ctx);
}

struct sum {
    struct p2m *p2m;
    p2m_word pfns;
};

static void make_identity(void *ctx, p2m_word start, p2m_word end)
{
    struct sum *sum = ctx;

    sum->pfns += set_phys_range_identity(sum->p2m, start, end);
}

p2m_word xen_set_identity(struct p2m *p2m, const struct p2m_e820_entry *map, unsigned count,
                          bool domu)
{
    struct sum sum = {p2m, 0};

    p2m_e820_identity_ranges(map, count, domu, make_identity, &sum);
    return sum.pfns;
}
