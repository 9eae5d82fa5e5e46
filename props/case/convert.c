// SPDX-License-Identifier: GPL-2.0-or-later
/* A case in another geometry: see convert.h. */
#include "convert.h"

#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

struct conversion {
    const struct shape *from, *to;
    enum convert_way way;
    uint64_t list, list_there; /* nr_pages */
};

/* A distance there: what is too long wraps. */
static uint64_t shorter(const struct conversion *by, uint64_t distance)
{
    return distance % shape_max_pfn(by->to);
}

/* The place of a PFN in the table, each index counted from the high end. */
static struct place place_from_high(const struct shape *shape, uint64_t pfn)
{
    return (struct place){
        .top = {(uint16_t)(shape->top - 1 - pfn / shape->leaf / shape->mid), true},
        .mid = {(uint16_t)(shape->mid - 1 - pfn / shape->leaf % shape->mid), true},
        .leaf = {(uint16_t)(shape->leaf - 1 - pfn % shape->leaf), true}};
}

/* The highest PFN is `last` here, and `last_there` there. */
static uint64_t convert_page(const struct conversion *by, uint64_t pfn, uint64_t last,
                             uint64_t last_there)
{
    uint64_t max = shape_max_pfn(by->from);
    struct place place;

    if (by->way == CONVERT_SAME && pfn < max)
        return pfn <= shape_max_pfn(by->to) ? pfn : shorter(by, pfn);
    if (by->way == CONVERT_TABLE && pfn < max)
        return shape_max_pfn(by->to) - 1 - shorter(by, max - 1 - pfn);
    if (by->way == CONVERT_LIST && pfn >= by->list && pfn - by->list < by->to->leaf)
        return (by->list_there + (pfn - by->list)) & OP_LAST_PFN(by->to);
    if (by->way == CONVERT_LIST && pfn < by->list && by->list - pfn <= by->list_there)
        return by->list_there - (by->list - pfn);
    place = by->way == CONVERT_HIGH && pfn < max ? place_from_high(by->from, pfn)
                                                 : place_of(by->from, pfn, last);
    return place_pfn(by->to, &place, last_there);
}

static uint64_t convert_pfn(const struct conversion *by, uint64_t pfn)
{
    return convert_page(by, pfn, OP_LAST_PFN(by->from), OP_LAST_PFN(by->to));
}

static uint64_t convert_address(const struct conversion *by, uint64_t address)
{
    return convert_page(by, address / 4096, E820_LAST_PFN, E820_LAST_PFN) * 4096 + address % 4096;
}

static void convert_op(struct op *op, const struct conversion *by)
{
    uint64_t pfn = convert_pfn(by, op->pfn), value;
    enum entry_kind kind;

    switch ((enum op_kind)op->kind) {
    case OP_SET:
    case OP_SET_NOALLOC:
    case OP_LIST:
        kind = entry_split(by->from, op->pfn, op->arg, &value);
        op->arg = entry_join(by->to, pfn, kind, value);
        break;
    case OP_RANGE:
        op->arg = convert_pfn(by, op->arg);
        break;
    case OP_E820:
        op->start = convert_address(by, op->start);
        op->stop = convert_address(by, op->stop);
        break;
    case OP_GRANT_MAP:
    case OP_MFN_BASE:
        op->arg &= FRAME_LAST(by->to);
        break;
    case OP_GET:
    case OP_PFN_TO_MFN:
    case OP_RESUME:
    case OP_XEN_SET_IDENTITY:
    case OP_IDENTITY_RANGES:
    case OP_GRANT_UNMAP:
    case OP_BUILD:
    case OP_PUBLISH:
    case OP_DESTROY:
        break;
    }
    if (op_names_pfn(op->kind))
        op->pfn = pfn;
}

/*
 * HIGH, TABLE: as so many leaves and PFNs, or so many PFNs, less than a whole table; a list that
 * ends beyond the table is one of the whole table.
 */
static uint64_t convert_list(const struct conversion *by, uint64_t pages)
{
    struct boot_place place = boot_place_of(by->from, pages);
    uint64_t max = shape_max_pfn(by->from), less = pages < max ? max - pages : 0;
    uint64_t leaves = less / by->from->leaf, rest = less % by->from->leaf % by->to->leaf;

    switch (by->way) {
    case CONVERT_NEARER:
    case CONVERT_WAYS:
        break;
    case CONVERT_LIST: /* it stays one that has an end */
        return boot_pages(by->to, &place) ? boot_pages(by->to, &place) : pages ? by->to->leaf : 0;
    case CONVERT_SAME:
        return pages % (boot_max_pages(by->to) + 1);
    case CONVERT_HIGH:
        return shape_max_pfn(by->to) - shorter(by, leaves * by->to->leaf + rest);
    case CONVERT_TABLE:
        return shape_max_pfn(by->to) - shorter(by, less);
    }
    return boot_pages(by->to, &place);
}

/* A region goes from the place where it begins to the place where it ends. */
static void convert_boot(struct boot *boot, struct conversion *by)
{
    by->list = boot->nr_pages;
    by->list_there = boot->nr_pages = convert_list(by, boot->nr_pages);
    if (boot->hotplug_limit) {
        boot->hotplug_limit = convert_pfn(by, boot->hotplug_limit);
        boot->hotplug_limit += !boot->hotplug_limit;
    }
    for (unsigned i = 0; i < BOOT_EXTRAS && boot->extra[i].pages; i++) {
        uint64_t end = boot->extra[i].pfn + boot->extra[i].pages, pages_there;

        end = convert_pfn(by, end & OP_LAST_PFN(by->from));
        boot->extra[i].pfn = convert_pfn(by, boot->extra[i].pfn);
        pages_there = end > boot->extra[i].pfn ? end - boot->extra[i].pfn : 1;
        boot->extra[i].pages = pages_there > UINT32_MAX ? UINT32_MAX : (uint32_t)pages_there;
    }
}

void case_convert_by(struct test_case *c, const struct shape *from, const struct shape *to,
                     enum convert_way way)
{
    struct conversion by = {.from = from, .to = to, .way = way};

    if (from->top == to->top && from->mid == to->mid && from->leaf == to->leaf &&
        from->word_bits == to->word_bits)
        return;
    convert_boot(&c->boot, &by);
    for (unsigned i = 0; i < c->count; i++)
        convert_op(&c->ops[i], &by);
}

void case_convert(struct test_case *c, const struct shape *from, const struct shape *to)
{
    case_convert_by(c, from, to, CONVERT_NEARER);
}

UNINSTRUMENTED_END
