// SPDX-License-Identifier: GPL-2.0-or-later
/* Entries and boot records as parts, equality, bounds: see ops.h. */
#include "ops.h"

#include <string.h>

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
    uint64_t max = boot_max_pages(shape), rest = nr_pages % shape->leaf;
    bool high = rest > shape->leaf / 2;

    if (nr_pages > max) {
        uint64_t above = nr_pages - max - 1, below = shape_word_mask(shape) - nr_pages;

        high = below < above;
        return (struct boot_place){
            .beyond = true, .beyond_high = high, .past = high ? below : above};
    }
    return (struct boot_place){.leaves = (uint16_t)(nr_pages / shape->leaf),
                               .rest = (uint16_t)(high ? shape->leaf - rest : rest),
                               .rest_high = high};
}

uint64_t boot_pages(const struct shape *shape, const struct boot_place *place)
{
    uint64_t max = boot_max_pages(shape), rest = place->rest % shape->leaf;

    if (place->beyond) {
        uint64_t past = place->past % (shape_word_mask(shape) - max);

        return place->beyond_high ? shape_word_mask(shape) - past : max + 1 + past;
    }
    if (place->rest_high && rest)
        rest = shape->leaf - rest;
    return (place->leaves * (uint64_t)shape->leaf + rest) % (max + 1);
}

/* ---- equality ---- */

static bool turns_equal(const struct op *a, const struct op *b)
{
    for (unsigned i = 0; i < a->turns && i < OP_TURNS - 1; i++)
        if (a->turn[i].point != b->turn[i].point || a->turn[i].from != b->turn[i].from ||
            a->turn[i].keep != b->turn[i].keep)
            return false;
    return a->at == b->at && a->at_from == b->at_from && a->at_keep == b->at_keep &&
           a->turns == b->turns;
}

bool op_equal(const struct op *a, const struct op *b)
{
    return a->kind == b->kind && a->refuse == b->refuse && a->type == b->type &&
           a->count == b->count && a->slots == b->slots && a->pfn == b->pfn && a->arg == b->arg &&
           a->start == b->start && a->stop == b->stop && turns_equal(a, b);
}

static bool boot_equal(const struct boot *a, const struct boot *b)
{
    for (unsigned i = 0; i < BOOT_EXTRAS; i++)
        if (a->extra[i].pfn != b->extra[i].pfn || a->extra[i].pages != b->extra[i].pages)
            return false;
    return a->nr_pages == b->nr_pages && a->refuse == b->refuse && a->holes == b->holes &&
           a->order == b->order && a->auto_translated == b->auto_translated &&
           a->xen_restore == b->xen_restore && a->flags == b->flags &&
           a->hotplug_limit == b->hotplug_limit && !memcmp(&a->setup, &b->setup, sizeof(a->setup));
}

bool case_equal(const struct test_case *a, const struct test_case *b)
{
    if (!boot_equal(&a->boot, &b->boot) || a->count != b->count)
        return false;
    for (unsigned i = 0; i < a->count; i++)
        if (!op_equal(&a->ops[i], &b->ops[i]))
            return false;
    return true;
}

/* ---- bounds ---- */

/* The fields that an op of its kind has; the others are zero. */
static struct op own_fields(const struct op *op)
{
    struct op own = {.kind = op->kind};

    if (op_has_pfn(op->kind)) {
        own.at = op->at;
        own.at_from = op->at_from;
        own.at_keep = op->at_keep;
        own.turns = op->turns;
        memcpy(own.turn, op->turn, sizeof(own.turn));
    }
    if (op_names_pfn(op->kind))
        own.pfn = op->pfn;
    if (op_may_be_refused(op->kind))
        own.refuse = op->refuse;
    switch ((enum op_kind)op->kind) {
    case OP_SET:
    case OP_SET_NOALLOC:
    case OP_RANGE:
    case OP_LIST:
        own.arg = op->arg;
        break;
    case OP_E820:
        own.start = op->start;
        own.stop = op->stop;
        own.type = op->type;
        break;
    case OP_XEN_SET_IDENTITY:
    case OP_IDENTITY_RANGES:
        own.type = op->type;
        break;
    case OP_GRANT_MAP:
        own.arg = op->arg;
        own.slots = op->slots;
        own.count = op->count;
        break;
    case OP_GRANT_UNMAP:
        own.count = op->count;
        break;
    case OP_BUILD:
        own.at = op->at;
        break;
    case OP_MFN_BASE:
        own.arg = op->arg;
        own.type = op->type;
        break;
    case OP_GET:
    case OP_PFN_TO_MFN:
    case OP_RESUME:
    case OP_PUBLISH:
    case OP_DESTROY:
        break;
    }
    return own;
}

static bool turn_fits(unsigned point, unsigned from, unsigned keep)
{
    static const uint16_t most[] = {[TURN_START] = OP_POINT_MAX,
                                    [TURN_END] = OP_POINT_MAX,
                                    [TURN_PART] = 255,
                                    [TURN_EVERY] = 1};

    return from <= TURN_EVERY && point && point <= most[from] && keep <= TURN_KEEP_MAX;
}

static bool schedule_fits(const struct op *op)
{
    if (op->kind == OP_BUILD)
        return op->at <= BUILD_REFUSE_MAX;
    if (!op->at)
        return !op_has_schedule(op);
    if (op->turns >= OP_TURNS || (op->turns && op->at_from == TURN_EVERY))
        return false;
    for (unsigned i = 0; i < op->turns; i++)
        if (op->turn[i].from == TURN_EVERY ||
            !turn_fits(op->turn[i].point, op->turn[i].from, op->turn[i].keep))
            return false;
    return turn_fits(op->at, op->at_from, op->at_keep);
}

static bool op_fits(const struct op *op, const struct shape *shape)
{
    bool grant = op->kind == OP_GRANT_MAP || op->kind == OP_GRANT_UNMAP;
    bool frame = op->kind == OP_GRANT_MAP || op->kind == OP_MFN_BASE;
    unsigned type = op->kind == OP_E820 ? OP_TYPE_MAX : op->kind == OP_MFN_BASE ? MFN_BASES - 1 : 1;
    struct op own;

    if (op->kind >= OP_KINDS)
        return false;
    own = own_fields(op);
    return own.pfn <= OP_LAST_PFN(shape) &&
           own.arg <= (frame ? FRAME_LAST(shape) : OP_LAST_PFN(shape)) && own.type <= type &&
           own.refuse <= OP_REFUSE_MAX && own.count >= grant && own.count <= OP_GRANTS_MAX &&
           schedule_fits(&own);
}

void op_move(const struct shape *shape, struct op *op, uint64_t pfn)
{
    const uint64_t mask = shape_word_mask(shape);
    uint64_t value, length = op->arg - op->pfn;
    enum entry_kind kind;

    pfn &= mask;
    if (op_names_entry(op->kind)) {
        kind = entry_split(shape, op->pfn, op->arg, &value);
        op->arg = entry_join(shape, pfn, kind, value + (kind == ENTRY_MFN && value == pfn));
    }
    if (op->kind == OP_RANGE)
        op->arg = (pfn + length) & mask;
    op->pfn = pfn;
}

/* Regions stand at the front, and one of no page has no PFN either. */
static bool boot_fits(const struct boot *boot, const struct shape *shape)
{
    const unsigned others = 1u << BOOT_AUTO_TRANSLATED | 1u << BOOT_XEN_RESTORE;

    for (unsigned i = 0; i < BOOT_EXTRAS; i++)
        if (boot->extra[i].pfn > OP_LAST_PFN(shape) ||
            (boot->extra[i].pages ? i && !boot->extra[i - 1].pages : boot->extra[i].pfn > 0))
            return false;
    for (unsigned i = 0; i < BOOT_NVS; i++)
        if (boot->setup.nvs[i].pages ? i && !boot->setup.nvs[i - 1].pages
                                     : boot->setup.nvs[i].pfn > 0)
            return false;
    return boot->nr_pages <= shape_word_mask(shape) && boot->refuse <= BUILD_REFUSE_MAX &&
           !(boot->flags & others) && !(boot->flags >> BOOT_FLAG_KINDS) &&
           boot->hotplug_limit <= OP_LAST_PFN(shape) && boot->order < BOOT_ORDERS;
}

bool case_fits(const struct test_case *c, const struct shape *shape)
{
    for (unsigned i = 0; i < c->count; i++)
        if (!op_fits(&c->ops[i], shape))
            return false;
    return c->count <= CASE_OPS && boot_fits(&c->boot, shape);
}

UNINSTRUMENTED_END
