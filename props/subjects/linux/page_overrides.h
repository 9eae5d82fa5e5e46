/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Included after the version's own asm/xen/page.h: the p2m's own pages are the host's, so
 * their MFNs are also the host's, and not entries of the table under test (a random
 * write to such an entry would be a trap of the harness and no defect). And the
 * largest domain is one that fills the table.
 */
#undef virt_to_mfn
#define virt_to_mfn(p) linux_page_mfn((const void *)(p))
#undef mfn_to_virt
#define mfn_to_virt(mfn) shim_mfn_to_virt(mfn)
#undef MAX_DOMAIN_PAGES
#define MAX_DOMAIN_PAGES ((unsigned long)P2M_TOP * P2M_MID * P2M_LEAF)

/*
 * A page table entry holds a PFN here, so that a resume need not rewrite it; and the store
 * that may meet a read-only page reads the page tables (linear.c).
 */
#define pte_mfn(pte) shim_pte_mfn(pte)
#if LINUX_LINEAR
#define xen_safe_write_ulong(address, value) shim_safe_write((address), (value))
#endif
