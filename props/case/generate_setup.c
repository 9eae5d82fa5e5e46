// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Machines and guests for target `setup`: a memory map as firmware writes it, more or less, and a
 * boot record. Some cases have borders inside pages, some disorder and overlaps, some a boot image
 * that is put anywhere; a case that has all of these would only show what ends it first.
 */
#include <string.h>

#include "generate.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

/* The PFNs in which all happens: what lies in the list or a little behind it. */
#define SPAN ((uint64_t)(MAX_P2M_PFN < 4096 ? MAX_P2M_PFN : 1 << 20))

static struct {
    bool inside; /* borders may be inside a page */
    bool messy;  /* entries may overlap, and come in any order */
    bool placed; /* the boot image is anywhere */
} how;

static uint64_t a_page(struct prng *prng)
{
    uint64_t page = prng_below(prng, SPAN + SPAN / 8);

    return prng_one_in(prng, 4) ? page - page % P2M_LEAF : page;
}

/* A border at or near the start of a page. */
static uint64_t border(struct prng *prng, uint64_t page)
{
    if (!how.inside || !prng_one_in(prng, 3))
        return page * 4096;
    switch (prng_below(prng, 4)) {
    case 0:
        return page * 4096 + 1;
    case 1:
        return page * 4096 + 4095;
    default:
        return page * 4096 + prng_below(prng, 4096);
    }
}

static uint8_t a_type(struct prng *prng)
{
    static const uint8_t types[16] = {1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 4, 4, 3, 5, 7, OP_TYPE_SOFT};

    return types[prng_below(prng, 16)];
}

/* Pages that an entry has: often few, now and then none. */
static uint64_t a_length(struct prng *prng)
{
    if (prng_one_in(prng, 24))
        return 0;
    return prng_one_in(prng, 2) ? 1 + prng_below(prng, 8) : 1 + prng_below(prng, SPAN / 4);
}

/* From where the last one ended, or after a gap, or anywhere. */
static struct op an_entry(struct prng *prng, uint64_t last)
{
    uint64_t page = last / 4096 + (last % 4096 > 0), start = last;
    struct op op = {.kind = OP_E820, .type = a_type(prng)};

    if (how.messy && prng_one_in(prng, 3))
        start = border(prng, a_page(prng));
    else if (prng_one_in(prng, 3))
        start = border(prng, page + a_length(prng));
    op.start = start;
    op.stop = border(prng, start / 4096 + a_length(prng));
    if (op.stop < op.start && !prng_one_in(prng, 64))
        op.stop = op.start + 1;
    if (prng_one_in(prng, 256)) /* the end of all addresses */
        op.stop = ~(uint64_t)0 - prng_below(prng, 2 * 4096);
    return op;
}

static void a_map(struct prng *prng, unsigned room, struct test_case *c)
{
    unsigned most = prng_one_in(prng, 64) ? 255 : 12, entries;
    uint64_t last = 0;

    if (most > room)
        most = room;
    entries = (unsigned)prng_below(prng, most + 1);
    for (unsigned i = 0; i < entries; i++) {
        struct op *op = &c->ops[c->count++];

        *op = an_entry(prng, last);
        if (!i && !prng_one_in(prng, 8)) { /* a guest needs memory to begin with */
            op->type = 1;
            op->start = 0;
            op->stop = border(prng, SPAN / 8 + prng_below(prng, SPAN * 3 / 4));
        }
        last = op->stop;
    }
}

/* Swaps two entries. */
static void shuffle(struct prng *prng, struct test_case *c)
{
    struct op *a = &c->ops[prng_below(prng, c->count)], *b = &c->ops[prng_below(prng, c->count)];
    struct op op = *a;

    *a = *b;
    *b = op;
}

/* ---- the boot record ---- */

static void an_answer(struct prng *prng, struct boot *boot)
{
    boot->setup.answer[prng_below(prng, BOOT_ANSWERS)] =
        (uint8_t)(prng_one_in(prng, 2) ? prng_below(prng, 4) : prng_next(prng));
}

static void a_field(struct prng *prng, struct boot *boot)
{
    uint32_t pfn = (uint32_t)prng_below(prng, 1 + (boot->nr_pages < SPAN ? boot->nr_pages : SPAN));

    switch (prng_below(prng, 9)) {
    case 0:
        boot->nr_pages = SPAN / 8 + prng_below(prng, SPAN * 3 / 4);
        break;
    case 1:
        boot->setup.max_reservation = prng_one_in(prng, 3) ? 0 : prng_below(prng, 2 * SPAN);
        break;
    case 2:
        boot->hotplug_limit = prng_one_in(prng, 2) ? 0 : prng_below(prng, 2 * SPAN);
        break;
    case 3:
        boot->setup.kernel = pfn;
        break;
    case 4:
        boot->setup.initrd = pfn;
        break;
    case 5:
        boot->setup.page_tables = pfn;
        break;
    case 6:
        boot->setup.list = pfn;
        break;
    case 7:
        boot->flags ^= 1u << BOOT_DOMU;
        break;
    default:
        an_answer(prng, boot);
    }
}

static void a_boot(struct prng *prng, struct boot *boot)
{
    boot->nr_pages = SPAN / 8 + prng_below(prng, SPAN * 3 / 4);
    if (prng_one_in(prng, 2))
        boot->setup.max_reservation = boot->nr_pages + prng_below(prng, SPAN);
    if (prng_one_in(prng, 2))
        boot->hotplug_limit = prng_below(prng, SPAN + 1);
    if (prng_one_in(prng, 4))
        boot->flags |= 1u << BOOT_DOMU;
    if (prng_one_in(prng, 4))
        boot->setup.initrd = (uint32_t)prng_below(prng, boot->nr_pages);
    for (unsigned i = 0; how.placed && i < 4; i++)
        a_field(prng, boot);
    if (prng_one_in(prng, 16))
        an_answer(prng, boot);
}

void generate_setup(struct prng *prng, unsigned ops, struct test_case *c)
{
    memset(&c->boot, 0, sizeof(c->boot));
    c->count = 0;
    how.inside = prng_one_in(prng, 2);
    how.messy = prng_one_in(prng, 3);
    how.placed = prng_one_in(prng, 2);
    a_boot(prng, &c->boot);
    a_map(prng, ops, c);
    for (unsigned i = 0; how.messy && c->count && i < 3; i++)
        shuffle(prng, c);
}

/* ---- changes ---- */

static void change_entry(struct prng *prng, struct op *op, const struct op *other)
{
    switch (prng_below(prng, 8)) {
    case 0:
        op->type = a_type(prng);
        break;
    case 1:
        op->start = border(prng, op->start / 4096 + prng_below(prng, 3));
        break;
    case 2:
        op->stop = border(prng, op->stop / 4096 + prng_below(prng, 3));
        break;
    case 3:
        op->start = border(prng, a_page(prng));
        break;
    case 4:
        op->stop = border(prng, a_page(prng));
        break;
    case 5:
        op->start = other->stop;
        break;
    case 6:
        op->stop = other->start;
        break;
    default:
        op->start += prng_below(prng, 3) - 1;
    }
}

void generate_setup_change(struct prng *prng, struct test_case *c)
{
    unsigned at = c->count ? (unsigned)prng_below(prng, c->count) : 0;

    how.inside = prng_one_in(prng, 2);
    how.messy = how.placed = true;
    if (!c->count || prng_one_in(prng, 3))
        a_field(prng, &c->boot);
    else if (c->ops[at].kind == OP_E820)
        change_entry(prng, &c->ops[at], &c->ops[prng_below(prng, c->count)]);
    else if (c->count < CASE_OPS)
        c->ops[c->count++] = an_entry(prng, c->ops[at].stop);
}

UNINSTRUMENTED_END
