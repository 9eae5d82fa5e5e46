// SPDX-License-Identifier: GPL-2.0-or-later
/* Entries and boot records taken apart and put together, and carried over. */
#include "ops.h"

#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

const char *const op_names[OP_KINDS] = {
#define X(name, word, ...) word,
    OPS(X)
#undef X
};

enum entry_kind entry_split(const struct shape *shape, uint64_t pfn, uint64_t entry,
                            uint64_t *value)
{
    uint64_t foreign = (uint64_t)1 << (shape->word_bits - 1), identity = foreign >> 1;

    *value = entry & (identity - 1);
    if (entry == shape_word_mask(shape))
        return ENTRY_INVALID;
    if ((entry & foreign) && (entry & identity))
        return ENTRY_BOTH_BITS;
    if (entry & foreign)
        return ENTRY_FOREIGN;
    if (entry & identity)
        return *value == pfn ? ENTRY_IDENTITY : ENTRY_WRONG_IDENTITY;
    return *value == pfn ? ENTRY_MFN_IS_PFN : ENTRY_MFN;
}

uint64_t entry_join(const struct shape *shape, uint64_t pfn, enum entry_kind kind, uint64_t value)
{
    uint64_t foreign = (uint64_t)1 << (shape->word_bits - 1), identity = foreign >> 1;

    value &= identity - 1;
    pfn &= identity - 1;
    switch (kind) {
    case ENTRY_IDENTITY:
        return identity | pfn;
    case ENTRY_MFN:
        return value;
    case ENTRY_FOREIGN:
        return foreign | value;
    case ENTRY_WRONG_IDENTITY:
        return identity | value;
    case ENTRY_BOTH_BITS:
        return foreign | identity | value;
    case ENTRY_MFN_IS_PFN:
        return pfn;
    default:
        return shape_word_mask(shape);
    }
}

uint64_t boot_max_pages(const struct shape *shape)
{
    uint64_t beyond_max = shape_max_pfn(shape) + 2 * shape->leaf;
    uint64_t lent = ((uint64_t)1 << 18) + 8 * shape->leaf;

    return beyond_max < lent ? beyond_max : lent;
}

struct boot_place boot_place_of(const struct shape *shape, uint64_t nr_pages)
{
    uint64_t rest = nr_pages % shape->leaf;
    bool high = rest > shape->leaf / 2;

    return (struct boot_place){.leaves = (uint16_t)(nr_pages / shape->leaf),
                               .rest = (uint16_t)(high ? shape->leaf - rest : rest),
                               .rest_high = high};
}

uint64_t boot_pages(const struct shape *shape, const struct boot_place *place)
{
    uint64_t max = boot_max_pages(shape), rest = place->rest % shape->leaf;

    if (place->rest_high && rest)
        rest = shape->leaf - rest;
    return (place->leaves * (uint64_t)shape->leaf + rest) % (max + 1);
}

bool op_equal(const struct op *a, const struct op *b)
{
    return a->kind == b->kind && a->refuse == b->refuse && a->at == b->at && a->type == b->type &&
           a->pfn == b->pfn && a->arg == b->arg && a->start == b->start && a->stop == b->stop;
}

bool case_equal(const struct test_case *a, const struct test_case *b)
{
    if (a->boot.nr_pages != b->boot.nr_pages || a->boot.refuse != b->boot.refuse ||
        a->boot.holes != b->boot.holes || a->boot.auto_translated != b->boot.auto_translated ||
        a->boot.xen_restore != b->boot.xen_restore || a->count != b->count)
        return false;
    for (unsigned i = 0; i < a->count; i++)
        if (!op_equal(&a->ops[i], &b->ops[i]))
            return false;
    return true;
}

bool case_fits(const struct test_case *c, const struct shape *shape)
{
    for (unsigned i = 0; i < c->count; i++) {
        const struct op *op = &c->ops[i];

        if (op_has_pfn(op->kind) && !place_fits(shape, op->pfn, OP_LAST_PFN(shape)))
            return false;
        if (op->kind == OP_RANGE && !place_fits(shape, op->arg, OP_LAST_PFN(shape)))
            return false;
        if (op->kind == OP_E820 && (!place_fits(shape, op->start / 4096, E820_LAST_PFN) ||
                                    !place_fits(shape, op->stop / 4096, E820_LAST_PFN)))
            return false;
    }
    return true;
}

static uint64_t convert_pfn(const struct shape *from, const struct shape *to, uint64_t pfn)
{
    struct place place = place_of(from, pfn, OP_LAST_PFN(from));

    return place_pfn(to, &place, OP_LAST_PFN(to));
}

static uint64_t convert_address(const struct shape *from, const struct shape *to, uint64_t address)
{
    struct place place = place_of(from, address / 4096, E820_LAST_PFN);

    return place_pfn(to, &place, E820_LAST_PFN) * 4096 + address % 4096;
}

static void convert_op(struct op *op, const struct shape *from, const struct shape *to)
{
    uint64_t pfn = convert_pfn(from, to, op->pfn), value;
    enum entry_kind kind;

    switch ((enum op_kind)op->kind) {
    case OP_SET:
    case OP_SET_NOALLOC:
        kind = entry_split(from, op->pfn, op->arg, &value);
        op->arg = entry_join(to, pfn, kind, value);
        break;
    case OP_RANGE:
        op->arg = convert_pfn(from, to, op->arg);
        break;
    case OP_E820:
        op->start = convert_address(from, to, op->start);
        op->stop = convert_address(from, to, op->stop);
        break;
    case OP_GET:
    case OP_PFN_TO_MFN:
    case OP_RESUME:
    case OP_XEN_SET_IDENTITY:
        break;
    }
    if (op_has_pfn(op->kind))
        op->pfn = pfn;
}

void case_convert(struct test_case *c, const struct shape *from, const struct shape *to)
{
    struct boot_place pages = boot_place_of(from, c->boot.nr_pages);

    if (from->top == to->top && from->mid == to->mid && from->leaf == to->leaf &&
        from->word_bits == to->word_bits)
        return;
    c->boot.nr_pages = boot_pages(to, &pages);
    for (unsigned i = 0; i < c->count; i++)
        convert_op(&c->ops[i], from, to);
}

UNINSTRUMENTED_END
