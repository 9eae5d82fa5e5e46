// SPDX-License-Identifier: GPL-2.0-or-later
/* NVS entries of the boot, whose frames the kernel remaps to other PFNs: see xen_add_remap_nonram.
 */
#include "harness.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

#define MOST (3 * P2M_LEAF) /* pages of an entry */

/* Beyond the list the kernel answers BUG, which is F4. */
static unsigned remaps(unsigned i)
{
    uint64_t pfn = run.c->boot.setup.nvs[i].pfn, pages = run.c->boot.setup.nvs[i].pages;
    uint64_t end = linux_file.covers ? linux_file.covers() : MAX_P2M_PFN;

    if (run.model_off) /* the moment of the first publish would matter */
        return 0;
    if (pages > MOST)
        pages = MOST;
    if (linux_knows(LINUX_F4) && pfn + pages > end)
        pages = pfn < end ? end - pfn : 0;
    return (unsigned)pages;
}

void linux_nvs_add(void)
{
    for (unsigned i = 0; i < BOOT_NVS && linux_file.remap; i++)
        if (remaps(i))
            linux_file.remap(MFN_OF_NVS(i, 0), run.c->boot.setup.nvs[i].pfn, remaps(i));
}

void linux_nvs_describe(struct subject *subject)
{
    subject->remaps = linux_file.remap ? remaps : NULL;
}

UNINSTRUMENTED_END
