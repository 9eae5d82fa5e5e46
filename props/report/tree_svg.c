// SPDX-License-Identifier: GPL-2.0-only
/*
 * Draws run.view as an SVG: see draw.h. First it is collected what is to be drawn,
 * a box for each page and a row for each run of slots, within fixed limits; then the
 * boxes get their places; then arrows and boxes are printed. No scripts, no fonts of
 * its own; what a slot is shows in a pattern and a word, never in a colour alone.
 *
 *     key          p2m_mid_missing  -->  p2m_missing
 *                  p2m_mid_identity -->  p2m_identity
 *     p2m_top -->  mid, mid ..      -->  leaf, leaf ..
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tree.h"
#include "props/check/checks.h"
#include "props/base/uninstrumented.h"

UNINSTRUMENTED_BEGIN

enum {
    MOST_MIDS = 12,
    MOST_LEAVES = 40,   /* in all; a stack of leaves that are alike counts once */
    MOST_OF_A_MID = 16, /* of these */
    MOST_ROWS = 20,     /* of a page */
    SHARED_PAGES = 4,
    BOXES = 1 + SHARED_PAGES + MOST_MIDS + MOST_LEAVES,
    NOWHERE = -1
};

/* Places, in CSS pixels. */
enum { EDGE = 20, ROW = 19, HEAD = 46, GAP = 16, SHARED_HEIGHT = 58, FIRST = 84 };
static const int column_x[] = {20, 400, 790};
static const int column_width[] = {300, 300, 370};
enum { WIDTH = 1180 };

/* Equal neighbours among the slots of a page. */
struct row {
    unsigned from, to;
    enum draw_look look; /* of pointers: INVALID missing, IDENTITY, MFN private, ODD dead */
    const void *page;    /* the private page of slot `from`, or NULL */
    int box;             /* where its arrow goes, or NOWHERE */
    char text[72];
    char aside[48];
};

struct box {
    int column, x, y, height;
    bool shared, stack, grafted;
    unsigned slots, rows;
    p2m_word base;
    char head[64], note[64];
    struct row row[MOST_ROWS];
};

static struct {
    FILE *out;
    unsigned boxes, mids, leaves, of_this_mid;
    struct box box[BOXES];
} picture;

/* The shared pages are the first boxes. */
enum { BOX_MID_MISSING, BOX_MID_IDENTITY, BOX_MISSING, BOX_IDENTITY, BOX_TOP };

static void say(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(char *text, size_t size, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, size, format, arguments);
    va_end(arguments);
}

#define SAY(field, ...) say(field, sizeof(field), __VA_ARGS__)

static unsigned long long number(p2m_word word)
{
    return word;
}

/* ---- collecting ---- */

static struct box *add_box(int column, unsigned slots, p2m_word base)
{
    struct box *box = &picture.box[picture.boxes++];

    memset(box, 0, sizeof(*box));
    box->column = column;
    box->x = column_x[column];
    box->slots = slots;
    box->base = base;
    return box;
}

static void add_shared(int column, const char *name, const char *note, enum draw_look look)
{
    struct box *box = add_box(column, column == 1 ? P2M_MID : P2M_LEAF, 0);

    box->shared = true;
    SAY(box->head, "%s", name);
    SAY(box->note, "%s", note);
    box->row[0].look = look; /* for the strip; it has no rows */
    box->row[0].to = box->slots - 1;
}

static struct row *add_row(struct box *box, unsigned from, unsigned to, enum draw_look look)
{
    struct row *row = &box->row[box->rows++];

    *row = (struct row){.from = from, .to = to, .look = look, .box = NOWHERE};
    return row;
}

/* The last row that there is room for says what is left. */
static bool is_full(struct box *box, unsigned from)
{
    struct row *row;

    if (box->rows < MOST_ROWS - 1)
        return false;
    row = add_row(box, from, box->slots - 1, DRAW_LOOKS);
    SAY(row->text, "more runs, not drawn");
    return true;
}

static bool leaf_is_drawable(const void *leaf)
{
    return host_list_index(leaf) >= 0 || draw_is_live(leaf);
}

static void add_entries(struct box *box, const p2m_word *leaf)
{
    for (unsigned from = 0, to; from < P2M_LEAF && !is_full(box, from); from = to) {
        enum draw_look look = draw_look_at(leaf[from], box->base + from);
        unsigned long long value = draw_value(leaf[from]);
        struct row *row;

        to = draw_run_end(leaf, from, box->base);
        row = add_row(box, from, to - 1, look);
        if (look == LOOK_INVALID)
            SAY(row->text, "INVALID");
        else if (to - from == 1)
            SAY(row->text, "%s 0x%llx", draw_look_names[look], value);
        else
            SAY(row->text, "%s 0x%llx..0x%llx", draw_look_names[look], value,
                value + (to - from - 1));
    }
}

/* All of the leaf is one run. */
static bool is_uniform(const void *leaf, p2m_word base)
{
    return leaf_is_drawable(leaf) && draw_run_end(leaf, 0, base) == P2M_LEAF;
}

/* May two neighbours be drawn as one stack? */
static bool are_alike(const p2m_word *leaf, const p2m_word *next, p2m_word base)
{
    return is_uniform(leaf, base) && is_uniform(next, base + P2M_LEAF) &&
           (host_list_index(leaf) < 0) == (host_list_index(next) < 0) &&
           draw_look_at(leaf[0], base) == draw_look_at(next[0], base + P2M_LEAF);
}

static bool leaf_is_shared(const void *leaf)
{
    return leaf == run.view.missing || leaf == run.view.identity;
}

static bool there_is_room(void)
{
    return picture.leaves < MOST_LEAVES && picture.of_this_mid < MOST_OF_A_MID;
}

/* Equal pointers, leaves that are alike, or leaves that there is no room for. */
static unsigned mid_run_end(p2m_word **mid, unsigned from, p2m_word base)
{
    unsigned to = from + 1;

    if (!leaf_is_shared(mid[from]) && !there_is_room()) {
        while (to < P2M_MID && !leaf_is_shared(mid[to]))
            to++;
        return to;
    }
    while (to < P2M_MID &&
           (leaf_is_shared(mid[from])
                ? mid[to] == mid[from]
                : !leaf_is_shared(mid[to]) &&
                      are_alike(mid[to - 1], mid[to], base + (to - 1) * (p2m_word)P2M_LEAF)))
        to++;
    return to;
}

/* A leaf, or a stack of them that are alike. */
static int add_leaf(const p2m_word *leaf, p2m_word base, unsigned count)
{
    struct box *box = add_box(2, P2M_LEAF, base);

    picture.leaves++;
    picture.of_this_mid++;
    box->grafted = host_list_index(leaf) >= 0;
    box->stack = count > 1;
    if (count > 1)
        SAY(box->head, "%u alike, %s", count, box->grafted ? "mfn_list (grafted)" : "private");
    else
        SAY(box->head, "leaf, %s", box->grafted ? "mfn_list (grafted)" : "private");
    SAY(box->note, "PFN 0x%llx..0x%llx", number(base),
        number(base + count * (p2m_word)P2M_LEAF - 1));
    add_entries(box, leaf);
    if (count > 1) {
        size_t length = strlen(box->row[0].text);

        say(box->row[0].text + length, sizeof(box->row[0].text) - length, "%s",
            box->row[0].look == LOOK_INVALID ? "" : " in the first");
    }
    return (int)picture.boxes - 1;
}

/* A row for a run of pointers; `shared` and `private` are what they point at. */
static struct row *point(struct box *box, unsigned from, unsigned to, p2m_word span, int shared)
{
    struct row *row = add_row(box, from, to,
                              shared == NOWHERE                                    ? LOOK_MFN
                              : shared == BOX_MISSING || shared == BOX_MID_MISSING ? LOOK_INVALID
                                                                                   : LOOK_IDENTITY);

    row->box = shared;
    SAY(row->text, "%s",
        row->look == LOOK_MFN       ? "private"
        : row->look == LOOK_INVALID ? "missing"
                                    : "identity");
    SAY(row->aside, "0x%llx..0x%llx", number(box->base + from * span),
        number(box->base + (to + 1) * span - 1));
    return row;
}

static void nothing_there(struct row *row)
{
    row->look = LOOK_ODD;
    SAY(row->text, "no live page");
}

static void add_mid(p2m_word **mid, p2m_word base)
{
    struct box *box = add_box(1, P2M_MID, base);

    picture.mids++;
    picture.of_this_mid = 0;
    SAY(box->head, "mid, private");
    SAY(box->note, "PFN 0x%llx..0x%llx", number(base), number(base + P2M_MID_SPAN - 1));
    for (unsigned from = 0, to; from < P2M_MID && !is_full(box, from); from = to) {
        p2m_word first = base + from * (p2m_word)P2M_LEAF;
        struct row *row;

        to = mid_run_end(mid, from, base);
        row = point(box, from, to - 1, P2M_LEAF,
                    mid[from] == run.view.missing    ? BOX_MISSING
                    : mid[from] == run.view.identity ? BOX_IDENTITY
                                                     : NOWHERE);
        if (row->box != NOWHERE)
            continue;
        if (!there_is_room())
            SAY(row->text, "not drawn");
        else if (!leaf_is_drawable(mid[from]))
            nothing_there(row);
        else
            row->box = add_leaf(mid[from], first, to - from);
    }
}

static unsigned top_run_end(p2m_word ***top, unsigned from)
{
    unsigned to = from + 1;

    if (run_mid_is_shared(top[from]))
        while (to < P2M_TOP && top[to] == top[from])
            to++;
    else if (picture.mids == MOST_MIDS)
        while (to < P2M_TOP && !run_mid_is_shared(top[to]))
            to++;
    return to;
}

static void add_top(p2m_word ***top)
{
    struct box *box = add_box(0, P2M_TOP, 0);

    SAY(box->head, "p2m_top");
    SAY(box->note, "PFN 0x0..0x%llx", number(MAX_P2M_PFN - 1));
    for (unsigned from = 0, to; from < P2M_TOP && !is_full(box, from); from = to) {
        struct row *row;

        to = top_run_end(top, from);
        row = point(box, from, to - 1, P2M_MID_SPAN,
                    top[from] == run.view.mid_missing    ? BOX_MID_MISSING
                    : top[from] == run.view.mid_identity ? BOX_MID_IDENTITY
                                                         : NOWHERE);
        if (row->box != NOWHERE)
            continue;
        if (picture.mids == MOST_MIDS) {
            SAY(row->text, "not drawn");
        } else if (!run.view.synthetic_view && !draw_is_live(top[from])) {
            nothing_there(row);
        } else {
            row->box = (int)picture.boxes;
            add_mid(top[from], from * P2M_MID_SPAN);
        }
    }
}

static void collect(void)
{
    picture.boxes = picture.mids = picture.leaves = 0;
    add_shared(1, "p2m_mid_missing", "each slot: p2m_missing", LOOK_INVALID);
    add_shared(1, "p2m_mid_identity", "each slot: p2m_identity", LOOK_IDENTITY);
    add_shared(2, "p2m_missing", "each entry INVALID", LOOK_INVALID);
    add_shared(2, "p2m_identity", "each entry INVALID, read as IDENTITY", LOOK_IDENTITY);
    add_top(run.view.top);
}

/* ---- places ---- */

static int height_of(const struct box *box)
{
    return box->shared ? SHARED_HEIGHT : HEAD + (int)box->rows * ROW + 6;
}

/* A mid begins no higher than its first leaf; answers where the drawing ends. */
static int lay_out(void)
{
    int next[3];

    for (int i = 0; i < 3; i++)
        next[i] = FIRST + 2 * (SHARED_HEIGHT + GAP) + GAP;
    for (unsigned i = 0; i < picture.boxes; i++) {
        struct box *box = &picture.box[i];

        box->height = height_of(box);
        if (box->shared) {
            box->y = FIRST + (int)(i % 2) * (SHARED_HEIGHT + GAP);
            continue;
        }
        if (box->column == 1) /* its leaves follow at once */
            next[1] = next[2] = next[1] > next[2] ? next[1] : next[2];
        box->y = next[box->column];
        next[box->column] += box->height + GAP + (box->stack ? 6 : 0);
    }
    for (int i = 1; i < 3; i++)
        next[0] = next[0] > next[i] ? next[0] : next[i];
    return next[0] - GAP + EDGE;
}

/* ---- printing ---- */

static void print_escaped(const char *text)
{
    for (; *text; text++) {
        if (*text == '<' || *text == '>' || *text == '&' || *text == '"')
            fprintf(picture.out, "&#%d;", *text);
        else
            fputc(*text >= ' ' && *text <= '~' ? *text : '?', picture.out);
    }
}

/* A text no wider than `room`: a long one is drawn closer. */
static void print_text(const char *class, int x, int y, int room, const char *text)
{
    fprintf(picture.out, "<text class=\"%s\" x=\"%d\" y=\"%d\"", class, x, y);
    if ((int)strlen(text) * 13 / 2 > room)
        fprintf(picture.out, " textLength=\"%d\" lengthAdjust=\"spacingAndGlyphs\"", room);
    fprintf(picture.out, ">");
    print_escaped(text);
    fprintf(picture.out, "</text>\n");
}

static const char *const look_classes[DRAW_LOOKS + 1] = {"miss",    "ident", "frame",
                                                         "foreign", "odd",   "rest"};

static void print_part(const struct box *box, const struct row *row)
{
    int width = column_width[box->column] - 16;
    double from = (double)row->from * width / box->slots;
    double wide = (double)(row->to + 1) * width / box->slots - from;

    if (wide < 3) /* to be seen at all */
        wide = 3;
    if (from > width - wide)
        from = width - wide;
    fprintf(picture.out, "<rect class=\"%s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"12\"/>",
            look_classes[row->look], box->x + 8 + from, box->y + 26, wide);
}

/* Its slots in their true proportions; what is there lies above what is missing. */
static void print_strip(const struct box *box)
{
    unsigned rows = box->shared ? 1 : box->rows;

    for (int there = 0; there < 2; there++)
        for (unsigned i = 0; i < rows; i++)
            if ((box->row[i].look != LOOK_INVALID) == there)
                print_part(box, &box->row[i]);
    if (box->slots <= 16)
        for (unsigned i = 1; i < box->slots; i++)
            fprintf(picture.out, "<path class=\"cut\" d=\"M%.1f %dv12\"/>",
                    box->x + 8 + (double)i * (column_width[box->column] - 16) / box->slots,
                    box->y + 26);
    fprintf(picture.out, "\n");
}

static int row_y(const struct box *box, unsigned row)
{
    return box->y + HEAD + (int)row * ROW + ROW / 2;
}

static void print_row(const struct box *box, unsigned i)
{
    const struct row *row = &box->row[i];
    int y = row_y(box, i), width = column_width[box->column], aside = 0;
    char slots[32];

    if (row->from == row->to)
        SAY(slots, "[%u]", row->from);
    else
        SAY(slots, "[%u..%u]", row->from, row->to);
    fprintf(picture.out, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"11\" height=\"11\"/>",
            look_classes[row->look], box->x + 8, y - 5);
    print_text("s", box->x + 25, y + 4, 78, slots);
    if (*row->aside) {
        aside = 63 * (int)strlen(row->aside) / 10 + 6;
        print_text("s e", box->x + width - 8, y + 4, aside, row->aside);
    }
    print_text("t", box->x + 106, y + 4, width - 114 - aside, row->text);
}

static void print_box(const struct box *box)
{
    int width = column_width[box->column];

    fprintf(picture.out, "<g>");
    for (int i = box->stack ? 2 : 0; i >= 0; i--)
        fprintf(picture.out,
                "<rect class=\"page%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\"/>",
                box->shared    ? " shared"
                : box->grafted ? " grafted"
                               : "",
                box->x + 3 * i, box->y + 3 * i, width, box->height);
    fprintf(picture.out, "\n");
    print_text("h", box->x + 8, box->y + 18, width - 140, box->head);
    if (box->shared)
        print_text("s", box->x + 8, box->y + 51, width - 16, box->note);
    else
        print_text("s e", box->x + width - 8, box->y + 18, 180, box->note);
    print_strip(box);
    for (unsigned i = 0; i < box->rows; i++)
        print_row(box, i);
    fprintf(picture.out, "</g>\n");
}

/*
 * What points at a shared page goes there on one line for all of them, in the gutter
 * between the columns; a dot where a slot joins it.
 */
static void print_bus(int column, int target)
{
    bool identity = target == BOX_IDENTITY || target == BOX_MID_IDENTITY;
    const struct box *page = &picture.box[target];
    const char *class = identity ? "to-ident" : "to-miss";
    int right = column_x[column] + column_width[column], lane = right + (identity ? 38 : 20);
    int top = page->y + SHARED_HEIGHT / 2, bottom = 0;

    for (unsigned b = 0; b < picture.boxes; b++) {
        const struct box *box = &picture.box[b];

        for (unsigned i = 0; box->column == column && i < box->rows; i++) {
            if (box->row[i].box != target)
                continue;
            bottom = row_y(box, i);
            fprintf(picture.out,
                    "<path class=\"wire %s\" d=\"M%d %dH%d\"/>"
                    "<circle class=\"%s\" cx=\"%d\" cy=\"%d\" r=\"2.6\"/>\n",
                    class, right, bottom, lane, class, lane, bottom);
        }
    }
    if (!bottom)
        return;
    if (column == 1) /* the arrow of the shared mid goes by there */
        fprintf(picture.out,
                "<path class=\"wire %s\" d=\"M%d %dV%d\"/>"
                "<circle class=\"%s\" cx=\"%d\" cy=\"%d\" r=\"2.6\"/>\n",
                class, lane, bottom, top, class, lane, top);
    else
        fprintf(picture.out,
                "<path class=\"wire %s\" marker-end=\"url(#p2m-head)\" d=\"M%d %dV%dH%d\"/>\n",
                class, lane, bottom, top, page->x - 2);
}

static void print_arrow(const struct box *from, unsigned row, const struct box *to)
{
    int x = from->x + column_width[from->column], y = row_y(from, row), end = to->y + 14;

    fprintf(picture.out,
            "<path class=\"wire\" marker-end=\"url(#p2m-head)\" d=\"M%d %dC%d %d %d %d %d %d\"/>\n",
            x, y, x + 55, y, to->x - 50, end, to->x - 2, end);
}

static void print_arrows(void)
{
    for (int i = 0; i < 2; i++) { /* the shared mids point at the shared leaves */
        const struct box *mid = &picture.box[BOX_MID_MISSING + i];

        fprintf(picture.out,
                "<path class=\"wire %s\" marker-end=\"url(#p2m-head)\" d=\"M%d %dH%d\"/>\n",
                i ? "to-ident" : "to-miss", mid->x + column_width[1], mid->y + SHARED_HEIGHT / 2,
                column_x[2] - 2);
    }
    print_bus(0, BOX_MID_MISSING);
    print_bus(0, BOX_MID_IDENTITY);
    print_bus(1, BOX_MISSING);
    print_bus(1, BOX_IDENTITY);
    for (unsigned b = 0; b < picture.boxes; b++)
        for (unsigned i = 0; i < picture.box[b].rows; i++)
            if (picture.box[b].row[i].box > BOX_TOP)
                print_arrow(&picture.box[b], i, &picture.box[picture.box[b].row[i].box]);
}

static const char style[] =
    "<style>\n"
    ".p2m text{font:12px system-ui,\"Segoe UI\",\"DejaVu Sans\",Arial,sans-serif;fill:#1b1f24}\n"
    ".p2m .s{fill:#57606a}.p2m .e{text-anchor:end}.p2m .h,.p2m .title{font-weight:600}\n"
    ".p2m .title{font-size:16px}.p2m .paper{fill:#fff}\n"
    ".p2m .page{fill:#fff;stroke:#3d444d;stroke-width:1.2}\n"
    ".p2m .shared{fill:#f3f4f6;stroke-dasharray:5 3}.p2m .grafted{stroke-width:2.4}\n"
    ".p2m .miss{fill:#fff;stroke:#8c959f;stroke-dasharray:2 2}\n"
    ".p2m .ident{fill:url(#p2m-ident);stroke:#9a5b00}\n"
    ".p2m .frame{fill:#b9d4f1;stroke:#1f5a96}\n"
    ".p2m .foreign{fill:url(#p2m-foreign);stroke:#6b3fa0}\n"
    ".p2m .odd{fill:url(#p2m-odd);stroke:#b3261e}.p2m .rest{fill:none;stroke:none}\n"
    ".p2m .cut{stroke:#3d444d;stroke-width:.6}\n"
    ".p2m .wire{fill:none;stroke:#3d444d;stroke-width:1.3}.p2m .head{fill:#3d444d}\n"
    ".p2m .to-miss{stroke:#8c959f;stroke-dasharray:4 3}.p2m circle.to-miss{fill:#8c959f}\n"
    ".p2m .to-ident{stroke:#9a5b00}.p2m circle.to-ident{fill:#9a5b00}\n"
    ".p2m .pi{stroke:#9a5b00}.p2m .px{fill:#6b3fa0}.p2m .po{stroke:#b3261e}\n"
    "@media screen and (prefers-color-scheme:dark){\n"
    ".p2m text{fill:#e6e9ee}.p2m .s{fill:#a4adb8}.p2m .paper{fill:#14171b}\n"
    ".p2m .page{fill:#1b1f25;stroke:#aab3be}.p2m .shared{fill:#23282f}\n"
    ".p2m .miss{fill:#14171b;stroke:#8791a0}.p2m .ident{stroke:#e2a64a}\n"
    ".p2m .frame{fill:#2c557f;stroke:#7fb4e6}.p2m .foreign{stroke:#c5a3f0}\n"
    ".p2m .odd{stroke:#ff8a80}.p2m .cut{stroke:#aab3be}\n"
    ".p2m .wire{stroke:#aab3be}.p2m .head{fill:#aab3be}\n"
    ".p2m .to-miss{stroke:#8791a0}.p2m circle.to-miss{fill:#8791a0}\n"
    ".p2m .to-ident{stroke:#e2a64a}.p2m circle.to-ident{fill:#e2a64a}\n"
    ".p2m .pi{stroke:#e2a64a}.p2m .px{fill:#c5a3f0}.p2m .po{stroke:#ff8a80}\n"
    "}\n"
    "</style>\n"
    "<defs>\n"
    "<pattern id=\"p2m-ident\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" "
    "patternTransform=\"rotate(45)\"><path class=\"pi\" d=\"M1 0v5\" stroke-width=\"1.6\"/>"
    "</pattern>\n"
    "<pattern id=\"p2m-foreign\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\">"
    "<circle class=\"px\" cx=\"2\" cy=\"2\" r=\"1.3\"/></pattern>\n"
    "<pattern id=\"p2m-odd\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\">"
    "<path class=\"po\" d=\"M0 0l5 5M5 0l-5 5\"/></pattern>\n"
    "<marker id=\"p2m-head\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" "
    "markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\">"
    "<path class=\"head\" d=\"M0 0l8 4-8 4z\"/></marker>\n"
    "</defs>\n";

static void print_key(void)
{
    static const char *const words[DRAW_LOOKS] = {"missing, INVALID", "identity, IDENTITY",
                                                  "private page, MFN", "FOREIGN",
                                                  "dead page, malformed entry"};

    print_text("h", column_x[0], FIRST + 12, column_width[0], "Slots and entries");
    for (int i = 0; i < DRAW_LOOKS; i++) {
        int y = FIRST + 34 + 20 * i;

        fprintf(picture.out, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"22\" height=\"12\"/>",
                look_classes[i], column_x[0] + 1, y - 10);
        print_text("t", column_x[0] + 32, y, 200, words[i]);
    }
}

static void begin(const char *title, int height)
{
    fprintf(picture.out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"p2m\" role=\"img\" "
            "viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">\n<title>p2m tree: ",
            WIDTH, height, WIDTH, height);
    print_escaped(title);
    fprintf(picture.out, "</title>\n<desc>");
}

/* The top page in words; the boxes say the rest. */
static void describe(void)
{
    const struct box *top = &picture.box[BOX_TOP];

    fprintf(picture.out, "p2m_top has %u slots", P2M_TOP);
    for (unsigned i = 0; i < top->rows; i++) {
        const struct row *row = &top->row[i];

        fprintf(picture.out, "%s [%u", i ? "," : ":", row->from);
        if (row->from != row->to)
            fprintf(picture.out, "..%u", row->to);
        fprintf(picture.out, "] %s", row->text);
    }
    fprintf(picture.out, "; ");
    draw_costs(picture.out);
}

static void print_caption(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);

    if (!memory)
        return;
    fprintf(memory, "geometry %s, %u x %u x %u; ", P2M_GEOMETRY, P2M_TOP, P2M_MID, P2M_LEAF);
    draw_costs(memory);
    fclose(memory);
    print_text("s", EDGE, 54, WIDTH - 2 * EDGE, text);
    free(text);
}

static void end_svg(void)
{
    fprintf(picture.out, "</svg>\n");
}

/* An auto-translated guest has no tree to be drawn. */
static void print_none(const char *title)
{
    begin(title, 84);
    fprintf(picture.out, "no tree: the guest is auto-translated</desc>\n%s", style);
    fprintf(picture.out, "<rect class=\"paper\" width=\"100%%\" height=\"100%%\"/>\n");
    print_text("title", EDGE, 32, WIDTH - 2 * EDGE, title);
    print_text("s", EDGE, 54, WIDTH - 2 * EDGE, "no tree: the guest is auto-translated");
    end_svg();
}

void tree_svg(FILE *out, const char *title)
{
    picture.out = out;
    if (!run.view.top) {
        print_none(title);
        return;
    }
    collect();
    begin(title, lay_out());
    describe();
    fprintf(out, "</desc>\n%s<rect class=\"paper\" width=\"100%%\" height=\"100%%\"/>\n", style);
    print_text("title", EDGE, 32, WIDTH - 2 * EDGE, title);
    print_caption();
    print_key();
    print_arrows();
    for (unsigned b = 0; b < picture.boxes; b++)
        print_box(&picture.box[b]);
    end_svg();
}

UNINSTRUMENTED_END
