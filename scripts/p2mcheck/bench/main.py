# SPDX-License-Identifier: GPL-2.0-or-later
"""The speed figures, as ratios of medians of runs taken in turns.

Machines are noisy. Two programs that are measured alternately in one run can still be compared. All but
the figures of AFL++, of two jobs and of the core alone are CPU time.
Prints a table and writes build/bench.json.
"""

import os
import re
import subprocess
import tempfile

from p2mcheck import cli
from p2mcheck.bench import start
from p2mcheck.cli import median
from p2mcheck.compare.speed import is_installed, plain_speed, speed
from p2mcheck.engines import Afl, sanitizer_options
from p2mcheck.files import Failure, read_text, write_json
from p2mcheck.processes import cpu_seconds, output
from p2mcheck.programs import Programs, has_afl, setup

GEOMETRIES = ("tiny", "x86_64")


def bench_core(programs):
    """The core alone: no harness, no sync points."""
    return f"{programs.build}/bench/x86_64/bench_core"


def bench_plain(programs, geometry):
    """The plain runner: no engine, no sanitizers."""
    return f"{programs.build}/gcc/{geometry}/bench_plain_{geometry}"


def peers():
    """(tool, geometry) of each peer that can run here."""
    return [(tool, geometry) for tool, geometry in PEERS if is_installed(tool)]


def build(programs):
    goals = [bench_core(programs)]
    for geometry in GEOMETRIES:
        goals.append(bench_plain(programs, geometry))
        goals += [programs.program(name, geometry, "fuzz") for name in ("bench_ops", "bench_empty")]
        if has_afl():
            goals += [programs.program(name, geometry, "afl") for name in ("ops", "bench_empty")]
            goals.append(programs.mutator("ops", geometry))
    goals += [programs.program("props", geometry) for _, geometry in peers()]
    goals += [programs.peer(tool, geometry) for tool, geometry in peers()]
    programs.make(*goals, programs.target("ops", "tiny"), programs.target("canary", "tiny"), programs.p2m_case())


def seconds_of(programs, name, geometry, ops, runs):
    """CPU time of the engine for `runs` executions: start-up, measured by a run of one, taken off."""
    took = []
    for count in (1, runs):
        with tempfile.TemporaryDirectory() as folder:
            seconds, status = cpu_seconds(
                [programs.program(name, geometry, "fuzz"), f"-runs={count}", "-seed=1",
                 f"-max_len={programs.facts.longest_input}", folder], {"P2MCHECK_BENCH_OPS": str(ops)},
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if status:
                raise Failure(f"{name}_{geometry} ended with status {status}")
            took.append(seconds)
    return took[1] - took[0]


def exec_ratio(programs, geometry, ops, runs, repeats):
    """exec/s of `ops` as a part of the empty target's, on the same inputs."""
    ratios, rates = [], []
    for _ in range(repeats):
        empty = seconds_of(programs, "bench_empty", geometry, ops, runs) / runs
        target = seconds_of(programs, "bench_ops", geometry, ops, runs) / runs
        ratios.append(empty / target)
        rates.append((1 / empty, 1 / target))
    rate = [median(values) for values in zip(*rates)]
    print(f"  {geometry}, {ops} ops a case: empty {rate[0]:.0f} exec/s, ops {rate[1]:.0f} exec/s",
          flush=True)
    return ratios


def afl_execs_a_second(programs, geometry, name):
    """exec/s of AFL++ alone on a target in some seconds, from an empty case, with our mutator."""
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/in")
        with open(f"{folder}/in/empty", "wb") as file:
            file.write(bytes(16))
        _, said = output(
            ["afl-fuzz", "-i", f"{folder}/in", "-o", f"{folder}/out", "-V", str(AFL_SECONDS), "-s", "1",
             "-G", str(programs.facts.longest_input), "-t", "10000", "--", programs.program(name, geometry, "afl")],
            env={**os.environ, **Afl.ENVIRONMENT, **sanitizer_options(os.environ),
                 **Afl.with_mutator(programs.mutator("ops", geometry))})
        try:
            text = read_text(f"{folder}/out/default/fuzzer_stats")
            return float(re.search(r"^execs_per_sec\s*: ([\d.]+)", text, re.M).group(1))
        except (OSError, AttributeError):
            raise Failure(f"afl-fuzz measured nothing: {cli.last_line(said)}") from None


def afl_ratio(programs, geometry, repeats):
    """The same under AFL++, in persistent mode, without sanitizers: as most of its jobs run."""
    rates = [(afl_execs_a_second(programs, geometry, "bench_empty"), afl_execs_a_second(programs, geometry, "ops"))
             for _ in range(repeats)]
    rate = [median(values) for values in zip(*rates)]
    print(f"  {geometry}, AFL++: empty {rate[0]:.0f} exec/s, ops {rate[1]:.0f} exec/s", flush=True)
    return [ops / empty for empty, ops in rates]


def printed_figures(program, repeats):
    """The output of fuzz/bench/core.c or plain.c: `name value`, once for each repeat."""
    figures = {}
    for _ in range(repeats):
        done = subprocess.run([program], check=True, stdout=subprocess.PIPE, text=True)
        for line in done.stdout.splitlines():
            name, value = line.split()
            figures.setdefault(name, []).append(float(value))
    return figures


def peer_ratio(programs, tool, geometry, repeats):
    """Our judged ops a second on the peer's mix, as multiples of those that it checks: plain runners, start-up
    included."""
    rates = [(plain_speed(programs, geometry, PEERS[tool, geometry], "--as-peers"),
              speed(programs, geometry, tool, PEERS[tool, geometry], False)[0]) for _ in range(repeats)]
    rate = [median(values) for values in zip(*rates)]
    print(f"  {geometry}: ours {rate[0]:.0f} ops/s, {tool} {rate[1]:.0f} ops/s", flush=True)
    return [ours / theirs for ours, theirs in rates]


def peer_figures(programs, repeats):
    """Of the peers whose packages are installed."""
    able = peers()
    missing = sorted({tool for tool, _ in PEERS} - {tool for tool, _ in able})
    if missing:
        print(f"  not installed (packages librapidcheck-dev, python3-hypothesis): {' '.join(missing)}: skipped")
    return {f"{tool}_{geometry}": peer_ratio(programs, tool, geometry, repeats) for tool, geometry in able}


def plain_figures(programs, repeats):
    """The names end with the geometry."""
    return {f"{name}_{geometry}": values for geometry in GEOMETRIES
            for name, values in printed_figures(bench_plain(programs, geometry), repeats).items()}


AFL_SECONDS = 4
PEERS = {("rapidcheck", "tiny"): 2, ("rapidcheck", "x86_64"): 2, ("hypothesis", "tiny"): 5}  # seconds of a run

# A figure without a goal is for information.
GOALS = {
    **{f"plain_checked_ratio_{geometry}": ("<=", goal) for geometry, goal in (("tiny", 2.0), ("x86_64", 1.7))},
    **{f"ops_per_second_{ops}_{geometry}": None for geometry in GEOMETRIES for ops in (8, 16, 64, 256)},
    "tiny_exec_ratio": (">=", 0.15),
    "x86_64_exec_ratio": (">=", 0.08),
    "tiny_afl_exec_ratio": None,
    "x86_64_afl_exec_ratio": None,
    "rapidcheck_tiny": (">=", 10),
    "rapidcheck_x86_64": (">=", 3),
    "hypothesis_tiny": (">=", 1000),
    "first_case_ms": ("<=", 25),
    "first_case_empty_ms": None,
    "finding_ms": ("<=", 60),
    "finding_filing_ms": None,
    "two_jobs_tiny": None,
    "range_gib_speedup": (">=", 1000),
    "get_vs_flat": ("<=", 2),
    "whole_table_pages": ("==", 0),
}


def reached(name, value):
    """In words; empty if there is no goal."""
    if not GOALS[name]:
        return ""
    sign, goal = GOALS[name]
    fine = {">=": value >= goal, "<=": value <= goal, "==": value == goal}[sign]
    return f"{sign} {goal} {'reached' if fine else 'not reached'}"


def main():
    args = cli.Parser(__doc__, runs=7).parse()
    setup("fuzz")
    programs = Programs(args.build)
    build(programs)
    figures = {
        "tiny_exec_ratio": exec_ratio(programs, "tiny", 16, 300000, args.runs),
        "x86_64_exec_ratio": exec_ratio(programs, "x86_64", 8, 60000, args.runs),
    }
    if has_afl():
        figures.update({f"{geometry}_afl_exec_ratio": afl_ratio(programs, geometry, args.runs)
                        for geometry in GEOMETRIES})
    else:
        print("  AFL++ is not installed (package afl++): skipped")
    figures.update(printed_figures(bench_core(programs), args.runs))
    figures.update(plain_figures(programs, args.runs))
    figures.update(peer_figures(programs, args.runs))
    figures.update(start.figures(programs, args.runs))
    print(f"\n{'figure':27} {'median':>10} {'min':>10} {'max':>10}  runs  goal")
    result = {}
    for name in GOALS:
        if name not in figures:
            continue
        values = figures[name]
        middle = median(values)
        result[name] = {"median": middle, "min": min(values), "max": max(values),
                        "runs": values}
        print(f"{name:27} {middle:10.3f} {min(values):10.3f} {max(values):10.3f}  {len(values):4}"
              f"  {reached(name, middle)}".rstrip())
    write_json(f"{args.build}/bench.json", result)
    print(f"written to {args.build}/bench.json")
