# SPDX-License-Identifier: GPL-2.0-or-later
"""kernel-report for target `setup`: which defects of its setup.c a version has, and a report on each.

Each tree is first tried with the smallest maps of known defects (setup/defects/), without a mask, then with random
machines behind the masks of what was met. A finding is shrunk and named by the defect behind whose mask it passes. A
finding that no defect explains, and a row that differs from setup/versions.txt, are failures. For each defect
build/kernel-report/VERSION-SETUP-ID.txt is a report that can be mailed.
"""

import glob
import os
import re
import tempfile

from p2mcheck import facts, findings
from p2mcheck.files import Failure, read, read_text, write, write_json
from p2mcheck.linux import defects, prepare, prepare_setup
from p2mcheck.linux.mail import FIRST, where_text, wrapped
from p2mcheck.processes import output

FOLDER = f"{facts.ROOT}/props/subjects/linux/setup"
VERSIONS = f"{FOLDER}/versions.txt"
TARGET = "setup"
ASSUMES = "The hypervisor, the domain builder, memblock and the order of the boot are stand-ins of the harness."
SMALL = ("Pages have 64 bytes and the guest at most 512 of them; the code is the kernel's. An address is given for pages"
         " of 4096 bytes.")


def expected():
    """{version: its defects}"""
    return {version: names.split() for version, names in defects.rows(VERSIONS)}


def id_of(path):
    """The defect that a file of defects/ shows."""
    return re.split("[.-]", os.path.basename(path))[0].upper()


def maps():
    """[(id, lines)] of the smallest maps: s2.txt before s2-bug.txt."""
    order = list(defects.table())
    paths = sorted(glob.glob(f"{FOLDER}/defects/*.txt"), key=lambda path: (order.index(id_of(path)), path[:-len(".txt")]))
    return [(id_of(path), defects.lines_of(read_text(path))) for path in paths]


# ---- what a version does ----

def shows(tool, name, lines):
    """What a map violates because of this defect, or None: {invariant, case, known: other masks that are needed}. It
    passes behind the mask of the defect, and fails without it: alone, or beside all other masks, since a map can show
    a second defect. Beside all but the coarse ones first: a coarse mask leaves out the maps of other coarse ones."""
    names = [one for one, defect in defects.table().items() if defect.target == TARGET and one != name]
    exact = [one for one in names if one not in defects.COARSE]
    for others in [[]] * (name not in defects.COARSE) + [exact, names]:
        invariant, _ = defects.outcome(tool, others, lines, TARGET)
        if invariant and not defects.outcome(tool, [*others, name], lines, TARGET)[0]:
            return {"invariant": invariant, "case": lines, "known": others}
    return None


def is_there(name, setup):
    """A coarse mask says nothing of a file that lacks the functions of its defect."""
    return name not in defects.COARSE or any(one in setup for one in defects.table()[name].where.split(", "))


def try_maps(programs, row, setup):
    for name, lines in maps():
        if name not in row["defects"] and is_there(name, setup):
            found = shows(programs.p2m_case(), name, lines)
            row["defects"].update({name: found} if found else {})


def searches(programs, runs):
    """[(geometry, runs)]: where extra memory begins at 4 GiB, small pages do not reach it, and big ones take their time."""
    features = read_text(f"{programs.folder}/setup/setup-features.h")
    return [("tiny", runs)] + [("x86_64", max(1, runs // 100))] * ("SETUP_ONE_EXTRA 1" in features)


def search(programs, known, seed, geometry, runs):
    """None, or the first finding of so many runs, shrunk: {invariant, case}."""
    with tempfile.TemporaryDirectory() as where:
        environment = {**os.environ, "P2MCHECK_KNOWN": ",".join(known)}
        status, text = output([os.path.abspath(programs.target(TARGET, geometry)), f"-seed={seed}", f"-runs={runs}",
                               f"-artifact_prefix={where}/"], cwd=where, env=environment)
        if not status:
            return None
        found = {"invariant": findings.reported(text), "case": [], "known": list(known)}
        crashers = glob.glob(f"{where}/crash-*")
        if not crashers:
            raise Failure(f"setup_{geometry} ended with status {status}: {text.strip().splitlines()[-1:]}")
        os.environ["P2MCHECK_KNOWN"] = ",".join(known)
        programs.make(findings.shrinker(programs, found["invariant"]), shown=False)
        findings.shrink(programs, crashers[0], f"{where}/min", found["invariant"], TARGET, geometry)
        if os.path.exists(f"{where}/min.txt"):
            found["case"] = defects.lines_of(read_text(f"{where}/min.txt"))
        else:  # nothing is lost
            found["crasher"] = findings.file_case(TARGET, geometry, found["invariant"], read(crashers[0]), None, text,
                                                  programs.prefix)
        return found


def hunt(programs, args, row):
    """Random machines behind all masks that are needed, until CASES of them show nothing."""
    seed = args.seed
    while found := next(filter(None, (search(programs, list(row["defects"]), seed, *how)
                                      for how in searches(programs, args.cases))), None):
        name = found["case"] and defects.explanation(programs.p2m_case(), list(row["defects"]), found["invariant"],
                                                     found["case"], TARGET)
        if not name:
            row["behind"] = found
            return
        row["defects"][name] = found
        seed += 1


def examine(tree, args):
    programs = prepare.programs(args.build, tree, "", args.mode)
    version = defects.version_of(programs)
    if not programs.has_setup:
        raise Failure(f"LINUX={tree}: {version} has no {prepare_setup.SETUP} that target setup can have")
    programs.make(programs.p2m_case(), *[programs.target(TARGET, geometry) for geometry, _ in searches(programs, 0)])
    print(f"{version}: ", end="", flush=True)
    row: dict = {"version": version, "tree": tree, "defects": {}, "behind": None}
    try_maps(programs, row, prepare.read(prepare.load(tree, args.build)[0], prepare_setup.SETUP))
    hunt(programs, args, row)
    met, known = defects.sorted_names(row["defects"]), expected().get(version)
    row["verdict"] = ("setup/versions.txt has no row of this version" if known is None else "as expected" if met == known
                      else f"NOT as expected: {' '.join(known)}")
    print((" ".join(met) or "no defect") + (f"; behind all masks: {row['behind']['invariant']}, NOT A KNOWN DEFECT"
                                           if row["behind"] else "") + f"; {row['verdict']}", flush=True)
    row["mails"] = [mail(args, programs, row, name, found) for name, found in
                    [*row["defects"].items(), *[("NEW", row["behind"])] * bool(row["behind"])]
                    if found["case"] and re.search(args.only, name)]
    return row


# ---- the report on a finding ----

def machine_text(programs, lines, known):
    """What repro says of the case behind these masks, and what the boot leaves, of a case that ends."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write("p2m-case 2\n" + "\n".join(lines) + "\n")
        file.flush()
        environment = {**os.environ, "P2MCHECK_KNOWN": ",".join(known)}
        said = output([programs.p2m_case(), "repro", f"--target={TARGET}", file.name], env=environment)[1]
        left = output([programs.p2m_case(), "show", f"--target={TARGET}", file.name], env=environment)[1]
    return (re.findall(r"^p2mcheck:   (?!target )(.*)$", said, re.M),
            [line for line in left.splitlines() if not line.startswith(("p2m", "    "))])


def mail(args, programs, row, name, found):
    """Writes the report; answers its name."""
    defect = defects.table().get(name)
    tree = prepare.load(row["tree"], args.build)[0]
    said, left = machine_text(programs, found["case"], found["known"])
    showing = [version for version, names in expected().items() if name in names]
    happens = defect.happens if defect else "not a known defect"
    text = [*FIRST, "", *wrapped(f"{prepare_setup.SETUP}, {row['version']}: {happens}", ""), "",
            "What a user loses:", *wrapped(defect.loses if defect else "not known yet"), "",
            f"Seen as {found['invariant']}:", *[f"  {line}" for line in said], "",
            "Where:", where_text(defect, prepare.read(tree, prepare_setup.SETUP), "see below"), "",
            "The smallest machine, and the guest that boots on it:", *[f"  {line}" for line in found["case"]], "",
            "What the boot leaves:", *[f"  {line}" for line in left], "",
            "Versions that show it:", *wrapped(" ".join(showing) or "none that was measured"), "",
            "Reported, fixed:", *wrapped(defect.reported if defect else "not reported"), "",
            "It depends on:", *[line for one in (ASSUMES, *[SMALL] * ("geometry tiny" in found["case"]),
                                              *filter(None, [defect and defect.assumes]))
                                for line in wrapped(one)]]
    path = f"{args.build}/kernel-report/{row['version']}-SETUP-{name}.txt"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    write(path, "\n".join(text) + "\n")
    return path


def main(args, trees):
    """Called by `make kernel-report` for TARGET=setup."""
    rows = [examine(tree, args) for tree in trees]
    for row in rows:
        if row["behind"]:
            print(f"\n{row['version']} NOT A KNOWN DEFECT: {row['behind']['invariant']}")
            print("\n".join(f"    {line}" for line in row["behind"]["case"] or [f"not shrunk: {row['behind']['crasher']}"]))
    names = defects.sorted_names({name for row in rows for name in row["defects"]})
    print("\n| version | " + " | ".join(names) + " |\n" + "|---" * (1 + len(names)) + "|")
    for row in rows:
        print(f"| {row['version']} | " + " | ".join("x" if name in row["defects"] else "" for name in names) + " |")
    print("\nreports to be read, and mailed: " + " ".join(path for row in rows for path in row["mails"]))
    write_json(f"{args.build}/kernel-report-setup.json", rows)
    return 1 if any(row["behind"] or row["verdict"].startswith("NOT") for row in rows) else 0
