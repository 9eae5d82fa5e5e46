# SPDX-License-Identifier: GPL-2.0-or-later
"""A campaign names a finding, shrinks it, and compares it with the known bugs. One
bug has one entry in crashes/ (bytes, text, report, and the same shrunk). Further findings of it
are only counted. Built on findings.py, which `make fuzz` uses.

Two findings are one bug if they violate the same invariant and their shrunk cases have the same
shape: geometry, ops and kinds of entries, line by line, whatever the numbers. Two bugs of one
shape count as one until the first is fixed. One bug of two shapes counts twice.
"""

import hashlib
import os
import re
import subprocess

from p2mcheck import findings
from p2mcheck.engines import explain
from p2mcheck.files import Failure, read, read_text
from p2mcheck.findings import kind_of, tail_of

SHRINKING = 120  # seconds at most


def report_of(job, path, hunt):
    """The engine's own report; if it is lost, the target's report on the input; empty if there is
    none."""
    try:
        report = job.report(path)
    except OSError:
        report = ""
    if kind_of(report) not in ("SANITIZER_unknown", "NOT_REPRODUCED"):
        return report
    return explain(hunt.binary, job.folder, path)


def shrunk(hunt, folder, path, kind):
    """The path of the smallest case that fails in the same way; None if there is none."""
    out = f"{folder}/shrunk"
    if not findings.can_be_shrunk(hunt.target, kind):
        return None
    try:
        hunt.programs.make(findings.shrinker(hunt.programs, kind), shown=False)
        done = findings.shrink(hunt.programs, path, out, kind, hunt.target, hunt.geometry, SHRINKING)
    except (subprocess.TimeoutExpired, Failure):
        return None
    return out if done.returncode == 0 and os.path.exists(out + ".txt") else None


def shape_of(text):
    """The lines of a case without numbers and comments."""
    lines = []
    for line in text.splitlines():
        words = [re.sub(r"(0x[0-9a-f]+|\d+)$", "", word) if "=" in word else word
                 for word in line.split("#")[0].split()]
        # but the digits in the name of a geometry stay
        words = [word for word in words if not re.fullmatch(r"0x[0-9a-f]+|\d+", word)]
        if words:
            lines.append(" ".join(words))
    return "\n".join(lines)


def key_of(hunt, kind, text, report):
    """The key that is equal for findings of one bug."""
    if text:
        return kind + "-" + hashlib.sha256(shape_of(text).encode()).hexdigest()[:12]
    where = re.findall(r"^ +#\d+ 0x[0-9a-f]+ in (\w+)", report, re.M)[:3]
    rest = " ".join([hunt.target, hunt.geometry, *where])
    return kind + "-" + hashlib.sha256(rest.encode()).hexdigest()[:12]


def triage(it, path, bugs, crashes=None):
    """Files one artifact of a slice in `crashes`, unless its bug is known. Returns the key of the bug, and the
    entry if it is a new one. The artifact itself stays until that is saved."""
    hunt = it.hunt
    report = tail_of(report_of(it.job, path, hunt))
    kind = kind_of(report)
    small = shrunk(hunt, it.folder, path, kind)
    key = key_of(hunt, kind, read_text(small + ".txt") if small else None, report)
    if key in bugs and os.path.exists(bugs[key]["case"]):
        return key, None
    name = findings.file_case(hunt.target, hunt.geometry, kind, read(path), findings.text_of(hunt, path), report,
                              hunt.programs.prefix, crashes)
    bug = {"kind": kind, "case": name, "again": name, "count": 0, "lane": it.lane}
    if small:
        bug["again"] = findings.file_shrunk(hunt.target, kind, small, hunt.programs.prefix, crashes)
    bug["repeats"] = bool(small) or findings.repro_fails(hunt, name, kind)
    return key, bug
