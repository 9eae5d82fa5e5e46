# SPDX-License-Identifier: GPL-2.0-or-later
"""The shortest case of a planted bug: it fails as the patch names it, it passes on the unchanged core,
and the exhaustive search finds no shorter one. The patched core also compiles without the harness.
"""

import glob
import re
import time

from p2mcheck import cli, facts
from p2mcheck.bugs.catalogue import make, plant
from p2mcheck.files import write
from p2mcheck.findings import reported
from p2mcheck.processes import output

TRANSITIONS = 10_000_000  # the limit of a search with grants, which would take minutes


def run_case(tool, path, geometry=None):
    """With the quick checks, since more lookups may hide a bug, then with all: (status, output). In its own
    geometry, or in another one."""
    for check in ("quick", "every"):
        status, text = output([tool, "run", f"--check={check}", *([f"--geometry={geometry}"] if geometry else []),
                               path])
        if status:
            break
    return status, text


def compile_alone(planted, bug):
    """The error of a compiler without the harness's sync points, as the peers build the core; None if there is none."""
    status, text = output(["gcc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I.",
                           "-DPLANTED(harm)=(harm)", *facts.geometries()[bug.case_geometry].flags,
                           *sorted(glob.glob(f"{planted.folder}/core/*.c"))])
    first = re.search(r"^.* error: .*$", text, re.M)
    return f"without the harness: {first[0] if first else cli.last_line(text)}" if status else None


def smoke(programs, bug):
    """The error of the bug; None if there is none."""
    flavour = "clang-san" if bug.sanitizer else "gcc"
    planted = plant(programs, bug, "smoke")
    make(planted, bug, planted.p2m_case(flavour))
    error = compile_alone(planted, bug)
    if error:
        return error
    path = f"{planted.folder}/case.txt"
    write(path, bug.case)
    status, text = run_case(planted.p2m_case(flavour), path)
    if reported(text) != bug.invariant or status == 0:
        return f"expected {bug.invariant}, got {reported(text)} (status {status})"
    status, text = run_case(programs.p2m_case("gcc"), path)
    return f"the core without the bug: {reported(text)}" if status else exhaustive_agrees(planted, bug)


def exhaust(planted, bug):
    """The first violation in the search of micro: (name, ops, seconds)."""
    search = planted.program("exhaustive", "micro")
    make(planted, bug, search)
    command = [search, f"--out={planted.folder}/exhaustive.txt"]
    command += ["--races", "--unreduced", *bug.schedule] if bug.overlaps else []
    command += ["--grants", f"--transitions={TRANSITIONS}"] if bug.grants else []
    command += [] if bug.sanitizer else [f"--want={bug.invariant}"]
    start = time.monotonic()
    status, text = output(command)
    found = re.search(r"op -?\d+ of (\d+):", text) if status == 1 else None
    return reported(text), int(found.group(1)) if found else None, time.monotonic() - start


def exhaustive_agrees(planted, bug):
    """The error in the answer of the exhaustive search; None if there is none."""
    if bug.head.get("Exhaustive", "").startswith("no,") or bug.target == "e820":
        return None  # it makes calls; `make exhaustive` tries memory maps last
    name, ops, _ = exhaust(planted, bug)
    if ops is None or (name != bug.invariant and not bug.sanitizer):
        return f"the exhaustive search of micro: {name}"
    if ops != bug.shortest:
        return f"the exhaustive search of micro finds {ops} ops, but its head has {bug.shortest}"
    return None
