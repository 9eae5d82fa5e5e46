// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See fiber.h. A violation in a fiber writes the verdict and pauses for ever: only the main
 * stack jumps. Jumping from one stack to another would be undefined.
 */
#define _GNU_SOURCE /* pthread_getattr_np */
#include "fiber.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "props/base/asan.h"
#include "props/base/uninstrumented.h"
#include "props/base/verdict.h"

#if defined(__x86_64__) && !defined(FIBER_BY_UCONTEXT)
#define BY_HAND 1
#else
#define BY_HAND 0
#include <ucontext.h>
#endif

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TSAN_IS_ON 1
#include <sanitizer/tsan_interface.h>
#endif
#if __has_feature(memory_sanitizer)
#define MSAN_IS_ON 1
#include <sanitizer/msan_interface.h>
#endif
#endif

UNINSTRUMENTED_BEGIN

/* A function that may never return: ASan's marks of its frame would stay (HARNESS_SANITIZED). */
#define UNMARKED __attribute__((no_sanitize_address))

static struct fiber {
    void (*body)(unsigned index);
    bool begun, ended;
    void *fake_stack; /* ASan's */
    void *tsan;
#if BY_HAND
    void *stack_pointer;
#else
    ucontext_t context;
#endif
} fibers[FIBERS], main_fiber;

static char stacks[FIBERS][FIBER_STACK] __attribute__((aligned(4096)));
static struct fiber *current = &main_fiber;
static bool escaped;           /* a violation ended the fiber that ran last */
static bool unwinding;         /* so the others only leave */
static bool dirty[FIBERS];     /* its stack has ASan's marks of functions that never returned */
static const void *main_stack; /* as ASan and MSan know it */
static size_t main_stack_size;

int fiber_running = -1;
uintptr_t fiber_stack_low, fiber_stack_bytes;
static uintptr_t whole_low, whole_bytes; /* the main stack, as the system knows it */

__attribute__((constructor)) static void find_main_stack(void)
{
    pthread_attr_t attributes;
    void *low = NULL;
    size_t bytes = 0;

    if (!pthread_getattr_np(pthread_self(), &attributes)) {
        pthread_attr_getstack(&attributes, &low, &bytes);
        pthread_attr_destroy(&attributes);
    }
    fiber_stack_low = whole_low = (uintptr_t)low;
    fiber_stack_bytes = whole_bytes = bytes;
}

/* ---- the switch ---- */

#if BY_HAND
/* Saves what a call must preserve and the stack pointer in *save; continues on `stack_pointer`. */
void fiber_swap_stacks(void **save, void *stack_pointer);
__asm__(".text\n"
        ".globl fiber_swap_stacks\n"
        ".hidden fiber_swap_stacks\n"
        ".type fiber_swap_stacks, @function\n"
        "fiber_swap_stacks:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n"
        ".size fiber_swap_stacks, . - fiber_swap_stacks\n");
#endif

static unsigned index_of(const struct fiber *fiber)
{
    return (unsigned)(fiber - fibers);
}

UNMARKED static void announce(struct fiber *from, struct fiber *to, bool for_ever)
{
    const void *stack = to == &main_fiber ? main_stack : stacks[index_of(to)];
    size_t size = to == &main_fiber ? main_stack_size : FIBER_STACK;

    (void)from, (void)for_ever, (void)stack, (void)size;
#if ASAN_IS_ON
    __sanitizer_start_switch_fiber(for_ever ? NULL : &from->fake_stack, stack, size);
#elif defined(MSAN_IS_ON)
    __msan_start_switch_fiber(stack, size);
#elif defined(TSAN_IS_ON)
    __tsan_switch_to_fiber(to->tsan, 0);
#endif
}

/* On the new stack. */
UNMARKED static void arrive(void)
{
#if ASAN_IS_ON || defined(MSAN_IS_ON)
    const void *old;
    size_t size;

#if ASAN_IS_ON
    __sanitizer_finish_switch_fiber(current->fake_stack, &old, &size);
#else
    __msan_finish_switch_fiber(&old, &size);
#endif
    if (current != &main_fiber) {
        main_stack = old;
        main_stack_size = size;
    }
#endif
}

UNMARKED static void go(struct fiber *to, bool for_ever)
{
    struct fiber *from = current;

    announce(from, to, for_ever);
    current = to;
    fiber_running = to == &main_fiber ? -1 : (int)index_of(to);
    fiber_stack_low = to == &main_fiber ? whole_low : (uintptr_t)stacks[index_of(to)];
    fiber_stack_bytes = to == &main_fiber ? whole_bytes : FIBER_STACK;
#if BY_HAND
    fiber_swap_stacks(&from->stack_pointer, to->stack_pointer);
#else
    swapcontext(&from->context, &to->context);
#endif
    arrive();
}

/* The first function of each fiber. It never returns. */
UNMARKED static void begin(void)
{
    struct fiber *self;

    arrive();
    self = current;
    self->body(index_of(self));
    self->ended = true;
    go(&main_fiber, true);
}

/* For ever; its stack keeps ASan's marks of functions that did not return. */
UNMARKED static void leave(void)
{
    dirty[index_of(current)] = true;
    current->ended = true;
    go(&main_fiber, true);
}

/* violated() in a fiber. */
UNMARKED static void escape(void)
{
    escaped = true;
    leave();
}

/* Those that pause leave too, since ASan has a fake stack for each. */
static void unwind(void)
{
    unwinding = true;
    for (unsigned i = 0; i < FIBERS; i++)
        if (fibers[i].begun && !fibers[i].ended)
            go(&fibers[i], false);
    unwinding = false;
}

/* ---- fiber.h ---- */

void fiber_start(unsigned index, void (*body)(unsigned index))
{
    struct fiber *fiber = &fibers[index];
    char *stack = stacks[index];

    if (fiber->begun && !fiber->ended) /* the main stack ended the case while it paused */
        dirty[index] = true;
    fiber->body = body;
    fiber->begun = fiber->ended = false;
    fiber->fake_stack = NULL;
    if (dirty[index])
        __asan_unpoison_memory_region(stack, FIBER_STACK);
    dirty[index] = false;
#ifdef TSAN_IS_ON
    if (!fiber->tsan)
        fiber->tsan = __tsan_create_fiber(0);
    main_fiber.tsan = __tsan_get_current_fiber();
#endif
#if BY_HAND
    {
        /* six registers, where to go, and an address to which nobody returns */
        void *top[8] = {0};

        top[6] = (void *)(uintptr_t)begin;
        fiber->stack_pointer = memcpy(stack + FIBER_STACK - sizeof(top), top, sizeof(top));
    }
#else
    getcontext(&fiber->context);
    fiber->context.uc_stack.ss_sp = stack;
    fiber->context.uc_stack.ss_size = FIBER_STACK;
    fiber->context.uc_link = NULL;
    makecontext(&fiber->context, begin, 0);
#endif
}

bool fiber_run(unsigned index)
{
    verdict_leave = escape;
    fibers[index].begun = true;
    go(&fibers[index], false);
    verdict_leave = NULL;
    if (escaped) {
        escaped = false;
        unwind();
        verdict_jump();
    }
    return fibers[index].ended;
}

UNMARKED void fiber_pause(void)
{
    go(&main_fiber, false);
    if (unwinding)
        leave();
}

UNINSTRUMENTED_END
