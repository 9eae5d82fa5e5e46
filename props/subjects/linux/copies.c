// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copies of the file's state outside the pages of the host, so that a search can return to a state
 * (props/explore/): its variables, and in the linear era the array in virtual memory. They
 * are copied in place, since pointers lead into them.
 */
#include "harness.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

/* Part `n`; NULL: there are no more. */
static char *part(unsigned n, size_t *bytes)
{
    char *data, *bss;
    size_t data_bytes, bss_bytes;

    linux_state(&data, &data_bytes, &bss, &bss_bytes);
    *bytes = n ? bss_bytes : data_bytes;
    if (n < 2)
        return n ? bss : data;
    return linux_file.more_state ? linux_file.more_state(n - 2, bytes) : NULL;
}

static void copy_state(void *copy, bool back)
{
    char *at, *of = copy;
    size_t bytes;

    for (unsigned n = 0; (at = part(n, &bytes)); n++, of += bytes)
        linux_copy(back ? at : of, back ? of : at, bytes);
}

void linux_copies_describe(struct subject *subject)
{
    size_t bytes;

    for (unsigned n = 0; part(n, &bytes); n++)
        subject->state_bytes += bytes;
    subject->copy_state = copy_state;
}

UNINSTRUMENTED_END
