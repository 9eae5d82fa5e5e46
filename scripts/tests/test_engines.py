# SPDX-License-Identifier: GPL-2.0-only
"""That each engine calls our mutator, and that the numbers of a run are those of all its processes.

AFL++ ignores libFuzzer's functions without a message, and each engine would run without our mutator,
only worse. So each receives a mutator that aborts.
"""

import os
import signal

from harness import BUILD, finish, test, text_of
from p2mcheck import engines
from p2mcheck.programs import Programs


class Aborting(engines.Hunt):
    """A hunt with another target for libFuzzer, and another mutator for AFL++."""
    binary = mutator = None


def run_engine(t, engine, binary, mutator):
    """A job of at most 10 s; answers exit status and log."""
    hunt = Aborting(Programs(BUILD), "ops", "tiny", time=10)
    hunt.binary, hunt.mutator = f"{BUILD}/fuzz/tiny/{binary}", f"{BUILD}/afl/tiny/{mutator}"
    for name in ("corpus", "seeds"):
        os.makedirs(t.path(name))
    t.path("seeds/boot", bytes(16))
    job = engines.start(engine, hunt, t.path("corpus"), t.path("seeds"), t.path("run"))[0]
    t.watch(job.process)
    try:
        status = finish(job.process).status
    finally:
        job.stop()
    return status, text_of(job.log)


@test("the numbers of a run add up over its processes", goals=("fuzz/tiny/ops_tiny", "p2m-case"))
def counts_add_up(t):
    """One process after the other, as AFL++ has them, with one file."""
    os.makedirs(t.path("seeds"))
    for number in range(40):
        t.path(f"seeds/{number}", bytes([0] * 16 + [number] * 18))
    counts = []
    for _ in range(3):
        job = engines.Job(Programs(BUILD).facts, t.folder, [f"{BUILD}/fuzz/tiny/ops_tiny", "-runs=0", t.path("seeds")])
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
