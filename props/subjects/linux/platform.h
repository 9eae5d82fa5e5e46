/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The border between the kernel's file and the harness. On one side are names of
 * the kernel (shim.h and the file itself, compiled as one object), on the other
 * those of core/ and props/; both have a MAX_P2M_PFN. This header has only types that
 * both have; a PFN is an unsigned long.
 */
#ifndef PROPS_SUBJECTS_LINUX_PLATFORM_H
#define PROPS_SUBJECTS_LINUX_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Defects of published versions that can be masked by name, KNOWN=B1,C3: then no call
 * is made, or no comparison, in which just that one shows. X(name, what is masked)
 */
#define LINUX_DEFECTS(X)                                                                           \
    X(A1, "behind the end of the builder's list there is INVALID, and no garbage")                 \
    X(A2, "pfn_to_mfn is not compared for what is foreign, then or now")                           \
    X(B1, "no MFN or foreign frame is set where the leaf is p2m_identity")                         \
    X(B2, "INVALID is not set where the leaf is p2m_identity")                                     \
    X(B3, "a single identity frame is not set where the leaf is missing")                          \
    X(B4, "a single identity frame is not set where the mid is missing")                           \
    X(B5, "no malformed entry is set")                                                             \
    X(B6, "no empty range")                                                                        \
    X(B7, "in an auto-translated guest no reversed range, none beyond the table")                  \
    X(B8, "no range ends at or beyond the end of the table")                                       \
    X(B9, "a range may take a page for each mid")                                                  \
    X(B11, "pages that a range made may be absent from the MFN tree; none is set, no resume")      \
    X(B12, "a warning that an edge of a range is identity already is not counted")                 \
    X(B13, "no range has an edge in what is identity already")                                     \
    X(B17, "INVALID is not set beyond the list, where all reads as identity")                      \
    X(B18, "no grant is mapped over an identity or a foreign entry")                               \
    X(C1, "no switch between sets in a mid that is missing, unless the inner one makes all")       \
    X(C2, "the same while its page of the MFN tree is missing")                                    \
    X(C3, "no switch between two sets in a mid while a page is in the MFN tree and not noted")     \
    X(C3b, "the same before the MFN tree is held against what is noted")                           \
    X(C4, "no switch between two sets in a leaf before a load while it is not private")            \
    X(C5, "above max_pfn no page is added and none compared after a resume")                       \
    X(C6, "no resume with a mid that the MFN tree has not; of a linear list it may take pages")    \
    X(C7, "the toolstack finds what is above max_pfn")                                             \
    X(C8, "no resume while a mid below max_pfn is p2m_mid_identity")                               \
    X(D6, "no range touches PFNs 0x100 to 0xfff")                                                  \
    X(E7, "a page whose grant was not recorded is no longer marked as private")                    \
    X(F1, "nothing but identity is set where the leaf is p2m_identity")                            \
    X(F3, "the toolstack finds the page at max_pfn")                                               \
    X(F4, "nothing is set beyond the list")                                                        \
    X(F5, "grants are unmapped one by one, and at once those refused to the kernel alone")         \
    X(F6, "after a batch of grants that failed its caller finds out which slots hold")             \
    X(F7, "a log of a failed unmap is not read")                                                   \
    X(B10, "the brk area has no end for ranges")                                                   \
    X(D1, "the brk area has no end for early sets")                                                \
    X(D4, "no page is right behind the builder's list")                                            \
    X(D5, "no MFN or INVALID is set early where the leaf is p2m_identity")                         \
    X(F9, "no switch between two sets while max_pfn moves")                                        \
    X(F11, "no switch between two sets in a leaf before a load while it is not private")           \
    X(F12, "an identity PFN may be missing in the dump")                                           \
    X(F14, "no frame of a second NVS entry is looked up")                                          \
    X(S1, "no RAM above the list lies inside one page")                                            \
    X(S2, "RAM above the list begins with a page")                                                 \
    X(S3, "no entry of a memory map goes beyond the last address")                                 \
    X(S4, "in a map with NVS entries, they and RAM above the list end with a page")                \
    X(S5, "for a map with NVS entries, the hotplug limit is all memory")                           \
    X(S6, "no RAM in the list lies inside one page")                                               \
    X(S7, "no entry of a memory map reaches the last page of all addresses")                       \
    X(S8, "if the list or the initrd is not in RAM, RAM in the list begins with a page")           \
    X(S9, "the start info is in RAM")                                                              \
    X(S10, "if the list or the initrd is not in RAM, all RAM is in the reservation")               \
    X(S11, "the boot image is in RAM")                                                             \
    X(S12, "a memory map has only RAM behind the last but one page of the table")                  \
    X(S13, "the page behind extra memory is not judged")                                           \
    X(S14, "a memory map has no overlaps")                                                         \
    X(S15, "the published end of the list is not judged")                                          \
    X(S16, "no update of the table MFN to PFN fails")                                              \
    X(S17, "an identity entry may have another frame, and no call stores")                         \
    X(S18, "the list has no holes")                                                                \
    X(S19, "the frame whose PFN became identity may be lost")                                      \
    X(S20, "RAM begins with a page, and a memory map ends with one")                               \
    X(S21, "extra memory may be where the list does not reach")                                    \
    X(S22, "a memory map is in order, without overlaps, and RAM is in one piece")                  \
    X(S23, "holes where extra memory may begin are reserved")

enum linux_defect {
#define X(name, what) LINUX_##name,
    LINUX_DEFECTS(X)
#undef X
        LINUX_DEFECT_COUNT
};
_Static_assert(LINUX_DEFECT_COUNT <= 64, "a bit each");

/* A call that is about to be made. */
struct linux_call {
    enum { LINUX_SET, LINUX_RANGE_CALL, LINUX_RESUME_CALL, LINUX_OTHER } kind;
    unsigned long pfn, arg;
    bool noalloc;    /* __set */
    bool alternates; /* it stops at points of a schedule, and goes on later */
};

/* The file's own pages, as the harness looks at them. */
struct linux_view {
    void *top, *top_mfn, *top_mfn_p, *mid_missing_mfn;
    void *missing, *identity, *mid_missing, *mid_identity; /* NULL: the sealed ones */
    unsigned roots;
    bool synthetic_view; /* top and mids are tables drawn for the harness */
};

/* Other lookups, in the order of enum other_view. */
enum linux_other_view {
    LINUX_VIEW_ENTRY,
    LINUX_VIEW_VALID,
    LINUX_VIEW_PFN_TO_GFN,
    LINUX_VIEW_PHYS_TO_MACHINE,
    LINUX_VIEW_MFN_TO_PFN,
    LINUX_VIEW_GFN_TO_PFN,
    LINUX_VIEW_MACHINE_TO_PHYS,
    LINUX_VIEW_LOCAL_PFN,
    LINUX_VIEW_IOREMAP
};
typedef void linux_dump_fn(unsigned long first, unsigned long end, const char *word);

/* One version of the file, with its features and differences. */
struct linux_file {
    const char *name, *mode; /* of compilation: LINUX_MODE */

    unsigned long foreign_bit; /* 31 once */

    /* Before 2.6.39 there are no ranges, and bit 62 of an entry means nothing. */
    bool no_identity;

    /*
     * Identity ranges are legal only before the list is made: later ones would write
     * where other CPUs, and the read-only pages, already are.
     */
    bool ranges_first;

    /*
     * From 3.16 on what is beyond the table reads as identity (there may be devices) and not
     * as INVALID, though setting it to INVALID still succeeds.
     */
    bool beyond_is_identity;

    /* The list is a flat one; the file finds its end by itself. */
    bool linear;

    void (*build)(unsigned long *mfn_list, unsigned long nr_pages, bool auto_translated);
    void (*make_list)(void);
    unsigned long (*get)(unsigned long pfn);
    unsigned long (*pfn_to_mfn)(unsigned long pfn);
    bool (*set)(unsigned long pfn, unsigned long entry);
    bool (*set_noalloc)(unsigned long pfn, unsigned long entry);
    unsigned long (*range)(unsigned long start, unsigned long end);
    /* As in struct subject; or NULL. */
    bool (*boot_range)(unsigned n, unsigned long *start, unsigned long *end);
    unsigned long (*covers)(void); /* PFNs that can be in the MFN tree; NULL: all */
    bool (*range_is_possible)(unsigned long start, unsigned long end); /* NULL: all are */
    /* As in struct subject; NULL: it has none. */
    uint64_t (*grant_map)(unsigned long pfn, unsigned count, unsigned long mfn);
    uint64_t (*grant_unmap)(unsigned long pfn, unsigned count);
    bool unmap_restores;

    void (*look)(struct linux_view *view);
    bool (*on_store)(
        unsigned long address); /* of a store that faulted; false: elsewhere; or NULL */

    /* A set of 1 << enum linux_defect: defects that a call, or two that overlap, would show. */
    uint64_t (*shows)(const struct linux_call *call);
    uint64_t (*shows_overlapping)(const struct linux_call *outer, const struct linux_call *inner);

    /*
     * Of a call at `pfn` that overlaps: defects in whose windows it is now, told by the state and
     * by what the running call does next. The same kind of set.
     */
    uint64_t (*open)(unsigned long pfn, unsigned kind, const volatile void *address);

    /* The kernel's own functions, to be named in a report. */
    const void *kernel_boot, *kernel_get, *kernel_set, *kernel_set_noalloc, *kernel_range;
    const void *kernel_resume, *kernel_grant_map, *kernel_grant_unmap;

    bool (*other_view)(enum linux_other_view view, unsigned long where, unsigned long back,
                       unsigned long *answer);
    unsigned long (*dump)(linux_dump_fn *line); /* answers its end; or NULL */

    /* The boot lasts until the first make_list: sets before it are early ones. */
    bool has_early_set;

    /* Non-RAM pages that are mapped elsewhere: to be called before the list is made. Or NULL. */
    void (*remap)(unsigned long mfn, unsigned long pfn, unsigned long pages);

    /* Of a list in virtual memory: see struct subject. NULL before 4.4. */
    void (*list)(unsigned long *cr3, unsigned long *vaddr, unsigned long *generation);
    void *(*list_page)(unsigned long cr3, unsigned long address);

    /* Its state besides its variables, part `n`; NULL: there are no more. Or NULL. */
    void *(*more_state)(unsigned n, size_t *bytes);

    /* The data of the guest for the toolstack. */
    unsigned long *max_pfn, *frame_list_list;
};

extern const struct linux_file linux_file;

/* The file's variables: all of its .data and .bss, put back before each build. */
void linux_state(char **data, size_t *data_bytes, char **bss, size_t *bss_bytes);

/* ---- functions of the harness for the file ---- */

/* A sync point (points.c); the access of this kind, enum p2m_access, follows at once. */
void linux_point(unsigned kind, const volatile void *address, unsigned size, uint64_t value);

/* A full barrier, or a hypercall: the stores of the call so far are visible to all. */
void linux_fence(void);

/* No point: a store of a word to `address` follows, and in an emulation one to `copy` (or NULL). */
void linux_store(const volatile void *address, const volatile void *copy);

/* Each of them is a sync point. */
void linux_lock(int *held);
void linux_unlock(int *held);

/* Which of the calls that overlap is running: 0 .. LINUX_CALLS - 1. */
#define LINUX_CALLS 4
unsigned linux_running_call(void);

/* The longest list that a builder can make. */
unsigned long linux_lent_pages(void);

/* Is this defect masked (KNOWN=)? */
bool linux_knows(enum linux_defect defect);

/* Masks just these, a bit each; answers those before. */
uint64_t linux_know_only(uint64_t defects);

/* The hypervisor maps or unmaps one grant; the slots of the next batch that it refuses. */
void linux_grant(bool map, unsigned long pfn, unsigned long mfn);
unsigned linux_refused_slots(void);
_Noreturn void linux_grant_wrong(const char *what, unsigned long pfn);

/* extend_brk and the like: a page that is never refused, all zero. */
void *linux_boot_page(void);

/* Is there no end to the brk area, because what shows it is masked? */
bool linux_brk_is_endless(void);

/* Pages in the memory behind the builder's list; NULL: there is no more of it. */
void *linux_list_room(size_t bytes);

/* The page right behind it, for a leaf; NULL: it is in use, or there is no list. */
void *linux_leaf_behind_list(void);

/* The page allocator: NULL if refused. */
void *linux_get_page(void);
void linux_put_page(void *page);

unsigned long linux_page_mfn(const void *page);
void *linux_mfn_page(unsigned long mfn);

/* The host's sealed pages: missing, identity, mid_missing, mid_identity. */
void *linux_sealed_page(unsigned which);

/* A shared page (numbered as above) has wrong contents. */
_Noreturn void linux_shared_page_written(unsigned which, unsigned slot);

/* A plain store to a page of the list that is not shared: legal, but the emulation cannot follow.
 */
_Noreturn void linux_plain_store(void);

/* The boot flag 4tools of this case; set before the build. */
extern bool linux_tools4;

/* A change of the list's page tables that a toolstack would read half. */
_Noreturn void linux_unsynced(const char *what, unsigned long generation);

_Noreturn void linux_bug(const char *what, const char *function, int line);
void linux_warned(const char *what, const char *function, int line);

#endif
