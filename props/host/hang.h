/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A call without an end that passes no sync point, which the countdown of sync.h cannot see. A
 * timer on the CPU time of the process looks whether the running case got any further: a
 * call was begun or a sync point was passed. If not for hang_ticks in a row, the case ends as
 * HANG. A process that is stopped, or waits for a CPU, does not get any older.
 */
#ifndef PROPS_HOST_HANG_H
#define PROPS_HOST_HANG_H

#include "core/geometry.h"

#define HANG_TICK_MS 50

/* Many times what the harness itself takes between two calls; a look at a big tree takes longest.
 */
enum {
    HANG_TICKS = (MAX_P2M_PFN > 65536 ? 5000 : 1000) / HANG_TICK_MS,
    HANG_TICKS_KNOWN = HANG_TICKS / 5
};

/* The patience: HANG_TICKS, or HANG_TICKS_KNOWN while such a call is expected. */
extern unsigned hang_ticks;

/* The cases that the timer ended. */
extern unsigned hang_count;

/* Starts the timer in this process and thread (host_start does it); once more after a fork. */
void hang_watch(void);

#endif
