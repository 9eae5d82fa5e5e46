// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Xen's restore of a PV guest, as far as it concerns the table: its text is not here. See xen.h.
 * The save's own records go to it. What a hypervisor does in between is done here: each PFN that
 * holds a frame of the guest gets a new frame, and all others get none.
 */
#include "props/base/uninstrumented.h"
#include "xen.h"

UNINSTRUMENTED_BEGIN

#include <xg_sr_restore_x86_pv.c>

static struct xc_sr_context context;

static int handle(struct xc_sr_record *record)
{
    return context.restore.ops.process_record(&context, record);
}

/* The hypervisor knows frames of the guest; anything else is no page. */
static void populate(p2m_word (*moved)(p2m_word mfn))
{
    const p2m_word *entries = save_context.x86.pv.p2m;

    for (xen_pfn_t pfn = 0; pfn <= save_context.x86.pv.max_pfn; pfn++) {
        if (!entry_is_plain(entries[pfn])) {
            context.restore.ops.set_page_type(&context, pfn, XEN_DOMCTL_PFINFO_XTAB);
            continue;
        }
        context.restore.ops.set_gfn(&context, pfn, moved(entries[pfn]));
        context.restore.ops.set_page_type(&context, pfn, XEN_DOMCTL_PFINFO_NOTAB);
    }
}

const char *restore_guest(p2m_word (*moved)(p2m_word mfn))
{
    int status;

    memset(&context, 0, sizeof(context));
    context.xch = save_context.xch;
    context.restore.ops = restore_ops_x86_pv;
    context.restore.format_version = 3;
    context.restore.seen_static_data_end = true;
    context.x86.pv.width = GUEST_WIDTH;
    context.x86.pv.levels = save_context.x86.pv.levels;
    context.x86.pv.max_mfn = GUEST_MAX_MFN;
    guest_record = handle;
    status = save_records();
    if (!status) {
        populate(moved);
        context.x86.pv.m2p = guest_m2p();
        status = update_guest_p2m(&context);
        guest_end();
        context.x86.pv.m2p = NULL;
    }
    context.restore.ops.cleanup(&context);
    return status ? guest_error() : NULL;
}

UNINSTRUMENTED_END
