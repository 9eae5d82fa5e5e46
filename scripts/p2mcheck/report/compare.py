# SPDX-License-Identifier: GPL-2.0-or-later
"""The comparison with other tools in the report: curves, figures by tool, seconds by bug."""

from markupsafe import escape

from p2mcheck.report import charts
from p2mcheck.report.data import natural
from p2mcheck.report.words import BAD, CASE, SOFT, bug_link, part, rate, seconds, short

OURS = "p2mcheck"
TOOL_HEADS = ["Tool", "#Bugs found", "#Runs", "#Mean s to a bug (95 %)", "#Times ours (95 %)",
              "#Both find: ours, its s", "#Checked ops/s", "#Ours is", "#exec/s", "#Empty exec/s", "#A12",
              "#Longer cases"]
MARKS = (0.01, 0.1, 1, 10, 100, 1000)  # seconds


def title_of(compare, tool):
    return compare["tools"].get(tool, {}).get("title", tool)


def tools_of(compare, geometry):
    """(name, title) in the order of the file, ours first; only those that have figures."""
    return [(tool, title_of(compare, tool)) for tool in compare["tools"]
            if "found" in geometry.get("tools", {}).get(tool, {})]


def between(figures, key, text):
    """A figure with its confidence limits."""
    if not figures or figures.get(key) is None:
        return "-"
    limits = f" ({text(figures['low'])} .. {text(figures['high'])})" if figures.get("low") is not None else ""
    return text(figures[key]) + limits


def tool_row(geometry, tool, title):
    figures, ours = geometry["tools"][tool], geometry["tools"].get(OURS, {})
    speed, own, both = figures.get("ops_per_second"), ours.get("ops_per_second"), figures.get("both_find")
    return [title, part(figures["found"], geometry["bugs"]), part(figures["runs_found"], figures["runs"]),
            between(figures.get("rmst"), "seconds", seconds), between(figures.get("rmst_by_ours"), "ratio", short),
            f"{short(both['ours'])}, {short(both['theirs'])} ({both['bugs']} bugs)" if both else "-", rate(speed),
            f"{short(own / speed)} times" if own and speed and tool != OURS else "-",
            rate(figures.get("exec_per_second")), rate(figures.get("empty_exec_per_second")),
            short(figures.get("a12")), short(figures.get("shrunk_longer_than_ours"))]


def tool_rows(compare, geometry):
    """Ours once more as the property testers run: in a plain build."""
    rows = [tool_row(geometry, *tool) for tool in tools_of(compare, geometry)]
    plain = geometry["tools"].get(OURS, {}).get("plain_ops_per_second")
    return rows + [[f"{OURS}, no engine or sanitizer"] + ["-"] * 5 + [rate(plain)] + ["-"] * 5] * bool(plain)


def share_found(curve, time):
    """The part of the runs within that time."""
    return f"{100 * (1 - [point[1] for point in curve if point[0] <= time][-1]):.0f} %"


def bug_cell(tool, figures):
    if not figures:
        return "-"
    text = part(figures["found"], figures["runs"])
    if figures.get("median_seconds") is not None:
        text = f"{seconds(figures['median_seconds'])} s" + f" ({text})" * (figures["found"] != figures["runs"])
    if figures.get("shrunk_ops") is not None:
        text += f", {figures['shrunk_ops']:.0f} ops"
    return escape(text) + " " + BAD("better than ours") if figures.get("worse") and tool != OURS else text


def bug_rows(geometry, tools):
    by_bug, absent = geometry.get("per_bug", {}), geometry.get("absent", {})
    for bug in sorted(by_bug, key=natural):
        yield [bug_link(bug)] + [bug_cell(tool, by_bug[bug].get(tool)) for tool, _ in tools]
    for bug in sorted(absent, key=natural):
        yield [bug_link(bug), SOFT(f"does not apply: {absent[bug]}")] + [""] * (len(tools) - 1)


def counterexamples(compare, bug):
    """The shrunk case of each tool, where it is known."""
    return [[title_of(compare, tool), name, short(figures.get("shrunk_ops")),
             ", ".join(figures.get("reported") or []) or "-", CASE(figures["shrunk_text"].rstrip())]
            for name, geometry in (compare or {}).get("geometries", {}).items()
            for tool in compare["tools"]
            if (figures := geometry.get("per_bug", {}).get(bug, {}).get(tool)) and figures.get("shrunk_text")]


def of_geometry(compare, name, geometry):
    tools, budget = tools_of(compare, geometry), geometry["budget"]
    curves = [(title, curve) for tool, title in tools if (curve := geometry["tools"][tool].get("curve"))]
    marks = [mark for mark in MARKS if mark < budget] + [budget]
    return {"name": name, "bugs": geometry["bugs"], "budget": budget, "tools": tool_rows(compare, geometry),
            "chart": curves and charts.survival(name, curves, budget),
            "marks": [f"#within {mark:g} s" for mark in marks],
            "curves": [[title] + [share_found(curve, mark) for mark in marks] for title, curve in curves],
            "titles": [title for _, title in tools], "by_bug": bug_rows(geometry, tools)}


def span_of(seeds):
    consecutive = seeds and seeds == list(range(seeds[0], seeds[-1] + 1))
    return f"{seeds[0]} to {seeds[-1]}" if consecutive else ", ".join(map(str, seeds))


def compare(data):
    found = data.compare
    wins = [[bug_link(win["bug"]) if win.get("bug") else "all", title_of(found, win["tool"]),
             win.get("geometry") or "-", win["what"], win.get("why") or "not examined"]
            for win in found.get("peer_wins", [])]
    return {"compare": found, "seeds": span_of(found.get("seeds") or []), "heads": TOOL_HEADS, "wins": wins,
            "geometries": [of_geometry(found, *item) for item in found["geometries"].items()]}
