/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine: runs a case on a subject and on the model side by side, one op at
 * a time, and judges. Data has one way through it:
 *
 *     case -> op -> subject, model -> invariants (checks.c) -> verdict
 *
 * A violation ends the case at once. Nothing is printed and nothing allocated.
 */
#ifndef PROPS_MACHINE_H
#define PROPS_MACHINE_H

#include "invariants.h"
#include "kinds.h"
#include "model.h"
#include "planted.h"
#include "subject.h"

/*
 * How much is checked after each op. Small geometries: everything, in any case;
 * CHECK_EVERY calls get for each PFN besides. Big ones: CHECK_QUICK looks at what
 * the op could touch, and at everything at the end of the case; CHECK_EVERY at
 * everything after every op.
 */
enum check_level { CHECK_QUICK, CHECK_EVERY };

struct verdict {
    enum invariant id; /* INVARIANT_NONE: all is well */
    int op;            /* index of the failing op; -1: the boot; count: the end of the case */
    char details[400]; /* what was expected, what came */
};

/* What a run did; adds up over runs. */
struct tally {
    uint64_t cases, ops, checks; /* ops: judged ones; a map's entries are none by themselves */
    struct planted planted;      /* the bug in the core, where there is one */
    uint64_t calls[OP_KINDS];    /* by op */
    uint64_t failed[OP_KINDS];   /* of these: false, or 0 PFNs */
    uint64_t refused[OP_KINDS];  /* of these: a page was refused */
    uint64_t races;              /* groups of overlapping calls */
    uint64_t glances;            /* ops after which one look was enough (glance.c) */
    uint64_t exercised[INVARIANT_COUNT]; /* checks that had something to compare */
};

#define MACHINE_E820 256

struct machine {
    const struct subject *subject;
    const struct test_case *c;
    enum check_level level;
    struct subject_view view;
    struct model model;
    struct kinds kinds;
    struct p2m_e820_entry e820[MACHINE_E820];
    unsigned e820_count;
    int op;         /* the running op, as in struct verdict */
    uint64_t trace; /* a hash over the results of all calls */
    bool published; /* the MFN tree is there */
    bool want_hash; /* set by who will ask machine_hash() */
    uint64_t hash;
    bool model_off; /* metamorphic.c: subject against subject */
    struct tally tally;
};

extern struct machine machine;

/*
 * Runs `c` on `subject`. True if no invariant was violated; else *verdict says
 * which. machine.tally goes on counting; set it to zero to start anew.
 */
bool machine_run(const struct subject *subject, const struct test_case *c, enum check_level level,
                 struct verdict *verdict);

/*
 * The same in parts, for who looks in between: the boot; the ops [from, to) on what
 * there is; every check there is, on the state as it is; the end. *verdict is set by the one that
 * answers false; the case is over then.
 */
bool machine_start(const struct subject *subject, const struct test_case *c, enum check_level level,
                   struct verdict *verdict);
bool machine_steps(unsigned from, unsigned to, struct verdict *verdict);
bool machine_look(struct verdict *verdict);
bool machine_finish(struct verdict *verdict);

/* Of the last overlapping calls: did the inner one find fewer sync points than it asked for? */
bool machine_race_was_late(void);

/*
 * machine_run, and if it fails: a failure found by CHECK_QUICK is run again with
 * CHECK_EVERY, so that the verdict names the first op after which something is wrong;
 * and one that shows in overlapping calls without needing the overlap goes by the name
 * that it has without. machine.c may be a copy afterwards.
 */
bool machine_judge(const struct subject *subject, const struct test_case *c, enum check_level level,
                   struct verdict *verdict);

/*
 * After machine_run: a hash of all results, of all entries and of the shape of
 * the tree. The same for the same case, whatever compiler, word or address.
 */
uint64_t machine_hash(void);

/* Called with the op's index after each op of the next runs; NULL: nobody. */
extern void (*machine_watcher)(int op, uint64_t result);

/* Called at the end of each case, while its tree still stands; NULL: nobody. */
extern void (*machine_at_end)(void);

/* The subject warned. Ends the case. */
noreturn void machine_warn(const char *what);

/* ---- for the files of the machine alone ---- */

/* A call on the subject alone; answers its result. No page is refused but as host_arm says. */
uint64_t race_one(const struct op *op);

/* Before the subject is called in any other way: no other call runs inside. */
void race_none(void);

/* Overlapping calls, each at a sync point of the one after it; and the judgement (race.c). */
void race_calls(const struct op *const *calls, unsigned count);

/* Does the subject excuse what `id` would compare, of `pfn`? */
static inline bool machine_excuses(enum invariant id, p2m_word pfn)
{
    return machine.subject->excuses && machine.subject->excuses(id, pfn);
}

/* Asks the subject for its pages, which in some may move. */
void machine_view(void);

/* Counts an op and hashes its result. */
void machine_note(const struct op *op, uint64_t result);

/* The IDENTITY bit belongs to INVALID and to this very PFN's identity only. */
bool model_entry_is_sound(p2m_word pfn, p2m_word entry);

/* What a call answers and does, by the model alone (expect.c). */
uint64_t model_call(struct model *model, struct kinds *kinds, const struct op *op);

/*
 * The identity pages of the table, page by page (e820_model.c); answers their
 * number. `model` NULL: only counted.
 */
uint64_t model_xen_set_identity(struct model *model, struct kinds *kinds,
                                const struct p2m_e820_entry *map, unsigned count, bool domu);

/* Is page number `page` one of them? All below *same_until are like it. */
bool model_page_is_identity(const struct p2m_e820_entry *map, unsigned count, bool domu,
                            uint64_t page, uint64_t *same_until);

/* What checks_after is told about the op that just ran. */
struct outcome {
    const struct op *op; /* NULL: the boot, or the end of the case */
    uint64_t expected, got;
    bool refused;          /* a page was */
    bool failed;           /* the call says it did nothing */
    uint64_t hash_before;  /* if it failed: state_hash before it */
    unsigned pages_before; /* live pages */
    unsigned taken_before; /* pages handed out so far */
    unsigned cost;         /* pages that the kinds say it takes */
    bool race;
};

/* Judges the state after an op; `everything`: see enum check_level. */
void checks_after(const struct outcome *outcome, bool everything);

/*
 * One fast look at the whole state: true only if all the checks of checks_after
 * on pages, entries, the MFN tree and max_pfn hold (glance.c).
 */
bool glance(void);

/* Of these only what needs no model: shared pages, shape, ledger. */
void checks_structure(void);

/* The MFN tree against the tree. */
void checks_mfn_tree(void);

/* True if all entries are the model's; else *pfn is the first that differs. */
bool checks_entries_match(const struct model *model, const struct kinds *kinds, p2m_word *pfn);

/*
 * Is there an order in which the `count` overlapping calls, one after another,
 * give `result` and the subject's entries? A call that is `late` ran when the one
 * before it in the list was over, so it must come after that. If so, *model (a
 * fork of the machine's) and *kinds are what the order leaves (linearize.c).
 */
#define MACHINE_RACE 3
bool linearize(const struct op *const *call, const uint64_t *result, const bool *late,
               unsigned count, struct model *model, struct kinds *kinds);

/*
 * After linearize said no: what is wrong with the order in which the calls began, the
 * outermost first: `text` gets which call answers otherwise, or the first PFN that differs.
 */
void linearize_why(const struct op *const *call, const uint64_t *result, unsigned count,
                   struct model *model, struct kinds *kinds, char *text, size_t size);

/* After a race: the kinds become what the subject has. */
void checks_reread_kinds(void);

/* A hash of the state; `op`: only of what it can touch (NULL: all). */
uint64_t state_hash(const struct op *op);

/* Through the MFN tree up to max_pfn: is everything there that the model holds? */
void toolstack_check(void);

/* Of that only: is nothing above max_pfn that it should see? */
void toolstack_check_above(void);

/* Gives every frame that a real toolstack can reach its new MFN. */
void toolstack_restore(bool xen);

#endif
