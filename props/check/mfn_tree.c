// SPDX-License-Identifier: GPL-2.0-or-later
/* The MFN tree against the tree: see checks.h. */
#include "checks.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

static void same_mfn(p2m_word got, p2m_word want, const char *what, unsigned at)
{
    if (got != want)
        violated(MFN_TREE_MIRRORS, "%s[%u]: expected MFN 0x%llx, got 0x%llx", what, at, HEX(want),
                 HEX(got));
}

/* Elsewhere the toolstack may also reach p2m_identity, where it reads the same. */
static bool is_as_good(const p2m_word *leaf, p2m_word mfn, unsigned ti, unsigned mi)
{
    if (!run.subject->custom_layout)
        return false;
    if (leaf == run.view.identity && mfn == host_virt_to_mfn(run.view.identity))
        return true;
    return run_waives(MFN_TREE_MIRRORS, ti * P2M_MID_SPAN + mi * (p2m_word)P2M_LEAF);
}

static bool has_no_leaf(p2m_word **mid)
{
    for (unsigned mi = 0; mi < P2M_MID; mi++)
        if (!run_leaf_is_shared(mid[mi]))
            return false;
    return true;
}

static void check_mid_mfn(unsigned ti, p2m_word missing_mfn)
{
    p2m_word **mid = run.view.top[ti], *mid_mfn = run.view.top_mfn_p[ti];

    if (mid_mfn == run.view.mid_missing_mfn && run_waives(MFN_TREE_MIRRORS, ti * P2M_MID_SPAN))
        return;
    if (mid_mfn == run.view.mid_missing_mfn && run.subject->custom_layout && has_no_leaf(mid))
        return;
    if (mid_mfn == run.view.mid_missing_mfn)
        violated(MFN_TREE_MIRRORS, "mid %u is private and has no MFN page", ti);
    for (unsigned mi = 0; mi < P2M_MID; mi++) {
        p2m_word want = missing_mfn;

        if (!run_leaf_is_shared(mid[mi]))
            want = host_virt_to_mfn(mid[mi]);
        if (mid_mfn[mi] != want && !is_as_good(mid[mi], mid_mfn[mi], ti, mi))
            same_mfn(mid_mfn[mi], want, "MFN page: leaf", ti * P2M_MID + mi);
    }
}

void checks_mfn_tree(void)
{
    p2m_word missing_mfn = host_virt_to_mfn(run.view.missing);
    p2m_word mid_missing_mfn_mfn = host_virt_to_mfn(run.view.mid_missing_mfn);

    run_count_check(MFN_TREE_MIRRORS);
    same_mfn(host.info->pfn_to_mfn_frame_list_list, host_virt_to_mfn(run.view.top_mfn), "root", 0);
    for (unsigned mi = 0; mi < P2M_MID; mi++)
        same_mfn(run.view.mid_missing_mfn[mi], missing_mfn, "mid_missing_mfn", mi);
    for (unsigned ti = 0; ti < P2M_TOP; ti++) {
        if (run_mid_is_shared(run.view.top[ti])) {
            if (run_waives(MFN_TREE_MIRRORS, ti * P2M_MID_SPAN))
                continue;
            if (run.view.top_mfn_p[ti] != run.view.mid_missing_mfn)
                violated(MFN_TREE_MIRRORS, "mid %u is shared and has an MFN page of its own", ti);
            same_mfn(run.view.top_mfn[ti], mid_missing_mfn_mfn, "top_mfn", ti);
            continue;
        }
        check_mid_mfn(ti, missing_mfn);
        if (run_waives(MFN_TREE_MIRRORS, ti * P2M_MID_SPAN))
            continue;
        same_mfn(run.view.top_mfn[ti], host_virt_to_mfn(run.view.top_mfn_p[ti]), "top_mfn", ti);
    }
}

UNINSTRUMENTED_END
