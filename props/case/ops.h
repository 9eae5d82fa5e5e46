/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vocabulary: what a case is, in either format (bytes: fuzz/codec.h,
 * text: text.h). A case boots one p2m and then makes calls.
 */
#ifndef PROPS_CASE_OPS_H
#define PROPS_CASE_OPS_H

#include "shape.h"

/* A switch over enum op_kind has no default and names each op: a new one does not compile. */
#pragma GCC diagnostic error "-Wswitch"

/*
 * The ops, in the order of their numbers. X(name, its word in a text, and of its arguments:
 * has it a PFN; does it store at that PFN; an entry; its weight for the shrinker: the lower
 * one is simpler). Ops with a PFN can run inside one another.
 *
 *   GET               get_phys_to_machine(pfn)
 *   PFN_TO_MFN        pfn_to_mfn(pfn)
 *   SET               set_phys_to_machine(pfn, entry)
 *   SET_NOALLOC       __set_phys_to_machine(pfn, entry)
 *   RANGE             set_phys_range_identity(pfn, end)
 *   RESUME            save, restore elsewhere, rebuild the MFN tree
 *   E820              add [start, stop) of `type` to the E820 table
 *   XEN_SET_IDENTITY  xen_set_identity(the table so far)
 */
#define OPS(X)                                                                                     \
    X(GET, "get", 1, 0, 0, 0)                                                                      \
    X(PFN_TO_MFN, "pfn_to_mfn", 1, 0, 0, 1)                                                        \
    X(SET, "set", 1, 1, 1, 2)                                                                      \
    X(SET_NOALLOC, "__set", 1, 1, 1, 3)                                                            \
    X(RANGE, "range", 1, 1, 0, 4)                                                                  \
    X(RESUME, "resume", 0, 0, 0, 5)                                                                \
    X(E820, "e820", 0, 0, 0, 6)                                                                    \
    X(XEN_SET_IDENTITY, "xen_set_identity", 0, 0, 0, 7)

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
#define X(name, word, pfn, stores, entry, weight) | pfn << OP_##name
    OPS_WITH_PFN = 0 OPS(X),
#undef X
#define X(name, word, pfn, stores, entry, weight) | stores << OP_##name
    OPS_THAT_STORE = 0 OPS(X),
#undef X
#define X(name, word, pfn, stores, entry, weight) | entry << OP_##name
    OPS_WITH_ENTRY = 0 OPS(X),
#undef X
};

/* get .. range: a call at a PFN. */
static inline bool op_has_pfn(unsigned kind)
{
    return OPS_WITH_PFN >> kind & 1;
}

/* set, __set, range: it may need a page, and may fail. */
static inline bool op_stores(unsigned kind)
{
    return OPS_THAT_STORE >> kind & 1;
}

/* set, __set */
static inline bool op_has_entry(unsigned kind)
{
    return OPS_WITH_ENTRY >> kind & 1;
}

/* The name in text; as C has it. */
extern const char *const op_names[OP_KINDS];

#define OP_REFUSE_MAX 16 /* the page refused is the 1st .. 16th */
#define OP_AT_MAX 64     /* an interloper runs at the 1st .. 64th sync point */
#define OP_TYPE_MAX 127  /* E820 type; OP_TYPE_SOFT stands for 0xefffffff */
#define OP_TYPE_SOFT 126

struct op {
    uint8_t kind;         /* enum op_kind */
    uint8_t refuse;       /* set, __set, range: the n-th page it asks for is refused; 0: none */
    uint8_t at;           /* get .. range: runs at the at-th sync point of the next call; 0: now */
    uint8_t type;         /* e820: type; xen_set_identity: 1 for a domU */
    uint64_t pfn;         /* get .. range */
    uint64_t arg;         /* set, __set: the entry; range: its end, exclusive */
    uint64_t start, stop; /* e820: bytes, stop exclusive */
};

struct boot {
    uint64_t nr_pages;    /* of the mfn_list */
    uint8_t refuse;       /* first build: the n-th page is refused; 0: none */
    uint8_t holes;        /* so many of 256 entries of the mfn_list are INVALID */
    bool auto_translated; /* XENFEAT_auto_translated_physmap */
    bool xen_restore;     /* restore=xen: the toolstack flattens private leaves */
};

#define CASE_OPS 256

struct test_case {
    struct boot boot;
    unsigned count;
    struct op ops[CASE_OPS];
};

/* What an entry is, in any geometry. */
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

/* Takes an entry of `shape` at `pfn` apart; *value: what is left without the bits. */
enum entry_kind entry_split(const struct shape *shape, uint64_t pfn, uint64_t entry,
                            uint64_t *value);

/* The inverse; a value too large for the shape loses its high bits. */
uint64_t entry_join(const struct shape *shape, uint64_t pfn, enum entry_kind kind, uint64_t value);

/* The longest mfn_list, in pages, that the harness lends in this shape. */
uint64_t boot_max_pages(const struct shape *shape);

/*
 * nr_pages as whole leaves and a rest counted from the nearer end of a leaf, so
 * that it can be carried over. boot_pages wraps what is too large for `shape`.
 */
struct boot_place {
    uint16_t leaves, rest;
    bool rest_high;
};
struct boot_place boot_place_of(const struct shape *shape, uint64_t nr_pages);
uint64_t boot_pages(const struct shape *shape, const struct boot_place *place);

/* The very same calls? */
bool op_equal(const struct op *a, const struct op *b);
bool case_equal(const struct test_case *a, const struct test_case *b);

/* Has each PFN of it a place (shape.h), so that text and bytes can say it? */
bool case_fits(const struct test_case *c, const struct shape *shape);

/* Carries a case over from the geometry it was written in to another one, in place. */
void case_convert(struct test_case *c, const struct shape *from, const struct shape *to);

/* The highest PFN in an op's argument, and in an E820 address. */
#define OP_LAST_PFN(shape) shape_word_mask(shape)
#define E820_LAST_PFN (~(uint64_t)0 / 4096)

#endif
