// SPDX-License-Identifier: GPL-2.0-or-later
/* The core with one defect each, put between the executor and it: see broken.h. */
#include "broken.h"

#include <string.h>

#include "props/base/uninstrumented.h"
#include "props/check/run.h"
#include "props/host/lock.h"

UNINSTRUMENTED_BEGIN

#define core subject_core

static struct subject broken;
static enum invariant what;
static unsigned sets; /* since the program started: DETERMINISM's sin */
static p2m_word last_pfn, held_pfn, held_entry;
static bool holds;
static unsigned publications;
static int lock;

static p2m_word **slot_page(p2m_word pfn)
{
    return pfn < MAX_P2M_PFN ? run.view.top[pfn / P2M_MID_SPAN] : run.view.mid_missing;
}

static bool has_private_mid(p2m_word pfn)
{
    p2m_word **mid = slot_page(pfn);

    return mid != run.view.mid_missing && mid != run.view.mid_identity;
}

static bool build(p2m_word *mfn_list, p2m_word nr_pages, bool auto_translated)
{
    last_pfn = 0;
    holds = false;
    publications = lock = 0;
    return core.build(mfn_list, nr_pages, auto_translated);
}

static void publish(struct p2m_shared_info *info)
{
    core.publish(info);
    if (what == RESUME_INVISIBLE && publications++)
        core.set(1, 0x55);
    if (what == RESUME_TAKES_NO_PAGE && publications++) {
        void *page = host_page_alloc(); /* given back at once: only the asking shows */

        if (page)
            host_page_free(page);
    }
}

static p2m_word get(p2m_word pfn)
{
    while (what == HANG)
        P2M_SYNC();
    if (what == DEADLOCK) /* and keeps it */
        lock_take(&lock);
    if (holds && pfn == held_pfn)
        return held_entry;
    return core.get(pfn);
}

static p2m_word to_mfn(p2m_word pfn)
{
    if (what == PFN_TO_MFN)
        return core.get(pfn);
    if (holds && pfn == held_pfn)
        return held_entry;
    return core.pfn_to_mfn(pfn);
}

/* The defect before the call of the core; true: the core was called. */
static bool spoil_before(p2m_word pfn, p2m_word entry, bool *result)
{
    p2m_word other = entry == 3 ? 4 : 3;

    switch (what) {
    case CORE_BUG:
        host_page_free(&broken);
        return false;
    case CORE_WARNED:
        violated(CORE_WARNED, "for no reason");
    case IDENTITY_PAGE_UNTOUCHED:
        *(volatile p2m_word *)&host_shared.identity[pfn % P2M_LEAF] = entry;
        return false;
    case MISSING_PAGE_UNTOUCHED:
        *(volatile p2m_word *)&host_shared.missing[pfn % P2M_LEAF] = entry;
        return false;
    case MID_MISSING_UNTOUCHED:
        *(p2m_word *volatile *)&host_shared.mid_missing[0] = host_shared.identity;
        return false;
    case MID_IDENTITY_UNTOUCHED:
        *(p2m_word *volatile *)&host_shared.mid_identity[P2M_MID - 1] = host_shared.missing;
        return false;
    case FAILED_CALL_UNCHANGED:
        *result = core.set(pfn, entry);
        if (!*result && !host.refused && !host.refuse_in)
            core.set(pfn, other);
        return true;
    case LINEARIZABLE: /* a third value in between */
        if (!entry_is_plain(entry))
            return false;
        *result = core.set(pfn, other) && core.set(pfn, entry);
        return true;
    case TOOLSTACK_SEES_ALL: /* a write-back cache */
        holds = false;
        *result = core.set(pfn, entry);
        if (*result && pfn < MAX_P2M_PFN && entry_is_plain(entry)) {
            core.set(pfn, other);
            held_pfn = pfn;
            held_entry = entry;
            holds = true;
        }
        return true;
    default:
        return false;
    }
}

static p2m_word spoilt_entry(p2m_word pfn, p2m_word entry)
{
    sets++;
    if (!entry_is_plain(entry))
        return what == SET_RESTORE && entry == INVALID_P2M_ENTRY && pfn < MAX_P2M_PFN ? 9 : entry;
    if (what == GET_MATCHES_MODEL)
        return entry ^ 1;
    if (what == DISJOINT_COMMUTE && pfn > last_pfn)
        return entry ^ 1;
    if (what == DETERMINISM)
        return (entry & ~(p2m_word)0xffff) | (sets & 0xffff);
    return entry;
}

static void spoil_after(p2m_word pfn, bool result)
{
    unsigned ti = (unsigned)(pfn / P2M_MID_SPAN);

    if (what == PAGE_LEDGER)
        host_page_alloc();
    if (!result || pfn >= MAX_P2M_PFN || !has_private_mid(pfn))
        return;
    if (what == TREE_SHAPE)
        run.view.top[(ti + 1) % P2M_TOP] = run.view.top[ti];
    if (what == MFN_TREE_MIRRORS)
        run.view.top_mfn_p[ti][pfn / P2M_LEAF % P2M_MID] ^= 1;
    if (what == MAX_PFN_COVERS)
        host.info->max_pfn -= P2M_LEAF;
}

static bool set(p2m_word pfn, p2m_word entry)
{
    bool result;

    if (spoil_before(pfn, entry, &result))
        return result;
    if (what == PAGE_COST && !host.refuse_in) { /* a page to be on the safe side */
        void *page = host_page_alloc();

        if (page)
            host_page_free(page);
    }
    result = core.set(pfn, spoilt_entry(pfn, entry));
    last_pfn = pfn;
    spoil_after(pfn, result);
    return what == RESULT_MATCHES_MODEL ? !result : result;
}

static bool set_noalloc(p2m_word pfn, p2m_word entry)
{
    holds = holds && pfn != held_pfn;
    return core.set_noalloc(pfn, entry);
}

/* Does not inform the hypervisor. */
static uint64_t grant_unmap(p2m_word pfn, unsigned count)
{
    struct p2m_grant mapped[HOST_GRANTS];
    unsigned number = host.grants;
    uint64_t answer;

    memcpy(mapped, host.grant, number * sizeof(mapped[0]));
    answer = core.grant_unmap(pfn, count);
    if (what == GRANTS_ACCOUNTED) {
        memcpy(host.grant, mapped, number * sizeof(mapped[0]));
        host.grants = number;
    }
    return answer;
}

/* A lookup back that trusts the hypervisor's table. */
static bool other_view(enum other_view view, p2m_word where, p2m_word back, p2m_word *answer)
{
    (void)where;
    *answer = back;
    return view == VIEW_LOCAL_PFN;
}

static p2m_word range(p2m_word start, p2m_word end)
{
    p2m_word count;

    holds = holds && (held_pfn < start || held_pfn >= end);
    if (what == IDENTITY_IDEMPOTENT && core.get(start) == IDENTITY_FRAME(start))
        core.set(start, 8);
    if ((what != RANGE_PREFIX && what != RANGE_IS_SINGLES) || end > MAX_P2M_PFN || start >= end)
        return core.range(start, end);
    count = core.range(start, end - 1); /* one PFN short, but its answer is the full count */
    return host.refused ? count : end - start;
}

const struct subject *subject_broken(enum invariant id)
{
    if (id >= CASE_ROUND_TRIP)
        return NULL;
    what = id;
    broken = subject_core;
    broken.name = invariant_name(id);
    broken.build = build;
    broken.publish = publish;
    broken.get = get;
    broken.pfn_to_mfn = to_mfn;
    broken.set = set;
    broken.set_noalloc = set_noalloc;
    broken.range = range;
    broken.grant_unmap = grant_unmap;
    broken.other_view = id == OTHER_VIEWS_AGREE ? other_view : NULL;
    return &broken;
}

UNINSTRUMENTED_END
