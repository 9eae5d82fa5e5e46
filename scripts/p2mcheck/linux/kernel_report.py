# SPDX-License-Identifier: GPL-2.0-only
"""Which invariants hold for which version of the kernel's p2m.c, and behind which masks.

Each tree is first tried without a mask. A finding is shrunk, and the first mask behind which that
case passes tells which known defect it is. Then the hunt goes on behind that mask, until nothing
more is found. Ends with a matrix, version x invariant, and with the shortest case of each defect;
also build/kernel-report.json. A tree that cannot be built, or a finding that no mask explains, is
a failure.
"""

import glob
import os
import re
import subprocess
import tempfile

from p2mcheck import cli
from p2mcheck.files import read_text, write_json
from p2mcheck.linux import prepare


def run(command, cwd=None, known=""):
    env = dict(os.environ, P2MCHECK_KNOWN=known)
    return subprocess.run(command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, encoding="utf-8", errors="replace", check=False)


def build(args, tree):
    """The folder with the programs for this tree."""
    programs = prepare.programs(args.build, tree, "")
    programs.make(programs.program("props", "tiny"), programs.p2m_case())
    return os.path.abspath(programs.folder)


# Masks of one comparison, or of one window, explain more exactly than others: they come first.
EXACT = ("C3", "C5", "B9", "C6", "B11", "B12", "C7", "F3")
WINDOWS = ("C1", "C2", "C3")


def all_masks(folder):
    text = run([f"{folder}/gcc/tiny/props_tiny", "--cases=1"], known="?").stdout
    names = re.split(r"[ ,]+", re.search(r"(?:there are|choose from:|choose one of:) (.*)", text).group(1).strip())
    return sorted(names, key=lambda name: EXACT.index(name) if name in EXACT else len(EXACT))


def outcome(folder, known, case):
    """The invariant that the case violates, or None."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write("p2m-case 1\n" + "\n".join(case) + "\n")
        file.flush()
        done = run([f"{folder}/p2m-case", "repro", file.name], known=",".join(known))
    found = re.search(r"^p2mcheck: ([A-Z_]+): ", done.stdout, re.M)
    return found.group(1) if found else None if not done.returncode else "CRASH"


def explanation(folder, masks, known, found):
    """
    The mask behind which the case passes. A window that is closed moves the other call to
    the next one, so second best is a mask behind which it fails otherwise. A case that
    needs an overlap is first asked for the windows.
    """
    before = outcome(folder, known, found[2])
    overlap = any(line.startswith("at ") for line in found[2])
    for group in ([mask for mask in masks if mask in WINDOWS], masks) if overlap else (masks,):
        results = {mask: outcome(folder, known + [mask], found[2]) for mask in group if mask not in known}
        for wanted in (lambda result: result is None, lambda result: result != before):
            mask = next((mask for mask, result in results.items() if wanted(result)), None)
            if mask:
                return mask
    return None


def smallest(folder, path, known, where):
    """The case as few lines, shrunk."""
    run([f"{folder}/p2m-case", "shrink", path, "-o", f"{where}/min"], known=known)
    path = f"{where}/min.txt" if os.path.exists(f"{where}/min.txt") else path
    lines = [line.split("#")[0].strip() for line in read_text(path).splitlines()]
    return [line for line in lines if line and not line.startswith("p2m-case")]


def search(folder, known, args):
    """None, or what was found first: (invariant, details, case)."""
    with tempfile.TemporaryDirectory() as where:
        done = run([f"{folder}/gcc/tiny/props_tiny", f"--cases={args.cases}", f"--seed={args.seed}"],
                   cwd=where, known=known)
        if not done.returncode:
            return None
        found = re.search(r"^p2mcheck: ([A-Z_]+): ", done.stdout, re.M)
        cases = sorted(glob.glob(f"{where}/crashes/*.txt"))
        if not found or not cases:
            return ("CRASH", done.stdout.strip().splitlines()[-1:], [])
        details = re.search(r"^p2mcheck:   op .*\n^p2mcheck:   (.*)$", done.stdout, re.M)
        return (found.group(1), details.group(1) if details else "", smallest(folder, cases[0], known, where))


def examine(tree, args):
    folder = build(args, tree)
    masks = all_masks(folder)
    version = re.sub(r"-[0-9a-f]{8}$", "", os.path.basename(folder))
    print(f"{version}: ", end="", flush=True)
    row = {"version": version, "behind": None, "defects": {}}
    while True:
        known = list(row["defects"])
        found = search(folder, ",".join(known), args)
        if not found:
            break
        mask = explanation(folder, masks, known, found)
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
    print("\ninvariants that are not named: no violation was found in any of these\n")
    width = max(len(row["version"]) for row in rows)
    for invariant in invariants:
        print(invariant)
        for row in rows:
            names = [mask for mask, found in row["defects"].items() if found[0] == invariant]
            unknown = row["behind"] and row["behind"][0] == invariant
            print(f"    {row['version']:{width}}  "
                  + ("not known: see below" if unknown else " ".join(names) or "pass"))
    for row in rows:
        for mask, (invariant, details, case) in list(row["defects"].items()) + (
                [("not known", row["behind"])] if row["behind"] else []):
            print(f"\n{row['version']} {mask}: {invariant}: {details}")
            print("\n".join(f"    {line}" for line in case))


def main():
    parser = cli.Parser(__doc__, core=False)
    parser.setting("--linux", "LINUX", "", help="trees, with blanks between, or debian, debian-6.12")
    parser.setting("--cases", "CASES", 20000, cli.positive, "random cases for each hunt")
    parser.setting("--seed", "SEED", 1, cli.positive, "of the random numbers")
    args = parser.parse()
    if not args.linux.split():
        parser.error('LINUX is not set: make kernel-report LINUX="TREE ..."')
    rows = [examine(tree, args) for tree in args.linux.split()]
    print_matrix(rows)
    write_json(f"{args.build}/kernel-report.json", rows)
    return 1 if any(row["behind"] for row in rows) else 0
