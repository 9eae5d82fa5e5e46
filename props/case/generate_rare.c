// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What no executor honours, or not with these values (the table in fuzz/README.md): forms of
 * schedules, entries beyond the list, most of the boot. It is drawn seldom, so that codecs, texts,
 * conversion and shrinker meet it.
 */
#include <string.h>

#include "generate.h"
#include "props/base/uninstrumented.h"
#include "props/case/entry.h"

UNINSTRUMENTED_BEGIN

static uint64_t any_word(struct prng *prng)
{
    return prng_next(prng) >> prng_below(prng, 64);
}

/* A PFN as ops have them, or any word. */
static uint64_t any_pfn(struct prng *prng)
{
    return (prng_one_in(prng, 2) ? generate_pfn(prng) : any_word(prng)) & OP_LAST_PFN(&shape_here);
}

static struct turn a_turn(struct prng *prng)
{
    struct turn turn = {.point = generate_sync_point(prng),
                        .from = (uint8_t)prng_below(prng, TURN_EVERY),
                        .keep = (uint8_t)prng_below(prng, TURN_KEEP_MAX + 1)};

    if (turn.from == TURN_START && prng_one_in(prng, 4))
        turn.point = (uint16_t)(1 + prng_below(prng, OP_POINT_MAX));
    return turn;
}

/* The first call gets a schedule. */
static void a_schedule(struct prng *prng, struct op *op)
{
    struct turn first = a_turn(prng);

    op->at = first.point;
    op->at_from = first.from;
    op->at_keep = first.keep;
    op->turns = (uint8_t)prng_below(prng, OP_TURNS);
    for (unsigned i = 0; i < op->turns; i++)
        op->turn[i] = a_turn(prng);
    if (op->turns || !prng_one_in(prng, 8))
        return;
    op->at = 1;
    op->at_from = TURN_EVERY;
}

static void schedule_a_call(struct prng *prng, struct test_case *c)
{
    for (unsigned i = 0; i < c->count; i++)
        if (op_has_pfn(c->ops[i].kind) && (i + 1 == c->count || prng_one_in(prng, 2))) {
            a_schedule(prng, &c->ops[i]);
            return;
        }
}

/* An entry of the list that need not be one of it. */
static void a_list_op(struct prng *prng, struct test_case *c)
{
    struct op op = {.kind = OP_LIST, .pfn = any_pfn(prng)};

    op.arg = generate_entry(prng, op.pfn);
    if (c->count == CASE_OPS)
        return;
    memmove(&c->ops[1], &c->ops[0], c->count * sizeof(c->ops[0]));
    c->ops[0] = op;
    c->count++;
}

static void a_region(struct prng *prng, struct boot *boot)
{
    unsigned at = 0;

    while (at < BOOT_EXTRAS - 1 && boot->extra[at].pages)
        at++;
    boot->extra[at].pfn = any_pfn(prng);
    boot->extra[at].pages = (uint32_t)(1 + prng_below(prng, 4 * P2M_LEAF));
}

static void a_setup(struct prng *prng, struct boot *boot)
{
    boot->setup.max_reservation = any_word(prng);
    boot->setup.kernel = (uint32_t)generate_pfn(prng);
    boot->setup.initrd = (uint32_t)generate_pfn(prng);
    boot->setup.page_tables = (uint32_t)generate_pfn(prng);
    boot->setup.list = (uint32_t)generate_pfn(prng);
    generate_nvs(prng, boot);
    boot->setup.answer[prng_below(prng, BOOT_ANSWERS)] = (uint8_t)prng_next(prng);
}

static void change_a_flag(struct prng *prng, struct boot *boot)
{
    static const uint8_t flags[] = {BOOT_SHORT_LIST, BOOT_TOOLS4, BOOT_TSO, BOOT_JUDGE, BOOT_DOMU};

    boot->flags ^= (uint16_t)(1u << flags[prng_below(prng, sizeof(flags))]);
}

void generate_rare(struct prng *prng, struct test_case *c)
{
    switch (prng_below(prng, 7)) {
    case 0:
        schedule_a_call(prng, c);
        break;
    case 1:
        a_list_op(prng, c);
        break;
    case 2:
        a_region(prng, &c->boot);
        break;
    case 3:
        a_setup(prng, &c->boot);
        break;
    case 4: /* a list that is as long as the table costs time in a big one */
        c->boot.nr_pages = any_word(prng) & shape_word_mask(&shape_here);
        if (boot_max_pages(&shape_here) < MAX_P2M_PFN)
            c->boot.nr_pages %= 4 * P2M_LEAF;
        break;
    case 5:
        c->boot.hotplug_limit = any_pfn(prng);
        break;
    default:
        change_a_flag(prng, &c->boot);
    }
}

UNINSTRUMENTED_END
