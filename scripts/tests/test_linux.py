# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's own file as a subject, if a kernel is there: LINUX, or Debian's source packages.

Nothing is downloaded. For each version: kernel-report finds defects, names each of them (a case
that fails without its mask and passes with it), and nothing else; behind these masks the reviewed
cases replay without a failure.
"""

import glob
import json
import os
import re
import shutil

from harness import BUILD, test, text_of, write

EXAMPLE = "props/subjects/example.c"


def trees():
    if os.environ.get("LINUX"):
        return os.environ["LINUX"].split()
    found = glob.glob("/usr/src/linux-source-*.tar.*")
    return sorted({"debian-" + re.search(r"source-(\d+\.\d+)", path).group(1) for path in found})


def prepared(t, tree):
    """The folder with the two files of a tree."""
    return t.run(["scripts/linux", f"--build={BUILD}", f"--linux={tree}"]).out.strip()


def props(t, what, pattern, *settings, status=0):
    """Random cases in a clone, where a finding is filed."""
    t.expect(what, ["make", "-s", "props", "CASES=2000", *settings], pattern, status=status,
             cwd=t.clone(f"clone-{t.checks}"))


@test("the example subject holds, and a slip in it is found", how="builds")
def example(t):
    props(t, "it holds", ", 0 failures", "GEOMETRY=tiny", f"SUBJECT={EXAMPLE}", "SHAPES=tiny")
    slip = f"{BUILD}/example_slip.c"
    write(slip, text_of(EXAMPLE).replace("pfn < end &&", "pfn + 1 < end &&"))
    props(t, "the slip is found", "p2mcheck: RANGE_PREFIX", "GEOMETRY=tiny", "SUBJECT=build/example_slip.c",
          "SHAPES=tiny", status=2)


def kernel(tree):
    @test(f"kernel {tree}: each finding has a name", how="builds", goals=("p2m-case",))
    def report(t):
        t.expect("kernel-report", ["scripts/kernel-report", f"--build={BUILD}", "--cases=20000", f"--linux={tree}"], limit=3600)
        row = json.loads(text_of(f"{BUILD}/kernel-report.json"))[0]
        t.check("C3 is one of its defects", "C3" in row["defects"], str(row))
        t.expect("the reviewed cases behind its masks", [f"{prepared(t, tree)}/p2m-case", "replay", "corpus"],
                 env={**os.environ, "P2MCHECK_KNOWN": ",".join(row["defects"])})


def planted_store(tree):
    @test(f"kernel {tree}: a store through the read-only mapping of the list is caught", how="builds")
    def store(t):
        folder = prepared(t, tree)
        text, count = re.subn(r"(xen_safe_write_ulong\(xen_p2m_addr[^;]*;)", r"\1 xen_p2m_addr[pfn] = mfn;",
                              text_of(f"{folder}/kernel/p2m.c"), count=1)
        if "xen_p2m_addr" not in text:
            t.skip("this version has no such mapping")
        t.check("the kernel's store is there", count == 1)
        os.makedirs(f"{BUILD}/slip", exist_ok=True)
        shutil.copy(f"{folder}/kernel/page.h", f"{BUILD}/slip/page.h")
        write(f"{BUILD}/slip/p2m.c", text)
        props(t, "it is caught with function and line",
              r"_PAGE_UNTOUCHED: .*the store is in __set_phys_to_machine, line \d+",
              "SUBJECT=linux", "LINUX=build/slip", "KNOWN=B5,C3,C6,F4", status=2)


for TREE in trees():
    kernel(TREE)
if trees():
    planted_store(trees()[0])
else:
    test("kernel: each finding has a name")(lambda t: t.skip("no LINUX and no linux-source package"))


@test("kernel: bad input of SUBJECT=linux")
def bad_input(t):
    t.expect("a folder without a kernel", ["scripts/linux", f"--build={BUILD}", f"--linux={t.folder}"], "no arch/x86/xen/p2m.c",
             status=1)
    t.make("which kernel", ["fuzz", "SUBJECT=linux"], "LINUX=TREE", status=2)


if "debian-6.1" in trees():
    @test("kernel: LINUX=debian is 6.1, whatever else is there", how="builds")
    def default(t):
        names = {prepared(t, name) for name in ("debian", "debian-6.1")}
        t.check("one folder", len(names) == 1 and "6.1-" in names.pop(), str(names))
