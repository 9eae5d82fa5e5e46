/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Store buffers: x86's TSO for calls that alternate (schedule.h), in a case with the flag `tso`.
 * Each call runs on a CPU of its own. A store goes to the buffer of its CPU and is visible to the
 * call itself at once, to others only when the buffer drains, oldest first. A compare-and-swap, a
 * fence (props/host/sync.h), a switch that does not keep the buffer, and the end of the call
 * drain all of it.
 *
 * No store is intercepted. Before each one the old value is noted. At a switch that keeps the
 * buffer its stores are undone; when the call goes on they are made again:
 *
 *     A runs      x = 1            stored; noted: x was 0
 *     switch ~    x = 0            undone; B runs and reads 0, or stores x = 2
 *     A goes on   x = 1            made again; noted: x was 2
 *
 * So a store that drains late overwrites what another call has stored meanwhile, as on x86. One
 * thing is wider than x86: a load that a buffered store covers in part does not drain it.
 */
#ifndef PROPS_RUN_STORE_BUFFER_H
#define PROPS_RUN_STORE_BUFFER_H

#include <stdbool.h>

#define STORE_BUFFER_MAX 64 /* stores; when one more comes, the oldest drains */

/* An overlap begins: its calls have buffers, all empty. */
void store_buffer_begin(void);

/* It is over, or a violation has ended it: no call has a buffer. */
void store_buffer_end(void);

/* Between the two; else the functions below do nothing. */
bool store_buffer_is_on(void);

/*
 * Call `call` (0 .. OVERLAP_CALLS - 1) goes on: its stores are made again. On the main stack. A
 * store to a page that was freed meanwhile is CORE_BUG.
 */
void store_buffer_resume(unsigned call);

/*
 * The call stops, and another one goes on. keep as in struct turn: 0: the buffer drains; n: its
 * n - 1 oldest stores drain.
 */
void store_buffer_stop(unsigned call, unsigned keep);

/* In the call, behind its last access: a sync point, where a switch may keep the buffer; then
   it drains. */
void store_buffer_call_ends(void);

/* The stores that switches have kept since store_buffer_begin. */
unsigned store_buffer_kept(void);

#endif
