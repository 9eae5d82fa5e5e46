# SPDX-License-Identifier: GPL-2.0-or-later
"""The data of the report: the figures of other commands, the planted bugs, the state coverage.

Measures nothing except the state coverage of the reviewed corpora. A missing figure is None, and the
report names the command that makes it.
"""

import collections
import re
import subprocess

from p2mcheck.bench.main import GOALS
from p2mcheck.bugs import catalogue
from p2mcheck.files import Failure, read_json

Source = collections.namedtuple("Source", "file what command")

LINUX = 'LINUX="debian debian-6.12"'

SOURCES = {
    "compare": Source("compare.json", "comparison with other tools", "make compare"),
    "bugs": Source("bugs.json", "hunts for planted bugs", "make bugs SEEDS=10"),
    "ablation": Source("ablation.json", "ablations", "scripts/bugs --ablate --seeds=5"),
    "coverage": Source("coverage.json", "lines, branches and conditions", "make coverage"),
    "mutants": Source("mutants.json", "mutants", "make mutants"),
    "exhaustive": Source("exhaustive-micro.json", "exhaustive search of micro", "make exhaustive"),
    "races": Source("exhaustive-races.json", "exhaustive search of two overlapping calls", "make exhaustive-races"),
    "races_tso": Source("exhaustive-races-tso.json", "exhaustive search with store buffers",
                        "make exhaustive-races TSO=1"),
    "races_3": Source("exhaustive-races-3.json", "exhaustive search of three overlapping calls",
                      "make exhaustive-races CALLS=3"),
    "race": Source("race.json", "real threads", "make race TIME=60"),
    "prove": Source("prove.json", "proofs (cbmc, of Debian 13)", "make prove"),
    "kernel": Source("kernel-report.json", "a kernel's p2m.c", f"make kernel-report {LINUX}"),
    "setup": Source("kernel-report-setup.json", "a kernel's setup.c", f"make kernel-report TARGET=setup {LINUX}"),
    "judge": Source("judge.json", "Xen's save code as the judge", "make judge"),
    "bench": Source("bench.json", "speed", "make bench"),
}

Cell = collections.namedtuple("Cell", "times name impossible")  # `impossible`: the reason, or empty


def natural(name):
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def head_commit():
    done = subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=12"], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8")
    return done.stdout.strip() or None


def cells_of(p2m_case):
    done = subprocess.run([p2m_case, "cells", "--all", "corpus"], check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, encoding="utf-8")
    lines = [line.split("\t") for line in done.stdout.splitlines() if line.startswith("cell\t")]
    if not lines:
        raise Failure(f"{p2m_case}: no cells: {(done.stderr.splitlines() or ['no answer'])[0]}")
    return [Cell(int(times), name, impossible) for _, times, name, impossible in lines]


class Data:
    """All figures as attributes, and the list of missing ones."""
    bugs: dict
    compare: dict
    ablation: dict
    exhaustive: dict
    race: dict
    prove: dict
    judge: dict
    mutants: list
    kernel: list
    setup: list

    def __init__(self, figures, programs):
        self.figures, self.programs, self.p2m_case = figures, programs, programs.p2m_case()
        for key, source in SOURCES.items():
            setattr(self, key, read_json(f"{figures}/{source.file}"))
        self.missing = [source for key, source in SOURCES.items() if not getattr(self, key)]
        if len(self.missing) == len(SOURCES):
            raise Failure(f"{figures}/: no figures; run make bugs, make compare, make bench, make mutants, "
                          "make coverage or make exhaustive first")
        self.patches = sorted(catalogue.load(""), key=lambda bug: natural(bug.id))
        self.hunted = {bug["id"]: bug for bug in (self.bugs or {}).get("bugs", [])}
        if any("hunts" not in bug for bug in self.hunted.values()):
            raise Failure(f"{figures}/bugs.json: of an older version; run make bugs again")
        self.goals = GOALS
        self.cells = cells_of(self.p2m_case)
        self.reached = sum(cell.times > 0 and not cell.impossible for cell in self.cells)
        self.possible = sum(not cell.impossible for cell in self.cells)
        self.gaps = [cell for cell in self.cells if bool(cell.times) == bool(cell.impossible)]
        self.statuses = collections.Counter(mutant["status"] for mutant in self.mutants or [])
        self.commit = head_commit()
