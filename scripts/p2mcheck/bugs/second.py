# SPDX-License-Identifier: GPL-2.0-or-later
"""The second geometry in which a planted bug is hunted: the first candidate in which its shortest case
shows it as well.

The case is carried over by p2m-case, so that indices of slots near an end stay near it, or is taken with the
PFNs that it has. A bug of one geometry alone has no second one, and neither has one whose case needs other
numbers there, such as those of sync points.
"""

import re

from p2mcheck.bugs.smoke import run_case
from p2mcheck.files import write
from p2mcheck.findings import reported

CANDIDATES = {"tiny": ("x86_64", "odd", "x86_32"), "odd": ("x86_32",), "x86_64": ("x86_32",), "x86_32": ("odd",)}


def second_geometry(planted, bug):
    """Its name, or None. `planted` has p2m-case with the candidates."""
    tool = planted.p2m_case("clang-san" if bug.sanitizer else "gcc")
    path = f"{planted.folder}/case.txt"
    for geometry in CANDIDATES[bug.geometry]:
        for case in (bug.case, re.sub(r"^geometry .*$", f"geometry {geometry}", bug.case, flags=re.M)):
            write(path, case)
            status, text = run_case(tool, path, geometry)
            if status and reported(text) == bug.invariant:
                return geometry
    return None
