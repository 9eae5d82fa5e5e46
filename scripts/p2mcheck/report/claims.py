# SPDX-License-Identifier: GPL-2.0-or-later
"""The claims: goal, measured figure and verdict of each, and the command that measures it."""

from p2mcheck.report.data import SOURCES
from p2mcheck.report.words import BAD, GOOD, code, part, short

VERDICTS = {True: GOOD("reached"), False: BAD("NOT reached"), None: "not measured", "in part": "in part only"}

BENCH = {
    "plain_checked_ratio_tiny": "A case of tiny with all checks, without an engine, against one with none: times as long",
    "plain_checked_ratio_x86_64": "The same of x86_64",
    "tiny_exec_ratio": "exec/s in tiny, of an empty target's",
    "x86_64_exec_ratio": "exec/s in x86_64, of an empty target's",
    "range_gib_speedup": "A missing GiB at once, against PFN by PFN: times as fast",
    "tiny_afl_exec_ratio": "exec/s in tiny under AFL++, of an empty target's",
    "x86_64_afl_exec_ratio": "exec/s in x86_64 under AFL++, of an empty target's",
    "get_vs_flat": "A lookup, against a flat array's: times as long",
    "whole_table_pages": "Pages for identity over the whole empty table",
    "rapidcheck_tiny": "Ops judged a second in tiny, without an engine: times RapidCheck's",
    "rapidcheck_x86_64": "The same in x86_64",
    "hypothesis_tiny": "Ops judged a second in tiny, without an engine: times Hypothesis's",
    "first_case_ms": "CPU time until a target has run its first case, in ms",
    "finding_ms": "CPU time until a finding is stored and its stack has names, in ms",
    "finding_filing_ms": "Of that, for the names, in ms",
    "two_jobs_tiny": "Executions of two jobs at once, against one job's",
}


def of_compare(data):
    if data.compare is None:
        yield "Against other tools: bugs found, time to the bug, speed, length of the case", "see README", None, None
    for claim in (data.compare or {}).get("claims", []):
        yield claim["claim"], claim["goal"], claim["measured"], claim["reached"]


def of_bugs(data):
    claim = "Planted bugs found from nothing, named and shrunk to the shortest case"
    if not data.hunted:
        yield claim, "all", None, None
        return
    fine = sum(not any(hunts["wrong"] for hunts in bug["hunts"]) for bug in data.hunted.values())
    all_hunted = len(data.hunted) == len(data.patches)
    yield (claim, part(len(data.patches), len(data.patches)), part(fine, len(data.hunted)),
           False if fine < len(data.hunted) else all_hunted or "in part")


def of_search(found, claim):
    measured, reached = None, None
    if found:
        reached = found["closed"] and not found["violated"] and found["every"] == 1
        measured = (f"{found['transitions']:,} transitions from {found['states']:,} states, "
                    + ("closed" if found["closed"] else "not closed") + (", VIOLATED" if found["violated"] else ""))
    yield claim, "closed, no violation", measured, reached


def of_exhaustive(data):
    return of_search(data.exhaustive, "Every state of a 2x2x2 tree x every op")


def overlaps(races):
    """What a search for overlaps has tried, or ought to."""
    switches = races.get("switches", 1) if races else 2
    return f"every pair of calls, {switches} switch{'es' if switches > 1 else ''}"


def of_races(data):
    claim = overlaps(data.races)
    return of_search(data.races, claim[0].upper() + claim[1:] + ", from every state")


def of_prove(data):
    claim, found = "Proofs for all inputs: index arithmetic, the walk of a memory map", data.prove
    if not found:
        yield claim, "all", None, None
        return
    fine, tried = sum(proof["fine"] for proof in found["proofs"].values()), len(found["proofs"])
    usual = found["geometry"] == "x86_64" and found["core"] == "."
    yield (claim, "all", part(fine, found["all"]) + ("" if usual else f", {found['geometry']}, {found['core']}/core"),
           False if fine < tried else usual and fine == found["all"] or "in part")


def of_mutants(data):
    survived = data.statuses["survived"]
    yield ("Mutants of the core that no test notices", "0",
           f"{survived} of {len(data.mutants):,}" if data.mutants else None, not survived if data.mutants else None)


def of_coverage(data):
    yield ("States x calls that the reviewed corpus reaches", part(data.possible, data.possible),
           part(data.reached, data.possible), not data.gaps)
    failures = data.coverage and data.coverage["failures"]
    yield ("Lines, branches and conditions of the core reached, except those listed with a reason", "all",
           data.coverage and (f"{failures} are not" if failures else "all"), data.coverage and not failures)


def is_reached(goal, value):
    sign, limit = goal
    return {">=": value >= limit, "<=": value <= limit, "==": value == limit}[sign]


def of_bench(data):
    for name, goal in data.goals.items():
        value = data.bench and data.bench.get(name, {}).get("median")
        if goal:
            yield (BENCH.get(name, name), "{} {:g}".format(*goal), None if value is None else short(value),
                   None if value is None else is_reached(goal, value))


def rows(data):
    for key, claims in (("compare", of_compare), ("bugs", of_bugs), ("exhaustive", of_exhaustive), ("races", of_races),
                        ("prove", of_prove), ("mutants", of_mutants), ("coverage", of_coverage), ("bench", of_bench)):
        for claim, goal, measured, verdict in claims(data):
            yield claim, short(goal), short(measured), VERDICTS[verdict], code(SOURCES[key].command)
