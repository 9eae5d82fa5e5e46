// SPDX-License-Identifier: GPL-2.0-or-later
/* What a boot left, in words: runs of PFNs that are alike, extra memory, what is elsewhere. */
#include <inttypes.h>
#include <stdio.h>

#include "harness.h"
#include "props/base/uninstrumented.h"
#include "props/case/entry.h"

UNINSTRUMENTED_BEGIN

/* What a PFN is to a reader. */
enum kind { NOTHING, IDENTITY, FRAME, MOVED_FRAME, FIRMWARE };

static enum kind kind_at(const struct setup_seen *seen, unsigned long pfn, unsigned long *until)
{
    p2m_word entry = seen->entry(pfn, until);

    if (entry == INVALID_P2M_ENTRY)
        return NOTHING;
    if (entry & ENTRY_IDENTITY_BIT)
        return IDENTITY;
    if (frames_owner(entry) != FRAME_OURS)
        return FIRMWARE;
    return pfn < frames_count() && frames_first(pfn) == entry ? FRAME : MOVED_FRAME;
}

static void print_run(FILE *out, enum kind kind, unsigned long start, unsigned long end, bool last)
{
    static const char *const words[] = {NULL, "identity", NULL, "frames from elsewhere",
                                        "firmware from elsewhere"};

    if (!words[kind])
        return;
    if (last)
        fprintf(out, "%-24s 0x%lx on\n", words[kind], start);
    else
        fprintf(out, "%-24s 0x%lx 0x%lx\n", words[kind], start, end);
}

void setup_show(FILE *out, const struct setup_guest *guest, const struct setup_seen *seen)
{
    unsigned long start = 0, until;
    enum kind kind = kind_at(seen, 0, &until);

    fprintf(out, "%s with 0x%lx pages; PFNs, the end is exclusive\n", guest->dom0 ? "dom0" : "domU",
            guest->nr_pages);
    if (guest->wanted > guest->nr_pages)
        fprintf(out,
                "0x%" PRIx64 " pages were asked for; the machine, or this world, has no more\n",
                guest->wanted);
    for (unsigned long pfn = until; pfn < FRAMES_PFNS; pfn = until) {
        enum kind next = kind_at(seen, pfn, &until);

        if (next == kind)
            continue;
        print_run(out, kind, start, pfn, false);
        kind = next;
        start = pfn;
    }
    print_run(out, kind, start, FRAMES_PFNS, true);
    for (unsigned i = 0; i < seen->extra_count; i++)
        fprintf(out, "%-24s 0x%lx 0x%lx\n", "extra memory", seen->extra[i].pfn,
                seen->extra[i].pfn + seen->extra[i].pages);
    fprintf(out, "%-24s %" PRIu64 "\n", "pages given back", frames_given_back());
    fprintf(out, "%-24s 0x%lx\n", "the list ends at", seen->reach);
    if (seen->list.pfn != guest->list.pfn)
        fprintf(out, "%-24s 0x%lx\n", "the list is moved to", seen->list.pfn);
    if (seen->initrd.pfn != guest->initrd.pfn)
        fprintf(out, "%-24s 0x%lx\n", "the initrd is moved to", seen->initrd.pfn);
}

UNINSTRUMENTED_END
