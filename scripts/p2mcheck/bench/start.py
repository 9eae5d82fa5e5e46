# SPDX-License-Identifier: GPL-2.0-or-later
"""What a fuzz target costs besides its cases: until the first one was run, for a finding, and beside a second job."""

import os
import subprocess
import tempfile

from p2mcheck import cli, engines, facts
from p2mcheck.engine_run import EngineRun
from p2mcheck.files import Failure, read_text
from p2mcheck.processes import cpu_of, cpu_seconds
from p2mcheck.programs import cores

CASE = "corpus/seed/beyond-max.txt"  # ops passes, and canary fails
SECONDS = 1  # of a run with one job, and with two


def encoded(programs, folder):
    """CASE as an input of ops and canary in a new folder; the folder."""
    os.makedirs(folder)
    if subprocess.run([programs.p2m_case(), "encode", "--geometry=tiny", "--target=ops", CASE, "-o", f"{folder}/case"],
                      check=False).returncode:
        raise Failure(f"{CASE}: cannot be encoded")
    return folder


def first_case(programs, name="ops"):
    """Milliseconds of CPU of a process that runs one case; without the search for leaks at its end."""
    with tempfile.TemporaryDirectory() as folder:
        options = engines.without_names({"ASAN_OPTIONS": "detect_leaks=0"})
        case = f"{encoded(programs, f'{folder}/in')}/case"
        seconds, status = cpu_seconds([programs.program(name, "tiny", "fuzz"), case], options,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if status:
            raise Failure(f"{CASE}: {name}_tiny fails on it")
        return 1000 * seconds


def finding(programs):
    """Milliseconds of CPU: (of the engine, with the environment of `make fuzz`, until it has stored a finding;
    of reading its report, with the names in its stack)."""
    with tempfile.TemporaryDirectory() as folder:
        hunt = engines.Hunt(programs, "canary", "tiny")
        job = engines.Libfuzzer(hunt, 0, (encoded(programs, f"{folder}/in"),), folder, "-runs=0")
        _, engine = cpu_of(lambda: (job.start(hunt.time), job.process.wait()))
        found = job.artifacts()
        if not found:
            raise Failure(f"{CASE}: canary_tiny passes it: {cli.last_line(read_text(job.log))}")
        _, filing = cpu_of(lambda: job.report(found[0]))
        return 1000 * engine, 1000 * filing


def executions(programs, jobs):
    """Of libFuzzer's jobs in SECONDS, as `make fuzz` starts them, but from nothing."""
    with tempfile.TemporaryDirectory() as folder:
        run = EngineRun(folder, "libfuzzer", engines.Hunt(programs, "ops", "tiny", SECONDS, jobs), [f"{folder}/none"])
        run.prepare()
        for job in run.jobs:
            job.start(SECONDS)
        for job in run.jobs:
            job.process.wait()
            if job.broken():
                raise Failure(job.broken())
        return facts.total(job.tally() for job in run.jobs)["cases"]


def figures(programs, repeats):
    """All that this module measures."""
    firsts, empty, findings = [], [], []
    for _ in range(repeats):
        firsts.append(first_case(programs))
        empty.append(first_case(programs, "bench_empty"))
        findings.append(finding(programs))
    measured = {"first_case_ms": firsts, "first_case_empty_ms": empty, "finding_ms": [sum(parts) for parts in findings],
                "finding_filing_ms": [filing for _, filing in findings]}
    if cores() > 1:
        measured["two_jobs_tiny"] = [executions(programs, 2) / executions(programs, 1) for _ in range(repeats)]
    else:
        print("  two jobs on one core: skipped")
    return measured
