// SPDX-License-Identifier: GPL-2.0-only
/*
 * The canary: in place of chosen.c, a subject that reads wrongly now and then. A
 * fuzzing run on it must end with a finding; if it does not, nothing that the same
 * set-up says of the core is worth anything.
 */
#include "../machine.h"
#include "../quiet.h"

HARNESS_BEGIN

static struct subject canary;

/* The last entry of a private leaf, at the far end of the table, reads as INVALID. */
static p2m_word get(p2m_word pfn)
{
    p2m_word entry = subject_core.get(pfn);

    return pfn == MAX_P2M_PFN - 1 && entry_is_plain(entry) ? INVALID_P2M_ENTRY : entry;
}

static __attribute__((constructor)) void make_canary(void)
{
    canary = subject_core;
    canary.name = "canary";
    canary.get = get;
}

const struct subject *subject_under_test = &canary;

HARNESS_END
