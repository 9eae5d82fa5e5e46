// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest's list in virtual memory, as Xen's toolstack reads it: four levels of page tables. A
 * kernel's tables are emulated and may have another form (props/subjects/linux), so those that
 * Xen's code walks are made here, of the pages that the kernel's map.
 */
#include "props/base/uninstrumented.h"
#include "xen.h"

UNINSTRUMENTED_BEGIN

#if P2M_LEAF == 512

enum { LEVELS = 4, ENTRIES = 512, TABLES = 64 };

static uint64_t table[TABLES][ENTRIES];

static unsigned slot_at(uint64_t address, unsigned level)
{
    return (unsigned)(address >> (12 + 9 * (level - 1)) & (ENTRIES - 1));
}

/* The entry of level 1 for an address; NULL: there are too many tables. */
static uint64_t *entry_at(uint64_t address)
{
    unsigned at = 0;

    for (unsigned level = LEVELS; level > 1; level--) {
        uint64_t *entry = &table[at][slot_at(address, level)];

        if (!*entry) {
            if (guest_table_pages == TABLES)
                return NULL;
            *entry = (GUEST_TABLES + guest_table_pages++) << 12 | 3;
        }
        at = (unsigned)((*entry >> 12) - GUEST_TABLES);
    }
    return &table[at][slot_at(address, 1)];
}

uint64_t list_tables(const struct judge_list *list)
{
    memset(table, 0, sizeof(table));
    guest_tables = table[0];
    guest_table_pages = 1;
    for (p2m_word pfn = 0; pfn < host.info->max_pfn; pfn += P2M_LEAF) {
        const p2m_word *page = list->page(pfn);
        uint64_t *entry = entry_at(list->vaddr + pfn * sizeof(p2m_word));

        if (!entry)
            break;
        if (page)
            *entry = host_virt_to_mfn(page) << 12 | 1;
    }
    return GUEST_TABLES << 12;
}

#else

uint64_t list_tables(const struct judge_list *list)
{
    return 0;
}

#endif

UNINSTRUMENTED_END
