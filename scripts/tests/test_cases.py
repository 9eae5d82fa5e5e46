# SPDX-License-Identifier: GPL-2.0-or-later
"""The core under test: unit tests, properties, corpora, state hashes across compilers and options,
exhaustive searches, planted bugs, and a short run of each target and engine.
"""

import glob
import json
import os
import re
import subprocess

from harness import BUILD, ROOT, command, make_command, test, text_of
from p2mcheck import race
from p2mcheck.programs import why_no_32_bit

FLAVOURS = {"gcc": "test", "clang-san": "test", "clang": "all", "gcc-san": "all"}  # and the tier of their corpora
SMALL, BIG = "tiny,odd,micro", "x86_64,x86_32"
CORES = os.cpu_count()

UNITS = [(flavour, geometry, name)
         for flavour in ("gcc", "clang-san") for geometry in ("tiny", "odd", "x86_64")
         for name in ("core", "model", "text", "codec", "mutate", "host", "invariants", "rules", "shrink")
         if geometry != "odd" or name in ("core", "model", "codec", "mutate")]
UNITS += [("gcc", "tiny", "adapter_aflpp"), ("gcc-san", "tiny", "adapter_aflpp")]
UNITS += [(flavour, "tiny", name) for flavour in ("gcc", "clang-san") for name in ("order", "schedule", "store_buffer")]
UNITS += [(flavour, geometry, "judge") for flavour in ("gcc", "clang-san") for geometry in ("tiny", "x86_64")]
UNITS += [("gcc", geometry, name) for geometry in ("micro", "tiny", "x86_64") for name in ("kept_pages", "shrink_moves")]
UNITS += [("gcc", "x86_64", "order"), ("gcc", "micro", "explore"), ("clang-san", "micro", "explore")]
UNITS += [("gcc", "x86_32", "core"), ("gcc", "x86_32", "codec"), ("gcc-san", "tiny", "host")]

# flavour, geometry, cases
PROPS = [("gcc", "tiny", 20000), ("gcc", "odd", 20000), ("gcc", "micro", 20000),
         ("gcc", "x86_64", 4000), ("gcc", "x86_32", 2000), ("clang-san", "tiny", 1500),
         ("gcc-san", "tiny", 3000), ("clang-san", "odd", 3000), ("clang-san", "x86_64", 300)]

# name, flavour, options, geometries if not all, tier
HASHES = (("a second time", "gcc", (), None, "test"), ("in reverse order", "gcc", ("--reverse",), None, "test"),
          ("every check after every op", "gcc", ("--check=every",), None, "test"),
          ("clang -O2", "clang", (), None, "all"), ("gcc -O0", "gcc-O0", (), ("tiny", "x86_64"), "all"),
          ("clang -O0", "clang-O0", (), ("tiny", "x86_64"), "test"), ("gcc ASan+UBSan", "gcc-san", (), None, "all"),
          ("clang ASan+UBSan", "clang-san", (), None, "test"), ("i386", "gcc-m32", (), ("odd", "x86_32"), "test"))


WHY_NO_32_BIT = why_no_32_bit(BUILD)


def replay(name, flavour, geometries, *options, tier="test"):
    if flavour == "gcc-m32" and WHY_NO_32_BIT:
        test(name)(lambda t: t.skip(WHY_NO_32_BIT))
        return
    command(name, [f"{BUILD}/{flavour}/p2m-case", "replay", *options, "corpus"],
            rf"^replayed in {geometries} geom.* 0 failures$", tier=tier)


# A 32-bit program has no addresses for a list that is as long as the table, and cuts it.
LONG_LISTS = re.compile(r" x86_32 corpus/seed/list-(sparse|any-word)\.txt$")


def hashes(t, flavour, *options):
    """What `replay --hashes` prints, as a sorted list of lines."""
    done = t.run([f"{BUILD}/{flavour}/p2m-case", "replay", "--hashes", *options, "corpus"], stderr=subprocess.PIPE)
    t.check(f"{flavour} {' '.join(options)}", done.status == 0, done.err)
    return sorted(done.out.splitlines())


def comparable(lines, flavour):
    return [line for line in lines if flavour != "gcc-m32" or not LONG_LISTS.search(line)]


def determinism(name, flavour, options, geometries, tier):
    if flavour == "gcc-m32" and WHY_NO_32_BIT:
        test(f"state hashes: {name}")(lambda t: t.skip(WHY_NO_32_BIT))
        return

    @test(f"state hashes: {name}", tier=tier, goals=("gcc/p2m-case", f"{flavour}/p2m-case"))
    def same(t):
        want = [line for line in comparable(hashes(t, "gcc", "--geometry=all"), flavour)
                if geometries is None or line.split()[1] in geometries]
        different = sorted(set(want) ^ set(comparable(hashes(t, flavour, *options), flavour)))
        t.check(f"the same {len(want)} hashes", len(want) > 200 and not different, "\n".join(different[:8]))


# Newer compilers turn use-after-return on, where each coroutine gets another stack. The litmus tests begin too
# many of them for that; "schedules: one hash" has it.
PLAIN = ["env", "ASAN_OPTIONS=detect_stack_use_after_return=0"]
for FLAVOUR, GEOMETRY, NAME in UNITS:
    command(f"unit tests {NAME}, {GEOMETRY}, {FLAVOUR}",
            [*PLAIN * (NAME == "store_buffer"), f"{BUILD}/{FLAVOUR}/{GEOMETRY}/unit-test_{NAME}"],
            r"PASSED  \] (?P<n>\d+) test", goals=(f"{FLAVOUR}/{GEOMETRY}/unit-test_{NAME}",))
for FLAVOUR, GEOMETRY, COUNT in PROPS:
    command(f"properties, {GEOMETRY}, {FLAVOUR}, {COUNT} cases",
            [f"{BUILD}/{FLAVOUR}/{GEOMETRY}/props_{GEOMETRY}", f"--cases={COUNT}"], r" 0 failures$")
for FLAVOUR, TIER in FLAVOURS.items():
    replay(f"corpora in all geometries, {FLAVOUR}", FLAVOUR, 5, tier=TIER)
replay("corpora, i386", "gcc-m32", 2)
replay("corpora in small geometries, every check, clang-san", "clang-san", 3, "--check=every", f"--geometry={SMALL}")
replay("each page of each case refused, small geometries, clang-san", "clang-san", 3, "--faults", f"--geometry={SMALL}")
replay("each page of each case refused, big geometries", "gcc", 2, "--faults", f"--geometry={BIG}")
for ROW in HASHES:
    determinism(*ROW)

# Coroutines: the same verdicts and hashes by each way to switch stacks, and under each sanitizer.
SWITCHES = (("gcc", "by hand", {}), ("gcc-ucontext", "ucontext", {}),
            ("clang-san", "ASan", {"ASAN_OPTIONS": "detect_stack_use_after_return=0"}),
            ("clang-san", "ASan, use after return", {"ASAN_OPTIONS": "detect_stack_use_after_return=1"}))
SANITIZED = (("fuzz-thread", "TSan", {}), ("fuzz-memory", "MSan", {}), ("clang-ucontext", "ASan, ucontext", {}))


def schedules(name, rows, *arguments, **options):
    @test(name, goals=sorted({f"{flavour}/tiny/unit-test_schedule" for flavour, *_ in rows}), **options)
    def same(t):
        lines = []
        for flavour, title, environment in rows:
            done = t.run([f"{BUILD}/{flavour}/tiny/unit-test_schedule", *arguments],
                         env={**os.environ, **environment}, limit=3600)
            found = re.search(r"^schedules: \d+ cases, hash (\w{16})$", done.out, re.M)
            t.check(f"{title}: all tests passed", done.status == 0 and found, done.out[-2000:])
            lines.append(found and found[1])
        t.check("one hash", len(set(lines)) == 1, f"{lines}")


schedules("schedules: one hash, by hand, ucontext, ASan", SWITCHES, "4000")
schedules("schedules: one hash, every sanitizer", SWITCHES + SANITIZED, tier="all")
schedules("schedules: a million cases, a million failures", SWITCHES[:3], "1000000", tier="all", how="alone")

# All of micro, and a part of what two calls at a time can do.
MICRO = f"{BUILD}/gcc/micro/exhaustive_micro"
command("exhaustive, micro: every state x every call", [MICRO, "--calls"],
        r"geometry micro: 421690 states, 9\d{7} transitions, .*: closed, no new state is left$")
command("exhaustive, micro: a part under ASan+UBSan",
        [f"{BUILD}/clang-san/micro/exhaustive_micro", "--transitions=400000"], r"the limit was reached$")
command("exhaustive, micro: memory maps and refused pages from each state near a boot", [MICRO, "--maps", "--depth=1"],
        r"[1-9]\d{5} of the transitions are memory maps, from [1-9]\d+ states$")
command("exhaustive races, micro: every pair of calls, two switches, from each 400th state",
        [MICRO, "--races", "--every=400", f"--jobs={CORES}"],
        r"geometry micro: 51424 states, .*: closed, no new state is left, from a part of the states$", how="alone")
command("exhaustive races, micro: three calls from the boots, one in eight",
        [MICRO, "--races", "--three", "--thin=8", f"--jobs={CORES}"],
        r"all was tried within the depth, with a part of the calls$", how="alone")


@test("exhaustive races: the reduction loses no outcome", how="alone", goals=("gcc/micro/exhaustive_micro",))
def reduction(t):
    """The reduced runs are a part of the others, so as many outcomes are the same ones."""
    for options in ("--switches=1 --every=1500", "--every=900 --thin=3", "--three --thin=11",
                    "--tso --every=3000"):
        found = []
        for more in ("", " --unreduced"):
            path = t.path("races.json")
            t.expect(options + more, [MICRO, "--races", f"--jobs={CORES}", f"--json={path}", *(options + more).split()],
                     r"runs/s\nexhaustive races: geometry micro: .*(closed|tried)")
            found.append(json.loads(text_of(path)))
        reduced, whole = found
        t.check("fewer runs, as many outcomes", reduced["transitions"] * 2 < whole["transitions"] and
                whole["outcomes"] > 20000 and reduced["outcomes"] == whole["outcomes"] and
                reduced["groups"] == whole["groups"], str(found))


@test("real threads under ThreadSanitizer", goals=("tsan/tiny/race_tiny",))
def threads(t):
    clone = t.clone()  # race.json of the user stays
    t.expect("race", ["scripts/race", "--build=build", "--rounds=300"], r"^race: 300 rounds, .* 0 failures$", cwd=clone)
    found = json.loads(text_of(f"{clone}/build/race.json"))
    t.check("for the report", found["rounds"] == 300 and found["calls"] and found["reads"] and not found["failures"]
            and (found["geometry"], found["threads"], found["status"]) == ("tiny", 4, 0), str(found))


@test("race: what is kept of a run", tier="scripts")
def race_kept(t):
    found = race.counts_of("race: geometry tiny, seed 1, 4 threads\nrace: 3 rounds, 40 calls, 30 reads checked (2 "
                           "could not be), 5 refused pages, 6 lost races for a slot (pages given back), 1 failures\n")
    t.check("each count", found == {"rounds": 3, "calls": 40, "reads": 30, "unknown": 2, "refused": 5, "lost": 6,
                                    "failures": 1}, str(found))
    t.check("nothing of a run that died", race.counts_of("race: a call does not terminate\n") is None)
    status, text = race.run(["sh", "-c", "echo one; echo two; exit 3"])
    t.check("status and output", (status, text) == (3, "one\ntwo\n"), str((status, text)))


@test("planted bugs, each from its shortest case", how="alone", goals=("gcc/p2m-case",))
def planted_bugs(t):
    """The exhaustive search must also find that case."""
    t.expect("scripts/bugs --smoke", ["scripts/bugs", "--smoke", f"--build={BUILD}"],
             r"^(?P<n>\d+) passed, 0 failed$", limit=3600)
    patches = len(glob.glob("props/bugs/*.patch"))
    t.check(f"each of {patches} patches", t.checks == patches > 48, f"{t.checks} passed")


@test("planted bugs: a patch that is no bug is refused", goals=("gcc/p2m-case",), how="builds")
def no_bugs(t):
    clone = t.clone()
    os.unlink(f"{clone}/props")
    os.makedirs(f"{clone}/props/bugs")
    for name in os.listdir(f"{ROOT}/props"):
        if name != "bugs":
            os.symlink(f"{ROOT}/props/{name}", f"{clone}/props/{name}")

    def refused(name, says, only, text=None):
        if text:
            t.path("clone/props/bugs/zz-test.patch", text)
        t.expect(name, ["scripts/bugs", "--build=build", "--smoke", f"--only={only}"], says, status=1, cwd=clone)
    refused("no patch of that name", "no patch whose name matches", "no-such-bug")
    refused("no head", "no line `---`", "^zz-test$", "--- a/core/p2m.c\n")
    refused("no invariant", "no `Invariant:`", "^zz-test$",
            "Bug: X\nClass: x\nStory: x\nCase:\n    geometry micro\n---\n")
    refused("a diff that does not apply", "does not build", "^zz-test$",
            "Bug: X\nClass: x\nStory: x\nInvariant: HANG\nCase:\n    p2m-case 1\n    geometry micro\n---\n"
            "--- a/core/p2m.c\n+++ b/core/p2m.c\n@@ -1,1 +1,1 @@\n-not there\n+x\n")
    refused("a core that needs the harness", r"without the harness: .*P2M_SYNC", "^zz-test$",
            text_of("props/bugs/b14-ident-race.patch").replace("P2M_SYNC(P2M_CALL, 0, 0, 0)", "P2M_SYNC()"))


# ---- short fuzzing ----

def fuzz(pattern, *settings, **options):
    shown = " ".join(one for one in settings if not one.startswith("JOBS"))
    command(f"make fuzz {shown}", make_command("fuzz", *settings), pattern, **options)


for GEOMETRY in ("tiny", "x86_64", "x86_32"):
    for NAME in ("ops", "e820"):
        fuzz(r" 0 findings$", f"TARGET={NAME}", f"GEOMETRY={GEOMETRY}", "TIME=2", "JOBS=1",
             goals=(f"fuzz/{GEOMETRY}/{NAME}_{GEOMETRY}", "p2m-case"))
fuzz(r" 0 findings$", "TARGET=case", "GEOMETRY=tiny", "TIME=2", "JOBS=1",
     goals=("fuzz-harness/tiny/case_tiny", "p2m-case"))
fuzz(r" stability 100 %; 0 findings$", "ENGINE=afl", "TARGET=ops", "TIME=5", "JOBS=2", how="alone", needs=("afl-fuzz",),
     goals=("afl/tiny/ops_tiny", "afl-san/tiny/ops_tiny", "afl/tiny/mutator_ops_tiny.so", "p2m-case"))
fuzz(r" stability 100 %; 0 findings$", "ENGINE=afl", "TARGET=case", "TIME=5", "JOBS=2", how="alone",
     needs=("afl-fuzz",), goals=("afl-harness/tiny/case_tiny", "fuzz-harness/tiny/case_tiny", "p2m-case"))


@test("the canary is found and filed", goals=("fuzz/tiny/canary_tiny", "p2m-case"))
def canary(t):
    clone = t.clone()
    output = t.expect("make fuzz TARGET=canary", ["make", "fuzz", "TARGET=canary", "TIME=20", "JOBS=1"],
                      r"^finding: GET_MATCHES_MODEL$", status=2, cwd=clone)
    t.check("it says how to repeat it",
            "make repro CASE=crashes/canary_micro-GET_MATCHES_MODEL-" in output, output)
    found = re.search(r"make repro CASE=(\S+)", output)
    t.check("bytes and text are there",
            found and all(os.path.exists(f"{clone}/{found[1]}{end}") for end in ("", ".txt")), output)
    found = re.search(r"^  report  (\S+)$", output, re.M)
    report = text_of(f"{clone}/{found[1]}") if t.check("a report", found, output) else ""
    t.check("its stack has functions and lines", re.search(r"^ +#\d+ 0x\w+ in report_and_stop .*report\.c:\d+", report, re.M),
            report)
