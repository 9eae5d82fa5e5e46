# SPDX-License-Identifier: GPL-2.0-or-later
"""Fuzzes all targets in all their geometries under both engines, for hours, on several cores.

The time is cut into slices: one engine, one target, one core (slices.py). run.py runs them, and
state.py chooses the next one. triage.py files a finding and compares it with the known bugs;
a finding does not end the campaign. It can be killed at any time and resumed: the next run
brings in the remaining inputs. corpora.py prunes the corpora.

With SUBJECT=linux (or a file), state, corpora and crashers are in build/campaign/VERSION/.
"""

import collections
import os

from p2mcheck import cli, facts, programs
from p2mcheck.campaign import report
from p2mcheck.campaign.corpora import Corpora
from p2mcheck.campaign.run import SHORTEST, Campaign
from p2mcheck.campaign.state import Lock, State, core_revision
from p2mcheck.cli import plural
from p2mcheck.collected import inputs, prepare
from p2mcheck.engine_run import end_orphans
from p2mcheck.files import Failure, check_writable, crashes
from p2mcheck.processes import handle_ending


def arguments():
    parser = cli.Parser(__doc__, subjects=True, on="", hours=0.0, seconds=0.0, jobs=programs.cores(), slice=60,
                        seed=1, checks={"slice": cli.at_least(SHORTEST)})
    parser.setting("engines", ["libfuzzer", "afl"], cli.some_of(("libfuzzer", "afl"), ","), "separated by commas")
    parser.switch("new", "do not resume a campaign that has not ended", "NEW")
    args = parser.parse()
    args.total = args.seconds or 3600 * args.hours
    args.programs = parser.programs(args)
    args.place = place_of(args.programs)
    wanted = args.on or " ".join(default_pairs(args.programs))
    args.on = parser.checked("ON", wanted, cli.some_of(pairs_of(args.programs)))
    return args


Place = collections.namedtuple("Place", "folder corpora crashes")


def place_of(subject):
    """Where its state, its corpora and its crashers are."""
    if subject.folder == subject.build:
        return Place(f"{subject.build}/campaign", f"{subject.build}/corpus", crashes())
    folder = f"{subject.build}/campaign/{os.path.basename(subject.folder)}"
    return Place(folder, f"{folder}/corpus", f"{folder}/crashes")


def pairs_of(subject):
    """TARGET_GEOMETRY of all targets that this subject can have."""
    return [f"{target.name}_{geometry}" for target in facts.targets().values() for geometry in subject.geometries
            if not (target.is_text and subject.again) and (subject.has_setup or not target.needs_kernel)]


def default_pairs(subject):
    """The usual ones: of a subject other than the core those that fuzzing services run."""
    if not subject.again:
        return facts.pairs()
    return [pair for pair in pairs_of(subject) if facts.targets()[facts.split(pair)[0]].service]


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


def check_masks(args, known):
    """A campaign goes on behind the masks that it began with."""
    if not args.known:
        args.known = os.environ["P2MCHECK_KNOWN"] = known
    if args.known != known:
        raise Failure(f"KNOWN={args.known}: the campaign to resume has KNOWN={known}; begin another one with NEW=1")


def new_because(args, state, revision):
    """The reason why a campaign that has not ended is not resumed, or None."""
    if state.data.get("revision") != revision:
        return "the core has changed since then"
    if args.total and args.total - state.data["done"] < SHORTEST:
        return f"it has already run {report.span(state.data['done'])} of the {report.span(args.total)} that are set now"
    return None


def resume_or_begin(args, state, names):
    """Resumes a campaign that has not ended, or begins one; prints which."""
    known, revision = state.load(), core_revision() if args.subject == "core" else args.programs.folder
    counts = {group: len(inputs(f"{args.place.corpora}/{group}")) for group in args.on}
    open_one = known and state.data["status"] != "ended" and not args.new
    because = new_because(args, state, revision) if open_one else None
    if open_one and not because:
        check_masks(args, state.data.get("known", ""))
        how = "killed" if state.data["status"] == "running" else state.data["status"]
        state.data["seconds"] = args.total or state.data["seconds"]
        state.data["corpora"] = {**counts, **state.data["corpora"]}
        for lane in state.data["lanes"].values():
            lane["row"] = 0
        print(f"campaign: resumes one that was {how} after {report.span(state.data['done'])}; "
              f"{report.span(max(0, state.data['seconds'] - state.data['done']))} to go")
    else:
        seconds = args.total or (state.data["seconds"] if open_one else 0)
        if not seconds:
            raise Failure("HOURS or SECONDS is not set, and there is no campaign to resume")
        if because:
            print(f"campaign: begins anew and does not resume the last one: {because}; corpora and bugs stay")
        state.begin(args.seed, counts, revision)
        state.data["known"] = args.known
        state.data["seconds"] = seconds
    state.data.update(status="running", pid=os.getpid())
    state.add_lanes(names)
    state.save()


def main():
    args = arguments()
    programs.setup("fuzz")
    names = lanes_of(args)
    folder = args.place.folder
    check_writable(args.build, "B")
    check_writable(args.place.crashes, "CRASHES")
    os.makedirs(f"{folder}/slices", exist_ok=True)
    lock, state = Lock(folder), State(folder)
    if not lock.take():
        raise Failure(f"{folder}: in use by a campaign, process {lock.holder()}")
    orphans = end_orphans(f"{folder}/slices")
    Corpora(args.place.corpora, folder, args.programs).repair()
    os.environ.setdefault("AFL_FAST_CAL", "1")  # each slice calibrates the whole corpus
    resume_or_begin(args, state, names)
    build(args)
    for group in args.on:
        prepare(f"{args.place.corpora}/{group}", args.programs.p2m_case())
    campaign = Campaign(args, names, state)
    handle_ending(campaign.interrupt)
    try:
        campaign.recover(orphans)
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
    parser = cli.Parser(status.__doc__, subjects=True)
    args = parser.parse()
    programs.setup()
    subject = parser.programs(args)
    return report.status(subject, place_of(subject))
