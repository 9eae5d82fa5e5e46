# SPDX-License-Identifier: GPL-2.0-or-later
"""A slice: one engine on one target for a while, in a folder of its own under
build/campaign/slices/. This module starts and measures slices, including those of a killed
campaign. It does not use triage.py (bugs) or state.py (the choice of the next one).
"""

import glob
import os
import re
import time

from p2mcheck import engines, facts
from p2mcheck.engine_run import EngineRun, MARK
from p2mcheck.files import read, write

SLACK = 10  # seconds over its time that a slice may take: it reads its corpus first


class Slice(EngineRun):
    """A run of one process (`job`)."""

    def __init__(self, folder, engine, hunt, given, tried=False):
        super().__init__(folder, engine, hunt, given, tried)
        self.job, self.lane = self.jobs[0], f"{hunt.name}.{engine}"
        self.stopped = False  # before its time
        self.started = time.monotonic()

    def start(self):
        self.record()
        self.prepare()
        self.started = time.monotonic()
        self.job.start(self.hunt.time, SLACK)

    def wait(self, stop):
        """Until the engine ends; stops it when `stop` is set or its time is long over."""
        while self.job.running():
            if stop.is_set():
                self.job.interrupt()
            time.sleep(0.1)
        self.job.stop()  # and its remaining processes
        if time.monotonic() < self.started + self.hunt.time - 1:
            stop.wait(0.5)  # Ctrl-C on a terminal also reaches the engine
        self.stopped = stop.is_set()

    def coverage(self):
        """Coverage at the end, and the new part of it: libFuzzer's count beyond its seeds (a
        report may follow its last number); AFL++'s inputs with +cov."""
        if self.engine == "afl":
            return self.job.coverage(), sum(",+cov" in path for path in self.job.queue())
        try:
            log = read(self.job.log)
        except FileNotFoundError:
            return 0, 0
        begun = re.search(rb"INITED cov: (\d+)", log)
        last = re.findall(rb"^#\d+\s.* cov: (\d+) ", log, re.M)
        end = int(last[-1]) if last else 0
        return end, max(0, end - int(begun.group(1))) if begun else 0

    def broken(self):
        """The reason why its results are void; None if they are valid, or if it ended with a finding."""
        if self.artifacts() or (self.stopped and not self.job.tally()["cases"]):
            return None
        if self.stopped and self.engine == "afl" and self.job.said("stability") is None:
            return None  # it ended before its report
        return self.job.broken() or (None if self.job.tally()["cases"] else "no input was run")

    def ran(self):
        """The duration by the times of the files: the process with the clock was killed."""
        times = [os.path.getmtime(path) for path in glob.glob(f"{self.job.folder}/*")]
        begun = os.path.getmtime(f"{self.folder}/{MARK}")
        return min(float(self.hunt.time), max(times, default=begun) - begun)

    def measure(self):
        cov, gain = self.coverage()
        return {"seconds": self.ran() if self.killed else time.monotonic() - self.started,
                "tally": self.job.tally(), "gain": gain, "cov": cov,
                "crashes": len(self.artifacts()), "broken": None if self.killed else self.broken()}

    def keep_log(self, folder):
        """Keeps the logs of a failed slice, so that a person can find the cause."""
        os.makedirs(folder, exist_ok=True)
        if os.path.exists(self.job.log):
            write(f"{folder}/{self.lane}.log", read(self.job.log)[-65536:])
        return f"{folder}/{self.lane}.log"


def of_lane(folder, lane, programs, seconds, seed, given, sanitized=True):
    """A new slice of this lane."""
    group, engine = lane.rsplit(".", 1)
    hunt = engines.Hunt(programs, *facts.split(group), time=max(1, int(seconds)), seed=seed, sanitized=sanitized)
    return Slice(folder, engine, hunt, given)
