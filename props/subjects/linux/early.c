// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The memory of the boot: the end of the brk area, and what lies behind the builder's list, where
 * another page can be its neighbour and a copy of the list has room.
 */
#include <string.h>

#include "harness.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

static bool neighbour; /* the page behind the list is in use */

void linux_early_reset(void)
{
    neighbour = false;
}

/* The boot is before the first op, and the calls of a property are behind the last one. */
static bool is_op(void)
{
    return running_op >= 0 && running_op < (int)run.c->count;
}

/* A property's run takes other pages than its case, which could not show it once more. */
bool linux_brk_is_endless(void)
{
    enum op_kind kind = is_op() ? (enum op_kind)run.c->ops[running_op].kind : OP_BUILD;

    if (run.model_off)
        return true;
    if (op_has_entry(kind))
        return linux_knows(LINUX_D1);
    if (kind == OP_RANGE || kind == OP_XEN_SET_IDENTITY)
        return linux_knows(LINUX_B10);
    return linux_knows(LINUX_B10) || linux_knows(LINUX_D1);
}

void *linux_list_room(size_t bytes)
{
    size_t first = host.list_words, end = first + bytes / sizeof(p2m_word);

    if (end > (HOST_DENSE_LEAVES - 1) * P2M_LEAF)
        return NULL;
    host_stretch_list((p2m_word)end);
    neighbour = true;
    return memset(host_list + first, 0xa5, bytes);
}

void *linux_leaf_behind_list(void)
{
    if (neighbour || !host.list_words || linux_knows(LINUX_D4))
        return NULL;
    return linux_list_room(P2M_PAGE_BYTES);
}

/* A case can make the build and the publish by itself, so that there are sets between them. */
void linux_early_describe(struct subject *subject)
{
    subject->has_build = subject->has_publish = linux_file.has_early_set;
}

UNINSTRUMENTED_END
