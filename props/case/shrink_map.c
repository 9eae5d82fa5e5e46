// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Smaller machines: the moves of the shrinker for a memory map and the guest that boots on it. What
 * makes such a case fail is most often where its borders are to each other, so all that lies above
 * one border comes down at once: entries of the map, number of pages, places of the boot image.
 */
#include <string.h>

#include "props/base/uninstrumented.h"
#include "shrink.h"

UNINSTRUMENTED_BEGIN

static struct test_case candidate;

/* ---- numbers of the boot, by index ---- */

/* 64 bits are cut to the width of the field. */
static uint64_t number(struct boot *boot, unsigned field, const uint64_t *value)
{
#define FIELD(member)                                                                              \
    do {                                                                                           \
        if (!field--) {                                                                            \
            if (value)                                                                             \
                (member) = (__typeof__(member))*value;                                             \
            return (member);                                                                       \
        }                                                                                          \
    } while (0)
    FIELD(boot->nr_pages);
    FIELD(boot->hotplug_limit);
    FIELD(boot->setup.max_reservation);
    FIELD(boot->setup.kernel);
    FIELD(boot->setup.initrd);
    FIELD(boot->setup.page_tables);
    FIELD(boot->setup.list);
    for (unsigned i = 0; i < BOOT_EXTRAS; i++)
        FIELD(boot->extra[i].pfn);
    for (unsigned i = 0; i < BOOT_NVS; i++)
        FIELD(boot->setup.nvs[i].pfn);
    for (unsigned i = 0; i < BOOT_EXTRAS; i++)
        FIELD(boot->extra[i].pages);
    for (unsigned i = 0; i < BOOT_NVS; i++)
        FIELD(boot->setup.nvs[i].pages);
    for (unsigned i = 0; i < BOOT_ANSWERS; i++)
        FIELD(boot->setup.answer[i]);
#undef FIELD
    return 0;
}

uint64_t shrink_boot_number(const struct boot *boot, unsigned field)
{
    struct boot copy = *boot;

    return number(&copy, field, NULL);
}

void shrink_set_boot_number(struct boot *boot, unsigned field, uint64_t value)
{
    number(boot, field, &value);
}

static bool smaller_numbers(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer)
{
    for (unsigned field = 1; field < BOOT_NUMBERS; field++) { /* shrink_boot has nr_pages */
        uint64_t value = shrink_boot_number(&c->boot, field);
        const uint64_t values[] = {0, 1, value / 2, value - value % P2M_LEAF, value - 1};

        for (unsigned k = 0; value && k < sizeof(values) / sizeof(values[0]); k++)
            TRY(shrink_set_boot_number(&candidate.boot, field, values[k]));
        for (unsigned bit = 64; value && bit--;)
            TRY(shrink_set_boot_number(&candidate.boot, field, value & ~((uint64_t)1 << bit)));
    }
    return false;
}

/* One region of extra memory less, one NVS entry less; the others move up. */
static bool fewer_regions(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer)
{
    struct boot *boot = &candidate.boot;

    for (unsigned i = 0; i < BOOT_EXTRAS; i++)
        TRY((memmove(&boot->extra[i], &boot->extra[i + 1],
                     (BOOT_EXTRAS - 1 - i) * sizeof(boot->extra[0])),
             memset(&boot->extra[BOOT_EXTRAS - 1], 0, sizeof(boot->extra[0]))));
    for (unsigned i = 0; i < BOOT_NVS; i++)
        TRY((memmove(&boot->setup.nvs[i], &boot->setup.nvs[i + 1],
                     (BOOT_NVS - 1 - i) * sizeof(boot->setup.nvs[0])),
             memset(&boot->setup.nvs[BOOT_NVS - 1], 0, sizeof(boot->setup.nvs[0]))));
    return false;
}

/* ---- the map ---- */

static bool is_entry(const struct test_case *c, unsigned i)
{
    return i < c->count && c->ops[i].kind == OP_E820;
}

/* Entries i and i + 1 as one, from the start of the first to the end of the second. */
static bool one_of_two(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer)
{
    for (unsigned i = 0; i < c->count; i++) {
        if (!is_entry(c, i) || !is_entry(c, i + 1))
            continue;
        TRY((candidate.ops[i].stop = c->ops[i + 1].stop, shrink_cut(&candidate, i + 1, 1)));
        TRY((candidate.ops[i + 1].start = c->ops[i].start, shrink_cut(&candidate, i, 1)));
    }
    return false;
}

static uint64_t page_up(uint64_t at)
{
    return at + (0 - at) % 4096;
}

/* Where entries begin or end at byte `from`, all of them do so at `to`. */
static void replace_border(struct test_case *c, uint64_t from, uint64_t to)
{
    for (unsigned i = 0; i < c->count; i++) {
        if (!is_entry(c, i))
            continue;
        if (c->ops[i].start == from)
            c->ops[i].start = to;
        if (c->ops[i].stop == from)
            c->ops[i].stop = to;
    }
}

/* To whole pages, down and up; to the first byte behind one; from where the entry before ends. */
static bool plain_borders(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer)
{
    for (unsigned i = 0; i < 2 * c->count; i++) {
        struct op *op = &candidate.ops[i / 2];
        uint64_t border = i % 2 ? c->ops[i / 2].stop : c->ops[i / 2].start;

        if (!is_entry(c, i / 2))
            continue;
        TRY(*(i % 2 ? &op->stop : &op->start) = border - border % 4096);
        TRY(*(i % 2 ? &op->stop : &op->start) = page_up(border));
        TRY(replace_border(&candidate, border, border - border % 4096));
        TRY(replace_border(&candidate, border, page_up(border)));
        TRY(replace_border(&candidate, border, border - border % 4096 + 1));
        if (i > 1 && is_entry(c, i / 2 - 1))
            TRY(op->start = c->ops[i / 2 - 1].stop);
    }
    return false;
}

/* All that is at or above byte `from` comes down by so many pages. */
static void pull(struct test_case *c, uint64_t from, uint64_t pages)
{
    for (unsigned i = 0; i < c->count; i++) {
        struct op *op = &c->ops[i];

        if (op->kind != OP_E820)
            continue;
        op->start -= op->start >= from ? pages * 4096 : 0;
        op->stop -= op->stop >= from ? pages * 4096 : 0;
    }
    for (unsigned field = 0; field < BOOT_PLACES; field++) {
        uint64_t pfn = shrink_boot_number(&c->boot, field);

        if (pfn && pfn >= from / 4096)
            shrink_set_boot_number(&c->boot, field, pfn - pages);
    }
}

/* By all that is below the border, by half of it, .. by a page. */
static bool pull_from(struct shrink *shrink, struct test_case *c, uint64_t from,
                      shrink_offer_fn *offer)
{
    for (uint64_t pages = from / 4096; pages; pages /= 2)
        TRY(pull(&candidate, from, pages));
    return false;
}

static bool lower_borders(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer)
{
    for (unsigned i = 0; i < c->count; i++)
        if (is_entry(c, i) && (pull_from(shrink, c, c->ops[i].start, offer) ||
                               pull_from(shrink, c, c->ops[i].stop, offer)))
            return true;
    for (unsigned field = 0; field < BOOT_PLACES; field++)
        if (pull_from(shrink, c, shrink_boot_number(&c->boot, field) * 4096, offer))
            return true;
    return false;
}

/* ---- a map from the same borders ---- */

#define MOST_BORDERS 16 /* of a map that is short enough */

/* Where entries begin and end, each once, in ascending order. Answers how many: 0 if too many. */
static unsigned borders_of(const struct test_case *c, uint64_t border[MOST_BORDERS])
{
    unsigned count = 0;

    for (unsigned i = 0; i < 2 * c->count; i++) {
        uint64_t at = i % 2 ? c->ops[i / 2].stop : c->ops[i / 2].start;
        unsigned k = 0;

        if (!is_entry(c, i / 2))
            continue;
        while (k < count && border[k] < at)
            k++;
        if (k < count && border[k] == at)
            continue;
        if (count == MOST_BORDERS)
            return 0;
        memmove(&border[k + 1], &border[k], (count - k) * sizeof(border[0]));
        border[k] = at;
        count++;
    }
    return count;
}

/* The entries become these, if there are more now. */
static void fewer_entries(struct test_case *c, const struct op *entries, unsigned count)
{
    unsigned k = 0;

    for (unsigned i = 0; i < c->count;) {
        if (is_entry(c, i) && k == count)
            shrink_cut(c, i, 1);
        else if (is_entry(c, i))
            c->ops[i++] = entries[k++];
        else
            i++;
    }
}

/* From one border to the next, every other time; behind the last one a page. */
static void every_other(struct test_case *c, const uint64_t *border, unsigned count, uint8_t type)
{
    struct op entries[MOST_BORDERS];
    unsigned made = 0;

    for (unsigned i = 0; i < count; i += 2)
        entries[made++] = (struct op){.kind = OP_E820,
                                      .type = type,
                                      .start = border[i],
                                      .stop = i + 1 < count ? border[i + 1] : border[i] + 4096};
    fewer_entries(c, entries, made);
}

static bool is_read(const struct test_case *c)
{
    for (unsigned i = 0; i < c->count; i++)
        if (op_reads_map(c->ops[i].kind))
            return true;
    return false;
}

/* The calls that read the map become ranges. */
static void range_instead(struct test_case *c, uint64_t start, uint64_t stop)
{
    fewer_entries(c, NULL, 0);
    for (unsigned i = 0; i < c->count; i++)
        if (op_reads_map(c->ops[i].kind)) {
            c->ops[i].kind = OP_RANGE;
            c->ops[i].type = 0;
            c->ops[i].pfn = start / 4096;
            c->ops[i].arg = stop / 4096;
        }
}

static bool from_borders(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer)
{
    uint64_t border[MOST_BORDERS];
    const unsigned count = borders_of(c, border);

    for (unsigned i = 0; is_read(c) && i + 1 < count; i++)
        TRY(range_instead(&candidate, border[i], border[i + 1]));
    for (uint8_t type = 1; type <= 2; type++) {
        for (unsigned i = 0; i < count; i++)
            TRY(every_other(&candidate, &border[i], 1, type));
        for (unsigned i = 0; i < 2 && i < count; i++)
            TRY(every_other(&candidate, &border[i], count - i, type));
    }
    return false;
}

bool shrink_map(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer)
{
    return from_borders(shrink, c, offer) || fewer_regions(shrink, c, offer) ||
           smaller_numbers(shrink, c, offer) || one_of_two(shrink, c, offer) ||
           plain_borders(shrink, c, offer) || lower_borders(shrink, c, offer);
}

UNINSTRUMENTED_END
