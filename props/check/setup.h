/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The invariants SETUP_*: what must be true of a guest that its kernel has just booted. The subject
 * tells what it left (struct setup_seen), our world around it what went wrong meanwhile (enum
 * setup_event); the frames and the machine's map are the oracle's (props/oracle/frames.h). Has only
 * types that a kernel's headers have, too: a PFN is an unsigned long, an address uint64_t bytes.
 */
#ifndef PROPS_CHECK_SETUP_H
#define PROPS_CHECK_SETUP_H

#include "props/oracle/frames.h"

struct setup_area {
    unsigned long pfn, pages; /* pages 0: there is none */
};

/* The domain builder's work, and the hypervisor's answers. */
struct setup_guest {
    bool dom0;
    struct frames_map map;
    unsigned long nr_pages; /* each of them has a frame: frames_first() */
    uint64_t wanted;        /* by the case; the machine or this world may have fewer */
    long reservation;       /* the answer to maximum_reservation; negative: an error */
    unsigned long hotplug;  /* PFNs that the list must have room for */
    struct setup_area kernel, initrd, list, start_info, tables; /* below nr_pages, disjoint */
    bool has_no_map; /* a domU's: the hypervisor knows none, `map` is the one to expect */
    unsigned fails_release, fails_m2p, fails_mapping; /* the n-th such call fails; 0: none */
    const char *command_line;
};

/*
 * What is wrong already while the kernel boots; the boot goes on. X(name, invariant, what it says
 * of a number)
 */
#define SETUP_EVENTS(X)                                                                            \
    X(RELEASED_NOT_OURS, ONLY_OUR_FRAMES, "a frame that is not ours was given back, MFN")          \
    X(M2P_NOT_OURS, ONLY_OUR_FRAMES, "a frame that is not ours got a PFN, MFN")                    \
    X(MAPPED_NOT_OURS, ONLY_OUR_FRAMES, "a frame that is not ours was mapped, MFN")                \
    X(BUFFER_NOT_OURS, BUFFER_IS_OURS, "the remap buffer is on a frame that is not ours, MFN")     \
    X(RESERVED_AROUND, NOTHING_WRAPS, "a reservation goes beyond all memory, from PFN")            \
    X(FREED_AROUND, NOTHING_WRAPS, "a free goes beyond all memory, from PFN")                      \
    X(E820_IS_FULL, RAM_HAS_FRAME, "the kernel's map has no room for one more entry, it has")      \
    X(LIST_TO_NO_RAM, IMAGE_STAYS, "the list was moved to where no RAM is, PFN")                   \
    X(LIST_TO_NO_FRAME, IMAGE_STAYS, "the list was moved to where no frame is, PFN")

enum setup_event {
#define X(name, invariant, words) SETUP_EVENT_##name,
    SETUP_EVENTS(X)
#undef X
        SETUP_EVENT_KINDS
};

/* Entries of the machine's map that the guest has elsewhere, in bytes. */
struct setup_move {
    uint64_t from, to, size;
};
#define SETUP_EXTRAS 128
#define SETUP_MOVES 8
#define SETUP_E820 1024

/* What a boot has left. */
struct setup_seen {
    unsigned e820_count, extra_count, move_count;
    struct frames_entry e820[SETUP_E820]; /* the kernel's own map */
    struct setup_area extra[SETUP_EXTRAS];
    struct setup_move move[SETUP_MOVES];
    unsigned long reach;            /* PFNs from here on are beyond the list */
    unsigned long max_pfn;          /* as published */
    unsigned long released;         /* the kernel's own count of what it gave back */
    struct setup_area list, initrd; /* where they are now */
    bool initrd_is_whole;           /* it holds what it held */
    bool call_failed;               /* a call that the case makes fail was made */

    /*
     * The entry of a PFN below FRAMES_PFNS. All up to *until (exclusive) are alike: each is
     * INVALID, or identity, or it is a single one.
     */
    unsigned long (*entry)(unsigned long pfn, unsigned long *until);
    unsigned long (*m2p)(unsigned long mfn); /* the PFN in the machine's table */
    bool (*is_reserved)(unsigned long pfn);  /* by the boot allocator */

    /* By design of the version: */
    bool counts_released;     /* it has such a count */
    bool unusable_is_other;   /* it does not promise that dom0 has memory there */
    bool end_is_open;         /* pages behind the map need not be identity */
    bool moves_firmware;      /* NVS makes room for the boot image */
    bool rounds_inward;       /* a page that is RAM in part need not be identity */
    bool low_is_open;         /* nor need pages up to the end of the legacy hole */
    bool unusable_is_left;    /* nor unusable memory: its pages may keep their frames */
    bool extra_is_behind;     /* extra memory may be behind the map, where no RAM is */
    uint64_t extra_end;       /* the PFN at which it must end at the latest */
    struct setup_area legacy; /* the legacy hole, kept back although memory is there */

    /* Masks: */
    bool extra_spoils;    /* the page behind extra memory is not judged */
    bool identity_shifts; /* the frame of an identity entry is not */
    bool identity_loses;  /* the frame whose PFN became identity may be lost */
};

/* Before a boot: no event yet. */
void setup_begin(const struct setup_guest *of);

/* Of our world, or of the kernel's table: `number` is what the words end with. */
void setup_event(enum setup_event event, unsigned long number);

/* Judges the events alone: of a boot that did not end. */
void setup_check_events(void);

/* Judges a boot that ended. */
void setup_check(const struct setup_seen *of);

#endif
