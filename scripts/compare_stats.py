# SPDX-License-Identifier: GPL-2.0-only
"""What the runs of scripts/compare say, and how sure that is: build/compare.json.

A run that found nothing in its budget is censored there. Survival curves are Kaplan and
Meier's; the restricted mean survival time is the area below one, up to the budget, with an
interval by drawing bugs anew. Ops to the first failure are compared by Mann and Whitney's U in
Gehan's form, in which a run that was cut off is more than what was found before it and of the
rest nothing is known; exactly, and corrected after Holm within a geometry. A12 is the part of
pairs of runs in which ours needs fewer, half of those not known included. Runs that were not
made but assumed (scripts/compare) are in no test.
"""

import json
import math
import os
import platform
import statistics
import subprocess

import numpy
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.multitest import multipletests

from compare_tools import TOOLS

OURS = "p2mcheck"
ALPHA = 0.05
RESAMPLES, RESAMPLE_SEED = 2000, 20111
BUDGETS = (1, 2, 5, 10, 20, 60)  # the ratio of restricted means is told for these, too
EARLY = 0.05  # seconds


# ---- survival ----

def restricted(run, budget):
    return min(run["seconds"], budget) if run["found"] else budget


def survival(runs, budget):
    """(area below the curve up to the budget, the curve as [t, survival, low, high])."""
    times = [restricted(run, budget) for run in runs]
    found = [int(run["found"]) for run in runs]
    curve, area, last, value = [[0.0, 1.0, 1.0, 1.0]], 0.0, 0.0, 1.0
    if any(found):
        fit = SurvfuncRight(times, found)
        for t, p, error in zip(fit.surv_times, fit.surv_prob, fit.surv_prob_se):
            area += value * (t - last)
            last, value = t, p
            error = 0.0 if math.isnan(error) else 1.96 * error
            curve.append([round(float(t), 4), round(float(p), 5), round(max(0.0, p - error), 5),
                          round(min(1.0, p + error), 5)])
    area += value * (budget - last)
    curve.append([budget, *curve[-1][1:]])
    return area, thinned(curve)


def thinned(curve, most=150):
    step = max(1, math.ceil(len(curve) / most))
    return curve[:1] + curve[1:-1][step - 1::step] + curve[-1:]


def interval(by_bug, budget):
    """Of the restricted mean, 95 %: bugs drawn anew. All censoring is at the budget, so the area
    below a curve is the mean of what is restricted to the budget."""
    means = numpy.array([statistics.mean(restricted(run, budget) for run in runs) for runs in by_bug])
    draws = numpy.random.default_rng(RESAMPLE_SEED).integers(0, len(means), (RESAMPLES, len(means)))
    low, high = numpy.percentile(means[draws].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def ratio_interval(ours, theirs, budget):
    """Of RMST of a peer by ours, over the bugs that both were run on: (ratio, low, high)."""
    means = numpy.array([[statistics.mean(restricted(run, budget) for run in runs) for runs in pair]
                         for pair in zip(ours, theirs)])
    draws = numpy.random.default_rng(RESAMPLE_SEED).integers(0, len(means), (RESAMPLES, len(means)))
    drawn = means[draws].mean(axis=1)
    low, high = numpy.percentile(drawn[:, 1] / drawn[:, 0], [2.5, 97.5])
    total = means.mean(axis=0)
    return float(total[1] / total[0]), float(low), float(high)


# ---- ours against a peer ----

def known_order(one, other):
    """Of (value, found) each: -1 if the one is known to be less, 1 if it is more, 0 if nobody knows."""
    if one[1] and (one[0] < other[0] or (one[0] == other[0] and not other[1])):
        return -1
    if other[1] and (other[0] < one[0] or (one[0] == other[0] and not one[1])):
        return 1
    return 0


def sums_of_scores(scores, chosen):
    """How many choices of `chosen` of the scores have which sum: (counts, the sum that the first is of)."""
    reach = sum(sorted(map(abs, scores))[-chosen:])
    counts = numpy.zeros((chosen + 1, 2 * reach + 1))
    counts[0, reach] = 1
    for score in scores:
        shifted = numpy.roll(counts[:-1], score, axis=1)
        if score > 0:
            shifted[:, :score] = 0
        elif score:
            shifted[:, score:] = 0
        counts[1:] += shifted
    return counts[chosen], -reach


def against(ours, theirs, name):
    """(A12: ours is less, exact two-sided p) of what the runs have under `name`."""
    a, b = ([(run[name], run["found"]) for run in runs] for runs in (ours, theirs))
    orders = [known_order(one, other) for one in a for other in b]
    a12 = 0.5 - sum(orders) / (2 * len(orders))
    scores = [sum(known_order(one, other) for other in a + b) for one in a + b]
    counts, first = sums_of_scores(scores, len(a))
    beyond = numpy.abs(numpy.arange(first, first + len(counts))) >= abs(sum(scores[:len(a)]))
    return a12, float(counts[beyond].sum() / counts.sum())


def middle(values):
    return statistics.median(values) if values else None


def mostly(runs, name):
    """The median; None where more than half of the runs found nothing."""
    found = sorted(run[name] for run in runs if run["found"])
    return statistics.median_low(sorted(found + [math.inf] * (len(runs) - len(found)))) \
        if 2 * len(found) > len(runs) else None


# What no budget would show to these peers, as it is with calls that overlap.
CANNOT_SEE = {
    "p06-first-is-last": "the header promises an upper bound of a call's pages, and only that is compared",
    "p13-mfn-of-identity": "the peer's toolstack takes INVALID for an identity frame, as it may",
    "p58-same-value": "a store of what is there already is no difference to who compares",
}


def why_not_found(bug, tool):
    """What is known of why a peer does not find a bug."""
    if bug.overlaps:
        return "needs a call that runs while another one does; this peer has none"
    if bug.id in CANNOT_SEE:
        return CANNOT_SEE[bug.id]
    if bug.invariant == "PAGE_COST":
        return "the header promises an upper bound of a call's pages, and only that is compared"
    if "restore=xen" in bug.case or bug.invariant == "TOOLSTACK_SEES_ALL":
        return "the peer's toolstack only reads"
    return {"libfuzzer": "not met within the budget: PFNs are drawn anywhere, not near edges",
            "afl": "not met within the budget: PFNs are drawn anywhere, not near edges"}.get(
                tool, "not met within the budget")


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
    return {"bugs": len(here), "budget": args.budgets[geometry], "absent": {bug.id: absent[bug.id][geometry] for bug in bugs
                                          if geometry in absent.get(bug.id, {})},
            "tools": tools, "per_bug": per_bug}


def beside_ours(pairs, budget):
    """`pairs`: for each bug our runs and the peer's. The ratio of the restricted means, by budget as
    well, since what a peer never finds counts with all of it; and both means over the bugs that
    the peer does find."""
    def mean(runs):
        return statistics.mean(restricted(run, budget) for run in runs)
    both = [pair for pair in pairs if all(any(run["found"] for run in runs) for runs in pair)]
    answer = {"rmst_by_ours": dict(zip(("ratio", "low", "high"), ratio_interval(*zip(*pairs), budget))),
              "ratio_by_budget": {shorter: ratio_interval(*zip(*pairs), shorter)[0]
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


# ---- where a peer wins ----

def wins(result):
    """Every bug on which a peer needs significantly fewer ops or less time, or whose shortest
    counterexample is shorter than our longest; and who makes more ops a second, or has more bugs
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
    """Of the fuzz target under ASan and UBSan, and of the same machine in a plain build without an engine."""
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


# Why a peer needs fewer ops, where that was looked into.
EXAMINED = {("p21-last-leaf-stays", "x86_64"): "the leak shows when the tree is destroyed, and of big ones we destroy "
                                               "one in eight: each slot is looked at"}


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
               "lookups that compare are no ops there, and here they are" if not row["shrunk_min"] else
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
    for peer, times in (("rapidcheck", 50), ("hypothesis", 1000)):
        for geometry, part in parts.items():
            ours = best_speed(part["tools"].get(OURS, {}))
            theirs = part["tools"].get(peer, {}).get("ops_per_second")
            yield claim(f"{geometry}: checked ops a second without an engine, times {TOOLS[peer][0]}'s", f">= {times}",
                        f"{ours / theirs:.0f}" if ours and theirs else "-",
                        ours / theirs >= times if ours and theirs else None)
    shorter = [win for win in result["peer_wins"] if win["what"].startswith("a shorter")]
    any_shrunk = any(row["shrunk_ops"] is not None for part in parts.values() for tools in part["per_bug"].values()
                     for tool, row in tools.items() if tool != OURS and tools.get(OURS, {}).get("shrunk_ops") is not None)
    yield claim("no peer's shrunk counterexample is shorter than ours", "none",
                f"{len(shorter)} pairs of bug and peer", not shorter if any_shrunk else None)


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


# ---- all of it ----

def first_line(*command):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              encoding="utf-8", errors="replace")
        return (done.stdout.splitlines() or [""])[0]
    except OSError:
        return "none"


def versions():
    packages = {"rapidcheck": "librapidcheck-dev", "hypothesis": "python3-hypothesis",
                "statsmodels": "python3-statsmodels", "scipy": "python3-scipy", "afl++": "afl++"}
    return {"clang": first_line("clang", "--version"), "gcc": first_line("gcc", "--version"),
            **{name: first_line("dpkg-query", "-W", "-f", "${Version}", package)
               for name, package in packages.items()}}


def machine():
    def field(path, name):
        with open(path, encoding="utf-8") as file:
            return next((line.split(":", 1)[1].strip() for line in file if line.startswith(name)), "")
    return {"cpu": field("/proc/cpuinfo", "model name"), "cores": os.cpu_count(),
            "memory_mib": int(field("/proc/meminfo", "MemTotal").split()[0]) // 1024,
            "kernel": platform.release()}


def core_speed(build):
    try:
        with open(f"{build}/bench.json", encoding="utf-8") as file:
            return {name: figure["median"] for name, figure in json.load(file).items()}
    except (OSError, ValueError):
        return {}


def evaluate(args, bugs, runs, absent, figures):
    planned = [(bug.id, tool, geometry, seed) for bug in bugs for geometry in args.geometries
               if geometry not in absent.get(bug.id, {}) for tool in args.tools
               for seed in range(1, args.seeds + 1)]
    done = sum(key in runs for key in planned)
    result = {"commit": args.commit, "trees": args.trees, "machine": {**machine(), "load": args.load}, "versions": versions(),
              "seeds": list(range(1, args.seeds + 1)),
              "complete": done == len(planned), "planned": len(planned), "done": done,
              "assumed": sum(bool(runs[key].get("assumed")) for key in planned if key in runs),
              "sample": not args.full, "all_bugs": [bug.id for bug in bugs],
              "tools": {tool: dict(zip(("title", "what"), TOOLS[tool])) for tool in args.tools},
              "geometries": {geometry: of_geometry(args, geometry, bugs, runs, absent, figures)
                             for geometry in args.geometries},
              "speed": core_speed(args.build)}
    result["peer_wins"] = wins(result)
    result["claims"] = list(claims(result))
    return result


def print_table(result):
    for geometry, part in result["geometries"].items():
        print(f"\n{geometry}: {len(part['per_bug'])} bugs, {len(part['absent'])} whose case does not fail there; "
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
              "that overlap, or shows in what the peer does not compare")
    print()
    for one in result["claims"]:
        state = {True: "reached", False: "NOT reached", None: "not measured"}[one["reached"]]
        print(f"  {one['claim']}: {one['measured']} ({one['goal']}): {state}")
    if result["peer_wins"]:
        print("\n  where a peer wins:")
    for win in result["peer_wins"]:
        print(f"  {win['bug'] or 'all'} {win['geometry']} {TOOLS[win['tool']][0]}: {win['what']} ({win['why']})")
