/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The running case: its subject, its oracle, and what was counted so far. The
 * executor (props/run/executor.h) makes the calls; the checks judge what they left.
 */
#ifndef PROPS_CHECK_RUN_H
#define PROPS_CHECK_RUN_H

#include "props/base/verdict.h"
#include "props/oracle/oracle.h"
#include "props/subject.h"

/*
 * How much is checked after each op. Small geometries: everything, in any case;
 * CHECK_EVERY calls get for each PFN as well. Big ones: CHECK_QUICK looks at what
 * the op could touch, and at everything at the end of the case; CHECK_EVERY at
 * everything after every op.
 */
enum check_level { CHECK_QUICK, CHECK_EVERY };

/*
 * What a run did, in 64-bit words; adds up over runs. X(field, its dimension):
 * `p2m-case facts` tells the scripts where each field is.
 *
 * ops: judged ones; an entry of a map is no op by itself. reached, triggered: of the
 * planted bug in the core, where there is one (planted.h). calls: by op; failed: of
 * these, false or 0 PFNs; refused: of these, with a refused page. overlaps: groups of
 * overlapping calls. fast_checks: ops after which the fast check was enough (fast.c).
 * exercised: checks by invariant that had something to compare.
 */
#define TALLY(X)                                                                                   \
    X(cases, )                                                                                     \
    X(ops, )                                                                                       \
    X(checks, )                                                                                    \
    X(reached, )                                                                                   \
    X(triggered, )                                                                                 \
    X(calls, [OP_KINDS])                                                                           \
    X(failed, [OP_KINDS])                                                                          \
    X(refused, [OP_KINDS])                                                                         \
    X(overlaps, )                                                                                  \
    X(fast_checks, )                                                                               \
    X(exercised, [INVARIANT_COUNT])

struct tally {
#define X(field, dimension) uint64_t field dimension;
    TALLY(X)
#undef X
};

struct run {
    const struct subject *subject;
    const struct test_case *c;
    enum check_level level;
    struct subject_view view;
    struct oracle oracle;
    uint64_t trace; /* a hash over the results of all calls */
    bool published; /* the MFN tree is there */
    bool want_hash; /* set by a caller that will ask executor_hash() */
    uint64_t hash;
    bool model_off; /* metamorphic.c: subject against subject */
    struct tally tally;
};

extern struct run run;

/* Is a look at every entry cheap, or asked for? */
static inline bool run_is_thorough(void)
{
    return MODEL_LITERAL || run.level == CHECK_EVERY;
}

/* Does the subject waive what `id` would compare, of `pfn`? */
static inline bool run_waives(enum invariant id, p2m_word pfn)
{
    return run.subject->waives && run.subject->waives(id, pfn);
}

/* Asks the subject for its pages, which in some may move. */
static inline void run_refresh_view(void)
{
    run.subject->view(&run.view);
}

/* Is this mid one of the shared ones? */
static inline bool run_mid_is_shared(p2m_word *const *mid)
{
    return mid == run.view.mid_missing || mid == run.view.mid_identity;
}

/* Is this leaf one of the shared ones? */
static inline bool run_leaf_is_shared(const p2m_word *leaf)
{
    return leaf == run.view.missing || leaf == run.view.identity;
}

/* A check of `id` that has something to compare is counted. */
static inline void run_count_check(enum invariant id)
{
    run.tally.checks++;
    run.tally.exercised[id]++;
}

/* What checks_after is told about the op that just ran. */
struct outcome {
    const struct op *op; /* NULL: the boot, or the end of the case */
    uint64_t expected, got;
    bool refused;          /* a page was */
    bool failed;           /* the call says it did nothing */
    uint64_t hash_before;  /* if it failed: state_hash before it */
    unsigned pages_before; /* live pages */
    unsigned taken_before; /* pages handed out so far */
    unsigned cost;         /* pages that the slot kinds say it takes */
    bool overlap;          /* it is a group of overlapping calls */
};

#endif
