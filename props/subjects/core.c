// SPDX-License-Identifier: GPL-2.0-or-later
/* The subject core/, on the host's pages. */
#include "core/grants.h"
#include "props/base/uninstrumented.h"
#include "props/subject.h"

UNINSTRUMENTED_BEGIN

static struct p2m p2m;

static void *page_alloc(void *ctx)
{
    (void)ctx;
    return host_page_alloc();
}

static void page_free(void *ctx, void *page)
{
    (void)ctx;
    host_page_free(page);
}

static p2m_word virt_to_mfn(void *ctx, const void *page)
{
    (void)ctx;
    return host_virt_to_mfn(page);
}

static void warn(void *ctx, const char *what)
{
    (void)ctx;
    violated(CORE_WARNED, "%s", what);
}

static void bug(void *ctx, const char *what)
{
    (void)ctx;
    violated(CORE_BUG, "%s", what);
}

static void grant(void *ctx, bool map, struct p2m_grant *slots, unsigned count)
{
    (void)ctx;
    host_grant(map, slots, count);
}

static const struct p2m_platform platform = {
    .page_alloc = page_alloc,
    .page_free = page_free,
    .virt_to_mfn = virt_to_mfn,
    .warn = warn,
    .bug = bug,
    .grant = grant,
};

/* Once in a case, whatever is left of a former one: a failed build and destroy need no other. */
static void init(bool auto_translated)
{
    if (!host.initialized)
        p2m_init(&p2m, &host_shared, &platform, auto_translated);
    host.initialized = true;
}

static bool build(p2m_word *mfn_list, p2m_word nr_pages, bool auto_translated)
{
    init(auto_translated);
    return xen_build_dynamic_phys_to_machine(&p2m, mfn_list, nr_pages);
}

static void publish(struct p2m_shared_info *info)
{
    xen_build_mfn_list_list(&p2m);
    xen_setup_mfn_list_list(&p2m, info);
}

static p2m_word get(p2m_word pfn)
{
    return get_phys_to_machine(&p2m, pfn);
}

static p2m_word to_mfn(p2m_word pfn)
{
    return pfn_to_mfn(&p2m, pfn);
}

static bool set(p2m_word pfn, p2m_word entry)
{
    return set_phys_to_machine(&p2m, pfn, entry);
}

static bool set_noalloc(p2m_word pfn, p2m_word entry)
{
    return __set_phys_to_machine(&p2m, pfn, entry);
}

static p2m_word range(p2m_word start, p2m_word end)
{
    return set_phys_range_identity(&p2m, start, end);
}

static p2m_word set_identity(const struct p2m_e820_entry *map, unsigned count, bool domu)
{
    return xen_set_identity(&p2m, map, count, domu);
}

static uint64_t answer(const struct p2m_grant *slots, unsigned count, bool fine)
{
    uint64_t mask = 0;

    for (unsigned i = 0; i < count; i++)
        mask |= (uint64_t)!slots[i].failed << i;
    return mask | (fine ? GRANTS_FINE : 0);
}

static uint64_t grant_map(p2m_word pfn, unsigned count, p2m_word mfn)
{
    struct p2m_grant slots[OP_GRANTS_MAX];

    for (unsigned i = 0; i < count; i++)
        slots[i] = (struct p2m_grant){pfn + i, mfn + i, true}; /* it counts for nothing */
    return answer(slots, count, set_foreign_p2m_mapping(&p2m, slots, count));
}

static uint64_t grant_unmap(p2m_word pfn, unsigned count)
{
    struct p2m_grant slots[OP_GRANTS_MAX];

    for (unsigned i = 0; i < count; i++)
        slots[i] = (struct p2m_grant){pfn + i, 0, true};
    return answer(slots, count, clear_foreign_p2m_mapping(&p2m, slots, count));
}

static void destroy(void)
{
    if (host.initialized)
        p2m_destroy(&p2m);
}

static void view(struct subject_view *out)
{
    *out = (struct subject_view){p2m.top,
                                 p2m.shared->missing,
                                 p2m.shared->identity,
                                 p2m.shared->mid_missing,
                                 p2m.shared->mid_identity,
                                 p2m.top_mfn,
                                 p2m.top_mfn_p,
                                 p2m.mid_missing_mfn,
                                 4,
                                 false,
                                 p2m.max_pfn};
}

const struct subject subject_core = {
    .name = "core",
    .range_all_or_nothing = true,
    .build = build,
    .publish = publish,
    .get = get,
    .pfn_to_mfn = to_mfn,
    .set = set,
    .set_noalloc = set_noalloc,
    .range = range,
    .xen_set_identity = set_identity,
    .identity_ranges = p2m_e820_identity_ranges,
    .alternates = true,
    .grant_map = grant_map,
    .grant_unmap = grant_unmap,
    .destroy = destroy,
    .has_build = true,
    .has_publish = true,
    .has_destroy = true,
    .view = view,
    .state = &p2m,
    .state_bytes = sizeof(p2m),
};

UNINSTRUMENTED_END
