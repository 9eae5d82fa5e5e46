# SPDX-License-Identifier: GPL-2.0-only
"""The planted bugs in the report: a table, and the story of each with its case and its tree."""

import os
import re
import statistics
import subprocess

import report_compare
import report_html as h
from report_html import Html


def middle(values):
    return statistics.median(values) if values else None


def right_runs(bug, hunted):
    return [run for run in hunted["runs"] if run["fired"] == bug.invariant]


def cell_seconds(runs, pick):
    return h.seconds(pick([run["seconds"] for run in runs])) if runs else "-"


def row(bug, hunted):
    name = h.tag("a", bug.head["Bug"], href=f"#bug-{bug.id}")
    source = re.split("[;,]", bug.head.get("Kernel", bug.head.get("Class", "")))[0]
    where = bug.geometry + ("" if bug.target == "ops" else f", {bug.target}")
    if not hunted:
        return [name, source, h.code(bug.invariant), where, "not hunted", "-", "-", "-", "-", bug.shortest, "-"]
    runs = right_runs(bug, hunted)
    shrunk = [run for run in runs if "ops" in run]
    lengths = f"{middle([r['ops_found'] for r in shrunk]):.0f}" if shrunk else "-"
    return [name, source, h.code(bug.invariant), where, f"{len(runs)} of {len(hunted['runs'])}",
            cell_seconds(runs, middle), cell_seconds(runs, max),
            h.count(middle([run["execs"] for run in runs])) if runs else "-", lengths,
            max((r["ops"] for r in shrunk), default="-"),
            Html('<span class="good">yes</span>') if not hunted["wrong"] else
            h.join([Html('<span class="bad">NO</span> '), hunted["wrong"]])]


def table(title, kind, bugs, hunted):
    return h.table(title, ["Bug", kind, "Reported as", "Hunted in", "#Runs",
                           "#Median s", "#Slowest s", "#Cases", "#Ops found", "#Ops shrunk", "As it should be"],
                   [row(bug, hunted.get(bug.id)) for bug in bugs], "firm")


# ---- the story of one ----

def drawn(tool, path):
    """(drawing, what all drawings have in common); a case that fails has none."""
    done = subprocess.run([tool, "show", "--svg", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False, encoding="utf-8")
    if done.returncode:
        return None, None
    found = re.search(r"<style>.*</defs>\n", done.stdout, re.S)
    text = done.stdout.replace(found.group(0), "")
    return Html(text), found.group(0)


def told(build, bug, path):
    """What the harness says of the case with the bug in the core, if that was built."""
    for flavour in ("gcc", "clang-san"):
        for folder in ("bugs", "smoke"):
            tool = f"{build}/{folder}/{bug.id}/{flavour}/p2m-case"
            if not os.path.exists(tool) or (bug.invariant.startswith("SANITIZER_") and flavour == "gcc"):
                continue
            done = subprocess.run([tool, "run", "--check=every", path], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False, encoding="utf-8",
                                  errors="replace", env={**os.environ, "ASAN_OPTIONS": "symbolize=0"})
            lines = done.stdout.split("\np2mcheck: the case:")[0].splitlines()
            lines = [line for line in lines if line.startswith("p2mcheck: ")]
            if lines and done.returncode:
                return "\n".join(line[len("p2mcheck: "):] for line in lines)
    return None


def diff_of(bug):
    with open(bug.path, encoding="utf-8") as file:
        return file.read().split("\n---\n", maxsplit=1)[1]


def facts(bug):
    pairs = [("Reported as", h.code(bug.invariant))]
    if bug.historic:
        pairs.append(("In the kernel", bug.head["Kernel"]))
    else:
        pairs.append(("Kind of slip", bug.head["Class"]))
    if "Exhaustive" in bug.head:
        pairs.append(("Exhaustive search", bug.head["Exhaustive"]))
    pairs.append(("Patch", h.code(bug.path)))
    return Html("<dl>" + "".join(f"<dt>{h.esc(key)}</dt><dd>{h.esc(value)}</dd>" for key, value in pairs) +
                "</dl>")


def story(build, tool, bug, compare):
    """(its fold, what all drawings have in common)"""
    folder = f"{build}/report/cases"
    path = f"{folder}/{bug.id}.txt"
    os.makedirs(folder, exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(bug.case)
    picture, common = drawn(tool, path)
    said = told(build, bug, path)
    parts = [facts(bug), h.paragraph(bug.head["Story"].replace("\n", " ")),
             h.paragraph(f"The shortest case known, {bug.shortest} op{'s' * (bug.shortest != 1)}:"),
             h.tag("pre", bug.case.rstrip(), tabindex="0")]
    if said:
        parts += [h.paragraph("What is said of it:"), h.tag("pre", said, tabindex="0")]
    if picture:
        parts.append(h.figure("The tree as it is after these calls on the core without the bug.",
                              h.scrolling(f"Tree of {bug.id}", picture)))
    parts.append(report_compare.counterexamples(compare, bug.id))
    parts.append(h.fold("The patch", h.tag("pre", diff_of(bug).rstrip(), tabindex="0")))
    parts.append(h.again(f"make BUG={bug.id} {build}/bugs/{bug.id}/gcc/p2m-case",
                         f"{build}/bugs/{bug.id}/gcc/p2m-case repro {path}"))
    title = h.join([h.tag("strong", bug.head["Bug"]), ": ", h.code(bug.invariant), f", {bug.shortest} op"
                    f"{'s' * (bug.shortest != 1)}"])
    # the link's target is inside: a browser opens a fold to show what is in it
    return h.fold(title, h.tag("div", h.join(parts, "\n"), id=f"bug-{bug.id}"), class_="bug"), common


def section(data):
    """(the section, what all drawings have in common)"""
    historic = [bug for bug in data.patches if bug.historic]
    plausible = [bug for bug in data.patches if not bug.historic]
    stories, common = [], None
    for bug in data.patches:
        text, shared = story(data.build, data.tool, bug, data.compare)
        stories.append(text)
        common = common or shared
    seeds = data.bugs and f"{data.bugs['seeds']} seeds, {data.bugs['budget']} s each at most. "
    content = h.section(
        "bugs", "Planted bugs",
        h.paragraph("Each is a patch on the core, planted alone and hunted by libFuzzer from an empty corpus on one "
                    "core. The first failure must be the invariant that the patch names, and must shrink to "
                    "the shortest case known, in nine seeds of ten. ", seeds or ""),
        table(f"{len(historic)} defects that the kernel had", "Versions", historic, data.hunted),
        table(f"{len(plausible)} plausible slips", "Kind", plausible, data.hunted),
        h.again("make bugs SEEDS=10"),
        h.tag("h3", "The story of each"),
        h.paragraph("Open one to see what is wrong, the case and the tree. In print those are shown that "
                    "are open.", class_="soft"),
        h.join(stories, "\n"))
    return content, common
