# SPDX-License-Identifier: GPL-2.0-or-later
"""What a finding says: at which level it is found again, that a call without an end has an op and a
case, and the names of the files of `make props`. Each with a planted bug that shows it.
"""

import glob
import os
import re
from unittest import mock

from harness import BUILD, finish, test
from p2mcheck import engines, findings
from p2mcheck.engine_run import EngineRun
from p2mcheck.files import read, read_text
from p2mcheck.programs import Programs

HEALED, SPINS = "p90-hint-goes-stale", "p91-waits-for-publish"


def planted(bug, *flavours):
    """The programs of micro and tiny with this bug; p2m-case is built, for each flavour."""
    programs = Programs(BUILD).planted(bug, "judge", ["micro", "tiny"])
    programs.make(*map(programs.p2m_case, flavours or ("gcc",)))
    return programs


def case_of(t, bug):
    """The shortest case, from the head of the patch."""
    head = read_text(f"props/bugs/{bug}.patch").split("\n---\n", 1)[0]
    return t.path("case.txt", re.sub(r"^    ", "", head.split("Case:\n", 1)[1], flags=re.M) + "\n")


@test("a defect that more lookups heal is found again", goals=("gcc/p2m-case",), how="builds")
def healed(t):
    tool, case = planted(HEALED).p2m_case("gcc"), case_of(t, HEALED)
    t.expect("the quick checks find it", [tool, "run", case], "RESULT_MATCHES_MODEL", 1)
    t.expect("all lookups hide it", [tool, "run", "--check=every", case], "no invariant violated")
    t.expect("repro", [tool, "repro", case], "RESULT_MATCHES_MODEL.*op 2 of 2.*only the quick checks.*The tree after",
             status=1)
    t.expect("shrink", [tool, "shrink", "--want=RESULT_MATCHES_MODEL", case, "-o", t.path("out")], " -> 2 ops in micro")


@test("a call that passes no sync point is a HANG", goals=("gcc/p2m-case",), how="builds")
def spins(t):
    """It is ended by its CPU time: repro and shrink end as well."""
    tool, case = planted(SPINS).p2m_case("gcc"), case_of(t, SPINS)
    t.expect("repro", [tool, "repro", case], r"HANG.*op 2 of 2: set.*boot.*bare.*The tree before:.*The tree after:", 1)
    longer = t.path("longer.txt", re.sub(r"^build$", "build\nget 0x3\nset 0x1 invalid", read_text(case), flags=re.M))
    t.expect("shrink", [tool, "shrink", "--want=HANG", longer, "-o", t.path("out")], "HANG: 4 ops .* -> 2 ops in micro")


def found_by(engine, *goals, **options):
    @test(f"a call that passes no sync point is found by {engine}", how="alone", goals=("p2m-case", *goals), **options)
    def found(t):
        programs = Programs(BUILD).planted(SPINS, "judge", ["micro", "tiny"])
        hunt = engines.Hunt(programs, "ops", "tiny", time=300)
        programs.make(programs.p2m_case(), hunt.binary, *(programs.afl_files("ops", "tiny") if engine == "afl" else ()))
        for name in ("corpus", "seeds"):
            os.makedirs(t.path(name))
        t.path("seeds/boot", bytes(16))
        # an engine's own limit is by the clock: on a busy machine it would come first
        with mock.patch.multiple(engines, LIMIT=600, LIMITS=("-timeout=600",)):
            run = EngineRun(t.path("run"), engine, hunt, [t.path("corpus"), t.path("seeds")])
            run.prepare()
            job = run.jobs[0]
            job.start(hunt.time)
            t.watch(job.process)
            try:
                finish(job.process)
            finally:
                job.stop()
            kinds = [findings.kind_of(job.report(path)) for path in job.artifacts()]
        t.check("as HANG", kinds and set(kinds) == {"HANG"}, f"{kinds}\n{read_text(job.log)[-2000:]}")


found_by("libfuzzer")
found_by("afl", needs=("afl-fuzz",))


def mixed(text):
    """The hash of props/cli/random.c: prng_mix over each byte."""
    number, mask = 0, 2 ** 64 - 1
    for byte in text:
        number ^= byte
        number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9 & mask
        number = (number ^ number >> 27) * 0x94d049bb133111eb & mask
        number ^= number >> 31
    return number


@test("make props names a finding by all of its case", goals=("gcc/p2m-case",), how="builds")
def names(t):
    programs = planted(HEALED)
    program, folder = programs.program("props", "micro"), t.path("crashes")
    programs.make(program)
    for seed in (1, 2, 3):
        t.expect(f"seed {seed}", [program, f"--crashes={folder}", f"--seed={seed}"], "filed as", 1)
    cases = glob.glob(f"{folder}/*.txt")
    t.check("three findings", len(cases) == 3, str(cases))
    for case in cases:
        t.check("the name is the hash of the text", case.endswith(f"-{mixed(read(case)):016x}.txt"), case)
