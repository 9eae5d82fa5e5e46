# SPDX-License-Identifier: GPL-2.0-or-later
"""The wins of the peers, the claims about p2mcheck, and their table."""

import math

from p2mcheck.bench.main import GOALS
from p2mcheck.compare.tools import OURS, TOOLS

ALPHA = 0.05
EARLY = 0.05  # seconds


# ---- where a peer wins ----

def wins(result):
    """Every bug on which a peer needs significantly fewer ops or less time, or whose shortest
    counterexample is shorter than our longest; and the peers with more ops a second, or with more bugs
    after a short time."""
    found = []
    for geometry, part in result["geometries"].items():
        found += [{"bug": None, "tool": tool, "geometry": geometry, "what": what, "why": why}
                  for tool in part["tools"] if tool != OURS for what, why in speed_wins(part["tools"], tool)]
        for bug, tools in part["per_bug"].items():
            ours = tools.get(OURS)
            for tool, row in tools.items():
                if tool != OURS and ours:
                    found += [{"bug": bug, "tool": tool, "geometry": geometry, "what": what, "why": why}
                              for what, why in wins_of(ours, row, (bug, geometry))]
    return found


def best_speed(ours):
    """Of the fuzz target under ASan and UBSan, and of a plain build without an engine on the ops that peers draw."""
    return max(ours.get("ops_per_second") or 0, ours.get("plain_ops_per_second") or 0)


def speed_wins(tools, tool):
    ours, theirs = (tools.get(name, {}) for name in (OURS, tool))
    if (theirs.get("ops_per_second") or 0) > best_speed(ours):
        yield (f"more ops a second: {theirs['ops_per_second']:.0f} against {best_speed(ours):.0f}",
               "it compares less (props/peers/README.md)")
    early = [row.get("early") or 0 for row in (ours, theirs)]
    if early[1] > early[0]:
        yield (f"after {EARLY:g} s {early[1]:.0%} of its runs have found their bug, and {early[0]:.0%} of ours",
               "our process starts an engine and ASan first")
    both = theirs.get("both_find")
    if both and both["theirs"] < both["ours"]:
        yield (f"the {both['bugs']} bugs that both find, faster: {both['theirs']:.3f} s against {both['ours']:.3f} s",
               "a process that starts in some milliseconds; ours starts an engine and ASan, and ends with a report")


# The examined reasons why a peer needs fewer ops.
EXAMINED = {("p21-last-leaf-stays", "x86_64"): "the leak shows when the tree is destroyed, which is done for big trees in "
                                               "one case of eight: each slot is checked"}


def wins_of(ours, row, where):
    if row["worse"]:
        yield (f"fewer ops to the first failure: {number(row['median_ops'])} against "
               f"{number(ours['median_ops'])}",
               EXAMINED.get(where, "not examined"))
    if row.get("p_seconds_holm", 1) < ALPHA and row["a12_seconds"] < 0.5:
        quick = ours["median_seconds"] is not None and ours["median_seconds"] < 0.2
        yield (f"faster: {number(row['median_seconds'])} s against {number(ours['median_seconds'])} s",
               "our process starts an engine and ASan first, and ends with a report; we need "
               f"{number(ours['median_execs'])} cases" if quick else "not examined")
    if row["shrunk_min"] is not None and ours["shrunk_max"] is not None \
            and row["shrunk_min"] < ours["shrunk_max"]:
        yield (f"a shorter counterexample: {row['shrunk_min']} ops against {ours['shrunk_max']}",
               "comparing lookups count as ops here, but not there" if not row["shrunk_min"] else
               f"not examined; {', '.join(row['reported'])} there, {', '.join(ours['reported'])} here")


# ---- claims ----

def number(value):
    return "-" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)


def claim(text, goal, measured, reached):
    return {"claim": text, "goal": goal, "measured": measured, "reached": reached}


def claims(result):
    parts = result["geometries"]
    for geometry, part in parts.items():
        yield claim_of_found(geometry, part, result)
    if "x86_64" in parts:
        yield claim_of_survival(parts["x86_64"])
    if "tiny" in parts:
        yield claim_of_ops(parts["tiny"], result)
    for geometry, part in parts.items():
        yield from claims_of_speed(geometry, part["tools"])
    shorter = [win for win in result["peer_wins"] if win["what"].startswith("a shorter")]
    any_shrunk = any(row["shrunk_ops"] is not None for part in parts.values() for tools in part["per_bug"].values()
                     if tools.get(OURS, {}).get("shrunk_ops") is not None
                     for tool, row in tools.items() if tool != OURS)
    yield claim("no peer's shrunk counterexample is shorter than ours", "none",
                f"{len(shorter)} pairs of bug and peer", not shorter if any_shrunk else None)


def claims_of_speed(geometry, tools):
    """The same figures, with the same goals, as those of make bench."""
    for peer in TOOLS:
        sign, goal = GOALS.get(f"{peer}_{geometry}", (None, None))
        ours = tools.get(OURS, {}).get("plain_ops_per_second")
        theirs = tools.get(peer, {}).get("ops_per_second")
        if goal:
            yield claim(f"{geometry}: checked ops a second on the ops of {TOOLS[peer][0]}, without an engine, times its",
                        f"{sign} {goal}", f"{ours / theirs:.1f}" if ours and theirs else "-",
                        ours / theirs >= goal if ours and theirs else None)


def claim_of_found(geometry, part, result):
    rows = [tools[OURS] for tools in part["per_bug"].values() if OURS in tools]
    runs, found = sum(row["runs"] for row in rows), sum(row["found"] for row in rows)
    bugs = sum(row["found"] == row["runs"] for row in rows)
    return claim(f"{geometry}: all bugs are found by us within {part['budget']} s", "100 %",
                 f"{bugs} of {len(rows)} bugs in every run, {found} of {runs} runs",
                 found == runs if rows and result["complete"] else False if found < runs else None)


def claim_of_ops(part, result):
    rows = [row for tools in part["per_bug"].values() for row in tools.values() if row["p_holm"] is not None]
    worse = sum(row["worse"] for row in rows)
    single = sum(row["p_ops"] < ALPHA and row["a12_ops"] < 0.5 for row in rows)
    seeds = len(result["seeds"])
    could_show = rows and result["complete"] and 2 / math.comb(2 * seeds, seeds) * len(rows) < ALPHA
    return claim("tiny: on no bug significantly more ops to the first failure than any peer "
                 "(Mann-Whitney, Holm, 0.05)", "no bug",
                 f"{worse} of {len(rows)} pairs of bug and peer, {single} before the correction",
                 False if worse else True if could_show else None)


def claim_of_survival(part):
    ratios = {tool: row["rmst_by_ours"] for tool, row in part["tools"].items() if "rmst_by_ours" in row}
    best = min(ratios, key=lambda tool: ratios[tool]["ratio"], default=None)
    return claim("x86_64: restricted mean survival time of the best peer, times ours", ">= 10",
                 f"{ratios[best]['ratio']:.1f} ({ratios[best]['low']:.1f} to {ratios[best]['high']:.1f}), "
                 f"{TOOLS[best][0]}" + "".join(f"; {ratio:.1f} at {budget} s" for budget, ratio in
                                               part["tools"][best]["ratio_by_budget"].items())
                 if best else "-", ratios[best]["ratio"] >= 10 if best else None)


# ---- the table ----

def print_table(result):
    for geometry, part in result["geometries"].items():
        print(f"\n{geometry}: {len(part['per_bug'])} bugs, {len(part['absent'])} whose case passes there; "
              f"budget {part['budget']} s")
        print(f"  {'tool':16} {'bugs':>5} {'runs found':>12} {'RMST s':>8} {'(95 %)':>16} {'A12':>6} "
              f"{'ops/s':>10} {'exec/s':>9} {'empty':>9}")
        for tool, row in part["tools"].items():
            rmst = row.get("rmst", {})
            print(f"  {TOOLS[tool][0]:16} {number(row.get('found')):>5} "
                  f"{number(row.get('runs_found')) + '/' + number(row.get('runs')):>12} "
                  f"{number(rmst.get('seconds')):>8} "
                  f"{number(rmst.get('low')) + ' .. ' + number(rmst.get('high')):>16} "
                  f"{number(row.get('a12')):>6} " + " ".join(
                      f"{'-' if row.get(name) is None else format(row[name], '.0f'):>{width}}"
                      for name, width in (("ops_per_second", 10), ("exec_per_second", 9),
                                          ("empty_exec_per_second", 9))))
            if row.get("plain_ops_per_second"):
                print(f"  {'  without engine':16} {row['plain_ops_per_second']:>67.0f}")
        for tool, row in part["tools"].items():
            if row.get("both_find"):
                print(f"  on the {row['both_find']['bugs']} bugs that {TOOLS[tool][0]} finds: ours "
                      f"{row['both_find']['ours']:.3f} s, {TOOLS[tool][0]} {row['both_find']['theirs']:.3f} s")
    if result["assumed"]:
        print(f"\n  {result['assumed']} of these runs are not made, but taken from seed 1: the bug needs calls "
              "that overlap, or has an effect that the peer does not compare")
    print()
    for one in result["claims"]:
        state = {True: "reached", False: "NOT reached", None: "not measured"}[one["reached"]]
        print(f"  {one['claim']}: {one['measured']} ({one['goal']}): {state}")
    if result["peer_wins"]:
        print("\n  where a peer wins:")
    for win in result["peer_wins"]:
        print(f"  {win['bug'] or 'all'} {win['geometry']} {TOOLS[win['tool']][0]}: {win['what']} ({win['why']})")
