/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the peers share: programs that somebody else might have written to test this core,
 * with RapidCheck, Hypothesis, libFuzzer or AFL++ as they come. One p2m, a platform that
 * lends it pages, and the flat array beside it; made of the headers of core/ alone, and of
 * nothing else in props/. What they do not have: calls that overlap, the exact number of
 * pages of a call, shared pages that the processor guards.
 */
#ifndef PROPS_PEERS_PEER_H
#define PROPS_PEERS_PEER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum peer_kind {
    PEER_SET,       /* pfn, b: the entry */
    PEER_SET_THERE, /* __set: pfn, b: the entry */
    PEER_RANGE,     /* pfn: start, b: end */
    PEER_GET,       /* pfn; get and pfn_to_mfn */
    PEER_RESUME,    /* on another machine */
    PEER_E820,      /* `count` entries of `map`; b: domU */
    PEER_KINDS
};

#define PEER_E820_MAX 4

struct peer_e820 {
    uint64_t start, end; /* bytes */
    uint32_t type;
    uint32_t unused;
};

struct peer_op {
    uint32_t kind;
    uint32_t refuse; /* this page of the call is not given, from 1 on; 0: all are */
    uint64_t pfn, b;
    uint32_t count, unused;
    struct peer_e820 map[PEER_E820_MAX];
};

struct peer_boot {
    uint64_t nr_pages; /* at most peer_shape.longest */
    uint32_t auto_translated;
    uint32_t refuse; /* as in an op: the first try to build fails, a second is made */
};

/* The geometry, for generators. */
struct peer_shape {
    uint64_t leaf, span, max; /* PFNs of a leaf, of a mid range, of the table */
    uint64_t longest;         /* of an mfn_list */
};
extern const struct peer_shape peer_shape;

/*
 * In the file that PEER_STATS names, if it is set: lives on when the process does not, and
 * goes on counting in the next process that has the same file.
 */
struct peer_stats {
    uint64_t cases, ops;  /* begun; called and compared, an entry of a map being one, too */
    uint64_t case_ops;    /* of these: in the case at hand */
    uint64_t failures;    /* cases that failed; where shrinking goes on, the last is the shortest */
    uint64_t first_ns;    /* CLOCK_MONOTONIC of the first failure, */
    uint64_t first_cases; /* and cases and ops up to it */
    uint64_t first_ops;
    uint64_t last_ops, last_ns; /* ops of the last case that failed, and when */
    char first[64], last[64];   /* what failed */
};
extern struct peer_stats *peer_stats;

/*
 * Once, before anything else. `caught`: a failure, a stopped p2m, a fault of the processor
 * and a call that takes seconds come back as answers, so that what generated the case can
 * shrink it; otherwise they end the process, as an engine wants it.
 */
void peer_setup(int caught);

/*
 * A case: begin, any number of apply, each followed by look or not, end. Each answers what
 * is wrong, or NULL; then the case is over, and end need not be called. apply compares the
 * answer. look compares all entries, through the MFN tree, too, and the shared pages; in a
 * big table only the entries at and around the PFNs of the last op. end looks at all that
 * was ever touched, and gives the p2m back.
 */
const char *peer_begin(const struct peer_boot *boot);
const char *peer_apply(const struct peer_op *op);
const char *peer_look(void);
const char *peer_end(void);

#ifdef __cplusplus
}
#endif

#endif
