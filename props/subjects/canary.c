// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The canary: a subject that is wrong, so that a run on it must end with a
 * finding. If it does not, the results of the same set-up on the core are worthless.
 * The last PFN of the table, when it holds a frame, reads as INVALID.
 */
#include "props/base/uninstrumented.h"
#include "props/subject.h"

UNINSTRUMENTED_BEGIN

static p2m_word get(p2m_word pfn)
{
    p2m_word entry = subject_core.get(pfn);

    return pfn == MAX_P2M_PFN - 1 && entry_is_plain(entry) ? INVALID_P2M_ENTRY : entry;
}

const struct subject *subject_canary(void)
{
    static struct subject canary;

    canary = subject_core;
    canary.name = "canary";
    canary.get = get;
    return &canary;
}

UNINSTRUMENTED_END
