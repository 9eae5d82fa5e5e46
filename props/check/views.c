// SPDX-License-Identifier: GPL-2.0-or-later
/* Lookups other than get, the reverse ones among them, and dumps: see checks.h. */
#include "checks.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

/* The hypervisor's table of a frame that is nobody's. */
#define NOWHERE ((p2m_word)0x5555555555555555)

/* Beyond, it has no entry. */
#define HYPERVISOR_MFNS ((uint64_t)1 << 40)

static void expect(enum other_view view, p2m_word where, p2m_word back, p2m_word want)
{
    static const char *const words[VIEW_KINDS] = {
#define X(name, word) word,
        OTHER_VIEWS(X)
#undef X
    };
    p2m_word got;

    sync_arm_limit();
    if (!run.subject->other_view(view, where, back, &got))
        return;
    run.tally.checks++;
    if (got != want)
        violated(OTHER_VIEWS_AGREE, "%s 0x%llx: expected 0x%llx, got 0x%llx", words[view],
                 HEX(where), HEX(want), HEX(got));
}

static bool hypervisor_has(uint64_t mfn)
{
    return mfn < HYPERVISOR_MFNS;
}

static bool is_identity(p2m_word pfn)
{
    return pfn < MAX_P2M_PFN && model_get(&run.oracle.model, pfn) == ENTRY_IDENTITY_OF(pfn);
}

/*
 * The frame at `pfn`. The hypervisor has a PFN for each frame, but that of a foreign one is
 * another domain's: here it is `pfn` as well, which must not mislead.
 */
static void reverse(p2m_word pfn, p2m_word entry)
{
    p2m_word mfn = entry_mfn(entry), back = entry & ENTRY_IDENTITY_BIT ? NOWHERE : pfn;
    p2m_word want = entry_is_plain(entry) ? pfn : is_identity(mfn) ? mfn : INVALID_P2M_ENTRY;

    if (entry == INVALID_P2M_ENTRY || !hypervisor_has(mfn))
        return;
    expect(VIEW_LOCAL_PFN, mfn, back, entry_is_plain(entry) ? pfn : INVALID_P2M_ENTRY);
    if (want == INVALID_P2M_ENTRY && mfn >= MAX_P2M_PFN)
        return; /* there may be devices beyond the table */
    expect(VIEW_MFN_TO_PFN, mfn, back, want);
    expect(VIEW_GFN_TO_PFN, mfn, back, want);
    expect(VIEW_MACHINE_TO_PHYS, mfn, back, want);
}

static void views_at(p2m_word pfn)
{
    p2m_word entry = model_get(&run.oracle.model, pfn);

    expect(VIEW_ENTRY, pfn, 0, entry);
    expect(VIEW_VALID, pfn, 0, entry != INVALID_P2M_ENTRY);
    expect(VIEW_PFN_TO_GFN, pfn, 0, entry_mfn(entry));
    if (entry == INVALID_P2M_ENTRY || hypervisor_has(entry_mfn(entry))) /* it is an address */
        expect(VIEW_PHYS_TO_MACHINE, pfn, 0, entry_mfn(entry));
    reverse(pfn, entry);
}

/* ---- dumps ---- */

static p2m_word dumped; /* all below it */

static const char *word_of(p2m_word entry)
{
    if (entry == INVALID_P2M_ENTRY)
        return "missing";
    return entry & ENTRY_IDENTITY_BIT ? "identity" : "pfn";
}

/* The first letters tell the words apart. An MFN of 0 may count as abnormal. */
static void dump_line(p2m_word first, p2m_word end, const char *word)
{
    if (first != dumped)
        violated(OTHER_VIEWS_AGREE, "the dump goes on at PFN 0x%llx: expected 0x%llx", HEX(first),
                 HEX(dumped));
    for (p2m_word pfn = first; pfn < end && pfn < MAX_P2M_PFN; pfn++) {
        p2m_word entry = model_get(&run.oracle.model, pfn);
        const char *want = word_of(entry);

        if (*word != *want && !(entry == 0 && *word == 'a') && !run_waives(OTHER_VIEWS_AGREE, pfn))
            violated(OTHER_VIEWS_AGREE, "PFN 0x%llx in the dump: expected '%s', got '%s'", HEX(pfn),
                     want, word);
    }
    dumped = end;
}

/* Both ends of what the boot remapped, and a frame beside it. */
static void remapped_views(void)
{
    for (unsigned i = 0; i < BOOT_NVS && run.subject->remaps && run.published; i++) {
        unsigned pages = run.subject->remaps(i);
        p2m_word pfn = run.c->boot.setup.nvs[i].pfn;

        expect(VIEW_IOREMAP, MFN_OF_NVS(i, 0xffff), 0, MFN_OF_NVS(i, 0xffff));
        if (!pages)
            continue;
        expect(VIEW_IOREMAP, MFN_OF_NVS(i, 0), 0, pfn);
        expect(VIEW_IOREMAP, MFN_OF_NVS(i, pages - 1), 0, pfn + pages - 1);
    }
}

static void check_dump(void)
{
    p2m_word end;

    dumped = 0;
    end = run.subject->dump(dump_line);
    while (dumped < end && model_get(&run.oracle.model, dumped) == 0)
        dumped++;
    if (dumped != end)
        violated(OTHER_VIEWS_AGREE, "the dump ends at PFN 0x%llx: expected 0x%llx", HEX(dumped),
                 HEX(end));
}

void checks_other_views(const struct op *op)
{
    p2m_word pfn = op && op_names_pfn(op->kind) ? (p2m_word)op->pfn : 0;

    if (!run.subject->other_view || !run_is_sampled())
        return;
    run_count_check(OTHER_VIEWS_AGREE);
    if (pfn < MAX_P2M_PFN)
        views_at(pfn);
    else
        expect(VIEW_ENTRY, pfn, 0, INVALID_P2M_ENTRY);
    if (op && op->kind == OP_RANGE && op->arg - 1 < MAX_P2M_PFN)
        views_at((p2m_word)op->arg - 1);
    remapped_views();
    if (run.subject->dump && MODEL_LITERAL && run_is_last())
        check_dump();
}

UNINSTRUMENTED_END
