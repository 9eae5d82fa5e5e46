// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory maps, at the end of a search: xen_set_identity from each state, with a map for each set of
 * PFNs that are identity, and with each page refused in turn. explore.h says why maps belong to no
 * state. Each map is gone before the next one.
 */
#include "explore.h"

UNINSTRUMENTED_BEGIN

#define SETS (EXPLORE_HAS_MAPS ? 1u << MAX_P2M_PFN : 0)

static struct {
    const struct explore_options *options;
    struct explored *explored;
    struct choice choice[CHOICES];
    struct test_case c;
    struct snapshot here;
    uint32_t from; /* the state */
    bool all;      /* no new state is left: each one that is met must be there */
} search;

static bool has(unsigned set, p2m_word pfn)
{
    return pfn < MAX_P2M_PFN && (set >> pfn & 1);
}

/*
 * The map in which the pages of `set` are identity: RAM is what does not belong to it. Behind the
 * last RAM there is a reserved entry, since a map has no hole at its end. Answers its length.
 */
static unsigned add_map(struct op *ops, unsigned set)
{
    unsigned count = 0;

    for (p2m_word start = 0, end; start < MAX_P2M_PFN; start = end) {
        for (end = start + 1; end < MAX_P2M_PFN && has(set, end) == has(set, start); end++)
            ;
        if (!has(set, start) || end == MAX_P2M_PFN)
            ops[count++] = (struct op){.kind = OP_E820,
                                       .type = has(set, start) ? P2M_E820_RESERVED : P2M_E820_RAM,
                                       .start = start * P2M_E820_PAGE,
                                       .stop = end * P2M_E820_PAGE};
    }
    return count;
}

/* One call behind its map, from the snapshot on. True: continue. *asked: the pages it requested. */
static bool try_map(unsigned first, unsigned set, struct op call, unsigned *asked)
{
    struct explored *explored = search.explored;
    struct verdict verdict;
    struct key key;

    snapshot_restore(&search.here);
    *asked = 0;
    search.c.count = first + add_map(search.c.ops + first, set);
    search.c.ops[search.c.count++] = call;
    explored->transitions++;
    explored->map_calls++;
    if (!executor_steps(first, search.c.count, &verdict) ||
        (host_redzones_dirty(search.here.host.taken) && !executor_finish(&verdict)))
        return !explore_met(search.options, explored, &search.c, &verdict, search.from);
    *asked = host.taken - search.here.host.taken;
    key = explore_key();
    explored->strays += search.all && !states_have(&explored->states, &key);
    return true;
}

/* All maps from one state. False: a violation to stop at. */
static bool try_maps(void)
{
    struct op call = {.kind = OP_XEN_SET_IDENTITY}, domu = {.kind = OP_XEN_SET_IDENTITY, .type = 1};
    unsigned first = search.c.count, asked, none;

    search.explored->mapped++;
    for (unsigned set = 0; set < SETS; set++) {
        call.refuse = 0;
        if (!try_map(first, set, call, &asked))
            return false;
        for (unsigned n = 1; search.options->refusals && n <= asked; n++) {
            call.refuse = (uint8_t)n;
            if (!try_map(first, set, call, &none))
                return false;
        }
    }
    return try_map(first, SETS - 1, domu, &none);
}

bool explore_maps(const struct subject *subject, const struct explore_options *options,
                  struct explored *explored)
{
    search.options = options;
    search.explored = explored;
    search.all = explored->expanded == explored->states.count;
    explore_choices(options, search.choice);
    explored->closed = false;
    for (search.from = options->first; search.from < explored->states.count;
         search.from += options->stride) {
        if (explore_is_over(options, explored->transitions))
            return true;
        if (explore_go(subject, explored, search.from, search.choice, &search.c, &search.here) &&
            run.built && !try_maps())
            return true;
    }
    explored->closed = true;
    return true;
}

UNINSTRUMENTED_END
