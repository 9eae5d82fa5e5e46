# SPDX-License-Identifier: GPL-2.0-only
"""The two trees of bench-against, each a copy of its files with a build of its own. Each tree tells where
its own programs are, and builds them by its own Makefile.
"""

import io
import json
import os
import subprocess
import sys
import tarfile

from p2mcheck.cli import last_line
from p2mcheck.files import Failure, read
from p2mcheck.processes import git, output


def commit_of(base):
    commit = git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{base}^{{commit}}").decode().strip()
    if not commit:
        raise Failure(f"BASE={base}: no such revision")
    return commit


def place(folder, files):
    """Makes `folder` hold just these files and build/. Files that are the same stay untouched, for make."""
    known = set()
    for name, data, mode in files:
        path = os.path.join(folder, name)
        known.add(path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.isfile(path) and read(path) == data:
            continue
        with open(path, "wb") as file:
            file.write(data)
        os.chmod(path, mode)
    for where, folders, names in os.walk(folder):
        if where == folder and "build" in folders:
            folders.remove("build")
        for name in names:
            if os.path.join(where, name) not in known:
                os.unlink(os.path.join(where, name))


def files_of_commit(commit):
    with tarfile.open(fileobj=io.BytesIO(git("archive", commit))) as archive:
        for member in archive:
            if member.isfile():
                yield member.name, archive.extractfile(member).read(), member.mode


def files_here():
    for name in git("ls-files", "-z", "--cached", "--others", "--exclude-standard").decode().split("\0"):
        if name and os.path.isfile(name):
            yield name, read(name), os.stat(name).st_mode & 0o777


# What a tree without p2mcheck.programs has.
OLD_PATHS = {"p2m_case": "build/p2m-case", "target": "build/fuzz/{geometry}/{target}_{geometry}",
             "planted": "build/bugs/{bug}/fuzz/{geometry}/{target}_{geometry}"}
OLD_LONGEST_INPUT = 4624


class Side:
    """One of the two trees, and what was built there."""

    def __init__(self, name, folder, files):
        self.name, self.folder = name, os.path.abspath(folder)
        os.makedirs(folder, exist_ok=True)
        place(self.folder, files)
        self.startup = {}
        self.is_old = not os.path.exists(f"{self.folder}/scripts/p2mcheck/programs.py")
        self.paths = OLD_PATHS if self.is_old else self.ask(sys.executable, "-m", "p2mcheck.programs")

    def ask(self, *command):
        """The JSON that a command of this tree prints."""
        done = subprocess.run(command, cwd=f"{self.folder}/scripts", stdout=subprocess.PIPE, check=False)
        try:
            return json.loads(done.stdout)
        except ValueError:
            raise Failure(f"{self.name}: {' '.join(command)}: no answer") from None

    def longest_input(self):
        """Bytes."""
        return OLD_LONGEST_INPUT if self.is_old else self.ask(self.path("p2m_case"), "facts")["longest_input"]

    def make(self, jobs, *arguments):
        status, text = output(["make", "-s", f"-j{jobs}", "-C", self.folder, "B=build", *arguments],
                              env={key: value for key, value in os.environ.items()
                                   if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")})
        if status:
            raise Failure(f"{self.name} does not build: {last_line(text)}")

    def goal(self, name, **words):
        """The path of a program, as its make knows it."""
        return self.paths[name].format(**words)

    def path(self, name, **words):
        return os.path.join(self.folder, self.goal(name, **words))
