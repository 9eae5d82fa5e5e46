# SPDX-License-Identifier: GPL-2.0-or-later
"""The finished steps of a run that takes hours. Each is a line of a file as soon as it ends. A killed run is resumed: the
next run of the same sources, compilers and settings takes its results over. A run that ends by itself removes its lines.
"""

import json
import os
import shlex
import threading

from p2mcheck.files import hash_of, read_text, write
from p2mcheck.processes import first_line

SOURCES = ("core", "props", "fuzz", "scripts/mk", "Makefile", "scripts/p2mcheck/engines.py")
COMPILERS = ("GCC", "CLANG")


def files_below(places, without):
    """All files there, except documents and what `without` names: folders end with a slash."""
    for place in places:
        found = [place] if os.path.isfile(place) else [f"{folder}/{name}" for folder, _, names
                                                       in os.walk(place, followlinks=True) for name in names]
        yield from (path for path in sorted(found) if not path.endswith((".md", ".pyc"))
                    and not path.startswith(tuple(without)) and os.path.isfile(path))  # not an editor's lock


class Steps:
    """`settings`: what the results depend on besides the sources. `more`: sources of this run. `without`: folders and
    files that do not count."""

    def __init__(self, path, settings, *more, without=()):
        self.path, self.lock = path, threading.Lock()
        versions = [first_line(*shlex.split(os.environ.get(name) or name.lower()), "--version") for name in COMPILERS]
        self.mark = [hash_of(files_below(SOURCES + more, without)), versions, settings]
        self.results, self.others = {}, []  # by step; and the lines of other revisions or settings, which stay
        for line in read_text(path).splitlines() if os.path.exists(path) else ():
            try:
                mark, step, result = json.loads(line)
            except (ValueError, TypeError):  # cut short when the run was killed, or damaged
                continue
            if mark == self.mark:
                self.results[step] = result
            else:
                self.others.append(line + "\n")
        if self.results:
            print(f"resumed: {path} has {len(self.results)} results of a run that was ended", flush=True)
        self.rewrite()

    def line(self, step):
        return json.dumps([self.mark, step, self.results[step]]) + "\n"

    def rewrite(self):
        lines = self.others + list(map(self.line, self.results))
        if lines:
            write(self.path, "".join(lines))
        elif os.path.exists(self.path):
            os.unlink(self.path)

    def add(self, step, result):
        with self.lock:
            self.results[step] = result
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(self.line(step))
                file.flush()
                os.fsync(file.fileno())

    def of(self, step, work):
        """The result of this step, which `work` makes unless the killed run has."""
        if step not in self.results:
            self.add(step, work())
        return self.results[step]

    def end(self, steps):
        """The run that needed these steps has ended."""
        for step in steps:
            self.results.pop(step, None)
        self.rewrite()
