# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs tests on a mutant, the cheapest first, up to the first that fails. Only its file of the core is compiled
again, with a count of basic blocks in it, so that an endless loop is found without a clock. All tests are
deterministic but the last one, real threads, which only judges relaxed accesses.
"""

import collections
import hashlib
import itertools
import os
import re
import shlex
import shutil
import signal
import subprocess
import threading
import time

from p2mcheck import facts
from p2mcheck.files import Failure, read
from p2mcheck.processes import each, output

UNITS = ("p2m", "build", "e820", "grants")  # the files of the core
GEOMETRIES = ("tiny", "micro", "odd", "x86_64")
EXPLORED = ("micro", "2x4x2", "4x2x2")
STEPS_STATUS = 75  # props/cli/step_limit.c: more basic blocks than any sound core takes
GUARD_SECONDS = 300  # not a verdict: a program that runs this long is an error

# Deterministic: an uninitialised variable holds a pattern. A function without its
# return statement does not compile: its result would be undefined.
CFLAGS = ("-std=gnu11 -O1 -Werror=return-type -ftrivial-auto-var-init=pattern "
          "-fsanitize-coverage=trace-pc -DP2M_SYNC_HEADER=\"props/host/sync.h\"").split()
SANITIZE = "-fsanitize=address,undefined -fno-sanitize-recover=undefined".split()
FLAVOURS: dict = {"gcc": [], "gcc-san": SANITIZE}

# Real threads under ThreadSanitizer see an access that is not ordered, which schedules cannot. There
# are no sync points then.
THREADS = [*shlex.split(os.environ.get("CLANG") or "clang"), *"-std=gnu11 -O2 -fsanitize=thread -pthread".split()]

# Weaker forms of the accesses of core/access.h, as macros of the compiler's command line.
WEAKER = {
    "p2m_load_relaxed(p)":
        "__extension__({ P2M_SYNC(P2M_LOAD, (p), sizeof(*(p)), 0); __atomic_load_n((p), __ATOMIC_RELAXED); })",
    "p2m_store_relaxed(p, v)":
        "__extension__({ __typeof__(*(p)) value_ = (v); P2M_SYNC(P2M_STORE, (p), sizeof(*(p)), value_); "
        "__atomic_store_n((p), value_, __ATOMIC_RELAXED); })",
    "p2m_cas_relaxed(p, old, new_)":
        "__extension__({ __typeof__(*(p)) expected_ = (old), value_ = (new_); "
        "P2M_SYNC(P2M_CAS, (p), sizeof(*(p)), value_); "
        "__atomic_compare_exchange_n((p), &expected_, value_, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED); })",
    "p2m_cas_in_steps(p, old, new_)":
        "__extension__({ __typeof__(*(p)) fresh_ = (new_); bool same_ = p2m_load(p) == (old); "
        "if (same_) p2m_store((p), fresh_); same_; })",
}
MACROS = [f"-D{name}={body}" for name, body in WEAKER.items()]

# A test, and the flavour and geometry of its objects; `kinds`: only for mutants of these classes.
Test = collections.namedtuple("Test", "name place program args kinds", defaults=(None,))


def tests():
    """All of them, the cheapest first."""
    replay = ["replay", "--check=every", os.path.abspath("corpus")]
    result = [Test(f"replay {g}", ("gcc", g), "replay", replay) for g in GEOMETRIES]
    for g, cases in (("micro", 20000), ("odd", 10000), ("tiny", 10000), ("x86_64", 2000)):
        result.append(Test(f"props {g}", ("gcc", g), "props",
                           ["--seed=1", f"--cases={cases}", "--crashes=crashes"]))
    search = ["--transitions=1000000", "--out=case"]
    result += [Test(f"exhaustive {g}", ("gcc", g), "exhaustive", search) for g in EXPLORED]
    result.append(Test("exhaustive races", ("gcc", "micro"), "exhaustive",
                       ["--races", "--every=2000", "--out=case"]))
    result += [Test(f"unit {g}", ("gcc", g), "unit", []) for g in ("tiny", "x86_64")]
    return result + [Test("replay tiny, sanitized", ("gcc-san", "tiny"), "replay", replay),
                     Test("threads", ("threads", "tiny"), "race", ["--rounds=60"], ("relax",))]


TESTS = tests()


class Bench:
    """Shared by all mutants: the folders, the sound objects, the harness."""

    def __init__(self, programs):
        self.programs = programs
        self.shapes = {**facts.geometries(), **facts.geometries(explored=True)}
        self.folder = f"{programs.build}/mutants"
        self.stop = threading.Event()
        self.known = {}  # (test, object code) -> killer or None
        self.sound = {}  # (place, unit) -> object file
        self.code = {}   # the same -> its content

    def prepare(self, jobs):
        self.programs.make(*sorted({self.harness(test) for test in TESTS}), jobs=jobs)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(f"{self.folder}/sound")
        for place, unit in itertools.product(sorted({test.place for test in TESTS}), UNITS):
            out = f"{self.folder}/sound/{unit}-{'-'.join(place)}.o"
            if not self.compile(f"core/{unit}.c", place, out):
                raise Failure(f"core/{unit}.c does not compile in {' '.join(place)}")
            self.sound[place, unit] = out
            self.code[place, unit] = read(out)
        for test in TESTS:
            killer = self.run(test, {}, f"{self.folder}/sound")
            if killer:
                raise Failure(f"the unchanged core fails: {killer}")

    def harness(self, test):
        flavour, geometry = test.place
        return self.programs.bare(test.program, geometry, flavour)

    def compile(self, source, place, out):
        """The folder of the source is not in the object, so objects can be compared."""
        flavour, geometry = place
        compiler = THREADS if flavour == "threads" else ["gcc", *CFLAGS, *FLAVOURS[flavour]]
        command = [*compiler, *MACROS, *self.shapes[geometry].flags, "-iquote", "core", "-I.", "-c", "-o", out, source]
        return subprocess.run(command, check=False, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0

    def run(self, test, objects, folder):
        """Links `objects` (unit -> file) and the sound rest; None, or the test that noticed the change."""
        binary = f"{folder}/program"
        core = [objects.get(unit, self.sound[test.place, unit]) for unit in UNITS]
        compiler = THREADS if test.place[0] == "threads" else ["gcc", *FLAVOURS[test.place[0]]]
        subprocess.run([*compiler, "-o", binary, self.harness(test), *core] +
                       ["-lcmocka"] * (test.program == "unit"), check=True)
        geometry = [f"--geometry={test.place[1]}"] * (test.program == "replay")
        # in its folder: a mutant may do anything to the harness's memory
        status, text = output(["./program"] + test.args + geometry, cwd=folder, timeout=GUARD_SECONDS)
        if status == 124:
            raise Failure(f"{folder}: {test.name} took more than {GUARD_SECONDS} s")
        return f"{test.name}: {verdict(status, text)}" if status else None


def verdict(status, text):
    """The failure of a program: its message, or its signal."""
    named = re.search(r"^p2mcheck: ([A-Z][A-Z0-9_]+):", text, re.M)
    unit = re.search(r"^\[  FAILED  \] (test_\w+)$", text, re.M)
    sanitizer = re.search(r"ERROR: AddressSanitizer: ([\w-]+)|ThreadSanitizer: (data race)|(runtime error)", text)
    if status == STEPS_STATUS:
        return "HANG (basic blocks)"
    if named:
        return named.group(1)
    if unit:
        return unit.group(1)
    if sanitizer:
        return f"SANITIZER_{(sanitizer.group(1) or sanitizer.group(2) or 'undefined').replace(' ', '-')}"
    return signal.Signals(-status).name if status < 0 else f"status {status}"


class Trial:
    """One mutant in a folder of its own."""

    def __init__(self, bench, mutant, folder):
        self.bench, self.folder, self.kind = bench, folder, mutant.kind
        self.objects = {}  # place -> {unit: file}
        base = os.path.basename(mutant.file)
        include = f'#include "{base}"'.encode()
        self.units = [unit for unit in UNITS
                      if base == unit + ".c" or include in read(f"core/{unit}.c")]
        os.makedirs(folder, exist_ok=True)
        for unit in self.units:
            shutil.copy(f"core/{unit}.c", folder)
        with open(f"{folder}/{base}", "w", encoding="latin-1", newline="") as file:
            file.write(mutant.text)

    def compile(self, place):
        if place not in self.objects:
            self.objects[place] = {}
            for unit in self.units:
                out = f"{self.folder}/{unit}-{'-'.join(place)}.o"
                if not self.bench.compile(f"{self.folder}/{unit}.c", place, out):
                    return False
                self.objects[place][unit] = out
        return True

    def same(self, place):
        return all(read(out) == self.bench.code[place, unit]
                   for unit, out in self.objects[place].items())

    def killer(self, test):
        """As bench.run, once for all mutants of the same code."""
        objects = self.objects[test.place]
        if self.same(test.place):
            return None
        code = (test.name,) + tuple((unit, hashlib.sha256(read(out)).digest())
                                    for unit, out in objects.items())
        if code not in self.bench.known:
            self.bench.known[code] = self.bench.run(test, objects, self.folder)
        return self.bench.known[code]

    def same_everywhere(self):
        """Compares the plain objects, since those of gcc-san hold columns of the source. A relaxed access can be
        the same instruction here; that with which ThreadSanitizer sees it is another one."""
        return all(self.same(place) for place in self.objects if place[0] != "gcc-san")

    def judge(self):
        """(status, killer)"""
        for test in TESTS:
            if self.bench.stop.is_set():
                return "stopped", None
            if test.kinds and self.kind not in test.kinds:
                continue
            if not self.compile(test.place):
                return "did not compile", None
            killer = self.killer(test)
            if killer:
                return "killed", killer
        return "same code" if self.same_everywhere() else "survived", None


def try_one(bench, mutant, steps, number):
    if mutant.id in steps.results:
        return steps.results[mutant.id]
    start = time.monotonic()
    folder = f"{bench.folder}/{number}"
    status, killer = "stopped", None
    if not bench.stop.is_set():
        status, killer = Trial(bench, mutant, folder).judge()
        shutil.rmtree(folder, ignore_errors=True)
    result = {name: value for name, value in mutant._asdict().items() if name != "text"}
    result.update({"status": status, "killer": killer, "seconds": round(time.monotonic() - start, 2)})
    if status != "stopped":
        steps.add(mutant.id, result)
    return result


def try_all(bench, mutants, steps, jobs):
    results, last = [], time.monotonic()
    try:
        for _, result in each(jobs, lambda pair: try_one(bench, pair[1], steps, pair[0]), enumerate(mutants)):
            results.append(result)
            if time.monotonic() - last > 20:
                last = time.monotonic()
                print(f"  {len(results)} of {len(mutants)}", flush=True)
    finally:
        bench.stop.set()
    return results
