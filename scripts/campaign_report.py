# SPDX-License-Identifier: GPL-2.0-only
"""What a campaign says: the table of its lanes, `make status`, and the summary at its end.
Reads state.json and the numbers that running engines share; changes nothing."""

import glob
import os
import struct
import time

from campaign_slices import inputs
from campaign_state import WORDS, Lock, State, given_up
from engines import OPS
from findings import read

ENOUGH = 10000  # execs after which an op that never succeeded was not tested


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


def plural(count, noun):
    return f"{count} {noun}" + ("" if count == 1 else "s")


def live(folder, opened):
    """What slices that run now have done so far: {lane: [tally, number of slices]}."""
    found = {}
    for number, lane in opened.items():
        tally = [0] * WORDS
        for path in glob.glob(f"{folder}/slices/{int(number):06}-*/job-0/stats"):
            try:
                tally = struct.unpack(f"<{WORDS}Q", read(path)[:8 * WORDS])
            except (OSError, struct.error):
                pass
        numbers = found.setdefault(lane, [[0] * WORDS, 0])
        numbers[0] = [a + b for a, b in zip(numbers[0], tally)]
        numbers[1] += 1
    return found


def print_table(data, build, running):
    print(f"{'target':12} {'engine':10} {'slices':>6} {'execs':>6} {'ops':>6} {'checks':>6} "
          f"{'exec/s':>6} {'corpus':>6} {'cov':>5} {'new at':>8} {'bugs':>4}")
    for name, lane in data["lanes"].items():
        group, engine = name.rsplit(".", 1)
        now, slices = running.get(name, ([0] * WORDS, 0))
        execs, ops, checks = (a + b for a, b in zip(lane["tally"][:3], now))
        rate = lane["tally"][0] / lane["seconds"] if lane["seconds"] else 0
        new = "-" if lane["last_new"] is None else span(lane["last_new"])
        remark = "  given up" if given_up(lane) else f"  {lane['broken']} broken" if lane["broken"] else ""
        remark += "  running" if slices else ""
        print(f"{group:12} {engine:10} {lane['slices']:6} {short(execs):>6} {short(ops):>6} "
              f"{short(checks):>6} {short(rate):>6} {len(inputs(f'{build}/corpus/{group}')):6} "
              f"{lane['cov']:5} {new:>8} {lane['bugs']:4}{remark}")


def print_bugs(data):
    for bug in data["bugs"].values():
        if bug["count"]:
            print(f"bug: {bug['kind']} in {bug['lane']}, met {plural(bug['count'], 'time')}\n"
                  f"  again:  make repro CASE={bug['again']}")
            if bug["case"] != bug["again"]:
                print(f"  found:  make repro CASE={bug['case']}")


def idle_ops(data):
    """Prints calls by op; answers the ops that never succeeded in a target that ran enough."""
    targets = {}
    for name, lane in data["lanes"].items():
        target = name.split("_", 1)[0]
        if target not in ("case", "canary"):
            sums = targets.setdefault(target, [0] * WORDS)
            targets[target] = [a + b for a, b in zip(sums, lane["tally"])]
    idle = []
    for target, tally in targets.items():
        calls, failed, refused = (tally[5 + k * len(OPS):5 + (k + 1) * len(OPS)] for k in range(3))
        if not sum(calls):
            continue
        print(f"\n{target + ': op':24} {'calls':>12} {'failed':>12} {'refused':>12}")
        for k, op in enumerate(OPS):
            print(f"{op:24} {calls[k]:12} {failed[k]:12} {refused[k]:12}")
            if tally[0] >= ENOUGH and calls[k] == failed[k]:
                idle.append(f"{target}: {op}")
    return idle


def failures(data, names, idle):
    """All that keeps a campaign from being green, a line each."""
    lanes = {name: data["lanes"][name] for name in names}
    lines = []
    found = [bug for bug in data["bugs"].values() if bug["count"]]
    if found:
        lines.append(plural(len(found), "bug"))
    if not any(lane["tally"][0] for lane in lanes.values()):
        lines.append("not a single input was run")
    unrun = [name for name, lane in lanes.items() if not lane["good"] and not lane["crashes"]]
    if unrun:
        lines.append(f"not one good slice of: {' '.join(unrun)}")
    for name, lane in lanes.items():
        if lane["row"] or "stability" in (lane["reason"] or ""):
            lines.append(f"{name}: {lane['broken']} broken slices, the last: {lane['reason']}")
    lines += [f"never succeeded, so not tested: {op}" for op in idle]
    return lines


def summary(data, build, names):
    """The end of a campaign; answers what keeps it from being green."""
    print()
    print_table(data, build, {})
    idle = idle_ops(data)
    print()
    print_bugs(data)
    growth = [f"{group} {count} -> {len(inputs(f'{build}/corpus/{group}'))}"
              for group, count in data["corpora"].items()]
    tally = [sum(column) for column in zip(*(lane["tally"] for lane in data["lanes"].values()))]
    print(f"corpora: {', '.join(growth)}; pruned {plural(data['prunes'], 'time')}" +
          (f"; gave {data['given']} inputs to others, took {data['taken']}"
           if data["given"] or data["taken"] else ""))
    broken = sum(lane["broken"] for lane in data["lanes"].values())
    print(f"campaign: {span(data['done'])} of {span(data['seconds'])}, "
          f"{plural(sum(lane['slices'] for lane in data['lanes'].values()), 'slice')} ({broken} broken, "
          f"{data['killed']} killed with the campaign), {tally[0]} execs, {tally[1]} ops, "
          f"{tally[2]} checks, "
          f"{plural(sum(lane['crashes'] for lane in data['lanes'].values()), 'crasher')}, "
          f"{plural(sum(bug['count'] > 0 for bug in data['bugs'].values()), 'bug')}", flush=True)
    return failures(data, names, idle)


def status(build):
    """`make status`. 1 if there is nothing to tell of."""
    folder = f"{build}/campaign"
    state = State(folder)
    if not state.load():
        print(f"status: {folder}/state.json: there was no campaign here; make campaign HOURS=8 begins one")
        return 1
    data, pid = state.data, Lock(folder).holder()
    done, running = data["done"], {}
    if pid:
        # the time is saved every few seconds
        done += max(0.0, min(10.0, time.time() - os.path.getmtime(state.path)))
        running = live(folder, data["open"])
        print(f"a campaign is running, process {pid}: "
              f"{plural(sum(n for _, n in running.values()), 'slice')} now")
    else:
        how = {"ended": "the last campaign came to its end",
               "interrupted": "no campaign is running; the last one was interrupted",
               "failed": "no campaign is running; the last one had to stop"}
        print(how.get(data["status"], "no campaign is running; the last one was killed") +
              ("" if data["status"] == "ended" else ", `make campaign` goes on with it"))
    print(f"{span(done)} of {span(data['seconds'])} done, {span(max(0, data['seconds'] - done))} to go; "
          f"pruned {plural(data['prunes'], 'time')}")
    print_table(data, build, running)
    print_bugs(data)
    left = glob.glob(f"{folder}/slices/*/slice.json")
    if left and not pid:
        print(f"left behind: {plural(len(left), 'slice')}; the next `make campaign` brings that in")
    return 0
