/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small scope, exhausted: breadth first over all states of a small tree that any
 * calls lead to, each met once, and from each every op with every argument that can
 * make a difference; all invariants on each transition. A state is what later calls
 * can depend on: kinds of slots, entries, the MFN tree, max_pfn.
 *
 * Entries are four: INVALID, the PFN's identity, a plain MFN, a FOREIGN one. More
 * would show nothing: the core moves MFNs about and looks into none, so a tree with
 * other MFNs runs through the same steps. (What is stored is always an MFN unlike the
 * one there, so that a store that is lost is seen; malformed entries are tried too.)
 * For the same reason one resume is as good as many: it changes MFNs alone.
 */
#ifndef PROPS_EXPLORE_EXPLORE_H
#define PROPS_EXPLORE_EXPLORE_H

#include "snapshot.h"
#include "states.h"

struct explore_options {
    bool foreign;         /* entries: FOREIGN ones too */
    bool mutants_of_args; /* malformed entries, PFNs beyond the table, s > e */
    bool resumes, refusals, auto_translated;
    enum invariant want;    /* the violation to look for; INVARIANT_NONE: any */
    uint64_t transitions;   /* give up after so many; 0: never */
    unsigned depth;         /* and do not follow states that are so deep; 0: all */
    double seconds;         /* give up after so long; 0: never */
    uint32_t first, stride; /* races: only the states first, first + stride, ... */
};

struct explored {
    struct states states;
    uint32_t expanded; /* of these, in their order */
    uint64_t transitions;
    unsigned depth;
    bool closed; /* nothing new is left */
    bool failed; /* verdict, c, at: the violation, the shortest way to it */
    uint32_t at; /* found from this state */
    struct verdict verdict;
    struct test_case c;
    uint64_t met[INVARIANT_COUNT]; /* violations of others than the one wanted */
};

/*
 * Explores, from where *explored stands (all zero: from the boots). False: the subject
 * cannot be explored, having said why on stderr.
 */
bool explore(const struct subject *subject, const struct explore_options *options,
             struct explored *explored);

/*
 * Every pair of calls of which the one runs at a sync point of the other, at each of
 * them, from every state of `explored` (races.c). Adds to its transitions.
 */
bool explore_races(const struct subject *subject, const struct explore_options *options,
                   struct explored *explored);

/* ---- for the two of them ---- */

enum symbol {
    SYMBOL_INVALID,
    SYMBOL_IDENTITY,
    SYMBOL_MFN,
    SYMBOL_FOREIGN,
    SYMBOL_WRONG,
    SYMBOL_BOTH
};

struct choice {
    uint8_t kind;   /* enum op_kind */
    uint8_t symbol; /* set, __set */
    bool xen;       /* resume: Xen's way */
    p2m_word pfn, end;
};

#define CHOICES 2048

/* All ops of the options, in a fixed order; answers their number. */
unsigned explore_choices(const struct explore_options *options, struct choice *choices);

/* The op that a choice is here; `salt` (0, 1) makes MFNs of two calls differ. */
struct op explore_op(const struct choice *choice, unsigned salt);

/*
 * Runs the way to state `index` and takes a snapshot of it. The case is left in *c. False: it
 * does not lead there any more, which is an error of the harness or of the subject.
 */
bool explore_go(const struct subject *subject, const struct explored *explored, uint32_t index,
                const struct choice *choices, struct test_case *c, struct snapshot *snapshot);

/* True if the time or the number of transitions is used up. */
bool explore_is_over(const struct explore_options *options, uint64_t transitions);

/* Notes the violation *verdict of *c from state `at`; true if it is the one to stop at. */
bool explore_met(const struct explore_options *options, struct explored *explored,
                 const struct test_case *c, const struct verdict *verdict, uint32_t at);

/* The state that the machine is in (encode.c). */
struct key explore_key(void);

#endif
