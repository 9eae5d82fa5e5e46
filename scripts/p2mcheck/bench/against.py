# SPDX-License-Identifier: GPL-2.0-or-later
"""Is this tree faster or slower than another revision?

Builds BASE and the current tree, each as a copy of its files below build/against/, and runs both
in turns. Measures exec/s of the fuzz target on this tree's reviewed corpus, which each tree encodes
with its own codec, and CPU seconds until planted bugs are found from an empty corpus. A case that
BASE cannot read, and a bug without a patch in one tree, is skipped on both sides and listed.

Each figure is a ratio with an interval; all intervals together have 95 % confidence. A figure is
better or worse if its whole interval is beyond 1 by more than a margin; else there is no
difference. Exit: 0; 1 if a figure is worse; 2 if it could not be measured. Also build/against.json.

Only CPU time counts, so that other work on the machine has little effect.
"""

import glob
import math
import os
import statistics
import subprocess
import tempfile

from p2mcheck import cli, engines, programs
from p2mcheck.bench.intervals import cut, difference_of_means, hodges_lehmann, verdict
from p2mcheck.bench.trees import Side, Unreadable, commit_of, files_here, files_of_commit
from p2mcheck.bugs import catalogue
from p2mcheck.files import Failure, read_text, write_json
from p2mcheck.processes import cpu_seconds

# geometry: the number of times that a run executes each case of the corpus
RATES = {"tiny": 300, "x86_64": 60}
BUGS = "c4-race-leaf p51-store-mid p59-max-pfn-falls b16-lost-write-race b7-underflow p44-auto-unclamped"
CONFIDENCE = 0.95
LEVEL = 1 - (1 - CONFIDENCE) / (len(RATES) + 1)


# ---- executions a second ----

def timed_run(side, geometry, cases, runs):
    took, status = cpu_seconds([side.path("target", target="ops", geometry=geometry), f"-runs={runs}", *cases], {},
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if status:
        raise Failure(f"{side.name}: ops_{geometry} ended with {status} on the reviewed corpus")
    return took


def rate(side, geometry, cases):
    if geometry not in side.startup:
        side.startup[geometry] = statistics.median(timed_run(side, geometry, cases, 1) for _ in range(3))
    runs = RATES[geometry]
    return (runs - 1) * len(cases) / max(timed_run(side, geometry, cases, runs) - side.startup[geometry], 1e-4)


def failure(side, coded):
    """How the targets of a tree fail on a case, or None. A regression may be a defect that BASE still has."""
    for geometry in RATES:
        target = side.path("target", target="ops", geometry=geometry)
        _, status = cpu_seconds([target, coded[side, geometry]], {}, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
        if status:
            return f"fails on it (ops_{geometry} ended with {status})"
    return None


def encode(base, here):
    """{(side, geometry): files} of this tree's reviewed cases, and {case: the reason why BASE does not run it}."""
    files, left_out = {(side, geometry): [] for side in (base, here) for geometry in RATES}, {}
    cases = sorted(glob.glob("corpus/*/*.txt", root_dir=here.folder))
    for case in cases:
        coded = {(here, geometry): here.encode(here, case, "ops", geometry) for geometry in RATES}
        try:
            coded.update({(base, geometry): base.encode(here, case, "ops", geometry) for geometry in RATES})
            why = failure(base, coded) if case.startswith("corpus/regress/") else None
        except Unreadable as error:
            why = f"cannot read it ({error})"
        if why:
            left_out[case] = why
            print(f"  left out: {case}: {base.name} {why}", flush=True)
            continue
        for key, path in coded.items():
            files[key].append(path)
    if len(left_out) == len(cases):
        raise Failure(f"corpus/: {base.name} can run no case of it")
    return files, left_out


def measure_rates(base, here, geometry, files, blocks, level):
    """Blocks of base, here, here, base: an even drift cancels out."""
    logs, rates = [], {base: [], here: []}
    for block in range(blocks):
        order = (base, here, here, base) if block % 2 == 0 else (here, base, base, here)
        sums = {base: 0.0, here: 0.0}
        for side in order:
            rates[side].append(rate(side, geometry, files[side, geometry]))
            sums[side] += math.log(rates[side][-1]) / 2
        logs.append(sums[here] - sums[base])
    estimate, low, high = hodges_lehmann(logs, level)
    return {"figure": f"exec/s, {geometry}, {len(files[here, geometry])} reviewed cases",
            "base": statistics.median(rates[base]), "here": statistics.median(rates[here]),
            "log": [estimate, low, high], "raw": [rates[base], rates[here]]}


# ---- time to a bug ----

def hunt(side, name, seed, budget):
    """CPU seconds until it is found; None if it is not. Found: the invariant that this side's own patch names
    is violated."""
    bug = side.bug(name)
    target = side.path("planted", bug=bug.id, target=bug.target, geometry=bug.geometry)
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/corpus")
        with open(f"{folder}/log", "wb") as log:
            took, _ = cpu_seconds(
                catalogue.hunt_command(target, folder, seed, 20 * budget, side.longest_input),
                {"ASAN_OPTIONS": "symbolize=0"}, budget, stdout=log, stderr=log)
        found, fired = engines.artifacts(folder), catalogue.fired(read_text(f"{folder}/log"))
    return took if found and (bug.sanitizer or bug.names(fired)) else None


def measure_bugs(base, here, bugs, seeds, budget, level):
    groups, rows = [], []
    for bug in bugs:
        took = {base: [], here: []}
        for seed in range(1, seeds + 1):
            for side in (base, here) if seed % 2 else (here, base):
                took[side].append(hunt(side, bug, seed, budget))
        counted = [[min(budget if t is None else max(t, 0.01), budget) for t in took[side]] for side in (base, here)]
        groups.append([[math.log(t) for t in side] for side in counted])
        rows.append({"bug": bug, "base": counted[0], "here": counted[1],
                     "found": [sum(t is not None for t in took[side]) for side in (base, here)]})
        print(f"  {bug:24} base {statistics.median(counted[0]):7.2f} s ({rows[-1]['found'][0]}/{seeds} found)"
              f"   here {statistics.median(counted[1]):7.2f} s ({rows[-1]['found'][1]}/{seeds} found)", flush=True)
    if not any(sum(row["found"]) for row in rows):
        raise Failure("no bug was found in any run: nothing was measured")
    means = [math.exp(statistics.fmean(statistics.fmean(group[i]) for group in groups)) for i in (0, 1)]
    return {"figure": f"CPU s to a bug, {len(bugs)} bugs x {seeds} seeds", "base": means[0], "here": means[1],
            "log": difference_of_means(groups, level), "raw": rows}


# ---- the command ----

def blocks(text):
    number = cli.positive(text)
    if cut(number, LEVEL) < 0:
        least = next(n for n in range(1, 99) if cut(n, LEVEL) >= 0)
        raise ValueError(f"too few for a result; pass at least {least}")
    return number


def arguments():
    parser = cli.Parser(__doc__, base="", runs=10, seeds=8, time=30, only=BUGS, jobs=programs.cores(),
                        checks={"runs": blocks, "seeds": cli.at_least(3), "only": str})
    parser.setting("margin", 0.02, cli.number, "the largest ratio that counts as no difference")
    args = parser.parse()
    if not args.base:
        parser.error("BASE is not set: make bench-against BASE=REV")
    return args


def choose_bugs(names, base, here):
    """The bugs of both trees, and {bug: the tree without a patch of it}."""
    bugs, left_out = [], {}
    for name in names.split():
        without = [side for side in (base, here) if not side.bug(name)]
        if len(without) == 2:
            raise Failure(f"props/bugs/{name}.patch: no such bug")
        if without:
            left_out[name] = f"no patch in {without[0].name}"
            print(f"  left out: {name}: {left_out[name]}")
        else:
            bugs.append(name)
    if not bugs:
        raise Failure("none of the bugs is in both trees")
    return bugs, left_out


def build(sides, bugs, jobs):
    for side in sides:
        print(f"building {side.name}", flush=True)
        side.make(jobs, side.goal("p2m_case"),
                  *(side.goal("target", target="ops", geometry=geometry) for geometry in RATES))
        for bug in map(side.bug, bugs):
            side.make(jobs, f"BUG={bug.id}",
                      side.goal("planted", bug=bug.id, target=bug.target, geometry=bug.geometry))


def conclude(args, commit, figures, left_out):
    print(f"\n{'figure':40} {'base':>10} {'here':>10}  {'times as fast':>14}  interval")
    words = []
    for figure in figures:
        figure["verdict"] = verdict(*figure["log"][1:], margin=args.margin)
        words.append(figure["verdict"])
        estimate, low, high = (math.exp(value) for value in figure["log"])
        print(f"{figure['figure']:40} {figure['base']:10.4g} {figure['here']:10.4g}  {estimate:14.3f}  "
              f"{low:.3f} .. {high:.3f}  {figure['verdict']}")
    write_json(f"{args.build}/against.json",
               {"base": commit, "level": LEVEL, "margin": args.margin, "figures": figures, "left_out": left_out})
    word = "WORSE" if "WORSE" in words else "better" if "better" in words else "no difference"
    print(f"against {args.base} ({commit[:12]}): {word}; a margin of {100 * args.margin:g} %, {100 * CONFIDENCE:g} % "
          "confidence in all intervals together")
    return 1 if word == "WORSE" else 0


def main():
    args = arguments()
    programs.setup("fuzz", "patch", "git")
    commit = commit_of(args.base)
    folder = f"{args.build}/against"
    base = Side(f"BASE {commit[:12]}", f"{folder}/{commit[:12]}", files_of_commit(commit))
    here = Side("this tree", f"{folder}/here", files_here())
    bugs, bugs_left_out = choose_bugs(args.only, base, here)
    build((base, here), bugs, args.jobs)
    files, cases_left_out = encode(base, here)
    figures = []
    for geometry in RATES:
        print(f"exec/s, {geometry}: {args.runs} blocks of four runs", flush=True)
        figures.append(measure_rates(base, here, geometry, files, args.runs, LEVEL))
    print(f"hunts: {len(bugs)} bugs, {args.seeds} seeds each, {args.time} s at most", flush=True)
    figures.append(measure_bugs(base, here, bugs, args.seeds, args.time, LEVEL))
    return conclude(args, commit, figures, {"cases": cases_left_out, "bugs": bugs_left_out})

