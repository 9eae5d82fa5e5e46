/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The executor runs a case on a subject and on the oracle side by side, one op at
 * a time, and judges. The flow of data:
 *
 *     case -> op -> subject, oracle -> invariants (props/check) -> verdict
 *
 * A violation ends the case at once. It prints and allocates nothing.
 */
#ifndef PROPS_RUN_EXECUTOR_H
#define PROPS_RUN_EXECUTOR_H

#include "props/check/run.h"

/*
 * Runs `c` on `subject`. True if no invariant was violated; else *verdict names
 * it. run.tally accumulates; set it to zero to start anew.
 */
bool executor_run(const struct subject *subject, const struct test_case *c, enum check_level level,
                  struct verdict *verdict);

/*
 * The same in parts, for a caller that checks in between: the boot; the ops [from, to) on the
 * current state; all checks on the current state; the end. *verdict is
 * set by the part that answers false; the case is over then.
 */
bool executor_start(const struct subject *subject, const struct test_case *c,
                    enum check_level level, struct verdict *verdict);
bool executor_steps(unsigned from, unsigned to, struct verdict *verdict);
bool executor_look(struct verdict *verdict);
bool executor_finish(struct verdict *verdict);

/*
 * executor_run, and after a failure: a failure found by CHECK_QUICK is run again with
 * CHECK_EVERY, so that the verdict names the first op after a fault;
 * a failure of overlapping calls that also occurs without the overlap gets the name
 * from the run without it. `run` may be of another case afterwards.
 */
bool executor_judge(const struct subject *subject, const struct test_case *c,
                    enum check_level level, struct verdict *verdict);

/*
 * The run that the verdict of the last failed executor_judge is from: its level, and its
 * case, in which calls that overlap may have been made one after another; `op` is the index
 * there, where the verdict has that of the case as written. Valid until the next executor_judge.
 */
struct executor_judged {
    const struct test_case *c;
    int op;
    enum check_level level;
};
struct executor_judged executor_judged(void);

/*
 * After executor_run with run.want_hash: a hash of all results, of all entries and of the
 * shape of the tree. Equal for the same case with any compiler, word size or address,
 * except for a list that a 32-bit program cuts.
 */
uint64_t executor_hash(void);

/* Called with the op's index after each op of the next runs; NULL: not called. */
extern void (*executor_watcher)(int op, uint64_t result);

/* Called at the end of each case, before its tree is destroyed; NULL: not called. */
extern void (*executor_at_end)(void);

/*
 * With CHECK_QUICK the end of a big tree is looked at in some cases only. p2m-case, whose cases
 * would pass by chance, sets this.
 */
extern bool executor_sees_each_end;

/* True if the op would be made in this state, and not skipped. */
bool executor_makes(const struct op *op);

/* Counts an op that was made, and hashes its result. */
void executor_note(const struct op *op, uint64_t result);

/* Publishes the p2m now; the executor does so before the first call that may change it. */
void executor_publish(void);

#endif
