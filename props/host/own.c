// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's own pages that hold its tree, if it has the boot flag judge: see host.h. */
#include "host.h"

UNINSTRUMENTED_BEGIN

static struct host_own *const own = &host.own;

/* No page of the arena has a number. */
static void all_spare(void)
{
    own->spares = 0;
    for (unsigned number = own->count; number > HOST_SHARED_PAGES + own->listed; number--)
        own->spare[own->spares++] = (uint16_t)(number - 1);
}

/* After a resume a new tree begins with the builder's MFNs again. */
void host_own_start(const struct builder *builder)
{
    own->first = boot_own_first(&builder->boot);
    own->count = (unsigned)(builder->boot.nr_pages - own->first);
    own->mfn = builder->base[MFN_BASE_LIST] + own->first;
    own->listed = 0;
    host_own_list();
}

/* Each leaf of the list gets a number, if no page of the arena is in use yet. */
void host_own_list(void)
{
    unsigned leaves = (unsigned)(host.list_words / P2M_LEAF);

    if (own->count <= HOST_SHARED_PAGES || host.live)
        return;
    own->listed = leaves < own->count - HOST_SHARED_PAGES ? leaves : own->count - HOST_SHARED_PAGES;
    all_spare();
}

void host_own_take(unsigned index)
{
    own->number[index] = 0;
    if (!own->count)
        return;
    own->lacking |= !own->spares;
    if (!own->spares)
        return;
    own->number[index] = own->spare[--own->spares];
    own->page[own->number[index]] = (uint16_t)index;
}

void host_own_give(unsigned index)
{
    if (own->count && own->number[index])
        own->spare[own->spares++] = own->number[index];
}

void *host_own_page(p2m_word mfn)
{
    p2m_word number = mfn - own->mfn;
    unsigned index;

    if (number >= own->count)
        return NULL;
    if (number < HOST_SHARED_PAGES)
        return host_shared_page((enum host_shared_page)number);
    if (number - HOST_SHARED_PAGES < own->listed)
        return host_list + (number - HOST_SHARED_PAGES) * P2M_LEAF;
    index = own->page[number];
    return host.state[index] == HOST_LIVE && own->number[index] == number ? host_page_at(index)
                                                                          : NULL;
}

UNINSTRUMENTED_END
