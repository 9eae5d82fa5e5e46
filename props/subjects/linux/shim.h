/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of a kernel that p2m.c needs in user space. Every header that the file
 * includes leads here (scripts/linux makes them), except asm/xen/page.h, which is
 * the version's own.
 *
 * In the kernel's file each load and store is a sync point, by hooks of the compiler (points.c).
 * Accesses that are not plain report themselves: compare-and-swap, copies, locks, calls to the
 * platform. The functions of the shim are real ones without hooks, never a part of a function of
 * the file.
 */
#ifndef PROPS_SUBJECTS_LINUX_SHIM_H
#define PROPS_SUBJECTS_LINUX_SHIM_H

#include <string.h>

#include "core/access.h"
#include "core/geometry.h"
#include "platform.h"

/* The kernel has names of its own for these. */
enum { shim_slots = P2M_LEAF };
#undef MAX_P2M_PFN
#undef INVALID_P2M_ENTRY
#undef FOREIGN_FRAME_BIT
#undef IDENTITY_FRAME_BIT
#undef FOREIGN_FRAME
#undef IDENTITY_FRAME

_Static_assert(P2M_MID == P2M_LEAF && sizeof(p2m_word) == sizeof(unsigned long),
               "the kernel's pages all have as many slots as a long fits into them");

/* ---- what is hooked ---- */

/* Functions of the shim that the kernel's file calls. */
#define SHIM __attribute__((noinline))

/* Around the functions of the shim. */
/* clang-format off */
#define UNHOOKED_BEGIN \
    _Pragma("clang attribute push(__attribute__((no_sanitize(\"coverage\"))), apply_to = function)")
/* clang-format on */
#define UNHOOKED_END _Pragma("clang attribute pop")

/*
 * Around the kernel's file. As written: no optimisation, so that each access of the text is one;
 * that is -O0 for these functions alone.
 */
#if LINUX_AS_WRITTEN
#define KERNEL_BEGIN _Pragma("clang optimize off")
#define KERNEL_END _Pragma("clang optimize on")
#else
#define KERNEL_BEGIN
#define KERNEL_END
#endif

/* ---- language ---- */

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef uint64_t phys_addr_t, pteval_t, pmdval_t, dma_addr_t;

#define __init
#define __ref
#define __read_mostly
#define __ro_after_init
#define __iomem
#define __user
#define EXPORT_SYMBOL(name)
#define EXPORT_SYMBOL_GPL(name)
#define fs_initcall(name)
#define likely(x) (x)
#define unlikely(x) (x)
#define uninitialized_var(x) x = 0
#define KERN_DEBUG
#define KERN_WARNING
#define printk(...) ((void)0)
#define xen_raw_console_write(text) ((void)(text))
#define pr_info(...) ((void)0)
#define pr_notice(...) ((void)0)
#define pr_warn(...) ((void)0)
#define pr_warning(...) ((void)0)
#define pr_err(...) ((void)0)
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define ACCESS_ONCE(x) (*(volatile __typeof__(x) *)&(x))
#define READ_ONCE(x) ACCESS_ONCE(x)
#define WRITE_ONCE(x, value) (*(volatile __typeof__(x) *)&(x) = (value))
#define ALIGN(x, to) (((x) + (to) - 1) & ~((__typeof__(x))(to) - 1))
#define BITS_PER_LONG 64
#define EINVAL 22
#define ENOMEM 12
struct device;
#if LINUX_LINEAR
SHIM void shim_wmb(void);
#define wmb() shim_wmb()
#else
#define wmb() __sync_synchronize()
#endif
/* A fence. Writes are ordered without one: wmb() does not empty a store buffer. */
SHIM void shim_mb(void);
#define mb() shim_mb()
#define smp_mb() shim_mb()
#define hash_long(value, bits) ((unsigned long)((value) * 0x9fb21c651e98df25ul) >> (64 - (bits)))

/* ---- errors ---- */

#define BUG() linux_bug("BUG()", __func__, __LINE__)
#define BUG_ON(condition)                                                                          \
    ((condition) ? linux_bug("BUG_ON(" #condition ")", __func__, __LINE__) : (void)0)
#define WARN_(condition, text)                                                                     \
    ({                                                                                             \
        bool warned_ = (condition);                                                                \
        if (warned_)                                                                               \
            linux_warned(text, __func__, __LINE__);                                                \
        warned_;                                                                                   \
    })
#define WARN(condition, ...) WARN_(condition, #condition)
#define WARN_ON(condition) WARN_(condition, #condition)
#define WARN_ON_ONCE(condition) WARN_(condition, #condition)
#define panic(...) linux_bug("panic()", __func__, __LINE__)

/* ---- memory ---- */

#define CONFIG_X86_64 1
#define CONFIG_XEN_PV 1

#define PAGE_SIZE ((unsigned long)shim_slots * sizeof(unsigned long))
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PAGE_SHIFT __builtin_ctz(P2M_LEAF * 8)
#define PFN_DOWN(x) ((unsigned long)(x) >> PAGE_SHIFT)
#define PFN_UP(x) (((unsigned long)(x) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_PHYS(x) ((phys_addr_t)(x) << PAGE_SHIFT)
#define PAGE_ALIGN(x) ALIGN((unsigned long)(x), PAGE_SIZE)
#define PAGE_OFFSET 0ul
/* Between these lies a list that was moved already. */
extern unsigned long shim_moved_list;
#define __PAGE_OFFSET shim_moved_list
#define __START_KERNEL_map (~0ul)
#define __pa(p) ((unsigned long)(p))
#define __va(a) ((void *)(unsigned long)(a))

#define GFP_KERNEL 0
#define __GFP_REPEAT 0
#define __GFP_NOWARN 0

/* What the file reserves of the brk area is all that it gets. */
extern unsigned long shim_brk_reserved, shim_brk_used;
#define RESERVE_BRK(name, bytes)                                                                   \
    __attribute__((constructor)) static void shim_reserve_##name(void)                             \
    {                                                                                              \
        shim_brk_reserved += (bytes);                                                              \
    }                                                                                              \
    struct shim_reserved_##name
#define RESERVE_BRK_ARRAY(type, name, count)                                                       \
    type *name;                                                                                    \
    RESERVE_BRK(name, sizeof(type) * (count))

extern bool shim_slab;
#define slab_is_available() shim_slab

/* Variables of the shim that a build does not put back. */
#define NOT_PUT_BACK __attribute__((section(".shim_spare")))

/* Tables that are not a page (the hash of the m2p override) come from here. */
SHIM void *shim_boot_alloc(unsigned long bytes);

/* A leaf may lie right behind the builder's list. */
SHIM void *shim_extend_brk(unsigned long bytes, bool leaf, const char *function, int line);
#define SHIM_LEAF_BY (LINUX_LEAF_BY_MIDDLE ? "early_alloc_p2m_middle" : "early_alloc_p2m")
#define extend_brk(bytes, align)                                                                   \
    shim_extend_brk((bytes), LINUX_EARLY && !strcmp(__func__, SHIM_LEAF_BY), __func__, __LINE__)

/* The list moves to memory in one piece. */
#define alloc_bootmem_align(bytes, align)                                                          \
    (strcmp(__func__, "xen_revector_p2m_tree") ? shim_boot_alloc(bytes) : linux_list_room(bytes))
#define memblock_alloc(bytes, align) shim_boot_alloc(bytes)
#define memblock_alloc_or_panic(bytes, align) shim_boot_alloc(bytes)
#define memblock_free(p, bytes) linux_put_page((void *)(unsigned long)(p))
#define memblock_free_late(p, bytes) ((void)0)
#define free_bootmem(p, bytes) linux_put_page((void *)(p))

/* Another CPU can be faster before the page is there. */
SHIM unsigned long shim_get_page(void);
SHIM void shim_free_page(unsigned long page);
#define __get_free_page(flags) shim_get_page()
#define free_page(page) shim_free_page(page)

/* Word by word, with a point before each load and store. */
SHIM void shim_copy(void *to, const void *from, unsigned long bytes);
SHIM void shim_fill(void *to, int byte, unsigned long bytes);
#define memcpy(to, from, bytes) shim_copy((to), (from), (bytes))
#define memset(to, byte, bytes) shim_fill((to), (byte), (bytes))
#define copy_page(to, from) shim_copy((to), (from), PAGE_SIZE)

/* It answers the old value. */
SHIM void shim_point_cas(const volatile void *p, unsigned size, unsigned long value);
#define cmpxchg(p, old, new)                                                                       \
    ({                                                                                             \
        __typeof__(p) at_ = (p);                                                                   \
        __typeof__(*at_) old_ = (__typeof__(*at_))(old), new_ = (__typeof__(*at_))(new);           \
        shim_point_cas(at_, sizeof(*at_), (unsigned long)new_);                                    \
        __sync_val_compare_and_swap(at_, old_, new_);                                              \
    })
#define try_cmpxchg(p, old, new)                                                                   \
    ({                                                                                             \
        __typeof__(*(p)) wanted_ = *(old);                                                         \
        *(old) = cmpxchg(p, wanted_, new);                                                         \
        *(old) == wanted_;                                                                         \
    })

/* ---- locks: who wants a held one waits ---- */

typedef struct {
    int locked;
} spinlock_t;
#define DEFINE_SPINLOCK(name) spinlock_t name
#define spin_lock_irqsave(lock, flags) ((flags) = 0, linux_lock(&(lock)->locked))
#define spin_unlock_irqrestore(lock, flags) ((void)(flags), linux_unlock(&(lock)->locked))

/* ---- page tables ---- */

typedef struct {
    unsigned long pte;
} pte_t;
typedef struct {
    unsigned long pmd;
} pmd_t;
typedef struct {
    unsigned long pgd;
} pgd_t;
typedef struct {
    unsigned long pgprot;
} pgprot_t;
#define PTE_PFN_MASK (~0ul << PAGE_SHIFT)
#define pgprot_val(prot) ((prot).pgprot)
#define massage_pgprot(prot) ((prot).pgprot)
#define check_pgprot(prot) ((prot).pgprot)
#define __sme_clr(x) (x)
#define __pgprot(x) ((pgprot_t){x})
#define __pmd(x) ((pmd_t){x})
#define PAGE_KERNEL ((pgprot_t){3})
#define PAGE_KERNEL_RO ((pgprot_t){1})
#define _KERNPG_TABLE 3ul
#define PG_LEVEL_4K 1
#define __pte(x) ((pte_t){x})

struct mm_struct {
    int unused;
};
extern struct mm_struct init_mm;
extern pgd_t *swapper_pg_dir;
#define xen_pfn_to_cr3(pfn) ((pfn) << 12)

#define PTRS_PER_PTE (PAGE_SIZE / sizeof(pte_t))
#define PMD_SIZE (PTRS_PER_PTE * PAGE_SIZE)
SHIM void shim_set_pte(pte_t *ptep, pte_t pte);
#define set_pte(ptep, pte) shim_set_pte((ptep), (pte))
SHIM void shim_set_pmd(pmd_t *pmdp, pmd_t pmd);
#define set_pmd(pmdp, pmd) shim_set_pmd((pmdp), (pmd))
SHIM pmd_t *shim_pmd_of(unsigned long address);
#define lookup_pmd_address(address) shim_pmd_of(address)
#define populate_extra_pmd(address) shim_pmd_of(address)
SHIM pte_t *shim_populate_pte(unsigned long address);
#define populate_extra_pte(address) shim_populate_pte(address)
#define paravirt_alloc_pte(...) ((void)0)
#define paravirt_release_pte(...) ((void)0) /* (pfn), or (mm, pfn) of late */
SHIM int shim_safe_write(unsigned long *address, unsigned long value);

struct vm_struct {
    void *addr;
    unsigned long size, flags;
};
#define VM_ALLOC 2
SHIM void shim_vm_area(struct vm_struct *vm);
#define vm_area_register_early(vm, align) shim_vm_area(vm)

SHIM pte_t *shim_lookup_address(unsigned long address, unsigned *level);
#define lookup_address(address, level) shim_lookup_address((address), (level))
SHIM pte_t shim_pfn_pte(unsigned long pfn, pgprot_t prot);
#define pfn_pte(pfn, prot) shim_pfn_pte((pfn), (prot))
SHIM unsigned long shim_pte_pfn(pte_t pte);
#define pte_pfn(pte) shim_pte_pfn(pte)
#define pte_clear(mm, address, ptep) ((void)(ptep))
#define set_pte_at(mm, address, ptep, pte) ((void)(ptep), (void)(pte))
#define __flush_tlb_single(address) ((void)(address))

/* ---- Xen ---- */

extern struct shim_start_info {
    unsigned long mfn_list, nr_pages, flags;
} *xen_start_info;
#define SIF_VIRT_P2M_4TOOLS (1 << 4)

struct shared_info {
    struct {
        unsigned long max_pfn, pfn_to_mfn_frame_list_list;
        unsigned long p2m_cr3, p2m_vaddr, p2m_generation;
    } arch;
};
extern struct shared_info *HYPERVISOR_shared_info, xen_dummy_shared_info;

extern bool shim_auto_translated;
#define XENFEAT_auto_translated_physmap 2
#define xen_feature(feature) (shim_auto_translated)
#define xen_pv_domain() (!shim_auto_translated)

extern unsigned long xen_max_p2m_pfn;
void xen_build_dynamic_phys_to_machine(void);
void xen_build_mfn_list_list(void);
void xen_setup_mfn_list_list(void);
void xen_vmalloc_p2m_tree(void);
unsigned long xen_chk_extra_mem(unsigned long pfn);
void xen_inv_extra_mem(void);

/* An access to a table of the hypervisor's, or to a page that may be read-only. */
#define _ASM_EXTABLE(from, to)
#define _ASM_EXTABLE_TYPE_REG(from, to, type, reg)
#define __put_user(x, p)                                                                           \
    ({                                                                                             \
        *(p) = (x);                                                                                \
        0;                                                                                         \
    })
SHIM bool shim_readable(const void *p);
#define __get_user(x, p)                                                                           \
    ({                                                                                             \
        bool readable_ = shim_readable(p);                                                         \
        (x) = readable_ ? *(p) : 0;                                                                \
        readable_ ? 0 : -14;                                                                       \
    })

/* ---- non-RAM pages that are mapped elsewhere ---- */

#if LINUX_IOREMAP
#define CONFIG_ACPI 1
typedef u64 acpi_physical_address, acpi_size;
static inline void *x86_acpi_os_ioremap(acpi_physical_address phys, acpi_size size)
{
    return (void *)phys;
}
extern void *(*acpi_os_ioremap)(acpi_physical_address phys, acpi_size size);
#endif

/* ---- the dump for debugfs ---- */

#define CONFIG_XEN_DEBUG_FS 1
struct seq_file;
SHIM void shim_seq_printf(const char *format, unsigned long first, unsigned long end,
                          const char *word);
#define seq_printf(file, format, first, end, word) shim_seq_printf((format), (first), (end), (word))
struct inode;
struct file;
struct file_operations {
    int (*open)(struct inode *inode, struct file *file);
    const void *read, *llseek, *release;
};
extern const struct file_operations *shim_debugfs; /* the file that was created last */
#define seq_read NULL
#define seq_lseek NULL
#define single_release NULL
#define single_open(file, show, data) (show)((struct seq_file *)(file), (data))
#define DEFINE_SHOW_ATTRIBUTE(name)                                                                \
    static int name##_open(struct inode *inode, struct file *file)                                 \
    {                                                                                              \
        return (void)inode, single_open(file, name##_show, NULL);                                  \
    }                                                                                              \
    static const struct file_operations name##_fops = {.open = name##_open}
struct dentry;
#define xen_init_debugfs() ((struct dentry *)1)
#define debugfs_create_dir(name, parent) ((void)(parent), (struct dentry *)1)
#define debugfs_create_file(name, mode, parent, data, operations)                                  \
    ((void)(parent), (void)(shim_debugfs = (operations)))

#include "grants.h"

#endif
