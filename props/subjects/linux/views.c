// SPDX-License-Identifier: GPL-2.0-or-later
/* Other lookups and the dump of the kernel's file: see views.inc for the kernel's side. */
#include "harness.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

#define SAME(name)                                                                                 \
    _Static_assert((int)LINUX_VIEW_##name == (int)VIEW_##name, "they are numbered alike")
SAME(ENTRY);
SAME(PHYS_TO_MACHINE);
SAME(LOCAL_PFN);
SAME(IOREMAP);

static bool other_view(enum other_view view, p2m_word where, p2m_word back, p2m_word *answer)
{
    unsigned long found;

    if (linux_knows(LINUX_A2) && view == VIEW_PHYS_TO_MACHINE &&
        (linux_file.get(where) & (linux_file.foreign_bit ^ ENTRY_FOREIGN_BIT)))
        return false;
    if (linux_knows(LINUX_F14) && view == VIEW_IOREMAP && where - MFN_OF_NVS(1, 0) < 0xffff)
        return false;
    if (!linux_file.other_view((enum linux_other_view)view, where, back, &found))
        return false;
    *answer = (p2m_word)found;
    if (view == VIEW_ENTRY && where >= MAX_P2M_PFN && linux_file.beyond_is_identity &&
        *answer == ENTRY_IDENTITY_OF(where))
        *answer = INVALID_P2M_ENTRY; /* as in get */
    return true;
}

static void (*to_harness)(p2m_word first, p2m_word end, const char *word);

static void line(unsigned long first, unsigned long end, const char *word)
{
    to_harness((p2m_word)first, (p2m_word)end, word);
}

static p2m_word dump(void (*line_to)(p2m_word first, p2m_word end, const char *word))
{
    to_harness = line_to;
    return (p2m_word)linux_file.dump(line);
}

void linux_views_describe(struct subject *subject)
{
    subject->other_view = linux_file.other_view ? other_view : NULL;
    subject->dump = linux_file.dump ? dump : NULL;
}

UNINSTRUMENTED_END
