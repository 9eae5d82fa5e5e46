# SPDX-License-Identifier: GPL-2.0-or-later
"""What is a finding and what is none; that the printed command repeats it; places without ptrace or
/proc.
"""

import argparse
import glob
import os
import re
import shlex
import signal
import sys
import time

from harness import BUILD, ROOT, finish, test, text_of, wait_until
from p2mcheck import doubts, engines, findings
from p2mcheck.bugs import catalogue, main as bugs
from p2mcheck.campaign import report
from p2mcheck.engine_run import EngineRun
from p2mcheck.programs import SANITIZERS, Programs, why_no_32_bit

CASE = "corpus/seed/worked-example.txt"
LEAKS = "LeakSanitizer has encountered a fatal error"

# ---- a sanitizer's error about itself ----

FAULTS = {  # as printed
    f"Done 200 runs in 0 second(s)\n==14324==Can't open /proc/1/task for reading.\n==14324=={LEAKS}.\n"
    "==14324==HINT: LeakSanitizer does not work under ptrace (strace, gdb, etc)\n": LEAKS,
    "==7==AddressSanitizer: CHECK failed: asan_poisoning.cpp:37 \"((size)) != (0)\" (0x0, 0x0) (tid=7)\n":
        "AddressSanitizer: CHECK failed: asan_poisoning.cpp:37",
    "==7==ERROR: AddressSanitizer failed to allocate 0x1000 bytes of X (error code: 12)\n":
        "AddressSanitizer failed to allocate",
    "FATAL: ThreadSanitizer: unexpected memory mapping 0x5f0000-0x600000\n":
        "ThreadSanitizer: unexpected memory mapping",
    "FATAL: MemorySanitizer can not mmap the shadow memory.\n": "MemorySanitizer can not mmap",
    "==7==Shadow memory range interleaves with an existing memory mapping.\n": "Shadow memory range interleaves",
    "ERROR: Failed to mmap\n": "Failed to mmap",
}
REPORTS = {
    "DEDUP_TOKEN: GET_MATCHES_MODEL\nSUMMARY: libFuzzer: deadly signal\n": "GET_MATCHES_MODEL",
    "p2mcheck: HANG: a call does not end\n": "HANG",
    f"=={LEAKS}.\nSUMMARY: AddressSanitizer: heap-use-after-free core/p2m.c:1 in f\n": "SANITIZER_heap-use-after-free",
    "==7== ERROR: libFuzzer: timeout after 10 seconds\nSUMMARY: libFuzzer: timeout\n": "SANITIZER_timeout",
    "core/p2m.c:3:1: runtime error: shift exponent 64\n": "SANITIZER_undefined-behavior",
}


@test("findings: a sanitizer's error about itself is none", tier="scripts")
def faults(t):
    for text, reason in FAULTS.items():
        found = doubts.fault_in(text)
        t.check(reason, found is not None and found.startswith(reason) and doubts.name_in(text) is None, str(found))
    for text, name in REPORTS.items():
        t.check(name, findings.kind_of(text) == name and doubts.fault_in(text) is None, findings.kind_of(text))


@test("make bugs says what came instead", tier="scripts")
def instead(t):
    cases = {**REPORTS, **FAULTS, "Killed by the kernel\n": "`Killed by the kernel`", "": "`an empty log`"}
    for log, name in cases.items():
        t.check(name, catalogue.fired(log).startswith(name), catalogue.fired(log))
    said = bugs.judge(catalogue.load("^b6-")[0], [{"seed": 1, "found": True, "fired": catalogue.fired(list(REPORTS)[3])}])
    t.check("a timeout", said == "seed 1: SANITIZER_timeout instead", said)


@test("findings: the kind in the name of a file", tier="scripts")
def filed(t):
    kinds = {"crashes/ops_x86_64-GET_MATCHES_MODEL-785764d4e4d5": "GET_MATCHES_MODEL",
             "linux-6.12.43-0123abcd.ops_tiny-SANITIZER_heap-use-after-free-785764d4e4d5.txt":
                 "SANITIZER_heap-use-after-free",
             "ops_tiny-CORE_BUG-dd96e43d": "CORE_BUG", "ops_tiny-HANG-0123456789abcdef.txt": "HANG",
             "corpus/regress/hang.txt": None, "ops_tiny-notes": None}
    for name, kind in kinds.items():
        t.check(name, findings.filed_as(name) == kind, str(findings.filed_as(name)))


@test("campaign: the command for a bug", tier="scripts")
def bug(t):
    known = {"again": "crashes/x"}  # from a campaign that did not try
    t.check("one that repeats", {report.repeat(known), report.repeat({**known, "repeats": True})} ==
            {"make repro CASE=crashes/x"})
    t.check("one that does not", report.repeat({**known, "repeats": False}) ==
            "make repro CASE=crashes/x does not repeat it; it is kept")


# ---- a timeout that does not repeat ----

@test("findings: a timeout counts if it repeats alone", tier="scripts")
def timeouts(t):
    quick, busy = t.path("quick", "#!/bin/sh\nexit 0\n"), t.path("busy", "#!/bin/sh\nwhile :; do :; done\n")
    for path in (quick, busy):
        os.chmod(path, 0o755)
    paths = [t.path("timeout-1"), t.path("hangs/id:3"), t.path("crash-2")]
    t.check("a quick one is none, a crash stays", engines.genuine(quick, paths) == paths[2:])
    t.check("a busy one is one", doubts.repeats(busy, paths[0], 1))


class Short(engines.Hunt):
    """With a limit of one second for an input."""
    san, arch = SANITIZERS[0], "native"


@test("findings: an engine that was stopped for a while", goals=("fuzz/tiny/ops_tiny", "p2m-case"))
def stopped(t):
    hunt, limits = Short(Programs(BUILD), "ops", "tiny", time=600), engines.LIMITS
    for name in ("corpus", "seeds"):
        os.makedirs(t.path(name))
    engines.LIMITS = ("-timeout=1", limits[1])
    try:
        run = EngineRun(t.path("run"), "libfuzzer", hunt, [t.path("corpus"), t.path("seeds")])
    finally:
        engines.LIMITS = limits
    run.prepare()
    job = run.jobs[0]
    job.start(hunt.time)
    t.watch(job.process)
    wait_until(lambda: "INITED" in text_of(job.log) or job.process.poll() is not None)
    t.check("its inputs were run", job.READY in text_of(job.log), text_of(job.log))
    while job.process.poll() is None and job.tally()["cases"] < 10**7:  # unless it is stopped between two inputs
        job.process.send_signal(signal.SIGSTOP)
        time.sleep(1.5)
        job.process.send_signal(signal.SIGCONT)
        time.sleep(0.1)
    status = finish(job.process).status
    t.check("libFuzzer calls it a timeout", status == 70 and glob.glob(f"{job.folder}/timeout-*"), text_of(job.log))
    t.check("it is no finding", job.artifacts() == [])
    t.check("the run is void", (job.broken() or "").endswith("status 70: a timeout that does not repeat alone"),
            str(job.broken()))


# ---- the command that repeats it ----

def repeated(t, *variables):
    """Fuzzes until a finding, then runs the printed command, and make shrink. Answers what make fuzz printed."""
    clone = t.clone()
    said = t.expect("make fuzz finds it", ["make", "fuzz", "TIME=60", "JOBS=1", *variables], r"^finding: [\w-]+$", 2,
                    cwd=clone)
    again, kind = (re.search(pattern, said, re.M) for pattern in (r"^  again:  (make repro( .*)? CASE=(\S+))$",
                                                                r"^finding: ([\w-]+)$"))
    if not t.check("it prints a command", again and kind, said):
        return said
    builds = [word for word in variables if word.startswith(("SAN=", "ARCH=", "BUG=", "SUBJECT=", "SHAPES="))]
    t.check("with its build", shlex.split(again.group(2) or "") == builds, again.group(1))
    t.expect("the command repeats it", ["sh", "-c", again.group(1)],
             f"p2mcheck: {kind.group(1)}:|SUMMARY: .*: {kind.group(1)[len('SANITIZER_'):]}", 2, cwd=clone)
    t.expect("make shrink repeats it", ["make", "shrink", *builds, f"CASE={again.group(3)}"],
             rf"^{kind.group(1)}: \d+ ops in", cwd=clone)
    return said


PLANTED = "b6-empty-range"


@test("findings: the command for a planted bug", how="builds", goals=(
    "fuzz/tiny/ops_tiny", "clang-san/p2m-case", "p2m-case"))
def planted(t):
    repeated(t, f"BUG={PLANTED}")


for BUILDS in (("ARCH=i386", "GEOMETRY=odd"), ("SAN=memory",), ("SAN=thread",), ("SAN=none",)):
    test(f"findings: the command under {BUILDS[0]}", tier="all", how="alone")(
        lambda t, builds=BUILDS: t.skip(why_no_32_bit(BUILD)) if "i386" in builds[0] and why_no_32_bit(BUILD)
        else repeated(t, "TARGET=canary", *builds))


@test("findings: the command for a p2m in a file, under SAN=memory", tier="all", how="alone")
def uninitialised(t):
    """A branch on what was never written: only this sanitizer reports it."""
    slip = t.path("slip.c", text_of("props/subjects/example.c").replace(
        "    bool none = automatic ||", "    volatile char never;\n    if (never == 7)\n        never = 0;\n"
        "    bool none = automatic ||", 1))
    said = repeated(t, f"SUBJECT={slip}", "SHAPES=micro tiny", "SAN=memory")
    t.check("it is named", said and "SANITIZER_use-of-uninitialized-value" in said, said or "")


@test("findings: one that is not repeated is kept, and says so", how="builds", goals=(
    "fuzz/tiny/ops_tiny", "clang-san/p2m-case", "gcc/p2m-case", "p2m-case"))
def not_repeated(t):
    name = t.path("ops_tiny-HANG-0123456789ab")
    t.expect("encode", [f"{BUILD}/p2m-case", "encode", CASE, "-o", name])
    hunt, job = engines.Hunt(Programs(BUILD), "ops", "tiny"), argparse.Namespace(command="the engine")
    said = findings.command_for(hunt, job, name, name, "HANG")
    t.check("no command", said == "not repeated by make repro or in a process of its own; kept as found; "
            "it ended: the engine", said)
    t.make("make repro", ["repro", f"CASE={name}"], r"invariant violated\n.*was filed as HANG, which this build does "
           r"not show: it is fixed, or it does not repeat alone; the file is kept\n")
    t.make("make shrink", ["shrink", f"CASE={name}"], r"nothing to shrink; it was filed as HANG and is kept\n", 2)
    t.check("it is kept", os.path.exists(name))


# ---- places where a leak check cannot work ----

NO_PTRACE = [sys.executable, f"{ROOT}/scripts/tests/no_ptrace.py"]
PLACES = {
    "in a pid namespace": ["unshare", "-pf", "--mount-proc"],
    "without /proc": ["unshare", "-m", "sh", "-c", 'umount -l /proc && ! test -e /proc/self && exec "$@"', "sh"],
    "with ptrace denied": NO_PTRACE,
    "under gdb": ["gdb", "-q", "-batch", "-return-child-result", "-ex", "run", "--args"],
}


def demanding():
    """An environment in which the user demands leak checks."""
    return {**os.environ, "ASAN_OPTIONS": "detect_leaks=1"}


def enter(t, place):
    """The beginning of a command in that place."""
    if t.run([*PLACES[place], "true"]).status:
        t.skip(f"this machine does not allow a command {place}")
    return PLACES[place]


def in_place(place):
    needs = (PLACES[place][0],)

    @test(f"{place}: programs", needs=needs, goals=("fuzz/tiny/ops_tiny", "clang-san/p2m-case"))
    def programs(t):
        prefix, target, tool = enter(t, place), f"{BUILD}/fuzz/tiny/ops_tiny", f"{BUILD}/clang-san/p2m-case"
        os.makedirs(t.path("corpus"))
        options = ["-runs=100", f"-artifact_prefix={t.folder}/", t.path("corpus")]
        t.expect("a target", [*prefix, target, *options], r"Done 100 runs")
        t.check("without a finding", not engines.artifacts(t.folder), str(os.listdir(t.folder)))
        said = t.expect("p2m-case repro", [*prefix, tool, "repro", CASE], r"no invariant violated")
        t.check("without a crash", "crashed" not in said, said)
        if place != "in a pid namespace":  # there it can work
            done = t.run([*prefix, target, *options], env=demanding())
            t.check("a leak check that is demanded fails, and is no finding", done.status and LEAKS in done.out and
                    doubts.fault_in(done.out) == LEAKS, done.out)

    if place == "under gdb":
        return

    @test(f"{place}: make fuzz, repro and campaign", tier="all", how="alone", needs=(*needs, "afl-fuzz"), goals=(
        "fuzz/tiny/ops_tiny", "fuzz/tiny/canary_tiny", "clang-san/p2m-case", "p2m-case", "afl/tiny/ops_tiny",
        "afl-san/tiny/ops_tiny", "afl/tiny/mutator_ops_tiny.so"))
    def commands(t):
        prefix, clone = enter(t, place), t.clone()
        for engine in ("libfuzzer", "afl"):
            t.expect(f"make fuzz, {engine}", [*prefix, "make", "fuzz", f"ENGINE={engine}", "TIME=5", "JOBS=1"],
                     r" 0 findings$", cwd=clone)
        t.expect("make fuzz finds", [*prefix, "make", "fuzz", "TARGET=canary", "TIME=20", "JOBS=1"],
                 r"^finding: GET_MATCHES_MODEL$.* again:  make repro CASE=", 2, cwd=clone)
        t.expect("make repro", [*prefix, "make", "repro", f"CASE={CASE}"], r"no invariant violated", cwd=clone)
        t.expect("make campaign", [*prefix, "scripts/campaign", "--on=ops_tiny", "--seconds=12", "--jobs=1",
                                   "--engines=libfuzzer,afl"], r"\(0 broken.* 0 crashers, 0 bugs$", cwd=clone)


for PLACE in PLACES:
    in_place(PLACE)


@test("with ptrace denied: make fuzz says why", how="builds", goals=("fuzz/tiny/ops_tiny", "p2m-case"))
def demanded(t):
    """A leak check that the user demands is an error with its reason, not a finding."""
    prefix, clone = enter(t, "with ptrace denied"), t.clone()
    t.expect("make fuzz", [*prefix, "make", "fuzz", "TIME=3", "JOBS=1"],
             rf"^fuzz: \S+/log: the engine stopped with status \d+: {LEAKS}$", 2, cwd=clone, env=demanding())
    t.check("nothing is filed", not glob.glob(f"{clone}/crashes/*"))


@test("make repro DEBUG=1", how="builds", needs=("gdb",), goals=("clang-san/p2m-case",))
def debugged(t):
    said = t.make("it runs gdb", ["repro", f"CASE={CASE}", "DEBUG=1"], r"no invariant violated.*exited normally",
                  input="run\nquit\n")
    t.check("without a crash", "crashed" not in said, said)
