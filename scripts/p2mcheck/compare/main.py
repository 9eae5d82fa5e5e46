# SPDX-License-Identifier: GPL-2.0-or-later
"""Us and the peers (props/peers) on the same planted bugs.

For each bug, tool, geometry and seed there is one run, on one core, until something fails or the
budget is over. A finding is shrunk. Each run is a line of build/compare/runs.jsonl as soon as it ends,
so a comparison can be killed at any time and resumed, unless the measured files have changed. With a
longer budget only runs without a finding are repeated. The lines make build/compare.json and a table.
Without --full it is a sample: every eighth bug of the historic and of the plausible ones. In a sample
a peer is tried once on a bug that needs overlapping calls, or has an effect that no peer compares, and
counts as having found nothing with the other seeds as well. An engine's own minimizer is tried on the
findings of three seeds.
"""

import argparse
import os
import re
import shutil
import sys
import threading

from p2mcheck import cli, findings
from p2mcheck.bugs import catalogue
from p2mcheck.compare.peers import CANNOT_SEE
from p2mcheck.compare.runs import Runs, revision, sample, stop_if_changed
from p2mcheck.compare.speed import plain_speed, speed
from p2mcheck.compare.tools import OURS, TOOLS, run_tool
from p2mcheck.compare.process import ToolError
from p2mcheck.files import Failure, read_json, write, write_json
from p2mcheck.processes import each, output
from p2mcheck.programs import Programs, cores, setup

GEOMETRIES = ("tiny", "x86_64")
SECONDS = {"tiny": 5, "x86_64": 20}  # for a run; cases in the big geometry take longer
FOLDER = "compare/bugs"  # below the build's, for the programs with a bug
PACKAGES = ("g++", "librapidcheck-dev", "python3-hypothesis", "python3-statsmodels", "afl++")


def arguments():
    parser = cli.Parser(__doc__, only="", seeds=None, budget=None, geometry=None, jobs=cores(),
                        checks={"geometry": cli.one_of(GEOMETRIES)})
    parser.switch("full", "all bugs, 20 seeds, 60 s", "FULL")
    parser.setting("tools", list(TOOLS), cli.some_of(TOOLS, ","), "only these, separated by commas")
    parser.setting("speed", 5.0, cli.number, "seconds for each tool's speed; 0: not measured")
    parser.setting("data", "", text="folder of the raw data; BUILD/compare by default")
    parser.switch("table", "no runs: only evaluate the raw data")
    args = parser.parse()
    args.programs = Programs(args.build)
    args.data = args.data or f"{args.build}/compare"
    args.seeds = args.seeds or (20 if args.full else 10)
    args.budgets = {geometry: args.budget or (60 if args.full else seconds) for geometry, seconds in SECONDS.items()}
    args.grace = min(*args.budgets.values(), 10 if args.full else 1)
    args.geometries = [args.geometry] if args.geometry else list(GEOMETRIES)
    return args


# ---- building ----

def case_fails(planted, bug, geometry):
    """True if its shortest case, moved there, fails: the bug exists in this geometry."""
    path = f"{planted.folder}/case.txt"
    write(path, bug.case)
    target = ["--target=e820"] if bug.target == "e820" else []
    _, text = output([planted.p2m_case("clang-san" if bug.sanitizer else "gcc"), "replay", "--check=every",
                      f"--geometry={geometry}", *target, path])
    if re.search(r" 0 failures$", text, re.M):  # a boot alone has no op, and exit 1
        return False
    if findings.reported(text) == "nothing":
        raise Failure(f"{path}: neither passes nor fails in {geometry}: {text[-500:]}")
    return True


def reason(bug, geometry):
    return (f"its shortest case, moved from {bug.case_geometry} to {geometry}, does not fail there"
            + (f" ({bug.head['Class']})" if "Class" in bug.head else ""))


def build_shared(args):
    """Builds the shared parts once, before several bugs are built in parallel."""
    goals = [args.programs.p2m_case(), args.programs.p2m_case("clang-san"), "fuzz-targets", "peers"]
    for geometry in args.geometries if args.speed else ():
        goals += [args.programs.program("bench_empty", geometry, "fuzz"), args.programs.program("props", geometry)]
    args.programs.make(*goals, jobs=args.jobs)


def program_of(planted, bug, tool, geometry):
    return planted.target(bug.target, geometry) if tool == OURS else planted.peer(tool, geometry)


def plant(args, bug):
    return catalogue.plant(args.programs, bug, FOLDER, args.geometries)


def prepare(args, bug, planned):
    """Builds the programs for the runs of `bug`; returns the geometries in which it does not fail."""
    planted = plant(args, bug)
    flavours = ["gcc", "clang-san"] if bug.sanitizer else ["gcc"]
    catalogue.make(planted, bug, *map(planted.p2m_case, flavours))
    absent = {geometry: reason(bug, geometry) for geometry in args.geometries
              if not case_fails(planted, bug, geometry)}
    goals = [program_of(planted, bug, tool, geometry) for tool, geometry in
             sorted({(run[1], run[2]) for run in planned if run[2] not in absent})]
    if goals:
        catalogue.make(planted, bug, *goals)
    return absent


BUILDING = threading.Lock()


def with_sanitizers(planted, bug):
    """Builds the shrinker for a sanitizer's report; any bug may need it, but few do."""
    with BUILDING:
        if not os.path.exists(planted.p2m_case("clang-san")):
            catalogue.make(planted, bug, planted.p2m_case("clang-san"))


# ---- measuring ----

def is_hopeless(args, runs, bug, tool, geometry):
    """The bug needs a feature that the peer lacks, and the first seed has confirmed that."""
    first = runs.done.get((bug.id, tool, geometry, 1))
    return ((bug.overlaps or bug.id in CANNOT_SEE) and tool != OURS and not args.full
            and first and not first["found"])


def one_run(args, runs, bug, key):
    _, tool, geometry, seed = key
    if is_hopeless(args, runs, bug, tool, geometry):
        runs.add({**runs.done[(bug.id, tool, geometry, 1)], "seed": seed, "assumed": True})
        return
    planted = plant(args, bug)
    grace = args.grace if args.full or seed <= 3 else 0
    try:
        answer = run_tool(tool, planted, bug, geometry, seed, args.budgets[geometry], grace,
                          lambda: with_sanitizers(planted, bug))
    except ToolError as error:  # one error must not end hours of other runs
        print(f"compare: {error}", file=sys.stderr, flush=True)
        args.errors += 1
        return
    runs.add({"bug": bug.id, "tool": tool, "geometry": geometry, "seed": seed, "grace": grace, **answer})


def measure(args, bugs, runs, absent):
    """Some bugs at a time: builds all, runs all, then removes the programs."""
    for first in range(0, len(bugs), 4):
        some = bugs[first:first + 4]
        missing = {bug.id: [key for seed in range(1, args.seeds + 1) for geometry in args.geometries
                            for tool in args.tools
                            if (key := (bug.id, tool, geometry, seed)) not in runs.done
                            and geometry not in absent.get(bug.id, {})] for bug in some}
        some = [bug for bug in some if missing[bug.id]]
        if not some:
            continue
        stop_if_changed(args, some)
        print(f"bugs {first + 1} to {first + len(some)} of {len(bugs)}: building", flush=True)
        for bug, gone in each(args.jobs, lambda bug: prepare(args, bug, missing[bug.id]), some):
            absent[bug.id] = {**absent.get(bug.id, {}), **gone}
        write_absent(args, absent)
        keys = [(bug, key) for bug in some for key in missing[bug.id] if key[2] not in absent[bug.id]]
        print(f"  {len(keys)} runs: {' '.join(bug.id for bug in some)}", flush=True)
        for seed in range(1, args.seeds + 1):  # a slow hour affects all tools alike
            now = [pair for pair in keys if pair[1][3] == seed]
            list(each(args.jobs, lambda pair: one_run(args, runs, *pair), now))
        for bug in some:
            shutil.rmtree(f"{args.build}/{FOLDER}/{bug.id}", ignore_errors=True)


def kept(path):
    """The results of an earlier comparison; empty if they are damaged."""
    try:
        return read_json(path) or {}
    except Failure:
        return {}


def write_absent(args, absent):
    write_json(f"{args.data}/absent.json", {"tree": args.trees[OURS], "absent": absent})


def speeds(args):
    """Each tool on the core without a bug, and on an empty target; measured once per revision."""
    path = f"{args.data}/speed.json"
    figures = {name: figure for name, figure in kept(path).items()
               if figure["tree"] == args.trees.get(name.split()[1])}
    for geometry in args.geometries:
        for tool in args.tools:
            name = f"{geometry} {tool}"
            if name in figures or not args.speed:
                continue
            print(f"speed: {tool}, {geometry}", flush=True)
            ops, cases = speed(args.programs, geometry, tool, args.speed, False)
            _, empty = speed(args.programs, geometry, tool, args.speed, True)
            figures[name] = {"ops_per_second": ops, "exec_per_second": cases,
                             "empty_exec_per_second": empty, "tree": args.trees[tool]}
            if tool == OURS:
                figures[name]["plain_ops_per_second"] = plain_speed(args.programs, geometry, args.speed, "--as-peers")
            write_json(path, figures)
    return figures


def main():
    args = arguments()
    bugs = sample(catalogue.load(args.only), args.full, args.only)
    setup("fuzz", "patch", *PACKAGES)
    from p2mcheck.compare import claims, evaluate  # pylint: disable=import-outside-toplevel
    args.commit, args.trees = revision([OURS, *args.tools])
    runs = Runs(args, bugs)
    known = kept(f"{args.data}/absent.json")
    absent = known.get("absent", {}) if known.get("tree") == args.trees[OURS] else {}
    args.load, args.errors = os.getloadavg()[0], 0
    if args.load > 0.5 and not args.table:
        print(f"other programs are running (load {args.load:.1f}): measured seconds are too long")
    print(f"{len(bugs)} bugs, {len(args.tools)} tools, {' and '.join(args.geometries)}, {args.seeds} seeds, "
          f"budget {' and '.join(f'{args.budgets[geometry]} s' for geometry in args.geometries)}; "
          f"{len(runs.done)} runs exist" +
          (f", {runs.others} of another core or harness, or too short, are ignored" if runs.others else ""))
    status = 0
    figures = {}
    try:
        if not args.table:
            build_shared(args)
            figures = speeds(args)
            measure(args, bugs, runs, absent)
    except KeyboardInterrupt:
        print("compare: interrupted; the next `make compare` resumes it", file=sys.stderr)
        status = 1
    figures = figures or speeds(argparse.Namespace(**{**vars(args), "speed": 0}))
    result = evaluate.evaluate(args, bugs, runs.done, absent, figures)
    write_json(f"{args.data}.json", result)
    claims.print_table(result)
    print(f"written to {args.data}.json; {result['done']} of {result['planned']} runs")
    if not result["done"]:
        raise Failure("no run: nothing was compared")
    if args.errors:
        raise Failure(f"{args.errors} runs failed, see above; they are missing")
    return status

