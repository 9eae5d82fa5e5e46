// SPDX-License-Identifier: GPL-2.0-or-later
/* Random cases: see generate.h. */
#include "generate.h"

#include <string.h>

#include "core/e820.h"
#include "props/base/uninstrumented.h"
#include "props/case/entry.h"

UNINSTRUMENTED_BEGIN

const struct generate_mix generate_all = {16, 24, 8, 24, 48, 32, 0};
const struct generate_mix generate_calls = {0, 0, 0, 0, 0, 0, 0};

#define HOT 3
#define RECENT 8
#define LOW_PAGES 256 /* 1 MiB, which are not in a domU's memory map */

static struct {
    uint64_t hot[HOT];       /* first PFNs of leaves */
    uint64_t recent[RECENT]; /* PFNs used before */
    unsigned used;
    bool meets;       /* the op before is to run inside the next one, */
    uint64_t inside;  /* and has this PFN */
    unsigned beyond;  /* one PFN in so many is beyond the table */
    unsigned off;     /* op kinds that are not drawn at all: swarm */
    bool dense;       /* most PFNs are in one mid, */
    uint64_t mid;     /* whose first PFN this is */
    uint64_t granted; /* the first PFN of the last batch of grants, */
    uint8_t slots;    /* and its slots; 0: there was none */
    const struct boot *boot;
} drawn;

bool generate_swarm_off;

/* An index near an end of [0, slots), mostly. */
static uint64_t edge_index(struct prng *prng, unsigned slots)
{
    switch (prng_below(prng, 5)) {
    case 0:
        return 0;
    case 1:
        return slots - 1;
    case 2:
        return 1 % slots;
    default:
        return prng_below(prng, slots);
    }
}

static uint64_t edge_leaf(struct prng *prng)
{
    uint64_t mid = edge_index(prng, P2M_TOP) * P2M_MID + edge_index(prng, P2M_MID);

    return mid * P2M_LEAF;
}

/* An auto-translated guest has no table: tests the PFN where it would end. */
static void forget(struct prng *prng, const struct boot *boot)
{
    generate_forget_frames();
    drawn.boot = boot;
    drawn.used = 0;
    drawn.meets = false;
    drawn.slots = 0;
    drawn.beyond = boot->auto_translated ? 3 : 16;
    drawn.dense = prng_one_in(prng, 48);
    drawn.mid = edge_index(prng, P2M_TOP) * P2M_MID_SPAN;
    for (unsigned i = 0; i < HOT; i++) {
        drawn.hot[i] = edge_leaf(prng);
        if (i && prng_one_in(prng, 2)) /* often a neighbour of the last one */
            drawn.hot[i] = (drawn.hot[i - 1] + P2M_LEAF) % MAX_P2M_PFN;
    }
}

/* The same place below another slot: the leaf of that index in another mid, the entry of that index
   in another leaf. */
static uint64_t elsewhere(struct prng *prng, uint64_t pfn)
{
    uint64_t span = prng_one_in(prng, 2) ? P2M_MID_SPAN : P2M_LEAF;

    return (pfn % MAX_P2M_PFN + span * prng_below(prng, MAX_P2M_PFN / span)) % MAX_P2M_PFN;
}

/* In some leaf of the mid of a dense case. */
static uint64_t in_a_mid(struct prng *prng)
{
    return drawn.mid + prng_below(prng, P2M_MID) * P2M_LEAF + edge_index(prng, P2M_LEAF);
}

static uint64_t random_pfn(struct prng *prng)
{
    unsigned how = (unsigned)prng_below(prng, 16);

    if (drawn.dense && how < 12)
        return in_a_mid(prng);
    if (drawn.meets && how < 8) /* in one leaf they race */
        return drawn.inside - drawn.inside % P2M_LEAF + edge_index(prng, P2M_LEAF);
    if (!how)
        return prng_one_in(prng, 2) ? generate_machine_pfn(prng) % MAX_P2M_PFN
                                    : prng_below(prng, MAX_P2M_PFN);
    if (how == 9 && drawn.used)
        return elsewhere(prng, drawn.recent[prng_below(prng, drawn.used)]);
    if (how < 3)
        return edge_leaf(prng) + edge_index(prng, P2M_LEAF);
    if (how < 9 && drawn.used)
        return (drawn.recent[prng_below(prng, drawn.used)] + prng_below(prng, 4) - 2) &
               shape_word_mask(&shape_here);
    return drawn.hot[prng_below(prng, HOT)] + edge_index(prng, P2M_LEAF);
}

static uint64_t remember(struct prng *prng, uint64_t pfn)
{
    drawn.recent[drawn.used < RECENT ? drawn.used++ : prng_below(prng, RECENT)] = pfn;
    return pfn;
}

uint64_t generate_pfn(struct prng *prng)
{
    if (!prng_one_in(prng, drawn.beyond))
        return remember(prng, random_pfn(prng));
    if (prng_one_in(prng, 4))
        return remember(prng, generate_far_pfn(prng, random_pfn(prng)));
    return remember(prng, prng_one_in(prng, 4) ? shape_word_mask(&shape_here) - prng_below(prng, 3)
                                               : MAX_P2M_PFN + prng_below(prng, 3));
}

unsigned generate_points = OP_AT_MAX;

/* Calls have few sync points, mostly. */
uint16_t generate_sync_point(struct prng *prng)
{
    return (uint16_t)(1 + prng_below(prng, 1 + prng_below(prng, generate_points)));
}

uint64_t generate_entry(struct prng *prng, uint64_t pfn)
{
    static const uint8_t kinds[16] = {
        ENTRY_MFN,      ENTRY_MFN,      ENTRY_MFN,      ENTRY_MFN,
        ENTRY_MFN,      ENTRY_FOREIGN,  ENTRY_FOREIGN,  ENTRY_FOREIGN,
        ENTRY_INVALID,  ENTRY_INVALID,  ENTRY_INVALID,  ENTRY_IDENTITY,
        ENTRY_IDENTITY, ENTRY_IDENTITY, ENTRY_IDENTITY, ENTRY_MFN_IS_PFN,
    };
    uint64_t value = prng_one_in(prng, 4) ? generate_frame(prng, pfn) : prng_below(prng, 256);

    value = entry_join(&shape_here, pfn, (enum entry_kind)kinds[prng_below(prng, 16)], value);
    return generate_beside((struct prng){prng_mix(prng->state + 3)}, pfn, value);
}

static uint64_t malformed_entry(struct prng *prng, uint64_t pfn)
{
    enum entry_kind kind = prng_one_in(prng, 2) ? ENTRY_WRONG_IDENTITY : ENTRY_BOTH_BITS;

    if (prng_one_in(prng, 2))
        return generate_near_miss(prng, pfn);
    return entry_join(&shape_here, pfn, kind, prng_below(prng, MAX_P2M_PFN));
}

/* A few PFNs on, or at an edge or beside one, or whole mids on, or at another PFN. */
static uint64_t range_end(struct prng *prng, uint64_t start)
{
    switch (prng_below(prng, 8)) {
    case 0:
        return start + prng_below(prng, 3);
    case 1:
        return start + prng_below(prng, 2 * P2M_LEAF);
    case 2:
        return (start / P2M_LEAF + prng_below(prng, 3)) * P2M_LEAF + prng_one_in(prng, 4);
    case 3:
        return (start / P2M_MID_SPAN + 1 + prng_below(prng, 2)) * P2M_MID_SPAN +
               prng_one_in(prng, 4);
    case 4:
        return start + P2M_MID_SPAN + prng_below(prng, P2M_MID_SPAN);
    case 5:
        return prng_one_in(prng, 2) ? start + prng_below(prng, 2 * P2M_MID_SPAN)
                                    : MAX_P2M_PFN + prng_below(prng, 4);
    default:
        return generate_pfn(prng);
    }
}

static void a_range(struct prng *prng, struct op *op)
{
    uint64_t span = prng_one_in(prng, 2) ? P2M_LEAF : P2M_MID_SPAN, end;

    op->pfn = generate_pfn(prng);
    if (prng_one_in(prng, 2) && op->pfn < MAX_P2M_PFN)
        op->pfn -= op->pfn % span;
    end = prng_one_in(prng, 4) ? op->pfn + span : range_end(prng, op->pfn);
    op->arg = remember(prng, end & shape_word_mask(&shape_here));
    if (op->arg < op->pfn && !prng_one_in(prng, 4)) {
        uint64_t start = op->arg;

        op->arg = op->pfn;
        op->pfn = start;
    }
}

static bool once_in(struct prng *prng, unsigned n)
{
    return n && prng_one_in(prng, n);
}

/* Half of the cases have all ops; of the others each has some, but a set or a range always. */
static void draw_swarm(struct prng *prng)
{
    drawn.off = 0;
    if (prng_one_in(prng, 2) && !generate_swarm_off)
        drawn.off = (unsigned)prng_next(prng) & ~(1u << (prng_one_in(prng, 2) ? OP_SET : OP_RANGE));
}

/* Batches are small mostly; an unmap is mostly of what the last one mapped, or a part. */
static void a_grant(struct prng *prng, struct op *op)
{
    op->kind = drawn.slots && prng_one_in(prng, 2) ? OP_GRANT_UNMAP : OP_GRANT_MAP;
    op->count = (uint8_t)(1 + prng_below(prng, 1 + prng_below(prng, OP_GRANTS_MAX)));
    if (op->kind == OP_GRANT_UNMAP && !prng_one_in(prng, 8)) {
        op->pfn = (drawn.granted + prng_below(prng, 2)) & shape_word_mask(&shape_here);
        op->count = prng_one_in(prng, 2) ? drawn.slots : op->count;
        return;
    }
    op->pfn = generate_pfn(prng);
    if (op->kind == OP_GRANT_UNMAP)
        return;
    op->arg = prng_below(prng, (uint64_t)1 << (prng_one_in(prng, 4) ? MFN_BITS : 8));
    if (prng_one_in(prng, 3))
        op->slots = (uint16_t)(1u << prng_below(prng, op->count));
    if (prng_one_in(prng, 12))
        op->slots = (uint16_t)prng_next(prng);
    if (prng_one_in(prng, 4))
        op->refuse = (uint8_t)(1 + prng_below(prng, 4));
    drawn.granted = op->pfn;
    drawn.slots = op->count;
}

static void a_life_op(struct prng *prng, struct op *op)
{
    static const uint8_t kinds[] = {OP_BUILD, OP_PUBLISH, OP_DESTROY, OP_BUILD};

    op->kind = kinds[prng_below(prng, 4)];
    if (op->kind == OP_BUILD && prng_one_in(prng, 3))
        op->at = (uint16_t)(1 + prng_below(prng, generate_build_pages(drawn.boot->nr_pages)));
}

uint8_t generate_keep(struct prng *prng, const struct boot *boot)
{
    if (!(boot->flags >> BOOT_TSO & 1) || prng_one_in(prng, 2))
        return 0;
    return (uint8_t)(prng_one_in(prng, 4) ? 1 + prng_below(prng, TURN_KEEP_MAX) : 1);
}

void generate_relative(struct prng *prng, struct op *op)
{
    if (!prng_one_in(prng, 64))
        return;
    op->at_from = (uint8_t)prng_below(prng, TURN_EVERY);
    if (op->at_from == TURN_START)
        op->at = (uint16_t)(1 + prng_below(prng, 1 + prng_below(prng, OP_POINT_MAX)));
    else if (op->at_from == TURN_END)
        op->at = (uint16_t)(1 + prng_below(prng, 12));
    else
        op->at = (uint16_t)(1 + prng_below(prng, 255));
}

#define LATE 3 /* one in so many: what is before such a call has to be run twice (resolve.h) */

/*
 * Late in a long range, or in its middle, few calls run by chance. There what the range looked at
 * before can be stale: anywhere in it and, at its end, often at the leaf behind it.
 */
void generate_late(struct prng prng, const struct op *range, struct op *inside)
{
    const uint64_t length = range->arg - range->pfn;
    uint64_t to;

    if (range->kind != OP_RANGE || !op_has_pfn(inside->kind) || !inside->at ||
        range->arg <= range->pfn || length < 2 * P2M_LEAF || !prng_one_in(&prng, LATE))
        return;
    inside->at_from = TURN_PART;
    inside->at = (uint16_t)(1 + prng_below(&prng, 255));
    to = range->pfn + prng_below(&prng, length);
    if (prng_one_in(&prng, 2)) {
        to = range->arg - prng_one_in(&prng, 4) * P2M_LEAF + prng_below(&prng, 2);
        inside->at_from = TURN_END;
        inside->at = (uint16_t)(1 + prng_below(&prng, 1 + prng_below(&prng, 8)));
    }
    inside->turns = 0;
    if (to < MAX_P2M_PFN && !prng_one_in(&prng, 4))
        op_move(&shape_here, inside, to);
}

/* The call runs inside the next one; now and then the two alternate, with up to four switches. */
static void inside_the_next(struct prng *prng, struct op *op)
{
    op->at = generate_sync_point(prng);
    generate_relative(prng, op);
    op->at_keep = generate_keep(prng, drawn.boot);
    if (!prng_one_in(prng, 4))
        return;
    op->turns = (uint8_t)(1 + prng_below(prng, prng_one_in(prng, 2) ? OP_TURNS - 1 : 1));
    for (unsigned i = 0; i < op->turns; i++) {
        op->turn[i].point = (uint16_t)(i && prng_one_in(prng, 2) ? 1 + prng_below(prng, 8)
                                                                 : generate_sync_point(prng));
        op->turn[i].keep = generate_keep(prng, drawn.boot);
    }
}

/* Calls overlap more often where they have store buffers. */
static unsigned overlaps_in(const struct generate_mix *mix)
{
    return drawn.boot->flags >> BOOT_TSO & 1 ? (mix->race + 3) / 4 : mix->race;
}

static void random_op(struct prng *prng, const struct generate_mix *mix, struct op *op)
{
    static const uint8_t kinds[16] = {
        OP_SET,         OP_SET,         OP_SET,   OP_SET,   OP_SET,   OP_SET_NOALLOC,
        OP_SET_NOALLOC, OP_SET_NOALLOC, OP_RANGE, OP_RANGE, OP_RANGE, OP_RANGE,
        OP_GET,         OP_PFN_TO_MFN,  OP_SET,   OP_RANGE,
    };

    bool malformed = prng_one_in(prng, 4);

    memset(op, 0, sizeof(*op));
    if (!(drawn.off >> OP_RESUME & 1) && once_in(prng, mix->resume)) {
        op->kind = OP_RESUME;
        return;
    }
    if (!(drawn.off >> OP_GRANT_MAP & 1) && once_in(prng, mix->grants)) {
        a_grant(prng, op);
        return;
    }
    if (!(drawn.off >> OP_BUILD & 1) && once_in(prng, mix->life)) {
        a_life_op(prng, op);
        return;
    }
    do
        op->kind = kinds[prng_below(prng, 16)];
    while (drawn.off >> op->kind & 1);
    if (op->kind == OP_RANGE)
        a_range(prng, op);
    else
        op->pfn = generate_pfn(prng);
    if (op_has_entry(op->kind))
        op->arg = malformed ? malformed_entry(prng, op->pfn) : generate_entry(prng, op->pfn);
    /* what is malformed asks for no page, or should not: then it is to show in the result */
    if (op_stores(op->kind) && !malformed && prng_one_in(prng, 6))
        op->refuse = (uint8_t)(1 + prng_below(prng, 1 + prng_below(prng, 6)));
    if (once_in(prng, overlaps_in(mix)))
        inside_the_next(prng, op);
    drawn.meets = op->at && op->pfn < MAX_P2M_PFN;
    drawn.inside = op->pfn;
}

/* Edges of pages, or a byte beside one, or anywhere; now and then where a domU's map begins. */
static uint64_t an_address(struct prng *prng)
{
    uint64_t page = prng_one_in(prng, 16) ? LOW_PAGES : generate_pfn(prng) % (MAX_P2M_PFN + 4);

    if (prng_one_in(prng, 12))
        return generate_far_address(prng);
    switch (prng_below(prng, 6)) {
    case 0:
        return page * 4096 + 1;
    case 1:
        return page * 4096 + 4095;
    case 2:
        return page * 4096 + prng_below(prng, 4096);
    default:
        return page * 4096;
    }
}

/* An entry of a map, often where the last one ended, as they do in real ones; some are empty. */
static struct op an_entry(struct prng *prng, uint64_t last)
{
    uint64_t start = prng_one_in(prng, 2) ? last : an_address(prng);
    uint64_t stop = prng_one_in(prng, 6) ? start : an_address(prng);
    bool ram = prng_one_in(prng, 2), swap = start > stop && !prng_one_in(prng, 4);

    return (struct op){.kind = OP_E820,
                       .type = ram                     ? P2M_E820_RAM
                               : prng_one_in(prng, 12) ? (uint8_t)prng_below(prng, OP_TYPE_MAX + 1)
                                                       : (uint8_t)(1 + prng_below(prng, 6)),
                       .start = swap ? stop : start,
                       .stop = swap ? start : stop};
}

static void an_e820_table(struct prng *prng, const struct generate_mix *mix, unsigned room,
                          struct test_case *c)
{
    const unsigned room_end = c->count + room;
    /* a long map takes its time, of the second order; few cases have room for one */
    bool is_long = prng_one_in(prng, room > 100 ? 4 : mix->e820 > 1 ? 512 : 64);
    unsigned entries = 1 + (unsigned)prng_below(prng, 1 + prng_below(prng, room < 12 ? room : 12));
    uint64_t last = 0;

    if (is_long)
        entries = room - (unsigned)prng_below(prng, (room + 1) / 2);
    for (unsigned i = 0; i + 1 < entries; i++) {
        c->ops[c->count] = an_entry(prng, last);
        last = c->ops[c->count++].stop;
    }
    if (prng_one_in(prng, 6) && c->count + 1 < room_end) { /* a call runs inside it */
        random_op(prng, mix, &c->ops[c->count]);
        if (op_has_pfn(c->ops[c->count].kind))
            c->ops[c->count++].at = generate_sync_point(prng);
    }
    c->ops[c->count++] = generate_map_call(prng);
}

void generate_nvs(struct prng *prng, struct boot *boot)
{
    memset(boot->setup.nvs, 0, sizeof(boot->setup.nvs));
    for (unsigned i = 0; i < 1 + prng_below(prng, BOOT_NVS); i++) {
        uint64_t pfn = edge_leaf(prng) + edge_index(prng, P2M_LEAF);

        boot->setup.nvs[i].pfn = (uint32_t)(prng_one_in(prng, 24) ? MAX_P2M_PFN - 1 : pfn);
        boot->setup.nvs[i].pages = (uint32_t)(1 + prng_below(prng, 2 * P2M_LEAF));
    }
}

/* What only some subjects have. Its numbers are its own, so that those of all others stay. */
static void some_setup(struct prng prng, struct boot *boot)
{
    boot->flags |= (uint16_t)(prng_one_in(&prng, 3) << BOOT_TOOLS4);
    if (prng_one_in(&prng, 8))
        generate_nvs(&prng, boot);
    boot->flags |= (uint16_t)(prng_one_in(&prng, 8) << BOOT_TSO);
}

static void a_boot(struct prng *prng, struct boot *boot)
{
    uint64_t most = boot_max_pages(&shape_here);

    memset(boot, 0, sizeof(*boot));
    if (!prng_one_in(prng, 3))
        boot->nr_pages = prng_below(prng, 4) * P2M_LEAF + prng_below(prng, P2M_LEAF + 1);
    if (prng_one_in(prng, 32)) /* a long list takes its time */
        boot->nr_pages = prng_below(prng, most / (P2M_LEAF > 8 ? 32 : 1) + 1);
    if (MAX_P2M_PFN < most && prng_one_in(prng, 32))
        boot->nr_pages = MAX_P2M_PFN + prng_below(prng, 3) - 1;
    if (boot->nr_pages > most)
        boot->nr_pages = most;
    if (prng_one_in(prng, 3))
        boot->holes = (uint8_t)prng_below(prng, 256);
    if (prng_one_in(prng, 4))
        boot->refuse = (uint8_t)(1 + prng_below(prng, 6));
    boot->auto_translated = prng_one_in(prng, 12);
    boot->xen_restore = prng_one_in(prng, 4);
    some_setup((struct prng){prng_mix(prng->state)}, boot);
}

/* A list that is much longer than its frames, and a refused page late in the build. */
static void some_length(struct prng prng, struct boot *boot)
{
    const bool big = MAX_P2M_PFN > boot_max_pages(&shape_here); /* it costs time there */

    if (boot->auto_translated) /* it has no use for its list, which is compared after each op */
        return;

    if (big && prng_one_in(&prng, 128)) /* nearly all leaves of a mid, or a mid and a few */
        boot->nr_pages = P2M_MID_SPAN - P2M_LEAF * prng_below(&prng, P2M_MID);
    if (prng_one_in(&prng, big ? 96 : 160))
        boot->nr_pages = prng_one_in(&prng, 2) ? generate_word(&prng)
                                               : prng_below(&prng, MAX_P2M_PFN + P2M_LEAF);
    if (boot->refuse && prng_one_in(&prng, 2))
        boot->refuse = (uint16_t)(1 + prng_below(&prng, generate_build_pages(boot->nr_pages)));
}

/* Sets all over one mid, so that many of its leaves become private: dozens of ops would seldom do
   that by chance. */
static void fill_a_mid(struct prng *prng, unsigned ops, struct test_case *c)
{
    while (c->count < ops && !prng_one_in(prng, 64)) {
        struct op *op = &c->ops[c->count++];

        *op = (struct op){.kind = OP_SET, .pfn = in_a_mid(prng)};
        op->arg = generate_entry(prng, op->pfn);
    }
}

/* Puts ops of the builder in front. They have random numbers of their own, so the numbers of all
   other draws stay. */
static void put_in_front(struct prng prng, unsigned ops, struct test_case *c)
{
    if (prng_one_in(&prng, 4))
        c->boot.order = (uint8_t)prng_below(&prng, BOOT_ORDERS);
    if (!prng_one_in(&prng, 6))
        return;
    c->count = generate_front(&prng, &c->boot, ops, c->ops);
}

static void most_of_case(struct prng *prng, const struct generate_mix *mix, unsigned ops,
                         struct test_case *c)
{
    a_boot(prng, &c->boot);
    some_length((struct prng){prng_mix(~prng->state)}, &c->boot);
    forget(prng, &c->boot);
    c->count = 0;
    draw_swarm(prng);
    put_in_front((struct prng){prng_mix(prng->state + 1)}, ops, c);
    if (ops > c->count + 1 && !(drawn.off >> OP_BUILD & 1) && once_in(prng, mix->life / 4)) {
        c->boot.flags |= 1u << BOOT_BARE;
        c->ops[c->count++] = (struct op){.kind = OP_BUILD, .at = (uint16_t)prng_below(prng, 3)};
    }
    if (ops > c->count && once_in(prng, mix->e820)) {
        an_e820_table(prng, mix, ops - c->count, c);
        if (prng_one_in(prng, 2)) /* calls on top of it show little that is new */
            return;
    }
    if (drawn.dense && prng_one_in(prng, 2))
        fill_a_mid(prng, ops, c);
    while (c->count < ops) {
        random_op(prng, mix, &c->ops[c->count++]);
        if (c->count > 1)
            generate_late((struct prng){prng_mix(prng->state + 2)}, &c->ops[c->count - 1],
                          &c->ops[c->count - 2]);
    }
}

void generate_case(struct prng *prng, const struct generate_mix *mix, unsigned ops,
                   struct test_case *c)
{
    if (once_in(prng, mix->setup)) {
        generate_setup(prng, ops, c);
        forget(prng, &c->boot);
        while (c->count < ops && prng_one_in(prng, 4))
            random_op(prng, mix, &c->ops[c->count++]);
        return;
    }
    most_of_case(prng, mix, ops, c);
    generate_cut((struct prng){prng_mix(prng->state + 4)}, c);
    if (c->count < ops && once_in(prng, mix->rare))
        generate_rare(prng, c);
}

void generate_prime(struct prng *prng, const struct test_case *c)
{
    forget(prng, &c->boot);
    draw_swarm(prng);
    if (!c->count)
        return;
    for (unsigned i = 0; i < RECENT; i++) {
        const struct op *op = &c->ops[prng_below(prng, c->count)];

        if (op_has_pfn(op->kind))
            drawn.recent[drawn.used++] = op->kind == OP_RANGE && i % 2 ? op->arg : op->pfn;
    }
    for (unsigned i = 0; i < HOT && i < drawn.used; i++)
        if (drawn.recent[i] < MAX_P2M_PFN && !prng_one_in(prng, 3))
            drawn.hot[i] = drawn.recent[i] - drawn.recent[i] % P2M_LEAF;
}

void generate_op(struct prng *prng, const struct generate_mix *mix, struct op *op)
{
    if (!once_in(prng, mix->e820))
        random_op(prng, mix, op);
    else if (prng_one_in(prng, 2))
        *op = an_entry(prng, 0);
    else
        *op = generate_map_call(prng);
}

UNINSTRUMENTED_END
