/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What Xen's toolstack calls, in place of a hypervisor: the guest's memory, the table MFN -> PFN,
 * and error messages. Xen's own headers come with its sources (scripts/xen). A page has the size
 * of this geometry, and mapping it is copying it: Xen's files are compiled with these macros.
 */
#ifndef PROPS_JUDGES_XEN_XEN_H
#define PROPS_JUDGES_XEN_XEN_H

#include "props/judges/judge.h"

#define pfn_to_mfn xen_pfn_to_mfn /* the core has one as well */
#include <xg_sr_common_x86_pv.h>

/* Of 32-bit words the host's pages have room for pointers as well. */
#define GUEST_PAGE_BYTES (P2M_LEAF * sizeof(p2m_word))
#undef XC_PAGE_SHIFT
#define XC_PAGE_SHIFT __builtin_ctz(GUEST_PAGE_BYTES)
#define munmap(address, bytes) guest_unmap(address)

/* Xen's code has one number of slots for all levels; it is compiled as a 64-bit program. */
_Static_assert(P2M_TOP == P2M_MID && P2M_MID == P2M_LEAF && sizeof(xen_pfn_t) == 8, "geometry");

#define GUEST_WIDTH (P2M_WORD_BITS / 8)
#define GUEST_MAX_MFN (((xen_pfn_t)1 << 30) - 1) /* of the machine */

/* Forgets the mappings and errors of the last call. `missing`: the guest's page p2m_missing. */
void guest_begin(const p2m_word *missing);

/* The errors since then, for a call that failed. */
const char *guest_error(void);

/* The table of the machine: has the guest's own pages between guest_begin and guest_end. */
xen_pfn_t *guest_m2p(void);
void guest_end(void);

/* Ends a mapping; writes to a page go to the guest now. */
int guest_unmap(const void *mapping);

/* Page tables of a list: `pages` of them have the MFNs from GUEST_TABLES on. NULL: none. */
#define GUEST_TABLES ((xen_pfn_t)0x3f000000)
extern const uint64_t *guest_tables;
extern unsigned guest_table_pages;

/* Makes those of the list (list.c); answers the value of cr3. */
uint64_t list_tables(const struct judge_list *list);

/* Where the records of the save go. */
extern int (*guest_record)(struct xc_sr_record *record);

/* Xen's save, as far as the restore needs it: sends the records that describe the table. */
int save_records(void);
extern struct xc_sr_context save_context;

/* See struct judge. */
const char *restore_guest(p2m_word (*moved)(p2m_word mfn));

#endif
