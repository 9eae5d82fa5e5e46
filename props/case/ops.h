/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vocabulary: the definition of a case in either format (bytes: fuzz/codec.h,
 * text: text.h). A case boots one p2m and then makes calls.
 */
#ifndef PROPS_CASE_OPS_H
#define PROPS_CASE_OPS_H

#include "props/base/uninstrumented.h"
#include "shape.h"

UNINSTRUMENTED_BEGIN

/* A switch over enum op_kind has no default and names each op: a new one does not compile. */
#pragma GCC diagnostic error "-Wswitch"

/*
 * The ops, in the order of their numbers. X(name, its word in a text, then its traits:
 * is it a call at a PFN; does it store at that PFN; has it an entry; its weight for the
 * shrinker (lower is simpler); does the executor make it: an op that is not made yet
 * is decoded, printed and skipped). Calls at a PFN can run inside one another.
 *
 *   GET               get_phys_to_machine(pfn)
 *   PFN_TO_MFN        pfn_to_mfn(pfn)
 *   SET               set_phys_to_machine(pfn, entry)
 *   SET_NOALLOC       __set_phys_to_machine(pfn, entry)
 *   RANGE             set_phys_range_identity(pfn, end)
 *   RESUME            save, restore elsewhere, rebuild the MFN tree
 *   E820              add [start, stop) of `type` to the E820 table
 *   XEN_SET_IDENTITY  xen_set_identity(the table so far)
 *   GRANT_MAP         set_foreign_p2m_mapping of `count` slots from pfn, MFNs from arg on
 *   GRANT_UNMAP       clear_foreign_p2m_mapping of `count` slots from pfn
 *   BUILD             xen_build_dynamic_phys_to_machine
 *   PUBLISH           xen_build_mfn_list_list, xen_setup_mfn_list_list
 *   DESTROY           the end of the p2m
 *   LIST              the builder's list has this entry at pfn; before a build
 *   MFN_BASE          MFNs of `type` (enum mfn_base) begin at arg; before a build
 *   IDENTITY_RANGES   p2m_e820_identity_ranges(the table so far): the runs that it reports
 */
#define OPS(X)                                                                                     \
    X(GET, "get", 1, 0, 0, 0, 1)                                                                   \
    X(PFN_TO_MFN, "pfn_to_mfn", 1, 0, 0, 1, 1)                                                     \
    X(SET, "set", 1, 1, 1, 2, 1)                                                                   \
    X(SET_NOALLOC, "__set", 1, 1, 1, 3, 1)                                                         \
    X(RANGE, "range", 1, 1, 0, 4, 1)                                                               \
    X(RESUME, "resume", 0, 0, 0, 5, 1)                                                             \
    X(E820, "e820", 0, 0, 0, 6, 1)                                                                 \
    X(XEN_SET_IDENTITY, "xen_set_identity", 0, 0, 0, 7, 1)                                         \
    X(GRANT_MAP, "grant_map", 0, 0, 0, 8, 1)                                                       \
    X(GRANT_UNMAP, "grant_unmap", 0, 0, 0, 9, 1)                                                   \
    X(BUILD, "build", 0, 0, 0, 10, 1)                                                              \
    X(PUBLISH, "publish", 0, 0, 0, 11, 1)                                                          \
    X(DESTROY, "destroy", 0, 0, 0, 12, 1)                                                          \
    X(LIST, "list", 0, 0, 0, 13, 1)                                                                \
    X(MFN_BASE, "mfn_base", 0, 0, 0, 14, 1)                                                        \
    X(IDENTITY_RANGES, "identity_ranges", 0, 0, 0, 8, 1)

enum op_kind {
#define X(name, ...) OP_##name,
    OPS(X)
#undef X
};

/* Their number; and for each trait a bit for each op that has it. */
enum {
#define X(...) +1
    OP_KINDS = 0 OPS(X),
#undef X
#define X(name, word, pfn, stores, entry, weight, made) | pfn << OP_##name
    OPS_WITH_PFN = 0 OPS(X),
#undef X
#define X(name, word, pfn, stores, entry, weight, made) | stores << OP_##name
    OPS_THAT_STORE = 0 OPS(X),
#undef X
#define X(name, word, pfn, stores, entry, weight, made) | entry << OP_##name
    OPS_WITH_ENTRY = 0 OPS(X),
#undef X
#define X(name, word, pfn, stores, entry, weight, made) | made << OP_##name
    OPS_MADE = 0 OPS(X),
#undef X
};

/* get .. range: a call at a PFN. */
static inline bool op_has_pfn(unsigned kind)
{
    return OPS_WITH_PFN >> kind & 1;
}

/* set, __set, range: it may allocate a page, and may fail. */
static inline bool op_stores(unsigned kind)
{
    return OPS_THAT_STORE >> kind & 1;
}

/* The executor makes it. */
static inline bool op_is_made(unsigned kind)
{
    return OPS_MADE >> kind & 1;
}

/* set, __set */
static inline bool op_has_entry(unsigned kind)
{
    return OPS_WITH_ENTRY >> kind & 1;
}

static inline bool op_is_grant(unsigned kind)
{
    return kind == OP_GRANT_MAP || kind == OP_GRANT_UNMAP;
}

/* list, mfn_base: for the builder, before a build. */
static inline bool op_is_of_builder(unsigned kind)
{
    return kind == OP_LIST || kind == OP_MFN_BASE;
}

/* get .. range, the grants, list: it has a PFN. */
static inline bool op_names_pfn(unsigned kind)
{
    return op_has_pfn(kind) || op_is_grant(kind) || kind == OP_LIST;
}

/* set, __set, list: it has an entry for that PFN. */
static inline bool op_names_entry(unsigned kind)
{
    return op_has_entry(kind) || kind == OP_LIST;
}

/* xen_set_identity, identity_ranges: it reads the memory map, of a domU if `type` is 1. */
static inline bool op_reads_map(unsigned kind)
{
    return kind == OP_XEN_SET_IDENTITY || kind == OP_IDENTITY_RANGES;
}

/* set, __set, range, grant_map, xen_set_identity: `refuse` is a field of it. */
static inline bool op_may_be_refused(unsigned kind)
{
    return op_stores(kind) || kind == OP_GRANT_MAP || kind == OP_XEN_SET_IDENTITY;
}

/* The name in text; as C has it. */
extern const char *const op_names[OP_KINDS];

#define OP_REFUSE_MAX 16  /* the page refused is the 1st .. 16th */
#define OP_AT_MAX 64      /* generated: another call runs at the 1st .. 64th sync point */
#define OP_POINT_MAX 4095 /* the highest sync point that a case can name */
#define OP_TYPE_MAX 127   /* E820 type; OP_TYPE_SOFT means 0xefffffff */
#define OP_TYPE_SOFT 126
#define OP_GRANTS_MAX 16      /* slots of a batch */
#define OP_TURNS 4            /* switches of a schedule */
#define BUILD_REFUSE_MAX 4095 /* the page of a build that is refused */

/* Where a running call is interrupted: a switch of a schedule. */
struct turn {
    uint16_t point; /* TURN_START: the point-th sync point from now; END: from its end;
                       PART: 1..255 of 256; EVERY: 1 */
    uint8_t from;   /* enum turn_from; TURN_EVERY only in the first: each point is tried */
    uint8_t keep;   /* 0: the store buffer drains; n: it stays, its n - 1 oldest stores are seen */
};
enum turn_from { TURN_START, TURN_END, TURN_PART, TURN_EVERY };
#define TURN_KEEP_MAX 3

enum mfn_base { MFN_BASE_LIST, MFN_BASE_PAGES, MFN_BASE_LEAVES, MFN_BASES };

struct op {
    uint8_t kind;   /* enum op_kind */
    uint8_t refuse; /* set, __set, range, grant_map, xen_set_identity: the n-th page is refused;
                       0: none */
    uint8_t type;   /* e820: type; xen_set_identity, identity_ranges: 1 for a domU; mfn_base: enum
                       mfn_base */
    uint8_t count;  /* grants: slots, 1 .. OP_GRANTS_MAX */
    uint16_t slots; /* grant_map: bit i: the hypervisor refuses slot i */
    uint16_t at;    /* get .. range: the first turn's point in the next call; 0: it runs now.
                       build: the page that is refused */
    uint8_t at_from, at_keep; /* of the first turn, as in struct turn */
    uint8_t turns;            /* further ones, at most OP_TURNS - 1 */
    struct turn turn[OP_TURNS - 1];
    uint64_t pfn;         /* get .. range, grants, list */
    uint64_t arg;         /* set, __set, list: the entry; range: its end, exclusive; MFN */
    uint64_t start, stop; /* e820: bytes, stop exclusive */
};

/* True if the schedule of an op is more than `at K`. */
static inline bool op_has_schedule(const struct op *op)
{
    return op->at_from != TURN_START || op->at_keep || op->turns;
}

/* It runs by itself, not inside another call. */
static inline void op_clear_schedule(struct op *op)
{
    op->at = op->at_from = op->at_keep = op->turns = 0;
    for (unsigned i = 0; i < OP_TURNS - 1; i++)
        op->turn[i] = (struct turn){0};
}

#define BOOT_EXTRAS 4  /* regions of extra memory */
#define BOOT_NVS 2     /* NVS entries */
#define BOOT_ORDERS 6  /* of the addresses of arena, list and shared pages */
#define BOOT_ANSWERS 8 /* of the hypervisor */

/* Flags of a boot: X(name, its word in a text). Honoured or not: fuzz/README.md. */
#define BOOT_FLAGS(X)                                                                              \
    X(AUTO_TRANSLATED, "auto_translated") /* XENFEAT_auto_translated_physmap */                    \
    X(XEN_RESTORE, "restore=xen")         /* the toolstack flattens private leaves */              \
    X(BARE, "bare")                       /* no build and no publish but those of the case */      \
    X(SHORT_LIST, "short_list")           /* the list's memory ends inside a leaf */               \
    X(TOOLS4, "4tools")                   /* the guest publishes p2m_vaddr and no MFN tree */      \
    X(TSO, "tso")                         /* store buffers */                                      \
    X(JUDGE, "judge")                     /* Xen's own code saves it */                            \
    X(DOMU, "domu")

enum boot_flag {
#define X(name, word) BOOT_##name,
    BOOT_FLAGS(X)
#undef X
        BOOT_FLAG_KINDS
};

struct boot {
    uint64_t nr_pages;      /* of the mfn_list; any word */
    uint16_t refuse;        /* first build: the n-th page is refused; 0: none */
    uint8_t holes;          /* so many of 256 entries of the mfn_list are INVALID */
    uint8_t order;          /* of addresses (props/host/places.c), below BOOT_ORDERS */
    bool auto_translated;   /* BOOT_AUTO_TRANSLATED */
    bool xen_restore;       /* BOOT_XEN_RESTORE */
    uint16_t flags;         /* bit 1 << enum boot_flag; of the two above: 0 */
    uint64_t hotplug_limit; /* PFNs; 0: none */
    struct {
        uint64_t pfn;
        uint32_t pages; /* 0: there is none */
    } extra[BOOT_EXTRAS];
    struct { /* target setup */
        uint64_t max_reservation;
        uint32_t kernel, initrd, page_tables, list; /* PFNs */
        struct {
            uint32_t pfn, pages;
        } nvs[BOOT_NVS];
        uint8_t answer[BOOT_ANSWERS];
    } setup;
};

#define CASE_OPS 256

/* Of a schedule: the subject and its compilation mode, as words; "": none. */
#define CASE_SUBJECT 32
#define CASE_MODE 16

struct test_case {
    struct boot boot;
    char subject[CASE_SUBJECT], mode[CASE_MODE]; /* in text only */
    unsigned count;
    struct op ops[CASE_OPS];
};

/* The shape of an entry, in any geometry. */
enum entry_kind {
    ENTRY_INVALID,
    ENTRY_IDENTITY, /* of the PFN it is stored at */
    ENTRY_MFN,
    ENTRY_FOREIGN,
    ENTRY_WRONG_IDENTITY, /* IDENTITY bit, but not this PFN's */
    ENTRY_BOTH_BITS,      /* FOREIGN and IDENTITY bit, but not INVALID */
    ENTRY_MFN_IS_PFN,     /* a plain MFN that equals its PFN */
    ENTRY_KINDS
};

/* Decodes an entry of `shape` at `pfn`; *value: the entry without the two bits. */
enum entry_kind entry_split(const struct shape *shape, uint64_t pfn, uint64_t entry,
                            uint64_t *value);

/* The inverse; a value too large for the shape loses its high bits. */
uint64_t entry_join(const struct shape *shape, uint64_t pfn, enum entry_kind kind, uint64_t value);

/* Moves an op to another PFN; the kind of its entry and the length of its range stay. */
void op_move(const struct shape *shape, struct op *op, uint64_t pfn);

/* The longest mfn_list, in pages, that the harness lends in this shape. */
uint64_t boot_max_pages(const struct shape *shape);

/*
 * nr_pages as whole leaves and a rest counted from the nearer end of a leaf, so
 * that it can be converted. boot_pages wraps a value too large for `shape`.
 * Beyond: `past` pages above boot_max_pages, or (high) below the highest word.
 */
struct boot_place {
    uint16_t leaves, rest;
    bool rest_high, beyond, beyond_high;
    uint64_t past;
};
struct boot_place boot_place_of(const struct shape *shape, uint64_t nr_pages);
uint64_t boot_pages(const struct shape *shape, const struct boot_place *place);

/* True if the ops are equal; if boot and ops are equal. Subject and mode do not count. */
bool op_equal(const struct op *a, const struct op *b);
bool case_equal(const struct test_case *a, const struct test_case *b);

/* True if each field of an op is within its bounds. Text and bytes hold just these cases. */
bool case_fits(const struct test_case *c, const struct shape *shape);

/* The highest PFN in an op's argument, and in an E820 address. */
#define OP_LAST_PFN(shape) shape_word_mask(shape)
#define E820_LAST_PFN (~(uint64_t)0 / 4096)

/* The highest MFN that an entry can hold. */
#define FRAME_LAST(shape) (shape_word_mask(shape) >> 2)

UNINSTRUMENTED_END

#endif
