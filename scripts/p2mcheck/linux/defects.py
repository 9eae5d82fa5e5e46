# SPDX-License-Identifier: GPL-2.0-or-later
"""Known defects of the kernel's p2m.c and setup.c (props/subjects/linux/defects.txt), and which explains a finding.

A defect explains a finding if the violated invariant is one that the defect violates, and if the shrunk case passes
behind its mask. Any other finding is not a known defect.
"""

import collections
import functools
import os
import re
import tempfile

from p2mcheck import doubts, facts
from p2mcheck.files import Failure, entries, read_text
from p2mcheck.processes import output

TABLE = f"{facts.ROOT}/props/subjects/linux/defects.txt"
VERSIONS = f"{facts.ROOT}/props/subjects/linux/versions.txt"
FIELDS = ("violates", "happens", "loses", "where", "reported")

OPTIONAL = ("reached", "assumes", "target")
Defect = collections.namedtuple("Defect", "id violates happens loses where reported reached assumes target code cases")
Version = collections.namedtuple("Version", "name commit origin defects")  # defects: None: not measured

# Masks of one comparison, or of one window, explain more exactly than others: they come first.
EXACT = ("C3", "C3b", "C4", "F9", "F11", "C5", "B9", "C6", "B11", "B12", "C7", "F3", "F12", "F14", "B10", "D1", "D4",
         "D5")
WINDOWS = ("C1", "C2", "C3", "C3b", "C4", "F9", "F11")
# The window of C1 lies in that of C2: behind its mask the same calls meet C2. A switch that C1's mask moves is C1's.
INSIDE = {"C2": "C1"}
WIDE = ("C2", "F1")  # their masks hide other defects: those are named before
# Masks that leave out many machines, in each version: that a case passes behind one says nothing. Their own maps alone
# show these defects, in a file that has the function.
COARSE = ("S11", "S12", "S14", "S18")


def case_of(text):
    """(geometry, lines)"""
    geometry, _, lines = text.partition(": ")
    return geometry, lines.split("; ")


def parse(text):
    """{id: Defect}, in the order of the text."""
    found = {}
    for record in re.split(r"\n\s*\n", re.sub(r"(?m)^#.*\n", "", text).strip()):
        name, *lines = record.splitlines()
        fields = [line.split(None, 1) for line in lines]
        lists = {word: [text for field, text in fields if field == word] for word in ("code", "case")}
        told = {field: text for field, text in fields if field not in lists}
        if tuple(told)[:len(FIELDS)] != FIELDS or set(told) - {*FIELDS, *OPTIONAL}:
            raise Failure(f"{TABLE}: {name}: the fields are {', '.join(FIELDS)}, and perhaps {', '.join(OPTIONAL)}, "
                          "code and cases")
        del told["violates"]
        found[name] = Defect(id=name, violates=frozenset(dict(fields)["violates"].split()), code=lists["code"],
                             cases=[case_of(text) for text in lists["case"]], **{**dict.fromkeys(OPTIONAL, ""), **told})
    return found


@functools.lru_cache(None)
def table():
    return parse(read_text(TABLE))


def sorted_names(names):
    """In the order of the table."""
    return sorted(names, key=list(table()).index)


def rows(path):
    """The cells of each line of a list of versions."""
    return [re.split(r" *\| *", line) for _, line in entries(path)]


def versions():
    """The versions that were tried, the oldest first."""
    return [Version(row[0], row[1], row[2], None if row[3] == "?" else row[3].split()) for row in rows(VERSIONS)]


def version_of(programs):
    """The version, by the folder of its programs."""
    return re.sub(r"-[0-9a-f]{8}(-as-.*)?$", "", os.path.basename(programs.folder))


def check_names(known):
    """An error in one line, if KNOWN has another name."""
    wrong = [name for name in re.split(r"[ ,]+", known.strip()) if name and name not in table()]
    if wrong:
        raise Failure(f"KNOWN={known}: no such defect: {' '.join(wrong)}; choose from: {' '.join(table())}")


# ---- which defect explains a finding ----

def outcome(tool, known, lines, target=""):
    """The invariant that a case violates behind these masks, or None; and where its calls switch."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write("p2m-case 2\n" + "\n".join(lines) + "\n")
        file.flush()
        status, text = output([tool, "repro", *[f"--target={target}"] * bool(target), file.name],
                              env={**os.environ, "P2MCHECK_KNOWN": ",".join(known)})
    return doubts.name_in(text) or ("CRASH" if status else None), re.findall(r"^p2mcheck:     (.*)$", text, re.M)


def candidates(invariant, known, target=""):
    """Defects that violate the invariant, those with exact masks first; `target`: of the cases that show them."""
    names = [name for name, defect in table().items()
             if invariant in defect.violates and name not in [*known, *COARSE] and defect.target == target]
    return sorted(names, key=lambda name: EXACT.index(name) if name in EXACT else len(EXACT))


def explanation(tool, known, invariant, lines, target=""):
    """The defect behind whose mask the case passes; None if it is not a known one. Second best is one behind whose mask
    another invariant is violated: a case can have two defects, and closing a window moves the other call to the next.
    `target` is "setup", or "" for all others."""
    unmasked = outcome(tool, known, lines, target)
    if unmasked[0] != invariant:
        return None
    overlap = any(line.startswith("at ") for line in lines)
    names = candidates(invariant, known, target)
    if overlap:
        names.sort(key=lambda name: name not in WINDOWS)
    results = {}
    for name in names:
        results[name] = outcome(tool, [*known, name], lines, target)
        if results[name][0] is None:
            inside = INSIDE.get(name)
            return inside if inside in results and results[inside] != unmasked else name
    return next((name for name, result in results.items() if result[0] != invariant), None)


def lines_of(text):
    """The lines of a case, without comments and head: it is tried in other modes and versions as well."""
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    return [line for line in lines if line and line.split()[0] not in ("p2m-case", "subject", "mode")]


def sentence(name, known):
    """What `make fuzz` prints on a finding; `name`: as explanation() answers."""
    if not name:
        return "not a known defect: see \"Found something in a kernel?\" in the README"
    return (f"a known defect, {name}: {table()[name].happens}\n"
            f"          reported: {table()[name].reported}\n"
            f"  hunt on with KNOWN={','.join([*filter(None, known), name])}")
