// SPDX-License-Identifier: GPL-2.0-or-later
/* A list in virtual memory, for the toolstack: see tools4.inc for the kernel's side. */
#include "harness.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

bool linux_tools4;

void linux_unsynced(const char *what, unsigned long generation)
{
    violated(TOOLSTACK_SEES_ALL, "%s 0x%lx", what, generation);
}

static void list(struct subject_list *list)
{
    unsigned long cr3, vaddr, generation;

    linux_file.list(&cr3, &vaddr, &generation);
    *list = (struct subject_list){(p2m_word)cr3, (p2m_word)vaddr, (p2m_word)generation};
}

static p2m_word *list_page(p2m_word cr3, p2m_word address)
{
    return linux_file.list_page(cr3, address);
}

void linux_tools4_describe(struct subject *subject)
{
    if (!linux_file.list)
        return;
    subject->list = list;
    subject->list_page = list_page;
}

UNINSTRUMENTED_END
