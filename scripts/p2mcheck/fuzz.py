# SPDX-License-Identifier: GPL-2.0-or-later
"""Fuzzes one target under libFuzzer or AFL++ on several cores, and files its findings.

Jobs share one corpus folder, with either engine (engines.py). Each has its log and
its artifacts in build/run/. The first finding (findings.py) ends the run.
"""

import os
import shutil
import sys
import time

from p2mcheck import cli, collected, engines, facts, programs
from p2mcheck.cli import plural
from p2mcheck.files import write
from p2mcheck.findings import file_findings

EVERY = 5  # seconds between progress lines


def arguments():
    parser = cli.Parser(__doc__, subjects=True, engine="libfuzzer", target="ops", geometry="tiny",
                        san=programs.SANITIZERS[0], arch="native", time=60, jobs=programs.cores(), seed=1,
                        shared="", host="")
    args = parser.parse()
    if args.shared:
        if args.engine != "afl":
            parser.error(f"SHARED={args.shared}: is for ENGINE=afl only")
        parser.checked("HOST", args.host, cli.host_name)  # a shell may set it to something else
    able = facts.geometries_of_word(32) if args.arch == "i386" else list(facts.geometries())
    args.geometry = parser.checked("GEOMETRY", args.geometry, cli.one_of(able))
    programs.setup(*["afl++"] * (args.engine == "afl"), *["g++-multilib"] * (args.arch == "i386"))
    args.programs = parser.programs(args)
    args.geometry = parser.checked("GEOMETRY", args.geometry, cli.one_of(args.programs.geometries))
    return args


def build(args, hunt):
    """The settings of the hunt."""
    files = args.programs.afl_files(hunt.target, hunt.geometry) if args.engine == "afl" else []
    args.programs.make(hunt.binary, *files, args.programs.p2m_case(), shown=True)


def watch(jobs, start):
    """Prints progress until the time is over, a job has a finding, or a signal arrives."""
    last, last_time = facts.total([]), start
    while any(job.process.poll() is None for job in jobs):
        deadline = time.monotonic() + EVERY
        while time.monotonic() < deadline:
            time.sleep(0.2)
            if any(job.ended_early() for job in jobs) or all(job.process.poll() is not None for job in jobs):
                return
        now, tally = time.monotonic(), facts.total(job.tally() for job in jobs)
        seconds = now - last_time
        print(f"{now - start:6.0f} s  {(tally['cases'] - last['cases']) / seconds:9.0f} exec/s  "
              f"{(tally['ops'] - last['ops']) / seconds:10.0f} ops/s  "
              f"corpus {max(job.collected() for job in jobs):6}  "
              f"cov {max(job.coverage() for job in jobs):5}", flush=True)
        last, last_time = tally, now


def run_jobs(args, hunt, corpus, run):
    """(jobs that have ended, whether a signal interrupted them)"""
    jobs, interrupted, start = [], False, time.monotonic()
    try:
        jobs = engines.start(args.engine, hunt, corpus, f"{run}/seeds", run)
        print(f"running {jobs[0].command}", flush=True)
        watch(jobs, start)
    except KeyboardInterrupt:
        interrupted = True
        print("interrupted")
    finally:
        for job in jobs:
            job.interrupt()
        for job in jobs:
            job.stop()
    return jobs, interrupted


def untested(hunt, tally):
    """Prints calls by op; the ops that never succeeded, although this subject has them."""
    ops = hunt.facts.ops
    if facts.targets()[hunt.target].is_text or not any(tally[f"calls {op}"] for op in ops):
        return []
    facts.print_outcomes("op", ops, tally, 18)
    return [op for op in facts.idle_ops(ops, tally) if op not in hunt.programs.without]


def conclude(args, hunt, jobs, interrupted, findings, line):
    """The last lines; the exit status."""
    tally = facts.total(job.tally() for job in jobs)
    broken = [job.broken() for job in jobs if job.broken() and not job.artifacts()]
    remarks = sorted({job.remark() for job in jobs} - {None})
    idle = untested(hunt, tally)
    if idle:
        print(f"fuzz: never succeeded, so not tested: {' '.join(idle)}", file=sys.stderr)
    print(f"\n{hunt.name}: {tally['cases']} execs, {tally['ops']} ops, {tally['checks']} checks in {line}; "
          f"{''.join(remark + '; ' for remark in remarks)}{plural(findings, 'finding')}")
    if findings or interrupted:
        return 1
    if broken:
        print(f"fuzz: {broken[0]}", file=sys.stderr)
    if not tally["cases"]:
        print("fuzz: no input was run", file=sys.stderr)
    return 1 if broken or not tally["cases"] or idle else 0


def main():
    args = arguments()
    hunt = engines.Hunt(args.programs, args.target, args.geometry, args.time, args.jobs, args.seed, args.san, args.arch)
    if args.shared:
        hunt.shared, hunt.host = f"{args.shared}/{hunt.name}", args.host
        collected.prepare_shared(hunt.shared)
        engines.check_unused(hunt)
    build(args, hunt)
    corpus = f"{args.programs.folder}/corpus/{hunt.name}"
    run = f"{args.programs.folder}/run/{hunt.name}.{os.getpid()}"  # each run has its own folder
    collected.prepare(corpus, args.programs.p2m_case())
    os.makedirs(run)
    write(f"{corpus}/.probe", b"")  # fails now if the corpus is not writable
    os.unlink(f"{corpus}/.probe")
    before = set(collected.inputs(corpus))
    seeds = engines.make_seeds(args.programs.p2m_case(), hunt.target, hunt.geometry, f"{run}/seeds",
                               facts.targets()[hunt.target].is_text)
    engine = " under AFL++" if args.engine == "afl" else ""
    print(f"fuzzing {hunt.name}{engine} for {args.time} s with {plural(args.jobs, 'job')}, seed {args.seed}: "
          f"{len(seeds)} reviewed cases, {len(before)} collected ones")
    print(f"new inputs go to {corpus}/, findings to crashes/")
    start = time.monotonic()
    jobs, interrupted = run_jobs(args, hunt, corpus, run)
    findings = file_findings(hunt, jobs)
    for job in jobs:
        job.collect(corpus)
    status = conclude(args, hunt, jobs, interrupted, findings, f"{time.monotonic() - start:.0f} s; "
                      f"{len(set(collected.inputs(corpus)) - before)} new corpus cases")
    if not findings and (interrupted or not status):  # otherwise the folder has the logs of the failure
        shutil.rmtree(run, ignore_errors=True)
    return status
