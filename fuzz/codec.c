// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes to case and back: see codec.h. The layout of version 2 is in fuzz/FORMAT.md. */
#include "codec.h"

#include "codec_bytes.h"

UNINSTRUMENTED_BEGIN

const char *const vocabulary_names[VOCABULARIES] = {"OPS", "E820", "SETUP"};

#define G OP_GET
#define M OP_PFN_TO_MFN
#define S OP_SET
#define N OP_SET_NOALLOC
#define R OP_RANGE
#define U OP_RESUME
#define E OP_E820
#define X OP_XEN_SET_IDENTITY
#define A OP_GRANT_MAP
#define F OP_GRANT_UNMAP
#define B OP_BUILD
#define P OP_PUBLISH
#define D OP_DESTROY
#define L OP_LIST
#define I OP_MFN_BASE

static const uint8_t op_table[VOCABULARIES][64] = {
    {S, R, N, S, U, R, G, S, M, E, S, R, N, X, S, R, A, S, F, R, S, N,
     U, S, R, B, S, P, D, R, S, N, G, S, R, M, L, S, I, R, S, U, N, S,
     R, E, S, R, X, S, A, N, F, S, R, G, S, M, R, S, U, N, R, S},
    {E, X, S, E, R, U, E, N, G, E, M, E, X, S, E, A, F, E, R, E, B, X,
     E, S, U, E, P, E, D, L, E, X, S, E, R, N, E, G, E, I, U, E, X, S,
     E, R, E, M, A, E, F, X, E, S, E, N, G, E, U, R, E, X, S, E},
    {E, S, E, E, G, E, E, E, U, E, E, N, E, E, E, M, E, E, S, E, E, R,
     E, E, E, G, E, X, E, E, A, E, E, S, E, E, F, E, U, E, E, B, E, E,
     P, E, N, E, E, D, E, E, L, E, E, G, E, E, I, E, E, S, E, E},
};

#undef G
#undef M
#undef S
#undef N
#undef R
#undef U
#undef E
#undef X
#undef A
#undef F
#undef B
#undef P
#undef D
#undef L
#undef I

/* Offsets in a boot record */
enum {
    BOOT_BYTE_FEATURES = 1, /* low half 0xf: auto-translated; bit 7: restore=xen */
    BOOT_BYTE_PAGES = 2,    /* 2, 3: leaves; 4, 5: rest; or 2..9: nr_pages as it is */
    BOOT_BYTE_REFUSED = 10,
    BOOT_BYTE_FORMS = 12, /* 0xf0, FORM_...; bits 2, 3: the form of the hotplug limit */
    BOOT_BYTE_HOLES = 13,
    BOOT_BYTE_OFF = 14,         /* bit k: op kind k is off */
    BOOT_BYTE_FLAG_HALVES = 18, /* a half byte for each flag from BOOT_BARE on; 0xf: set */
    BOOT_BYTE_EXTRA_COUNT = 21, /* 0xf0 + n: n + 1 regions */
    BOOT_BYTE_EXTRA_FORMS = 22, /* two bits for each region */
    BOOT_BYTE_ORDER = 23,       /* 0xf0 + n: order n of addresses */
    BOOT_BYTE_HOTPLUG = 24,
    BOOT_BYTE_EXTRA = 32, /* 8 bytes of a PFN, 4 of its pages */
    BOOT_BYTE_SETUP = 80,
    BOOT_BYTE_USED = 128, /* the rest is for later versions of the harness */
};
#define FORM_NR_PAGES 1
#define FORM_SETUP 2

/* and in an op record. */
enum {
    OP_BYTE_CODE,
    OP_BYTE_REFUSED,    /* 0xf0 + n: page n + 1 is refused */
    OP_BYTE_POINT,      /* 0xc0 + n: at sync point n + 1 */
    OP_BYTE_VARIANT,    /* kind of entry, order of a range, type, number of slots */
    OP_BYTE_A = 4,      /* PFN, start */
    OP_BYTE_B = 12,     /* entry, end, MFN, stop */
    OP_BYTE_FORMS = 20, /* 0xf0; bits 0, 1: the form of A; bits 2, 3: of B */
    OP_BYTE_SCHEDULE,   /* 0xf0 + n: n turns behind the first; all are in OP_BYTE_TURN */
    OP_BYTE_EXTRA,      /* the bit to flip, refused slots, the refused page of a build */
    OP_BYTE_HIGH,       /* of a schedule: two bits for each turn */
    OP_BYTE_TURN = 24,
};

_Static_assert(BOOT_BYTE_USED <= CODEC_BOOT - 64 && BOOT_FLAG_KINDS - BOOT_BARE <= 6, "room");
_Static_assert(OP_KINDS <= 32, "the mask of disabled ops has a bit for each");

/* How 8 bytes hold a PFN; most values of the bytes above leave it FORM_PLACE. */
enum { FORM_PLACE = 1, FORM_MORE, FORM_RAW };

static bool is_marked(uint8_t byte)
{
    return (byte & 0xf0) == 0xf0;
}

/* ---- in ---- */

/* A place and 2 bytes n: so many times 2^32 more; or all 64 bits. */
static uint64_t decode_pfn(const uint8_t *p, unsigned form, uint64_t last)
{
    if (form == FORM_RAW)
        return get64(p) & last;
    if (form == FORM_MORE)
        return (decode_place(p, last) + ((uint64_t)(1 + get16(p + 6)) << 32)) & last;
    return decode_place(p, last);
}

/* A page and 12 bits within it; 4 bits for n. */
static uint64_t decode_address(const uint8_t *p, unsigned form)
{
    uint64_t page = decode_place(p, E820_LAST_PFN);
    unsigned rest = get16(p + 6);

    if (form == FORM_RAW)
        return get64(p);
    if (form == FORM_MORE)
        page += (uint64_t)(1 + (rest >> 12)) << 32;
    return (page & E820_LAST_PFN) * 4096 + (rest & 0xfff);
}

/* 0xf0 + n in the first byte: page n + 1; 0xf in the high half of the second: any of 12 bits. */
static uint16_t decode_page(const uint8_t *p)
{
    return is_marked(p[1]) ? get16(p) & 0xfff : decode_from(p[0], 0xf0);
}

static void decode_setup(const uint8_t *p, struct boot *boot)
{
    unsigned count = 0;

    boot->setup.max_reservation = get64(p);
    boot->setup.kernel = get32(p + 8);
    boot->setup.initrd = get32(p + 12);
    boot->setup.page_tables = get32(p + 16);
    boot->setup.list = get32(p + 20);
    for (unsigned i = 0; i < BOOT_NVS; i++)
        if (get32(p + 28 + 8 * i)) {
            boot->setup.nvs[count].pfn = get32(p + 24 + 8 * i);
            boot->setup.nvs[count++].pages = get32(p + 28 + 8 * i);
        }
    memcpy(boot->setup.answer, p + 40, BOOT_ANSWERS);
}

static void decode_extras(const uint8_t *p, struct boot *boot)
{
    unsigned last = p[BOOT_BYTE_EXTRA_COUNT] & 3, count = 0;

    if (!is_marked(p[BOOT_BYTE_EXTRA_COUNT]))
        return;
    for (unsigned i = 0; i <= last; i++) {
        const uint8_t *extra = p + BOOT_BYTE_EXTRA + 12 * i;
        unsigned form = p[BOOT_BYTE_EXTRA_FORMS] >> 2 * i & 3;

        if (!get32(extra + 8))
            continue;
        boot->extra[count].pfn = decode_pfn(extra, form, OP_LAST_PFN(&shape_here));
        boot->extra[count++].pages = get32(extra + 8);
    }
}

static uint64_t decode_nr_pages(const uint8_t *p)
{
    struct boot_place pages = {.rest = get16(p + 2) & 0x3ff, .rest_high = p[3] >> 7};

    pages.leaves = is_marked(p[1]) ? get16(p) & 0xfff : p[0] & 3;
    return boot_pages(&shape_here, &pages);
}

static void decode_boot(const uint8_t *p, struct boot *boot)
{
    unsigned forms = is_marked(p[BOOT_BYTE_FORMS]) ? p[BOOT_BYTE_FORMS] : 0;

    memset(boot, 0, sizeof(*boot));
    boot->nr_pages = forms & FORM_NR_PAGES
                         ? get64(p + BOOT_BYTE_PAGES) & shape_word_mask(&shape_here)
                         : decode_nr_pages(p + BOOT_BYTE_PAGES);
    boot->auto_translated = (p[BOOT_BYTE_FEATURES] & 0x0f) == 0x0f;
    boot->xen_restore = p[BOOT_BYTE_FEATURES] >> 7;
    boot->refuse = decode_page(p + BOOT_BYTE_REFUSED);
    boot->holes = p[BOOT_BYTE_HOLES];
    boot->order = is_marked(p[BOOT_BYTE_ORDER]) ? (p[BOOT_BYTE_ORDER] & 0xf) % BOOT_ORDERS : 0;
    for (unsigned flag = BOOT_BARE; flag < BOOT_FLAG_KINDS; flag++) {
        unsigned half = flag - BOOT_BARE;

        if ((p[BOOT_BYTE_FLAG_HALVES + half / 2] >> 4 * (half % 2) & 0xf) == 0xf)
            boot->flags |= (uint16_t)(1u << flag);
    }
    if (forms & 0x0c)
        boot->hotplug_limit =
            decode_pfn(p + BOOT_BYTE_HOTPLUG, forms >> 2 & 3, OP_LAST_PFN(&shape_here));
    decode_extras(p, boot);
    if (forms & FORM_SETUP)
        decode_setup(p + BOOT_BYTE_SETUP, boot);
}

/*
 * Bits 0..9 the point (0..5 unless bits 14 and 15 are set), 10, 11 from, 12, 13 keep; of a point
 * of ten bits two more are in OP_BYTE_HIGH.
 */
static struct turn decode_turn(const uint8_t *p, unsigned number)
{
    unsigned word = get16(p + OP_BYTE_TURN + 2 * number), high = p[OP_BYTE_HIGH] >> 2 * number & 3;
    struct turn turn = {.from = word >> 10 & 3, .keep = word >> 12 & 3};

    if (turn.from == TURN_EVERY && number)
        turn.from = TURN_START;
    turn.point = (uint16_t)(turn.from == TURN_PART ? word & 0xff
                            : word >> 14 == 3      ? (word & 0x3ff) | high << 10
                                                   : word & 0x3f);
    if (!turn.point || turn.from == TURN_EVERY)
        turn.point = 1;
    return turn;
}

static void decode_schedule(const uint8_t *p, struct op *op)
{
    struct turn first;

    op->at = decode_from(p[OP_BYTE_POINT], 0xc0);
    if (!op->at || !is_marked(p[OP_BYTE_SCHEDULE]))
        return;
    first = decode_turn(p, 0);
    op->at = first.point;
    op->at_from = first.from;
    op->at_keep = first.keep;
    op->turns = first.from == TURN_EVERY ? 0 : p[OP_BYTE_SCHEDULE] & 3;
    for (unsigned i = 0; i < op->turns; i++)
        op->turn[i] = decode_turn(p, i + 1);
}

/* 0xf in the high half of the variant: one bit of the entry is flipped. */
static uint64_t decode_entry(const uint8_t *p, uint64_t pfn)
{
    unsigned kind = p[OP_BYTE_VARIANT] & 7;
    uint64_t entry =
        entry_join(&shape_here, pfn, (enum entry_kind)(kind < ENTRY_KINDS ? kind : ENTRY_MFN),
                   get64(p + OP_BYTE_B));

    if (is_marked(p[OP_BYTE_VARIANT]))
        entry ^= (uint64_t)1 << (p[OP_BYTE_EXTRA] % shape_here.word_bits);
    return entry;
}

/* Bit 0 of the variant: as it is; else start and end are put in order. */
static void decode_range(const uint8_t *p, unsigned forms, struct op *op)
{
    op->arg = decode_pfn(p + OP_BYTE_B, forms >> 2 & 3, OP_LAST_PFN(&shape_here));
    if (!(p[OP_BYTE_VARIANT] & 1) && op->arg < op->pfn) {
        uint64_t start = op->arg;

        op->arg = op->pfn;
        op->pfn = start;
    }
}

/* The fields after op code, PFN, refused page and schedule. */
static void decode_rest(const uint8_t *p, unsigned forms, struct op *op)
{
    switch ((enum op_kind)op->kind) {
    case OP_SET:
    case OP_SET_NOALLOC:
    case OP_LIST:
        op->arg = decode_entry(p, op->pfn);
        break;
    case OP_RANGE:
        decode_range(p, forms, op);
        break;
    case OP_E820:
        op->type = p[OP_BYTE_VARIANT] & OP_TYPE_MAX;
        op->start = decode_address(p + OP_BYTE_A, forms & 3);
        op->stop = decode_address(p + OP_BYTE_B, forms >> 2 & 3);
        break;
    case OP_XEN_SET_IDENTITY:
    case OP_IDENTITY_RANGES:
        op->type = p[OP_BYTE_VARIANT] & 1;
        break;
    case OP_GRANT_MAP:
        op->arg = get64(p + OP_BYTE_B) & FRAME_LAST(&shape_here);
        op->slots = is_marked(p[OP_BYTE_VARIANT]) ? get16(p + OP_BYTE_EXTRA) : 0;
        op->count = 1 + (p[OP_BYTE_VARIANT] & 15);
        break;
    case OP_GRANT_UNMAP:
        op->count = 1 + (p[OP_BYTE_VARIANT] & 15);
        break;
    case OP_BUILD:
        op->at = decode_page(p + OP_BYTE_EXTRA);
        break;
    case OP_MFN_BASE:
        op->type = p[OP_BYTE_VARIANT] % MFN_BASES;
        op->arg = get64(p + OP_BYTE_B) & FRAME_LAST(&shape_here);
        break;
    case OP_GET:
    case OP_PFN_TO_MFN:
    case OP_RESUME:
    case OP_PUBLISH:
    case OP_DESTROY:
        break;
    }
}

static void decode_op(uint8_t kind, const uint8_t *p, struct op *op)
{
    unsigned forms = is_marked(p[OP_BYTE_FORMS]) ? p[OP_BYTE_FORMS] : 0;

    memset(op, 0, sizeof(*op));
    op->kind = kind;
    if (op_has_pfn(kind))
        decode_schedule(p, op);
    if (op_names_pfn(kind))
        op->pfn = decode_pfn(p + OP_BYTE_A, forms & 3, OP_LAST_PFN(&shape_here));
    if (op_may_be_refused(kind))
        op->refuse = decode_from(p[OP_BYTE_REFUSED], 0xf0);
    decode_rest(p, forms, op);
}

/* Not all of them. */
static uint32_t decode_off(const uint8_t *p)
{
    const uint32_t all = ((uint32_t)1 << OP_KINDS) - 1,
                   first = ((uint32_t)1 << OP_IDENTITY_RANGES) - 1;
    uint32_t off = get32(p) & all;

    return (off & first) == first ? 0 : off; /* those that version 2 began with */
}

/* Ops that came after version 2: from CODEC_LATER on, in this order. */
static const uint8_t later[CODEC_SPARE - CODEC_LATER] = {OP_IDENTITY_RANGES};

static uint8_t kind_of_code(enum vocabulary vocabulary, uint8_t code)
{
    if (code >= CODEC_SPARE)
        return OP_GET;
    return code < CODEC_LATER ? op_table[vocabulary][code & 63] : later[code - CODEC_LATER];
}

void codec_decode(enum vocabulary vocabulary, const uint8_t *data, size_t size, struct test_case *c)
{
    uint8_t copy[CODEC_BOOT];
    const uint8_t *boot = record(data, size, 0, CODEC_BOOT, copy);
    uint32_t off;

    if (boot[0] == 1) {
        codec_decode_v1(vocabulary, data, size, c);
        return;
    }
    off = decode_off(boot + BOOT_BYTE_OFF);
    decode_boot(boot, &c->boot);
    c->subject[0] = c->mode[0] = '\0';
    c->count = 0;
    if (size > CODEC_MAX)
        size = CODEC_MAX;
    for (size_t at = CODEC_BOOT; at < size; at += CODEC_OP) {
        const uint8_t *p = record(data, size, at, CODEC_OP, copy);
        uint8_t code = p[OP_BYTE_CODE];
        uint8_t kind = kind_of_code(vocabulary, code);

        if (!(off >> kind & 1))
            decode_op(kind, p, &c->ops[c->count++]);
    }
}

/* ---- out ---- */

static void put16(uint8_t *p, unsigned value)
{
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *p, uint32_t value)
{
    put16(p, value & 0xffff);
    put16(p + 2, value >> 16);
}

static void put64(uint8_t *p, uint64_t value)
{
    put32(p, (uint32_t)value);
    put32(p + 4, (uint32_t)(value >> 32));
}

static uint8_t encode_from(unsigned value, unsigned from)
{
    return (uint8_t)(value ? from + value - 1 : 0);
}

static void encode_page(uint8_t *p, unsigned page)
{
    if (page <= OP_REFUSE_MAX)
        p[0] = encode_from(page, 0xf0);
    else
        put16(p, 0xf000 | page);
}

/* Answers the form: FORM_RAW if no place of 6 bytes holds it. */
static unsigned encode_pfn(uint8_t *p, uint64_t pfn, uint64_t last)
{
    struct place place = place_of(&shape_here, pfn, last);

    if (place.beyond && place.past >> PLACE_PAST_BITS) {
        put64(p, pfn);
        return FORM_RAW;
    }
    if (place.beyond) {
        put16(p, (unsigned)(place.past >> 30) | PLACE_BEYOND | (place.beyond_high ? 0x8000 : 0));
        put16(p + 2, place.past >> 15 & 0x7fff);
        put16(p + 4, place.past & 0x7fff);
        return FORM_PLACE;
    }
    put16(p, place.top.index | (place.top.high ? 0x8000 : 0));
    put16(p + 2, place.mid.index | (place.mid.high ? 0x8000 : 0));
    put16(p + 4, place.leaf.index | (place.leaf.high ? 0x8000 : 0));
    return FORM_PLACE;
}

static unsigned encode_address(uint8_t *p, uint64_t address)
{
    unsigned form = encode_pfn(p, address / 4096, E820_LAST_PFN);

    if (form == FORM_RAW)
        put64(p, address);
    else
        put16(p + 6, address % 4096);
    return form;
}

static void encode_setup(uint8_t *p, const struct boot *boot)
{
    put64(p, boot->setup.max_reservation);
    put32(p + 8, boot->setup.kernel);
    put32(p + 12, boot->setup.initrd);
    put32(p + 16, boot->setup.page_tables);
    put32(p + 20, boot->setup.list);
    for (unsigned i = 0; i < BOOT_NVS; i++) {
        put32(p + 24 + 8 * i, boot->setup.nvs[i].pfn);
        put32(p + 28 + 8 * i, boot->setup.nvs[i].pages);
    }
    memcpy(p + 40, boot->setup.answer, BOOT_ANSWERS);
}

static void encode_extras(uint8_t *p, const struct boot *boot)
{
    for (unsigned i = 0; i < BOOT_EXTRAS && boot->extra[i].pages; i++) {
        uint8_t *extra = p + BOOT_BYTE_EXTRA + 12 * i;
        unsigned form = encode_pfn(extra, boot->extra[i].pfn, OP_LAST_PFN(&shape_here));

        p[BOOT_BYTE_EXTRA_COUNT] = (uint8_t)(0xf0 | i);
        p[BOOT_BYTE_EXTRA_FORMS] |= (uint8_t)(form << 2 * i);
        put32(extra + 8, boot->extra[i].pages);
    }
}

/* Answers the form. */
static unsigned encode_nr_pages(uint8_t *p, uint64_t nr_pages)
{
    struct boot_place pages = boot_place_of(&shape_here, nr_pages);

    if (pages.beyond) {
        put64(p, nr_pages);
        return FORM_NR_PAGES;
    }
    put16(p, pages.leaves | (pages.leaves < 4 ? 0 : 0xf000));
    put16(p + 2, pages.rest | (pages.rest_high ? 0x8000 : 0));
    return 0;
}

static void encode_boot(uint8_t *p, const struct boot *boot)
{
    static const struct boot none;
    unsigned forms = encode_nr_pages(p + BOOT_BYTE_PAGES, boot->nr_pages);

    p[0] = CODEC_VERSION;
    p[BOOT_BYTE_FEATURES] = (boot->auto_translated ? 0x0f : 0) | (boot->xen_restore ? 0x80 : 0);
    encode_page(p + BOOT_BYTE_REFUSED, boot->refuse);
    p[BOOT_BYTE_HOLES] = boot->holes;
    p[BOOT_BYTE_ORDER] = boot->order ? 0xf0 | boot->order : 0;
    for (unsigned flag = BOOT_BARE; flag < BOOT_FLAG_KINDS; flag++) {
        unsigned half = flag - BOOT_BARE;

        if (boot->flags >> flag & 1)
            p[BOOT_BYTE_FLAG_HALVES + half / 2] |= (uint8_t)(0xf << 4 * (half % 2));
    }
    if (boot->hotplug_limit)
        forms |= encode_pfn(p + BOOT_BYTE_HOTPLUG, boot->hotplug_limit, OP_LAST_PFN(&shape_here))
                 << 2;
    encode_extras(p, boot);
    if (memcmp(&boot->setup, &none.setup, sizeof(none.setup))) {
        encode_setup(p + BOOT_BYTE_SETUP, boot);
        forms |= FORM_SETUP;
    }
    p[BOOT_BYTE_FORMS] = (uint8_t)(forms ? 0xf0 | forms : 0);
}

static void encode_turn(uint8_t *p, unsigned number, unsigned point, unsigned from, unsigned keep)
{
    put16(p + OP_BYTE_TURN + 2 * number,
          (point & 0x3ff) | from << 10 | keep << 12 | (point > 0x3f ? 0xc000 : 0));
    p[OP_BYTE_HIGH] |= (uint8_t)(point >> 10 << 2 * number);
}

static void encode_schedule(uint8_t *p, const struct op *op)
{
    bool simple = op->at <= OP_AT_MAX && !op_has_schedule(op);

    p[OP_BYTE_POINT] = encode_from(simple ? op->at : 1, 0xc0);
    if (simple)
        return;
    p[OP_BYTE_SCHEDULE] = 0xf0 | op->turns;
    encode_turn(p, 0, op->at, op->at_from, op->at_keep);
    for (unsigned i = 0; i < op->turns; i++)
        encode_turn(p, i + 1, op->turn[i].point, op->turn[i].from, op->turn[i].keep);
}

static void encode_entry(uint8_t *p, const struct op *op)
{
    uint64_t value;

    p[OP_BYTE_VARIANT] = (uint8_t)entry_split(&shape_here, op->pfn, op->arg, &value);
    put64(p + OP_BYTE_B, value);
}

/* As decode_rest; answers the forms of A and B. */
static unsigned encode_rest(uint8_t *p, const struct op *op)
{
    unsigned forms = 0;

    switch ((enum op_kind)op->kind) {
    case OP_SET:
    case OP_SET_NOALLOC:
    case OP_LIST:
        encode_entry(p, op);
        break;
    case OP_RANGE:
        forms = encode_pfn(p + OP_BYTE_B, op->arg, OP_LAST_PFN(&shape_here)) << 2;
        p[OP_BYTE_VARIANT] = op->arg < op->pfn;
        break;
    case OP_E820:
        p[OP_BYTE_VARIANT] = op->type;
        forms = encode_address(p + OP_BYTE_A, op->start) | encode_address(p + OP_BYTE_B, op->stop)
                                                               << 2;
        break;
    case OP_XEN_SET_IDENTITY:
    case OP_IDENTITY_RANGES:
        p[OP_BYTE_VARIANT] = op->type;
        break;
    case OP_GRANT_MAP:
        put64(p + OP_BYTE_B, op->arg);
        put16(p + OP_BYTE_EXTRA, op->slots);
        p[OP_BYTE_VARIANT] = (uint8_t)((op->count - 1) | (op->slots ? 0xf0 : 0));
        break;
    case OP_GRANT_UNMAP:
        p[OP_BYTE_VARIANT] = (uint8_t)(op->count - 1);
        break;
    case OP_BUILD:
        encode_page(p + OP_BYTE_EXTRA, op->at);
        break;
    case OP_MFN_BASE:
        p[OP_BYTE_VARIANT] = op->type;
        put64(p + OP_BYTE_B, op->arg);
        break;
    case OP_GET:
    case OP_PFN_TO_MFN:
    case OP_RESUME:
    case OP_PUBLISH:
    case OP_DESTROY:
        break;
    }
    return forms;
}

static void encode_op(enum vocabulary vocabulary, uint8_t *p, const struct op *op)
{
    unsigned forms = encode_rest(p, op);

    while (kind_of_code(vocabulary, p[OP_BYTE_CODE]) != op->kind)
        p[OP_BYTE_CODE] += p[OP_BYTE_CODE] == 63 ? CODEC_LATER - 63 : 1;
    if (op_has_pfn(op->kind))
        encode_schedule(p, op);
    if (op_names_pfn(op->kind))
        forms |= encode_pfn(p + OP_BYTE_A, op->pfn, OP_LAST_PFN(&shape_here));
    if (op_may_be_refused(op->kind))
        p[OP_BYTE_REFUSED] = encode_from(op->refuse, 0xf0);
    /* places need no mark */
    if ((forms & 3) == FORM_RAW || forms >> 2 == FORM_RAW)
        p[OP_BYTE_FORMS] = (uint8_t)(0xf0 | forms);
}

size_t codec_encode(enum vocabulary vocabulary, const struct test_case *c, uint8_t *out)
{
    size_t size = CODEC_BOOT + (size_t)c->count * CODEC_OP;

    memset(out, 0, size);
    encode_boot(out, &c->boot);
    for (unsigned i = 0; i < c->count; i++)
        encode_op(vocabulary, out + CODEC_BOOT + (size_t)i * CODEC_OP, &c->ops[i]);
    return size;
}

UNINSTRUMENTED_END
