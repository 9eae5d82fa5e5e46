# SPDX-License-Identifier: GPL-2.0-only
"""One run of one tool on one planted bug, until something fails or the time is over.

Called by scripts/compare. What a run says is the same for all tools: whether anything failed,
after how many seconds (from the start of the process), cases and ops, and what shrinking made
of it. Any failing check counts, under whatever name. The peers count in a file that lives on
when they do not (struct peer_stats of props/peers/peer.h).
"""

import ctypes
import glob
import os
import re
import shutil
import signal
import struct
import subprocess
import threading
import time

import bugs_catalogue

TOOLS = {
    "p2mcheck": ("p2mcheck", "the fuzz target of this repository, with its mutator, and its shrinker"),
    "rapidcheck": ("RapidCheck", "a state machine: commands drawn near edges, everything compared "
                                 "after each, shrinking"),
    "hypothesis": ("Hypothesis", "a rule-based machine over ctypes: the same idea, with invariants "
                                 "and shrinking"),
    "libfuzzer": ("plain libFuzzer", "bytes to ops, the flat array compared at the end, ASan and "
                                     "UBSan, no mutator; -minimize_crash"),
    "afl": ("plain AFL++", "the same harness, persistent, inputs by shared memory; afl-tmin"),
}
STATS = struct.Struct("<9Q64s64s")
STATS_NAMES = ("cases", "ops", "case_ops", "failures", "first_ns", "first_cases", "first_ops",
               "last_ops", "last_ns", "first", "last")


class ToolError(Exception):
    """A tool that did not do its work: neither found anything nor went on looking."""


def read_stats(path):
    try:
        with open(path, "rb") as file:
            values = STATS.unpack(file.read(STATS.size))
    except (OSError, struct.error):
        values = (0,) * 9 + (b"", b"")
    text = [value.split(b"\0")[0].decode(errors="replace") for value in values[9:]]
    return dict(zip(STATS_NAMES, values[:9] + tuple(text)))


LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def die_with_parent():
    """A peer goes on for ever if nobody ends it, and scripts/compare may be killed at any time."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def end(process):
    """It, and what it started; each has a session of its own."""
    for what in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, what)
            process.wait(timeout=3)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    process.wait()


class Run:
    """A process with its folder; what it prints goes to `log` there."""

    def __init__(self, command, folder, target, **environment):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        self.folder, self.stats_file = folder, f"{folder}/stats"
        self.environment = {**os.environ, "ASAN_OPTIONS": "symbolize=0", "PEER_TARGET": target,
                            "PEER_STATS": os.path.abspath(self.stats_file), **environment}
        with open(f"{folder}/log", "wb") as log:
            self.start = time.monotonic()
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env=self.environment, start_new_session=True,
                                            preexec_fn=die_with_parent)

    def seconds(self):
        return time.monotonic() - self.start

    def stats(self):
        return read_stats(self.stats_file)

    def log(self):
        with open(f"{self.folder}/log", encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait(self, budget, found=lambda: False, grace=0.0):
        """Until it ends, or the budget is over; `grace` seconds more from when `found` is true on.
        (When it was found, or ended; its status.) `over` is when it was at an end indeed."""
        limit, was_found = self.start + budget, 0.0
        while self.process.poll() is None:
            if not was_found and found():
                was_found, limit = self.seconds(), time.monotonic() + grace
            if time.monotonic() >= limit:
                break
            time.sleep(0.01)
        ended, status = was_found or self.seconds(), self.process.poll()
        self.over = self.seconds()
        end(self.process)
        return ended, status


def result(run, ended, budget, found):
    """What all peers' runs say; what failed, and when, is in the counters if the peer saw it itself."""
    stats = run.stats()
    known = stats["failures"] > 0
    seconds = stats["first_ns"] / 1e9 - run.start if known else ended
    found = (found or known) and seconds <= budget
    return {"found": found, "seconds": round(seconds if found else budget, 3),
            "execs": stats["first_cases"] if known else stats["cases"],
            "ops": stats["first_ops"] if known else stats["ops"],
            "invariant": (stats["first"] if known else bugs_catalogue.reported(run.log())) if found
            else None, "shrunk_ops": None, "shrink_seconds": None}


# ---- the tools ----

# What ends a case while a call runs; that call is in no count yet.
INSIDE = re.compile(r"SANITIZER_|HANG|CORE_|.*_UNTOUCHED")


def p2mcheck(planted, bug, geometry, seed, budget, with_sanitizers):
    hunted = bugs_catalogue.hunt(planted, bug, geometry, seed, budget)
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
        bugs_catalogue.shrink(planted, bug, geometry, hunted)
        answer["shrunk_ops"] = hunted.get("ops")
        answer["shrink_seconds"] = hunted["shrink_seconds"]
        answer["shrunk_text"] = hunted.get("text", hunted.get("shrink_error"))
    shutil.rmtree(f"{planted}/hunt-{geometry}-{seed}", ignore_errors=True)
    return answer


PYTHON = "/usr/bin/python3"  # Debian's, which sees Debian's packages
PATIENCE = 30  # seconds for a shrinker that ends by itself; it has no answer before


def property_tool(command, folder, bug, budget, text_from):
    """RapidCheck and Hypothesis: they shrink in the same process, once they have found something."""
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
    return property_tool([f"{planted}/peer/{geometry}/rapidcheck", str(seed)],
                         f"{planted}/rapidcheck-{geometry}-{seed}", bug, budget,
                         lambda log: "\n".join(line for line in log.splitlines() if re.match(
                             r"(boot |set |__set |range |get |resume|e820)", line)))


def hypothesis(planted, bug, geometry, seed, budget, _grace):
    return property_tool([PYTHON, "props/peers/hypothesis_machine.py",
                          f"{planted}/peer/{geometry}/peer.so", str(seed)],
                         f"{planted}/hypothesis-{geometry}-{seed}", bug, budget,
                         lambda log: "\n".join(line.strip() for line in log.splitlines()
                                               if re.match(r"\s*(\w+ = )?state\.\w+\(", line)))


def ops_of_file(binary, path, folder, bug):
    """How many ops a file is to the harness until something fails; None if nothing does: a
    minimizer may take a slow moment for a failure."""
    run = Run([binary, path], folder, bug.target)
    _, status = run.wait(10)
    return run.stats()["case_ops"] if status else None


PLAIN_LENGTH = ("-len_control=0", f"-max_len={16 + 256 * 16}")  # as ours: a whole case from the start


def one_seed(folder):
    """A folder with a file of one record, for the engines to begin with; made once, whoever asks first."""
    seeds = f"{folder}/seeds"
    if not os.path.exists(f"{seeds}/zeros"):
        own = f"{folder}/seeds-{threading.get_ident()}"
        os.makedirs(seeds, exist_ok=True)
        with open(own, "wb") as file:
            file.write(bytes(16))
        os.rename(own, f"{seeds}/zeros")
    return seeds


def libfuzzer(planted, bug, geometry, seed, budget, grace):
    folder, binary = f"{planted}/libfuzzer-{geometry}-{seed}", f"{planted}/peer-libfuzzer/{geometry}/plain"
    run = Run([binary, f"-seed={seed}", "-timeout=1", "-rss_limit_mb=2560", *PLAIN_LENGTH,
               f"-seed_inputs={one_seed(planted)}/zeros", f"-artifact_prefix={folder}/"], folder, bug.target)
    ended, status = run.wait(budget)
    artifacts = [path for path in glob.glob(f"{folder}/*-*") if re.search(r"/(crash|timeout|oom|leak)-", path)]
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


# (AFL++ waits for two seconds if it does not know one of these.)
AFL_ENVIRONMENT = {"AFL_SKIP_CPUFREQ": "1", "AFL_NO_AFFINITY": "1", "AFL_NO_UI": "1",
                   "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1", "AFL_BENCH_UNTIL_CRASH": "1",
                   "ASAN_OPTIONS": "abort_on_error=1:symbolize=0"}


def afl(planted, bug, geometry, seed, budget, grace):
    folder, binary = f"{planted}/afl-{geometry}-{seed}", f"{planted}/peer-afl/{geometry}/plain"
    seeds = one_seed(planted)
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
    """A run of `tool`; `grace`: seconds that an engine may take to make its finding smaller, 0: it does not;
    `with_sanitizers` builds what our own shrinker needs for a sanitizer's report."""
    if tool == "p2mcheck":
        return p2mcheck(planted, bug, geometry, seed, budget, with_sanitizers)
    answer = PEERS[tool](planted, bug, geometry, seed, budget, grace)
    for path in glob.glob(f"{planted}/{tool}-{geometry}-{seed}*"):
        shutil.rmtree(path, ignore_errors=True)
        if os.path.exists(path):
            os.unlink(path)
    return answer


# ---- speed ----

def commands(build, geometry, tool, empty):
    plain = {"libfuzzer": f"{build}/peer-libfuzzer/{geometry}/plain",
             "afl": f"{build}/peer-afl/{geometry}/plain"}
    return {"rapidcheck": [f"{build}/peer/{geometry}/rapidcheck", "1"],
            "hypothesis": [PYTHON, "props/peers/hypothesis_machine.py",
                           f"{build}/peer/{geometry}/peer.so", "1"],
            "libfuzzer": [plain["libfuzzer"], "-seed=1", *PLAIN_LENGTH,
                          f"-seed_inputs={one_seed(f'{build}/compare')}/zeros"],
            "afl": ["afl-fuzz", "-i", one_seed(f"{build}/compare"), "-o", f"{build}/compare/speed/out",
                    "-s", "1", "-t", "1000", "--", plain["afl"]],
            "p2mcheck": [f"{build}/fuzz/{geometry}/" + (f"bench_empty_{geometry}" if empty else f"ops_{geometry}"),
                         "-seed=1", f"-max_len={bugs_catalogue.MAX_LEN}", "-len_control=0"]}[tool]


def speed(build, geometry, tool, seconds, empty, target="ops"):
    """(ops a second, cases a second) on the core without a bug, from nothing; start-up included."""
    os.makedirs(f"{build}/compare", exist_ok=True)
    folder = f"{build}/compare/speed"
    environment = {"P2MCHECK_STATS": os.path.abspath(f"{folder}/ours"), **AFL_ENVIRONMENT}
    command = commands(build, geometry, tool, empty)
    if empty and tool != "p2mcheck":
        environment["PEER_EMPTY"] = "1"
    if tool == "p2mcheck":
        command += [f"-max_total_time={int(seconds)}", "-print_final_stats=1"]
    run = Run(command, folder, target, **environment)
    took, status = run.wait(seconds + (3 if tool == "p2mcheck" else 0))
    log = run.log()
    if tool == "p2mcheck":
        cases = int((re.search(r"number_of_executed_units: (\d+)", log) or [0, 0])[1])
        ops = bugs_catalogue.counts(f"{folder}/ours")[1]
    else:
        cases, ops = run.stats()["cases"], run.stats()["ops"]
    if not cases or run.stats()["failures"] or (tool != "p2mcheck" and status is not None):
        raise ToolError(f"{tool} on the core without a bug, {geometry}: status {status}\n{log[-800:]}")
    shutil.rmtree(folder, ignore_errors=True)
    return ops / took, cases / took


def plain_speed(build, geometry, seconds):
    """Our ops a second as RapidCheck and Hypothesis make theirs: no engine, no sanitizer, no coverage
    (the runner of `make props`, with nothing but cases held against the model)."""
    cases = 1000
    while True:
        start = time.monotonic()
        done = subprocess.run([f"{build}/gcc/{geometry}/props_{geometry}", "--model-only", f"--cases={cases}"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False, encoding="utf-8")
        took = time.monotonic() - start
        found = re.search(r"(\d+) ops, \d+ checks, 0 failures", done.stdout)
        if done.returncode or not found:
            raise ToolError(f"make props, {geometry}: {done.stdout[-800:]}")
        if took >= seconds / 2:
            return int(found[1]) / took
        cases = int(cases * max(2, 0.6 * seconds / took))
