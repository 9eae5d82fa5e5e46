# SPDX-License-Identifier: GPL-2.0-or-later
"""Evaluates the runs: build/compare.json. Tests are corrected after Holm within a geometry. Runs that were
not made but assumed (main.py) are in no test.
"""

import math
import statistics

from statsmodels.stats.multitest import multipletests

from p2mcheck.compare import claims, machine
from p2mcheck.compare.claims import ALPHA, EARLY
from p2mcheck.compare.peers import why_not_found
from p2mcheck.compare.stats import against, interval, ratio_interval, restricted, survival
from p2mcheck.compare.tools import OURS, TOOLS

BUDGETS = (1, 2, 5, 10, 20, 60)  # the ratio of restricted means is given for each


def middle(values):
    return statistics.median(values) if values else None


def mostly(runs, name):
    """The median; None where more than half of the runs found nothing."""
    found = sorted(run[name] for run in runs if run["found"])
    return statistics.median_low(sorted(found + [math.inf] * (len(runs) - len(found)))) \
        if 2 * len(found) > len(runs) else None


def of_bug(bug, runs, tool, ours):
    shrunk = [run["shrunk_ops"] for run in runs if run["found"] and run["shrunk_ops"] is not None]
    took = [run["shrink_seconds"] for run in runs if run["found"] and run["shrink_seconds"] is not None]
    row = {"found": sum(run["found"] for run in runs), "runs": len(runs),
           "median_seconds": mostly(runs, "seconds"), "median_ops": mostly(runs, "ops"),
           "median_execs": mostly(runs, "execs"),
           "shrunk_ops": middle(shrunk), "shrunk_min": min(shrunk, default=None),
           "shrunk_max": max(shrunk, default=None), "shrink_seconds": middle(took),
           "reported": sorted({run["invariant"] for run in runs if run["found"] and run["invariant"]}),
           "a12_ops": None, "p_ops": None, "p_holm": None, "worse": None}
    texts = [run for run in runs if run.get("shrunk_text") and run["shrunk_ops"] is not None]
    if texts:
        row["shrunk_text"] = min(texts, key=lambda run: run["shrunk_ops"])["shrunk_text"]
    if tool != OURS and not row["found"]:
        row["why"] = why_not_found(bug, tool)
    if tool != OURS and ours and not any(run.get("assumed") for run in runs):
        row["a12_ops"], row["p_ops"] = against(ours, runs, "ops")
        row["a12_seconds"], row["p_seconds"] = against(ours, runs, "seconds")
    return row


def correct(per_bug):
    """Holm, over all bugs and peers of a geometry; `worse`: we need significantly more ops."""
    rows = [row for tools in per_bug.values() for row in tools.values() if row["p_ops"] is not None]
    for name, corrected in (("p_ops", "p_holm"), ("p_seconds", "p_seconds_holm")):
        if rows:
            for row, p in zip(rows, multipletests([row[name] for row in rows], ALPHA, "holm")[1]):
                row[corrected] = float(p)
    for row in rows:
        row["worse"] = row["p_holm"] < ALPHA and row["a12_ops"] < 0.5


# ---- a geometry ----

def of_geometry(args, geometry, bugs, runs, absent, figures):
    here = [bug for bug in bugs if geometry not in absent.get(bug.id, {})]
    of = {bug.id: {tool: [run for seed in range(1, args.seeds + 1)
                          if (run := runs.get((bug.id, tool, geometry, seed)))] for tool in args.tools}
          for bug in here}
    per_bug = {bug.id: {tool: of_bug(bug, of[bug.id][tool], tool, of[bug.id].get(OURS))
                        for tool in args.tools if of[bug.id][tool]} for bug in here}
    per_bug = {bug: tools for bug, tools in per_bug.items() if tools}
    correct(per_bug)
    tools = {}
    for tool in args.tools:
        by_bug = [of[bug][tool] for bug in per_bug if of[bug][tool]]
        if by_bug:
            tools[tool] = of_tool(args.budgets[geometry], tool, by_bug, per_bug)
            pairs = [(of[bug][OURS], of[bug][tool]) for bug in per_bug
                     if of[bug].get(OURS) and of[bug][tool]]
            if tool != OURS and pairs:
                tools[tool].update(beside_ours(pairs, args.budgets[geometry]))
        tools.setdefault(tool, {}).update(figures.get(f"{geometry} {tool}", {}))
    return {"bugs": len(here), "budget": args.budgets[geometry],
            "absent": {bug.id: absent[bug.id][geometry] for bug in bugs if geometry in absent.get(bug.id, {})},
            "tools": tools, "per_bug": per_bug}


def beside_ours(pairs, budget):
    """`pairs`: for each bug our runs and the peer's. The ratio of the restricted means, by budget as
    well, since a bug that a peer never finds counts with the whole budget; and both means over the bugs that
    the peer finds."""
    def mean(runs):
        return statistics.mean(restricted(run, budget) for run in runs)
    both = [pair for pair in pairs if all(any(run["found"] for run in runs) for runs in pair)]
    answer = {"rmst_by_ours": dict(zip(("ratio", "low", "high"), ratio_interval(*zip(*pairs), budget=budget))),
              "ratio_by_budget": {shorter: ratio_interval(*zip(*pairs), budget=shorter)[0]
                                  for shorter in BUDGETS if shorter < budget}}
    if both:
        answer["both_find"] = {"bugs": len(both), "ours": statistics.mean(mean(pair[0]) for pair in both),
                               "theirs": statistics.mean(mean(pair[1]) for pair in both)}
    return answer


def of_tool(budget, tool, by_bug, per_bug):
    all_runs = [run for runs in by_bug for run in runs]
    area, curve = survival(all_runs, budget)
    low, high = interval(by_bug, budget)
    rows = [tools[tool] for tools in per_bug.values() if tool in tools]
    longer = 0
    for tools in per_bug.values():
        if tool in tools and OURS in tools and None not in (tools[tool]["shrunk_ops"],
                                                            tools[OURS]["shrunk_ops"]):
            longer += tools[tool]["shrunk_ops"] > tools[OURS]["shrunk_ops"]
    return {"found": sum(row["found"] > 0 for row in rows), "runs_found": sum(row["found"] for row in rows),
            "runs": len(all_runs), "rmst": {"seconds": area, "low": low, "high": high}, "curve": curve,
            "early": statistics.mean(restricted(run, budget) <= EARLY for run in all_runs),
            "ops_per_second": None, "exec_per_second": None, "empty_exec_per_second": None,
            "a12": middle_of([row["a12_ops"] for row in rows]), "shrunk_longer_than_ours": longer}


def middle_of(values):
    values = [value for value in values if value is not None]
    return statistics.mean(values) if values else None


# ---- everything ----

def evaluate(args, bugs, runs, absent, figures):
    planned = [(bug.id, tool, geometry, seed) for bug in bugs for geometry in args.geometries
               if geometry not in absent.get(bug.id, {}) for tool in args.tools
               for seed in range(1, args.seeds + 1)]
    done = sum(key in runs for key in planned)
    result = {"commit": args.commit, "trees": args.trees, "machine": {**machine.machine(), "load": args.load},
              "versions": machine.versions(),
              "seeds": list(range(1, args.seeds + 1)),
              "complete": done == len(planned), "planned": len(planned), "done": done,
              "assumed": sum(bool(runs[key].get("assumed")) for key in planned if key in runs),
              "sample": not args.full, "all_bugs": [bug.id for bug in bugs],
              "tools": {tool: dict(zip(("title", "what"), TOOLS[tool])) for tool in args.tools},
              "geometries": {geometry: of_geometry(args, geometry, bugs, runs, absent, figures)
                             for geometry in args.geometries},
              "speed": machine.core_speed(args.build)}
    result["peer_wins"] = claims.wins(result)
    result["claims"] = list(claims.claims(result))
    return result
