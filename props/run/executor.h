/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The executor runs a case on a subject and on the oracle side by side, one op at
 * a time, and judges. Data has one way through it:
 *
 *     case -> op -> subject, oracle -> invariants (props/check) -> verdict
 *
 * A violation ends the case at once. Nothing is printed and nothing allocated.
 */
#ifndef PROPS_RUN_EXECUTOR_H
#define PROPS_RUN_EXECUTOR_H

#include "props/check/run.h"

/*
 * Runs `c` on `subject`. True if no invariant was violated; else *verdict says
 * which. run.tally goes on counting; set it to zero to start anew.
 */
bool executor_run(const struct subject *subject, const struct test_case *c, enum check_level level,
                  struct verdict *verdict);

/*
 * The same in parts, for a caller that looks in between: the boot; the ops [from, to) on the
 * state that there is; every check that there is, on the state as it is; the end. *verdict is
 * set by the part that answers false; the case is over then.
 */
bool executor_start(const struct subject *subject, const struct test_case *c,
                    enum check_level level, struct verdict *verdict);
bool executor_steps(unsigned from, unsigned to, struct verdict *verdict);
bool executor_look(struct verdict *verdict);
bool executor_finish(struct verdict *verdict);

/*
 * executor_run, and if it fails: a failure found by CHECK_QUICK is run again with
 * CHECK_EVERY, so that the verdict names the first op after which something is wrong;
 * and one that shows in overlapping calls without needing the overlap goes by the name
 * that it has without. `run` may be of another case afterwards.
 */
bool executor_judge(const struct subject *subject, const struct test_case *c,
                    enum check_level level, struct verdict *verdict);

/*
 * After executor_run with run.want_hash: a hash of all results, of all entries and of the
 * shape of the tree. The same for the same case, whatever compiler, word or address.
 */
uint64_t executor_hash(void);

/* Called with the op's index after each op of the next runs; NULL: not called. */
extern void (*executor_watcher)(int op, uint64_t result);

/* Called at the end of each case, while its tree still stands; NULL: not called. */
extern void (*executor_at_end)(void);

/* Counts an op that was made, and hashes its result. */
void executor_note(const struct op *op, uint64_t result);

#endif
