# SPDX-License-Identifier: GPL-2.0-or-later
"""The invariants that hold for each version of the kernel's p2m.c, and the masks they need.

Each tree is first tried without a mask. A finding is shrunk, and named by a known defect that violates the same
invariant and behind whose mask the case passes (defects.py). Then the hunt goes on behind that mask: first with the
cases of the table of defects, then with random ones. It ends when each defect that versions.txt expects of the version
was met, and CASES random cases in a row show nothing new. So the row of a version depends neither on SEED nor on CASES.
Prints a matrix, version x invariant, and the shortest case of each defect; writes build/kernel-report.json, and for
each finding build/kernel-report/VERSION-ID.txt, which can be mailed, and VERSION-ID.c, a program that shows it.
A tree that cannot be built, a finding that no defect explains, and a row that differs from versions.txt are failures.
"""

import glob
import os
import re
import shlex
import tempfile

from p2mcheck import cli, findings
from p2mcheck.files import read_text, write_json
from p2mcheck.linux import defects, mail, prepare, setup_report, trials
from p2mcheck.processes import output
from p2mcheck.programs import MODES, setup

PATIENCE = 50  # a defect that is expected may take so many times CASES random cases


def build(args, tree):
    """The programs for this tree."""
    programs = prepare.programs(args.build, tree, "", args.mode)
    programs.make(programs.program("props", "tiny"), programs.p2m_case())
    return programs


def smallest(programs, path, where):
    """The case as few lines, shrunk."""
    findings.shrink(programs, path, f"{where}/min")
    return defects.lines_of(read_text(f"{where}/min.txt" if os.path.exists(f"{where}/min.txt") else path))


def report_of(programs, known, lines, where):
    """What repro prints of the shrunk case, without what it draws."""
    path = f"{where}/small.txt"
    with open(path, "w", encoding="utf-8") as file:
        file.write("p2m-case 2\n" + "\n".join(lines) + "\n")
    os.environ["P2MCHECK_KNOWN"] = ",".join(known)
    return re.findall(r"^p2mcheck:   (.*)$", output([programs.p2m_case(), "repro", path])[1], re.M)


def search(programs, known, first, args):
    """None, or the first finding among CASES random cases from number `first` on."""
    with tempfile.TemporaryDirectory() as where:
        os.environ["P2MCHECK_KNOWN"] = ",".join(known)
        status, text = output([os.path.abspath(programs.program("props", "tiny")), f"--cases={args.cases}",
                               f"--seed={args.seed}", f"--first={first}"], cwd=where)
        if not status:
            return None
        invariant = findings.reported(text)
        cases = sorted(glob.glob(f"{where}/crashes/*.txt"))
        number = re.search(r"^p2mcheck: seed \d+, case (\d+)", text, re.M)
        found = {"invariant": invariant, "number": int(number.group(1)) if number else first, "known": list(known)}
        if invariant == "nothing" or not cases:
            return {**found, "invariant": "CRASH", "report": text.strip().splitlines()[-1:], "case": []}
        lines = smallest(programs, cases[0], where)
        return {**found, "report": report_of(programs, known, lines, where), "case": lines}


def details(found):
    """Expected and actual value, in a line."""
    return next((line for line in found["report"] if not line.startswith(("target ", "op "))), "")


# ---- one version ----

def expected_of(version):
    """The defects that versions.txt expects; None if it does not say."""
    return next((row.defects for row in defects.versions() if row.name == version), None)


def name_of(programs, row, found):
    """The known defect that explains a finding, or None."""
    return found["case"] and defects.explanation(programs.p2m_case(), list(row["defects"]), found["invariant"],
                                                 found["case"])


def note(row, name, found):
    """False if it is not a known defect."""
    if name:
        row["defects"][name] = found
    else:
        row["behind"] = found
    return bool(name)


def next_of(programs, row, groups):
    """(name, invariant, lines) of the first one, rather one whose mask hides little; with the defect's own case, if that
    shows it as well."""
    named = None
    for _, invariant, lines in groups:
        name = name_of(programs, row, {"invariant": invariant, "case": lines})
        if name not in defects.WIDE:
            named = (name, invariant, lines)
            break
        named = named or (name, invariant, lines)
    for owner, invariant, lines in groups:
        if owner == named[0] and name_of(programs, row, {"invariant": invariant, "case": lines}) == owner:
            return owner, invariant, lines
    return named


def try_cases(programs, row):
    """The cases of the table of defects; False if one fails in an unknown way."""
    with tempfile.TemporaryDirectory() as where:
        tried = trials.Trials(programs, where)
        while groups := tried.groups(list(row["defects"])):
            name, invariant, lines = next_of(programs, row, groups)
            known = list(row["defects"])
            if not note(row, name, {"invariant": invariant, "case": lines, "known": known,
                                    "report": report_of(programs, known, lines, where)}):
                return False
    return True


def hunt(programs, args, row):
    """Fills row["defects"] and row["behind"]."""
    first, last_news = 0, 0
    if not try_cases(programs, row):
        return
    while True:
        found = search(programs, list(row["defects"]), first, args)
        if found:
            if not note(row, name_of(programs, row, found), found):
                return
            print(f"({list(row['defects'])[-1]} by a random case) ", end="", flush=True)
            first = last_news = found["number"]
            continue
        first += args.cases
        if set(row["expected"] or ()) <= set(row["defects"]) or first - last_news >= PATIENCE * args.cases:
            row["cases"] = first
            return


def verdict(row):
    """How the row differs from versions.txt; "" if it does not."""
    if row["expected"] is None:
        return "no row of versions.txt has this version's defects"
    missing = [name for name in row["expected"] if name not in row["defects"]]
    more = [name for name in row["defects"] if name not in row["expected"]]
    return "; ".join([f"expected and not met: {' '.join(missing)}"] * bool(missing)
                     + [f"met and not expected: {' '.join(more)}"] * bool(more))


def examine(tree, args):
    programs = build(args, tree)
    version = defects.version_of(programs)
    print(f"{version}: ", end="", flush=True)
    row: dict = {"version": version, "tree": tree, "expected": expected_of(version), "behind": None, "defects": {}}
    hunt(programs, args, row)
    row["verdict"] = verdict(row)
    print(f"masks needed: {' '.join(defects.sorted_names(row['defects'])) or 'none'}"
          + (f"; behind all of them: {row['behind']['invariant']}, NOT A KNOWN DEFECT" if row["behind"] else "")
          + f"; {row['verdict'] or 'as expected'}", flush=True)
    row["mails"] = [mail.mail(args, programs, row, name, found) for name, found in
                    [*row["defects"].items(), *[(None, row["behind"])] * bool(row["behind"])]
                    if found["case"] and re.search(args.only, name or "NEW")]
    return row


# ---- the matrix ----

def print_matrix(rows):
    invariants = sorted({found["invariant"] for row in rows for found in row["defects"].values()}
                        | {row["behind"]["invariant"] for row in rows if row["behind"]})
    print("\nno violation was found of the invariants that are not listed\n")
    width = max(len(row["version"]) for row in rows)
    for invariant in invariants:
        print(invariant)
        for row in rows:
            names = [name for name, found in row["defects"].items() if found["invariant"] == invariant]
            unknown = row["behind"] and row["behind"]["invariant"] == invariant
            print(f"    {row['version']:{width}}  "
                  + ("not a known defect: see below" if unknown else " ".join(defects.sorted_names(names)) or "pass"))
    for row in rows:
        for name in defects.sorted_names(row["defects"]):
            print_finding(row["version"], f"{name}: {defects.table()[name].happens}", row["defects"][name])


def print_finding(version, title, found):
    print(f"\n{version} {title}\n  {found['invariant']}: {details(found)}")
    print("\n".join(f"    {line}" for line in found["case"]))


def main():
    parser = cli.Parser(__doc__, core=False, linux="", mode=MODES[0], cases=20000, seed=1, only=".", target="ops")
    args = parser.parse()
    trees = parser.checked("LINUX", args.linux, shlex.split)  # a tree with blanks in quotes
    if not trees:
        parser.error('LINUX is not set: make kernel-report LINUX="TREE ..."')
    parser.checked("TARGET", args.target, cli.one_of(["ops", setup_report.TARGET]))
    setup(*["fuzz"] * (args.target == "setup"))
    if args.target == "setup":
        return setup_report.main(args, trees)
    print(f"a hunt ends after {args.cases} random cases without news, if each expected defect was met; "
          f"otherwise after {PATIENCE * args.cases}")
    rows = [examine(tree, args) for tree in trees]
    for row in rows:
        if row["behind"]:
            print_finding(row["version"], "NOT A KNOWN DEFECT", row["behind"])
    print_matrix(rows)
    print("\nreports to be read, and mailed: " + " ".join(path for row in rows for path in row["mails"]))
    write_json(f"{args.build}/kernel-report.json", rows)
    return 1 if any(row["behind"] or (row["verdict"] and row["expected"] is not None) for row in rows) else 0
