# SPDX-License-Identifier: GPL-2.0-or-later
"""Xen's save code and the harness's own toolstack on the same random guests.

The guests are those of the core, and those of the planted bugs that lose frames. toolstacks_GEOMETRY
(props/cli/toolstacks.c) counts the cases that each of the two finds wrong. Prints a line for each, and writes
build/judge.json. A guest of the core that is wrong, and a case that only one of the two finds, are failures.
"""

import os
import re

from p2mcheck import cli
from p2mcheck.bugs import catalogue
from p2mcheck.files import Failure, write_json
from p2mcheck.processes import each, output
from p2mcheck.programs import Programs, cores, setup
from p2mcheck.xen import prepare

# Geometries that Xen's code can have, and by how much fewer cases there are: big trees take their time.
GEOMETRIES = {"tiny": 1, "x86_64": 40, "x86_32": 40}
LOSING = ("MFN_TREE_MIRRORS", "MAX_PFN_COVERS", "TOOLSTACK_SEES_ALL")  # what a guest violates that loses frames

LINE = re.compile(r"^\w+: (?P<cases>\d+) cases; wrong for none (?P<none>\d+), own (?P<own>\d+), \S+ (?P<judge>\d+), "
                  r"both (?P<both>\d+); \S+ refuses (?P<refused>\d+)$", re.M)


def subjects():
    """(bug, geometry) of each row; the core is the bug "". Memory maps are not drawn, so bugs of them are left out."""
    yield from (("", geometry) for geometry in GEOMETRIES)
    for bug in catalogue.load(""):
        if bug.invariant in LOSING and bug.target == "ops" and bug.geometry in GEOMETRIES:
            yield bug.id, bug.geometry


def counts_of(text):
    """The counts in what toolstacks_GEOMETRY prints, or None."""
    found = LINE.search(text)
    return found and {name: int(number) for name, number in found.groupdict().items()}


def agrees(row):
    """No case is found by one of the two alone, and none at all of the core."""
    return not row["own"] and not row["judge"] and bool(row["bug"] or not row["both"])


def build(args, folder, bug, geometry):
    """The program for this row."""
    here = Programs(args.build)
    if bug:
        here = here.planted(bug, "toolstacks", [geometry])
    judged = here.judged(folder, args.xen)
    program = judged.program("toolstacks", geometry)
    judged.make(program, shown=False)
    return program


def count(args, program, bug, geometry):
    """One row."""
    status, text = output([program, str(max(1, args.cases // GEOMETRIES[geometry])), str(args.seed)])
    counts = counts_of(text)
    if status or not counts:
        raise Failure(f"{program} ended with status {status}: {cli.last_line(text)}")
    return {"bug": bug, "geometry": geometry, **counts}


def main():
    """Xen's save code beside the harness's own toolstack."""
    parser = cli.Parser(main.__doc__, xen="debian", cases=20000, seed=1, only="", jobs=cores())
    args = parser.parse()
    chosen = [row for row in subjects() if re.search(args.only, row[0] or "core")]
    if not chosen:
        parser.error(f"ONLY={args.only}: choose core, or bugs: {' '.join(bug for bug, _ in subjects() if bug)}")
    setup()
    folder, rows = prepare.prepare(args.build, args.xen), []
    programs = {row: build(args, folder, *row) for row in chosen}
    for (bug, geometry), row in each(args.jobs, lambda row: count(args, programs[row], *row), chosen):
        rows.append(row)
        print(f"{bug or 'core':28} {geometry:7} {row['cases']} cases: found by both {row['both']}, by one alone "
              f"{row['own'] + row['judge']}, refused by Xen's code {row['refused']}", flush=True)
    write_json(f"{args.build}/judge.json", {"xen": os.path.basename(folder).rpartition("-")[0], "seed": args.seed,
                                            "rows": rows})
    wrong = sum(not agrees(row) for row in rows)
    print(f"judge: {len(rows) - wrong} agree, {wrong} do not")
    return 1 if wrong else 0
