# SPDX-License-Identifier: GPL-2.0-or-later
"""A slice: one engine on one target for a while, in a folder of its own under
build/campaign/slices/. This module starts, measures and brings in slices, including those of a
killed campaign. It does not use triage.py (bugs) or state.py (the choice of the next one).

An engine writes into its own folder only. Complete inputs are moved from there into the shared
corpus under the SHA-1 of their bytes. An input that a full disk or a kill truncated has a name
that is not the hash of its bytes, and is not added.
"""

import glob
import hashlib
import json
import os
import re
import shutil
import signal
import time
import typing

from p2mcheck import engines, facts
from p2mcheck.collected import inputs
from p2mcheck.files import read, write, write_json
from p2mcheck.processes import kill_marked

GRACE = 10  # seconds over its time limit that an engine may take: it reads its corpus first


def adopt(path, corpus, expected=None):
    """Moves one input into the corpus; False if it is not whole."""
    name = hashlib.sha1(read(path)).hexdigest()
    if expected and name != expected:
        return False
    if os.path.exists(f"{corpus}/{name}"):
        os.unlink(path)
    else:
        os.rename(path, f"{corpus}/{name}")
    return True


def link_or_copy(source, target):
    try:
        os.link(source, target)
    except FileExistsError:
        pass
    except OSError:
        write(target, read(source))


class Slice:
    """The folder, and while it runs the engine in it (`job`)."""

    def __init__(self, folder, lane, programs, seconds, seed, sanitized=True):
        self.folder, self.lane = folder, lane
        self.group, self.engine = lane.rsplit(".", 1)
        self.hunt = engines.Hunt(programs, *facts.split(self.group), time=max(1, int(seconds)), seed=seed,
                                 sanitized=sanitized)
        self.job, self.killed = None, False
        self.stopped = False  # before its time
        self.started = time.monotonic()

    def start(self, corpus, seeds):
        write_json(f"{self.folder}/slice.json",
                   {"lane": self.lane, "seconds": self.hunt.time, "seed": self.hunt.seed})
        if self.engine == "libfuzzer":
            os.makedirs(f"{self.folder}/new")
            self.job = engines.Libfuzzer(self.hunt, 0, (f"{self.folder}/new", corpus, seeds), self.folder)
            return
        os.makedirs(f"{self.folder}/in")
        for source in (seeds, corpus):
            for name in inputs(source):
                try:
                    link_or_copy(f"{source}/{name}", f"{self.folder}/in/{name}")
                except FileNotFoundError:
                    pass  # pruned meanwhile
        self.job = engines.Afl(self.hunt, 0, f"{self.folder}/in", self.folder)

    def reopen(self):
        """The slice of a killed campaign: the same object, without a process."""
        kind = engines.Libfuzzer if self.engine == "libfuzzer" else engines.Afl
        job: typing.Any = object.__new__(kind)
        job.folder, job.binary, job.facts = f"{self.folder}/job-0", self.hunt.binary, self.hunt.facts
        job.log, job.stats = f"{job.folder}/log", f"{job.folder}/stats"
        job.command = "a slice that was killed"
        job.out, job.earlier, job.corpus = f"{self.folder}/afl/default", (), f"{self.folder}/new"
        os.makedirs(job.folder, exist_ok=True)
        self.job, self.killed = job, True

    def wait(self, stop):
        """Until the engine ends; stops it when `stop` is set or its time is long over."""
        process, asked = self.job.process, None
        while process.poll() is None:
            over = time.monotonic() > self.started + self.hunt.time + GRACE
            if asked is None and (stop.is_set() or over):
                process.send_signal(signal.SIGINT)
                self.stopped = True
                asked = time.monotonic()
            elif asked is not None and time.monotonic() > asked + GRACE:
                process.kill()
            stop.wait(0.1) if not stop.is_set() else time.sleep(0.1)
        self.job.stop()  # and its remaining processes
        if time.monotonic() < self.started + self.hunt.time - 1:
            stop.wait(0.5)  # Ctrl-C on a terminal also reaches the engine
        self.stopped = self.stopped or stop.is_set()

    def artifacts(self):
        return [path for path in self.job.artifacts() if os.path.isfile(path)]

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
        begun = os.path.getmtime(f"{self.folder}/slice.json")
        return min(float(self.hunt.time), max(times, default=begun) - begun)

    def measure(self):
        cov, gain = self.coverage()
        return {"seconds": self.ran() if self.killed else time.monotonic() - self.started,
                "tally": self.job.tally(), "gain": gain, "cov": cov,
                "crashes": len(self.artifacts()), "broken": None if self.killed else self.broken()}

    def bring_in(self, corpus):
        """Inputs to the corpus; returns the number of incomplete ones, which are not added."""
        if self.engine == "afl":
            for path in self.job.queue():
                adopt(path, corpus)
            return 0
        return sum(not adopt(f"{self.folder}/new/{name}", corpus, name)
                   for name in inputs(f"{self.folder}/new"))

    def keep_log(self, folder):
        """Keeps the logs of a failed slice, so that a person can find the cause."""
        os.makedirs(folder, exist_ok=True)
        if os.path.exists(self.job.log):
            write(f"{folder}/{self.lane}.log", read(self.job.log)[-65536:])
        return f"{folder}/{self.lane}.log"

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def left_behind(programs, folder):
    """The slices of a campaign that was killed, the oldest first."""
    for path in sorted(glob.glob(f"{folder}/slices/*/slice.json")):
        try:
            told = json.loads(read(path))
            it = Slice(os.path.dirname(path), told["lane"], programs, told["seconds"], told["seed"])
            it.reopen()
        except (ValueError, KeyError, AttributeError, TypeError):
            continue  # a foreign file
        yield it


def end_orphans(folder):
    """Ends the engines of a campaign that was killed: those processes of ours whose environment
    names a stats file in its slices. Returns how many."""
    ended = kill_marked(f"P2MCHECK_STATS={os.path.abspath(folder)}/slices/")
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and any(is_alive(number) for number in ended):
        time.sleep(0.05)
    return len(ended)


def is_alive(number):
    try:
        return read(f"/proc/{number}/stat").rsplit(b")", 1)[1].split()[0] not in (b"Z", b"X")
    except (OSError, IndexError):
        return False
