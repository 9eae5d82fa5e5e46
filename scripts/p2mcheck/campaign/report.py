# SPDX-License-Identifier: GPL-2.0-or-later
"""The reports of a campaign: the table of its lanes, `make status`, and the summary at its end.
Reads state.json and the statistics of running engines; changes nothing."""

import glob
import os
import time

from p2mcheck import facts
from p2mcheck.collected import inputs
from p2mcheck.campaign.state import Lock, State, given_up, tally_of
from p2mcheck.cli import plural
from p2mcheck.engine_run import MARK


def span(seconds):
    """1:02:03, or 63 s below two minutes."""
    seconds = int(seconds)
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def short(number):
    """Four digits at most, and a letter."""
    for letter in ("", "k", "M", "G"):
        if number < 10000:
            return f"{number:.0f}{letter}"
        number /= 1000
    return f"{number:.0f}T"


def live(told, folder, opened):
    """The counts of the running slices so far: {lane: [tally, number of slices]}."""
    found = {}
    for number, lane in opened.items():
        numbers = found.setdefault(lane, [facts.total([]), 0])
        for path in glob.glob(f"{folder}/slices/{int(number):06}-*/job-0/stats"):
            numbers[0] = numbers[0] + told.tally(path)
        numbers[1] += 1
    return found


def print_table(data, corpora, running):
    print(f"{'target':12} {'engine':10} {'slices':>6} {'execs':>6} {'ops':>6} {'checks':>6} "
          f"{'exec/s':>6} {'corpus':>6} {'cov':>5} {'new at':>8} {'bugs':>4}")
    for name, lane in data["lanes"].items():
        group, engine = name.rsplit(".", 1)
        now, slices = running.get(name, (facts.total([]), 0))
        done = tally_of([lane])
        execs, ops, checks = (done[key] + now[key] for key in ("cases", "ops", "checks"))
        rate = done["cases"] / lane["seconds"] if lane["seconds"] else 0
        new = "-" if lane["last_new"] is None else span(lane["last_new"])
        remark = "  given up" if given_up(lane) else f"  {lane['broken']} broken" if lane["broken"] else ""
        remark += "  running" if slices else ""
        print(f"{group:12} {engine:10} {lane['slices']:6} {short(execs):>6} {short(ops):>6} "
              f"{short(checks):>6} {short(rate):>6} {len(inputs(f'{corpora}/{group}')):6} "
              f"{lane['cov']:5} {new:>8} {lane['bugs']:4}{remark}")


def repeat(bug, again=""):
    """The command that repeats it, or that none was seen to."""
    return f"make repro{again} CASE={bug['again']}" + (
        "" if bug.get("repeats", True) else " does not repeat it; it is kept")


def print_bugs(data, again=""):
    for bug in data["bugs"].values():
        if bug.get("older") and not bug["count"]:
            print(f"bug of another revision of the core, not met in this one: {bug['kind']}\n"
                  f"  again:  {repeat(bug, again)}")
        if bug["count"]:
            print(f"bug: {bug['kind']} in {bug['lane']}, met {plural(bug['count'], 'time')}"
                  f"{', known from another revision of the core' * bool(bug.get('older'))}\n"
                  f"  again:  {repeat(bug, again)}")
            if bug["case"] != bug["again"]:
                print(f"  found:  make repro{again} CASE={bug['case']}")


def idle_ops(data, ops, without=()):
    """Prints calls by op; returns the ops that never succeeded in a target that ran enough."""
    idle = []
    for target in facts.targets().values():
        tally = tally_of(lane for name, lane in data["lanes"].items() if name.split("_")[0] == target.name)
        if target.is_text or not target.service or not any(tally[f"calls {op}"] for op in ops):
            continue
        facts.print_outcomes(f"{target.name}: op", ops, tally, 24)
        idle += [f"{target.name}: {op}" for op in facts.idle_ops(ops, tally) if op not in without]
    return idle


def failures(data, names, idle):
    """The errors of a campaign, one line each."""
    lanes = {name: data["lanes"][name] for name in names}
    lines = []
    found = [bug for bug in data["bugs"].values() if bug["count"]]
    if found:
        lines.append(plural(len(found), "bug"))
    if not tally_of(lanes.values())["cases"]:
        lines.append("no input was run")
    unrun = [name for name, lane in lanes.items() if not lane["good"] and not lane["crashes"]]
    if unrun:
        lines.append(f"no successful slice of: {' '.join(unrun)}")
    for name, lane in lanes.items():
        if lane["row"] or "stability" in (lane["reason"] or ""):
            lines.append(f"{name}: {lane['broken']} broken slices; the last: {lane['reason']}")
    lines += [f"never succeeded, so not tested: {op}" for op in idle]
    return lines


def summary(data, place, names, programs):
    """The end of a campaign; returns its errors."""
    print()
    print_table(data, place.corpora, {})
    idle = idle_ops(data, programs.facts.ops, programs.without)
    print()
    print_bugs(data, programs.again)
    growth = [f"{group} {count} -> {len(inputs(f'{place.corpora}/{group}'))}"
              for group, count in data["corpora"].items()]
    tally = tally_of(data["lanes"].values())
    print(f"corpora: {', '.join(growth)}; pruned {plural(data['prunes'], 'time')}")
    broken = sum(lane["broken"] for lane in data["lanes"].values())
    print(f"campaign: {span(data['done'])} of {span(data['seconds'])}, "
          f"{plural(sum(lane['slices'] for lane in data['lanes'].values()), 'slice')} ({broken} broken, "
          f"{data['killed']} killed with the campaign), {tally['cases']} execs, {tally['ops']} ops, "
          f"{tally['checks']} checks, "
          f"{plural(sum(lane['crashes'] for lane in data['lanes'].values()), 'crasher')}, "
          f"{plural(sum(bug['count'] > 0 for bug in data['bugs'].values()), 'bug')}", flush=True)
    return failures(data, names, idle)


def status(programs, place):
    """`make status`. 1 if there was no campaign."""
    folder = place.folder
    state = State(folder)
    if not state.load():
        print(f"status: {folder}/state.json: no campaign; begin one with make campaign{programs.again} HOURS=8")
        return 1
    data, pid = state.data, Lock(folder).holder()
    done, running = data["done"], {}
    if pid:
        # the time is saved every few seconds
        done += max(0.0, min(10.0, time.time() - os.path.getmtime(state.path)))
        running = live(programs.facts, folder, data["open"])
        print(f"a campaign is running, process {pid}: "
              f"{plural(sum(n for _, n in running.values()), 'slice')} now")
    else:
        how = {"ended": "the last campaign is complete",
               "interrupted": "no campaign is running; the last one was interrupted",
               "failed": "no campaign is running; the last one stopped on an error"}
        print(how.get(data["status"], "no campaign is running; the last one was killed") +
              ("" if data["status"] == "ended" else ", `make campaign` resumes it"))
    print(f"{span(done)} of {span(data['seconds'])} done, {span(max(0, data['seconds'] - done))} to go; "
          f"pruned {plural(data['prunes'], 'time')}")
    print_table(data, place.corpora, running)
    print_bugs(data, programs.again)
    left = glob.glob(f"{folder}/slices/*/{MARK}")
    if left and not pid:
        print(f"left behind: {plural(len(left), 'slice')}; the next `make campaign` brings them in")
    return 0
