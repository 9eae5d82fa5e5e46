/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where calls that overlap stop and go on, for the report of a violation: recorded in one run of
 * a case that failed, and in no other, since each switch walks a stack.
 */
#ifndef PROPS_CHECK_SWITCHES_H
#define PROPS_CHECK_SWITCHES_H

#include "run.h"

#define SWITCH_CALLS 3        /* calls of an overlap */
#define SWITCH_FRAMES 16      /* of a call chain */
#define SWITCH_STORES 8       /* in a store buffer */
#define SWITCH_STORE_FRAMES 4 /* of their call chains */
#define SWITCHES_MAX 32

/* Where a store was made: return addresses, the innermost first. */
struct switch_store {
    unsigned frames;
    uintptr_t frame[SWITCH_STORE_FRAMES];
};

/* A call stops at a sync point, or ends, and another one begins or goes on. */
struct switch_record {
    unsigned from, to;              /* calls, the outermost is 0 */
    bool ended;                     /* `from` does not stop: it is over */
    bool begins;                    /* `to` starts */
    unsigned frames;                /* of `from`, if it stops: */
    uintptr_t frame[SWITCH_FRAMES]; /* return addresses, the innermost first */
    unsigned stores;                /* of `from` that no other call sees yet, and of the oldest: */
    struct switch_store store[SWITCH_STORES];
};

extern struct switches {
    bool wanted;
    unsigned count; /* of the last overlap */
    struct switch_record at[SWITCHES_MAX];
    struct op call[SWITCH_CALLS];
} switches;

/* Before an overlap of these calls, the outermost first. */
void switches_begin(const struct op *const *calls, unsigned count);

/* In the hook of a sync point, on the stack of the call that stops there. */
void switches_stop(void);

/* In a watcher: where the store is that comes next. Nothing if no record is wanted. */
struct switch_store switches_store(void);

/* After switches_stop: this store is in the store buffer. */
void switches_keep(const struct switch_store *store);

/* After switches_stop, or where call `from` has ended: call `to` begins or goes on. */
void switches_go(unsigned from, bool ended, unsigned to, bool begins);

#endif
