/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The invariants by name. The same name is used here, in failure messages,
 * in DEDUP_TOKEN, in file names of crashers and in the documents. Their order is
 * the order of judgement: a report names the first one that is violated.
 *
 * Each has a sentence that never changes, and a function of its own in the call
 * stack of its report, so that a fuzzing service can tell them apart.
 */
#ifndef PROPS_BASE_INVARIANTS_H
#define PROPS_BASE_INVARIANTS_H

#include <stdnoreturn.h>

#include "core/geometry.h"

/* X(name, function in the stack of its report, sentence) */
#define INVARIANTS(X)                                                                              \
    X(CORE_BUG, called_bug, "the p2m reported a bug of its caller or its own")                     \
    X(CORE_WARNED, printed_a_warning, "the p2m warned about something odd")                        \
    X(DEADLOCK, waits_for_ever, "some call can always go on, whoever holds which lock")            \
    X(HANG, never_came_back, "a call went on and on without an end")                               \
    X(IDENTITY_PAGE_UNTOUCHED, wrote_p2m_identity,                                                 \
      "the shared page p2m_identity is never written")                                             \
    X(MISSING_PAGE_UNTOUCHED, dirtied_missing_leaf, "nobody writes into p2m_missing")              \
    X(MID_MISSING_UNTOUCHED, bent_mid_missing_slot, "slots of p2m_mid_missing stay as made")       \
    X(MID_IDENTITY_UNTOUCHED, damaged_shared_gib,                                                  \
      "a mid under p2m_mid_identity is copied before any change")                                  \
    X(TREE_SHAPE, tree_is_malformed, "all pointers lead to live pages and no page is met twice")   \
    X(PAGE_LEDGER, leaks_or_loses_pages, "allocated less freed equals reachable")                  \
    X(RESULT_MATCHES_MODEL, answered_wrongly, "the answer of a call is the flat array's")          \
    X(FAILED_CALL_UNCHANGED, left_traces_on_failure, "after a refusal everything is as before")    \
    X(RANGE_PREFIX, range_did_something_else,                                                      \
      "of a range exactly the first n PFNs became identity")                                       \
    X(GET_MATCHES_MODEL, lookup_differs, "get reads for each PFN what a flat array holds")         \
    X(PFN_TO_MFN, translation_keeps_bits, "pfn_to_mfn strips entries of both flag bits")           \
    X(OTHER_VIEWS_AGREE, views_disagree, "reverse lookups, helpers and dumps say what get says")   \
    X(PAGE_COST, spends_too_much, "no call takes more memory than necessary")                      \
    X(RESUME_TAKES_NO_PAGE, resume_asks_for_memory, "a domain resumes without asking for a page")  \
    X(MFN_TREE_MIRRORS, mfn_tree_out_of_step, "the tree of MFNs mirrors pointers one to one")      \
    X(MAX_PFN_COVERS, scan_limit_off, "max_pfn ends with the last private leaf")                   \
    X(TOOLSTACK_SEES_ALL, lost_in_migration, "save and restore find every frame of a guest")       \
    X(GRANTS_ACCOUNTED, grants_not_accounted_for,                                                  \
      "grants in table, book and hypervisor are one set")                                          \
    X(LINEARIZABLE, race_has_no_order, "two overlapping calls look like one after another")        \
    X(RANGE_IS_SINGLES, range_unlike_singles, "one range does what single sets would do")          \
    X(DISJOINT_COMMUTE, neighbours_interfere, "calls on different PFNs can change places")         \
    X(IDENTITY_IDEMPOTENT, repetition_matters, "doing an identity twice equals doing it once")     \
    X(SET_RESTORE, cannot_put_it_back, "writing back an old value restores all reads")             \
    X(RESUME_INVISIBLE, resume_shows, "migration alters plain frames and nothing else")            \
    X(DETERMINISM, same_input_other_result, "running one input again gives identical output")      \
    X(CASE_ROUND_TRIP, face_lost_something, "bytes and text of a case say one and the same")       \
    X(SETUP_FRAMES_ACCOUNTED, boot_loses_frames,                                                   \
      "every frame of a guest is entered once or was given back")                                  \
    X(SETUP_ONLY_OUR_FRAMES, boot_takes_foreign_frames,                                            \
      "a boot enters, maps and releases nothing but its own frames")                               \
    X(SETUP_RAM_HAS_FRAME, boot_has_hollow_ram, "memory listed as usable is backed, or is extra")  \
    X(SETUP_EXTRA_IS_EMPTY, boot_fills_extra_memory, "extra memory is where no frame is yet")      \
    X(SETUP_RAM_ALIGNED, boot_splits_a_page, "usable regions consist of whole pages")              \
    X(SETUP_HOLES_ARE_IDENTITY, boot_hides_a_device, "holes and firmware are mapped one to one")   \
    X(SETUP_UNUSABLE_IS_RAM, boot_maps_broken_memory, "unusable memory stays ordinary memory")     \
    X(SETUP_IMAGE_STAYS, boot_cuts_its_own_branch, "kernel, tables, list and initrd stay intact")  \
    X(SETUP_LIST_REACHES, boot_list_is_short, "the list and its published end cover all memory")   \
    X(SETUP_NOTHING_WRAPS, boot_counts_around, "no size or address of a boot goes beyond the end") \
    X(SETUP_BUFFER_IS_OURS, boot_scribbles_elsewhere, "only frames of ours carry the remap list")

enum invariant {
    INVARIANT_NONE,
#define X(name, function, sentence) name,
    INVARIANTS(X)
#undef X
        INVARIANT_COUNT
};

/* "GET_MATCHES_MODEL"; "none" for INVARIANT_NONE. */
const char *invariant_name(enum invariant id);

/* The constant sentence. */
const char *invariant_sentence(enum invariant id);

/* The invariant of that name, or INVARIANT_NONE. */
enum invariant invariant_by_name(const char *name);

/*
 * Prints the report's first lines (`ASSERTION FAILED: <sentence>`, DEDUP_TOKEN),
 * then calls `details`, then aborts, all from within the invariant's own function.
 */
noreturn void invariant_report(enum invariant id, void (*details)(void *ctx), void *ctx);

#endif
