# SPDX-License-Identifier: GPL-2.0-or-later
"""Known races of a kernel's file, one case each: props/subjects/linux/cases.

Each fails as its head says without the named masks, and passes with them. A case with `at *` is tried
at each sync point of any version of its era; one with a schedule names its version and mode.
"""

import glob
import os
import re

from harness import test, text_of
from test_linux import MASKS, prepared, trees
from test_linux_slips import TREE_MASKS

CASES = "props/subjects/linux/cases"
TREE = f"{TREE_MASKS},A1,A2"


def head(path):
    """What the comments say: {key: value}."""
    return dict(re.findall(r"^# ([a-z ]+): (.*)$", text_of(path), re.M))


def fits(path, name, linear):
    subject = re.search(r"^subject (\S+)$", text_of(path), re.M)
    era = head(path).get("era")
    return (not subject or name.startswith(subject.group(1))) and era in (None, "linear" if linear else "tree")


def without(masks, shown):
    return ",".join(mask for mask in masks.split(",") if mask not in shown)


def races_of(tree):
    @test(f"kernel {tree}: known races are found, and masked", how="builds")
    def races(t):
        folder = prepared(t, tree)
        name, linear = os.path.basename(folder), "LINUX_LINEAR 1" in text_of(f"{folder}/features.h")
        program = f"{folder}/p2m-case"
        t.make("the program", ["-s", "SUBJECT=linux", f"LINUX_FOLDER={folder}", program])
        paths = [path for path in sorted(glob.glob(f"{CASES}/*.txt")) if fits(path, name, linear)]
        t.check("there are some", len(paths) > 2)
        masks = MASKS if linear else TREE
        for path in paths:
            told, case = head(path), os.path.basename(path)
            t.expect(f"{case} without its masks", [program, "run", path], f"p2mcheck: {told['reported as']}", status=1,
                     env={**os.environ, "P2MCHECK_KNOWN": without(masks, told["shown without"].split())})
            t.expect(f"{case} with them", [program, "run", path], "no invariant violated",
                     env={**os.environ, "P2MCHECK_KNOWN": masks})


@test("kernel: the cases of races name what they show", tier="scripts")
def heads(t):
    paths = glob.glob(f"{CASES}/*.txt")
    t.check("there are some", len(paths) > 5)
    for path in paths:
        t.check(path, {"shown without", "reported as"} <= set(head(path)))


@test("kernel: a case of another mode is told apart", how="builds")
def modes(t):
    if not trees():
        t.skip("no LINUX and no linux-source package")
    folder = prepared(t, trees()[0])
    program, name = f"{folder}/p2m-case", os.path.basename(folder)
    t.make("the program", ["-s", "SUBJECT=linux", f"LINUX_FOLDER={folder}", program])
    case = "p2m-case 2\ngeometry micro\nsubject {}\nmode {}\nat 1 get 0x0\nget 0x1\n"
    t.expect("another mode", [program, "run", t.path("a.txt", case.format(name, "as-optimised"))],
             "case of mode as-optimised; this program has as-written", status=1)
    t.expect("another version", [program, "run", t.path("b.txt", case.format("2.6.1", "as-written"))],
             "another subject", status=1)
    t.expect("its own", [program, "run", t.path("c.txt", case.format(name, "as-written"))], "no invariant violated")


for KERNEL in trees():
    races_of(KERNEL)
