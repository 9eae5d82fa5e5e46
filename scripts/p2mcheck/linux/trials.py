# SPDX-License-Identifier: GPL-2.0-or-later
"""The cases of the table of defects, tried on a tree: those for which `at *` stands once for each sync point.

A pass replays all that failed in the pass before, behind one more mask. When nothing is left, all are replayed once
more: a mask that closes a window moves a switch, and so can bring a case that passed into another window.
"""

import os
import re

from p2mcheck.files import write
from p2mcheck.linux import defects
from p2mcheck.processes import output

POINTS = 64  # sync points that are tried for `at *`


def cases():
    """[(name, geometry, lines)] of all defects, `at *` written out."""
    found = []
    for defect in defects.table().values():
        for number, (geometry, lines) in enumerate(defect.cases):
            points = range(1, POINTS + 1) if any(line.startswith("at * ") for line in lines) else (0,)
            found += [(f"{defect.id}-{number}-{point:03}", geometry,
                       [line.replace("at * ", f"at {point} ") for line in lines]) for point in points]
    return found


class Trials:
    """They are files in `folder`."""

    def __init__(self, programs, folder):
        self.tool, self.folder, self.left = programs.p2m_case(), folder, {}
        for name, geometry, lines in cases():
            os.makedirs(f"{folder}/{geometry}", exist_ok=True)
            path = f"{folder}/{geometry}/{name}.txt"
            self.left[path] = [f"geometry {geometry}", *lines]
        self.all = dict(self.left)
        self.write()

    def write(self):
        for path, lines in self.left.items():
            write(path, "p2m-case 2\n" + "\n".join(lines) + "\n")

    def failing(self, known):
        """{path: invariant} behind these masks; what passes is not tried again. Without addr2line, which would run
        for each failure: nobody reads these reports."""
        found = {}
        for geometry in {os.path.basename(os.path.dirname(path)) for path in self.left}:
            _, text = output([self.tool, "replay", f"--geometry={geometry}", f"{self.folder}/{geometry}"],
                             env={**os.environ, "P2MCHECK_KNOWN": ",".join(known), "PATH": "/"})
            for report in re.split(r"^(?=p2mcheck: [A-Z_0-9]+: )", text, flags=re.M)[1:]:
                where = re.search(r", file (\S+)$", report, re.M)
                if where:
                    found[where.group(1)] = report.split()[1].rstrip(":")
        for path in set(self.left) - set(found):
            os.remove(path)
            del self.left[path]
        return found

    def groups(self, known):
        """[(id, invariant, lines)] of what fails, `id`: whose case it is. Of the cases that differ in the point alone, the
        first that fails so."""
        first: dict = {}
        found = self.failing(known)
        if not found:
            self.left = dict(self.all)
            self.write()
            found = self.failing(known)
        for path, invariant in sorted(found.items()):
            first.setdefault((path.rpartition("-")[0], invariant),
                             (os.path.basename(path).partition("-")[0], invariant, self.left[path]))
        return list(first.values())
