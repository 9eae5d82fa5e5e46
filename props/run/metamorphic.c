// SPDX-License-Identifier: GPL-2.0-or-later
/* Subject against subject: see metamorphic.h. */
#include "metamorphic.h"

#include <stdio.h>
#include <string.h>

#include "props/base/uninstrumented.h"
#include "props/case/generate.h"
#include "props/check/checks.h"
#include "props/check/toolstack.h"

UNINSTRUMENTED_BEGIN

/* All PFNs of a small geometry, or those near the PFNs of calls. */
#define READS 4096

struct reads {
    unsigned count;
    p2m_word pfn[READS], entry[READS];
};

static struct {
    enum invariant id;
    bool second; /* which way */
    struct test_case *start;
    struct reads first_reads;
    uint64_t first_result;
    unsigned tail;   /* ops that the tail added to *start */
    struct op op[2]; /* drawn once for both ways */
    bool vacuous;    /* the trial had nothing to compare */
    bool abandoned;  /* the subject does not make one of its calls */
} trial;

/* Ranges of this subject belong to the boot, so the trial takes place there. */
static bool is_at_boot(void)
{
    return run.subject->ranges_first && trial.op[0].kind == OP_RANGE;
}

static bool is_made(const struct op *op)
{
    trial.abandoned |= run.subject->skips && run.subject->skips(op);
    return !trial.abandoned;
}

static p2m_word get(p2m_word pfn)
{
    sync_arm_limit();
    return run.subject->get(pfn);
}

static bool set(p2m_word pfn, p2m_word entry)
{
    bool done;

    if (!run.published)
        executor_publish();
    if (!is_made(&(struct op){.kind = OP_SET, .pfn = pfn, .arg = entry}))
        return false;
    sync_arm_limit();
    done = run.subject->set(pfn, entry);
    run_refresh_info();
    return done;
}

static p2m_word range(p2m_word start, p2m_word end)
{
    if (!is_made(&(struct op){.kind = OP_RANGE, .pfn = start, .arg = end}))
        return 0;
    sync_arm_limit();
    return run.subject->range(start, end);
}

static uint64_t call(const struct op *op)
{
    return op->kind == OP_RANGE ? range((p2m_word)op->pfn, (p2m_word)op->arg)
                                : set((p2m_word)op->pfn, (p2m_word)op->arg);
}

/* ---- reads of the subject ---- */

static void read_one(struct reads *reads, p2m_word pfn)
{
    if (reads->count == READS)
        return;
    reads->pfn[reads->count] = pfn;
    reads->entry[reads->count++] = get(pfn);
}

static void read_around(struct reads *reads, p2m_word pfn)
{
    p2m_word leaf = pfn - pfn % P2M_LEAF;

    read_one(reads, pfn);
    read_one(reads, pfn - 1);
    read_one(reads, pfn + 1);
    read_one(reads, leaf);
    read_one(reads, leaf + P2M_LEAF - 1);
    read_one(reads, pfn + P2M_LEAF);
    read_one(reads, pfn + P2M_MID_SPAN);
}

static void read_all(struct reads *reads)
{
    if (!run.published)
        executor_publish();
    reads->count = 0;
    if (MODEL_LITERAL) {
        for (p2m_word pfn = 0; pfn < MAX_P2M_PFN; pfn++)
            read_one(reads, pfn);
        return;
    }
    for (unsigned i = 0; i < trial.start->count; i++) {
        read_around(reads, (p2m_word)trial.start->ops[i].pfn);
        read_around(reads, (p2m_word)trial.start->ops[i].arg);
    }
    for (unsigned i = 0; i < 2; i++) {
        read_around(reads, (p2m_word)trial.op[i].pfn);
        read_around(reads, (p2m_word)trial.op[i].arg);
    }
}

static void same_reads(const struct reads *before, const struct reads *after, const char *what)
{
    if (trial.abandoned)
        return;
    run.tally.checks++;
    run.tally.exercised[trial.id] += !trial.vacuous;
    for (unsigned i = 0; i < before->count; i++)
        if (before->entry[i] != after->entry[i])
            violated(trial.id, "PFN 0x%llx: %s 0x%llx and 0x%llx",
                     (unsigned long long)before->pfn[i], what, (unsigned long long)before->entry[i],
                     (unsigned long long)after->entry[i]);
}

static void same_result(uint64_t first, uint64_t second, const char *what)
{
    if (first != second && !trial.abandoned)
        violated(trial.id, "%s answered 0x%llx and 0x%llx", what, (unsigned long long)first,
                 (unsigned long long)second);
}

static void note(const struct op *op)
{
    if (!trial.second && trial.start->count + trial.tail < CASE_OPS)
        trial.start->ops[trial.start->count + trial.tail++] = *op;
}

/* ---- the tails ---- */

static struct op random_set(struct prng *prng)
{
    struct op op = {.kind = OP_SET, .pfn = generate_pfn(prng) % MAX_P2M_PFN};

    op.arg = generate_entry(prng, op.pfn);
    return op;
}

static struct op random_range(struct prng *prng, uint64_t longest)
{
    struct op op = {.kind = OP_RANGE, .pfn = generate_pfn(prng) % MAX_P2M_PFN};

    op.arg = op.pfn + 1 + prng_below(prng, longest);
    if (op.arg > MAX_P2M_PFN)
        op.arg = MAX_P2M_PFN;
    return op;
}

static void range_is_singles(struct reads *reads)
{
    struct op op = trial.op[0];
    uint64_t done = 0;

    note(&op);
    if (!trial.second) {
        done = call(&op);
    } else {
        for (uint64_t pfn = op.pfn; pfn < op.arg; pfn++)
            done += set((p2m_word)pfn, ENTRY_IDENTITY_OF(pfn));
    }
    read_all(reads);
    if (!trial.second)
        trial.first_result = done;
    else
        same_result(trial.first_result, done, "the range and the singles");
}

static uint64_t first_pfn(const struct op *op)
{
    return op->pfn;
}

static uint64_t end_pfn(const struct op *op)
{
    return op->kind == OP_RANGE ? op->arg : op->pfn + 1;
}

static void disjoint_commute(struct reads *reads)
{
    uint64_t result[2] = {0};

    note(&trial.op[0]);
    note(&trial.op[1]);
    for (unsigned i = 0; i < 2; i++) {
        unsigned k = trial.second ? 1 - i : i;

        result[k] = call(&trial.op[k]);
    }
    read_all(reads);
    if (!trial.second)
        trial.first_result = result[0] * 3 + result[1];
    else
        same_result(trial.first_result, result[0] * 3 + result[1], "the two orders");
}

static void identity_idempotent(struct reads *reads)
{
    struct op op = trial.op[0];
    uint64_t first, second;
    unsigned taken;

    note(&op);
    first = call(&op);
    if (trial.second) {
        taken = host.taken;
        second = call(&op);
        same_result(first, second, "the first and the second call");
        if (host.taken != taken && !trial.abandoned)
            violated(IDENTITY_IDEMPOTENT, "the second call asked for %u pages", host.taken - taken);
    }
    read_all(reads);
}

static void set_restore(struct reads *reads)
{
    struct op op = trial.op[0];
    p2m_word old;

    note(&op);
    if (trial.second) {
        old = get((p2m_word)op.pfn);
        trial.vacuous = !call(&op);
        if (!set((p2m_word)op.pfn, old) && !trial.abandoned)
            violated(SET_RESTORE, "the old entry 0x%llx was refused", (unsigned long long)old);
    }
    read_all(reads);
}

static void resume_invisible(struct reads *reads)
{
    read_all(reads);
    if (!trial.second || !is_made(&(struct op){.kind = OP_RESUME}))
        return;
    if (run.subject->custom_layout) {
        run_refresh_view();
        checks_reread_kinds();
    }
    toolstack_restore(false);
    host_resume();
    sync_arm_limit();
    run.subject->publish(host.info);
    for (unsigned i = 0; i < reads->count; i++) {
        p2m_word want = reads->entry[i];

        if (entry_is_plain(want))
            want = mfn_after_resume(want);
        if (get(reads->pfn[i]) != want)
            violated(RESUME_INVISIBLE, "PFN 0x%llx: expected 0x%llx, got 0x%llx",
                     (unsigned long long)reads->pfn[i], (unsigned long long)want,
                     (unsigned long long)get(reads->pfn[i]));
    }
}

static bool overlap(const struct op *a, const struct op *b)
{
    return first_pfn(a) < end_pfn(b) && first_pfn(b) < end_pfn(a);
}

static void draw_ops(struct prng *prng)
{
    memset(trial.op, 0, sizeof(trial.op));
    switch (trial.id) {
    case RANGE_IS_SINGLES:
        trial.op[0] = random_range(prng, MODEL_LITERAL ? MAX_P2M_PFN : 3 * P2M_LEAF);
        break;
    case DISJOINT_COMMUTE:
        for (unsigned i = 0; i < 2; i++)
            trial.op[i] =
                prng_one_in(prng, 2) ? random_set(prng) : random_range(prng, 2 * P2M_MID_SPAN);
        if (run.subject->ranges_first && trial.op[0].kind != trial.op[1].kind)
            trial.op[1] = is_at_boot() ? random_range(prng, P2M_MID_SPAN) : random_set(prng);
        if (overlap(&trial.op[0], &trial.op[1])) {
            trial.op[1] = trial.op[0]; /* the same call twice commutes as well */
            trial.vacuous = true;
        }
        break;
    case IDENTITY_IDEMPOTENT:
        trial.op[0] = random_range(prng, 2 * P2M_MID_SPAN);
        break;
    default:
        trial.op[0] = random_set(prng);
        break;
    }
}

/* At the end of the start, before its tree is destroyed: the tail, and the reads after it. */
static void run_tail(void)
{
    static struct reads reads;

    host_arm(0);
    trial.tail = 0;
    if (trial.id == RANGE_IS_SINGLES)
        range_is_singles(&reads);
    else if (trial.id == DISJOINT_COMMUTE)
        disjoint_commute(&reads);
    else if (trial.id == IDENTITY_IDEMPOTENT)
        identity_idempotent(&reads);
    else if (trial.id == SET_RESTORE)
        set_restore(&reads);
    else if (trial.id == RESUME_INVISIBLE)
        resume_invisible(&reads);
    else
        read_all(&reads);
    if (!trial.second)
        trial.first_reads = reads;
    else
        same_reads(&trial.first_reads, &reads, "after the one way and the other it reads");
}

static bool determinism(const struct subject *subject, struct verdict *verdict)
{
    uint64_t first;

    run.want_hash = true;
    if (!executor_run(subject, trial.start, CHECK_QUICK, verdict))
        return false;
    first = executor_hash();
    if (!executor_run(subject, trial.start, CHECK_QUICK, verdict))
        return false;
    run.tally.checks++;
    run.tally.exercised[DETERMINISM]++;
    if (first == executor_hash())
        return true;
    verdict->id = DETERMINISM;
    verdict->op = (int)trial.start->count;
    snprintf(verdict->details, sizeof(verdict->details), "state %016llx, and then %016llx",
             (unsigned long long)first, (unsigned long long)executor_hash());
    return false;
}

/* The rest of the case would end the boot. */
static void keep_boot_ops(struct test_case *c)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < c->count; i++)
        if (c->ops[i].kind == OP_RANGE)
            c->ops[kept++] = c->ops[i];
    c->count = kept;
}

bool metamorphic_try(const struct subject *subject, enum invariant id, struct test_case *start,
                     struct prng *prng, struct verdict *verdict)
{
    bool fine;

    run.subject = subject;
    trial.id = id;
    trial.start = start;
    trial.vacuous = trial.abandoned = false;
    draw_ops(prng);
    if (id != DETERMINISM && is_at_boot())
        keep_boot_ops(start);
    start->boot.auto_translated = false;
    start->boot.flags &= (uint16_t)~(1u << BOOT_JUDGE); /* no op is left out for its own pages */
    run.model_off = true;
    if (id == DETERMINISM) {
        fine = determinism(subject, verdict);
    } else {
        executor_at_end = run_tail;
        trial.second = false;
        fine = executor_run(subject, start, CHECK_QUICK, verdict);
        trial.second = true;
        fine = fine && (trial.abandoned || executor_run(subject, start, CHECK_QUICK, verdict));
        executor_at_end = NULL;
        if (!fine)
            start->count += trial.tail;
    }
    run.want_hash = false;
    run.model_off = false;
    return fine;
}

UNINSTRUMENTED_END
