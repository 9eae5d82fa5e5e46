# SPDX-License-Identifier: GPL-2.0-or-later
"""make prove: what it prints of each answer of cbmc, that a proof that was not run is not passed, and
(in make test-all, where there is cbmc) that the proofs hold and that each fails on planted changes.
"""

import glob
import json
import os
import platform
import re
import shutil

from harness import ROOT, test, text_of, write
from p2mcheck import prove

HOUR = 3600
GOOD = """[p.assertion.1] line 7 it holds: SUCCESS
[p.assertion.2] line 8 the page is there: SUCCESS
[proof_other.assertion.1] line 9 it is out of reach: SUCCESS
[memcpy.overflow.1] line 1 arithmetic overflow: SUCCESS

** 0 of 4 failed (1 iterations)
VERIFICATION SUCCESSFUL
"""
BAD = """[p.assertion.1] line 7 it holds: SUCCESS
[p.assertion.2] line 8 the page is there: FAILURE
[p.assertion.3] line 9 the end is there: FAILURE

Trace for p.assertion.2:

  INPUT pfn: 7ull (00000111)
  INPUT map[0].start: 4096ull (0001)

Trace for p.assertion.3:

  INPUT pfn: 9ull (00001001)

** 2 of 3 failed (2 iterations)
VERIFICATION FAILED
"""


# ---- without cbmc ----

def fake(t, status, text):
    """A cbmc that answers so; without a text there is none."""
    shutil.rmtree(t.path("bin"), ignore_errors=True)
    os.mkdir(t.path("bin"))
    for name in ("sh", "gcc", "dpkg-query"):
        t.path(f"bin/{name}", '#!/bin/sh\nexit 0\n') if name == "gcc" else os.symlink(
            shutil.which(name) or "/bin/false", t.path(f"bin/{name}"))
    if text is not None:
        t.path("bin/cbmc", f"#!/bin/sh\necho \"$@\" >> {t.path('calls')}\n"
                           f"/bin/cat {t.path('answer', text)}\nexit {status}\n")
    for name in ("gcc", "cbmc"):
        if os.path.exists(t.path(f"bin/{name}")):
            os.chmod(t.path(f"bin/{name}"), 0o755)


def call(t, *arguments):
    return t.run(["scripts/prove", f"--build={t.path('build')}", *arguments], cwd=ROOT,
                 env={"PATH": t.path("bin"), "NO_SETUP": "1", "CRASHES": t.path("crashes")})


def says(t, what, done, status, *patterns):
    fine = done.status == status and all(re.search(pattern, done.out, re.M) for pattern in patterns)
    t.check(what, fine and "Traceback" not in done.out, f"status {done.status}, expected {status}\n{done.out}")


@test("prove: answers of cbmc", tier="scripts")
def answers(t):
    fake(t, 0, GOOD)
    says(t, "all hold", call(t), 0, r"^proved index: 2 sentences \(", r"^proved e820-2: 2 sentences",
         rf"^prove: geometry x86_64: {len(prove.PROOFS)} proved, 0 failed$")
    calls = text_of(t.path("calls")).splitlines()
    t.check("each with its own function, and loops to their end", len(calls) == len(prove.PROOFS) and
            all("--unwinding-assertions" in line and " --function proof_" in line for line in calls), "\n".join(calls))
    result = json.loads(text_of(t.path("build/prove.json")))
    t.check("JSON", all(proof["fine"] for proof in result["proofs"].values()) and
            len(result["proofs"]) == result["all"], str(result))
    fake(t, 10, BAD)
    says(t, "a counterexample is shown", call(t, "--only=^mid"), 1,
         r"^FAILED mid-part-end: the page is there; the end is there: pfn=7ull, map\[0\]\.start=4096ull \(",
         "^prove: geometry x86_64: 0 proved, 1 failed$")
    for what, status, text, reason in (
            ("it is killed", 137, "", "cbmc ended with status 137"),
            ("it cannot read the source", 6, "file a.c line 1: error: bad\nPARSING ERROR\n",
             "cbmc ended with status 6: .*error: bad"),
            ("its status alone says nothing", 0, "VERIFICATION SUCCESSFUL\n", "cbmc ended with status 0"),
            ("none of its sentences", 0, re.sub(r"p\.assertion.*\n.*", "p.overflow.1] it fits: SUCCESS", GOOD),
             "cbmc proved no sentence"),
            ("one of them failed", 0, GOOD.replace("0 of", "1 of"), "cbmc ended with status 0")):
        fake(t, status, text)
        says(t, what, call(t, "--only=^index$"), 1, f"^FAILED index: {reason}", ": 0 proved, 1 failed$")


@test("prove: without cbmc it is SKIP, with a status of its own", tier="scripts")
def not_there(t):
    os.mkdir(t.path("build"))
    t.path("build/prove.json", "{}")
    fake(t, 0, None)
    done = call(t)
    says(t, "SKIP", done, prove.SKIPPED, r"\Aprove: SKIP: .* cbmc.*; Debian 13 has cbmc; nothing was proved\n\Z")
    t.check("an earlier result is gone", not os.path.exists(t.path("build/prove.json")))


@test("prove: arguments", tier="scripts")
def arguments(t):
    fake(t, 0, GOOD)
    says(t, "no such proof", call(t, "--only=nothing"), 2, r"ONLY=nothing: choose from: index, .*e820-2")
    says(t, "no such geometry", call(t, "--geometry=cube"), 2, "--geometry=cube: choose one of: ")
    says(t, "no such core", call(t, "--core=/nowhere"), 2, "--core=/nowhere: no such folder")
    says(t, "the core itself", call(t, "--core=core"), 2, "--core=core: no core/ in this folder")
    for geometry, flag in (("x86_64", "-DP2M_TOP=512"), ("x86_32", "-DP2M_WORD_BITS=32")):
        says(t, geometry, call(t, f"--geometry={geometry}"), 0, f"^prove: geometry {geometry}: ")
        t.check(flag, flag in text_of(t.path("calls")).splitlines()[-1])


@test("prove: which systems have a package", tier="scripts")
def systems(t):
    before = platform.freedesktop_os_release
    try:
        for system, has in (({"ID": "debian", "VERSION_ID": "12"}, False), ({"ID": "debian", "VERSION_ID": "13"}, True),
                            ({"ID": "debian"}, True), ({"ID": "other", "VERSION_ID": "13"}, False)):
            platform.freedesktop_os_release = lambda system=system: system
            t.check(str(system), (prove.why_no_package() is None) == has and bool(prove.packages()) == has)
    finally:
        platform.freedesktop_os_release = before


# ---- with cbmc ----

def needs_cbmc(t):
    """Skips only where no package could be installed: elsewhere its absence is a failure."""
    if not shutil.which("cbmc") and prove.why_no_package():
        t.skip(prove.why_no_package())


@test("proofs, all inputs", tier="all", how="builds")
def proofs(t):
    needs_cbmc(t)
    t.make("make prove", ["prove", f"B={t.path('build')}"],
           rf"^prove: geometry x86_64: (?P<n>{len(prove.PROOFS)}) proved, 0 failed$", limit=HOUR)


# Proof: changes of the core that it must notice, as (file, before, after), or a planted bug.
CHANGES = {
    "index": (("tree.h", "pfn / P2M_MID_SPAN", "(pfn + 1) / P2M_MID_SPAN"),
              ("tree.h", "% P2M_MID)", "% (P2M_MID - 1))"),
              ("tree.h", "pfn % P2M_LEAF", "pfn & (P2M_LEAF - 2)")),
    "index-inverse": (("tree.h", "(unsigned)(pfn / P2M_MID_SPAN)", "(uint8_t)(pfn / P2M_MID_SPAN)"),
                      ("tree.h", "pfn / P2M_LEAF % P2M_MID", "(uint16_t)pfn / P2M_LEAF % P2M_MID")),
    "mid-part-end": (("p2m.c", "lo - lo % P2M_MID_SPAN + P2M_MID_SPAN", "lo + P2M_MID_SPAN"),
                     ("p2m.c", "return next < end ? next : end", "return next <= end ? next : next"),
                     ("p2m.c", "lo - lo % P2M_MID_SPAN + P2M_MID_SPAN", "(uint32_t)(lo << 6) / 64 - lo % P2M_MID_SPAN"
                                                                       " + P2M_MID_SPAN")),
    # with one entry there is one run, which begins at the lowest byte
    "e820-1": ("p42", "p43", "p130", "p139", ("e820.c", "last > MAX_P2M_PFN", "last > MAX_P2M_PFN + 1")),
    "e820-2": ("p36", "p37", "p38", "p39", "p40", "p41", "p78", "p79", "p123", "p138"),
}


def plant(t, change):
    """The folder around a core/ with this change."""
    folder = t.path("planted")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(f"{ROOT}/core", f"{folder}/core")
    if isinstance(change, str):
        [patch] = glob.glob(f"{ROOT}/props/bugs/{change}-*.patch")
        t.expect(f"{change} applies", ["patch", "-s", "-p1", "-d", folder, "-i", patch])
        write(f"{folder}/core/e820.c", "#define PLANTED(harm) (harm)\n" + text_of(f"{folder}/core/e820.c"))
        return folder
    name, before, after = change
    text = text_of(f"{folder}/core/{name}")
    t.check(f"{name} has it once: {before}", text.count(before) == 1)
    write(f"{folder}/core/{name}", text.replace(before, after))
    return folder


@test("proofs: each proof has planted changes", tier="scripts")
def none_without(t):
    t.check("the same names", list(CHANGES) == [proof.name for proof in prove.PROOFS], str(list(CHANGES)))
    t.check("at least two of each", all(len(changes) > 1 for changes in CHANGES.values()))


def notices(name, change):
    @test(f"proofs: {name} has a counterexample to {change if isinstance(change, str) else change[2]}", tier="all")
    def run(t):
        needs_cbmc(t)
        t.expect("FAILED, with values", ["scripts/prove", f"--only=^{name}$", f"--core={plant(t, change)}",
                                         f"--build={t.path('build')}"],
                 rf"^FAILED {name}: (?!cbmc ).*: \S+=.*\n^prove: geometry x86_64: 0 proved, 1 failed$", 1, limit=HOUR)


for NAME, FOUND in CHANGES.items():
    for CHANGE in FOUND:
        notices(NAME, CHANGE)
