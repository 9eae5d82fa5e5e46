// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Moves of the shrinker that need fewer ops because the boot does what they did: it brings frames
 * along that were set one by one, it builds, or it leaves the p2m unbuilt.
 */
#include "entry.h"
#include "props/base/uninstrumented.h"
#include "shrink.h"

UNINSTRUMENTED_BEGIN

static struct test_case candidate;

static bool sets_a_frame(const struct op *op)
{
    uint64_t value;
    enum entry_kind kind = entry_split(&shape_here, op->pfn, op->arg, &value);

    return op_has_entry(op->kind) && op->pfn < MAX_P2M_PFN &&
           (kind == ENTRY_MFN || kind == ENTRY_MFN_IS_PFN);
}

/* The end of all frames that ops store. */
static uint64_t end_of_frames(const struct test_case *c)
{
    uint64_t end = 0;

    for (unsigned i = 0; i < c->count; i++)
        if (sets_a_frame(&c->ops[i]) && c->ops[i].pfn >= end)
            end = c->ops[i].pfn + 1;
    return end;
}

#define LENGTHS 13

/* Lengths of a list that are worth a try. 0 stands for one that is too long: it costs more. */
static void list_lengths(const struct test_case *c, uint64_t out[LENGTHS])
{
    const uint64_t mid = (uint64_t)P2M_MID * P2M_LEAF, max = MAX_P2M_PFN;
    const uint64_t most = boot_max_pages(&shape_here);
    const uint64_t begun_leaf = c->boot.nr_pages - c->boot.nr_pages % P2M_LEAF + 1;
    const uint64_t lengths[LENGTHS] = {
        c->boot.nr_pages, 1,       P2M_LEAF - 1,     P2M_LEAF, P2M_LEAF + 1, 2 * P2M_LEAF, mid,
        mid + 1,          max - 1, end_of_frames(c), max,      max + 1,      begun_leaf};

    for (unsigned i = 0; i < LENGTHS; i++)
        out[i] = lengths[i] <= most || lengths[i] <= c->boot.nr_pages ? lengths[i] : 0;
}

/* Each frame becomes that of its PFN in the list: next to those that the list brings along. */
static void follow_list(struct test_case *c)
{
    for (unsigned i = 0; i < c->count; i++)
        if (sets_a_frame(&c->ops[i]))
            c->ops[i].arg =
                entry_join(&shape_here, c->ops[i].pfn, ENTRY_MFN, MFN_OF_LIST + c->ops[i].pfn);
}

static uint64_t less(uint64_t number, uint64_t by)
{
    return number >= by ? number - by : number;
}

/* All PFNs and borders come down by so many leaves. */
static void lower(struct test_case *c, unsigned leaves)
{
    const uint64_t pfns = leaves * (uint64_t)P2M_LEAF;

    for (unsigned i = 0; i < c->count; i++) {
        struct op *op = &c->ops[i];

        op->pfn = less(op->pfn, pfns);
        op->arg = op->kind == OP_RANGE ? less(op->arg, pfns) : op->arg;
        op->start = less(op->start, pfns * 4096);
        op->stop = less(op->stop, pfns * 4096);
    }
}

/* What is done at `pfn` is done at PFN 0, with entries of that number, too. */
static void move_to_0(struct test_case *c, uint64_t pfn)
{
    uint64_t value = 0;
    enum entry_kind kind = ENTRY_MFN;

    for (unsigned i = 0; i < c->count; i++) {
        struct op *op = &c->ops[i];

        if (!op_has_pfn(op->kind) || op->pfn != pfn)
            continue;
        if (op_names_entry(op->kind))
            kind = entry_split(&shape_here, pfn, op->arg, &value);
        op_move(&shape_here, op, 0);
        if (op_names_entry(op->kind) && value == pfn)
            op->arg = entry_join(&shape_here, 0, kind, 0);
    }
}

#define LOWER 4 /* leaves */

/* In the place of one op, in a short case. */
static bool boot_instead(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer)
{
    uint64_t pages[LENGTHS];

    list_lengths(c, pages);
    for (unsigned i = 0; c->count <= SHRINK_FEW && i < c->count; i++) {
        for (unsigned k = 0; k < LENGTHS; k++) {
            TRY((candidate.boot.nr_pages = pages[k], shrink_cut(&candidate, i, 1)));
            TRY((candidate.boot.nr_pages = pages[k], shrink_cut(&candidate, i, 1),
                 follow_list(&candidate)));
        }
        for (unsigned leaves = 1; leaves <= LOWER; leaves++)
            TRY((candidate.boot.nr_pages = 1, shrink_cut(&candidate, i, 1),
                 lower(&candidate, leaves)));
        if (sets_a_frame(&c->ops[i]))
            TRY((candidate.boot.nr_pages = 1, shrink_cut(&candidate, i, 1),
                 move_to_0(&candidate, c->ops[i].pfn)));
    }
    return false;
}

/* Removes the sets of a frame below `end`, but for the last `keep` of them. */
static void cut_frames(struct test_case *c, uint64_t end, unsigned keep)
{
    for (unsigned i = c->count; i--;) {
        if (!sets_a_frame(&c->ops[i]) || c->ops[i].pfn >= end)
            continue;
        if (keep)
            keep--;
        else
            shrink_cut(c, i, 1);
    }
}

/* In the place of all sets of frames, or all but the last ones: they may fill the table. */
static bool boot_fills(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer)
{
    uint64_t pages[LENGTHS];

    list_lengths(c, pages);
    for (unsigned k = 0; end_of_frames(c) && k < LENGTHS; k++)
        for (unsigned keep = 0; keep < 3; keep++)
            TRY((candidate.boot.nr_pages = pages[k], cut_frames(&candidate, pages[k], keep)));
    return false;
}

/* A boot that builds, in place of a build. */
static bool boot_builds(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer)
{
    for (unsigned i = 0; i < c->count; i++)
        if (c->ops[i].kind == OP_BUILD)
            TRY((candidate.boot.flags &= (uint16_t)~(1u << BOOT_BARE),
                 candidate.boot.refuse = c->ops[i].at, shrink_cut(&candidate, i, 1)));
    return false;
}

/* A bare boot in place of a first op that destroys the p2m. Such a boot needs a publish. */
static bool boot_is_bare(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer)
{
    for (unsigned i = 0; c->count && c->ops[0].kind == OP_DESTROY && i < c->count; i++)
        TRY((candidate.boot.flags |= 1u << BOOT_BARE,
             candidate.ops[i] = i ? (struct op){.kind = OP_PUBLISH} : c->ops[i],
             shrink_cut(&candidate, 0, 1)));
    return false;
}

bool shrink_to_boot(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer,
                    shrink_offer_fn *offer_changed)
{
    return boot_instead(shrink, c, offer_changed) || boot_fills(shrink, c, offer) ||
           boot_builds(shrink, c, offer_changed) || boot_is_bare(shrink, c, offer);
}

UNINSTRUMENTED_END
