# SPDX-License-Identifier: GPL-2.0-or-later
"""The planted bugs in the report: two tables, and the story of each bug with its case and its tree."""

import concurrent.futures
import functools
import os
import re
import statistics
import subprocess

from p2mcheck import programs
from p2mcheck.files import read_text, write
from p2mcheck.report import charts, compare
from p2mcheck.report.words import BAD, GOOD, bug_link, code, count, seconds


def table(data, historic):
    """Of one kind of bugs: how many there are, and a row for each and each geometry in which it was hunted."""
    chosen = [bug for bug in data.patches if bug.historic == historic]
    hunted = [(bug, data.hunted.get(bug.id, {"hunts": [None]})["hunts"]) for bug in chosen]
    return {"bugs": len(chosen), "rows": [row(bug, hunts) for bug, each in hunted for hunts in each]}


def row(bug, hunts):
    source = re.split("[;,]", bug.head.get("Kernel", bug.head.get("Class", "")))[0]
    front = [bug_link(bug.id, bug.head["Bug"]), source, code(bug.invariant),
             (hunts or {"geometry": bug.geometry})["geometry"] + f", {bug.target}" * (bug.target != "ops")]
    if not hunts:
        return front + ["not hunted", "-", "-", "-", "-", bug.shortest, "-"]
    runs = [run for run in hunts["runs"] if bug.names(run["fired"])]
    shrunk = [run for run in runs if "ops" in run]

    def over(chosen, key, pick, text):
        return text(pick([run[key] for run in chosen])) if chosen else "-"
    return front + [f"{len(runs)} of {len(hunts['runs'])}", over(runs, "seconds", statistics.median, seconds),
                    over(runs, "seconds", max, seconds), over(runs, "execs", statistics.median, count),
                    over(shrunk, "ops_found", statistics.median, "{:.0f}".format), over(shrunk, "ops", max, str),
                    BAD("NO") + f" {hunts['wrong']}" if hunts["wrong"] else GOOD("yes")]


# ---- the story of a bug ----

def picture(data, bug, path):
    """The tree after the case; None if the case also fails without the bug."""
    done = subprocess.run([data.p2m_case, "show", "--svg", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False, encoding="utf-8")
    return None if done.returncode else charts.inline(done.stdout, f"Tree of {bug.id}", "p2m")


def report_of(data, bug, path):
    """The report of the harness on the case with the bug in the core, if that is built."""
    for flavour in ("gcc", "clang-san"):
        for folder in ("bugs", "smoke"):
            tool = data.programs.planted(bug.id, folder).p2m_case(flavour)
            if not os.path.exists(tool) or (bug.sanitizer and flavour == "gcc"):
                continue
            done = subprocess.run([tool, "run", "--check=every", path], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False, encoding="utf-8",
                                  errors="replace", env={**os.environ, "ASAN_OPTIONS": "symbolize=0"})
            lines = re.findall(r"^p2mcheck: (.*)", done.stdout.split("\np2mcheck: the case:")[0], re.M)
            if lines and done.returncode:
                return "\n".join(lines)
    return None


def facts(bug):
    yield "Reported as", code(bug.invariant)
    if "Also" in bug.head:
        yield "In other cases as", code(bug.head["Also"])
    yield ("In the kernel", bug.head["Kernel"]) if bug.historic else ("Kind of slip", bug.head["Class"])
    if "Exhaustive" in bug.head:
        yield "Exhaustive search", bug.head["Exhaustive"]
    yield "Patch", code(bug.path)


def story(data, bug):
    path, built = f"{data.figures}/report/cases/{bug.id}.txt", data.programs.planted(bug.id).p2m_case("gcc")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    write(path, bug.case)
    return {"bug": bug, "facts": facts(bug), "picture": picture(data, bug, path), "report": report_of(data, bug, path),
            "counterexamples": compare.counterexamples(data.compare, bug.id),
            "patch": read_text(bug.path).split("\n---\n", maxsplit=1)[1].rstrip(),
            "again": [f"make BUG={bug.id} {built}", f"{built} repro {path}"]}


def bugs(data):
    with concurrent.futures.ThreadPoolExecutor(programs.cores()) as pool:
        stories = list(pool.map(functools.partial(story, data), data.patches))
    return {"historic": table(data, True), "plausible": table(data, False), "stories": stories}
