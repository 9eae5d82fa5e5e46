# SPDX-License-Identifier: GPL-2.0-or-later
"""The two trees of bench-against, each a copy of its files with a build of its own. Each tree gives the
paths of its programs and the length of its longest input, builds with its own Makefile, encodes cases
with its own codec, and has its own patches.
"""

import functools
import io
import json
import os
import re
import subprocess
import sys
import tarfile

from p2mcheck.bugs.catalogue import Bug
from p2mcheck.cli import last_line
from p2mcheck.files import Failure, read, read_text, write
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


def json_of(*command, cwd=None):
    """The output of a command; None if it is not JSON."""
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    try:
        return json.loads(done.stdout)
    except ValueError:
        return None


def longest_of_headers(folder):
    """The longest input of a tree whose p2m-case has no `facts`: a boot record and the most ops, in bytes."""
    paths = [f"{folder}/{name}" for name in ("fuzz/codec.h", "props/ops.h", "props/case/ops.h")]
    text = "\n".join(read_text(path) for path in paths if os.path.exists(path))
    known = dict(re.findall(r"^#define (\w+) (\d+)[ \t]*(?:/[*/].*)?$", text, re.M))
    try:
        return int(known["CODEC_BOOT"]) + int(known["CASE_OPS"]) * int(known["CODEC_OP"])
    except KeyError as error:
        raise Failure(f"{paths[0]}: no #define of {error.args[0]} as a number") from None


def as_older_texts(text):
    """The same case with the first line of each older version of the format, newest first."""
    found = re.match(r"(p2m-case[ \t]+)(\d+)", text)
    for version in range(int(found[2]) - 1, 0, -1) if found else ():
        yield f"{found[1]}{version}{text[found.end():]}"


# The paths in a tree without p2mcheck.programs.
OLD_PATHS = {"p2m_case": "build/p2m-case", "target": "build/fuzz/{geometry}/{target}_{geometry}",
             "planted": "build/bugs/{bug}/fuzz/{geometry}/{target}_{geometry}"}


class Unreadable(Failure):
    """A tree rejects a text; the message is the reason."""


class Side:
    """One of the two trees, and its build."""

    def __init__(self, name, folder, files):
        self.name, self.folder = name, os.path.abspath(folder)
        os.makedirs(folder, exist_ok=True)
        place(self.folder, files)
        self.startup = {}
        self.paths = OLD_PATHS
        if os.path.exists(f"{self.folder}/scripts/p2mcheck/programs.py"):
            self.paths = json_of(sys.executable, "-m", "p2mcheck.programs", cwd=f"{self.folder}/scripts")
            if not self.paths:
                raise Failure(f"{name}: p2mcheck.programs does not print the paths of the programs")

    @functools.cached_property
    def longest_input(self):
        """Bytes."""
        told = json_of(self.path("p2m_case"), "facts")
        return told["longest_input"] if told else longest_of_headers(self.folder)

    def bug(self, name):
        """By this tree's own patch; None if it has none."""
        path = f"{self.folder}/props/bugs/{name}.patch"
        return Bug(path) if os.path.exists(path) else None

    def encode(self, owner, case, target, geometry):
        """The file with the bytes of a case that is a text of `owner`, the other tree or this one. A text of the
        other tree in a newer format without new features is read as one of an older format."""
        out = f"{self.folder}/build/inputs/{target}_{geometry}/{case[:-len('.txt')].replace('/', '-')}"
        older = f"{out}.txt"
        os.makedirs(os.path.dirname(out), exist_ok=True)
        for text in (None, *(as_older_texts(read_text(f"{owner.folder}/{case}")) if owner is not self else ())):
            if text:
                write(older, text)
            status, said = output([self.path("p2m_case"), "encode", f"--target={target}", f"--geometry={geometry}",
                                   older if text else case, "-o", out], cwd=owner.folder)
            if not status:
                return out
            if status != 1:  # the fault is not in the text
                raise Failure(f"{self.name}: p2m-case encode {case} ended with {status}: {last_line(said)}")
        raise Unreadable(last_line(said).replace(older, case))

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
