# SPDX-License-Identifier: GPL-2.0-or-later
"""The speed of each tool on the core without a bug. Times are CPU time; but of AFL++, which does not wait for its
target, they are those of a clock."""

import os
import re
import shutil
import subprocess

from p2mcheck.compare.process import Run, ToolError
from p2mcheck.compare.tools import AFL_ENVIRONMENT, OURS, PLAIN_LENGTH, PYTHON, hypothesis_command, one_seed
from p2mcheck.processes import cpu_of, output

# What tells that the packages of a peer are installed.
PROBES = {"rapidcheck": ["g++", "-E", "-x", "c++", "-include", "rapidcheck.h", "/dev/null", "-o", "/dev/null"],
          "hypothesis": [PYTHON, "-c", "import hypothesis"]}


def is_installed(tool):
    """Whether this peer can be built and run here."""
    try:
        return not subprocess.run(PROBES[tool], stderr=subprocess.DEVNULL, check=False).returncode
    except OSError:
        return False


def command_of(programs, geometry, tool, empty):
    folder = f"{programs.build}/compare"
    if tool == OURS:
        return [programs.program("bench_empty" if empty else "ops", geometry, "fuzz"), "-seed=1",
                f"-max_len={programs.facts.longest_input}", "-len_control=0"]
    return {"rapidcheck": lambda: [programs.peer(tool, geometry), "1"],
            "hypothesis": lambda: hypothesis_command(programs, geometry, 1),
            "libfuzzer": lambda: [programs.peer(tool, geometry), "-seed=1", *PLAIN_LENGTH,
                                  f"-seed_inputs={one_seed(folder)}/zeros"],
            "afl": lambda: ["afl-fuzz", "-i", one_seed(folder), "-o", f"{folder}/speed/out",
                            "-s", "1", "-t", "1000", "--", programs.peer(tool, geometry)]}[tool]()


def speed(programs, geometry, tool, seconds, empty, target="ops"):
    """(ops a second, cases a second) on the core without a bug, from an empty corpus; start-up included."""
    folder = f"{programs.build}/compare/speed"
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    environment = {"P2MCHECK_STATS": os.path.abspath(f"{folder}/ours"), **AFL_ENVIRONMENT}
    command = command_of(programs, geometry, tool, empty)
    if empty and tool != OURS:
        environment["PEER_EMPTY"] = "1"
    if tool == OURS:
        command += [f"-max_total_time={int(seconds)}", "-print_final_stats=1"]
    run = Run(command, folder, target, **environment)
    (took, status), cpu = cpu_of(lambda: run.wait(seconds + (3 if tool == OURS else 0)))
    took, log = took if tool == "afl" else cpu, run.log()
    if tool == OURS:
        cases = int((re.search(r"number_of_executed_units: (\d+)", log) or [0, 0])[1])
        ops = programs.facts.tally(f"{folder}/ours")["ops"]
    else:
        cases, ops = run.stats()["cases"], run.stats()["ops"]
    if not cases or run.stats()["failures"] or (tool != OURS and status is not None):
        raise ToolError(f"{tool} on the core without a bug, {geometry}: status {status}\n{log[-800:]}")
    shutil.rmtree(folder, ignore_errors=True)
    return ops / took, cases / took


def plain_speed(programs, geometry, seconds, *options):
    """Our ops a second as RapidCheck and Hypothesis run: no engine, no sanitizer, no coverage
    (the runner of `make props`, only the comparison with the model); `--as-peers`: on the ops that these draw."""
    cases = 1000
    while True:
        command = [programs.program("props", geometry), "--model-only", f"--cases={cases}", *options]
        (status, text), took = cpu_of(lambda: output(command))
        found = re.search(r"(\d+) ops, \d+ checks, 0 failures", text)
        if status or not found:
            raise ToolError(f"make props, {geometry}: {text[-800:]}")
        if took >= seconds / 2:
            return int(found[1]) / took
        cases = int(cases * max(2, 0.6 * seconds / took))
