# SPDX-License-Identifier: GPL-2.0-only
"""The comparison with other tools in the report: curves, figures by tool, seconds by bug."""

import report_charts as charts
import report_html as h
from report_data import natural
from report_html import Html


def tools_of(compare, geometry):
    """In the order of the file, ours first; only those that have figures."""
    return [tool for tool in compare["tools"] if "found" in geometry.get("tools", {}).get(tool, {})]


def title_of(compare, tool):
    return compare["tools"].get(tool, {}).get("title", tool)


def limits(rmst):
    if not rmst or rmst.get("seconds") is None:
        return "-"
    text = h.seconds(rmst["seconds"])
    if rmst.get("low") is not None:
        text += f" ({h.seconds(rmst['low'])} .. {h.seconds(rmst['high'])})"
    return text


def times(ours, theirs):
    return f"{h.short(ours / theirs)} times" if ours and theirs else "-"


def by_ours(ratio):
    if not ratio or ratio.get("ratio") is None:
        return "-"
    return f"{h.short(ratio['ratio'])} ({h.short(ratio.get('low'))} .. {h.short(ratio.get('high'))})"


def both_find(both):
    return f"{h.short(both['ours'])}, {h.short(both['theirs'])} ({both['bugs']} bugs)" if both else "-"


def tool_row(compare, geometry, tool):
    figures, ours = geometry["tools"][tool], geometry["tools"].get("p2mcheck", {})
    speed, own = figures.get("ops_per_second"), tool == "p2mcheck"
    longer = figures.get("shrunk_longer_than_ours")
    return [title_of(compare, tool), f"{figures['found']} of {geometry['bugs']}",
            f"{figures['runs_found']:,} of {figures['runs']:,}", limits(figures.get("rmst")), by_ours(figures.get("rmst_by_ours")),
            both_find(figures.get("both_find")), h.rate(speed), "-" if own else times(ours.get("ops_per_second"), speed),
            h.rate(figures.get("exec_per_second")), h.rate(figures.get("empty_exec_per_second")),
            h.short(figures.get("a12")), "-" if longer is None else longer]


def curve_table(compare, name, geometry, budget):
    marks = [mark for mark in (0.01, 0.1, 1, 10, 100, 1000) if mark < budget] + [budget]
    rows = []
    for tool in tools_of(compare, geometry):
        curve = geometry["tools"][tool].get("curve")
        if curve:
            rows.append([title_of(compare, tool)] +
                        [f"{100 * (1 - charts.value_at(curve, mark)):.0f} %" for mark in marks])
    return h.fold("The curves as a table", h.table(
        f"{name}: runs that have found their bug", ["Tool"] + [f"#within {mark:g} s" for mark in marks], rows))


def bug_cell(figures, own):
    if not figures:
        return "-"
    text = f"{figures['found']}/{figures['runs']}"
    if figures.get("median_seconds") is not None:
        text = f"{h.seconds(figures['median_seconds'])} s" + (
            "" if figures["found"] == figures["runs"] else f" ({text})")
    if figures.get("shrunk_ops") is not None:
        text += f", {figures['shrunk_ops']:.0f} ops"
    if figures.get("worse") and not own:
        return Html(f'{h.esc(text)} <span class="bad">better than ours</span>')
    return text


def bug_table(compare, name, geometry):
    tools = tools_of(compare, geometry)
    rows = []
    for bug in sorted(geometry.get("per_bug", {}), key=natural):
        figures = geometry["per_bug"][bug]
        rows.append([h.tag("a", bug, href=f"#bug-{bug}")] +
                    [bug_cell(figures.get(tool), tool == "p2mcheck") for tool in tools])
    for bug, reason in sorted(geometry.get("absent", {}).items(), key=lambda item: natural(item[0])):
        rows.append([h.tag("a", bug, href=f"#bug-{bug}"),
                     Html(f'<span class="soft">cannot be here: {h.esc(reason)}</span>')] + [""] * (len(tools) - 1))
    return h.fold(f"{name}, by bug: median seconds, and ops of the shrunk case", h.table(
        f"{name}: median seconds to the bug (runs that found it, where not all did), ops after shrinking",
        ["Bug"] + [title_of(compare, tool) for tool in tools], rows, "firm"))


def one_geometry(compare, name):
    geometry, budget = compare["geometries"][name], compare["geometries"][name]["budget"]
    tools = tools_of(compare, geometry)
    curves = [(title_of(compare, tool), geometry["tools"][tool]["curve"]) for tool in tools
              if geometry["tools"][tool].get("curve")]
    parts = [h.tag("h3", f"Geometry {name}")]
    if curves:
        picture = charts.survival(f"Runs in {name} that have not found their bug yet, by tool", curves, budget)
        parts.append(h.figure(
            f"{name}: the part of the runs (bug x seed) that has not found its bug yet; Kaplan-Meier, with the 95 % "
            f"band, cut off at {budget:g} s. Lower is better.", h.scrolling(f"Curves, {name}", picture)))
        parts.append(curve_table(compare, name, geometry, budget))
    return h.join(parts, "\n")


def plain_rows(geometry):
    """Ours once more as the property testers run: in a plain build."""
    speed = geometry["tools"].get("p2mcheck", {}).get("plain_ops_per_second")
    return [["p2mcheck, no engine or sanitizer", "-", "-", "-", "-", "-", h.rate(speed), "-", "-", "-", "-", "-"]] if speed else []


def figures_table(compare, name):
    geometry = compare["geometries"][name]
    return h.table(
        f"{name}: {geometry['bugs']} bugs",
        ["Tool", "#Bugs found", "#Runs", "#Mean s to a bug (95 %)", "#Times ours (95 %)", "#Both find: ours, its s", "#Checked ops/s", "#Ours is", "#exec/s",
         "#Empty exec/s", "#A12", "#Longer cases"],
        [tool_row(compare, geometry, tool) for tool in tools_of(compare, geometry)] + plain_rows(geometry), "firm")


def wins(compare):
    rows = [[h.tag("a", win["bug"], href=f"#bug-{win['bug']}") if win.get("bug") else "all",
             title_of(compare, win["tool"]), win.get("geometry") or "-", win["what"], win.get("why") or "not explained yet"]
            for win in compare.get("peer_wins", [])]
    heading = h.tag("h3", "Where another tool is better")
    if not rows:
        return h.join([heading, h.paragraph("Nowhere in what was measured.")])
    return h.join([heading, h.table("What another tool does better, and why",
                                    ["Bug", "Tool", "Geometry", "What", "Why"], rows, "wrap firm")])


def counterexamples(compare, bug):
    """What each tool shrank one bug to, where it is known; nothing if nowhere."""
    rows = []
    for name, geometry in (compare or {}).get("geometries", {}).items():
        for tool, figures in geometry.get("per_bug", {}).get(bug, {}).items():
            if figures and figures.get("shrunk_text"):
                rows.append([title_of(compare, tool), name, h.short(figures.get("shrunk_ops")),
                             ", ".join(figures.get("reported") or []) or "-",
                             h.tag("pre", figures["shrunk_text"].rstrip())])
    return h.fold("What each tool comes down to", h.table(
        "Counterexamples after shrinking", ["Tool", "Geometry", "#Ops", "It says", "Case"], rows)) if rows else ""


def section(data):
    compare = data.compare
    about = Html("<dl>" + "".join(
        f"<dt>{h.esc(tool.get('title', name))}</dt><dd>{h.esc(tool.get('what', ''))}</dd>"
        for name, tool in compare["tools"].items()) + "</dl>")
    names = list(compare["geometries"])
    return h.section(
        "compare", "Against other tools",
        h.paragraph(f"The same planted bugs, one core, seeds {seeds(compare)}, cut off at "
                    + " and ".join(f"{compare['geometries'][name]['budget']:g} s in {name}" for name in names) + ". "
                    + f"{compare['done']:,} of {compare['planned']:,} runs are done."
                    + (f" {compare['assumed']:,} of them are not made but taken from seed 1: the bug needs calls that overlap, "
                       "or shows in what the tool does not compare." if compare.get("assumed") else "")),
        about,
        h.join([figures_table(compare, name) for name in names], "\n"),
        h.paragraph("Mean s: restricted mean time to the bug, the area under the curve up to the budget; a run that "
                    "found nothing counts with all of it, so it depends on the budget and on what a tool cannot "
                    "express. Both find: mean s over the bugs that this tool finds, ours and its. A12: how often "
                    "one of our runs needs fewer checked ops than one of theirs, on the average over the bugs; 0.5 is "
                    "no difference. Longer cases: bugs whose shrunk case is longer than ours. -: not measured, or does not apply.", class_="soft"),
        h.tag("div", h.join([h.tag("div", one_geometry(compare, name)) for name in names]), class_="pair"),
        wins(compare),
        h.join([bug_table(compare, name, compare["geometries"][name]) for name in names], "\n"),
        h.again("make compare", "make compare FULL=1"))


def seeds(compare):
    values = compare.get("seeds") or []
    if values and values == list(range(values[0], values[-1] + 1)):
        return f"{values[0]} to {values[-1]}"
    return ", ".join(map(str, values))
