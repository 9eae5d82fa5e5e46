# SPDX-License-Identifier: GPL-2.0-or-later
"""The invariants that hold for each version of the kernel's p2m.c, and the masks they need.

Each tree is first tried without a mask. A finding is shrunk, and the first mask behind which that
case passes names the known defect. Then the hunt is repeated behind that mask, until nothing
more is found. Ends with a matrix, version x invariant, and with the shortest case of each defect;
also build/kernel-report.json. A tree that cannot be built, or a finding that no mask explains, is
a failure.
"""

import glob
import os
import re
import shlex
import tempfile

from p2mcheck import cli, findings
from p2mcheck.files import read_text, write_json
from p2mcheck.linux import prepare
from p2mcheck.processes import output
from p2mcheck.programs import MODES, setup


def run(command, known, cwd=None):
    """(status, output), behind these masks."""
    os.environ["P2MCHECK_KNOWN"] = known
    return output(command, cwd=cwd)


def build(args, tree):
    """The programs for this tree."""
    programs = prepare.programs(args.build, tree, "", args.mode)
    programs.make(programs.program("props", "tiny"), programs.p2m_case())
    return programs


# Masks of one comparison, or of one window, explain more exactly than others: they come first.
EXACT = ("C3", "C3b", "C4", "F9", "F11", "C5", "B9", "C6", "B11", "B12", "C7", "F3", "F12", "F14", "B10", "D1", "D4", "D5")
WINDOWS = ("C1", "C2", "C3", "C3b", "C4", "F9", "F11")


def all_masks(programs):
    _, text = run([programs.program("props", "tiny"), "--cases=1"], "?")
    names = re.split(r"[ ,]+", re.search(r"(?:there are|choose from:|choose one of:) (.*)", text).group(1).strip())
    return sorted(names, key=lambda name: EXACT.index(name) if name in EXACT else len(EXACT))


def outcome(programs, known, case):
    """The invariant that the case violates, or None."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write("p2m-case 2\n" + "\n".join(case) + "\n")
        file.flush()
        status, text = run([programs.p2m_case(), "repro", file.name], ",".join(known))
    name = findings.reported(text)
    return name if name != "nothing" else "CRASH" if status else None


def explanation(programs, masks, known, found):
    """
    The mask behind which the case passes. A closed window moves the other call to
    the next one, so second best is a mask behind which the case fails otherwise. For a case
    that needs an overlap, the windows are tried first.
    """
    before = outcome(programs, known, found[2])
    overlap = any(line.startswith("at ") for line in found[2])
    for group in ([mask for mask in masks if mask in WINDOWS], masks) if overlap else (masks,):
        results = {mask: outcome(programs, known + [mask], found[2]) for mask in group if mask not in known}
        for fits in (lambda result: result is None, lambda result: result != before):
            mask = next((mask for mask, result in results.items() if fits(result)), None)
            if mask:
                return mask
    return None


def smallest(programs, path, where):
    """The case as few lines, shrunk."""
    findings.shrink(programs, path, f"{where}/min")
    path = f"{where}/min.txt" if os.path.exists(f"{where}/min.txt") else path
    lines = [line.split("#")[0].strip() for line in read_text(path).splitlines()]
    return [line for line in lines if line and not line.startswith("p2m-case")]


def search(programs, known, args):
    """None, or the first finding: (invariant, details, case)."""
    with tempfile.TemporaryDirectory() as where:
        status, text = run([os.path.abspath(programs.program("props", "tiny")), f"--cases={args.cases}",
                            f"--seed={args.seed}"], known, where)
        if not status:
            return None
        cases = sorted(glob.glob(f"{where}/crashes/*.txt"))
        if findings.reported(text) == "nothing" or not cases:
            return ("CRASH", text.strip().splitlines()[-1:], [])
        details = re.search(r"^p2mcheck:   op .*\n^p2mcheck:   (.*)$", text, re.M)
        return (findings.reported(text), details.group(1) if details else "", smallest(programs, cases[0], where))


def examine(tree, args):
    programs = build(args, tree)
    masks = all_masks(programs)
    version = re.sub(r"-[0-9a-f]{8}$", "", os.path.basename(programs.folder))
    print(f"{version}: ", end="", flush=True)
    row: dict = {"version": version, "behind": None, "defects": {}}
    while True:
        known = list(row["defects"])
        found = search(programs, ",".join(known), args)
        if not found:
            break
        mask = explanation(programs, masks, known, found)
        if not mask:
            row["behind"] = found
            break
        row["defects"][mask] = found
    print(f"masks needed: {' '.join(row['defects']) or 'none'}"
          + (f"; behind all of them: {row['behind'][0]}" if row["behind"] else ""), flush=True)
    return row


def print_matrix(rows):
    invariants = sorted({found[0] for row in rows for found in row["defects"].values()}
                        | {row["behind"][0] for row in rows if row["behind"]})
    print("\nno violation was found of the invariants that are not listed\n")
    width = max(len(row["version"]) for row in rows)
    for invariant in invariants:
        print(invariant)
        for row in rows:
            names = [mask for mask, found in row["defects"].items() if found[0] == invariant]
            unknown = row["behind"] and row["behind"][0] == invariant
            print(f"    {row['version']:{width}}  "
                  + ("unknown: see below" if unknown else " ".join(names) or "pass"))
    for row in rows:
        for mask, (invariant, details, case) in list(row["defects"].items()) + (
                [("unknown", row["behind"])] if row["behind"] else []):
            print(f"\n{row['version']} {mask}: {invariant}: {details}")
            print("\n".join(f"    {line}" for line in case))


def main():
    parser = cli.Parser(__doc__, core=False, linux="", mode=MODES[0], cases=20000, seed=1)
    args = parser.parse()
    trees = parser.checked("LINUX", args.linux, shlex.split)  # a tree with blanks in quotes
    if not trees:
        parser.error('LINUX is not set: make kernel-report LINUX="TREE ..."')
    setup()
    rows = [examine(tree, args) for tree in trees]
    print_matrix(rows)
    write_json(f"{args.build}/kernel-report.json", rows)
    return 1 if any(row["behind"] for row in rows) else 0
