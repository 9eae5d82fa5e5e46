// SPDX-License-Identifier: GPL-2.0-or-later
/* Variants of a case that might be smaller: see shrink.h. */
#include <string.h>

#include "props/base/uninstrumented.h"
#include "shrink.h"

UNINSTRUMENTED_BEGIN

#define SPAN ((uint64_t)P2M_MID * P2M_LEAF)

static struct test_case candidate;

/* ---- the boot ---- */

bool shrink_boot(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer)
{
    const struct boot *boot = &c->boot;
    uint64_t leaf = P2M_LEAF;
    uint64_t pages[] = {0,
                        1,
                        boot->nr_pages / 2,
                        boot->nr_pages - boot->nr_pages % leaf,
                        boot->nr_pages > leaf ? boot->nr_pages - leaf : 0,
                        boot->nr_pages > SPAN ? boot->nr_pages - SPAN : 0,
                        boot->nr_pages ? boot->nr_pages - 1 : 0,
                        MAX_P2M_PFN,
                        MAX_P2M_PFN + 1,
                        boot->nr_pages & UINT32_MAX,
                        (uint64_t)1 << 32,
                        ((uint64_t)1 << 32) + 1};

    TRY(memset(&candidate.boot, 0, sizeof(candidate.boot)));
    TRY(candidate.boot.auto_translated = false);
    TRY(candidate.boot.xen_restore = false);
    TRY(candidate.boot.refuse = 0);
    TRY(candidate.boot.refuse -= boot->refuse > 0);
    for (unsigned bit = 0; bit < 16; bit++)
        TRY(candidate.boot.flags &= (uint16_t)~(1u << bit));
    TRY(candidate.boot.hotplug_limit = 0);
    TRY(memset(candidate.boot.extra, 0, sizeof(candidate.boot.extra)));
    TRY(memset(&candidate.boot.setup, 0, sizeof(candidate.boot.setup)));
    TRY(candidate.boot.order = 0);
    TRY(candidate.boot.order -= boot->order > 0);
    TRY(candidate.boot.holes = 0);
    TRY(candidate.boot.holes /= 2);
    for (unsigned i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
        TRY(candidate.boot.nr_pages = pages[i]);
    for (unsigned i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) /* a build of fewer pages */
        for (unsigned n = 1; n < boot->refuse; n++)
            TRY((candidate.boot.nr_pages = pages[i], candidate.boot.refuse = (uint16_t)n));
    for (unsigned bit = 64; bit--;)
        TRY(candidate.boot.nr_pages &= ~((uint64_t)1 << bit));
    return false;
}

/* ---- one op ---- */

/* PFNs that might do instead of `pfn`: lower ones with something in common, and those in use. */
#define PFNS 160

static unsigned other_pfns(const struct test_case *c, uint64_t pfn, uint64_t *out)
{
    uint64_t max = shape_max_pfn(&shape_here);
    unsigned count = 0;

    out[count++] = 0;
    out[count++] = 1;
    out[count++] = pfn % P2M_LEAF;
    out[count++] = pfn % SPAN;
    out[count++] = pfn - pfn % P2M_LEAF;
    out[count++] = pfn - pfn % SPAN;
    out[count++] = pfn / 2;
    out[count++] = P2M_LEAF - 1;
    out[count++] = P2M_LEAF;
    out[count++] = SPAN - 1;
    out[count++] = SPAN;
    for (unsigned bit = 64; bit--;)
        if (pfn >> bit & 1)
            out[count++] = pfn & ~((uint64_t)1 << bit);
    if (pfn && pfn < 64)
        out[count++] = pfn - 1;
    if (pfn > max)
        out[count++] = max;
    for (unsigned i = 0; i < c->count && count < PFNS; i++)
        if (op_names_pfn(c->ops[i].kind) && c->ops[i].pfn < pfn)
            out[count++] = c->ops[i].pfn;
    return count;
}

static bool other_kinds(struct shrink *shrink, struct test_case *c, unsigned i,
                        shrink_offer_fn *offer)
{
    static const uint8_t kinds[] = {OP_GET, OP_PFN_TO_MFN, OP_SET, OP_SET_NOALLOC, OP_RANGE};
    static const uint8_t entries[] = {ENTRY_MFN, ENTRY_INVALID, ENTRY_IDENTITY, ENTRY_FOREIGN};
    struct op *op = &candidate.ops[i];

    if (!op_has_pfn(c->ops[i].kind) && c->ops[i].kind != OP_LIST) {
        TRY(op->type = op->kind == OP_E820 ? 2 : 0);
        TRY(op->type = op->type ? 1 : 0);
        TRY(op->kind = op->kind == OP_IDENTITY_RANGES ? OP_XEN_SET_IDENTITY : op->kind);
        return false;
    }
    for (unsigned k = 0; c->ops[i].kind != OP_LIST && k < sizeof(kinds); k++) {
        if (kinds[k] == OP_RANGE || c->ops[i].kind == OP_RANGE) {
            TRY((op->kind = kinds[k], op->arg = kinds[k] == OP_RANGE ? op->pfn + 1 : 0));
            continue;
        }
        TRY(op->kind = kinds[k]);
    }
    for (unsigned k = 0; k < sizeof(entries); k++)
        TRY((op->kind = op->kind == OP_RANGE ? OP_SET : op->kind,
             op->arg = entry_join(&shape_here, op->pfn, (enum entry_kind)entries[k], 0)));
    return false;
}

static bool other_numbers(struct shrink *shrink, struct test_case *c, unsigned i,
                          shrink_offer_fn *offer)
{
    struct op *op = &candidate.ops[i];
    uint64_t value;
    enum entry_kind kind = entry_split(&shape_here, c->ops[i].pfn, c->ops[i].arg, &value);

    if (op_names_entry(c->ops[i].kind)) {
        uint64_t values[] = {0, 1, 2, value / 2, value < 256 ? value - 1 : 0};

        for (unsigned k = 0; k < sizeof(values) / sizeof(values[0]); k++)
            TRY(op->arg = entry_join(&shape_here, op->pfn, kind, values[k]));
        for (unsigned bit = 64; bit--;)
            TRY(op->arg = entry_join(&shape_here, op->pfn, kind, value & ~((uint64_t)1 << bit)));
        for (unsigned k = 0; k < c->count; k++)
            TRY(op->arg = c->ops[k].kind == op->kind ? c->ops[k].arg : op->arg);
    }
    if (c->ops[i].kind == OP_RANGE) {
        uint64_t start = c->ops[i].pfn, end = c->ops[i].arg;
        uint64_t ends[] = {start,
                           start + 1,
                           start + (end - start) / 2,
                           end - start < 64 ? end - 1 : start,
                           (start / P2M_LEAF + 1) * P2M_LEAF,
                           (start / SPAN + 1) * SPAN,
                           shape_max_pfn(&shape_here)};

        for (unsigned k = 0; k < sizeof(ends) / sizeof(ends[0]); k++)
            TRY(op->arg = ends[k]);
        for (unsigned bit = 64; bit--;)
            TRY(op->arg = start + ((end - start) & ~((uint64_t)1 << bit)));
        TRY(op->pfn += op->pfn < op->arg);
    }
    return false;
}

/* Bytes of a map to whole pages and to lower ones. */
static bool other_addresses(struct shrink *shrink, struct test_case *c, unsigned i,
                            shrink_offer_fn *offer)
{
    struct op *op = &candidate.ops[i];
    uint64_t start = c->ops[i].start, stop = c->ops[i].stop;
    const uint64_t cuts[] = {0,
                             1,
                             4095,
                             4096,
                             4097,
                             8192,
                             start - start % 4096,
                             stop - stop % 4096,
                             start < 64 * 4096 ? start - 4096 : 0,
                             stop < 64 * 4096 ? stop - 4096 : 0,
                             start % 4096,
                             stop % 4096,
                             start % (SPAN * 4096),
                             stop % (SPAN * 4096)};

    if (c->ops[i].kind != OP_E820)
        return false;
    for (unsigned k = 0; k < sizeof(cuts) / sizeof(cuts[0]); k++) {
        TRY(op->start = cuts[k]);
        TRY(op->stop = cuts[k]);
        TRY((op->start = cuts[k], op->stop = cuts[k] + (stop - start)));
        TRY((op->start = cuts[k], op->stop = cuts[k] + (stop - start + 4095) / 4096 * 4096));
    }
    for (unsigned bit = 64; bit--;) {
        TRY(op->start = start & ~((uint64_t)1 << bit));
        TRY(op->stop = stop & ~((uint64_t)1 << bit));
    }
    return false;
}

/* The n-th of the smallest entries of a map: a byte or a page, at the first two pages. */
#define SMALL_ENTRIES 10
static void small_entry(struct op *op, unsigned n)
{
    static const uint64_t spans[][2] = {{0, 1}, {0, 4096}, {1, 4096}, {1, 4097}, {4096, 4097}};

    op->start = spans[n / 2][0];
    op->stop = spans[n / 2][1];
    op->type = (uint8_t)(1 + n % 2);
}

/* Three entries as two: what they do together no change of one at a time may lead to. */
static bool fewer_entries(struct shrink *shrink, struct test_case *c, unsigned i,
                          shrink_offer_fn *offer)
{
    struct op *op = &candidate.ops[i];

    if (i + 3 > c->count || c->ops[i].kind != OP_E820 || c->ops[i + 1].kind != OP_E820 ||
        c->ops[i + 2].kind != OP_E820)
        return false;
    for (unsigned n = 0; n < SMALL_ENTRIES * SMALL_ENTRIES; n++)
        TRY((candidate.count--, memmove(op, op + 1, (candidate.count - i) * sizeof(*op)),
             small_entry(op, n / SMALL_ENTRIES), small_entry(op + 1, n % SMALL_ENTRIES)));
    return false;
}

/* Fewer slots, fewer refused ones, a lower batch; a batch as a set. */
static bool smaller_batch(struct shrink *shrink, struct test_case *c, unsigned i,
                          shrink_offer_fn *offer)
{
    struct op *op = &candidate.ops[i];
    uint64_t pfns[PFNS];
    unsigned count;

    if (!op_is_grant(c->ops[i].kind))
        return false;
    for (unsigned n = 1; n < c->ops[i].count; n++)
        TRY(op->count = (uint8_t)n);
    TRY((op->pfn++, op->count--, op->slots >>= 1));
    TRY(op->slots = 0);
    TRY(op->slots >>= 1);
    for (unsigned bit = 0; bit < OP_GRANTS_MAX; bit++)
        TRY(op->slots &= (uint16_t)~(1u << bit));
    TRY(op->arg = 0);
    TRY(*op = ((struct op){.kind = OP_SET, .pfn = c->ops[i].pfn}));
    count = other_pfns(c, c->ops[i].pfn, pfns);
    for (unsigned k = 0; k < count; k++)
        TRY(op->pfn = pfns[k]);
    return false;
}

/* Instead of the next call, which has its schedule: of three calls that overlap, two. */
static void replace_next(struct test_case *c, unsigned i)
{
    struct op call = c->ops[i];
    const struct op *next = &c->ops[i + 1];

    call.at = next->at;
    call.at_from = next->at_from;
    call.at_keep = next->at_keep;
    call.turns = next->turns;
    memcpy(call.turn, next->turn, sizeof(call.turn));
    c->ops[i + 1] = call;
    c->count--;
    memmove(&c->ops[i], &c->ops[i + 1], (c->count - i) * sizeof(c->ops[0]));
}

/* No overlap, no schedule beyond its first point, fewer switches and kept buffers, earlier points.
 */
static bool simpler_schedule(struct shrink *shrink, struct test_case *c, unsigned i,
                             shrink_offer_fn *offer)
{
    struct op *op = &candidate.ops[i];
    const uint16_t at = c->ops[i].at;

    if (c->ops[i].kind == OP_BUILD || !at) /* `at` of a build is the page refused */
        TRY(op->at = 0);
    else
        TRY(op_clear_schedule(op));
    TRY((op_clear_schedule(op), op->at = at));
    if (at && i + 1 < c->count && op_has_pfn(c->ops[i].kind) && c->ops[i + 1].at)
        TRY(replace_next(&candidate, i));
    for (unsigned n = 0; n < c->ops[i].turns; n++)
        TRY((op->turns = (uint8_t)n,
             memset(&op->turn[n], 0, (OP_TURNS - 1 - n) * sizeof(op->turn[0]))));
    for (unsigned k = 0; k < c->ops[i].at_keep; k++)
        TRY(op->at_keep = (uint8_t)k);
    for (unsigned k = 1; k < at; k++)
        TRY(op->at = (uint16_t)k);
    for (unsigned n = 0; n < c->ops[i].turns; n++) {
        for (unsigned k = 0; k < c->ops[i].turn[n].keep; k++)
            TRY(op->turn[n].keep = (uint8_t)k);
        for (unsigned k = 1; k < c->ops[i].turn[n].point; k++)
            TRY(op->turn[n].point = (uint16_t)k);
    }
    return false;
}

/* A base of MFNs that is lower, or has fewer bits. */
static bool lower_base(struct shrink *shrink, struct test_case *c, unsigned i,
                       shrink_offer_fn *offer)
{
    struct op *op = &candidate.ops[i];

    if (c->ops[i].kind != OP_MFN_BASE)
        return false;
    TRY(op->arg = 0);
    for (unsigned bit = 0; bit < 64; bit++)
        TRY(op->arg = (uint64_t)1 << bit);
    for (unsigned bit = 64; bit--;)
        TRY(op->arg &= ~((uint64_t)1 << bit));
    return false;
}

/* A frame that is as far from its PFN as before: both become lower. */
static bool move_with_frame(struct shrink *shrink, struct test_case *c, unsigned i, uint64_t pfn,
                            shrink_offer_fn *offer)
{
    uint64_t value, by = c->ops[i].pfn - pfn;
    enum entry_kind kind = entry_split(&shape_here, c->ops[i].pfn, c->ops[i].arg, &value);
    struct op *op = &candidate.ops[i];

    if (!op_names_entry(c->ops[i].kind) || by > c->ops[i].pfn || by > value ||
        (kind != ENTRY_MFN && kind != ENTRY_FOREIGN && kind != ENTRY_WRONG_IDENTITY))
        return false;
    TRY((op->pfn = pfn, op->arg = entry_join(&shape_here, pfn, kind, value - by)));
    return false;
}

bool shrink_op(struct shrink *shrink, struct test_case *c, unsigned i, shrink_offer_fn *offer)
{
    uint64_t pfns[PFNS];
    struct op *op = &candidate.ops[i];
    unsigned count;

    TRY(op->refuse = 0);
    if (c->ops[i].refuse && op_names_pfn(c->ops[i].kind)) /* beyond the table it fails, too */
        TRY((op->refuse = 0, op_move(&shape_here, op, MAX_P2M_PFN)));
    if (simpler_schedule(shrink, c, i, offer))
        return true;
    for (unsigned k = 1; k < c->ops[i].refuse; k++)
        TRY(op->refuse = (uint8_t)k);
    if (smaller_batch(shrink, c, i, offer) || lower_base(shrink, c, i, offer) ||
        fewer_entries(shrink, c, i, offer) || other_kinds(shrink, c, i, offer) ||
        other_addresses(shrink, c, i, offer))
        return true;
    if (!op_has_pfn(c->ops[i].kind) && c->ops[i].kind != OP_LIST)
        return false;
    count = other_pfns(c, c->ops[i].pfn, pfns);
    for (unsigned k = 0; k < count; k++) {
        TRY(op_move(&shape_here, op, pfns[k]));
        if (move_with_frame(shrink, c, i, pfns[k], offer))
            return true;
    }
    return other_numbers(shrink, c, i, offer);
}

/* ---- one PFN, wherever it stands ---- */

static void replace_pfn(struct test_case *c, uint64_t from, uint64_t to)
{
    for (unsigned i = 0; i < c->count; i++) {
        struct op *op = &c->ops[i];
        uint64_t end = op->arg;

        if (!op_names_pfn(op->kind))
            continue;
        if (op->pfn == from)
            op_move(&shape_here, op, to);
        if (op->kind == OP_RANGE)
            op->arg = end == from ? to : end;
    }
}

/* All PFNs from `from` on come nearer by `by`. */
static void pull_pfns(struct test_case *c, uint64_t from, uint64_t by)
{
    for (unsigned i = 0; i < c->count; i++) {
        struct op *op = &c->ops[i];
        uint64_t end = op->arg;

        if (!op_names_pfn(op->kind))
            continue;
        if (op->pfn >= from)
            op_move(&shape_here, op, op->pfn - by);
        if (op->kind == OP_RANGE)
            op->arg = end >= from ? end - by : end;
    }
}

bool shrink_pfns(struct shrink *shrink, struct test_case *c, shrink_offer_fn *offer)
{
    static const uint64_t steps[] = {SPAN, P2M_LEAF, 1};
    uint64_t pfns[PFNS];

    for (unsigned i = 0; i < c->count; i++) {
        uint64_t ends[2] = {c->ops[i].pfn, c->ops[i].arg};

        if (!op_names_pfn(c->ops[i].kind))
            continue;
        for (unsigned e = 0; e < (c->ops[i].kind == OP_RANGE ? 2u : 1u); e++) {
            unsigned count = other_pfns(c, ends[e], pfns);

            for (unsigned k = 0; k < count; k++)
                TRY(replace_pfn(&candidate, ends[e], pfns[k]));
            for (unsigned k = 0; k < sizeof(steps) / sizeof(steps[0]); k++)
                for (uint64_t n = ends[e] / steps[k]; n; n /= 2)
                    TRY(pull_pfns(&candidate, ends[e], n * steps[k]));
        }
    }
    return false;
}

/* ---- any op at all ---- */

/* PFNs worth trying: all of a small table; else the edges and what the case knows. */
static bool any_pfn(const struct test_case *c, unsigned n, uint64_t *pfn)
{
    uint64_t max = shape_max_pfn(&shape_here);
    const uint64_t edges[] = {0, 1, P2M_LEAF - 1, P2M_LEAF, SPAN - 1, SPAN, max - 1, max};

    if (max <= 16) {
        *pfn = n;
        return n <= max;
    }
    if (n < sizeof(edges) / sizeof(edges[0])) {
        *pfn = edges[n];
        return true;
    }
    n -= sizeof(edges) / sizeof(edges[0]);
    if (n >= c->count * 3)
        return false;
    *pfn = (c->ops[n / 3].pfn + n % 3 - 1) & shape_word_mask(&shape_here);
    return true;
}

bool shrink_any_op(const struct test_case *c, unsigned n, struct op *op)
{
    static const uint8_t kinds[] = {OP_GET,         OP_PFN_TO_MFN, OP_SET,         OP_SET,
                                    OP_SET,         OP_SET,        OP_SET_NOALLOC, OP_SET_NOALLOC,
                                    OP_SET_NOALLOC, OP_SET_NOALLOC};
    static const uint8_t entries[] = {ENTRY_MFN, ENTRY_INVALID, ENTRY_IDENTITY, ENTRY_FOREIGN};
    unsigned pfns = 0, form;
    uint64_t pfn, end;

    while (any_pfn(c, pfns, &pfn))
        pfns++;
    memset(op, 0, sizeof(*op));
    if (n == 0) {
        op->kind = OP_RESUME;
        return true;
    }
    form = (n - 1) / pfns;
    any_pfn(c, (n - 1) % pfns, &pfn);
    op->pfn = pfn;
    if (form < sizeof(kinds)) {
        op->kind = kinds[form];
        if (form >= 2)
            op->arg = entry_join(&shape_here, pfn, (enum entry_kind)entries[(form - 2) % 4], 1);
        return true;
    }
    if (!any_pfn(c, form - (unsigned)sizeof(kinds), &end))
        return false;
    op->kind = OP_RANGE;
    op->arg = end;
    return true;
}

UNINSTRUMENTED_END
