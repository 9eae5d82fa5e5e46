# SPDX-License-Identifier: GPL-2.0-or-later
"""Fuzzes one target under libFuzzer or AFL++ on several cores, and files its findings.

Each run has a folder in build/run/ (engine_run.py), with the logs and findings of its jobs, and their new
inputs. The first finding (findings.py) ends the run. What a killed run left is brought in by the next one.
"""

import os
import signal
import sys
import time

from p2mcheck import cli, collected, engines, facts, programs
from p2mcheck.cli import plural
from p2mcheck.engine_run import EngineRun, killed, left_behind, new_folder
from p2mcheck.files import check_room, check_writable, crashes, lack_of_room
from p2mcheck.findings import file_findings
from p2mcheck.processes import deferred_ending, handle_ending

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
    programs.setup("fuzz", *["afl++"] * (args.engine == "afl"), *["g++-multilib"] * (args.arch == "i386"))
    args.programs = parser.programs(args)
    geometries = list(args.programs.geometries)
    if facts.targets()[args.target].needs_kernel:
        if not args.programs.has_setup:
            parser.error(f"TARGET={args.target}: needs SUBJECT=linux LINUX=TREE, a tree with setup.c and e820.c")
        geometries.remove("micro")
    args.geometry = parser.checked("GEOMETRY", args.geometry, cli.one_of(geometries))
    return args


def build(args, hunt):
    """The settings of the hunt."""
    files = args.programs.afl_files(hunt.target, hunt.geometry) if args.engine == "afl" else []
    args.programs.make(hunt.binary, *files, args.programs.p2m_case())


# ---- the engines run ----

def watch(jobs, places, start, stop):
    """Prints progress until the jobs have ended, one has a finding, a signal arrives, or the disk is full."""
    last, last_time = facts.total([]), start
    while any([job.running() for job in jobs]):
        deadline = time.monotonic() + EVERY
        while time.monotonic() < deadline:
            stop.wait(0.2)
            if stop.is_set() or any(job.ended_early() for job in jobs) or not any([job.running() for job in jobs]):
                return
        if lack_of_room(*places):
            return
        now, tally = time.monotonic(), facts.total(job.tally() for job in jobs)
        seconds = now - last_time
        print(f"{now - start:6.0f} s  {(tally['cases'] - last['cases']) / seconds:9.0f} exec/s  "
              f"{(tally['ops'] - last['ops']) / seconds:10.0f} ops/s  "
              f"new {max(len(job.queue()) for job in jobs):6}  "
              f"cov {max(job.coverage() for job in jobs):5}", flush=True)
        last, last_time = tally, now


def run_jobs(run, places):
    """(the jobs that ran, whether a signal interrupted them, why findings cannot be saved any more)"""
    jobs, start = [], time.monotonic()
    with deferred_ending() as stop:
        try:
            for jobs in filter(None, (run.first, run.jobs)):
                for job in jobs:
                    job.start(max(1, run.hunt.time - int(time.monotonic() - start)))
                print(f"running {jobs[0].command}", flush=True)
                watch(jobs, places, start, stop)
                if stop.is_set() or lack_of_room(*places) or any(job.ended_early() or job.late for job in jobs):
                    break
        finally:
            run.stop()
        return jobs, stop.is_set(), lack_of_room(*places)


# ---- what a run leaves ----

def corpus_of(hunt):
    return f"{hunt.programs.folder}/corpus/{hunt.name}"


def bring_in(run):
    """Inputs to the corpus, findings to crashes/. (findings, errors). The folder goes if nothing failed;
    what could not be filed stays there for the next run."""
    cut = run.bring_in(corpus_of(run.hunt))
    errors = [f"{run.folder}: {plural(cut, 'input')} cut off by a kill or a full disk, not added"] if cut else []
    findings, unfiled = file_findings(run.hunt, run.artifacts())
    if not any(map(os.path.exists, unfiled)):
        run.end()
    return findings, errors + list(unfiled.values())


def recover(args, places):
    """Brings in what killed runs left; returns the number of their findings."""
    found = 0
    for run in left_behind(EngineRun, args.programs, f"{args.programs.folder}/run"):
        print(f"a run was killed: {run.folder}: {plural(len(run.artifacts()), 'crasher')}")
        check_room(*places)
        collected.prepare(corpus_of(run.hunt), args.programs.p2m_case())
        if run.artifacts():
            args.programs.make(run.hunt.binary)
        findings, errors = bring_in(run)
        print("".join(f"  {error}\n" for error in errors), end="", file=sys.stderr)
        found += findings
        if not findings:
            run.remove()
    return found


# ---- the end ----

def untested(hunt, tally):
    """Prints calls by op; the ops that never succeeded, although this subject has them."""
    ops = hunt.facts.ops
    if facts.targets()[hunt.target].is_text or not any(tally[f"calls {op}"] for op in ops):
        return []
    facts.print_outcomes("op", ops, tally, 18)
    return [op for op in facts.idle_ops(ops, tally) if op not in hunt.programs.without]


def errors_of(jobs, tally, idle):
    """The errors of a run, one line each."""
    broken = [job.broken() for job in jobs if job.broken() and not job.artifacts()]
    errors = [f"never succeeded, so not tested: {' '.join(idle)}"] if idle else []
    return errors + broken[:1] + ["no input was run"] * (not tally["cases"])


def fuzz(args, hunt, corpus, folder, places):
    """One run, from its start to its last line. The exit status."""
    seeds, start = f"{folder}/seeds", time.monotonic()
    run = EngineRun(folder, args.engine, hunt, [corpus, seeds], tried=True)
    run.record()
    before = set(collected.inputs(corpus))
    reviewed = engines.make_seeds(args.programs.p2m_case(), hunt.target, hunt.geometry, seeds,
                                  facts.targets()[hunt.target].is_text)
    run.prepare()
    engine = " under AFL++" if args.engine == "afl" else ""
    print(f"fuzzing {hunt.name}{engine} for {args.time} s with {plural(args.jobs, 'job')}, seed {args.seed}: "
          f"{len(reviewed)} reviewed cases, {len(before)} collected ones{', ' * bool(run.start_in_words())}"
          f"{run.start_in_words()}")
    print(f"new inputs go to {corpus}/, findings to {crashes()}/")
    jobs, interrupted, full = run_jobs(run, places)
    findings, errors = bring_in(run)
    tally, remarks = facts.total(job.tally() for job in jobs), sorted({job.remark() for job in jobs} - {None})
    idle = untested(hunt, tally)
    if full:
        errors.append(f"{full}; what is not filed stays in {folder} for the next run")
    elif interrupted:
        print("interrupted")
    else:
        errors += errors_of(jobs, tally, idle)
    print("".join(f"fuzz: {error}\n" for error in errors), end="", file=sys.stderr)
    print(f"\n{hunt.name}: {tally['cases']} execs, {tally['ops']} ops, {tally['checks']} checks in "
          f"{time.monotonic() - start:.0f} s; {len(set(collected.inputs(corpus)) - before)} new corpus cases; "
          f"{''.join(remark + '; ' for remark in remarks)}{plural(findings, 'finding')}")
    if not findings and not errors:  # otherwise the folder has the logs of the failure
        run.remove()
    return 1 if findings or errors or interrupted else 0


def main():
    args = arguments()
    handle_ending(signal.default_int_handler)
    for _ in killed(f"{args.programs.folder}/run"):
        pass  # a left engine would have the folder of this host
    hunt = engines.Hunt(args.programs, args.target, args.geometry, args.time, args.jobs, args.seed, args.san, args.arch)
    if args.shared:
        hunt.shared, hunt.host = f"{args.shared}/{hunt.name}", args.host
        collected.prepare_shared(hunt.shared)
        engines.check_unused(hunt)
    check_writable(crashes(), "CRASHES")
    build(args, hunt)
    corpus = corpus_of(hunt)
    collected.prepare(corpus, args.programs.p2m_case())
    places = (corpus, args.programs.folder, crashes())
    found = recover(args, places)
    check_room(*places)
    folder, _ = new_folder(f"{args.programs.folder}/run/{hunt.name}")
    return fuzz(args, hunt, corpus, folder, places) or (1 if found else 0)
