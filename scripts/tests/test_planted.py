# SPDX-License-Identifier: GPL-2.0-or-later
"""How `make bugs` chooses the second geometry of a planted bug, and judges both."""

import os
import types

from harness import BUILD, test
from p2mcheck.bugs import catalogue, main as bugs
from p2mcheck.bugs.second import CANDIDATES, second_geometry
from p2mcheck.files import write
from p2mcheck.programs import Programs

# p2m-case that fails in one geometry, with a case that names this geometry or any other one.
TOOL = """#!/bin/sh
for word; do case=$word; done
case "$* $(sed -n 's/^geometry //p' "$case")" in {pattern}) echo 'p2mcheck: {invariant}: no'; exit 1;; esac
"""


def chosen(t, pattern, invariant="PAGE_COST"):
    """The second geometry of B6 with such a tool."""
    tool = t.path("p2m-case")
    write(tool, TOOL.format(pattern=pattern, invariant=invariant))
    os.chmod(tool, 0o755)
    planted = types.SimpleNamespace(folder=t.path("."), p2m_case=lambda flavour: tool)
    return second_geometry(planted, catalogue.load("^b6-")[0])


@test("make bugs: the second geometry is one in which the case shows the bug", tier="scripts")
def second(t):
    t.check("each geometry of a hunt has candidates", set(CANDIDATES) ==
            {bug.geometry for bug in catalogue.load("")} | set(sum(CANDIDATES.values(), ())), str(CANDIDATES))
    for pattern, name, expected in (
            ("*--geometry=*", "PAGE_COST", "x86_64"), ("*=odd*", "PAGE_COST", "odd"),
            ("*=x86_32*", "PAGE_COST", "x86_32"),
            ("*=x86_64*' x86_64'", "PAGE_COST", "x86_64"),  # only with its PFNs as they are
            ("*=micro*", "PAGE_COST", None), ("*--geometry=*", "GET_MATCHES_MODEL", None)):
        found = chosen(t, pattern, name)
        t.check(f"{pattern}, {name}", found == expected, str(found))


def one_run(bug):
    return {"seed": 1, "found": True, "fired": bug.invariant, "execs": 5, "seconds": 0.5, "reached": 1, "triggered": 1,
            "ops_found": 4, "ops": bug.shortest, "shrink_seconds": 0.1, "text": bug.case}


@test("planted bugs: a second name is an invariant, and another one", goals=("p2m-case",))
def second_names(t):
    invariants = Programs(BUILD).facts.invariants
    for bug in catalogue.load(""):
        if "Also" in bug.head:
            t.check(bug.id, len(bug.named) == 2 and bug.named <= set(invariants), str(bug.named))


@test("make bugs: each geometry has its line and its judgement", tier="scripts")
def both(t):
    bug = catalogue.load("^b6-")[0]
    good = one_run(bug)
    for name, run, says in (
            ("found", good, None), ("not found", {**good, "found": False, "fired": None},
                                    "seed 1: not found, reached 1 times, triggered 1 times"),
            ("too long", {**good, "ops": bug.shortest + 1}, f"seed 1: shrunk to {bug.shortest + 1} ops only")):
        wrong = bugs.judge(bug, [run])
        t.check(name, wrong == says, str(wrong))
        line = bugs.row(bug, {"geometry": "x86_64", "runs": [run], "wrong": wrong})
        t.check(f"the line of one {name}", line.startswith(f"{'FAIL' if says else 'ok  '} {bug.id} ") and
                " x86_64 " in line and line.endswith(says or "0.10  1/1"), line)
    also = catalogue.load("^p123-")[0]
    judged = [bugs.judge(also, [{**one_run(also), "fired": fired, "ops": also.shortest + 1}])
              for fired in ("PAGE_COST", also.invariant, "LINEARIZABLE")]
    t.check("each name of its head is right, no other is; the length is that of the first", judged ==
            [None, f"seed 1: shrunk to {also.shortest + 1} ops only", "seed 1: LINEARIZABLE instead"], str(judged))
    others = [good, {**good, "text": good["text"] + "get 0x0\n"}, good]
    line = bugs.row(bug, {"geometry": "tiny", "runs": others, "wrong": None})
    t.check("two of three runs ended in the same text", line.endswith("  2/3"), line)


@test("make bugs: the report has a row for each geometry, and a bug passes in both or not", tier="scripts",
      needs=("import jinja2", "import matplotlib"))
def reported(t):
    from p2mcheck.report import bugs as section, claims  # pylint: disable=import-outside-toplevel
    hunted, other = catalogue.load("^b[67]-")
    for wrong in (None, "seed 1: not found"):
        hunts = [{"geometry": "tiny", "runs": [one_run(hunted)], "wrong": None},
                 {"geometry": "x86_64", "runs": [one_run(hunted)], "wrong": wrong}]
        data = types.SimpleNamespace(patches=[hunted, other], hunted={hunted.id: {"hunts": hunts}})
        table = section.table(data, True)
        shown = [[row[3], row[4], str(row[-1])] for row in table["rows"]]
        t.check("rows", table["bugs"] == 2 and [row[:2] for row in shown] ==
                [["tiny", "1 of 1"], ["x86_64", "1 of 1"], ["tiny", "not hunted"]], str(shown))
        t.check("a row that fails says why", (wrong or "yes") in shown[1][2], str(shown))
        claim = next(claims.of_bugs(data))
        t.check("the claim", claim[2].startswith("0" if wrong else "1") and claim[3] == (False if wrong else "in part"),
                str(claim))
