// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's own setup.c, with the p2m.c and e820.c of its version, in a world of ours: a guest
 * that boots. They are included below; their text is not here. The world is in the .inc files:
 * memory and memblock, the page tables of the list, the hypervisor, the boot.
 */
#include "shim.h"

#include <asm/xen/page.h>
#if SETUP_OLD_E820
#include <asm/e820.h>
#else
#include <asm/e820/api.h>
#endif
#include <xen/page.h>

/*
 * Where the legacy hole decides what is given back, it is the same pages in small ones, as all of a
 * map is.
 */
#if SETUP_ONE_EXTRA
#undef ISA_START_ADDRESS
#undef ISA_END_ADDRESS
#define ISA_START_ADDRESS (0xa0 * PAGE_SIZE)
#define ISA_END_ADDRESS (0x100 * PAGE_SIZE)
#endif

/* The store that may meet a read-only page reads the page tables (tables.inc). */
#define xen_safe_write_ulong(address, value) shim_safe_write((address), (value))

/* In PFNs; the file wants GiB: a fraction. */
static unsigned long hotplug_limit;
#define CONFIG_XEN_MEMORY_HOTPLUG_LIMIT 1 * (hotplug_limit * PAGE_SIZE / 1073741824.0)
#define CONFIG_XEN_BALLOON_MEMORY_HOTPLUG_LIMIT CONFIG_XEN_MEMORY_HOTPLUG_LIMIT

/* Rounds of all loops of a boot: many more than one that ends makes. */
#define ROUNDS (FRAMES_PFNS < 4096 ? 1ul << 20 : 1ul << 31)
static unsigned long rounds;

static inline bool shim_round(const char *function)
{
    if (++rounds > ROUNDS)
        linux_setup_hangs(function, rounds);
    if (!(rounds & 0xfffff))
        linux_setup_goes_on();
    return false;
}

#include "loops.h"

#define SHIM_IN_P2M (!LINUX_LINEAR)
#include SETUP_P2M_C
#undef SHIM_IN_P2M
#define SHIM_IN_P2M false
#undef pr_fmt
#include SETUP_EXTRA_C
#include SETUP_SETUP_C
#undef pr_fmt
#include SETUP_E820_C

#undef for
#undef while

#define SLOTS ((unsigned long)shim_slots)

static const struct setup_guest *guest;

/* Each needs what the one before it has: their order is not that of the alphabet. */
/* clang-format off */
#include "era.inc"
#include "memory.inc"
#if LINUX_LINEAR
#include "tables.inc"
#else
#include "trees.inc"
#endif
#include "hypervisor.inc"
#include "boot.inc"
/* clang-format on */

#define STATE_SYMBOL_(what, section, token) what##section##_##token
#define STATE_SYMBOL(what, section, token) STATE_SYMBOL_(what, section, token)
#define STATE_BEGIN(section) STATE_SYMBOL(__start_, section, P2M_GEOMETRY_TOKEN)
#define STATE_END(section) STATE_SYMBOL(__stop_, section, P2M_GEOMETRY_TOKEN)

extern char STATE_BEGIN(setup_data)[], STATE_END(setup_data)[];
extern char STATE_BEGIN(setup_bss)[], STATE_END(setup_bss)[];

void linux_setup_state(char **data, size_t *data_bytes, char **bss, size_t *bss_bytes)
{
    *data = STATE_BEGIN(setup_data);
    *data_bytes = (size_t)(STATE_END(setup_data) - STATE_BEGIN(setup_data));
    *bss = STATE_BEGIN(setup_bss);
    *bss_bytes = (size_t)(STATE_END(setup_bss) - STATE_BEGIN(setup_bss));
}
