// SPDX-License-Identifier: GPL-2.0-or-later
/* Ends a call that passes no sync point: see hang.h. */
#include "hang.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

#include "props/base/uninstrumented.h"
#include "props/base/verdict.h"
#include "sync.h"

UNINSTRUMENTED_BEGIN

unsigned hang_ticks = HANG_TICKS;
unsigned hang_count;

static pthread_t watched;

static void on_tick(int number)
{
    static unsigned calls, left, still;

    (void)number;
    if (!pthread_equal(pthread_self(), watched))
        return;
    if (!verdict_is_open() || calls != sync_calls || left != sync_left()) {
        calls = sync_calls;
        left = sync_left();
        still = 0;
        return;
    }
    if (++still < hang_ticks)
        return;
    still = 0;
    hang_count++;
    violated(HANG, "expected a call to end, got neither that nor a sync point in %u ms of CPU time",
             hang_ticks * HANG_TICK_MS);
}

void hang_watch(void)
{
    const struct timeval tick = {0, HANG_TICK_MS * 1000};
    const struct itimerval timer = {tick, tick};
    struct sigaction action;

    watched = pthread_self();
    memset(&action, 0, sizeof(action));
    action.sa_handler = on_tick;
    action.sa_flags = SA_RESTART | SA_NODEFER; /* violated() does not return */
    sigaction(SIGVTALRM, &action, NULL);
    setitimer(ITIMER_VIRTUAL, &timer, NULL);
}

UNINSTRUMENTED_END
