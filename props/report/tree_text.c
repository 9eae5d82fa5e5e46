// SPDX-License-Identifier: GPL-2.0-or-later
/* Draws run.view: see tree.h. */
#include "props/base/uninstrumented.h"
#include "props/check/run.h"
#include "tree.h"

UNINSTRUMENTED_BEGIN

static FILE *drawing;

const char *const tree_look_names[TREE_LOOKS] = {"INVALID", "IDENTITY", "MFN", "FOREIGN",
                                                 "MALFORMED"};

/* "[3..487]", in a column of its own. */
static void slots(const char *indent, unsigned from, unsigned to)
{
    char text[32];

    if (from == to)
        snprintf(text, sizeof(text), "[%u]", from);
    else
        snprintf(text, sizeof(text), "[%u..%u]", from, to);
    fprintf(drawing, "%s%-12s ", indent, text);
}

/* True if the page belongs to the tree, so that it may be read. */
static bool is_live(const void *page)
{
    int index = host_page_index(page);

    return index >= 0 && host.state[index] == HOST_LIVE;
}

enum tree_look tree_look_at(p2m_word entry, p2m_word pfn)
{
    if (entry == INVALID_P2M_ENTRY)
        return LOOK_INVALID;
    if (entry == ENTRY_IDENTITY_OF(pfn))
        return LOOK_IDENTITY;
    if (entry & ENTRY_IDENTITY_BIT)
        return LOOK_ODD;
    return entry & ENTRY_FOREIGN_BIT ? LOOK_FOREIGN : LOOK_MFN;
}

p2m_word tree_value(p2m_word entry)
{
    return entry & ~(ENTRY_FOREIGN_BIT | ENTRY_IDENTITY_BIT);
}

static bool carries_on(const p2m_word *leaf, unsigned i, p2m_word base)
{
    enum tree_look look = tree_look_at(leaf[i - 1], base + i - 1);

    if (look != tree_look_at(leaf[i], base + i))
        return false;
    return look == LOOK_INVALID || look == LOOK_IDENTITY || leaf[i] == leaf[i - 1] + 1;
}

unsigned tree_run_end(const p2m_word *leaf, unsigned from, p2m_word base)
{
    unsigned to = from + 1;

    while (to < P2M_LEAF && carries_on(leaf, to, base))
        to++;
    return to;
}

static void draw_entries(const p2m_word *leaf, p2m_word base)
{
    for (unsigned from = 0, to; from < P2M_LEAF; from = to) {
        enum tree_look look = tree_look_at(leaf[from], base + from);
        p2m_word value = tree_value(leaf[from]);

        to = tree_run_end(leaf, from, base);
        slots("              |     |  ", from, to - 1);
        fprintf(drawing, "%s", tree_look_names[look]);
        if (look != LOOK_INVALID)
            fprintf(drawing, " 0x%llx", (unsigned long long)value);
        if (look != LOOK_INVALID && to - from > 1)
            fprintf(drawing, "..0x%llx", (unsigned long long)value + (to - from - 1));
        fprintf(drawing, "\n");
    }
}

static void draw_leaf(const p2m_word *leaf, p2m_word base)
{
    bool grafted = host_list_index(leaf) >= 0;

    if (leaf == run.view.missing) {
        fprintf(drawing, "-> p2m_missing\n");
    } else if (leaf == run.view.identity) {
        fprintf(drawing, "-> p2m_identity\n");
    } else if (!grafted && !is_live(leaf)) {
        fprintf(drawing, "-> not a live page\n");
    } else {
        fprintf(drawing, "-> leaf (%s), PFN 0x%llx..0x%llx\n", grafted ? "mfn_list" : "private",
                (unsigned long long)base, (unsigned long long)(base + P2M_LEAF - 1));
        draw_entries(leaf, base);
    }
}

static void draw_mid(p2m_word **mid, unsigned ti)
{
    for (unsigned from = 0, to; from < P2M_MID; from = to) {
        to = from + 1;
        while (to < P2M_MID && run_leaf_is_shared(mid[from]) && mid[to] == mid[from])
            to++;
        slots("        |     ", from, to - 1);
        draw_leaf(mid[from], ti * P2M_MID_SPAN + from * (p2m_word)P2M_LEAF);
    }
}

void tree_costs(FILE *out)
{
    unsigned mids = 0, leaves = 0, grafted = 0, mfn_pages = 0;

    for (unsigned ti = 0; ti < P2M_TOP; ti++) {
        p2m_word **mid = run.view.top[ti];

        mfn_pages += run.view.top_mfn && run.view.top_mfn_p[ti] != run.view.mid_missing_mfn;
        if (run_mid_is_shared(mid) || !is_live(mid))
            continue;
        mids++;
        for (unsigned mi = 0; mi < P2M_MID; mi++) {
            grafted += host_list_index(mid[mi]) >= 0;
            leaves += is_live(mid[mi]) && !run_leaf_is_shared(mid[mi]);
        }
    }
    fprintf(
        out, "tree pages: %u (mids %u, leaves %u); grafted leaves %u; MFN pages %u; max_pfn 0x%llx",
        mids + leaves, mids, leaves, grafted, mfn_pages, (unsigned long long)host.info->max_pfn);
}

static const p2m_word *list_page(unsigned page)
{
    return run.view.top[page / P2M_MID][page % P2M_MID];
}

/* A list without mids, as pages one after the other; the shared ones in runs. */
static void draw_list(void)
{
    unsigned private = 0, pages = P2M_TOP * P2M_MID;

    fprintf(drawing, "the list, %u pages of %u PFNs\n", pages, P2M_LEAF);
    for (unsigned from = 0, to; from < pages; from = to) {
        bool is_shared = run_leaf_is_shared(list_page(from));

        to = from + 1;
        while (to < pages && is_shared && list_page(to) == list_page(from))
            to++;
        private += !is_shared;
        slots("        |     ", from, to - 1);
        draw_leaf(list_page(from), from * (p2m_word)P2M_LEAF);
    }
    fprintf(drawing, "private pages of the list: %u; max_pfn 0x%llx\n", private,
            (unsigned long long)host.info->max_pfn);
}

void tree_text(FILE *out)
{
    p2m_word ***top = run.view.top;

    drawing = out;
    if (!top) {
        fprintf(out, "no tree: the guest is auto-translated\n");
        return;
    }
    if (run.view.synthetic_view) {
        draw_list();
        return;
    }
    fprintf(out, "p2m_top, %u x %u x %u\n", P2M_TOP, P2M_MID, P2M_LEAF);
    for (unsigned from = 0, to; from < P2M_TOP; from = to) {
        to = from + 1;
        while (to < P2M_TOP && run_mid_is_shared(top[from]) && top[to] == top[from])
            to++;
        slots("  ", from, to - 1);
        if (top[from] == run.view.mid_missing) {
            fprintf(out, "-> p2m_mid_missing\n");
        } else if (top[from] == run.view.mid_identity) {
            fprintf(out, "-> p2m_mid_identity\n");
        } else if (!is_live(top[from])) {
            fprintf(out, "-> not a live page\n");
        } else {
            fprintf(out, "-> mid (private)\n");
            draw_mid(top[from], from);
        }
    }
    tree_costs(out);
    fprintf(out, "\n");
}

UNINSTRUMENTED_END
