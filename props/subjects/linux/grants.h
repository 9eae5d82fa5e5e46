/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of shim.h for foreign mappings and the m2p override: lists, struct page, the grant
 * operations of the hypervisor, and multicalls. A multicall is made at once.
 */
#ifndef PROPS_SUBJECTS_LINUX_GRANTS_H
#define PROPS_SUBJECTS_LINUX_GRANTS_H

/* ---- lists ---- */

struct list_head {
    struct list_head *next, *prev;
};
#define INIT_LIST_HEAD(head) ((head)->next = (head)->prev = (head))

KERNEL_BEGIN
static inline void list_add(struct list_head *entry, struct list_head *head)
{
    entry->next = head->next;
    entry->prev = head;
    head->next->prev = entry;
    head->next = entry;
}

/* An entry that is deleted twice is a fault, as with the kernel's poison. */
static inline void list_del(struct list_head *entry)
{
    entry->next->prev = entry->prev;
    entry->prev->next = entry->next;
    entry->next = entry->prev = NULL;
}
KERNEL_END

#define shim_entry(at, type, member) ((type *)((char *)(at) - offsetof(type, member)))
#define list_for_each_entry(p, head, member)                                                       \
    for ((p) = shim_entry((head)->next, __typeof__(*(p)), member); &(p)->member != (head);         \
         (p) = shim_entry((p)->member.next, __typeof__(*(p)), member))

/* ---- pages of the guest ---- */

struct page {
    unsigned long private, index;
    struct list_head lru;
    unsigned long pfn;
    bool has_private;
};
SHIM struct page *shim_page(unsigned long pfn);
#define page_to_pfn(page) ((page)->pfn)
#define pfn_to_page(pfn) shim_page(pfn)
#define PageHighMem(page) ((void)(page), 0)
#define PagePrivate(page) ((page)->has_private)
#define SetPagePrivate(page) ((void)((page)->has_private = true))
#define ClearPagePrivate(page) ((void)((page)->has_private = false))
#define set_page_private(page, value) ((page)->private = (value))
#define page_private(page) ((page)->private)
#define get_balloon_scratch_page() shim_page(0)
#define put_balloon_scratch_page() ((void)0)

/* ---- grants ---- */

struct gnttab_map_grant_ref {
    u64 host_addr, dev_bus_addr;
    u32 flags, ref;
    int handle;
    short status;
};
struct gnttab_unmap_grant_ref {
    u64 host_addr, dev_bus_addr;
    int handle;
    short status;
};
struct gnttab_unmap_and_replace {
    u64 host_addr, new_addr;
    int handle;
    short status;
};
enum { GNTTABOP_map_grant_ref, GNTTABOP_unmap_grant_ref, GNTTABOP_unmap_and_replace = 7 };
#define GNTMAP_device_map 1
#define GNTMAP_host_map 2
#define GNTMAP_contains_pte 16
#define GNTST_okay 0
#define GNTST_general_error (-1)
#define GNTST_bad_handle (-3)
#define INVALID_GRANT_HANDLE (-1)
SHIM int shim_grant_op(unsigned op, void *args, unsigned count);
#define HYPERVISOR_grant_table_op(op, args, count) shim_grant_op((op), (args), (count))

/* The MFN in a page table entry, and a page by its MFN, those of a grant's entries included. */
SHIM unsigned long shim_pte_mfn(pte_t pte);
SHIM void *shim_mfn_to_virt(unsigned long mfn);

/* The file logs an error only where an unmap failed. */
extern unsigned shim_errors_logged;
#define pr_err_once(...) ((void)shim_errors_logged++)

/* ---- multicalls ---- */

struct multicall_entry {
    long result;
};
struct multicall_space {
    struct multicall_entry *mc;
    void *args;
};
SHIM struct multicall_space shim_multicall(void);
#define xen_mc_entry(bytes) shim_multicall()
#define __xen_mc_entry(bytes) shim_multicall()
#define xen_mc_issue(mode) ((void)0)
#define xen_mc_flush() ((void)0)
#define xen_mc_batch() ((void)0)
#define MULTI_grant_table_op(mc, op, args, count) ((void)(mc), shim_grant_op((op), (args), (count)))
#define MULTI_update_va_mapping(mc, va, pte, flags) ((void)(mc), (void)(va), (void)(pte))
#define PARAVIRT_LAZY_MMU 1
#define PARAVIRT_LAZY_NONE 0
#define UVMF_INVLPG 2
#define UVMF_TLB_FLUSH 1
#define UVMF_ALL 4
#define in_interrupt() 0
#define paravirt_get_lazy_mode() PARAVIRT_LAZY_NONE
#define arch_enter_lazy_mmu_mode() ((void)0)
#define arch_leave_lazy_mmu_mode() ((void)0)

#endif
