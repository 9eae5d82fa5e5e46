// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Values that are drawn over their whole domain, with aim: frames, words, lengths of lists, and
 * what the builder hands over. See generate.h.
 */
#include <string.h>

#include "generate.h"
#include "props/base/uninstrumented.h"
#include "props/case/entry.h"

UNINSTRUMENTED_BEGIN

#define ENTRIES 8

static uint64_t last_frame; /* of this case: consecutive values come from it */

static struct {
    uint64_t pfn, entry;
} before[ENTRIES]; /* of this case: entries that were drawn, the newest over the oldest */
static unsigned entries_before;

void generate_forget_frames(void)
{
    last_frame = 0x77;
    entries_before = 0;
}

/* 2^n, and up to two beside it. */
static uint64_t near_power(struct prng *prng, unsigned bits)
{
    return ((uint64_t)1 << prng_below(prng, bits)) + prng_below(prng, 5) - 2;
}

uint64_t generate_word(struct prng *prng)
{
    const uint64_t mask = shape_word_mask(&shape_here);

    switch (prng_below(prng, 4)) {
    case 0:
        return mask - prng_below(prng, 2 * P2M_LEAF);
    case 1:
        return near_power(prng, P2M_WORD_BITS) & mask;
    case 2: /* too far by the bits that 32-bit code loses */
        return (prng_below(prng, 4 * P2M_LEAF) + ((uint64_t)(1 + prng_below(prng, 3)) << 32)) &
               mask;
    default:
        return prng_next(prng) >> prng_below(prng, 64) & mask;
    }
}

uint64_t generate_frame(struct prng *prng, uint64_t pfn)
{
    const uint64_t last = ((uint64_t)1 << MFN_BITS) - 1;
    uint64_t frame;

    switch (prng_below(prng, 8)) {
    case 0:
        frame = prng_below(prng, 3);
        break;
    case 1:
        frame = last - prng_below(prng, 3);
        break;
    case 2:
        frame = near_power(prng, MFN_BITS);
        break;
    case 3:
        frame = pfn + prng_below(prng, 3) - 1;
        break;
    case 4:
        frame = last_frame + prng_below(prng, 3) - 1;
        break;
    case 5:
        frame = last_frame ^ (uint64_t)1 << prng_below(prng, MFN_BITS);
        break;
    default:
        frame = prng_next(prng) >> prng_below(prng, 64);
    }
    return last_frame = frame & last;
}

/* The entry that was drawn for `pfn` before, with a bit of its frame flipped. */
static bool beside_the_old(struct prng *prng, uint64_t pfn, uint64_t *entry)
{
    const unsigned known = entries_before < ENTRIES ? entries_before : ENTRIES;
    uint64_t frame;

    for (unsigned i = 0; i < known; i++) {
        enum entry_kind kind = entry_split(&shape_here, pfn, before[i].entry, &frame);

        if (before[i].pfn != pfn || (kind != ENTRY_MFN && kind != ENTRY_FOREIGN))
            continue;
        frame ^= (uint64_t)1 << prng_below(prng, MFN_BITS);
        *entry = entry_join(&shape_here, pfn, kind, frame);
        return true;
    }
    return false;
}

uint64_t generate_beside(struct prng prng, uint64_t pfn, uint64_t entry)
{
    if (prng_one_in(&prng, 12) && beside_the_old(&prng, pfn, &entry))
        return entry;
    before[entries_before % ENTRIES].pfn = pfn;
    before[entries_before++ % ENTRIES].entry = entry;
    return entry;
}

uint64_t generate_near_miss(struct prng *prng, uint64_t pfn)
{
    const uint64_t flip = (uint64_t)1 << prng_below(prng, P2M_WORD_BITS);
    const uint64_t mask = shape_word_mask(&shape_here);
    uint64_t other = pfn + prng_below(prng, 3) - 1;

    switch (prng_below(prng, 6)) {
    case 0: /* another PFN's identity */
        return entry_join(&shape_here, other, ENTRY_IDENTITY, 0);
    case 1:
        return entry_join(&shape_here, pfn, ENTRY_FOREIGN, pfn);
    case 2:
        return mask ^ flip;
    case 3:
        return (entry_join(&shape_here, pfn, ENTRY_FOREIGN, generate_frame(prng, pfn)) ^ flip) &
               mask;
    case 4:
        return (generate_frame(prng, pfn) ^ flip) & mask;
    default:
        return (entry_join(&shape_here, pfn, ENTRY_IDENTITY, 0) ^ flip) & mask;
    }
}

uint64_t generate_machine_pfn(struct prng *prng)
{
    static const uint64_t pfns[] = {0xa0, 0x100, 0xfec00, 0xfee00, 0x100000, 1u << 26};
    uint64_t pfn = prng_one_in(prng, 2) ? pfns[prng_below(prng, 6)]
                                        : (uint64_t)1 << prng_below(prng, P2M_WORD_BITS);

    return (pfn + prng_below(prng, 3) - 1) & shape_word_mask(&shape_here);
}

uint64_t generate_far_pfn(struct prng *prng, uint64_t valid)
{
    if (P2M_WORD_BITS == 64 && prng_one_in(prng, 2))
        return valid % MAX_P2M_PFN + ((1 + (prng_next(prng) >> prng_below(prng, 32) >> 32)) << 32);
    return generate_word(prng);
}

uint64_t generate_far_address(struct prng *prng)
{
    static const uint8_t bits[] = {32, 44, 52, 63};

    switch (prng_below(prng, 3)) {
    case 0:
        return ~(uint64_t)0 - prng_below(prng, 3 * 4096);
    case 1:
        return ((uint64_t)1 << bits[prng_below(prng, 4)]) + prng_below(prng, 3 * 4096) - 4096;
    default:
        return ((uint64_t)1 << bits[prng_below(prng, 4)]) + 4096 * prng_below(prng, 64);
    }
}

unsigned generate_build_pages(uint64_t nr_pages)
{
    uint64_t most = nr_pages < MAX_P2M_PFN ? nr_pages : MAX_P2M_PFN;

    return 4 + 2 * (unsigned)((most + P2M_MID_SPAN - 1) / P2M_MID_SPAN);
}

/* Over the whole domain, and now and then where MFNs wrap in the middle of the pages. */
static struct op a_base(struct prng *prng)
{
    struct op op = {.kind = OP_MFN_BASE, .type = (uint8_t)prng_below(prng, MFN_BASES)};

    op.arg = prng_one_in(prng, 8) ? MFN_MASK - prng_below(prng, 64) : generate_frame(prng, 0);
    return op;
}

static struct op an_entry_of_list(struct prng *prng, uint64_t pages)
{
    struct op op = {.kind = OP_LIST};

    op.pfn = prng_one_in(prng, 2) ? prng_below(prng, pages) : pages - 1 - prng_below(prng, 2);
    if (prng_one_in(prng, 2))
        op.pfn = prng_below(prng, 2);
    op.pfn &= shape_word_mask(&shape_here);
    op.arg = prng_one_in(prng, 8) ? shape_word_mask(&shape_here) : generate_frame(prng, op.pfn);
    return op;
}

unsigned generate_front(struct prng *prng, const struct boot *boot, unsigned most, struct op *ops)
{
    uint64_t pages = boot->nr_pages < MAX_P2M_PFN + 2 ? boot->nr_pages : MAX_P2M_PFN + 2;
    unsigned count = 1 + (unsigned)prng_below(prng, 3);

    for (unsigned i = 0; i < count && i < most; i++)
        ops[i] = !pages || prng_one_in(prng, 2) ? a_base(prng) : an_entry_of_list(prng, pages);
    return count < most ? count : most;
}

struct op generate_map_call(struct prng *prng)
{
    struct op op = {.kind = OP_XEN_SET_IDENTITY, .type = prng_one_in(prng, 2)};

    if (prng_one_in(prng, 6))
        op.kind = OP_IDENTITY_RANGES;
    else if (prng_one_in(prng, 4))
        op.refuse = (uint8_t)(1 + prng_below(prng, 1 + prng_below(prng, OP_REFUSE_MAX)));
    return op;
}

UNINSTRUMENTED_END
