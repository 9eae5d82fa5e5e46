// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Target `setup` as a subject: each case is a guest that boots, then calls on it. See guest.h for
 * the kernel's side, and props/check/setup.h for what is judged.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../harness.h"
#include "../platform.h"
#include "harness.h"
#include "props/base/uninstrumented.h"
#include "props/check/run.h"
#include "props/host/host.h"
#include "props/host/sync.h"

UNINSTRUMENTED_BEGIN

static struct setup_guest guest;
static struct setup_seen seen;
static bool booted;
static jmp_buf refused;
static const char *refused_why;

/* ---- functions of the harness for the files ---- */

void linux_setup_event(enum setup_event event, unsigned long number)
{
    setup_event(event, number);
}

void linux_setup_refuses(const char *why)
{
    refused_why = why;
    longjmp(refused, 1);
}

void linux_setup_goes_on(void)
{
    sync_arm_limit();
}

void linux_setup_hangs(const char *function, unsigned long rounds)
{
    violated(HANG, "expected an end of %s, its loops went round 0x%lx times", function, rounds);
}

static void *map_zeros(unsigned long bytes)
{
    char *room = host_must_map(mmap(NULL, bytes + SETUP_ALIGN, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));

    return room + (SETUP_ALIGN - (uintptr_t)room % SETUP_ALIGN) % SETUP_ALIGN;
}

/* What is big is mostly untouched. */
void *linux_setup_zeros(void *area, unsigned long bytes)
{
    if (!area)
        return map_zeros(bytes);
    if (bytes < 1ul << 20)
        return memset(area, 0, bytes);
    if (madvise(area, bytes, MADV_DONTNEED))
        abort();
    return area;
}

static void put_state_back(void)
{
    static char *pristine;

    linux_put_back(&pristine, linux_setup_state);
}

/* ---- the boot ---- */

/* False: the guest does not boot, by the kernel's design or because this world is too small. */
static bool boot(void)
{
    booted = false;
    refused_why = NULL;
    if (!setup_guest_make(run.c, &guest)) {
        refused_why = "the machine has too little RAM";
        return false;
    }
    setup_begin(&guest);
    put_state_back();
    if (setjmp(refused)) {
        setup_check_events();
        return false;
    }
    linux_setup_file.boot(&guest);
    linux_setup_file.look(&seen);
    seen.extra_spoils = setup_knows(LINUX_S13);
    seen.identity_shifts = setup_knows(LINUX_S17);
    seen.identity_loses = setup_knows(LINUX_S19);
    if (setup_knows(LINUX_S21))
        seen.extra_end = UINT64_MAX;
    if (setup_knows(LINUX_S15))
        seen.max_pfn = FRAMES_PFNS;
    setup_check(&seen);
    booted = true;
    return true;
}

/* ---- calls on the booted guest ---- */

static struct {
    unsigned count;
    struct {
        p2m_word pfn, entry;
    } at[4 * CASE_OPS]; /* of each op at most itself, its neighbours, and it again */
} written;              /* what the calls have stored */

static void note_written(p2m_word pfn, p2m_word entry)
{
    unsigned i = 0;

    while (i < written.count && written.at[i].pfn != pfn)
        i++;
    written.at[i].pfn = pfn;
    written.at[i].entry = entry;
    written.count += i == written.count;
}

static void check_written(void)
{
    run_count_check(GET_MATCHES_MODEL);
    for (unsigned i = 0; i < written.count; i++) {
        p2m_word got = linux_setup_file.get(written.at[i].pfn);

        if (got != written.at[i].entry)
            violated(GET_MATCHES_MODEL, "PFN 0x%" PRIx64 ": expected 0x%" PRIx64 ", got 0x%" PRIx64,
                     (uint64_t)written.at[i].pfn, (uint64_t)written.at[i].entry, (uint64_t)got);
    }
}

/* What a caller in the kernel may do: a sound entry, in the list, where none of its own pages is.
 */
static bool is_possible(const struct op *op)
{
    p2m_word pfn = (p2m_word)op->pfn;

    if (pfn >= seen.reach || pfn >= FRAMES_PFNS)
        return false;
    return !op_has_entry(op->kind) ||
           (linux_setup_file.set && !setup_knows(LINUX_S17) &&
            entry_is_sound(pfn, (p2m_word)op->arg) && !seen.is_reserved(pfn));
}

static uint64_t lookup(const struct op *op)
{
    p2m_word pfn = (p2m_word)op->pfn, entry = linux_setup_file.get(pfn);

    note_written(pfn, entry);
    if (op->kind == OP_GET)
        return entry;
    run_count_check(PFN_TO_MFN);
    if (linux_setup_file.pfn_to_mfn(pfn) != entry_mfn(entry))
        violated(PFN_TO_MFN, "PFN 0x%" PRIx64 ": expected 0x%" PRIx64 ", got 0x%lx", op->pfn,
                 (uint64_t)entry_mfn(entry), linux_setup_file.pfn_to_mfn(pfn));
    return entry_mfn(entry);
}

/* Its neighbours stay as they are. */
static uint64_t store(const struct op *op)
{
    p2m_word pfn = (p2m_word)op->pfn, entry = (p2m_word)op->arg;
    bool stored;

    for (p2m_word near = pfn ? pfn - 1 : 0; near <= pfn + 1 && near < seen.reach; near++)
        note_written(near, linux_setup_file.get(near));
    stored = op->kind == OP_SET ? linux_setup_file.set(pfn, entry)
                                : linux_setup_file.set_noalloc(pfn, entry);
    if (stored)
        note_written(pfn, entry);
    if (!stored && op->kind == OP_SET)
        violated(RESULT_MATCHES_MODEL, "expected true, got false, and no page was refused");
    return stored;
}

/* Where extra memory is beyond the table, and that is not judged, nor is what comes of it. */
static bool may_resume(void)
{
    for (unsigned i = 0; seen.extra_end == UINT64_MAX && i < seen.extra_count; i++)
        if (seen.extra[i].pfn + seen.extra[i].pages > FRAMES_PFNS)
            return false;
    return true;
}

/* False: the op is not made. */
static bool call(const struct op *op, uint64_t *result)
{
    *result = 0;
    if (op->kind == OP_RESUME && may_resume())
        linux_setup_file.resume();
    else if (!op_has_pfn(op->kind) || op->kind == OP_RANGE || !is_possible(op))
        return false;
    else
        *result = op_has_entry(op->kind) ? store(op) : lookup(op);
    check_written();
    return true;
}

/* The same, and false if this world has no page left for it. */
static bool try_call(const struct op *op, uint64_t *result)
{
    if (setjmp(refused)) {
        booted = false;
        return false;
    }
    return call(op, result);
}

static bool step(const struct op *op, uint64_t *result)
{
    *result = 0;
    if (!op) {
        written.count = 0;
        return boot();
    }
    if (op->kind == OP_E820)
        return true;
    return booted && try_call(op, result);
}

/* In their order; what the boot left is gone then. */
static void show_defects(FILE *out)
{
    static const char *const names[] = {
#define X(name, what) #name,
        LINUX_DEFECTS(X)
#undef X
    };
    uint64_t met = setup_met_by_map(run.c);

    fprintf(out, "known defects that this map can show:%s", met ? "" : " none");
    for (unsigned i = 0; i < LINUX_DEFECT_COUNT; i++)
        if (met >> i & 1)
            fprintf(out, " %s", names[i]);
    fprintf(out, "\n");
}

static void show(FILE *out)
{
    if (booted)
        setup_show(out, &guest, &seen);
    else
        fprintf(out, "it does not boot: %s\n", refused_why ? refused_why : "a finding ended it");
    show_defects(out);
}

const struct subject subject_setup = {
    .name = "setup",
    .step = step,
    .show = show,
};

UNINSTRUMENTED_END
