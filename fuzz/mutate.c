// SPDX-License-Identifier: GPL-2.0-or-later
/* Changes to cases: see mutate.h. */
#include "mutate.h"

#include <string.h>

#include "props/base/uninstrumented.h"
#include "props/case/generate.h"
#include "props/judges/judge.h"

UNINSTRUMENTED_BEGIN

static unsigned below(struct prng *prng, unsigned n)
{
    return (unsigned)prng_below(prng, n);
}

static bool is_call(const struct op *op)
{
    return op_has_pfn(op->kind);
}

/* ---- the list of ops ---- */

static void open_gap(struct test_case *c, unsigned at, unsigned count)
{
    memmove(&c->ops[at + count], &c->ops[at], (c->count - at) * sizeof(c->ops[0]));
    c->count += count;
}

static void close_gap(struct test_case *c, unsigned at, unsigned count)
{
    c->count -= count;
    memmove(&c->ops[at], &c->ops[at + count], (c->count - at) * sizeof(c->ops[0]));
}

/* Ops that are typical of a vocabulary are inserted more often. */
static const struct generate_mix mixes[VOCABULARIES] = {
    [VOCABULARY_OPS] = {.resume = 8, .race = 12, .e820 = 32, .grants = 16, .life = 40, .rare = 64},
    [VOCABULARY_E820] = {.resume = 16, .race = 24, .e820 = 1, .grants = 48, .life = 96, .rare = 64},
    [VOCABULARY_SETUP] = {.resume = 8, .e820 = 2, .setup = 1},
};

static void insert_op(struct prng *prng, enum vocabulary vocabulary, struct test_case *c)
{
    unsigned at = below(prng, c->count + 1);

    if (c->count == CASE_OPS)
        return;
    open_gap(c, at, 1);
    generate_op(prng, &mixes[vocabulary], &c->ops[at]);
}

static void delete_ops(struct prng *prng, struct test_case *c)
{
    unsigned at = below(prng, c->count), span = 1;

    if (prng_one_in(prng, 4))
        span += below(prng, c->count - at);
    close_gap(c, at, span);
}

static void duplicate_ops(struct prng *prng, struct test_case *c)
{
    struct op copy[8];
    unsigned from = below(prng, c->count), span = 1 + below(prng, 8), to;

    if (span > c->count - from)
        span = c->count - from;
    if (c->count + span > CASE_OPS)
        return;
    memcpy(copy, &c->ops[from], span * sizeof(copy[0]));
    to = below(prng, c->count + 1);
    open_gap(c, to, span);
    memcpy(&c->ops[to], copy, span * sizeof(copy[0]));
}

static void swap_ops(struct prng *prng, struct test_case *c)
{
    unsigned a = below(prng, c->count);
    unsigned b = prng_one_in(prng, 2) ? (a + 1) % c->count : below(prng, c->count);
    struct op op = c->ops[a];

    c->ops[a] = c->ops[b];
    c->ops[b] = op;
}

/* ---- one op ---- */

/* An edge of the leaf, mid or table around `pfn`, or its neighbour. */
static uint64_t near_edge(struct prng *prng, uint64_t pfn)
{
    static const uint64_t spans[] = {P2M_LEAF, (uint64_t)P2M_MID * P2M_LEAF};
    uint64_t span = spans[below(prng, 2)];

    pfn = (pfn / span + below(prng, 2)) * span;
    return pfn + below(prng, 3) - 1;
}

static void move_op(struct prng *prng, struct test_case *c)
{
    struct op *op = &c->ops[below(prng, c->count)];
    const struct op *other = &c->ops[below(prng, c->count)];
    uint64_t to;

    if (!is_call(op))
        return;
    switch (below(prng, 4)) {
    case 0:
        to = near_edge(prng, op->pfn);
        break;
    case 1:
        to = other->pfn + below(prng, 3) - 1;
        break;
    case 2:
        to = (other->kind == OP_RANGE ? other->arg : other->pfn) + below(prng, 3) - 2;
        break;
    default:
        to = generate_pfn(prng);
    }
    op_move(&shape_here, op, to);
}

static void change_range(struct prng *prng, struct test_case *c)
{
    unsigned i = below(prng, c->count);
    struct op *op = &c->ops[i];
    uint64_t mask = shape_word_mask(&shape_here);

    if (op->kind != OP_RANGE)
        return;
    switch (below(prng, 6)) {
    case 0:
        op->arg = near_edge(prng, op->arg) & mask;
        break;
    case 1:
        op->pfn = near_edge(prng, op->pfn) & mask;
        break;
    case 2:
        op->arg = (op->arg + 1) & mask;
        break;
    case 3:
        op->arg = (op->arg - (op->arg > op->pfn)) & mask;
        break;
    case 4: /* in two, which must do the same */
        if (c->count == CASE_OPS || op->arg <= op->pfn + 1)
            return;
        open_gap(c, i, 1);
        c->ops[i].arg = c->ops[i + 1].pfn =
            op->pfn + 1 + prng_below(prng, c->ops[i + 1].arg - op->pfn - 1);
        break;
    default: /* up to where another one begins or ends */
        op->arg = c->ops[below(prng, c->count)].pfn;
    }
}

static void change_entry(struct prng *prng, struct test_case *c)
{
    struct op *op = &c->ops[below(prng, c->count)];
    uint64_t value;
    enum entry_kind kind = entry_split(&shape_here, op->pfn, op->arg, &value);

    if (!op_names_entry(op->kind))
        return;
    if (prng_one_in(prng, 4)) {
        op->arg = generate_near_miss(prng, op->pfn);
        return;
    }
    if (prng_one_in(prng, 4))
        value = prng_next(prng) >> below(prng, 64);
    else
        kind = (enum entry_kind)below(prng, ENTRY_KINDS);
    op->arg = entry_join(&shape_here, op->pfn, kind, value);
}

/* set for __set, get for pfn_to_mfn, a set for a range. */
static void change_kind(struct prng *prng, struct test_case *c)
{
    struct op *op = &c->ops[below(prng, c->count)];
    uint8_t kind = (uint8_t)below(prng, OP_RANGE + 1);

    _Static_assert(OPS_WITH_PFN == (2 << OP_RANGE) - 1, "calls at a PFN come first");

    if (!is_call(op))
        return;
    if ((kind == OP_RANGE) != (op->kind == OP_RANGE))
        op->arg = kind == OP_RANGE
                      ? (op->pfn + 1 + below(prng, 2 * P2M_LEAF)) & shape_word_mask(&shape_here)
                      : generate_entry(prng, op->pfn);
    op->kind = kind;
    if (!op_stores(kind)) {
        op->refuse = 0;
        op->arg = 0;
    }
}

/* A call, or one more, that runs inside another and goes where that one goes. */
static void overlap(struct prng *prng, enum vocabulary vocabulary, struct test_case *c)
{
    unsigned i = below(prng, c->count);
    const struct op *outer = &c->ops[i + 1]; /* once there is room for the other */
    struct op *op = &c->ops[i];
    uint64_t span = P2M_LEAF, to = op->pfn;

    if (c->count == CASE_OPS || !op_stores(c->ops[i].kind))
        return;
    open_gap(c, i, 1);
    generate_op(prng, &mixes[vocabulary], op);
    if (!is_call(op))
        return;
    if (outer->kind == OP_RANGE && outer->arg > outer->pfn && prng_one_in(prng, 2))
        span = outer->arg - outer->pfn;
    if (prng_one_in(prng, 2))
        to += prng_below(prng, span);
    op_move(&shape_here, op, to);
    op->at = generate_sync_point(prng);
    generate_relative(prng, op);
    generate_late((struct prng){prng_mix(prng->state)}, outer, op);
    op->at_keep = generate_keep(prng, &c->boot);
}

/* One more switch between the two calls, or one less, or at another point. */
static void change_turns(struct prng *prng, const struct boot *boot, struct op *op)
{
    unsigned at = below(prng, OP_TURNS - 1);

    if (at < op->turns && prng_one_in(prng, 3))
        op->turns = (uint8_t)at;
    if (at > op->turns)
        at = op->turns;
    op->turns = (uint8_t)(at < op->turns ? op->turns : at + 1);
    op->turn[at] =
        (struct turn){.point = generate_sync_point(prng), .keep = generate_keep(prng, boot)};
}

/* Refuses a page or puts a call inside the next one, or removes that. */
static void change_sync_point(struct prng *prng, struct test_case *c)
{
    struct op *op = &c->ops[below(prng, c->count)];

    if (!is_call(op))
        return;
    if (op_stores(op->kind) && prng_one_in(prng, 2))
        op->refuse = (uint8_t)(op->refuse ? 0 : 1 + below(prng, 6));
    else if (op->at && op->at_from == TURN_START && prng_one_in(prng, 2))
        change_turns(prng, &c->boot, op);
    else if (op->at && prng_one_in(prng, 4))
        op_clear_schedule(op);
    else if (op->at_from == TURN_START) {
        op->at = generate_sync_point(prng);
        op->at_keep = generate_keep(prng, &c->boot);
    }
}

/* One slot more or less, another one refused, the batch moved; or another build. */
static void change_batch(struct prng *prng, struct test_case *c)
{
    struct op *op = &c->ops[below(prng, c->count)];

    if (op->kind == OP_BUILD)
        op->at = (uint16_t)(op->at ? 0 : 1 + below(prng, generate_build_pages(c->boot.nr_pages)));
    if (op->kind != OP_GRANT_MAP && op->kind != OP_GRANT_UNMAP)
        return;
    switch (below(prng, 4)) {
    case 0:
        op->count = (uint8_t)(1 + below(prng, OP_GRANTS_MAX));
        break;
    case 1:
        if (op->kind == OP_GRANT_MAP)
            op->slots ^= (uint16_t)(1u << below(prng, op->count));
        break;
    case 2:
        if (op->kind == OP_GRANT_MAP)
            op->refuse = (uint8_t)(op->refuse ? 0 : 1 + below(prng, 4));
        break;
    default:
        op->pfn = (op->pfn + below(prng, 3) - 1) & shape_word_mask(&shape_here);
    }
}

static void change_boot(struct prng *prng, struct boot *boot)
{
    static const uint8_t flags[] = {BOOT_BARE, BOOT_TOOLS4, BOOT_TSO};
    uint64_t most = boot_max_pages(&shape_here);

    switch (below(prng, 9)) {
    case 8:
        boot->flags ^= 1u << flags[below(prng, 3)];
        if (prng_one_in(prng, 4))
            generate_nvs(prng, boot);
        break;
    case 0:
        boot->nr_pages = below(prng, 4 * P2M_LEAF);
        break;
    case 6: /* to the end of the table, or of what is lent */
        if (prng_one_in(prng, MAX_P2M_PFN > 65536 ? 32 : 2))
            boot->nr_pages = most - below(prng, 4 * P2M_LEAF);
        break;
    case 1:
        boot->nr_pages += below(prng, 3) - 1;
        break;
    case 2:
        boot->nr_pages = 0;
        break;
    case 3:
        boot->holes = (uint8_t)(prng_one_in(prng, 2) ? 0 : prng_next(prng));
        break;
    case 4:
        boot->refuse =
            (uint16_t)(boot->refuse ? 0 : 1 + below(prng, generate_build_pages(boot->nr_pages)));
        break;
    case 5:
        boot->xen_restore = !boot->xen_restore;
        break;
    default:
        boot->auto_translated = prng_one_in(prng, 4);
    }
    if (boot->nr_pages > most)
        boot->nr_pages = boot->nr_pages == most + 1 ? most : 0;
}

/* Bytes of a memory map: to another's boundary, or beside a page's edge. */
static void change_map(struct prng *prng, struct test_case *c)
{
    struct op *op = &c->ops[below(prng, c->count)];
    const struct op *other = &c->ops[below(prng, c->count)];
    uint64_t page = generate_pfn(prng) % shape_max_pfn(&shape_here);

    if (op->kind == OP_XEN_SET_IDENTITY && prng_one_in(prng, 2))
        op->refuse = (uint8_t)(op->refuse ? 0 : 1 + below(prng, OP_REFUSE_MAX));
    else if (op_reads_map(op->kind))
        op->type = !op->type;
    if (op->kind != OP_E820)
        return;
    switch (below(prng, 5)) {
    case 0:
        op->start = other->kind == OP_E820 ? other->stop : page * 4096;
        break;
    case 1:
        op->stop = other->kind == OP_E820 ? other->start : page * 4096;
        break;
    case 2:
        op->start += below(prng, 3) - 1;
        break;
    case 3:
        op->stop += below(prng, 3) - 1;
        break;
    default:
        op->type = (uint8_t)(1 + below(prng, 6));
    }
}

static void change_once(struct prng *prng, enum vocabulary vocabulary, struct test_case *c)
{
    unsigned what = below(prng, 29);

    if (vocabulary == VOCABULARY_SETUP && !prng_one_in(prng, 3))
        generate_setup_change(prng, c);
    else if (prng_one_in(prng, 64))
        generate_rare(prng, c);
    else if (!c->count || what < 4)
        insert_op(prng, vocabulary, c);
    else if (what < 7)
        delete_ops(prng, c);
    else if (what < 9)
        duplicate_ops(prng, c);
    else if (what < 10)
        swap_ops(prng, c);
    else if (what < 14)
        move_op(prng, c);
    else if (what < 16)
        change_range(prng, c);
    else if (what < 18)
        change_entry(prng, c);
    else if (what < 19)
        change_kind(prng, c);
    else if (what < 21)
        change_sync_point(prng, c);
    else if (what < 22)
        change_map(prng, c);
    else if (what < 24)
        change_boot(prng, &c->boot);
    else if (what < 25)
        change_batch(prng, c);
    else
        overlap(prng, vocabulary, c);
}

/*
 * A whole fresh case: early on the shortest way to a failure, in ops, and later as good as
 * changes. An engine without inputs gets boots first, then small cases, then larger ones.
 */
static void fresh_case(struct prng *prng, enum vocabulary vocabulary, struct test_case *c)
{
    unsigned most = prng_one_in(prng, 192) ? CASE_OPS : c->count < 4 ? 8 * (c->count + 1) : 40;
    bool only_boot = !c->count && !prng_one_in(prng, 4);

    generate_case(prng, &mixes[vocabulary], only_boot ? 0 : below(prng, 1 + below(prng, most)), c);
    if (judge_here && prng_one_in(prng, 2))
        c->boot.flags |= 1u << BOOT_JUDGE;
}

void mutate_case(struct prng *prng, enum vocabulary vocabulary, struct test_case *c)
{
    unsigned changes = 1;

    if (!prng_one_in(prng, c->count < 4 ? 8 : 4)) {
        fresh_case(prng, vocabulary, c);
        return;
    }
    generate_prime(prng, c);
    while (changes < 8 && prng_one_in(prng, 2))
        changes++;
    while (changes--)
        change_once(prng, vocabulary, c);
    generate_cut((struct prng){prng_mix(prng->state)}, c);
}

void mutate_splice(struct prng *prng, struct test_case *c, const struct test_case *other)
{
    unsigned head = below(prng, c->count + 1), from = below(prng, other->count + 1);
    unsigned tail = other->count - from;

    if (tail > CASE_OPS - head)
        tail = CASE_OPS - head;
    memcpy(&c->ops[head], &other->ops[from], tail * sizeof(c->ops[0]));
    c->count = head + tail;
    if (prng_one_in(prng, 2))
        c->boot = other->boot;
}

/* ---- bytes ---- */

/*
 * Bytes that no other draw would make: the codec decodes any bytes into an op, most often
 * an odd one. Answers the new size.
 */
static size_t run_wild(struct prng *prng, uint8_t *data, size_t size, size_t most)
{
    size_t from = size ? prng_below(prng, size) : 0, length = 1 + prng_below(prng, 8);

    if (prng_one_in(prng, 2)) { /* whole ops: at the end, or over others */
        from = from < CODEC_BOOT || prng_one_in(prng, 2) ? size
                                                         : from - (from - CODEC_BOOT) % CODEC_OP;
        length = CODEC_OP * (1 + prng_below(prng, 8));
    }
    if (length > most - from)
        length = most - from;
    for (size_t i = 0; i < length; i++)
        data[from + i] = (uint8_t)prng_next(prng);
    return from + length > size ? from + length : size;
}

/* As many ops as there is room for. */
static size_t encode_within(enum vocabulary vocabulary, struct test_case *c, uint8_t *out,
                            size_t most)
{
    static uint8_t bytes[CODEC_MAX];
    size_t size;

    if (most < CODEC_BOOT)
        c->count = 0;
    else if (c->count > (most - CODEC_BOOT) / CODEC_OP)
        c->count = (unsigned)((most - CODEC_BOOT) / CODEC_OP);
    size = codec_encode(vocabulary, c, bytes);
    if (size > most)
        size = most;
    memcpy(out, bytes, size);
    return size;
}

size_t mutate_bytes(enum vocabulary vocabulary, uint8_t *data, size_t size, size_t most,
                    uint64_t seed)
{
    static struct test_case c;
    struct prng prng = {prng_mix(seed)};

    if (size && prng_one_in(&prng, 32)) {
        data[prng_below(&prng, size)] ^= (uint8_t)(1u << prng_below(&prng, 8));
        return size;
    }
    if (size <= most && prng_one_in(&prng, 32))
        return run_wild(&prng, data, size, most);
    codec_decode(vocabulary, data, size, &c);
    mutate_case(&prng, vocabulary, &c);
    return encode_within(vocabulary, &c, data, most);
}

size_t mutate_cross(enum vocabulary vocabulary, const uint8_t *data, size_t size,
                    const uint8_t *other, size_t other_size, uint8_t *out, size_t most,
                    uint64_t seed)
{
    static struct test_case a, b;
    struct prng prng = {prng_mix(seed)};

    codec_decode(vocabulary, data, size, &a);
    codec_decode(vocabulary, other, other_size, &b);
    mutate_splice(&prng, &a, &b);
    return encode_within(vocabulary, &a, out, most);
}

UNINSTRUMENTED_END
