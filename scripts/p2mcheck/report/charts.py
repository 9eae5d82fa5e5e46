# SPDX-License-Identifier: GPL-2.0-or-later
"""The charts of the report, drawn by matplotlib, and SVG made to fit into the page. The same figures
give the same SVG.

All is drawn in the colours of the light scheme. In the page each of these is a variable of CSS, so
that charts and trees follow the scheme. A curve has its own dashes and marks, not only its colour.
"""

import io
import re

import matplotlib
from markupsafe import Markup, escape
from matplotlib import figure, patches, path, ticker

# name: (light scheme, dark scheme)
COLOURS = {
    "paper": ("#ffffff", "#14171b"), "ink": ("#1b1f24", "#e6e9ee"), "soft": ("#57606a", "#a4adb8"),
    "rule": ("#d0d7de", "#3a424c"), "shade": ("#f3f4f6", "#1f242a"), "blue": ("#0a58a8", "#7fb4f0"),
    "green": ("#12652b", "#7ccb8d"), "red": ("#a81e17", "#ff9a91"), "orange": ("#a63d08", "#f0985f"),
    "violet": ("#6b3fa0", "#c5a3f0"),
    # of props/report/tree_dot.c
    "wire": ("#3d444d", "#aab3be"), "to-missing": ("#8c959f", "#8791a0"), "to-identity": ("#9a5b00", "#e2a64a"),
    "identity": ("#f2c36b", "#7a5200"), "mfn": ("#b9d4f1", "#2c557f"), "foreign": ("#d8c2f2", "#54407a"),
    "odd": ("#ff9d94", "#7d2a25"),
}
LIGHT = {name: light for name, (light, _) in COLOURS.items()}
VARIABLES = {light: f"var(--{name})" for name, light in LIGHT.items()}
CURVES = [LIGHT[name] for name in ("blue", "orange", "violet", "green", "soft")]
DASHES = ["-", (0, (7, 3)), (0, (2, 3)), (0, (9, 3, 2, 3)), (0, (4, 2))]
MARKS = "os^Dx"

matplotlib.rcParams.update({
    "svg.hashsalt": "p2mcheck", "svg.fonttype": "none", "font.family": "DejaVu Sans", "font.size": 10,
    "axes.edgecolor": LIGHT["soft"], "axes.labelcolor": LIGHT["soft"], "text.color": LIGHT["ink"],
    "xtick.color": LIGHT["soft"], "ytick.color": LIGHT["soft"], "grid.color": LIGHT["rule"],
    "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False})


SUPERFLUOUS = re.compile(r"<!--.*?-->|<(title|metadata|style)\b.*?</\1>"
                         r'| (?:class|font-family|font-size)="[^"]*"| text-anchor="start"| transform="rotate\(-0[^"]*"'
                         r'| fill="none"| stroke="transparent"', re.S)


def rounded(tag):
    return re.sub(r"-?\d+\.\d+", lambda number: f"{round(float(number[0]), 1):g}", tag[0])


def inline(svg, title, kind):
    """An SVG of matplotlib or dot as a part of the page: smaller, in the page's colours, with a title,
    and with identifiers that are unique in the page.
    """
    box, body = re.search(r'<svg[^>]*(viewBox="[^"]*")[^>]*>(.*)', svg, re.S).groups()
    body, name = SUPERFLUOUS.sub("", body), re.sub(r"\W+", "-", title)
    used = set(re.findall(r'(?:href="|url\()#([\w-]+)', body))
    body = re.sub(r' id="([^"]*)"', lambda found: f' id="{name}-{found[1]}"' if found[1] in used else "", body)
    body = re.sub(r'((?:href="|url\()#)', rf"\g<1>{name}-", body)
    body = re.sub(r"<[^>]*>", rounded, re.sub(r"\s*\n\s*", "\n", body))
    body = re.sub(r'<polygon ([^>]*)points="(\S+) ([^"]*) \2"/>', r'<path \1d="M\2L\3z"/>', body)
    body = re.sub(r"#[0-9a-f]{6}\b", lambda found: VARIABLES.get(found[0], found[0]), body)
    return Markup(f'<svg class="{kind}" role="img" {box}><title>{escape(title)}</title>\n{body.strip()}')


def drawn(chart, title, kind):
    out = io.StringIO()
    chart.savefig(out, format="svg", transparent=True, bbox_inches="tight",
                  metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return inline(out.getvalue(), title, kind)


def logarithmic(axis):
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}"))
    axis.set_minor_locator(ticker.NullLocator())


def thinned(curve, start, budget):
    """From the start to the budget, without points too close to see."""
    kept = [[start, *curve[0][1:]]]
    for point in curve[1:]:
        if kept[-1][1] - point[1] > 0.005:
            kept.append(point)
    return [*kept, [budget, *curve[-1][1:]]]


def survival(name, curves, budget):
    """`curves`: (label, [[t, survival, low, high], ..]) each: the part of the runs without a bug yet."""
    chart = figure.Figure(figsize=(8, 4))
    axes = chart.add_subplot(xscale="log", ylim=(0, 1.02), xlabel="seconds of the run (logarithmic)")
    first = min([point[0] for _, curve in curves for point in curve if point[0] > 0] + [budget / 100])
    start = max(1e-3, first / 2)
    for number, (label, curve) in enumerate(curves):
        times, middle, low, high = zip(*thinned(curve, start, budget))
        style = {"color": CURVES[number % 5]}
        axes.fill_between(times, low, high, step="post", alpha=0.1, linewidth=0, **style)
        axes.plot(times, middle, drawstyle="steps-post", linestyle=DASHES[number % 5], marker=MARKS[number % 5],
                  markerfacecolor=LIGHT["paper"], markevery=(0.05 + 0.03 * number, 0.2), label=label, **style)
    axes.set_xlim(start, budget)
    axes.yaxis.set_major_formatter(ticker.PercentFormatter(1, decimals=0, symbol=" %"))
    axes.grid(True)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    logarithmic(axes.xaxis)
    return drawn(chart, f"Runs in {name} that have not found their bug yet, by tool", "chart")


def ratios(rows):
    """A row of dots each: `rows`: (label, [how many times as long], median)."""
    chart = figure.Figure(figsize=(8, 0.8 + 0.5 * len(rows)))
    axes = chart.add_subplot(xscale="log", ylim=(len(rows) - 0.5, -0.5),
                             xlabel="seconds without, divided by seconds with everything (logarithmic)")
    for number, (_, values, median) in enumerate(rows):
        heights = [number + (i * 7 % 5 - 2) * 0.08 for i in range(len(values))]
        axes.plot(sorted(values), heights, "o", color=LIGHT["blue"], alpha=0.4, markersize=4, markeredgewidth=0)
        axes.vlines(median, number - 0.35, number + 0.35, color=LIGHT["ink"], linewidth=2.5)
        axes.annotate(f"{median:.3g} times", (1.02, number), xycoords=("axes fraction", "data"), va="center")
    everything = [value for _, values, _ in rows for value in values]
    axes.set_xlim(min([0.1] + everything) / 1.2, max([10] + everything) * 1.2)
    axes.set_yticks(range(len(rows)), [label for label, _, _ in rows])
    axes.axvline(1, color=LIGHT["soft"])
    axes.grid(True, axis="x")
    logarithmic(axes.xaxis)
    return drawn(chart, "Time without, by time with everything", "chart")


SQUARE, CROSS = [[(-.4, -.4), (.4, -.4), (.4, .4), (-.4, .4)]], [[(-.35, -.35), (.35, .35)], [(-.35, .35), (.35, -.35)]]
MARKS_OF_CELLS: dict = {"reached": (SQUARE, "blue"), "gap": (CROSS, "red"),
                        "impossible": ([[(-.1, 0), (.1, 0)]], "rule")}


def matrix(cells):
    """The state coverage: a group of columns for each state before, a group of rows for each call."""
    wide, high = len(cells.places) + 0.7, len(cells.outcomes) + 0.5
    chart = figure.Figure(figsize=(9, 10))
    axes = chart.add_subplot(aspect="equal", xlim=(-1, wide * len(cells.befores)), ylim=(high * len(cells.calls), -1))
    for state, (lines, colour) in MARKS_OF_CELLS.items():
        paths = [path.Path([(before * wide + place + x, call * high + outcome + y) for x, y in line])
                 for (call, before, place, outcome), found in cells.state.items() if found == state for line in lines]
        if paths:
            axes.add_patch(patches.PathPatch(path.Path.make_compound_path(*paths), edgecolor=LIGHT[colour],
                                             facecolor=LIGHT[colour], linewidth=0 if state == "reached" else 1.5))
    columns = [(number * wide + i, i + 1) for number in range(len(cells.befores)) for i in range(len(cells.places))]
    rows = [(number * high + i, name[0]) for number in range(len(cells.calls)) for i, name in enumerate("dfr")]
    axes.set_xticks(*zip(*columns))
    axes.set_yticks(*zip(*rows))
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)
    for number, name in enumerate(cells.befores):
        axes.text(number * wide - 0.4, -2.8, name)
    for number, name in enumerate(cells.calls):
        axes.text(-2.5, number * high + 1, name, ha="right", va="center")
    reached = list(cells.state.values()).count("reached")
    return drawn(chart, f"State coverage: {reached} of {sum(found != 'impossible' for found in cells.state.values())} "
                 "cells reached", "matrix")
