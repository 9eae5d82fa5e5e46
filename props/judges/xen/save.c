// SPDX-License-Identifier: GPL-2.0-or-later
/* Xen's save of a PV guest, as far as it concerns the table: its text is not here. See xen.h. */
#include "props/base/uninstrumented.h"
#include "xen.h"

UNINSTRUMENTED_BEGIN

#include <xg_sr_common_x86_pv.c>
#include <xg_sr_save_x86_pv.c>

struct xc_sr_context save_context;
int (*guest_record)(struct xc_sr_record *record);

#define pv save_context.x86.pv

static void publish(shared_info_any_t *info, const struct judge_list *list)
{
    memset(info, 0, sizeof(*info));
    SET_FIELD(info, arch.max_pfn, host.info->max_pfn, GUEST_WIDTH);
    SET_FIELD(info, arch.pfn_to_mfn_frame_list_list, host.info->pfn_to_mfn_frame_list_list,
              GUEST_WIDTH);
    if (!list)
        return;
    SET_FIELD(info, arch.p2m_cr3, list_tables(list), GUEST_WIDTH);
    SET_FIELD(info, arch.p2m_vaddr, list->vaddr, GUEST_WIDTH);
    SET_FIELD(info, arch.p2m_generation, list->generation, GUEST_WIDTH);
}

static xen_pfn_t missing_pfn;

static const char *save(const p2m_word *missing, const struct judge_list *list, p2m_word *pfns)
{
    static struct xc_interface_core interface;
    static shared_info_any_t info;
    int status;

    free(pv.p2m_pfns);
    memset(&save_context, 0, sizeof(save_context));
    save_context.xch = &interface;
    pv.width = GUEST_WIDTH;
    pv.levels = GUEST_WIDTH == 8 ? 4 : 3;
    pv.shinfo = &info;
    pv.max_mfn = GUEST_MAX_MFN;
    guest_begin(missing);
    publish(&info, list);
    missing_pfn = host.own.first + (host_virt_to_mfn(missing) - host.own.mfn);
    pv.m2p = guest_m2p();
    status = map_p2m(&save_context);
    guest_end();
    *pfns = (p2m_word)pv.max_pfn + 1;
    return status ? guest_error() : NULL;
}

static const p2m_word *leaf(p2m_word n)
{
    if (pv.p2m_pfns[n] == missing_pfn)
        return NULL;
    return (const p2m_word *)pv.p2m + n * P2M_LEAF;
}

/* The record of a page of memory goes no further than here. */
int write_split_record(struct xc_sr_context *context, struct xc_sr_record *record, void *data,
                       size_t bytes)
{
    uint8_t *both = malloc(record->length + bytes);
    struct xc_sr_record whole = {record->type, (uint32_t)(record->length + bytes), both};
    int status;

    if (!both)
        return -1;
    memcpy(both, record->data, record->length);
    if (bytes)
        memcpy(both + record->length, data, bytes);
    status = guest_record(&whole);
    free(both);
    return status;
}

int save_records(void)
{
    return write_x86_pv_info(&save_context) || write_x86_pv_p2m_frames(&save_context);
}

static const struct judge judge_xen = {"Xen", P2M_LEAF == 512, save, leaf, restore_guest};
const struct judge *const judge_here = &judge_xen;

UNINSTRUMENTED_END
