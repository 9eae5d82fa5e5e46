// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The search, one call at a time: see explore.h. States are kept as two words and
 * the step that led to them. To continue from one, its way is run again from the boot;
 * from there a snapshot takes one op back after the other.
 */
#include "explore.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

UNINSTRUMENTED_BEGIN

/* ---- the ops ---- */

static bool other_values;

/* A plain MFN; with other values near misses: the PFN itself, its neighbour, the highest ones. */
static p2m_word frame_number(p2m_word pfn, unsigned i)
{
    static const p2m_word frames[4] = {0x1, 0x80001234, 0x2ba987654321, 0x1f00d};
    const p2m_word near[4] = {pfn, pfn ^ 1, MFN_MASK - pfn, MFN_MASK ^ 1};

    return (other_values ? near[i] : frames[i]) & MFN_MASK;
}

/* The MFNs of the list wrap; those of pages have the highest bit. */
static const p2m_word other_base[MFN_BASES] = {[MFN_BASE_LIST] = MFN_MASK - 4,
                                               [MFN_BASE_PAGES] = MFN_MASK / 2 + 1,
                                               [MFN_BASE_LEAVES] = MFN_MASK / 2 - 0x1000};

/* Ops in front of each way: where MFNs begin, with other values. Answers their number. */
static unsigned add_prefix(struct test_case *c)
{
    unsigned count = other_values ? MFN_BASES : 0;

    for (unsigned i = 0; i < count; i++)
        c->ops[i] = (struct op){.kind = OP_MFN_BASE, .type = (uint8_t)i, .arg = other_base[i]};
    c->count = count;
    return count;
}

static p2m_word highest(void)
{
    return (p2m_word)shape_word_mask(&shape_here);
}

static unsigned add_pfn(const struct explore_options *options, struct choice *choices, p2m_word pfn)
{
    static const uint8_t symbols[] = {SYMBOL_INVALID, SYMBOL_IDENTITY, SYMBOL_MFN,
                                      SYMBOL_FOREIGN, SYMBOL_WRONG,    SYMBOL_BOTH};
    unsigned count = 0;

    choices[count++] = (struct choice){.kind = OP_GET, .pfn = pfn};
    choices[count++] = (struct choice){.kind = OP_PFN_TO_MFN, .pfn = pfn};
    for (unsigned i = 0; i < sizeof(symbols); i++) {
        if ((symbols[i] == SYMBOL_FOREIGN && !options->foreign) ||
            (symbols[i] > SYMBOL_FOREIGN && !options->mutants_of_args))
            continue;
        choices[count++] = (struct choice){.kind = OP_SET, .symbol = symbols[i], .pfn = pfn};
        choices[count++] =
            (struct choice){.kind = OP_SET_NOALLOC, .symbol = symbols[i], .pfn = pfn};
    }
    return count;
}

static unsigned add_range(struct choice *choices, p2m_word start, p2m_word end)
{
    choices[0] = (struct choice){.kind = OP_RANGE, .pfn = start, .end = end};
    return 1;
}

/* Batches from `pfn`: of one slot and of two, each slot refused by the hypervisor in turn. */
static unsigned add_grants(struct choice *choices, p2m_word pfn)
{
    unsigned count = 0;

    for (unsigned slots = 1; slots <= 2; slots++) {
        choices[count++] =
            (struct choice){.kind = OP_GRANT_UNMAP, .pfn = pfn, .count = (uint8_t)slots};
        for (unsigned refused = 0; refused <= slots; refused++)
            choices[count++] =
                (struct choice){.kind = OP_GRANT_MAP,
                                .pfn = pfn,
                                .count = (uint8_t)slots,
                                .slots = (uint8_t)(refused ? 1u << (refused - 1) : 0)};
    }
    return count;
}

/* An entry of the builder's list: a hole, or a frame. */
static unsigned add_list(struct choice *choices, p2m_word pfn)
{
    choices[0] = (struct choice){.kind = OP_LIST, .symbol = SYMBOL_INVALID, .pfn = pfn};
    choices[1] = (struct choice){.kind = OP_LIST, .symbol = SYMBOL_MFN, .pfn = pfn};
    return 2;
}

unsigned explore_choices(const struct explore_options *options, struct choice *choices)
{
    static const uint8_t life[] = {OP_BUILD, OP_PUBLISH, OP_DESTROY};
    unsigned count = 0;

    for (p2m_word pfn = 0; pfn < MAX_P2M_PFN; pfn++)
        count += add_pfn(options, choices + count, pfn);
    for (p2m_word start = 0; start < MAX_P2M_PFN; start++)
        for (p2m_word end = start + 1; end <= MAX_P2M_PFN; end++)
            count += add_range(choices + count, start, end);
    if (options->mutants_of_args) {
        count += add_pfn(options, choices + count, MAX_P2M_PFN);
        count += add_pfn(options, choices + count, highest());
        for (p2m_word pfn = 0; pfn <= MAX_P2M_PFN + 1; pfn++) {
            count += add_range(choices + count, pfn, pfn);
            count += add_range(choices + count, pfn, pfn / 2);
            count += add_range(choices + count, pfn, MAX_P2M_PFN + 1);
            count += add_range(choices + count, pfn, highest());
        }
    }
    for (unsigned xen = 0; options->resumes && xen < 2; xen++)
        choices[count++] = (struct choice){.kind = OP_RESUME, .xen = xen};
    for (p2m_word pfn = 0; options->grants && pfn <= MAX_P2M_PFN; pfn++)
        count += add_grants(choices + count, pfn);
    for (unsigned i = 0; options->lifecycle && i < sizeof(life); i++)
        choices[count++] = (struct choice){.kind = life[i]};
    for (p2m_word pfn = 0; options->lifecycle && pfn < MAX_P2M_PFN; pfn++)
        count += add_list(choices + count, pfn);
    return count;
}

/* A frame that differs from the one at `pfn` now. */
static p2m_word other_frame(p2m_word pfn, unsigned salt)
{
    p2m_word now = entry_mfn(model_get(&run.oracle.model, pfn));

    for (unsigned i = 0; i < 4; i++)
        if (frame_number(pfn, i) != now && !salt--)
            return frame_number(pfn, i);
    return frame_number(pfn, 0);
}

struct op explore_op(const struct choice *choice, unsigned salt)
{
    struct op op = {
        .kind = choice->kind, .pfn = choice->pfn, .count = choice->count, .slots = choice->slots};
    p2m_word pfn = choice->pfn, frame;

    if (choice->kind == OP_RANGE)
        op.arg = choice->end;
    if (!op_names_entry(choice->kind))
        return op;
    frame = other_frame(pfn, salt);
    switch (choice->symbol) {
    case SYMBOL_INVALID:
        op.arg = INVALID_P2M_ENTRY;
        break;
    case SYMBOL_IDENTITY:
        op.arg = entry_join(&shape_here, pfn, ENTRY_IDENTITY, 0);
        break;
    case SYMBOL_MFN:
        op.arg = frame;
        break;
    case SYMBOL_FOREIGN:
        op.arg = entry_join(&shape_here, pfn, ENTRY_FOREIGN, frame);
        break;
    case SYMBOL_WRONG:
        op.arg = entry_join(&shape_here, pfn, ENTRY_WRONG_IDENTITY,
                            other_values ? MFN_MASK - pfn : pfn ^ 1);
        break;
    default:
        op.arg = entry_join(&shape_here, pfn, ENTRY_BOTH_BITS, pfn);
        break;
    }
    return op;
}

/* ---- ways ---- */

/* A step: the choice, and the page that is refused. */
#define STEP(choice, refuse) ((uint16_t)((choice) | (refuse) << 11))
#define STEP_CHOICE(step) ((step) & 0x7ff)
#define STEP_REFUSE(step) ((step) >> 11)

enum mode { MODE_ANY, MODE_OURS, MODE_XEN };

#define LENGTHS ((unsigned)MAX_P2M_PFN + 3) /* of the mfn_list: up to beyond the table */
#define REFUSALS (4 + 2 * P2M_TOP)          /* pages that a build asks for, at most */
#define PLAIN_BOOTS ((3 + REFUSALS) * LENGTHS)
#define BOOTS (PLAIN_BOOTS + 3 * LENGTHS)

/*
 * Each length of the list: unchanged, with holes, auto-translated, and with each page refused;
 * the first three again as boots without a build.
 */
static struct boot boot_of(unsigned number)
{
    bool bare = number >= PLAIN_BOOTS;
    unsigned way = (bare ? number - PLAIN_BOOTS : number) / LENGTHS;

    return (struct boot){
        .flags = bare ? 1u << BOOT_BARE : 0,
        .nr_pages = number % LENGTHS,
        .holes = way == 1 ? 0x80 : 0,
        .auto_translated = way == 2,
        .refuse = (uint8_t)(way > 2 ? way - 2 : 0),
    };
}

/* The refused page of a build has a field of its own. */
static void refuse_page(struct op *op, unsigned n)
{
    if (op->kind == OP_BUILD)
        op->at = (uint16_t)n;
    else
        op->refuse = (uint8_t)n;
}

bool explore_go(const struct subject *subject, const struct explored *explored, uint32_t index,
                const struct choice *choices, struct test_case *c, struct snapshot *snapshot)
{
    const struct state *state = &explored->states.state[index];
    uint16_t step[CASE_OPS];
    unsigned depth = state->depth, mode = state->mode, first;
    struct verdict verdict;

    for (unsigned i = depth; i--; state = &explored->states.state[state->parent])
        step[i] = state->step;
    c->boot = boot_of(state->step);
    c->boot.xen_restore = mode == MODE_XEN;
    first = add_prefix(c);
    if (!executor_start(subject, c, CHECK_QUICK, &verdict) || !executor_steps(0, first, &verdict))
        return false;
    for (unsigned i = 0; i < depth; i++) {
        unsigned at = first + i;

        c->ops[at] = explore_op(&choices[STEP_CHOICE(step[i])], 0);
        refuse_page(&c->ops[at], STEP_REFUSE(step[i]));
        c->count = at + 1;
        if (!executor_steps(at, at + 1, &verdict))
            return false;
    }
    return snapshot_take(snapshot);
}

static double now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

bool explore_is_over(const struct explore_options *options, uint64_t transitions)
{
    static double start;

    if (options->transitions && transitions >= options->transitions)
        return true;
    if (options->seconds <= 0)
        return false;
    if (start <= 0)
        start = now();
    return now() - start > options->seconds;
}

bool explore_met(const struct explore_options *options, struct explored *explored,
                 const struct test_case *c, const struct verdict *verdict, uint32_t at)
{
    if (options->want && verdict->id != options->want) {
        explored->met[verdict->id]++;
        return false;
    }
    explored->failed = true;
    explored->verdict = *verdict;
    explored->c = *c;
    explored->at = at;
    return true;
}

/* ---- the search ---- */

static struct {
    const struct subject *subject;
    const struct explore_options *options;
    struct explored *explored;
    struct choice choice[CHOICES];
    unsigned choices;
    unsigned first; /* of the ops of a way: behind those of add_prefix */
    struct test_case c;
    struct snapshot here;
} search;

/* All checks on a new state, and its end; the tree is gone then. */
static bool is_sound_at_its_end(struct verdict *verdict)
{
    bool fine = executor_look(verdict);

    run.level = CHECK_EVERY; /* also destroys the tree */
    fine = fine && executor_finish(verdict);
    run.level = CHECK_QUICK;
    return fine;
}

/* One op from the snapshot on. True: continue. `*asked`: the pages it requested. */
static bool step(uint32_t from, unsigned choice, unsigned refuse, unsigned *asked)
{
    struct explored *explored = search.explored;
    const struct state *parent = &explored->states.state[from];
    struct state next = {.parent = from, .step = STEP(choice, refuse), .mode = parent->mode};
    unsigned at = search.first + parent->depth;
    struct verdict verdict;

    next.depth = (uint8_t)(parent->depth + 1);
    search.c.ops[at] = explore_op(&search.choice[choice], 0);
    refuse_page(&search.c.ops[at], refuse);
    search.c.count = at + 1;
    if (search.choice[choice].kind == OP_RESUME) {
        next.mode = search.choice[choice].xen ? MODE_XEN : MODE_OURS;
        if (parent->mode != MODE_ANY && parent->mode != next.mode)
            return true;
        search.c.boot.xen_restore = search.choice[choice].xen;
    }
    explored->transitions++;
    if (!executor_steps(at, at + 1, &verdict) ||
        (host_redzones_dirty(search.here.host.taken) && !executor_finish(&verdict)))
        return !explore_met(search.options, explored, &search.c, &verdict, from);
    *asked = host.taken - search.here.host.taken;
    next.key = explore_key();
    if (!states_add(&explored->states, &next))
        return true;
    if (next.depth > explored->depth)
        explored->depth = next.depth;
    return is_sound_at_its_end(&verdict) ||
           !explore_met(search.options, explored, &search.c, &verdict, from);
}

/* All ops from one state. False: a violation to stop at. */
static bool expand(uint32_t from)
{
    struct explored *explored = search.explored;

    if (!explore_go(search.subject, explored, from, search.choice, &search.c, &search.here))
        return true; /* its way is now a violation that was already counted */
    for (unsigned choice = 0; choice < search.choices; choice++) {
        unsigned asked = 0, again;

        if (op_is_of_builder(search.choice[choice].kind) && run.built)
            continue;
        if (!step(from, choice, 0, &asked))
            return false;
        snapshot_restore(&search.here);
        for (unsigned n = 1; search.options->refusals && n <= asked; n++) {
            if (!step(from, choice, n, &again))
                return false;
            snapshot_restore(&search.here);
        }
    }
    return true;
}

/* False: a violation to stop at. */
static bool boots(void)
{
    struct verdict verdict;

    for (unsigned number = 0; number < BOOTS; number++) {
        struct state root = {.parent = STATE_NONE, .step = (uint16_t)number};

        search.c.boot = boot_of(number);
        search.first = add_prefix(&search.c);
        if ((search.c.boot.refuse && !search.options->refusals) ||
            (search.c.boot.flags && !search.options->lifecycle) ||
            (search.c.boot.auto_translated && !search.options->auto_translated))
            continue;
        search.explored->transitions++;
        if (executor_start(search.subject, &search.c, CHECK_QUICK, &verdict) &&
            executor_steps(0, search.first, &verdict)) {
            root.key = explore_key();
            states_add(&search.explored->states, &root);
            if (is_sound_at_its_end(&verdict))
                continue;
        }
        if (explore_met(search.options, search.explored, &search.c, &verdict, STATE_NONE))
            return false;
    }
    return true;
}

bool explore(const struct subject *subject, const struct explore_options *options,
             struct explored *explored)
{
    bool fresh = !explored->states.count;

    if (!MODEL_LITERAL || MAX_P2M_PFN > 16 || !subject->state_bytes) {
        fprintf(stderr, "exhaustive: %s in %s is too large to explore\n", subject->name,
                shape_here.name);
        return false;
    }
    search.subject = subject;
    search.options = options;
    search.explored = explored;
    search.choices = explore_choices(options, search.choice);
    other_values = options->other_values;
    explored->closed = false;
    if (fresh && !boots())
        return true;
    for (; explored->expanded < explored->states.count; explored->expanded++) {
        if (explore_is_over(options, explored->transitions))
            return true;
        if (options->depth && explored->states.state[explored->expanded].depth >= options->depth)
            return true;
        if (!expand(explored->expanded))
            return true;
    }
    explored->closed = true;
    return true;
}

UNINSTRUMENTED_END
