/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of a kernel that setup.c and e820.c need in user space, on top of ../shim.h, which is
 * for p2m.c. Every header that the files include leads here (scripts/linux makes them), except
 * those of the E820 table, of extra memory and asm/xen/page.h, which are the version's own. Here
 * the guest has physical memory, so an address is one in it, and pages come from the boot
 * allocator.
 */
#ifndef PROPS_SUBJECTS_LINUX_SETUP_SHIM_H
#define PROPS_SUBJECTS_LINUX_SETUP_SHIM_H

/* The kernel's names for these are below. */
#define shim_start_info shim_small_start_info
#define xen_start_info shim_no_start_info
#include "../shim.h"
#undef shim_start_info
#undef xen_start_info

/* A boot has no sync points: no other call runs inside it. */
#undef memcpy
#undef memset
#undef copy_page
#define copy_page(to, from) memcpy((to), (from), PAGE_SIZE)
#undef wmb
#define wmb() __sync_synchronize()
#define shim_point_cas(p, size, value) ((void)0)
#undef spin_lock_irqsave
#define spin_lock_irqsave(lock, flags) ((void)((flags) = 0))
#undef spin_unlock_irqrestore
#define spin_unlock_irqrestore(lock, flags) ((void)(flags))

#include <stdlib.h>

#include "guest.h"

/* ---- language ---- */

typedef uint8_t __u8;
typedef uint16_t __u16;
typedef uint32_t __u32;
typedef uint64_t __u64;
typedef int32_t __s32;
typedef int64_t s64;
typedef uint64_t resource_size_t;
typedef u16 domid_t;
typedef unsigned long xen_pfn_t, xen_ulong_t, ulong;

#define __KERNEL__ 1
#define __initdata
#define __cpuinit
#define __refdata
#define __aligned(n) __attribute__((aligned(n)))
#define __always_inline inline
#define KERN_INFO
#define KERN_ERR
#define KERN_CONT
#define pr_cont(...) ((void)0)
#define pr_debug(...) ((void)0)
#define pr_warn_once(...) ((void)0)
#define pr_err_once(...) ((void)0)
#define early_param(name, fn)
#define late_initcall(fn)
#define core_initcall(fn)
#define min_t(type, a, b) min((type)(a), (type)(b))
#define max_t(type, a, b) max((type)(a), (type)(b))
#define min3(a, b, c) min(min((a), (b)), (c))
#define clamp(value, low, high) min(max((value), (low)), (high))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define BUILD_BUG_ON(condition) ((void)0)
#define round_up(x, y) ALIGN(x, y)
#define round_down(x, y) ((x) & ~((__typeof__(x))(y) - 1))
#define IS_ENABLED(option) 0
#define cpu_feature_enabled(feature) 1
#define setup_clear_cpu_cap(feature) ((void)0)
#define ENOENT 2
#define ENOSYS 38
#define ULLONG_MAX (~0ull)
#define PHYS_ADDR_MAX (~(phys_addr_t)0)
#define SZ_1M 0x100000
#define SZ_4M 0x400000
#define SZ_4G 0x100000000ull
#define EXPORT_SYMBOL_FOR_KVM(name)
#define sort(base, count, size, compare, swap) qsort((base), (count), (size), (compare))
#define memparse(text, end) strtoull((text), (end), 0)
static inline int kstrtobool(const char *text, bool *value)
{
    *value = text[0] == '1' || text[0] == 'y';
    return text[0] ? 0 : -EINVAL;
}
#define strtobool kstrtobool

/* ---- errors: after a message of its own a file may end the boot ---- */

extern bool shim_has_said_why;
_Noreturn void shim_bug(const char *function, int line);
#undef BUG
#define BUG() shim_bug(__func__, __LINE__)
#undef panic
#define panic(...) linux_setup_refuses("panic()")
#undef xen_raw_console_write
#define xen_raw_console_write(text) ((void)(text), shim_has_said_why = true)
void shim_say_error(const char *format);
#undef pr_err
#define pr_err(format, ...) shim_say_error(format)

/*
 * What goes wrong because a hypercall failed is no defect: the file warns, and may end. Up to 3.18
 * p2m.c warns at many ranges (B12, B13): that is for the other targets.
 */
extern bool shim_call_failed;
#undef WARN_
#define WARN_(condition, text)                                                                     \
    ({                                                                                             \
        bool warned_ = (condition);                                                                \
        if (warned_ && !shim_call_failed && !SHIM_IN_P2M)                                          \
            linux_warned(text, __func__, __LINE__);                                                \
        warned_;                                                                                   \
    })

#define WARN_ONCE(condition, ...) WARN_(condition, #condition)

/* ---- memory ---- */

#define CONFIG_MEMORY_HOTPLUG 1
#define CONFIG_XEN_BALLOON 1
#define CONFIG_XEN_MAX_DOMAIN_MEMORY 1 * (MAXMEM / 1073741824.0) /* in GiB: a fraction */
#define MAXMEM ((unsigned long)(FRAMES_PFNS * FRAMES_PAGE))
#define PFN_ALIGN(x) PAGE_ALIGN(x)
#undef PAGE_ALIGN
#define PAGE_ALIGN(x) ALIGN((x), PAGE_SIZE)
#define PAGE_ALIGN_DOWN(x) ((x) & ~((__typeof__(x))PAGE_SIZE - 1))
#define SMP_CACHE_BYTES 64
#define MAX_NUMNODES 48
#define NR_FIX_BTMAPS 64
#define E820_MAX_ENTRIES_ZEROPAGE 128
#define MAX_DMA_PFN 0
#define set_dma_reserve(pages) ((void)(pages))
#define for_each_mem_pfn_range(i, ...) for ((i) = 0; (i) < 0; (i)++)
#define for_each_free_mem_range(i, ...) for ((i) = 0; (i) < 0; (i)++)

unsigned long shim_pa(const volatile void *p);
void *shim_va(unsigned long address);
#undef __pa
#define __pa(p) shim_pa((const void *)(unsigned long)(p))
#undef __va
#define __va(address) shim_va((unsigned long)(address))
#define phys_to_virt(address) shim_va(address)
unsigned long shim_pa_symbol(const void *symbol);
#define __pa_symbol(symbol) shim_pa_symbol(symbol)
extern const char _text[], _end[], __bss_stop[];
#define early_memremap(address, size) shim_va(address)
#define early_memunmap(p, size) ((void)(p))
#define early_ioremap(address, size) shim_va(address)
#define early_iounmap(p, size) ((void)(p))

/* memblock, by pages. Room for tables comes from the top of the guest's RAM. */
void *shim_alloc(unsigned long bytes);
void shim_reserve(phys_addr_t address, phys_addr_t bytes);
void shim_free(phys_addr_t address, phys_addr_t bytes);
bool shim_is_reserved(phys_addr_t address);
#undef memblock_alloc
#define memblock_alloc(bytes, align) shim_alloc(bytes)
#undef memblock_alloc_or_panic
#define memblock_alloc_or_panic(bytes, align) shim_alloc(bytes)
unsigned long shim_phys(unsigned long either); /* an address, or a pointer to a page of the guest */
#undef memblock_free
#define memblock_free(address, bytes) shim_free(shim_phys((unsigned long)(address)), (bytes))
#undef free_bootmem
#define free_bootmem(address, bytes) shim_free(shim_phys((unsigned long)(address)), (bytes))
#define memblock_reserve(address, bytes) shim_reserve((address), (bytes))
void shim_reserve_range(u64 start, u64 end);
#define memblock_x86_reserve_range(start, end, name) shim_reserve_range((start), (end))
#define MEMBLOCK_ERROR 0
#define memblock_x86_find_in_range_size(...) MEMBLOCK_ERROR
#define memblock_x86_memory_in_range(start, end) 0
#define memblock_x86_free_memory_in_range(start, end) 0
#define memblock_analyze() ((void)0)
static int memblock_can_resize;
#define memblock_is_reserved(address) shim_is_reserved(address)
#define memblock_phys_free(address, bytes) shim_free((address), (bytes))
#define memblock_phys_alloc(bytes, align) 0
#define __memblock_alloc_base(bytes, align, end) 0
#define memblock_add(address, bytes) ((void)0)
#define memblock_add_node(...) 0
#define memblock_remove(address, bytes) ((void)0)
#define memblock_allow_resize() ((void)0)
#define memblock_trim_memory(align) ((void)0)
#define memblock_dump_all() ((void)0)
#define memblock_set_current_limit(address) ((void)0)
#define memblock_set_bottom_up(is) ((void)0)
#define memblock_mark_kho_scratch(address, bytes) ((void)0)
#define memblock_clear_kho_scratch(address, bytes) ((void)0)
#define movable_node_is_enabled() 0
#define memblock_find_in_range(...) 0
#define LOWMEMSIZE() 0
#undef __get_free_page
#define __get_free_page(flags) ((unsigned long)shim_alloc(PAGE_SIZE))
#undef free_page
#define free_page(page) shim_free(__pa(page), PAGE_SIZE)
#undef alloc_bootmem_align
#define alloc_bootmem_align(bytes, align) shim_alloc(bytes)
#define alloc_bootmem(bytes) shim_alloc(bytes)
#undef extend_brk
#define extend_brk(bytes, align) shim_brk(bytes)
void *shim_brk(unsigned long bytes);

extern unsigned long max_pfn, max_low_pfn, max_pfn_mapped;
extern u64 max_mem_size, xen_saved_max_mem_size;
#define saved_max_pfn max_pfn

/* ---- Xen ---- */

extern struct shim_setup_start_info {
    unsigned long mfn_list, nr_pages, flags, first_p2m_pfn, nr_p2m_frames, pt_base;
    char cmd_line[P2M_LEAF < 256 ? 16 : 32]; /* a page holds all of it, even a small one */
} *xen_start_info;
#define MAX_GUEST_CMDLINE sizeof(xen_start_info->cmd_line)
#define COMMAND_LINE_SIZE 2048
#define SIF_INITDOMAIN 2

extern bool shim_dom0;
#define xen_initial_domain() shim_dom0
#define xen_domain() 1
#define DOMID_SELF 0x7ff0

struct xen_memory_reservation {
    void *extent_start;
    xen_ulong_t nr_extents;
    unsigned extent_order, address_bits;
    domid_t domid;
};
struct xen_memory_map {
    unsigned nr_entries;
    void *buffer;
};
#define set_xen_guest_handle(handle, value) ((handle) = (value))
enum {
    XENMEM_decrease_reservation = 1,
    XENMEM_maximum_reservation = 4,
    XENMEM_populate_physmap = 6,
    XENMEM_memory_map = 9,
    XENMEM_machine_memory_map = 10
};
long shim_memory_op(unsigned call, void *argument);
#define HYPERVISOR_memory_op(call, argument) shim_memory_op((call), (argument))
#define MMU_MACHPHYS_UPDATE 1
struct mmu_update {
    uint64_t ptr, val;
};
int shim_mmu_update(const struct mmu_update *update);
#define HYPERVISOR_mmu_update(update, count, done, domid) shim_mmu_update(update)
int shim_map(unsigned long address, pte_t pte);
#define HYPERVISOR_update_va_mapping(address, pte, flags) shim_map((address), (pte))
void shim_map_buffer(unsigned long address, unsigned long mfn);
#define set_pte_mfn(address, mfn, prot) shim_map_buffer((address), (mfn))
#define PAGE_KERNEL_IO PAGE_KERNEL
#define high_memory ((char *)shim_va(PFN_PHYS(max_pfn)))
#define native_make_pte(x) ((pte_t){x})

struct callback_register {
    unsigned type;
    const void *address;
    unsigned flags;
};
#define XEN_CALLBACK(segment, fn) (fn)
#define __KERNEL_CS 0
#define CALLBACKF_mask_events 1
#define CALLBACKOP_register 0
enum {
    CALLBACKTYPE_event,
    CALLBACKTYPE_failsafe,
    CALLBACKTYPE_syscall,
    CALLBACKTYPE_nmi = 4,
    CALLBACKTYPE_sysenter,
    CALLBACKTYPE_syscall32 = 7
};
#define HYPERVISOR_callback_op(op, argument) shim_callback(argument)
int shim_callback(const struct callback_register *callback);
#define HYPERVISOR_vm_assist(command, type) ((void)0)
/* Entry points, under the names of all versions. */
extern const char xen_entry_SYSENTER_compat[], xen_entry_SYSCALL_64[], xen_entry_SYSCALL_compat[],
    xen_asm_exc_xen_hypervisor_callback[], xen_hypervisor_callback[], xen_failsafe_callback[];
void xen_sysenter_target(void);
void xen_syscall_target(void);
void xen_syscall32_target(void);
#define asmlinkage
#define boot_cpu_has(feature) 1
enum { X86_FEATURE_SYSENTER32, X86_FEATURE_SYSCALL32 };
#define xen_panic_handler_init() ((void)0)
#define disable_cpuidle() ((void)0)
#define disable_cpufreq() ((void)0)
#define disable_acpi() ((void)0)
#define xen_set_default_idle() 0
#define set_pm_idle_to_default() 0
enum { IDLE_HALT };
static int boot_option_idle_override;
static void (*pm_idle)(void);
#define default_idle NULL

/* mmu_pv.c's share, and functions that the files declare in headers that lead here. */
#define EXTRA_MEM_RATIO 10
void xen_pt_check_e820(void);
void xen_relocate_p2m(void);
#if !SETUP_OWN_EXTRA
void xen_add_extra_mem(unsigned long start_pfn, unsigned long pages);
#endif
void xen_chk_is_e820_usable(phys_addr_t start, phys_addr_t size, const char *component);
phys_addr_t xen_find_free_area(phys_addr_t size);
void xen_remap_memory(void);
void xen_do_remap_nonram(void);
void xen_add_remap_nonram(phys_addr_t maddr, phys_addr_t paddr, unsigned long size);
char *xen_memory_setup(void);

/* ---- the boot's parameters, and what else e820.c mentions ---- */

struct boot_e820_entry {
    u64 addr, size;
    u32 type;
} __attribute__((packed));
extern struct boot_params {
    struct {
        u32 ramdisk_image, ramdisk_size;
        u64 setup_data;
    } hdr;
    u32 ext_ramdisk_image, ext_ramdisk_size, alt_mem_k;
    u8 e820_entries;
    struct {
        u32 ext_mem_k;
    } screen_info;
    union { /* its name changed */
        struct boot_e820_entry e820_table[E820_MAX_ENTRIES_ZEROPAGE];
        struct boot_e820_entry e820_map[E820_MAX_ENTRIES_ZEROPAGE];
    };
} boot_params;
extern char boot_command_line[COMMAND_LINE_SIZE];
#define EXT_MEM_K (boot_params.screen_info.ext_mem_k)

struct setup_data {
    u64 next;
    u32 type, len;
    u8 data[];
};
struct setup_indirect {
    u32 type, reserved;
    u64 len, addr;
};
#define SETUP_INDIRECT (1u << 31)
#define SETUP_EFI 4
#define SETUP_IMA 6
#define SETUP_RNG_SEED 9

struct resource {
    resource_size_t start, end;
    const char *name;
    unsigned long flags, desc;
    struct resource *parent;
};
extern struct resource iomem_resource;
enum {
    IORESOURCE_MEM = 0x200,
    IORESOURCE_SYSTEM_RAM = 0x01000200,
    IORESOURCE_BUSY = (int)0x80000000,
    IORES_DESC_NONE = 0,
    IORES_DESC_ACPI_TABLES,
    IORES_DESC_ACPI_NV_STORAGE,
    IORES_DESC_PERSISTENT_MEMORY,
    IORES_DESC_PERSISTENT_MEMORY_LEGACY,
    IORES_DESC_RESERVED,
    IORES_DESC_SOFT_RESERVED
};
#define insert_resource(parent, resource) 0
#define insert_resource_expand_to_fit(parent, resource) ((void)0)
#define reserve_region_with_split(...) ((void)0)
#define firmware_map_add_early(...) 0
#define register_nosave_region(...) ((void)0)
#define add_taint(...) ((void)0)
#define efi_enabled(feature) 0
#define kmemdup(p, size, flags) (p)
#define kmalloc(size, flags) shim_alloc(size)
#define kzalloc(size, flags) shim_alloc(size)
#define early_printk(...) ((void)0)
extern struct shim_init_ops {
    struct {
        char *(*memory_setup)(void);
    } resources;
} x86_init;

#endif
