# SPDX-License-Identifier: GPL-2.0-or-later
"""What says something about another p2m (SUBJECT=): random cases, the corpora with each page
refused, a little fuzzing. The runner declares these tests in place of all others.
"""

import os

from harness import TESTS, command


def declare(programs):
    """Builds the programs, and declares what is tested with them."""
    flavours = ("gcc", "clang-san")
    programs.make(*(programs.program("props", geometry, flavour) for flavour in flavours
                    for geometry in programs.geometries), *map(programs.p2m_case, flavours))
    del TESTS[:]
    for flavour, count in (("gcc", 20000), ("clang-san", 5000)):
        for geometry in programs.geometries:
            command(f"properties, {geometry}, {flavour}, {count} cases",
                    [programs.program("props", geometry, flavour), f"--cases={count}"], r" 0 failures$")
        tool = programs.p2m_case(flavour)
        command(f"corpora, {flavour}, every check", [tool, "replay", "--check=every", "corpus"], r" 0 failures$")
        command(f"each page of each case refused, {flavour}", [tool, "replay", "--faults", "corpus"], r" 0 failures$")
    names = ("SUBJECT", "LINUX", "KNOWN", "SHAPES", "B")
    given = [f"{name}={os.environ[name]}" for name in names if os.environ.get(name)]
    for target in ("ops", "e820"):
        command(f"make fuzz TARGET={target} TIME=10",
                ["make", "fuzz", f"TARGET={target}", "GEOMETRY=tiny", "TIME=10", *given], r" 0 findings$", how="alone")
    for one in TESTS:
        one.tier, one.goals = "scripts", ()
