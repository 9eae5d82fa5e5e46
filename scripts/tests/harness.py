# SPDX-License-Identifier: GPL-2.0-or-later
"""What all test files share: how a test is declared, what it can do, and its limits.

A test is declared before anything runs, so that the runner knows their number. It is a function
that receives a Run, or a command with an expected exit status and pattern. Each check in it
counts. Limits count CPU time of everything that a test starts, so a slow machine fails nothing.
"""

import collections
import dataclasses
import glob
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import typing

ROOT = str(pathlib.Path(__file__).resolve().parents[2])
sys.path.append(f"{ROOT}/scripts")
sys.dont_write_bytecode = True
BUILD = os.environ.get("B") or "build"
CPU_LIMIT = 600  # seconds for one command, if a test names no other limit
IDLE_LIMIT = 600  # seconds without an end and without CPU time
POLL = 0.5
TICKS = os.sysconf("SC_CLK_TCK")

TESTS = []
Done = collections.namedtuple("Done", "status out err")


class Skip(Exception):
    """The test cannot run on this machine; the text says why."""


class Timeout(Exception):
    """A command reached a limit; the text says which, and what the command printed."""


@dataclasses.dataclass
class Test:
    """One line of a test run."""
    name: str
    action: typing.Callable
    tier: str = "test"  # scripts (needs no build), test, compare (needs the peers' packages), all
    goals: tuple = ()  # what make builds before, below the build folder
    needs: tuple = ()  # programs, and modules of Python as "import NAME", without which the test is skipped
    how: str = "beside"  # takes one core; "builds": one of these at a time; "alone"
    progress: str = ""  # how far it is, while it runs


def test(name, **options):
    """Declares a function as a test."""
    def declare(action):
        TESTS.append(Test(name, action, **options))
        return action
    return declare


def command(name, argv, pattern=None, status=0, limit=CPU_LIMIT, **options):
    """Declares a command as a test. A program below the build folder is also a goal of make."""
    if argv[0].startswith(BUILD + "/"):
        options["goals"] = (*options.get("goals", ()), argv[0][len(BUILD) + 1:])
    TESTS.append(Test(name, lambda t: t.expect(name, argv, pattern, status, limit=limit), **options))


# ---- processes ----

class Family:
    """A process with everything that it started, in whatever sessions."""
    started = set()  # of all tests, for an interruption
    interrupted = False

    def __init__(self, process):
        self.pid, self.sessions = process.pid, {process.pid}
        Family.started.add(self)

    def members(self):
        """{pid: seconds of CPU time}, with those of children that are gone."""
        table, found = {}, {}
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(path, "rb") as file:
                    field = file.read().rpartition(b")")[2].split()
            except OSError:
                continue
            table[int(path.split("/")[2])] = int(field[1]), int(field[3]), sum(map(int, field[11:15])) / TICKS
        while True:
            new = {pid: row for pid, row in table.items() if pid not in found and
                   (pid == self.pid or row[1] in self.sessions or row[0] in found)}
            if not new:
                return {pid: row[2] for pid, row in found.items()}
            found.update(new)
            self.sessions.update(pid for pid, row in new.items() if pid == row[1])

    def kill(self):
        for pid in self.members():
            try:
                os.kill(pid, 9)
            except OSError:
                pass
        Family.started.discard(self)

    @staticmethod
    def interrupt():
        """Ends everything; the tests that run start nothing more."""
        Family.interrupted = True
        for family in list(Family.started):
            family.kill()


def finish(process, limit=CPU_LIMIT, idle_limit=None):
    """Waits for a process that start() started. Answers Done, or raises Timeout."""
    family, spent, since = process.family, 0.0, time.monotonic()
    while True:
        try:
            out, err = process.communicate(timeout=POLL)
            return Done(process.returncode, out or "", err or "")
        except subprocess.TimeoutExpired:
            cpu = sum(family.members().values())
        if cpu > spent + 0.05:
            spent, since = cpu, time.monotonic()
        idle = time.monotonic() - since
        if cpu > limit or idle > (idle_limit or IDLE_LIMIT):
            reason = f"{limit:g} s of CPU time" if cpu > limit else f"{idle:.0f} s without CPU time"
            family.kill()
            out, err = process.communicate()
            raise Timeout(f"timed out after {reason}: {process.args}\n{out or ''}{err or ''}")


def wait_until(condition):
    """True once the condition holds, False if it does not in the time of an idle process."""
    deadline = time.monotonic() + IDLE_LIMIT
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


# ---- what a test can do ----

class Run:
    """One run of one test: its checks, its processes, its folder."""

    def __init__(self):
        self.checks, self.failed, self.families = 0, [], []
        self.folder = tempfile.mkdtemp(prefix="p2mcheck-test-")

    def check(self, what, fine, output=""):
        self.checks += 1
        if not fine:
            self.failed.append(f"{what}\n{output}")
        return fine

    @staticmethod
    def skip(reason):
        raise Skip(reason)

    def start(self, argv, **options):
        """A process in a session of its own; stdout is a pipe, stderr goes there as well."""
        if Family.interrupted:
            self.skip("interrupted")
        given: dict = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL,
                       "encoding": "utf-8", "errors": "replace", **options}
        return self.watch(subprocess.Popen(argv, start_new_session=True, **given))

    def watch(self, process):
        """For finish(): a process that another module started."""
        process.family = Family(process)
        self.families.append(process.family)
        if Family.interrupted:  # between the fork and the line above
            process.family.kill()
        return process

    def run(self, argv, limit=CPU_LIMIT, **options):
        text = options.pop("input", None)
        if text is not None:
            options["stdin"] = open(self.path("stdin", text), "rb")
        return finish(self.start(argv, **options), limit)

    def expect(self, what, argv, pattern=None, status=0, **options):
        """Runs a command and checks exit status and output. A group `n` in the pattern is a number
        of checks. Answers the output."""
        done = self.run(argv, **options)
        output = done.out + done.err
        found = re.search(pattern or "", output, re.M | re.S)
        wrong = f"status {done.status}, expected {status} and /{pattern or ''}/\n{output}"
        if self.check(what, done.status == status and found is not None, wrong) and "n" in found.groupdict():
            self.checks += int(found["n"]) - 1
        return output

    def make(self, what, arguments, pattern=None, status=0, **options):
        """expect() of a make command on the build folder."""
        return self.expect(what, make_command(*arguments), pattern, status, **options)

    def path(self, name, content=None):
        """A file of the test's own folder, written if there is a content."""
        path = os.path.join(self.folder, name)
        if content is not None:
            write(path, content)
        return path

    def clone(self, name="clone"):
        """The repository and its build once more, by links; corpora and crashes are apart."""
        clone = self.path(name)
        os.makedirs(f"{clone}/build/campaign")
        for entry in os.listdir(ROOT):
            if entry not in ("build", "crashes", ".git", os.path.basename(BUILD)):
                os.symlink(f"{ROOT}/{entry}", f"{clone}/{entry}")
        for entry in os.listdir(BUILD) if os.path.isdir(BUILD) else ():
            if entry not in ("campaign", "corpus", "run"):
                os.symlink(os.path.abspath(f"{BUILD}/{entry}"), f"{clone}/build/{entry}")
        return clone

    def tmpfs(self, options):
        """A small file system; skips where mounting is not allowed. Unmounted at the end."""
        disk = self.path("disk")
        os.mkdir(disk)
        done = self.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk])
        if done.status:
            self.skip("mount of a tmpfs is not allowed")
        return disk

    def end(self):
        for family in self.families:
            family.kill()
        if os.path.ismount(self.path("disk")):
            subprocess.run(["umount", "-l", self.path("disk")], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def make_command(*arguments):
    return ["make", "--no-print-directory", f"B={BUILD}", *arguments]


def write(path, content):
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def contents(path):
    with open(path, "rb") as file:
        return file.read()


def text_of(path):
    return contents(path).decode(errors="replace")


def fill(path):
    """Writes to a file until its file system is full."""
    with open(path, "wb", buffering=0) as file:
        for size in (1 << 16, 1 << 9, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


# ---- one test ----

Result = collections.namedtuple("Result", "outcome checks failed seconds reason")


def missing(one):
    """What a test needs and this machine lacks."""
    return [name for name in one.needs if not (
        importlib.util.find_spec(name[len("import "):]) if name.startswith("import ") else shutil.which(name))]


def perform(one):
    """Runs a test; whatever happens in it is a Result."""
    start, t, reason = time.monotonic(), Run(), ""
    try:
        if missing(one):
            t.skip(f"{' and '.join(missing(one))} not installed".replace("import ", "module "))
        one.action(t)
        if not t.checks:
            t.check("the test checked nothing", False)
    except Skip as skip:
        reason = str(skip)
    except Timeout as timeout:
        t.check(str(timeout), False)
    except Exception:  # pylint: disable=broad-except
        t.check("an exception", False, traceback.format_exc())
    finally:
        t.end()
    outcome = "FAIL" if t.failed else "SKIP" if reason else "ok"
    return Result(outcome, t.checks, t.failed, time.monotonic() - start, reason)
