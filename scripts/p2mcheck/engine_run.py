# SPDX-License-Identifier: GPL-2.0-or-later
"""A run of an engine on one target, in a folder of its own: a run of `make fuzz`, or a slice of a
campaign. What such a run leaves is brought in by this module, also if the run was killed.

Engines write into this folder only. Complete inputs are brought from there into the shared corpus, under
the SHA-1 of their bytes. While the folder has the file run.json, something in it may not be
brought in; the lock of the folder tells whether its run still lives.
"""

import glob
import hashlib
import json
import os
import shutil

from p2mcheck import engines
from p2mcheck.collected import inputs
from p2mcheck.files import lock, read, write, write_json
from p2mcheck.processes import end_marked

MARK = "run.json"


def link_or_copy(source, target):
    try:
        os.link(source, target)
    except FileExistsError:
        pass
    except OSError:
        write(target, read(source))


def adopt(path, corpus):
    """Brings one input into the corpus; False if it is not whole."""
    if not engines.is_whole(path):
        return False
    link_or_copy(path, f"{corpus}/{hashlib.sha1(read(path)).hexdigest()}")
    return True


def part(names, most, seed):
    """At most so many of these; with the next seed those behind them. Names are hashes, so a part is an even one."""
    first = seed * most % len(names) if len(names) > most else 0
    return (names + names)[first:first + min(most, len(names))]


def gather(paths, target):
    """These inputs in one folder. An input that is pruned meanwhile is not needed."""
    os.makedirs(target, exist_ok=True)
    for path in paths:
        try:
            if os.path.isfile(path):
                link_or_copy(path, f"{target}/{os.path.basename(path)}")
        except FileNotFoundError:
            continue


class EngineRun:
    """The folder, and the engine's processes (`jobs`). `given`: folders with inputs, that of the collected ones first.
    AFL++ skips inputs that crash: `tried` if libFuzzer runs them before."""

    def __init__(self, folder, engine, hunt, given, tried=False):
        self.folder, self.engine, self.hunt, self.given = folder, engine, hunt, list(given)
        self.new, self.joined, self.killed = f"{folder}/new", f"{folder}/in", False
        self.collected, self.begins_with = 0, 0  # inputs that there are, and those that the engine is given
        self.jobs: list = []
        self.first: list = []
        if engine == "libfuzzer":
            self.jobs = [engines.Libfuzzer(hunt, i, (self.new, self.joined), folder) for i in range(hunt.jobs)]
            return
        self.jobs = [engines.Afl(hunt, i, self.joined, folder) for i in range(hunt.jobs)]
        if tried:
            self.first = [engines.Libfuzzer(hunt, hunt.jobs, (self.joined,), folder, "-runs=0")]

    def record(self):
        """From now on the folder is known to have a run."""
        write_json(f"{self.folder}/{MARK}", {
            "engine": self.engine, "given": self.given, "tried": bool(self.first), "hunt": self.hunt.settings(),
            "earlier": [job.earlier for job in self.jobs]})

    def prepare(self):
        """The folders that its engine needs: new inputs of libFuzzer, and what it is given. Of the collected
        inputs it gets as many as it can read at its start."""
        if self.engine == "libfuzzer":
            os.makedirs(self.new)
        collected, *reviewed = self.given
        names = inputs(collected)
        chosen = part(names, engines.inputs_at_start(self.jobs[0], self.hunt.time), self.hunt.seed)
        self.collected, self.begins_with = len(names), len(chosen)
        gather([f"{collected}/{name}" for name in chosen], self.joined)
        gather([f"{folder}/{name}" for folder in reviewed for name in inputs(folder)], self.joined)

    def start_in_words(self):
        """Empty if it begins with all that is collected."""
        return f"starts on {self.begins_with} of them" if self.begins_with < self.collected else ""

    @classmethod
    def reopen(cls, programs, folder):
        """A run that was killed, without its processes."""
        told = json.loads(read(f"{folder}/{MARK}"))
        run = cls(folder, told["engine"], engines.Hunt(programs, **told["hunt"]), told["given"], told["tried"])
        run.killed = True
        for job, earlier in zip(run.jobs, told["earlier"]):
            job.earlier = earlier
        return run

    def artifacts(self):
        """(job, path) of each finding, also of those that are not whole."""
        return [(job, path) for job in self.first + self.jobs for path in job.artifacts() if os.path.isfile(path)]

    def bring_in(self, corpus):
        """Its new inputs into the corpus; returns the number of incomplete ones, which are not added."""
        return sum(not adopt(path, corpus) for path in sorted({path for job in self.jobs for path in job.queue()}))

    def stop(self):
        """Ends its processes."""
        for job in self.first + self.jobs:
            job.interrupt()
        for job in self.first + self.jobs:
            job.stop()

    def end(self):
        """All is brought in: the logs stay."""
        os.unlink(f"{self.folder}/{MARK}")

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def new_folder(path):
    """PATH.N that nobody has, and its lock."""
    number = 0
    while True:
        number += 1
        try:
            os.makedirs(f"{path}.{number}")
            held = lock(f"{path}.{number}")
        except FileExistsError:
            continue
        if held is not None:
            return f"{path}.{number}", held


def age(path):
    return (os.path.getmtime(path) if os.path.exists(path) else 0, path)


def killed(folder):
    """The folder of each run below it that was killed, the oldest first. Its processes are ended."""
    for path in sorted(glob.glob(f"{folder}/*/{MARK}"), key=age):
        try:
            held = lock(os.path.dirname(path))
        except FileNotFoundError:
            continue
        if held is None:
            continue  # it runs
        try:
            end_orphans(os.path.dirname(path))
            yield os.path.dirname(path)
        finally:
            os.close(held)


def left_behind(kind, programs, folder):
    """The runs in FOLDER that were killed, the oldest first; each is locked until the next one."""
    for path in killed(folder):
        try:
            run = kind.reopen(programs, path)
        except (OSError, ValueError, KeyError, AttributeError, TypeError):
            continue  # brought in meanwhile, or a foreign file
        yield run


def end_orphans(folder):
    """Ends the engines whose statistics are in this folder, and whose run was killed; returns how many."""
    return end_marked(f"P2MCHECK_STATS={os.path.abspath(folder)}/")
