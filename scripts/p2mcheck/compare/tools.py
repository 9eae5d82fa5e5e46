# SPDX-License-Identifier: GPL-2.0-or-later
"""One run of one tool on one planted bug, until something fails or the time is over.

Also the shrunk finding.
"""

import glob
import os
import re
import shutil
import threading

from p2mcheck import engines
from p2mcheck.bugs import catalogue
from p2mcheck.compare.process import Run, ToolError, result

OURS = "p2mcheck"
TOOLS = {
    "p2mcheck": ("p2mcheck", "the fuzz target of this repository, with its mutator, and its shrinker"),
    "rapidcheck": ("RapidCheck", "a state machine: commands drawn near edges, all entries compared "
                                 "after each, shrinking"),
    "hypothesis": ("Hypothesis", "a rule-based machine over ctypes: the same idea, with invariants "
                                 "and shrinking"),
    "libfuzzer": ("plain libFuzzer", "bytes to ops, the flat array compared at the end, ASan and "
                                     "UBSan, no mutator; -minimize_crash"),
    "afl": ("plain AFL++", "the same harness, persistent, inputs by shared memory; afl-tmin"),
}
# ---- the tools ----

# Failures that end a case during a call, which is not yet counted.
INSIDE = re.compile(r"SANITIZER_|HANG|CORE_|.*_UNTOUCHED")


def p2mcheck(planted, bug, geometry, seed, budget, with_sanitizers):
    hunted = catalogue.hunt(planted, bug, geometry, seed, budget)
    if not hunted["found"] and (not hunted["execs"] or hunted["seconds"] < budget - 1):
        raise ToolError(f"the fuzz target on {bug.id}, {geometry}, ended by itself, without a finding")
    found = hunted["found"] and hunted["seconds"] <= budget
    answer = {"found": found, "seconds": hunted["seconds"] if found else budget, "execs": hunted["execs"],
              "ops": hunted["ops_run"] + bool(found and INSIDE.match(hunted["fired"])),
              "invariant": hunted["fired"] if found else None, "shrunk_ops": None,
              "shrink_seconds": None}
    if found:
        if hunted["fired"].startswith("SANITIZER_"):
            with_sanitizers()
        catalogue.shrink(planted, bug, geometry, hunted)
        answer["shrunk_ops"] = hunted.get("ops")
        answer["shrink_seconds"] = hunted["shrink_seconds"]
        answer["shrunk_text"] = hunted.get("text", hunted.get("shrink_error"))
    shutil.rmtree(f"{planted.folder}/hunt-{geometry}-{seed}", ignore_errors=True)
    return answer


PYTHON = "/usr/bin/python3"  # Debian's, which sees Debian's packages
PATIENCE = 30  # seconds for a shrinker that ends by itself; it answers only at its end


def property_tool(command, folder, bug, budget, text_from):
    """RapidCheck and Hypothesis: they shrink in the same process, after a finding."""
    run = Run(command, folder, bug.target)
    ended, status = run.wait(budget, lambda: run.stats()["failures"] > 0, PATIENCE)
    stats = run.stats()
    died = status is not None and status != 1
    if status is not None and not stats["failures"] and not (died and stats["cases"]):
        raise ToolError(f"{command[0]} ended by itself: {run.log()[-500:]}")
    answer = result(run, ended, budget, died)
    if answer["found"] and status == 1:
        answer["shrunk_ops"] = stats["last_ops"]
        answer["shrink_seconds"] = round(run.start + run.over - stats["first_ns"] / 1e9, 3)
        answer["shrunk_text"] = text_from(run.log())
    return answer


def rapidcheck(planted, bug, geometry, seed, budget, _grace):
    return property_tool([planted.peer("rapidcheck", geometry), str(seed)],
                         f"{planted.folder}/rapidcheck-{geometry}-{seed}", bug, budget,
                         lambda log: "\n".join(line for line in log.splitlines() if re.match(
                             r"(boot |set |__set |range |get |resume|e820)", line)))


def hypothesis_command(programs, geometry, seed):
    return [PYTHON, "props/peers/hypothesis_machine.py", programs.peer("hypothesis", geometry), str(seed)]


def hypothesis(planted, bug, geometry, seed, budget, _grace):
    return property_tool(hypothesis_command(planted, geometry, seed),
                         f"{planted.folder}/hypothesis-{geometry}-{seed}", bug, budget,
                         lambda log: "\n".join(line.strip() for line in log.splitlines()
                                               if re.match(r"\s*(\w+ = )?state\.\w+\(", line)))


def ops_of_file(binary, path, folder, bug):
    """The number of ops of a file to the harness until something fails; None if nothing fails: a
    minimizer may take a slow moment for a failure."""
    run = Run([binary, path], folder, bug.target)
    _, status = run.wait(10)
    return run.stats()["case_ops"] if status else None


PLAIN_LENGTH = ("-len_control=0", f"-max_len={16 + 256 * 16}")  # as ours: a whole case from the start


def one_seed(folder):
    """A folder with a file of one record, as the initial corpus of the engines; made once."""
    seeds = f"{folder}/seeds"
    if not os.path.exists(f"{seeds}/zeros"):
        own = f"{folder}/seeds-{threading.get_ident()}"
        os.makedirs(seeds, exist_ok=True)
        with open(own, "wb") as file:
            file.write(bytes(16))
        os.rename(own, f"{seeds}/zeros")
    return seeds


def libfuzzer(planted, bug, geometry, seed, budget, grace):
    folder, binary = f"{planted.folder}/libfuzzer-{geometry}-{seed}", planted.peer("libfuzzer", geometry)
    run = Run([binary, f"-seed={seed}", "-timeout=1", "-rss_limit_mb=2560", *PLAIN_LENGTH,
               f"-seed_inputs={one_seed(planted.folder)}/zeros", f"-artifact_prefix={folder}/"], folder, bug.target)
    ended, status = run.wait(budget)
    artifacts = engines.artifacts(folder)
    if status is not None and not artifacts:
        raise ToolError(f"{binary} ended by itself: {run.log()[-500:]}")
    answer = result(run, ended, budget, bool(artifacts))
    if not (answer["found"] and artifacts and grace):
        return answer
    small = f"{folder}/smaller"
    again = Run([binary, "-minimize_crash=1", f"-max_total_time={max(1, int(grace))}", "-timeout=1",
                 f"-exact_artifact_path={small}.new", artifacts[0]], f"{folder}/minimize", bug.target)
    took, _ = again.wait(grace + 5)
    smaller = [path for path in (f"{small}.new", artifacts[0]) if os.path.exists(path)]
    answer["shrunk_ops"] = ops_of_file(binary, smaller[0], f"{folder}/again", bug)
    answer["shrink_seconds"] = round(took, 3)
    return answer


# AFL++ waits for two seconds if one of these is missing.
AFL_ENVIRONMENT = {**{name: value for name, value in engines.Afl.ENVIRONMENT.items() if name != "AFL_SYNC_TIME"},
                   **engines.sanitizer_options(os.environ), "ASAN_OPTIONS": "abort_on_error=1:symbolize=0"}


def afl(planted, bug, geometry, seed, budget, grace):
    folder, binary = f"{planted.folder}/afl-{geometry}-{seed}", planted.peer("afl", geometry)
    seeds = one_seed(planted.folder)
    out = f"{folder}/out/default"

    def findings():
        return sorted(glob.glob(f"{out}/crashes/id*") + glob.glob(f"{out}/hangs/id*"))

    run = Run(["afl-fuzz", "-i", seeds, "-o", f"{folder}/out", "-s", str(seed), "-t", "1000",
               "--", binary], folder, bug.target, **AFL_ENVIRONMENT)
    ended, status = run.wait(budget, lambda: run.stats()["failures"] > 0 or findings(), 1)
    found = findings()
    log = run.log().replace("crashed before receiving any input", "")
    if status is not None and not found and not run.stats()["failures"] and "crash" not in log:
        raise ToolError(f"afl-fuzz ended by itself: {log[-800:]}")
    answer = result(run, ended, budget, bool(found) or (status is not None and "crash" in log))
    if not (answer["found"] and grace):
        return answer
    crash = (found or [f"{seeds}/zeros"])[0]
    again = Run(["afl-tmin", "-i", crash, "-o", f"{folder}-small", "-t", "1000", "--", binary],
                f"{folder}/minimize", bug.target, **AFL_ENVIRONMENT)
    took, _ = again.wait(3 * grace)
    smaller = [path for path in (f"{folder}-small", crash) if os.path.exists(path)]
    answer["shrunk_ops"] = ops_of_file(binary, smaller[0], f"{folder}/again", bug)
    answer["shrink_seconds"] = round(took, 3)
    return answer


PEERS = {"rapidcheck": rapidcheck, "hypothesis": hypothesis, "libfuzzer": libfuzzer, "afl": afl}


def run_tool(tool, planted, bug, geometry, seed, budget, grace, with_sanitizers):
    """A run of `tool`; `grace`: seconds for an engine to minimize its finding, 0: none;
    `with_sanitizers` builds the shrinker for a sanitizer's report."""
    if tool == "p2mcheck":
        return p2mcheck(planted, bug, geometry, seed, budget, with_sanitizers)
    answer = PEERS[tool](planted, bug, geometry, seed, budget, grace)
    for path in glob.glob(f"{planted.folder}/{tool}-{geometry}-{seed}*"):
        shutil.rmtree(path, ignore_errors=True)
        if os.path.exists(path):
            os.unlink(path)
    return answer
