# SPDX-License-Identifier: GPL-2.0-or-later
"""A running campaign: JOBS threads that run one slice after the other, and one thread that
watches time and disk. This module orders the writes to disk, so that it can end at any
moment.
"""

import glob
import os
import shutil
import sys
import threading
import time
import traceback

from p2mcheck.campaign import corpora, report, slices, triage
from p2mcheck.campaign.state import new_lane, tally_of
from p2mcheck.cli import plural
from p2mcheck.engine_run import MARK, left_behind
from p2mcheck.engines import is_whole
from p2mcheck.files import lack_of_room, read

TICK = 5  # seconds after which the time that passed is saved, and the disk looked at
SHORTEST = 2  # seconds of a slice


class Campaign:
    def __init__(self, args, names, state):
        self.args, self.names, self.state, self.programs = args, names, state, args.programs
        self.folder = args.place.folder
        self.lock = threading.RLock()  # for state and output
        self.filing = threading.Lock()  # one finding at a time
        self.stop = threading.Event()
        self.trouble = None  # the error that stopped it
        self.interrupted, self.pruning = False, set()
        self.clock = time.monotonic()  # the time until here is in state.data["done"]
        self.corpora = corpora.Corpora(args.place.corpora, self.folder, self.programs)
        # each lane gets a turn, since engines start slowly
        share = args.jobs * max(0.0, state.data["seconds"] - state.data["done"]) / (1.5 * len(names))
        self.slice = max(SHORTEST, min(args.slice, int(share)))

    def say(self, text):
        with self.lock:
            print(f"{report.span(self.state.data['done']):>8}  {text}", flush=True)

    def pass_time(self):
        with self.lock:
            now = time.monotonic()
            self.state.data["done"] += now - self.clock
            self.clock = now

    def left(self):
        with self.lock:
            return self.state.data["seconds"] - self.state.data["done"] - (time.monotonic() - self.clock)

    def give_up(self, error):
        """After an error such as a full disk: starts no more slices."""
        with self.lock:
            if not self.trouble:
                self.trouble = (f"{error}; stopped; unfiled findings and inputs stay in "
                                f"{self.folder}/slices/ for the next campaign")
        self.stop.set()

    # ---- one slice ----

    def begin(self):
        """The next slice, on record before anything runs; None if there is none."""
        with self.lock:
            seconds = int(min(self.slice, self.left()))
            if self.stop.is_set() or seconds < SHORTEST:
                return None
            data = self.state.data
            lane = self.state.pick(self.names, seconds)
            if lane is None:
                return None
            number, data["next"] = data["next"], data["next"] + 1
            data["open"][str(number)] = lane
            self.state.save()
        folder = f"{self.folder}/slices/{number:06}-{lane}"
        os.makedirs(folder)
        # of AFL++'s slices every other one is without sanitizers
        return slices.of_lane(folder, lane, self.programs, seconds, data["seed"] + number,
                              self.corpora.given(lane.rsplit(".", 1)[0]), sanitized=number % 2 == 0)

    def number(self, it):
        return str(int(os.path.basename(it.folder).split("-")[0]))

    def bring_in(self, it):
        """Corpus first, then findings, then the numbers; the folder goes when all is on record.
        False if the slice broke."""
        group = it.hunt.name
        self.corpora.prepare(group)
        result = it.measure()
        after = time.monotonic()
        with self.corpora.of(group):
            short = it.bring_in(self.corpora.path(group))
        if short:
            self.say(f"{it.lane}: {short} incomplete inputs are not added to the corpus")
        for _, path in it.artifacts():
            if is_whole(path):
                self.file(it, group, path)
            else:
                self.say(f"{it.lane}: a crasher is cut off, so not filed: {path}; "
                         f"its report: {it.keep_log(f'{self.folder}/broken')}")
        with self.lock:
            data = self.state.data
            self.pass_time()
            if data["open"].pop(self.number(it), None):
                self.state.count(it.lane, result, it.hunt.time,
                                 result["seconds"] + time.monotonic() - after)
            if result["broken"]:
                kept = it.keep_log(f"{self.folder}/broken")
                reason = result["broken"].replace(it.job.log, kept)
                data["lanes"][it.lane]["reason"] = reason
                self.say(f"{it.lane}: a slice failed: {reason}")
            self.state.save()
        it.remove()
        return not result["broken"]

    def file(self, it, group, path):
        """One finding: a new bug is printed, others are counted. The crasher is on disk twice,
        or on record as known, before the engine's copy of it goes."""
        with self.filing:
            content = read(path)
            key, bug = triage.triage(it, path, self.state.data["bugs"], self.args.place.crashes)
            with self.lock:
                bugs = self.state.data["bugs"]
                if bug:
                    bug["count"] = bugs.get(key, bug)["count"]
                    bugs[key] = bug
                bugs[key]["count"] += 1
                bugs[key]["revision"] = self.state.data["revision"]
                self.state.data["lanes"].setdefault(it.lane, new_lane())["bugs"] += bool(bug)
                self.corpora.exclude(self.state.data["excluded"], group, content)
                self.state.save()
            os.unlink(path)
        if bug:
            self.say(f"{it.lane}: bug: {bug['kind']}\n{'':10}again:  {report.repeat(bug, self.programs.again)}")

    def work(self):
        """The loop of each of the JOBS threads until the time is over."""
        try:
            while (it := self.begin()) is not None:
                group = it.hunt.name
                self.corpora.note(group)
                self.corpora.make_seeds(self.state.data["excluded"], it.hunt)
                it.start()
                if it.start_in_words():
                    self.say(f"{it.lane}: {it.collected} collected inputs, {it.start_in_words()}")
                it.wait(self.stop)
                if self.bring_in(it):  # otherwise the folder has the logs of the failure
                    self.prune(group, it.hunt)
        except OSError as error:
            self.give_up(error)
        except Exception as error:  # reports errors of a thread
            traceback.print_exc()
            self.give_up(error)

    def prune(self, group, hunt):
        with self.lock:
            if (group in self.pruning or self.stop.is_set() or self.left() < TICK or
                    not self.corpora.wants_pruning(group)):
                return
            self.pruning.add(group)
        try:
            result = self.corpora.prune(group, hunt, self.stop)
        finally:
            with self.lock:
                self.pruning.discard(group)
        if result:
            with self.lock:
                self.state.data["prunes"] += 1
            self.say(f"{group}: corpus pruned, {result[0]} -> {result[1]} inputs")

    # ---- the whole ----

    def recover(self, orphans):
        """Brings in the slices of a killed campaign, of which so many processes were left."""
        left = list(left_behind(slices.Slice, self.programs, f"{self.folder}/slices"))
        crashers = sum(len(it.artifacts()) for it in left)
        for it in left:
            self.state.add_lanes([it.lane])
            self.bring_in(it)
            self.state.data["killed"] += 1
        for rest in glob.glob(f"{self.folder}/slices/*"):
            if not os.path.exists(f"{rest}/{MARK}"):  # nothing was begun there
                shutil.rmtree(rest) if os.path.isdir(rest) else os.unlink(rest)
        self.state.data["open"] = {}
        if left or orphans:
            self.say(f"brought in slices of a killed campaign: {plural(len(left), 'slice')}, "
                     f"{plural(crashers, 'crasher')}; ended {orphans} of its processes")

    def room(self):
        """Stops while there is still room to save findings."""
        reason = lack_of_room(self.args.build, self.args.place.crashes)
        if reason:
            self.give_up(reason)

    def watch(self, threads):
        """While the others work: time, disk, and a progress line at intervals."""
        every = max(TICK, min(60, self.state.data["seconds"] / 20))
        told = saved = time.monotonic()
        while any(thread.is_alive() for thread in threads):
            time.sleep(0.2)
            if self.interrupted and not self.stop.is_set():
                self.say("interrupted: stopping the engines")
                self.stop.set()
            now = time.monotonic()
            if now - saved >= TICK:
                saved = now
                self.pass_time()
                self.room()
                with self.lock:
                    self.state.save()
            if now - told >= every:
                told = now
                self.progress()

    def progress(self):
        with self.lock:
            data = self.state.data
            running = report.live(self.programs.facts, self.folder, data["open"])
            execs = tally_of(data["lanes"].values())["cases"] + sum(tally["cases"] for tally, _ in running.values())
            self.say(f"{report.short(execs)} execs, "
                     f"{plural(sum(bug['count'] > 0 for bug in data['bugs'].values()), 'bug')}; now "
                     f"{', '.join(running) or 'between slices'}")

    def interrupt(self, _number, _frame):
        """The signal handler. Only sets a flag, so that no operation is interrupted."""
        self.interrupted = True

    def run(self):
        self.room()
        if self.trouble:
            return
        threads = [threading.Thread(target=self.work, daemon=True) for _ in range(self.args.jobs)]
        for thread in threads:
            thread.start()
        try:
            self.watch(threads)
        except OSError as error:
            self.give_up(error)
        self.stop.set()
        for thread in threads:
            thread.join()

    def end(self):
        """The summary; the exit status."""
        self.pass_time()
        over = self.left() < SHORTEST
        self.state.data["status"] = ("failed" if self.trouble else "ended" if over else
                                     "interrupted" if self.interrupted else "failed")
        try:
            self.state.save()
        except OSError as error:
            self.give_up(error)
        lines = report.summary(self.state.data, self.args.place, self.names, self.programs)
        if self.trouble:
            lines = [self.trouble]
        elif not over:
            lines.append("interrupted; `make campaign` resumes it" if self.interrupted else
                         "no target runs any more")
        for line in lines:
            print(f"campaign: {line}", file=sys.stderr)
        return 1 if lines else 0
