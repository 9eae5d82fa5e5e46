# SPDX-License-Identifier: GPL-2.0-or-later
"""The claims: goal, measured figure and verdict of each, and the command that measures it."""

from p2mcheck.report import judge, kernel, proofs, schedules, searches
from p2mcheck.report.data import SOURCES
from p2mcheck.report.reading import reading
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
    "first_case_empty_ms": "The same of an empty target: the engine and the sanitizers, in ms",
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


# By the figures that are read.
CLAIMS = {"compare": of_compare, "bugs": of_bugs, "exhaustive": searches.claims,
          **{key: schedules.claims_of(key) for key in schedules.SEARCHES}, "race": schedules.claims_of_threads,
          "prove": proofs.claims, "mutants": of_mutants, "coverage": of_coverage,
          "kernel": kernel.claims_of("kernel", "p2m.c"), "setup": kernel.claims_of("setup", "setup.c"),
          "judge": judge.claims, "bench": of_bench}


def rows(data):
    for key, claims in CLAIMS.items():
        with reading(data, [key]):
            for claim, goal, measured, verdict in claims(data):
                yield claim, short(goal), short(measured), VERDICTS[verdict], code(SOURCES[key].command)
