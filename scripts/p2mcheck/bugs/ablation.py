# SPDX-License-Identifier: GPL-2.0-or-later
"""The value of mutator and swarm: seconds to find each planted bug with both, and without."""

import shutil

from p2mcheck.bugs.catalogue import hunt, make, plant
from p2mcheck.cli import median

ABLATIONS = ("", "swarm", "mutator", "mutator,swarm")


def ablate(programs, bug, seeds, budget):
    """Seconds of each run, by the disabled parts."""
    planted = plant(programs, bug)
    make(planted, bug, planted.target(bug.target, bug.geometry))
    table = {}
    for without in ABLATIONS:
        runs = [hunt(planted, bug, bug.geometry, seed, budget, without) for seed in range(1, seeds + 1)]
        # a run without the expected finding counts with the whole time
        table[without] = [run["seconds"] if bug.names(run["fired"]) else budget for run in runs]
        for seed in range(1, seeds + 1):
            shutil.rmtree(f"{planted.folder}/hunt-{bug.geometry}-{seed}{without}", ignore_errors=True)
    return table


def print_row(title, seconds):
    print(f"{title:28} " + " ".join(f"{value:20.2f}" for value in seconds), flush=True)


def print_medians(rows):
    def medians(chosen):
        return [median([median(row[name]) for row in chosen]) for name in ABLATIONS]
    slow = [row for row in rows.values() if median(row[ABLATIONS[-1]]) > 1]
    print_row("median of all", medians(rows.values()))
    print_row(f"of {len(slow)} slow without", medians(slow))
