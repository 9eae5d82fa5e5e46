# SPDX-License-Identifier: GPL-2.0-or-later
"""A process of a tool, with its folder and its statistics. All tools report the same of a run: whether anything
failed, after how many seconds (from the start of the process), cases and ops. Any failing check
counts, under any name. The peers count in a file that outlives them (struct
peer_stats of props/peers/peer.h).
"""

import ctypes
import os
import shutil
import signal
import struct
import subprocess
import time

from p2mcheck import findings
from p2mcheck.files import Failure, read_text

STATS = struct.Struct("<9Q64s64s")
STATS_NAMES = ("cases", "ops", "case_ops", "failures", "first_ns", "first_cases", "first_ops",
               "last_ops", "last_ns", "first", "last")


class ToolError(Failure):
    """A tool failed: it found nothing and did not continue."""


def read_stats(path):
    try:
        with open(path, "rb") as file:
            values = STATS.unpack(file.read(STATS.size))
    except (OSError, struct.error):
        values = (0,) * 9 + (b"", b"")
    text = [value.split(b"\0")[0].decode(errors="replace") for value in values[9:]]
    return dict(zip(STATS_NAMES, values[:9] + tuple(text)))


LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def die_with_parent():
    """A peer never ends by itself, and `make compare` can be killed at any time."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def end(process):
    """Ends it and its children; each has a session of its own."""
    for what in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, what)
            process.wait(timeout=3)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    process.wait()


class Run:
    """A process with its folder; its output goes to `log` there."""

    def __init__(self, command, folder, target, **environment):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        self.folder, self.stats_file = folder, f"{folder}/stats"
        self.environment = {**os.environ, "ASAN_OPTIONS": "symbolize=0", "PEER_TARGET": target,
                            "PEER_STATS": os.path.abspath(self.stats_file), **environment}
        with open(f"{folder}/log", "wb") as log:
            self.start = time.monotonic()
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env=self.environment, start_new_session=True,
                                            preexec_fn=die_with_parent)

    def seconds(self):
        return time.monotonic() - self.start

    def stats(self):
        return read_stats(self.stats_file)

    def log(self):
        return read_text(f"{self.folder}/log")

    def wait(self, budget, found=lambda: False, grace=0.0):
        """Until it ends, or the budget is over; `grace` seconds more from when `found` is true on.
        (When it was found, or ended; its status.) `over` is the time of its end."""
        limit, was_found = self.start + budget, 0.0
        while self.process.poll() is None:
            if not was_found and found():
                was_found, limit = self.seconds(), time.monotonic() + grace
            if time.monotonic() >= limit:
                break
            time.sleep(0.01)
        ended, status = was_found or self.seconds(), self.process.poll()
        self.over = self.seconds()
        end(self.process)
        return ended, status


def result(run, ended, budget, found):
    """The results of a peer's run; the counters have the failure and its time if the peer caught it."""
    stats = run.stats()
    known = stats["failures"] > 0
    seconds = stats["first_ns"] / 1e9 - run.start if known else ended
    found = (found or known) and seconds <= budget
    return {"found": found, "seconds": round(seconds if found else budget, 3),
            "execs": stats["first_cases"] if known else stats["cases"],
            "ops": stats["first_ops"] if known else stats["ops"],
            "invariant": (stats["first"] if known else findings.reported(run.log())) if found
            else None, "shrunk_ops": None, "shrink_seconds": None}
