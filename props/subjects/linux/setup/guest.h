/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The border between the kernel's files of target `setup` and the harness: what the harness can ask
 * for, and what the files report while they run. As in ../platform.h, it has only types that both
 * sides have.
 */
#ifndef PROPS_SUBJECTS_LINUX_SETUP_GUEST_H
#define PROPS_SUBJECTS_LINUX_SETUP_GUEST_H

#include "props/check/setup.h"

/* One version. */
struct setup_file {
    const char *name;
    uint64_t has;           /* defects that a memory map alone can show in it, a bit each */
    uint64_t may_have;      /* defects whose masks have an effect: others are not of its era */
    bool low_extra;         /* extra memory of a domU may begin below 4 GiB */
    bool unusable_is_other; /* it does not promise that dom0 has memory there */

    /* Boots the guest, up to the point where the list is mapped and published. */
    void (*boot)(const struct setup_guest *guest);

    /* What is left of it. The functions in *seen may be called until the next boot. */
    void (*look)(struct setup_seen *seen);

    /* Calls on the booted guest; set is NULL if none is made. */
    unsigned long (*get)(unsigned long pfn);
    unsigned long (*pfn_to_mfn)(unsigned long pfn);
    bool (*set)(unsigned long pfn, unsigned long entry);
    bool (*set_noalloc)(unsigned long pfn, unsigned long entry);
    void (*resume)(void);
};

extern const struct setup_file linux_setup_file;

/* The files' variables: all of their .data and .bss, put back before each boot. */
void linux_setup_state(char **data, size_t *data_bytes, char **bss, size_t *bss_bytes);

/* ---- functions of the harness for the files ---- */

void linux_setup_event(enum setup_event event, unsigned long number);

/* The files decline to boot and say so, or this world has an end. Neither is a finding. */
_Noreturn void linux_setup_refuses(const char *why);

/* A long boot is still at work: for the watch over calls that pass no sync point. */
void linux_setup_goes_on(void);

/*
 * `bytes` that are all zero: `area`, which is an earlier answer, or new ones if that is NULL. Their
 * address is a multiple of SETUP_ALIGN, so that no loop over a table depends on where the system
 * puts them. The first boot of a process takes another way here than the next ones, so an engine
 * must not count it.
 */
#define SETUP_ALIGN (1ul << 30)
void *linux_setup_zeros(void *area, unsigned long bytes);

/* Loops went round so often in one boot, many times what any needs. */
_Noreturn void linux_setup_hangs(const char *function, unsigned long rounds);

#endif
