/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The running case: its subject, its oracle, and the counts so far. The
 * executor (props/run/executor.h) makes the calls; the checks judge the state after them.
 */
#ifndef PROPS_CHECK_RUN_H
#define PROPS_CHECK_RUN_H

#include "props/base/uninstrumented.h"
#include "props/base/verdict.h"
#include "props/oracle/oracle.h"
#include "props/subject.h"

UNINSTRUMENTED_BEGIN

/*
 * The extent of the checks after each op. Small geometries: everything, always;
 * CHECK_EVERY calls get for each PFN as well. Big ones: CHECK_QUICK checks the part that
 * the op could touch, and everything at the end of the case; CHECK_EVERY checks
 * everything after every op. CHECK_NONE: only the oracle follows (resolve.h).
 */
enum check_level { CHECK_QUICK, CHECK_EVERY, CHECK_NONE };

/*
 * Counts of runs, in 64-bit words; summed over runs. X(field, its dimension):
 * `p2m-case facts` gives the scripts the offset of each field.
 *
 * ops: judged ones; an entry of a map is not an op by itself. reached, triggered: of the
 * planted bug in the core, where there is one (planted.h). calls: by op; failed: of
 * these, false or 0 PFNs; refused: of these, with a refused page; skipped: ops that were not
 * made, or not wholly, because the state, the subject or the harness does not allow them.
 * overlaps: groups of
 * overlapping calls. fast_checks: ops after which the fast check was enough (fast.c).
 * exercised: checks by invariant that had something to compare; of CORE_BUG and CORE_WARNED
 * calls that asked for a page or freed one, of HANG calls that passed a sync point, of a shared
 * page calls that could store through a slot of it. The fast check counts in `checks` alone.
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
    X(skipped, [OP_KINDS])                                                                         \
    X(overlaps, )                                                                                  \
    X(fast_checks, )                                                                               \
    X(exercised, [INVARIANT_COUNT])

struct tally {
#define X(field, dimension) uint64_t field dimension;
    TALLY(X)
#undef X
};

/* What the harness's own toolstack and the judge find wrong with a guest, at the first such save.
 */
struct toolstacks {
    struct verdict own, judge;
    unsigned looks; /* of the judge */
    bool refused;   /* the judge reports an error of its own; otherwise it only reads wrong */
};

struct run {
    const struct subject *subject;
    const struct test_case *c;
    enum check_level level;
    struct subject_view view;
    struct builder builder; /* what it hands over to the next build, or did to the last one */
    struct oracle oracle;
    uint64_t trace;         /* a hash over the results of all calls */
    unsigned asked;         /* pages that the last call asked for */
    p2m_word max_pfn;       /* the last that was checked, of a custom layout */
    uint64_t judged_leaves; /* that a judge has read in this case */
    bool built;             /* the p2m exists */
    bool published;         /* the MFN tree exists */
    bool want_hash;         /* set by a caller that uses executor_hash() */
    uint64_t hash;
    bool model_off;                /* metamorphic.c: subject against subject */
    struct toolstacks *toolstacks; /* if not NULL: all that is checked */
    struct tally tally;
};

extern struct run run;

/* True if checking every entry is cheap, or requested. */
static inline bool run_is_thorough(void)
{
    return MODEL_LITERAL || run.level == CHECK_EVERY;
}

/* True after the last op, and with CHECK_EVERY after each one. What costs as much as a whole case
   is looked at then. */
static inline bool run_is_last(void)
{
    return run.level == CHECK_EVERY || running_op + 1 >= (int)run.c->count;
}

/* True where a costly look at what other checks see as well is due: now and then, or always. */
static inline bool run_is_sampled(void)
{
    return run_is_last() || running_op % 8 == 0;
}

/* True if the subject waives the comparison of `id` at `pfn`. */
static inline bool run_waives(enum invariant id, p2m_word pfn)
{
    return run.subject->waives && run.subject->waives(id, pfn);
}

/* True for a guest without an MFN tree: its toolstack reads the list through the page tables. */
static inline bool run_is_tools4(void)
{
    return run.subject->list && (run.c->boot.flags >> BOOT_TOOLS4 & 1);
}

/* True if overlapping calls have store buffers (props/run/store_buffer.h). */
static inline bool run_is_tso(void)
{
    return run.subject->alternates && (run.c->boot.flags >> BOOT_TSO & 1);
}

/* Gets the subject's pages, which may move in some subjects. */
static inline void run_refresh_view(void)
{
    run.subject->view(&run.view);
}

/* Brings host.info up to date where the subject publishes elsewhere. */
static inline void run_refresh_info(void)
{
    if (run.subject->refresh_info)
        run.subject->refresh_info();
}

/* True if this mid is a shared page. */
static inline bool run_mid_is_shared(p2m_word *const *mid)
{
    return mid == run.view.mid_missing || mid == run.view.mid_identity;
}

/* True if this leaf is a shared page. */
static inline bool run_leaf_is_shared(const p2m_word *leaf)
{
    return leaf == run.view.missing || leaf == run.view.identity;
}

/* True if it is a page of the list that is all holes, and nobody has stored there. */
static inline bool run_leaf_is_pristine(const p2m_word *leaf)
{
    int index = HOST_SPARSE_LISTS ? host_list_index(leaf) : -1;

    return index >= 0 && host_leaf_is_pristine((unsigned)index);
}

/*
 * True if the leaf at `first` is a page of the list that is all holes, as the builder made it,
 * and the model says so too: there is nothing to compare.
 */
static inline bool run_leaf_is_hole(const struct model *model, const p2m_word *leaf, p2m_word first)
{
    return run_leaf_is_pristine(leaf) && model_leaf_is_hole(model, first);
}

/* Counts a check of `id` that had something to compare. */
static inline void run_count_check(enum invariant id)
{
    run.tally.checks++;
    run.tally.exercised[id]++;
}

/* The op that just ran, for checks_after. */
struct outcome {
    const struct op *op; /* NULL: the boot, or the end of the case */
    uint64_t expected, got;
    bool refused;          /* a page was */
    bool failed;           /* the call answered failure */
    uint64_t hash_before;  /* if it failed: state_hash before it */
    unsigned pages_before; /* live pages */
    unsigned taken_before; /* pages allocated so far */
    unsigned cost;         /* expected pages by the slot kinds */
    unsigned needed;       /* if a page was refused: pages of the call with none refused */
    bool overlap;          /* it is a group of overlapping calls */
    bool resumed;          /* it is a resume */
};

/*
 * Names subject and mode in the head of a case with overlaps that names none: its sync points are
 * those of this subject. Nothing is done for a subject without a mode.
 */
void run_sign(const struct subject *subject, struct test_case *c);

UNINSTRUMENTED_END

#endif
