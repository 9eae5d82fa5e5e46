// SPDX-License-Identifier: GPL-2.0-or-later
/* A judge beside the harness's own toolstack: see judgement.h. */
#include "judgement.h"

#include "props/base/uninstrumented.h"
#include "toolstack.h"

UNINSTRUMENTED_BEGIN

/* In the big geometries: leaves that a judge reads in a case, and PFNs that it restores, at most.
 */
#define MOST_LEAVES (1u << 20)
#define MOST_RESTORED ((p2m_word)1 << 20)

static p2m_word saved; /* PFNs of the last save */

/* The boot of the subject itself gives away pages that hold the tree: nobody can save that guest.
 */
static bool is_remapped(void)
{
    const struct boot *boot = &run.c->boot;
    bool any = false;

    for (unsigned i = 0; i < BOOT_NVS && run.subject->remaps; i++)
        any |= boot->setup.nvs[i].pfn < boot->nr_pages &&
               boot->setup.nvs[i].pfn + (uint64_t)boot->setup.nvs[i].pages > boot_own_first(boot);
    return any;
}

static bool is_judged(void)
{
    return judge_here && boot_is_judged(&run.c->boot);
}

/* Can it be judged? */
static bool can_be_saved(void)
{
    return !host.own.lacking && !is_remapped() && (!run_is_tools4() || judge_here->takes_list);
}

/* In the big geometries a case is judged so often that it stays quick. */
static bool is_in_budget(void)
{
    run.judged_leaves += host.info->max_pfn / P2M_LEAF;
    return run.judged_leaves <= MOST_LEAVES || run.toolstacks;
}

static struct subject_list published;

static const p2m_word *list_page(p2m_word pfn)
{
    return run.subject->list_page(published.cr3,
                                  published.vaddr + pfn * (p2m_word)sizeof(p2m_word));
}

/*
 * By the MFN tree, or by the list of a guest that has no MFN tree. The address of the list is one
 * of this process, and not the kernel's; the judge gets one that a kernel would publish.
 */
static const char *save(void)
{
    struct judge_list list = {.vaddr = JUDGE_LIST_VADDR, .page = list_page};

    if (!run_is_tools4())
        return judge_here->save(run.view.missing, NULL, &saved);
    run.subject->list(&published);
    list.generation = published.generation;
    return judge_here->save(run.view.missing, &list, &saved);
}

void judgement_check(void)
{
    const char *error;

    saved = 0;
    if (!is_judged())
        return;
    if (!can_be_saved() || !is_in_budget()) {
        run.tally.skipped[OP_RESUME]++;
        return;
    }
    run_count_check(TOOLSTACK_SEES_ALL);
    if (run.toolstacks)
        run.toolstacks->looks++;
    error = save();
    if (error) {
        saved = 0;
        if (run.toolstacks)
            run.toolstacks->refused = true;
        violated(TOOLSTACK_SEES_ALL, "%s cannot save the guest: %s", judge_here->name, error);
    }
    for (p2m_word pfn = 0; pfn < saved; pfn += P2M_LEAF) {
        const p2m_word *leaf = judge_here->leaf(pfn / P2M_LEAF);

        toolstack_compare(leaf ? leaf : run.view.missing, pfn);
    }
    toolstack_check_above(saved);
}

void judgement_of_both(void)
{
    struct toolstacks *toolstacks = run.toolstacks;

    if (!toolstacks) {
        toolstack_check(true);
        judgement_check();
        return;
    }
    VERDICT_TRY(toolstack_check(true));
    verdict_take(&toolstacks->own);
    VERDICT_TRY(judgement_check());
    verdict_take(&toolstacks->judge);
    if (toolstacks->own.id || toolstacks->judge.id)
        violated(TOOLSTACK_SEES_ALL, "a guest that is not saved is not restored");
}

bool judgement_restores(void)
{
    return run.c->boot.xen_restore && saved && saved <= MOST_RESTORED &&
           !run.subject->custom_layout;
}

void judgement_restore(void)
{
    const char *error = judge_here->restore(mfn_after_resume);

    if (error)
        violated(TOOLSTACK_SEES_ALL, "%s cannot restore the guest: %s", judge_here->name, error);
}

UNINSTRUMENTED_END
