# SPDX-License-Identifier: GPL-2.0-only
"""What there is to report: the figures in build/, the planted bugs, the state coverage.

Nothing is measured here but what takes a moment (the cells that the corpora reach). What
is not there is None, and the report says which command makes it.
"""

import importlib.machinery
import importlib.util
import json
import os
import re
import subprocess
import sys

# key: (file, what it has, the command that makes it)
SOURCES = {
    "compare": ("compare.json", "comparison with other tools", "make compare"),
    "bugs": ("bugs.json", "hunts for planted bugs", "make bugs SEEDS=10"),
    "ablation": ("ablation.json", "ablations", "scripts/bugs --ablate --seeds=5"),
    "coverage": ("coverage.json", "lines, branches and conditions", "make coverage"),
    "mutants": ("mutants.json", "mutants", "make mutants"),
    "exhaustive": ("exhaustive-micro.json", "exhaustive search of micro", "make exhaustive"),
    "races": ("exhaustive-races.json", "exhaustive search of overlapping calls", "make exhaustive-races"),
    "bench": ("bench.json", "speed", "make bench"),
    "kernel": ("kernel-report.json", "the kernel's own file",
               'make kernel-report LINUX="debian debian-6.12"'),
}


class Unreadable(Exception):
    """One line that names the file and the reason."""


def script(name):
    """A script of this folder as a module, for what it knows."""
    sys.dont_write_bytecode = True
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    loader = importlib.machinery.SourceFileLoader(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


def load(path):
    """The JSON in a file; None if there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise Unreadable(f"{path}: no JSON: {error}") from error


def natural(name):
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def head_commit():
    done = subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=12"], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8")
    return done.stdout.strip() or None


def cells(tool):
    """Each cell of state coverage that the reviewed corpora meet: (times, name, why impossible)."""
    done = subprocess.run([tool, "cells", "--all", "corpus"], check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, encoding="utf-8")
    lines = [line.split("\t") for line in done.stdout.splitlines() if line.startswith("cell\t")]
    if not lines:
        raise Unreadable(f"{tool}: no cells: {(done.stderr.splitlines() or ['no answer'])[0]}")
    return [(int(times), name, why) for _, times, name, why in lines]


class Data:
    """All of it, as attributes; and what is missing."""

    def __init__(self, build):
        self.build, self.tool = build, f"{build}/p2m-case"
        self.missing = []
        for key, (file, what, command) in SOURCES.items():
            setattr(self, key, load(f"{build}/{file}"))
            if not getattr(self, key):
                self.missing.append((f"{build}/{file}", what, command))
        if len(self.missing) == len(SOURCES):
            raise Unreadable(f"{build}/: nothing to report; make bugs, make compare, make bench, make "
                             "mutants, make coverage and make exhaustive leave their figures there")
        catalogue = script("bugs")
        self.patches = sorted(catalogue.load(""), key=lambda bug: natural(bug.id))
        self.hunted = {bug["id"]: bug for bug in (self.bugs or {}).get("bugs", [])}
        self.goals = script("bench").GOALS
        self.cells = cells(self.tool)
        self.commit = head_commit()

    def partial(self):
        """What is there, but not whole: (what, command)."""
        found = []
        lacking = [bug.id for bug in self.patches if bug.id not in self.hunted]
        if self.bugs and lacking:
            found.append((f"{len(self.hunted)} of {len(self.patches)} planted bugs were hunted",
                          "make bugs SEEDS=10"))
        rows = (self.ablation or {}).get("seconds", {})
        if self.ablation and len(rows) < len(self.patches):
            found.append((f"ablations of {len(rows)} of {len(self.patches)} planted bugs",
                          SOURCES["ablation"][2]))
        if self.compare and self.compare.get("sample") and \
                len(self.compare.get("all_bugs", [])) < len(self.patches):
            found.append((f"the comparison is of a sample, {len(self.compare.get('all_bugs', []))} of "
                          f"{len(self.patches)} planted bugs", "make compare FULL=1"))
        if self.compare and not self.compare.get("complete"):
            found.append((f"{self.compare.get('done', 0):,} of {self.compare.get('planned', 0):,} runs of "
                          "the comparison (it goes on where it stopped)", "make compare"))
        return found
