# SPDX-License-Identifier: GPL-2.0-or-later
"""The state of a campaign: its lanes (a target in a geometry under an engine), its time, its bugs.
All of it is in build/campaign/state.json, which is replaced as a whole; this module runs
nothing. It also chooses the lane of the next slice.

The rule. Each lane has a weight, 1 + the new coverage of its last three slices, at most 8, and
a clock, which a slice of s seconds moves on by s / weight. The lane whose clock is behind all
others is next; of equal ones the first in the list. So a lane that still finds coverage gets up to
eight times the time of one that does not, and none starves: a lane that finds nothing gets a
share of 1. The same results give the same slices.
"""

import collections
import fcntl
import glob
import os

from p2mcheck.files import Failure, hash_of, read_json, write_json

VERSION = 2
HEAVIEST = 8  # as heavy as a lane becomes
REMEMBERED = 3  # slices whose new coverage counts
GIVEN_UP = 3  # slices that broke one after the other


def core_revision():
    """A hash of what a campaign tests: the core, and the subject that calls it."""
    return hash_of(sorted(glob.glob("core/*.[ch]")) + ["props/subjects/core.c"])


def new_lane(clock=0.0):
    return {"clock": clock, "gains": [], "slices": 0, "good": 0, "seconds": 0.0, "tally": {},
            "cov": 0, "last_new": None, "crashes": 0, "bugs": 0, "broken": 0, "row": 0, "reason": None}


def weight(lane):
    return 1 + min(HEAVIEST - 1, sum(lane["gains"]))


def given_up(lane):
    return lane["row"] >= GIVEN_UP


def tally_of(lanes):
    """The sum of their statistics."""
    return sum((collections.Counter(lane["tally"]) for lane in lanes), collections.Counter())


class State:
    """state.json of one campaign; every method is called under the campaign's lock."""

    def __init__(self, folder):
        self.folder, self.path = folder, f"{folder}/state.json"
        self.data = None

    def load(self):
        """False if there is none."""
        try:
            self.data = read_json(self.path)
        except Failure as error:
            raise Failure(f"{error}; remove it to begin anew") from None
        if self.data is None:
            return False
        if not isinstance(self.data, dict) or self.data.get("version") != VERSION:
            raise Failure(f"{self.path}: not of version {VERSION}; remove it to begin anew")
        return True

    def begin(self, seed, corpora, revision=""):
        """A new campaign; `corpora`: files collected so far, by target and geometry. Known bugs
        stay, so that one bug is one bug across campaigns; those of another core are marked."""
        bugs = self.data["bugs"] if self.data else {}
        for bug in bugs.values():
            bug["count"], bug["older"] = 0, bug.get("revision") != revision
        self.data = {"version": VERSION, "revision": revision, "seconds": 0, "done": 0.0, "seed": seed,
                     "status": "running", "pid": 0, "next": self.data["next"] if self.data else 1,
                     "open": {}, "lanes": {}, "bugs": bugs, "excluded": {}, "corpora": corpora,
                     "prunes": 0, "killed": 0}

    def save(self):
        write_json(self.path, self.data)

    def add_lanes(self, names):
        """New lanes begin with the clock of the lane that is most behind."""
        clock = min([lane["clock"] for lane in self.data["lanes"].values()], default=0.0)
        for name in names:
            self.data["lanes"].setdefault(name, new_lane(clock))

    def pick(self, names, seconds):
        """The lane that is next, its clock moved on by a slice of so many seconds; None if all
        are given up."""
        lanes = self.data["lanes"]
        able = [name for name in names if not given_up(lanes[name])]
        if not able:
            return None
        name = min(able, key=lambda name: lanes[name]["clock"])
        lanes[name]["clock"] += seconds / weight(lanes[name])
        return name

    def count(self, name, result, planned, spent):
        """Adds a slice that ended: `result` is from Slice.measure, `planned` the seconds given to
        pick, `spent` the time including the work after it."""
        lane = self.data["lanes"][name]
        lane["clock"] += (max(1.0, spent) - planned) / weight(lane)
        lane["gains"] = (lane["gains"] + [result["gain"]])[-REMEMBERED:]
        lane["slices"] += 1
        lane["seconds"] += result["seconds"]
        lane["tally"] = tally_of((lane, result))
        lane["cov"] = max(lane["cov"], result["cov"])
        lane["crashes"] += result["crashes"]
        if result["gain"]:
            lane["last_new"] = self.data["done"]
        if result["broken"]:
            lane["broken"] += 1
            lane["row"] += 1
            lane["reason"] = result["broken"]
        else:
            lane["row"] = 0
            lane["good"] += result["tally"]["cases"] > 0


class Lock:
    """One campaign at a time in a folder. The kernel releases it when the holder ends, so
    that it is never stale."""

    def __init__(self, folder):
        self.path = f"{folder}/lock"
        self.file = None

    def take(self):
        self.file = open(self.path, "a+", encoding="utf-8")
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        self.file.truncate(0)
        self.file.write(str(os.getpid()))
        self.file.flush()
        return True

    def holder(self):
        """The pid of the running campaign, or None."""
        try:
            with open(self.path, "r", encoding="utf-8") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except OSError:
                    return int(file.read() or 0)
        except FileNotFoundError:
            pass
        return None
