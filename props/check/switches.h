/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where calls that overlap stop and go on, for the report of a violation: recorded in one run of
 * a case that failed, and in no other, since each switch walks a stack.
 */
#ifndef PROPS_CHECK_SWITCHES_H
#define PROPS_CHECK_SWITCHES_H

#include "run.h"

#define SWITCH_CALLS 3   /* calls of an overlap */
#define SWITCH_FRAMES 16 /* of a call chain */
#define SWITCH_STORES 8  /* in a store buffer */
#define SWITCHES_MAX 32

/* A call stops at a sync point, or ends, and another one begins or goes on. */
struct switch_record {
    unsigned from, to;              /* calls, the outermost is 0 */
    bool ended;                     /* `from` does not stop: it is over */
    bool begins;                    /* `to` starts */
    unsigned frames;                /* of `from`, if it stops: */
    uintptr_t frame[SWITCH_FRAMES]; /* return addresses, the innermost first */
    unsigned stores;                /* of `from` that no other call sees yet, and of the oldest: */
    uintptr_t store[SWITCH_STORES]; /* return addresses of their sync points */
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

/* After switches_stop: the store whose sync point returns to `place` is in the store buffer. */
void switches_keep(uintptr_t place);

/* After switches_stop, or where call `from` has ended: call `to` begins or goes on. */
void switches_go(unsigned from, bool ended, unsigned to, bool begins);

#endif
