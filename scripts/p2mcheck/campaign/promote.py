# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes collected inputs that reach a cell which the reviewed corpus does not reach, for review.

Reads each collected input as text in its geometry, and runs it in tiny
(`p2m-case cells`, props/run/state_coverage.h). From the few that add a cell it removes the
unneeded ops, and writes them to corpus/seed/ for a person to review. It does not measure
lines of the core: `make coverage` shows whether the reviewed corpus lacks any.
"""

import hashlib
import os
import re
import subprocess
import tempfile

from p2mcheck import cli, facts, programs
from p2mcheck.collected import check, inputs
from p2mcheck.files import Failure, read_text, write

BATCH = 400  # files a run


class Cells:
    """Runs p2m-case, on texts in a folder of its own."""

    def __init__(self, tool, folder):
        self.tool, self.folder = tool, folder

    def missed(self, paths):
        """The names of the cells that these do not reach; None if one fails."""
        done = subprocess.run([self.tool, "cells", *paths], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, encoding="utf-8")
        if not re.search(r"^geometry tiny: \d+ of \d+ cells reached", done.stdout, re.M):
            return None
        return set(re.findall(r"^never reached: (.*)$", done.stdout, re.M))

    def text(self, path, group):
        """The input as text, under a name of its own; None if it is not a case."""
        target, geometry = facts.split(group)
        out = f"{self.folder}/{group}-{os.path.basename(path)}.txt"
        done = subprocess.run([self.tool, "decode", f"--target={target}", f"--geometry={geometry}",
                               path, "-o", out], stderr=subprocess.PIPE, check=False)
        return None if done.returncode else out

    def adds(self, text, lacking):
        """None if it fails."""
        missed = self.missed([text])
        return None if missed is None else lacking - missed

    def shrink(self, text, lacking, wanted):
        """Its lines that are needed to reach the cells; tries the last ones first."""
        lines = read_text(text).splitlines()
        trial = f"{self.folder}/trial.txt"
        for at in range(len(lines) - 1, 1, -1):  # format and geometry stay
            shorter = lines[:at] + lines[at + 1:]
            write(trial, "\n".join(shorter) + "\n")
            if wanted <= (self.adds(trial, lacking) or set()):
                lines = shorter
        return lines


def collected(folder, tool):
    """(path, group) of all collected inputs, small ones first."""
    found = []
    for group in inputs(folder):
        target = facts.targets().get(group.split("_")[0])
        if target and target.service and not target.is_text and "." not in group:
            check(f"{folder}/{group}", tool)
            found += [(f"{folder}/{group}/{name}", group) for name in inputs(f"{folder}/{group}")]
    return sorted(found, key=lambda one: (os.path.getsize(one[0]), one))


def promising(cells, lacking, found):
    """Texts that may add a cell; drops batches that add none."""
    for first in range(0, len(found), BATCH):
        pairs = [(cells.text(path, group), group) for path, group in found[first:first + BATCH]]
        pairs = [(text, group) for text, group in pairs if text]
        missed = cells.missed([text for text, _ in pairs]) if pairs else lacking
        # a failing one must not hide the others
        if missed is None or lacking - missed:
            yield from pairs
        for text, _ in pairs:
            if os.path.exists(text):
                os.unlink(text)


def write_case(folder, lines, group, cells):
    """Writes it for review: named by its contents, with the cells that it adds."""
    comments = [f"# Collected by fuzzing, {group}. It reaches, and the rest of the corpus does not:"]
    comments += [f"#   {cell}" for cell in sorted(cells)]
    text = "\n".join(lines[:1] + comments + lines[1:]) + "\n"
    name = f"{folder}/collected-{hashlib.sha256(text.encode()).hexdigest()[:12]}.txt"
    write(name, text)
    return name


def main():
    parser = cli.Parser(__doc__)
    parser.setting("reviewed", "corpus", text="the reviewed corpus")
    args = parser.parse()
    programs.setup()
    tool = programs.Programs(args.build).p2m_case()
    programs.Programs(args.build).make(tool)
    found, written = collected(f"{args.build}/corpus", tool), []
    failing = 0
    if not found:
        raise Failure(f"{args.build}/corpus: no collected inputs; run make fuzz or make campaign")
    with tempfile.TemporaryDirectory() as folder:
        cells = Cells(tool, folder)
        lacking = cells.missed([args.reviewed])
        if lacking is None:
            raise Failure(f"{args.reviewed}: fails; `make regress` shows the reason")
        print(f"{len(found)} collected inputs; the reviewed corpus lacks {len(lacking)} cells")
        for text, group in promising(cells, lacking, found) if lacking else ():
            adds = cells.adds(text, lacking)
            if adds is None:
                failing += 1
                print(f"{os.path.basename(text)[:-4]}: fails, or runs nothing; make repro shows the reason")
            if adds:
                lines = cells.shrink(text, lacking, adds)
                written.append(write_case(f"{args.reviewed}/seed", lines, group, adds))
                lacking -= adds
                print(f"{written[-1]}: {len(adds)} cells, {len(lines) - 2} lines")
    if not written:
        print("no collected input adds a cell to the reviewed corpus")
        return 1 if failing else 0
    print(f"{len(written)} cases to review: read each, remove irrelevant ops, describe it in a "
          "comment,\nname it accordingly, run make regress, and commit it; or remove it")
    return 1 if failing else 0

