/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The accesses of litmus tests (props/tests/test_store_buffer.c). Those of litmus.c are compiled as
 * a kernel's file is; its address is NULL in programs without a kernel.
 */
#ifndef PROPS_SUBJECTS_LINUX_LITMUS_H
#define PROPS_SUBJECTS_LINUX_LITMUS_H

typedef unsigned long litmus_word;

/* Each makes one access, with its sync point before it. A lock is free at 0. */
struct litmus_accesses {
    litmus_word (*load)(const litmus_word *p);
    void (*store)(litmus_word *p, litmus_word value);
    void (*locked)(litmus_word *p, litmus_word value); /* a store by compare-and-swap */
    void (*mfence)(void);
    void (*take)(int *lock);
    void (*drop)(int *lock);
};

extern const struct litmus_accesses linux_litmus __attribute__((weak));

#endif
