/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exhaustive search in small scope: breadth first over all reachable states of a small
 * tree, each visited once. From each state it tries every op with every argument that can
 * make a difference, and checks all invariants. A state is everything that later calls
 * can depend on: kinds of slots, entries, the MFN tree, max_pfn.
 *
 * There are four entries: INVALID, the PFN's identity, a plain MFN, a FOREIGN one. More
 * would find nothing: the core copies MFNs and does not interpret them, so a tree with
 * other MFNs takes the same steps. (A stored MFN always differs from the
 * present one, so that a lost store is found; malformed entries are tried as well.)
 * For the same reason one resume is enough: it only changes MFNs. The argument has a check:
 * with other values the search must meet the same states.
 *
 * The builder's list has a frame or a hole at each PFN. Before a build each entry may be replaced.
 *
 * A memory map is not a part of a state: xen_set_identity makes the ranges of its map, which are
 * calls of their own, so it leads to no state that these do not lead to. Therefore maps are tried
 * when no new state is left, and a state that only a map leads to is a failed search. One map for
 * each set of PFNs is enough: a call sees of its map nothing but these.
 *
 * With grants, FOREIGN entries come from grants alone: a plain FOREIGN entry and a granted one
 * at each PFN would multiply the states, and the core treats both alike.
 */
#ifndef PROPS_EXPLORE_EXPLORE_H
#define PROPS_EXPLORE_EXPLORE_H

#include "snapshot.h"
#include "states.h"

struct explore_options {
    uint64_t transitions;        /* give up after so many; 0: never */
    double seconds;              /* give up after so long; 0: never */
    enum invariant want;         /* the violation to search for; INVARIANT_NONE: any */
    unsigned depth;              /* do not expand states at this depth; 0: all */
    uint32_t first, end, stride; /* races, maps (to the last state): only from states first,
                                    first + stride, ... < end */
    unsigned switches;           /* races: of two calls, 1 or 2 */
    unsigned thin;               /* races: only with each so many-th call */
    bool reduced;                /* races: without schedules that cannot make a difference */
    bool tso;                    /* races: the first of two calls may keep its store buffer */
    bool three;                  /* races: calls instead of two, with one switch a pair */
    bool foreign;                /* entries: FOREIGN ones too */
    bool grants;                 /* batches of one and two slots, each refused in turn */
    bool lifecycle;              /* build, publish, destroy, each list; boots that do none */
    bool other_values;           /* other MFNs, near misses; MFNs of pages begin elsewhere */
    bool mutants_of_args;        /* malformed entries, PFNs beyond the table, s > e */
    bool resumes, refusals, auto_translated;
};

struct explored {
    struct states states;
    uint32_t expanded; /* of these, in their order */
    uint64_t transitions;
    uint64_t raced, groups, outcomes;   /* races: states, pairs of calls, their different ends */
    uint64_t mapped, map_calls, strays; /* maps: states, transitions, those to no known state */
    unsigned depth;
    bool closed; /* no new state is left */
    bool failed; /* verdict, c, at: the violation, the shortest way to it */
    uint32_t at; /* found from this state */
    struct verdict verdict;
    struct test_case c;
    uint64_t met[INVARIANT_COUNT]; /* violations of invariants other than `want` */
};

/*
 * Explores, continuing from *explored (all zero: from the boots). False, with a message
 * on stderr: the subject cannot be explored.
 */
bool explore(const struct subject *subject, const struct explore_options *options,
             struct explored *explored);

/*
 * Every pair of calls, one at each sync point of the other, from the states of `explored` that
 * the options name (races.c). Adds to its transitions, one a run.
 */
bool explore_races(const struct subject *subject, const struct explore_options *options,
                   struct explored *explored);

/*
 * A memory map for each set of PFNs, from the states of `explored` that the options name, each page
 * refused in turn (maps.c). Adds to its transitions. Only where the sets are few.
 */
#define EXPLORE_HAS_MAPS (MAX_P2M_PFN <= 8)
bool explore_maps(const struct subject *subject, const struct explore_options *options,
                  struct explored *explored);

/* ---- for explore.c, maps.c and races.c ---- */

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
    uint8_t count;  /* grants: slots, */
    uint8_t slots;  /* and those that the hypervisor refuses */
    p2m_word pfn, end;
};

#define CHOICES 2048

/* All ops of the options, in a fixed order; answers their number. */
unsigned explore_choices(const struct explore_options *options, struct choice *choices);

/* The op of a choice in this state; `salt` (0 .. 2) makes MFNs of calls differ. */
struct op explore_op(const struct choice *choice, unsigned salt);

/*
 * Runs the way to state `index` and takes a snapshot of it. The case is left in *c. False: it
 * no longer leads there, which is an error of the harness or of the subject.
 */
bool explore_go(const struct subject *subject, const struct explored *explored, uint32_t index,
                const struct choice *choices, struct test_case *c, struct snapshot *snapshot);

/* True if the time or the number of transitions is used up. */
bool explore_is_over(const struct explore_options *options, uint64_t transitions);

/* Notes the violation *verdict of *c from state `at`; true if it is the one to stop at. */
bool explore_met(const struct explore_options *options, struct explored *explored,
                 const struct test_case *c, const struct verdict *verdict, uint32_t at);

/* The current state (encode.c). */
struct key explore_key(void);

/* Of all states together, in any order: equal for equal sets of states, in each run. */
uint64_t explore_hash(const struct states *states);

#endif
