// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls, one inside another if need be: at the k-th sync point of a call another one
 * runs to completion, and inside that one more. Then it is judged whether they look
 * as if they had run one after another (linearize.c).
 */
#include "machine.h"
#include "quiet.h"

HARNESS_BEGIN

unsigned p2m_sync_left;

/* call[0] is the outer one; call[1] runs at one of its sync points, call[2] at one of that's. */
static struct {
    unsigned count, depth;
    const struct op *call[MACHINE_RACE];
    uint64_t result[MACHINE_RACE];
    bool ran[MACHINE_RACE];
    bool late[MACHINE_RACE]; /* ran only when the call around it was over */
} race;

static uint64_t call_subject(const struct op *op)
{
    const struct subject *subject = machine.subject;
    p2m_word pfn = (p2m_word)op->pfn, arg = (p2m_word)op->arg;

    switch (op->kind) {
    case OP_GET:
        return subject->get(pfn);
    case OP_PFN_TO_MFN:
        return subject->pfn_to_mfn(pfn);
    case OP_SET:
        return subject->set(pfn, arg);
    case OP_SET_NOALLOC:
        return subject->set_noalloc(pfn, arg);
    case OP_RANGE:
        return subject->range(pfn, arg);
    default:
        return subject->xen_set_identity(machine.e820, machine.e820_count, op->type);
    }
}

static void run_call(unsigned level)
{
    race.depth = level;
    race.ran[level] = true;
    p2m_sync_left = level + 1 < race.count ? race.call[level + 1]->at : HOST_HANG;
    race.result[level] = call_subject(race.call[level]);
    if (level + 1 < race.count && !race.ran[level + 1]) {
        race.late[level + 1] = true; /* there were fewer sync points than that */
        run_call(level + 1);
    }
}

/* Weak: test_core.c has one of its own, for more calls than can overlap here. */
__attribute__((weak)) void p2m_sync_reached(void)
{
    unsigned level = race.depth;

    if (level + 1 >= race.count || race.ran[level + 1])
        violated(HANG, "expected a call to end, got past %u sync points", HOST_HANG);
    run_call(level + 1);
    race.depth = level;
    p2m_sync_left = HOST_HANG;
}

#ifdef P2M_SYNC_IS_A_CALL
void p2m_sync(void)
{
    if (--p2m_sync_left == 0)
        p2m_sync_reached();
}
#endif

uint64_t race_one(const struct op *op)
{
    race.count = 1;
    race.call[0] = op;
    run_call(0);
    return race.result[0];
}

void race_none(void)
{
    race.count = 1;
    race.depth = 0;
    p2m_sync_left = HOST_HANG;
}

bool machine_race_was_late(void)
{
    return race.late[1];
}

static bool results_fit_translated(void)
{
    for (unsigned i = 0; i < race.count; i++)
        if (model_call(&machine.model, &machine.kinds, race.call[i]) != race.result[i])
            return false;
    return true;
}

static void judge_race(void)
{
    static struct model model;
    static struct kinds kinds;
    struct outcome outcome = {.op = race.call[0], .race = true};
    p2m_word max_pfn = machine.kinds.max_pfn;
    unsigned count = race.count; /* race_none forgets it */
    char why[160];
    bool explained;

    machine.tally.checks++;
    machine.tally.exercised[LINEARIZABLE]++;
    if (machine.c->boot.auto_translated) {
        explained = results_fit_translated();
        outcome.op = NULL;
        if (!explained)
            violated(LINEARIZABLE, "expected the answers of an auto-translated guest");
    } else {
        if (machine.subject->own_slots)
            machine_view();
        checks_structure();
        explained = linearize(race.call, race.result, race.late, race.count, &model, &kinds);
        if (explained) {
            model_adopt(&machine.model, &model);
            kinds_copy(&machine.kinds, &kinds);
            machine.kinds.max_pfn = max_pfn; /* leaves private now raise it again */
            checks_reread_kinds();
        } else {
            checks_mfn_tree();
        }
    }
    if (explained) {
        checks_after(&outcome, true);
        return;
    }
    race_none();
    linearize_why(race.call, race.result, count, &model, &kinds, why, sizeof(why));
    violated(LINEARIZABLE,
             "expected results and entries of one order of the %u calls; outermost "
             "first: %s",
             count, why);
}

void race_calls(const struct op *const *calls, unsigned count)
{
    race.count = count;
    for (unsigned i = 0; i < count; i++) {
        race.call[i] = calls[count - 1 - i]; /* the last one written is the outer one */
        race.ran[i] = race.late[i] = false;
    }
    host_arm(0);
    run_call(0);
    for (unsigned i = count; i-- > 0;) /* as they are written */
        machine_note(race.call[i], race.result[i]);
    machine.tally.races++;
    if (!machine.model_off)
        judge_race();
}

HARNESS_END
