# SPDX-License-Identifier: GPL-2.0-or-later
"""That each engine calls our mutator, that the numbers of a run are those of all its processes, and
that machines share what AFL++ finds.

AFL++ ignores libFuzzer's functions without a message, and each engine would run without our mutator,
only worse. So each receives a mutator that aborts.
"""

import fcntl
import glob
import os
import signal

from harness import BUILD, finish, test, text_of
from p2mcheck import engines
from p2mcheck.engine_run import EngineRun
from p2mcheck.programs import Programs


class Aborting(engines.Hunt):
    """A hunt with another target for libFuzzer, and another mutator for AFL++."""
    binary = mutator = ""


def run_engine(t, engine, binary, mutator):
    """A job of at most 10 s; answers exit status and log."""
    hunt = Aborting(Programs(BUILD), "ops", "tiny", time=10)
    hunt.binary, hunt.mutator = f"{BUILD}/fuzz/tiny/{binary}", f"{BUILD}/afl/tiny/{mutator}"
    for name in ("corpus", "seeds"):
        os.makedirs(t.path(name))
    t.path("seeds/boot", bytes(16))
    run = EngineRun(t.path("run"), engine, hunt, [t.path("corpus"), t.path("seeds")])
    os.mkdir(run.folder)
    run.prepare()
    job = run.jobs[0]
    job.start(hunt.time)
    t.watch(job.process)
    try:
        status = finish(job.process).status
    finally:
        job.stop()
    return status, text_of(job.log)


@test("the numbers of a run add up over its processes", goals=("fuzz/tiny/ops_tiny", "p2m-case"))
def counts_add_up(t):
    """One process after the other, as AFL++ has them, with one file. libFuzzer runs an input once more if a thread of
    its own takes memory meanwhile, to look for leaks."""
    os.makedirs(t.path("seeds"))
    for number in range(40):
        t.path(f"seeds/{number}", bytes([0] * 192 + [number] * 32))
    counts = []
    for _ in range(3):
        job = engines.Job(Programs(BUILD).facts, t.folder,
                          [f"{BUILD}/fuzz/tiny/ops_tiny", "-runs=0", "-detect_leaks=0", t.path("seeds")])
        job.start(60)
        finish(t.watch(job.process))
        counts.append(job.tally())
    t.check("once, twice, three times", counts[0]["cases"] >= 40 and counts[0]["calls get"] > 0 and
            all(counts[k] == {name: (k + 1) * n for name, n in counts[0].items()} for k in (1, 2)), str(counts))


def calls_our_mutator(engine, binary, mutator, want, **options):
    @test(f"{engine} calls our mutator", **options)
    def calls(t):
        status, log = run_engine(t, engine, binary, mutator)
        t.check(f"it ends with {want} and says so", status == want and "p2mcheck: our mutator was called" in log,
                f"status {status}\n{log}")


calls_our_mutator("libfuzzer", "ops_aborting", "mutator_ops_tiny.so", 77, goals=("fuzz/tiny/ops_aborting", "p2m-case"))
calls_our_mutator("afl", "ops_tiny", "mutator_aborting.so", -signal.SIGABRT, needs=("afl-fuzz",), goals=(
    "fuzz/tiny/ops_tiny", "afl/tiny/ops_tiny", "afl-san/tiny/ops_tiny", "afl/tiny/mutator_aborting.so", "p2m-case"))


# ---- several machines ----

AFL = ("fuzz/tiny/ops_tiny", "afl/tiny/ops_tiny", "afl-san/tiny/ops_tiny", "afl/tiny/mutator_ops_tiny.so", "p2m-case")


def fuzz_shared(t, what, shared, host, pattern=None, status=0, **options):
    """make fuzz of a machine of this name."""
    return t.expect(what, ["scripts/fuzz", "--engine=afl", f"--shared={shared}", f"--host={host}", "--time=6",
                           "--jobs=1"], pattern, status, **options)


@test("machines share what AFL++ finds", tier="all", needs=("afl-fuzz",), goals=AFL)
def machines(t):
    """Two machines, each with a corpus of its own, one after the other."""
    clones, shared = {host: t.clone(host) for host in "ab"}, t.path("shared")
    os.mkdir(shared)
    for host in "aba":
        fuzz_shared(t, f"{host} runs", shared, host, r"stability 100 %; 0 findings$", cwd=clones[host])
    for host, other in (("a", "b"), ("b", "a")):
        taken = glob.glob(f"{shared}/ops_tiny/main-{host}/queue/*,sync:main-{other}*")
        t.check(f"{host} takes inputs of {other}", taken, str(os.listdir(f"{shared}/ops_tiny/main-{host}/queue")))


@test("options for several machines", tier="scripts")
def sharing_options(t):
    shared, environment = t.path("shared"), {**os.environ, "NO_SETUP": "1"}
    os.makedirs(f"{shared}/ops_tiny/main-a")
    t.expect("libFuzzer shares no folder", ["scripts/fuzz", f"--shared={shared}", "--host=a"],
             r"^fuzz: SHARED=\S+: is for ENGINE=afl only\n\Z", 2, env=environment)
    for host in ("", "a.b", "a" * 17):
        fuzz_shared(t, f"the name '{host}'", shared, host, r"^fuzz: HOST=\S*: choose at most 16 letters[^\n]*\n\Z", 2,
                    env=environment)
    fuzz_shared(t, "no folder", f"{shared}/none", "a", r"^fuzz: --shared=\S+: no such folder\n\Z", 2, env=environment)
    fuzz_shared(t, "a folder of another format", shared, "a", r"ops_tiny: is not marked as format 2; choose[^\n]*\n\Z", 1,
                env=environment)
    t.path("shared/ops_tiny/FORMAT", "2\n")
    folder = os.open(f"{shared}/ops_tiny/main-a", os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)  # as a running afl-fuzz does
    fuzz_shared(t, "a second machine of one name", shared, "a",
                r"^fuzz: \S+/main-a: is in use by a running afl-fuzz; choose another HOST\n\Z", 1, env=environment)
    os.close(folder)
