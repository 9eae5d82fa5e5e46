# SPDX-License-Identifier: GPL-2.0-only
"""That each engine calls our mutator, and that the numbers of a run are those of all its
processes. AFL++ passes over libFuzzer's functions without a word, and either would go on happily
without ours, only worse. So each is given one that aborts.
"""

import argparse
import os
import signal
import subprocess
import tempfile

import engines
from findings import write_whole

GOALS = ("fuzz/tiny/ops_aborting", "fuzz/tiny/ops_tiny", "afl/tiny/mutator_aborting.so",
         "afl/tiny/mutator_ops_tiny.so", "afl/tiny/ops_tiny", "afl-san/tiny/ops_tiny")
CALLED = "p2mcheck: our mutator was called"


def goals(build):
    return [f"{build}/{goal}" for goal in GOALS]


def run_engine(build, engine, folder, binary, mutator):
    """A job of its own for at most 10 s; answers exit status and log."""
    args = argparse.Namespace(
        engine=engine, time=10, jobs=1, seed=1, binary=f"{build}/fuzz/tiny/{binary}",
        afl=f"{build}/afl/tiny/ops_tiny", afl_sanitized=f"{build}/afl-san/tiny/ops_tiny",
        mutator=f"{build}/afl/tiny/{mutator}")
    for name in ("corpus", "seeds"):
        os.makedirs(f"{folder}/{name}")
    write_whole(f"{folder}/seeds/boot", bytes(16))
    job = engines.start(args, f"{folder}/corpus", f"{folder}/seeds", f"{folder}/run")[0]
    try:
        status = job.process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        status = None
    job.stop()
    with open(job.log, encoding="utf-8", errors="replace") as log:
        return status, log.read()


def counts_add_up(build, report):
    """One process after the other, as AFL++ has them, with one file."""
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(f"{folder}/seeds")
        for number in range(40):
            write_whole(f"{folder}/seeds/{number}", bytes([0] * 16 + [number] * 18))
        counts = []
        for _ in range(3):
            job = engines.Job(folder, [f"{build}/fuzz/tiny/ops_tiny", "-runs=0", f"{folder}/seeds"])
            job.process.wait(timeout=60)
            counts.append(job.counts())
        report("numbers add up over processes",
               counts[0][0] >= 40 and all(counts[k] == tuple((k + 1) * n for n in counts[0])
                                          for k in (1, 2)), str(counts))


def run_all(build, report):
    counts_add_up(build, report)
    for engine, binary, mutator, want in (
            ("libfuzzer", "ops_aborting", "mutator_ops_tiny.so", 77),
            ("afl", "ops_tiny", "mutator_aborting.so", -signal.SIGABRT)):
        with tempfile.TemporaryDirectory() as folder:
            status, log = run_engine(build, engine, folder, binary, mutator)
        report(f"{engine} calls our mutator", status == want and CALLED in log,
               f"status {status}, expected {want} and '{CALLED}'\n{log}")
