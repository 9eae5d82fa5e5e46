# SPDX-License-Identifier: GPL-2.0-or-later
"""Xen's own save code as the judge: XEN, or Debian's source package, which is downloaded once.

Without the package the tests are skipped. The code agrees with the harness's own toolstack on the
corpora, the memory maps and random cases, and it sees the planted bugs that lose frames.
"""

import json
import os
import re
import resource

from harness import BUILD, ROOT, test, text_of
from p2mcheck.files import Failure
from p2mcheck.programs import Programs
from p2mcheck.xen import apt, judge, prepare

XEN = os.environ.get("XEN") or "debian"
GIVEN = os.path.abspath(os.path.expanduser(XEN)) if XEN != "debian" else XEN  # for another folder
JUDGED = "tiny,x86_64,x86_32"
UNITS = (("gcc", "tiny"), ("gcc", "x86_64"), ("gcc", "x86_32"), ("clang-san", "tiny"))
LOOK = 0.05e-3  # seconds for one look in tiny, at most

# Planted bugs of the MFN tree and of max_pfn, by which frames are lost.
BUGS = ("b11-mfn-tree", "p27-mfn-leaf-copy", "p29-mfn-once", "p30-max-pfn-one-place")

# What a user's lists may look like, and the same for source packages.
LINES = """# a comment
deb [signed-by=/a/key.gpg] http://mirror/debian bookworm main
deb-src [signed-by=/a/key.gpg] http://mirror/debian bookworm main
 deb http://mirror/security bookworm-security main
"""
SOURCE_LINES = """deb-src [signed-by=/a/key.gpg] http://mirror/debian bookworm main
deb-src http://mirror/security bookworm-security main
"""
STANZAS = "Types: deb\nURIs: http://mirror/debian\nSuites: bookworm\n\nTypes: deb deb-src\nURIs: http://other\n"


@test("Xen: the system's sources of packages, turned to source packages", tier="scripts")
def sources(t):
    t.check("lines", apt.as_source_lines(LINES) == SOURCE_LINES, apt.as_source_lines(LINES))
    t.check("stanzas", apt.as_source_stanzas(STANZAS).count("Types: deb-src\n") == 2 and
            len(apt.as_source_stanzas(STANZAS).splitlines()) == len(STANZAS.splitlines()))
    os.makedirs(t.path("etc/sources.list.d"))
    for name, text in (("sources.list", LINES), ("sources.list.d/a.sources", STANZAS), ("sources.list.d/b.save", "x")):
        t.path(f"etc/{name}", text)
    options = apt.configure(t.path("apt"), t.path("etc"))
    t.check("both, and nothing else", sorted(os.listdir(t.path("apt/sources"))) == ["a.sources", "sources.list"])
    t.check("each folder is ours", all(t.folder in word for word in options if word.startswith("Dir::") and
                                       "/dev/null" not in word), str(options))
    t.check("the originals are as they were", text_of(t.path("etc/sources.list")) == LINES)


@test("Xen: a folder that is no tree of Xen", tier="scripts")
def no_tree(t):
    t.expect("scripts/xen", ["scripts/xen", f"--build={t.path('build')}", f"--xen={t.folder}"],
             r"\Axen: XEN=\S+: it has no tools/libs/guest/\S+\n\Z", 1)
    t.check("nothing is left", not os.path.exists(t.path("build/xen")))


SAID = "tiny: 9 cases; wrong for none 2, own 0, Xen 1, both 6; Xen refuses 4\n"


@test("Xen: what make judge counts, and on what", tier="scripts")
def counts(t):
    found = judge.counts_of("first of judge:\n  Xen: op 1: lost\n" + SAID)
    t.check("each count", found == {"cases": 9, "none": 2, "own": 0, "judge": 1, "both": 6, "refused": 4}, str(found))
    t.check("no answer", judge.counts_of("usage: toolstacks CASES SEED\n") is None)
    for bug, own, by_xen, both, agrees in (("", 0, 0, 0, True), ("", 0, 0, 1, False), ("", 1, 0, 0, False),
                                           ("b", 0, 0, 1, True), ("b", 1, 0, 1, False), ("b", 0, 1, 1, False)):
        row = {"bug": bug, "own": own, "judge": by_xen, "both": both}
        t.check(str(row), judge.agrees(row) == agrees)
    subjects = list(judge.subjects())
    t.check("the core, and bugs that lose frames", ("", "x86_32") in subjects and
            set(BUGS) <= {bug for bug, _ in subjects} and ("p10-leaf-slot-8", "x86_64") in subjects and
            len(set(subjects)) == len(subjects), str(subjects))
    t.expect("no such subject", ["scripts/judge", f"--build={t.path('build')}", "--only=nothing"],
             r"\Ajudge: ONLY=nothing: choose core, or bugs: \S+", 2)


@test("Xen: make judge on the core, and its figures for the report", how="builds")
def core_judged(t):
    judged(t)
    clone = t.clone()  # judge.json of the user stays
    t.expect("make judge", ["scripts/judge", "--build=build", f"--xen={GIVEN}", "--only=^core$", "--cases=800"],
             r"^core +tiny +800 cases: found by both 0, by one alone 0, .*^judge: 3 agree, 0 do not$", limit=3600,
             cwd=clone)
    found = json.loads(text_of(f"{clone}/build/judge.json"))
    t.check("judge.json", [(row["bug"], row["geometry"], row["cases"], row["none"]) for row in found["rows"]] ==
            [("", "tiny", 800, 800), ("", "x86_64", 20, 20), ("", "x86_32", 20, 20)] and found["xen"], str(found))


def judged(t, *goals):
    """The programs with the judge; skips if there is no source of Xen."""
    try:
        programs = Programs(BUILD).judged(prepare.prepare(BUILD, XEN), XEN)
    except Failure as failure:
        t.skip(str(failure))
    programs.make(*(f"{programs.folder}/{goal}" for goal in goals), shown=False)
    return programs


def flagged(t):
    """The corpora with the boot flag in each case."""
    for folder in ("seed", "e820", "regress"):
        for name in os.listdir(f"{ROOT}/corpus/{folder}"):
            if not name.endswith(".txt"):
                continue
            text = re.sub(r"\Ap2m-case 1", "p2m-case 2", text_of(f"{ROOT}/corpus/{folder}/{name}"))
            line, flag = (r"^boot\b(?! .*judge)", "boot judge") if re.search(r"^boot\b", text, re.M) else (
                r"^(geometry .*)", r"\1\nboot judge")
            os.makedirs(t.path(folder), exist_ok=True)
            t.path(f"{folder}/{name}", re.sub(line, flag, text, flags=re.M))
    return t.folder


@test("Xen: damage that it reports, and damage that it does not notice", how="builds")
def damage(t):
    programs = judged(t, *(f"{flavour}/{geometry}/unit-test_judge" for flavour, geometry in UNITS))
    for flavour, geometry in UNITS:
        t.expect(f"{flavour}, {geometry}", [f"{programs.folder}/{flavour}/{geometry}/unit-test_judge"],
                 r"Running 15 test.*PASSED  \] (?P<n>\d+) test")


@test("Xen: it agrees on the corpora and the memory maps", how="builds")
def corpora(t):
    tool = judged(t, "gcc/p2m-case").p2m_case("gcc")
    t.expect("every check", [tool, "replay", f"--geometry={JUDGED}", flagged(t)], r"replayed in 3 geom.* 0 failures$")
    said = t.expect("toolstacks", [tool, "replay", "--toolstacks", f"--geometry={JUDGED}", "corpus"])
    own, looks = said.count("  own    fine\n"), said.count("  Xen    fine\n")
    lines = len(re.findall(r"^  (?:own|Xen) ", said, re.M))
    t.check(f"{own} cases are fine, and {looks} of them for Xen", own > 600 and looks > 0.9 * own and
            lines == own + looks + said.count("  Xen    does not look\n"), said)


@test("Xen: without it the flag is counted, and hashes are the same", how="builds",
      goals=("gcc/p2m-case", "gcc/tiny/unit-test_judge"))
def hashes(t):
    tool, folder = judged(t, "gcc/p2m-case").p2m_case("gcc"), flagged(t)
    want = t.run([f"{BUILD}/gcc/p2m-case", "replay", "--hashes", folder]).out.splitlines()
    got = t.run([tool, "replay", "--hashes", folder]).out.splitlines()
    want, got = (sorted(line for line in lines if re.match("[0-9a-f]{16} ", line)) for lines in (want, got))
    t.check(f"{len(want)} hashes", len(want) > 1000 and want == got, "\n".join(sorted(set(want) ^ set(got))[:8]))
    t.expect("counted", [f"{BUILD}/gcc/tiny/unit-test_judge"], r"OK \] test_counted")


@test("Xen: random cases", tier="all", how="builds")
def random_cases(t):
    programs = judged(t, *(f"gcc/{geometry}/props_{geometry}" for geometry in JUDGED.split(",")))
    for geometry, count in (("tiny", 20000), ("x86_64", 2000), ("x86_32", 1000)):
        t.expect(geometry, [programs.program("props", geometry), f"--cases={count}", f"--crashes={t.path('crashes')}"],
                 rf"^{count} cases, .* 0 failures$")


@test("Xen: a save sees the planted bugs that lose frames", tier="all", how="builds")
def planted(t):
    judged(t)
    said = t.expect("make judge", ["scripts/judge", "--build=build", f"--xen={GIVEN}", f"--only=^({'|'.join(BUGS)})$"],
                    rf"^judge: {len(BUGS)} agree, 0 do not$", limit=3600, cwd=t.clone())
    for bug in BUGS:
        pattern = rf"^{bug} +tiny +20000 cases: found by both [1-9]\d*, by one alone 0, "
        t.check(bug, re.search(pattern, said, re.M), said)


@test("Xen: a look is quick", how="alone")
def quick(t):
    tool = judged(t, "gcc/p2m-case").p2m_case("gcc")
    case = "p2m-case 2\ngeometry tiny\nboot nr_pages=0x8{}\nset 0x1ff mfn 0x1\n" + "resume\n" * 250
    seconds = {}
    for flag in ("", " judge"):
        os.makedirs(t.path(f"cases{flag.strip()}"))
        for number in range(40):
            t.path(f"cases{flag.strip()}/{number}.txt", case.format(flag))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        t.expect("replay", [tool, "replay", "--geometry=tiny", t.path(f"cases{flag.strip()}")], " 0 failures$")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds[flag] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    look = (seconds[" judge"] - seconds[""]) / (40 * 251)
    t.check(f"{look * 1e3:.4f} ms", look < LOOK)


@test("Xen: fuzzing with it", tier="all", how="builds")
def fuzzing(t):
    judged(t)
    t.expect("make fuzz", ["make", "-s", "fuzz", f"XEN={GIVEN}", "TIME=30",
                           "JOBS=1"], r"ops_tiny: \d+ execs.*0 findings", cwd=t.clone())
