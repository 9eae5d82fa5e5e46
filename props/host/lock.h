/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locks of a subject. A call that wants a held lock waits: the scheduler of overlapping calls
 * (props/run/schedule.c) lets others run until the lock is free. Where no call can run, the wait
 * has no end: DEADLOCK.
 */
#ifndef PROPS_HOST_LOCK_H
#define PROPS_HOST_LOCK_H

/*
 * Takes the lock: *held becomes 1; drops it. The subject has a sync point before each of them. A
 * take is a fence. A drop is a store: a call with a store buffer may keep it to itself for a while.
 */
void lock_take(int *held);
void lock_drop(int *held);

/* In a fiber, of the scheduler: pauses the running call; returns when it may look again. */
extern void (*lock_wait)(void);

/* Locks that were taken and dropped in this process. A waiting call is worth a look after a drop.
 */
extern unsigned lock_takes, lock_drops;

#endif
