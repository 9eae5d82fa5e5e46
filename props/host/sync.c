// SPDX-License-Identifier: GPL-2.0-or-later
/* The countdown of sync points: see sync.h. */
#include "sync.h"

#include <stddef.h>

#include "core/geometry.h"
#include "props/base/uninstrumented.h"
#include "props/base/verdict.h"

UNINSTRUMENTED_BEGIN

unsigned p2m_sync_left, sync_calls;

static unsigned armed_with;
static void (*at_zero)(void);

void sync_arm(unsigned left, void (*hook)(void))
{
    sync_calls++;
    p2m_sync_left = armed_with = left;
    at_zero = hook;
}

bool sync_was_passed(void)
{
    return p2m_sync_left != armed_with;
}

void sync_arm_limit(void)
{
    sync_arm(SYNC_LIMIT, NULL);
}

void p2m_sync_reached(void)
{
    if (!at_zero)
        violated(HANG, "expected a call to end, got past %u sync points", SYNC_LIMIT);
    at_zero();
}

#ifdef P2M_SYNC_IS_A_CALL
void p2m_sync(void)
{
    if (--p2m_sync_left == 0)
        p2m_sync_reached();
}
#endif

UNINSTRUMENTED_END
