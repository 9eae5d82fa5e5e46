// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Draws run.view as a graph for graphviz: see tree.h. A node is a page: a strip with its
 * slots in true proportion, and a row for each run of slots, from which an arrow goes to the
 * page that the slots point at. dot sets the places, shared pages first in their column:
 *
 *     p2m_top -->  p2m_mid_missing -->  p2m_missing
 *                  mid, mid ..     -->  leaf, leaf ..
 *
 * Pages and rows have a limit, so that the picture is bounded in any geometry. What a slot is
 * shows in a word and not in the colour alone.
 */
#include <string.h>

#include "props/base/uninstrumented.h"
#include "props/check/run.h"
#include "tree.h"

UNINSTRUMENTED_BEGIN

enum {
    MOST_PAGES = 48, /* that are not shared; a stack of leaves that are alike counts once */
    MOST_ROWS = 20,  /* of a page */
    STRIP = 290      /* its width in points */
};

enum { TOP, MID, LEAF };
static const unsigned slots[] = {P2M_TOP, P2M_MID, P2M_LEAF};
static const p2m_word span[] = {P2M_MID_SPAN, P2M_LEAF, 1}; /* PFNs of a slot */

/* Equal neighbours among the slots of a page; `to` is exclusive. */
struct row {
    unsigned from, to;
    enum tree_look look; /* of pointers: INVALID missing, IDENTITY, MFN private */
    const char *word;
    bool arrow;
};

struct page {
    unsigned level;
    const void *at;
    p2m_word base; /* its first PFN */
    unsigned rows;
    struct row row[MOST_ROWS];
};

static FILE *graph;
static unsigned pages;               /* that are in it */
static char last_node[LEAF + 1][32]; /* of each column */

/* ---- what is on a page ---- */

static const p2m_word *leaf_at(const struct page *page, unsigned slot)
{
    return ((const p2m_word *const *)page->at)[slot];
}

static const void *pointer_at(const struct page *page, unsigned slot)
{
    return page->level == MID ? leaf_at(page, slot) : (const void *)run.view.top[slot];
}

static enum tree_look look_at(const struct page *page, unsigned slot)
{
    const void *below;

    if (page->level == LEAF)
        return tree_look_at(((const p2m_word *)page->at)[slot], page->base + slot);
    below = pointer_at(page, slot);
    if (below == run.view.missing || below == run.view.mid_missing)
        return LOOK_INVALID;
    return below == run.view.identity || below == run.view.mid_identity ? LOOK_IDENTITY : LOOK_MFN;
}

static bool is_grafted(const void *leaf)
{
    return host_list_index(leaf) >= 0;
}

/* Is each of two neighbours a leaf of one run, and are these of one look? */
static bool are_alike(const struct page *mid, unsigned slot)
{
    const p2m_word *leaf = leaf_at(mid, slot), *next = leaf_at(mid, slot + 1);
    p2m_word base = mid->base + slot * span[MID];

    return is_grafted(leaf) == is_grafted(next) && tree_run_end(leaf, 0, base) == P2M_LEAF &&
           tree_run_end(next, 0, base + P2M_LEAF) == P2M_LEAF &&
           tree_look_at(*leaf, base) == tree_look_at(*next, base + P2M_LEAF);
}

/* Of equal pointers, of leaves that are alike, or of pages that there is no room for. */
static unsigned run_end(const struct page *page, unsigned from)
{
    enum tree_look look = look_at(page, from);
    unsigned to = from + 1;

    if (page->level == LEAF)
        return tree_run_end(page->at, from, page->base);
    while (to < slots[page->level] && look_at(page, to) == look &&
           (look != LOOK_MFN || pages == MOST_PAGES ||
            (page->level == MID && are_alike(page, to - 1))))
        to++;
    return to;
}

static void add_row(struct page *page, unsigned from, unsigned to)
{
    struct row *row = &page->row[page->rows++];

    *row = (struct row){.from = from, .to = to, .look = look_at(page, from)};
    if (page->rows == MOST_ROWS && to < slots[page->level]) {
        *row = (struct row){from, slots[page->level], TREE_LOOKS, "more runs, not drawn", false};
    } else if (page->level == LEAF) {
        row->word = tree_look_names[row->look];
    } else if (row->look != LOOK_MFN) {
        row->word = row->look == LOOK_INVALID ? "missing" : "identity";
        row->arrow = true;
    } else if (pages == MOST_PAGES) {
        row->word = "private, not drawn";
    } else {
        row->word = "private";
        row->arrow = true;
        pages++;
    }
}

/* ---- printing ---- */

static unsigned long long number(p2m_word word)
{
    return word;
}

static void print_escaped(const char *text)
{
    for (; *text; text++)
        fprintf(graph, strchr("<>&\"\\", *text) ? "&#%d;" : "%c",
                *text >= ' ' && *text <= '~' ? *text : '?');
}

static void print_range(p2m_word first, p2m_word last)
{
    fprintf(graph, "0x%llx", number(first));
    if (last != first)
        fprintf(graph, "..0x%llx", number(last));
}

/* As an attribute. What is missing has none. */
static const char *colour_of(const struct row *row)
{
    static const char *const colours[TREE_LOOKS + 1] = {"",
                                                        " BGCOLOR=\"#f2c36b\"",
                                                        " BGCOLOR=\"#b9d4f1\"",
                                                        " BGCOLOR=\"#d8c2f2\"",
                                                        " BGCOLOR=\"#ff9d94\"",
                                                        ""};

    return colours[row->look];
}

static void print_strip(const struct page *page)
{
    fprintf(graph, "<TR><TD COLSPAN=\"3\"><TABLE COLOR=\"#3d444d\" BORDER=\"0\" CELLBORDER=\"1\" "
                   "CELLSPACING=\"0\" "
                   "CELLPADDING=\"0\"><TR>");
    for (const struct row *row = page->row; row < page->row + page->rows; row++) {
        unsigned width = (row->to - row->from) * STRIP / slots[page->level];

        fprintf(graph, "<TD FIXEDSIZE=\"TRUE\" WIDTH=\"%u\" HEIGHT=\"10\"%s></TD>",
                width < 3 ? 3 : width, colour_of(row)); /* to be seen at all */
    }
    fprintf(graph, "</TR></TABLE></TD></TR>\n");
}

/* Of pointers with their PFNs, of entries with their values. */
static void print_row(const struct page *page, const struct row *row)
{
    p2m_word first = page->base + row->from * span[page->level];

    fprintf(graph, "<TR><TD ALIGN=\"LEFT\" WIDTH=\"60\"%s>[%u", colour_of(row), row->from);
    if (row->to - row->from > 1)
        fprintf(graph, "..%u", row->to - 1);
    fprintf(graph,
            "]</TD><TD ALIGN=\"LEFT\" WIDTH=\"80\">%s</TD>"
            "<TD ALIGN=\"RIGHT\" WIDTH=\"136\" PORT=\"r%u\">",
            row->word, row->from);
    if (page->level == LEAF)
        first = tree_value(((const p2m_word *)page->at)[row->from]);
    if (row->look != TREE_LOOKS && (page->level != LEAF || row->look != LOOK_INVALID))
        print_range(first, first + (row->to - row->from) * span[page->level] - 1);
    fprintf(graph, "</TD></TR>\n");
}

/* `alike`: the page stands for so many leaves. */
static void print_head(const struct page *page, unsigned alike)
{
    bool grafted = page->level == LEAF && is_grafted(page->at);

    fprintf(graph,
            "n%u_%llx [penwidth=%d peripheries=%d label=<<TABLE BORDER=\"0\">\n"
            "<TR><TD COLSPAN=\"2\" ALIGN=\"LEFT\"><B>",
            page->level, number(page->base), 1 + grafted, 1 + (alike > 1));
    if (page->level == TOP)
        fprintf(graph, "p2m_top");
    else if (alike > 1)
        fprintf(graph, "%u alike, %s; the first:", alike, grafted ? "mfn_list" : "private");
    else
        fprintf(graph, "%s, %s", page->level == MID ? "mid" : "leaf",
                grafted ? "mfn_list (grafted)" : "private");
    fprintf(graph, "</B></TD><TD ALIGN=\"RIGHT\">PFN ");
    print_range(page->base, page->base + alike * slots[page->level] * span[page->level] - 1);
    fprintf(graph, "</TD></TR>\n");
}

static void print_arrow(const struct page *page, const struct row *row)
{
    fprintf(graph, "n%u_%llx:r%u:e -> n%u_", page->level, number(page->base), row->from,
            page->level + 1);
    if (row->look == LOOK_INVALID)
        fprintf(graph, "missing:w [color=\"#8c959f\" style=dashed weight=0]\n");
    else if (row->look == LOOK_IDENTITY)
        fprintf(graph, "identity:w [color=\"#9a5b00\" weight=0]\n");
    else
        fprintf(graph, "%llx:w\n", number(page->base + row->from * span[page->level]));
}

/* A place below the last page of the column, so that each column is in the order of PFNs. */
static void print_place(const struct page *page)
{
    char *above = last_node[page->level];

    fprintf(graph, "{rank=same %s -> ", above);
    snprintf(above, sizeof(last_node[0]), "n%u_%llx", page->level, number(page->base));
    fprintf(graph, "%s [style=invis]}\n", above);
}

/* A page with all that is below it; `alike`: it is the first of so many leaves. */
static void print_page(unsigned level, const void *at, p2m_word base, unsigned alike)
{
    struct page page = {.level = level, .at = at, .base = base};
    const struct row *row;

    for (unsigned from = 0, to; from < slots[level] && page.rows < MOST_ROWS; from = to) {
        to = run_end(&page, from);
        add_row(&page, from, to);
    }
    print_head(&page, alike);
    print_strip(&page);
    for (row = page.row; row < page.row + page.rows; row++)
        print_row(&page, row);
    fprintf(graph, "</TABLE>>]\n");
    if (level != TOP)
        print_place(&page);
    for (row = page.row; row < page.row + page.rows; row++) {
        if (row->arrow)
            print_arrow(&page, row);
        if (row->arrow && row->look == LOOK_MFN)
            print_page(level + 1, pointer_at(&page, row->from), base + row->from * span[level],
                       row->to - row->from);
    }
}

static const char shared_pages[] =
    "node [style=dashed]\n"
    "n1_missing [label=<<B>p2m_mid_missing</B><BR ALIGN=\"LEFT\"/>each slot: p2m_missing>]\n"
    "n1_identity [label=<<B>p2m_mid_identity</B><BR ALIGN=\"LEFT\"/>each slot: p2m_identity>]\n"
    "n2_missing [label=<<B>p2m_missing</B><BR ALIGN=\"LEFT\"/>each entry INVALID>]\n"
    "n2_identity [label=<<B>p2m_identity</B><BR ALIGN=\"LEFT\"/>each entry INVALID, read as "
    "IDENTITY>]\n"
    "node [style=solid]\n"
    "n1_missing -> n2_missing [color=\"#8c959f\" style=dashed]\n"
    "n1_identity -> n2_identity [color=\"#9a5b00\"]\n"
    "{rank=same n1_missing -> n1_identity [style=invis]}\n"
    "{rank=same n2_missing -> n2_identity [style=invis]}\n"
    "n0_0 -> {n1_missing n1_identity} [style=invis]\n";

static void print_tree(void)
{
    fprintf(graph, "geometry %s, %u x %u x %u; ", P2M_GEOMETRY, P2M_TOP, P2M_MID, P2M_LEAF);
    tree_costs(graph);
    fprintf(graph, "<BR ALIGN=\"LEFT\"/> >]\n%s", shared_pages);
    pages = 0;
    strcpy(last_node[MID], "n1_identity");
    strcpy(last_node[LEAF], "n2_identity");
    print_page(TOP, run.view.top, 0, 1);
}

void tree_dot(FILE *out, const char *title)
{
    graph = out;
    fprintf(out, "digraph \"p2m tree: ");
    print_escaped(title);
    fprintf(out,
            "\" {\n"
            "node [shape=box margin=0.05 color=\"#3d444d\" fontname=\"DejaVu Sans\" fontsize=9]\n"
            "edge [arrowsize=0.6 color=\"#3d444d\"]\n"
            "graph [bgcolor=\"#ffffff\" rankdir=LR nodesep=0.15 ranksep=0.7 labelloc=t labeljust=l "
            "fontname=\"DejaVu Sans\" fontsize=10 label=<<B>");
    print_escaped(title);
    fprintf(out, "</B><BR ALIGN=\"LEFT\"/>");
    if (run.view.top)
        print_tree();
    else
        fprintf(out, "no tree: the guest is auto-translated>]\n");
    fprintf(out, "}\n");
}

UNINSTRUMENTED_END
