# SPDX-License-Identifier: GPL-2.0-or-later
"""What `make fuzz` leaves: when it is killed, when the disk is full, when an engine does not end or does
not start. Campaigns have such tests in test_campaign.py.
"""

import argparse
import glob
import hashlib
import os
import random
import re
import shutil
import signal
import sys
import time
from unittest import mock

from harness import BUILD, contents, fill, finish, test, wait_until, write
from p2mcheck import collected, engine_run, engines
from p2mcheck.programs import Programs

LIBFUZZER = ("p2m-case", "clang-san/p2m-case", "fuzz/tiny/canary_tiny", "fuzz/tiny/ops_tiny")
AFL = (*LIBFUZZER, "afl/tiny/ops_tiny", "afl-san/tiny/ops_tiny", "afl/tiny/mutator_ops_tiny.so")
NAMED = {"libfuzzer": "job-0/crash-{}", "afl": "afl/default/crashes/id:000000,sig:06,src:000000+{}"}


def sha1(data):
    return hashlib.sha1(data).hexdigest()


class Fuzz:
    """Runs of make fuzz in one clone."""

    def __init__(self, t, folder=None):
        self.t, self.check, self.folder = t, t.check, folder or t.clone()

    def start(self, *options, **more):
        """Tests that run under nohup ignore a hangup; make fuzz must not inherit that."""
        return self.t.start(["env", "--default-signal=HUP", "scripts/fuzz", "--jobs=1", *options], cwd=self.folder, **more)

    def files(self, pattern):
        return sorted(glob.glob(f"{self.folder}/{pattern}"))

    def whole(self, *patterns):
        """The contents of files that are whole."""
        paths = [path for pattern in patterns for path in self.files(pattern)]
        return {contents(path) for path in paths if os.path.isfile(path) and engines.is_whole(path)}

    def inputs(self):
        """What the engines of runs that are left have found."""
        return self.whole("build/run/*/new/*", "build/run/*/afl/*/queue/id:*,src:*")

    def crashers(self):
        return self.whole("build/run/*/job-*/crash-*", "build/run/*/afl/*/crashes/id:*")

    def filed(self):
        return {contents(path) for path in self.files("crashes/*")}

    def engines(self):
        """The processes of engines of this clone."""
        mark = f"P2MCHECK_STATS={os.path.realpath(self.folder)}/build/run/".encode()
        found = []
        for path in glob.glob("/proc/[0-9]*/environ"):
            try:
                if mark in contents(path):
                    found.append(int(path.split("/")[2]))
            except OSError:
                continue
        return found

    def freeze(self, how=signal.SIGSTOP):
        """Stops the engines, so that they do not replace an input by a smaller one."""
        for number in self.engines():
            try:
                os.kill(number, how)
            except ProcessLookupError:
                continue

    def lacks(self, inputs, crashers):
        """How many of these are not in the corpus, and not in crashes/."""
        names = {name for folder in self.files("build/corpus/*") for name in os.listdir(folder)}
        return len({sha1(data) for data in inputs} - names), len(crashers - self.filed())


# ---- kills ----

def catch(fuzz, target, engine, moment=None):
    """A run that has found a crasher or three inputs, or of this age in seconds; its engines stand still."""
    def marks():
        return {(path, os.stat(path).st_mtime_ns) for path in fuzz.files("build/run/*/run.json")
                if os.path.exists(path)}

    before = marks()
    process = fuzz.start(f"--target={target}", "--time=60", f"--engine={engine}")
    found, enough = ("job-*/crash-*", 1) if target == "canary" else \
        ("new/*" if engine == "libfuzzer" else "afl/*/queue/id:*,src:*", 3)
    if moment is None:
        wait_until(lambda: process.poll() is not None or enough <= sum(
            engines.is_whole(one) for path, _ in marks() - before
            for one in glob.glob(f"{os.path.dirname(path)}/{found}")))
    else:
        time.sleep(moment)
    fuzz.freeze()
    return process


def add_findings(fuzz, engine, k):
    """Two findings, as the engine would name them, in each run."""
    for mark in fuzz.files("build/run/*/run.json"):
        for extra in b"ab":
            data = bytes([extra, k % 256]) * 40
            path = f"{os.path.dirname(mark)}/{NAMED[engine].format(sha1(data))}"
            if os.path.isdir(os.path.dirname(path)):
                write(path, data)


def kills(t, engine, number, rounds):
    """Each run brings in what the one before left, and is killed itself; the last one is not killed."""
    fuzz, source, inputs, crashers = Fuzz(t), random.Random(number), set(), set()
    for k in range(rounds):
        target = "canary" if engine == "libfuzzer" and k % 2 else "ops"
        process = catch(fuzz, target, engine, 6 * source.random() if k % 3 == 2 else None)
        if number == signal.SIGKILL:
            add_findings(fuzz, engine, k)
        inputs |= fuzz.inputs()
        crashers |= fuzz.crashers()
        os.kill(process.pid, number)
        done = finish(process)
        if number == signal.SIGTERM:
            # -SIGTERM: before it began, or after its last line
            t.check(f"round {k}: no engine is left", not fuzz.engines() and done.status in (1, -signal.SIGTERM) and
                    "Traceback" not in done.out, f"{done.out}\n{done.status} {fuzz.engines()}")
    output = finish(fuzz.start("--time=1")).out
    t.check("inputs or crashers are lost", fuzz.lacks(inputs, crashers) == (0, 0) and len(inputs) > rounds,
            f"{fuzz.lacks(inputs, crashers)} of {len(inputs)}, {len(crashers)}\n{output}")
    t.checks += len(inputs) + len(crashers) - 1
    t.check("an engine is left", not fuzz.engines(), str(fuzz.engines()))
    t.check("something waits to be brought in", not fuzz.files("build/run/*/run.json"), output)


def kill_test(engine, number, rounds, tier):
    name = f"losses: make fuzz, {engine}, {number.name}, {rounds} times"
    needs = ("afl-fuzz", "afl-clang-fast") * (engine == "afl")
    test(name, tier=tier, goals=AFL if needs else LIBFUZZER, needs=needs)(lambda t: kills(t, engine, number, rounds))


kill_test("libfuzzer", signal.SIGKILL, 2, "test")
kill_test("afl", signal.SIGTERM, 2, "test")
for ENGINE in ("libfuzzer", "afl"):
    for NUMBER in (signal.SIGKILL, signal.SIGTERM):
        kill_test(ENGINE, NUMBER, 25, "all")


@test("losses: a hangup ends make fuzz in order, and nohup does not", goals=LIBFUZZER)
def hangup(t):
    fuzz = Fuzz(t)
    process = catch(fuzz, "ops", "libfuzzer")
    os.kill(process.pid, signal.SIGHUP)
    fuzz.freeze(signal.SIGCONT)
    done = finish(process)
    t.check("it says so, and no engine is left", done.status == 1 and "\ninterrupted\n" in done.out and
            not fuzz.engines() and not fuzz.files("build/run/*/run.json"), done.out)
    done = t.run(["nohup", "sh", "-c", "kill -1 $$; exec scripts/fuzz --time=1 --jobs=1"], cwd=fuzz.folder)
    t.check("under nohup it runs", done.status == 0 and " 0 findings" in done.out, done.out)


@test("losses: all crashers of one kind are filed", goals=LIBFUZZER)
def one_kind(t):
    fuzz = Fuzz(t)
    process = catch(fuzz, "canary", "libfuzzer")
    os.kill(process.pid, signal.SIGKILL)
    finish(process)
    found = fuzz.crashers()
    t.check("there is one", len(found) == 1, str(fuzz.files("build/run/*/*")))
    folder = os.path.dirname(fuzz.files("build/run/*/job-0/crash-*")[0])
    found |= {data + b"x" for data in found} | {data + b"y" for data in found}
    for data in found:
        write(f"{folder}/crash-{sha1(data)}", data)
    write(f"{folder}/crash-{'0' * 40}", "cut off")
    done = finish(fuzz.start("--time=1"))
    t.check("three are filed", found <= fuzz.filed(), done.out)
    t.check("each is named, the last line counts", done.out.count("another GET_MATCHES_MODEL: crashes/") == 2 and
            done.status == 1 and len(re.findall(r"^finding: ", done.out, re.M)) == 1, done.out)
    t.check("the incomplete one is named, and not filed", f"crash-{'0' * 40}: cut off" in done.out and
            b"cut off" not in fuzz.filed(), done.out)
    done = finish(fuzz.start("--time=1"))
    t.check("not again", done.status == 0 and "killed" not in done.out, done.out)


@test("losses: a new process namespace", tier="all", goals=LIBFUZZER)
def namespaces(t):
    """In each the numbers of processes are the same."""
    fuzz, inside = Fuzz(t), ["unshare", "-pf", "--mount-proc"]
    if t.run([*inside, "true"]).status:
        t.skip("unshare -pf --mount-proc is refused")
    argv = [*inside, "scripts/fuzz", "--jobs=1"]
    process = t.start([*argv, "--time=60"], cwd=fuzz.folder)
    wait_until(lambda: fuzz.inputs() or process.poll() is not None)
    process.family.kill()
    finish(process)
    left = fuzz.inputs()
    t.check("a killed one leaves inputs", len(left) > 0)
    for again in range(2):
        done = t.run([*argv, "--time=1"], cwd=fuzz.folder)
        t.check(f"run {again + 2}", done.status == 0 and ("a run was killed" in done.out) == (not again), done.out)
    t.check("no input is lost", fuzz.lacks(left, set()) == (0, 0))


# ---- full disks ----

def nothing_empty(fuzz, what, process, done):
    """The end of a run without room."""
    reasons = [line for line in done.out.splitlines() if line.startswith("fuzz: ") and "disk is full" in line]
    fuzz.check(f"{what}: one line, exit not 0", process.returncode == 1 and len(reasons) == 1 and
               "Traceback" not in done.out, done.out)
    paths = fuzz.files("build/corpus/*/*") + fuzz.files("crashes/*")
    bad = [path for path in paths if not os.path.getsize(path) or not engines.is_whole(path)]
    fuzz.check(f"{what}: nothing is filed empty", not bad, str(bad))


def leave(disk, kib):
    """Fills it, except for so much."""
    fill(f"{disk}/filler")
    os.truncate(f"{disk}/filler", max(0, os.path.getsize(f"{disk}/filler") - (kib << 10)))


def small_disks(t, number):
    """Disks with so many amounts of room from 300 KiB to 4 MiB, at the start and while engines run."""
    disk = t.tmpfs("size=24m")
    fuzz = Fuzz(t, t.clone("disk/clone"))
    for k in range(number):
        size = 300 + (4096 - 300) * k // max(1, number - 1)
        leave(disk, size)
        process = fuzz.start("--time=3")
        nothing_empty(fuzz, f"{size} KiB", process, finish(process))
        os.unlink(f"{disk}/filler")
        process = fuzz.start(f"--target={'ops' if k % 2 else 'canary'}", "--time=60")
        wait_until(lambda: fuzz.files("build/run/*/job-0/log") or process.poll() is not None)
        leave(disk, size // 4 * (k % 4))
        done = finish(process)
        if "finding: " not in done.out:  # the canary may be faster
            nothing_empty(fuzz, f"filled up {size}", process, done)
        os.unlink(f"{disk}/filler")
        left = fuzz.inputs(), fuzz.crashers()
        done = finish(fuzz.start("--time=1"))
        t.check(f"with room again {size}", fuzz.lacks(*left) == (0, 0) and not fuzz.files("build/run/*/run.json"),
                done.out)
        shutil.rmtree(f"{fuzz.folder}/crashes", ignore_errors=True)
        for folder in fuzz.files("build/run/*"):
            shutil.rmtree(folder)


test("losses: small and full disks", goals=LIBFUZZER)(lambda t: small_disks(t, 2))
test("losses: 20 small and full disks", tier="all", goals=LIBFUZZER, how="alone")(lambda t: small_disks(t, 20))


# ---- engines that do not end, or do not start ----

def job(t, script):
    """An engine that is a shell script."""
    facts = Programs(BUILD).facts if os.path.exists(f"{BUILD}/p2m-case") else None
    return engines.Job(facts, t.path("job"), ["sh", "-c", script])


@test("losses: engines end when their time is over", tier="scripts")
def time_over(t):
    one = job(t, "trap '' INT; while :; do sleep 0.1; done")
    one.start(1)
    t.watch(one.process)
    t.check("one that does not listen is killed", wait_until(lambda: not one.running()) and one.late and
            one.process.returncode == -signal.SIGKILL, str(one.process.returncode))
    one.READY = "READY"
    t.check("it says that the dry run did not finish", "the dry run of the inputs did not finish" in one.broken())


@test("losses: an engine that does not start says why", tier="scripts")
def no_start(t):
    abort = "\x1b[1;91m[-] PROGRAM ABORT : \x1b[0mcustom options\x1b[1;91m\n         Location\x1b[0m : main()"
    for printed, want in ((abort, "custom options"), ("==1==ERROR: cannot allocate\nmore\n", "cannot allocate"),
                          ("x: cannot execute: no such file\nlast\n", "no such file"), ("one\ntwo\n", "two"),
                          ("", "empty")):
        one = job(t, f"cat {t.path('printed', printed)}; exit 3")
        one.start(60)
        one.process.wait()
        reason = one.broken()
        t.check(f"status and {want}", "status 3: " in reason and want in reason and "\x1b" not in reason, reason)


@test("losses: options of sanitizers that AFL++ needs", tier="scripts")
def options_merged(t):
    t.check("nothing to merge", engines.sanitizer_options({"TSAN_OPTIONS": "x=1"}) == {})
    merged = engines.sanitizer_options({name: "abort_on_error=0:x=1" for name in engines.NEEDED})
    t.check("theirs stay, ours come last", all(":abort_on_error=0:x=1:" in value and value.endswith("symbolize=0")
                                               for value in merged.values()), str(merged))
    t.check("what each needs", ":abort_on_error=1:" in merged["ASAN_OPTIONS"] and
            ":exit_code=86:" in merged["MSAN_OPTIONS"], str(merged))


@test("findings: the names of a stack", tier="scripts")
def names(t):
    bare = ("==1==ERROR\n    #0 0x55d71  (/bin/target+0x107d71) (BuildId: 12)\n    #1 0x7f01  (/lib/libc.so.6+0x1)\n"
            "    #2 0x55d72  (/bin/target+0x2)\n    #3 0x55d73  (/bin/target+0x3)\nfreed by:\n"
            "    #0 0x55d72  (/bin/target+0x2)\n")
    os.mkdir(t.path("bin"))
    tool = t.path("bin/addr2line", "#!/bin/sh\nprintf '0x0000000000107d71\\nf\\nf.c:1 (discriminator 2)\\n"
                  "0x02\\ninner(int)\\ng.c:2\\nouter\\ng.c:3\\n0x03\\n??\\n??:0\\n'\n")
    os.chmod(tool, 0o755)
    with mock.patch.dict(os.environ, PATH=t.path("bin")):
        named = engines.with_names(bare)
        t.check("by addr2line, with inlined functions", named == (
            "==1==ERROR\n    #0 0x55d71 in f f.c:1\n    #1 0x7f01  (/lib/libc.so.6+0x1)\n    #2 0x55d72 in inner(int) g.c:2\n"
            "    #3 0x55d72 in outer g.c:3\n    #4 0x55d73  (/bin/target+0x3)\nfreed by:\n    #0 0x55d72 in inner(int) g.c:2\n"
            "    #1 0x55d72 in outer g.c:3\n"), str(named))
        t.check("there already", engines.with_names("    #0 0x1 in f f.c:1\n") == "    #0 0x1 in f f.c:1\n")
        write(tool, b"#!/bin/sh\nexit 1\n")
        t.check("not found by it", engines.with_names(bare) is None)
        os.unlink(tool)
        t.check("no such tool", engines.with_names(bare) is None)
    t.check("the user's options come last", engines.without_names({"ASAN_OPTIONS": "symbolize=1"}) ==
            {"ASAN_OPTIONS": "symbolize=0:symbolize=1", "MSAN_OPTIONS": "symbolize=0:", "UBSAN_OPTIONS": "symbolize=0:"})


@test("losses: AFL++ in an unusual environment", tier="all", goals=AFL, needs=("afl-fuzz", "afl-clang-fast"))
def unusual(t):
    fuzz = Fuzz(t)
    options = dict.fromkeys(engines.NEEDED, "verbosity=0")
    done = finish(fuzz.start("--engine=afl", "--time=8", env={**os.environ, **options}))
    t.check("sanitizer options of the user", done.status == 0 and " 0 findings" in done.out, done.out)
    collected.prepare(f"{fuzz.folder}/build/corpus/ops_tiny", "")
    for number in range(4000):  # more than a second without a fork server takes
        data = b"%d" % number * 20
        write(f"{fuzz.folder}/build/corpus/ops_tiny/{sha1(data)}", data)
    done = finish(fuzz.start("--engine=afl", "--time=2", env={**os.environ, "AFL_NO_FORKSRV": "1"}))
    t.check("the dry run did not finish", done.status == 1 and not fuzz.engines() and
            "the dry run of the inputs did not finish" in done.out, done.out)


@test("losses: addresses without randomness, where sanitizers need it", tier="scripts")
def addresses(t):
    script = ("import sys, subprocess; sys.path.append('scripts'); from p2mcheck import processes\n"
              "processes.random_bits = lambda: {}\n"
              "processes.fix_addresses(); processes.fix_addresses()\n"
              "subprocess.run(['cat', '/proc/self/personality'])")
    done = t.run([sys.executable, "-c", script.format(32)])
    if "refused" in done.out:
        t.skip("personality(ADDR_NO_RANDOMIZE) is refused")
    t.check("children have them, and it is printed once", re.fullmatch(
        r"-c: vm.mmap_rnd_bits is 32, .*: runs under setarch -R\n0004\w{4}\n", done.out) is not None, done.out)
    done = t.run([sys.executable, "-c", script.format(28)])
    t.check("otherwise not", re.fullmatch(r"\w{8}\n", done.out) is not None, done.out)


# ---- folders ----

@test("losses: folders of runs", tier="scripts")
def folders(t):
    first, held = engine_run.new_folder(t.path("run/ops_tiny"))
    second, _ = engine_run.new_folder(t.path("run/ops_tiny"))
    t.check("each has its own", first != second and os.path.isdir(first) and os.path.isdir(second))
    programs = Programs(t.path("build"))
    for folder in (first, second):
        write(f"{folder}/{engine_run.MARK}", "{}")
    found = list(engine_run.left_behind(engine_run.EngineRun, programs, t.path("run")))
    t.check("one that runs, or that is not known, is left alone", not found and
            os.path.exists(f"{first}/{engine_run.MARK}"))
    os.close(held)
    os.makedirs(t.path("a/folder"))
    os.symlink("nowhere", t.path("a/vanished"))
    t.path("a/x", b"x")
    engine_run.gather([t.path(f"a/{name}") for name in ("folder", "gone", "vanished", "x")], t.path("in"))
    there = os.listdir(t.path("in"))
    t.check("inputs that vanish meanwhile are not missed", there == ["x"], str(there))


class Known(Programs):
    """Programs that need not be built."""
    facts = argparse.Namespace(longest_input=1)


@test("losses: an engine starts on as many collected inputs as its time allows", tier="scripts")
def start_of_engines(t):
    names = [f"{number:04}" for number in range(1000)]
    parts = [engine_run.part(names, 300, seed) for seed in range(4)]
    t.check("each part has that many, once each", all(len(set(one)) == len(one) == 300 for one in parts))
    t.check("the next seeds give the rest", set().union(*parts) == set(names) and
            parts == [engine_run.part(names, 300, seed) for seed in range(4)])
    t.check("all if they are few", engine_run.part(names, 1000, 7) == names and not engine_run.part([], 300, 1))
    os.makedirs(t.path("corpus"))
    os.makedirs(t.path("seeds"))
    for name in names:
        t.path(f"corpus/{name}", name)
    t.path("seeds/reviewed", b"x")
    programs = Known(BUILD)
    for engine, seconds, want in (("libfuzzer", 1, 300), ("afl", 1, engines.FEWEST), ("afl", 30, 600), ("afl", 60, 1000)):
        run = engine_run.EngineRun(t.path(f"{engine}-{seconds}"), engine, engines.Hunt(programs, "ops", "tiny", seconds),
                                   [t.path("corpus"), t.path("seeds")])
        os.mkdir(run.folder)
        run.prepare()
        there = set(os.listdir(run.joined))
        t.check(f"{engine} of {seconds} s", len(there) == want + 1 and "reviewed" in there and run.begins_with == want,
                f"{len(there)}, {run.begins_with}")
        t.check("it reads that folder", any(word == run.joined for word in run.jobs[0].argv), run.jobs[0].command)
        t.check("it says so if these are not all", run.start_in_words() == f"starts on {want} of them" * (want < 1000))
    t.check("the others stay", len(os.listdir(t.path("corpus"))) == 1000)


@test("losses: both engines beside each other on one corpus", tier="all", goals=AFL,
      needs=("afl-fuzz", "afl-clang-fast"))
def beside(t):
    fuzz = Fuzz(t)
    for _ in range(4):
        both = [fuzz.start("--time=8", f"--engine={engine}") for engine in ("libfuzzer", "afl")]
        for process in both:
            done = finish(process)
            t.check("0 findings", done.status == 0 and " 0 findings" in done.out, done.out)


@test("losses: what a killed run left is whole", tier="scripts")
def wholeness(t):
    for name, data, want in ((sha1(b"x"), b"x", True), (sha1(b"x"), b"", False), (f"crash-{sha1(b'')}", b"", True),
                             (f"crash-{sha1(b'xy')}", b"x", False), ("id:000001", b"", False),
                             ("id:000001", b"x", True)):
        t.check(f"{name} {data!r}", engines.is_whole(t.path(name, data)) == want)
