// SPDX-License-Identifier: GPL-2.0-or-later
/* One refused page at a time: see faults.h. */
#include "faults.h"

#include <string.h>

#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

/* ---- a map as the ranges it means ---- */

static void add_range(void *ctx, p2m_word start, p2m_word end)
{
    struct test_case *c = ctx;

    if (c->count < CASE_OPS)
        c->ops[c->count++] = (struct op){.kind = OP_RANGE, .pfn = start, .arg = end};
}

/* By the model's classification of pages, not by the subject's walk. */
static void add_ranges(struct test_case *c, const struct p2m_e820_entry *map, unsigned count,
                       bool domu)
{
    uint64_t start = 0, page = 0, next;
    bool in_run = false;

    for (; page < MAX_P2M_PFN; page = next) {
        bool identity = oracle_page_is_identity(map, count, domu, page, &next);

        if (identity && !in_run)
            start = page;
        if (!identity && in_run)
            add_range(c, (p2m_word)start, (p2m_word)page);
        in_run = identity;
        if (next <= page)
            next = page + 1;
    }
    if (in_run)
        add_range(c, (p2m_word)start, MAX_P2M_PFN);
}

static void take_maps_apart(const struct test_case *from, struct test_case *to)
{
    static struct p2m_e820_entry map[CASE_OPS];
    unsigned entries = 0;

    to->boot = from->boot;
    to->count = 0;
    for (unsigned i = 0; i < from->count; i++) {
        const struct op *op = &from->ops[i];

        if (op->kind == OP_E820)
            map[entries++] = (struct p2m_e820_entry){
                op->start, op->stop, op->type == OP_TYPE_SOFT ? 0xefffffff : op->type};
        else if (op->kind == OP_XEN_SET_IDENTITY)
            add_ranges(to, map, entries, op->type);
        else if (to->count < CASE_OPS)
            to->ops[to->count++] = *op;
    }
}

/* ---- the number of allocated pages ---- */

static unsigned taken_at_boot, asked[CASE_OPS];

static void after_boot(void)
{
    taken_at_boot = host.taken;
}

static void after_op(int op, uint64_t result)
{
    (void)result;
    asked[op] = run.asked;
}

/* Runs the case as it is, and its boot alone. */
static bool count_pages(const struct subject *subject, struct test_case *c, enum check_level level,
                        struct verdict *verdict)
{
    unsigned count = c->count;
    bool fine;

    memset(asked, 0, sizeof(asked));
    c->count = 0;
    executor_at_end = after_boot;
    fine = executor_judge(subject, c, level, verdict);
    executor_at_end = NULL;
    c->count = count;
    executor_watcher = after_op;
    fine = fine && executor_judge(subject, c, level, verdict);
    executor_watcher = NULL;
    return fine;
}

/* The sweep refuses no page to calls that overlap. */
static bool takes_faults(const struct test_case *c, unsigned i)
{
    return op_stores(c->ops[i].kind) && !c->ops[i].at && (!i || !c->ops[i - 1].at);
}

#define BOOT_PAGES 24 /* all that a build takes in a small geometry */

static unsigned at_most(unsigned pages)
{
    return pages < OP_REFUSE_MAX ? pages : OP_REFUSE_MAX;
}

bool faults_sweep(const struct subject *subject, const struct test_case *c, enum check_level level,
                  struct verdict *verdict, struct test_case *failing, uint64_t *runs)
{
    static struct test_case plain;
    static unsigned refusals[CASE_OPS];
    unsigned at_boot;

    take_maps_apart(c, &plain);
    for (unsigned i = 0; i < plain.count; i++)
        plain.ops[i].refuse = 0;
    plain.boot.refuse = 0;
    *failing = plain;
    if (!count_pages(subject, &plain, level, verdict))
        return false;
    at_boot = taken_at_boot < BOOT_PAGES ? taken_at_boot : BOOT_PAGES;
    for (unsigned i = 0; i < plain.count; i++)
        refusals[i] = takes_faults(&plain, i) ? at_most(asked[i]) : 0;
    for (unsigned n = 1; n <= at_boot; n++) {
        *failing = plain;
        failing->boot.refuse = (uint16_t)n;
        ++*runs;
        if (!executor_judge(subject, failing, level, verdict))
            return false;
    }
    for (unsigned i = 0; i < plain.count; i++)
        for (unsigned n = 1; n <= refusals[i]; n++) {
            *failing = plain;
            failing->ops[i].refuse = (uint8_t)n;
            ++*runs;
            if (!executor_judge(subject, failing, level, verdict))
                return false;
        }
    return true;
}

UNINSTRUMENTED_END
