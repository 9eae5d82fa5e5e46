# SPDX-License-Identifier: GPL-2.0-or-later
"""Fuzzes all targets in all their geometries under both engines, for hours, on several cores.

The time is cut into slices: one engine, one target, one core (slices.py). run.py runs them, and
state.py chooses the next one. triage.py files a finding and compares it with the known bugs;
a finding does not end the campaign. It can be killed at any time and resumed: the next run
brings in the remaining inputs. corpora.py prunes the corpora.
"""

import os
import signal

from p2mcheck import cli, facts, programs
from p2mcheck.campaign import report
from p2mcheck.campaign.corpora import Corpora
from p2mcheck.campaign.run import SHORTEST, Campaign
from p2mcheck.campaign.state import Lock, State
from p2mcheck.cli import plural
from p2mcheck.collected import inputs
from p2mcheck.files import Failure, check_writable, crashes


def arguments():
    known = [f"{target}_{geometry}" for target in facts.targets() for geometry in facts.geometries()]
    parser = cli.Parser(__doc__, on=facts.pairs(), hours=0.0, seconds=0.0, jobs=programs.cores(), slice=60, seed=1,
                        checks={"on": cli.some_of(known), "slice": cli.at_least(SHORTEST)})
    parser.setting("engines", ["libfuzzer", "afl"], cli.some_of(("libfuzzer", "afl"), ","), "separated by commas")
    parser.switch("new", "do not resume a campaign that has not ended", "NEW")
    args = parser.parse()
    args.total = args.seconds or 3600 * args.hours
    args.programs = programs.Programs(args.build)
    return args


def build(args):
    """Every program that a slice may run."""
    afl = "afl" in args.engines and programs.has_afl()
    goals = {args.programs.p2m_case()}
    for target, geometry in map(facts.split, args.on):
        goals.add(args.programs.target(target, geometry))
        goals.update(args.programs.afl_files(target, geometry) if afl else ())
    args.programs.make(*sorted(goals))


def lanes_of(args):
    if "afl" in args.engines and not programs.has_afl():
        print("campaign: AFL++ is not installed (Debian: afl++), so libFuzzer has all the time")
        args.engines.remove("afl")
    if not args.engines:
        raise Failure("no engine is left")
    return [f"{group}.{engine}" for engine in args.engines for group in args.on]


def resume_or_begin(args, state, names):
    """Resumes a campaign that has not ended, or begins one; prints which."""
    known = state.load()
    counts = {group: len(inputs(f"{args.build}/corpus/{group}")) for group in args.on}
    if known and state.data["status"] != "ended" and not args.new:
        how = "killed" if state.data["status"] == "running" else state.data["status"]
        state.data["seconds"] = args.total or state.data["seconds"]
        state.data["corpora"] = {**counts, **state.data["corpora"]}
        for lane in state.data["lanes"].values():
            lane["row"] = 0
        print(f"campaign: resumes one that was {how} after {report.span(state.data['done'])}; "
              f"{report.span(max(0, state.data['seconds'] - state.data['done']))} to go")
    else:
        if not args.total:
            raise Failure("HOURS or SECONDS is not set, and there is no campaign to resume")
        state.begin(args.seed, counts)
        state.data["seconds"] = args.total
    state.data.update(status="running", pid=os.getpid())
    state.add_lanes(names)
    state.save()


def main():
    args = arguments()
    programs.setup("fuzz")
    names = lanes_of(args)
    folder = f"{args.build}/campaign"
    check_writable(args.build, "B")
    check_writable(crashes(), "CRASHES")
    os.makedirs(f"{folder}/slices", exist_ok=True)
    lock, state = Lock(folder), State(folder)
    if not lock.take():
        raise Failure(f"{folder}: in use by a campaign, process {lock.holder()}")
    known = Corpora(args, folder)
    known.repair()
    os.environ.setdefault("AFL_FAST_CAL", "1")  # each slice calibrates the whole corpus
    resume_or_begin(args, state, names)
    build(args)
    for group in args.on:
        known.prepare(group)
    campaign = Campaign(args, names, state)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, campaign.interrupt)
    try:
        campaign.recover()
        print(f"campaign: {report.span(state.data['seconds'])} on {plural(args.jobs, 'core')}, "
              f"{plural(len(names), 'lane')}, "
              f"slices of {campaign.slice} s, seed {state.data['seed']}; `make status` shows its progress",
              flush=True)
        campaign.run()
    except OSError as error:
        campaign.give_up(error)
    return campaign.end()


def status():
    """The progress or the result of a campaign: time, execs, checks, corpus, coverage and bugs."""
    args = cli.Parser(status.__doc__).parse()
    programs.setup()
    return report.status(programs.Programs(args.build))
