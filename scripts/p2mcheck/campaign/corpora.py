# SPDX-License-Identifier: GPL-2.0-or-later
"""The corpora that a campaign's slices share: build/corpus/TARGET_GEOMETRY, which `make fuzz` also
uses, with both engines. Those of another subject are in the folder of its campaign. This module prunes
them, and puts the reviewed cases beside them as seeds.

Pruning is libFuzzer's -merge=1 for both engines: there is one corpus for both.
"""

import ctypes
import glob
import hashlib
import os
import shutil
import subprocess
import threading
import time

from p2mcheck import engines, facts
from p2mcheck.collected import inputs, prepare
from p2mcheck.engine_run import link_or_copy
from p2mcheck.engines import is_whole
from p2mcheck.files import read

MERGING = 600  # seconds at most
AT_FDCWD, RENAME_EXCHANGE = -100, 2


def swap(a, b):
    """Exchanges two folders; both names exist at all times. False if the file system cannot
    do that."""
    try:
        return ctypes.CDLL(None).renameat2(AT_FDCWD, a.encode(), AT_FDCWD, b.encode(),
                                           RENAME_EXCHANGE) == 0
    except AttributeError:
        return False


class Corpora:
    def __init__(self, root, folder, programs=None):
        self.root, self.folder, self.programs = root, folder, programs
        self.guard, self.locks = threading.Lock(), {}
        self.seeded = set()
        self.after = {}  # inputs left by the last pruning

    def of(self, group):
        """The lock of one corpus."""
        with self.guard:
            return self.locks.setdefault(group, threading.RLock())

    def path(self, group):
        return f"{self.root}/{group}"

    def prepare(self, group):
        """Makes sure that it exists, in this version of the byte format."""
        with self.of(group):
            prepare(self.path(group), self.programs.p2m_case())

    # ---- seeds ----

    def seeds(self, group):
        return f"{self.folder}/seeds/{group}"

    def given(self, group):
        """The folders with inputs for a slice."""
        return [self.path(group), self.seeds(group)]

    def make_seeds(self, excluded, hunt):
        """The reviewed cases as bytes, made once per run, without those that are now findings."""
        group = hunt.name
        folder = self.seeds(group)
        with self.of(group):
            if group in self.seeded:
                return
            shutil.rmtree(folder, ignore_errors=True)
            for name in engines.make_seeds(hunt.programs.p2m_case(), hunt.target, hunt.geometry, folder,
                                           facts.targets()[hunt.target].is_text):
                if hashlib.sha1(read(name)).hexdigest() in excluded.get(group, ()):
                    os.unlink(name)
            self.seeded.add(group)

    def exclude(self, excluded, group, data):
        """Removes a finding from the inputs, since every slice would stop at it."""
        name = hashlib.sha1(data).hexdigest()
        with self.of(group):
            if os.path.exists(f"{self.path(group)}/{name}"):
                os.unlink(f"{self.path(group)}/{name}")
            for seed in inputs(self.seeds(group)):
                if read(f"{self.seeds(group)}/{seed}") == data:
                    os.unlink(f"{self.seeds(group)}/{seed}")
                    excluded.setdefault(group, []).append(name)

    # ---- pruning ----

    def wants_pruning(self, group):
        """Half as much again, and a hundred, since the last time."""
        before = self.note(group)
        return len(inputs(self.path(group))) > before + before // 2 + 100

    def note(self, group):
        """The number at the first call, or after the last pruning."""
        with self.guard:
            return self.after.setdefault(group, len(inputs(self.path(group))))

    def repair(self):
        """Undoes a pruning that was killed. Beside the corpus is the old one, perhaps with inputs that
        were added meanwhile, or an incomplete copy: whatever is whole in it belongs to the corpus."""
        for rest in sorted(glob.glob(f"{self.root}/*.old") +
                           glob.glob(f"{self.root}/*.merged"), reverse=True):
            corpus = rest.rsplit(".", 1)[0]
            if not os.path.exists(corpus):
                os.rename(rest, corpus)
                continue
            for name in inputs(rest):
                if is_whole(f"{rest}/{name}"):
                    link_or_copy(f"{rest}/{name}", f"{corpus}/{name}")
            shutil.rmtree(rest)

    def prune(self, group, hunt, stop):
        """(inputs before, after); None if it did not finish. The old corpus exists
        until the new one does, and inputs that others add meanwhile are in both."""
        corpus = self.path(group)
        merged, log = f"{corpus}.merged", f"{self.folder}/merge-{group}.log"
        before = inputs(corpus)
        shutil.rmtree(merged, ignore_errors=True)
        prepare(merged, hunt.programs.p2m_case())
        with open(log, "wb") as out:
            process = subprocess.Popen(
                [hunt.binary, "-merge=1", f"-max_len={hunt.facts.longest_input}", *engines.LIMITS,
                 f"-artifact_prefix={self.folder}/merge-", merged, corpus],
                stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                # end_orphans finds it if this process is killed
                env={**os.environ, "P2MCHECK_STATS": os.path.abspath(f"{self.folder}/slices/merge")})
        deadline = time.monotonic() + MERGING
        while process.poll() is None:
            if stop.is_set() or time.monotonic() > deadline:
                process.kill()
            time.sleep(0.1)
        if process.returncode or not inputs(merged):
            shutil.rmtree(merged)
            self.after[group] = len(before)  # not again at once
            return None
        for artifact in glob.glob(f"{self.folder}/merge-*-*"):
            os.unlink(artifact)  # the input is in the corpus, where a slice meets it
        with self.of(group):
            self.replace(corpus, merged, set(before))
        self.after[group] = len(inputs(corpus))
        return len(before), self.after[group]

    def replace(self, corpus, merged, before):
        old = merged
        if not swap(corpus, merged):
            old = f"{corpus}.old"
            os.rename(corpus, old)
            os.rename(merged, corpus)
        for name in inputs(old):
            if name not in before:  # added meanwhile
                os.rename(f"{old}/{name}", f"{corpus}/{name}")
        shutil.rmtree(old)
