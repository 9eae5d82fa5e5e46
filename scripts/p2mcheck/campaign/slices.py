# SPDX-License-Identifier: GPL-2.0-or-later
"""A slice: one engine on one target for a while, in a folder of its own under
build/campaign/slices/. Here slices are started, measured and brought in, also those that
somebody killed. Nothing here knows of bugs (triage.py) or of whose turn it is (state.py).

An engine writes into its own folder only. What is complete is moved from there into the shared
corpus under the SHA-1 of its bytes. An input that a full disk or a kill cut short has a name that
is not the hash of its bytes, and stays out.
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
from p2mcheck.files import read, write, write_json
from p2mcheck.processes import kill_marked

GRACE = 10  # seconds that an engine may take longer than it was told: it reads its corpus first


def inputs(folder):
    """The names of the inputs in it, without what is no input (.probe, half-written ones)."""
    try:
        return sorted(name for name in os.listdir(folder)
                      if not name.startswith(".") and not name.endswith(".tmp"))
    except FileNotFoundError:
        return []


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
                    pass  # pruned while we look
        self.job = engines.Afl(self.hunt, 0, f"{self.folder}/in", self.folder)

    def reopen(self):
        """What an engine left whose starter is gone: the same object, without a process."""
        kind = engines.Libfuzzer if self.engine == "libfuzzer" else engines.Afl
        job: typing.Any = object.__new__(kind)
        job.folder, job.binary, job.facts = f"{self.folder}/job-0", self.hunt.binary, self.hunt.facts
        job.log, job.stats = f"{job.folder}/log", f"{job.folder}/stats"
        job.command = "a slice that was killed"
        job.out, job.earlier, job.corpus = f"{self.folder}/afl/default", (), f"{self.folder}/new"
        os.makedirs(job.folder, exist_ok=True)
        self.job, self.killed = job, True

    def wait(self, stop):
        """Until the engine ends; it is asked to when `stop` is set or its time is long over."""
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
        self.job.stop()  # and what it left running
        if time.monotonic() < self.started + self.hunt.time - 1:
            stop.wait(0.5)  # Ctrl-C on a terminal comes to the engine as soon as to us
        self.stopped = self.stopped or stop.is_set()

    def artifacts(self):
        return [path for path in self.job.artifacts() if os.path.isfile(path)]

    def coverage(self):
        """At the end, and how much of it is new: what libFuzzer counted beyond its seeds (a
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
        """Why it is worth nothing; None if all is well, or if it ended with a finding."""
        if self.artifacts() or (self.stopped and not self.job.tally()["cases"]):
            return None
        if self.stopped and self.engine == "afl" and self.job.said("stability") is None:
            return None  # it did not come to tell
        return self.job.broken() or (None if self.job.tally()["cases"] else "not a single input was run")

    def ran(self):
        """How long, by the times of the files: the process that had a clock was killed."""
        times = [os.path.getmtime(path) for path in glob.glob(f"{self.job.folder}/*")]
        begun = os.path.getmtime(f"{self.folder}/slice.json")
        return min(float(self.hunt.time), max(times, default=begun) - begun)

    def measure(self):
        cov, gain = self.coverage()
        return {"seconds": self.ran() if self.killed else time.monotonic() - self.started,
                "tally": self.job.tally(), "gain": gain, "cov": cov,
                "crashes": len(self.artifacts()), "broken": None if self.killed else self.broken()}

    def bring_in(self, corpus):
        """Inputs to the corpus; returns how many were cut short and stay out."""
        if self.engine == "afl":
            for path in self.job.queue():
                adopt(path, corpus)
            return 0
        return sum(not adopt(f"{self.folder}/new/{name}", corpus, name)
                   for name in inputs(f"{self.folder}/new"))

    def keep_log(self, folder):
        """Of a slice that broke, so that somebody can see why."""
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
            continue  # not a file of ours
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
