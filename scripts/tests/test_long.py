# SPDX-License-Identifier: GPL-2.0-or-later
"""What takes longer than `make test` may: abuse, the recipes of CONTRIBUTING.md, races and searches
for longer, and the commands that measure. Part of `make test-all`.
"""

import os
import random
import re
import shutil
import signal

from harness import BUILD, ROOT, finish, command, make_command, test, text_of, wait_until, write
from p2mcheck import fresh
from test_readme import blocks

HOUR = 3600


def long_command(name, arguments, pattern, **options):
    command(name, make_command(*arguments), pattern, tier="all", how="alone", limit=2 * HOUR, **options)


# ---- races and searches ----

long_command("race for a minute", ["race", "TIME=60"], r"^race: \d+ rounds, .* 0 failures$",
             goals=("tsan/tiny/race_tiny",))
for GEOMETRY in ("2x2x4", "2x4x2", "4x2x2"):
    long_command(f"exhaustive, {GEOMETRY}, for a minute", ["exhaustive", f"GEOMETRY={GEOMETRY}", "TIME=60"],
                 r"(the limit was reached|no new state is left)$", goals=(f"gcc/{GEOMETRY}/exhaustive_{GEOMETRY}",))
command("exhaustive, micro: every state x every op, then memory maps",
        [f"{BUILD}/gcc/micro/exhaustive_micro", "--maps", f"--jobs={os.cpu_count()}"],
        r"geometry micro: 846450 states, .*: closed, no new state is left$", tier="all", how="alone", limit=HOUR)
command("exhaustive, micro: every state x every op, other MFNs",
        [f"{BUILD}/gcc/micro/exhaustive_micro", "--other-values"],
        r"geometry micro: 846450 states, 189682588 transitions, .*: closed, no new state is left$", tier="all",
        limit=HOUR)
command("exhaustive races, micro: every pair of calls, two switches, from each 20th state",
        [f"{BUILD}/gcc/micro/exhaustive_micro", "--races", "--every=20", f"--jobs={os.cpu_count()}"],
        r"closed, no new state is left, from a part of the states$", tier="all", how="alone", limit=HOUR)
long_command("planted bugs, each from nothing", ["bugs", "SEEDS=1"], r"^(?P<n>\d+) passed, 0 failed$")
long_command("coverage of the reviewed corpus", ["coverage"], r", 0 failures$")
long_command("every compiler, sanitizer, word", ["matrix"], r"^\d+ passed, 0 failed")
long_command("what a fuzzing service does", ["oss-fuzz-check"], r"^\d+ passed, 0 failed")


long_command("make test of another p2m", ["test", "SUBJECT=props/subjects/example.c"], r"^(?P<n>\d+) passed, 0 failed$")


# ---- a fresh Debian ----

def fresh_machine(release, name, pattern, *arguments):
    @test(f"fresh machine: {release}: {name}", tier="all", how="alone")
    def run(t):
        reason = fresh.obstacle(release)
        if reason:
            t.skip(reason)
        output = t.expect("it ends well", ["scripts/fresh-machine", *arguments], pattern, limit=2 * HOUR)
        t.check("each command", "exit status 0" in output and not re.search("exit status [1-9]", output), output)


CI = next(commands for _, commands in blocks("README.md") if commands[-1].startswith("make regress JUNIT="))
for RELEASE in ("bookworm", "trixie"):
    fresh_machine(RELEASE, "make fuzz and make test", r" 0 findings$(?s:.*)^\d+ passed, 0 failed", RELEASE)
    fresh_machine(RELEASE, "the lines for CI of README.md", " 0 failures$", "--bare", RELEASE, *CI)
    fresh_machine(RELEASE, "the same with clang alone", " 0 failures$", "--bare", RELEASE,
                  CI[0].replace(" gcc ", " clang "), "! which gcc", *CI[1:])
fresh_machine("trixie", "make prove", r"^prove: geometry x86_64: 5 proved, 0 failed$", "trixie", "make prove")


# ---- abuse ----

@test("abuse: make fuzz among files that are not inputs, interrupted twice", tier="all", how="alone",
      goals=("fuzz/tiny/ops_tiny", "p2m-case"))
def garbage_and_interruption(t):
    clone, source = t.clone(), random.Random(1)
    corpus = f"{clone}/build/corpus/ops_tiny"
    os.makedirs(f"{corpus}/a folder")
    write(f"{corpus}/FORMAT", "2\n")
    for size in (0, 1, 1 << 20):
        write(f"{corpus}/garbage {size}", source.randbytes(size))
    process = t.start(["make", "fuzz", "TIME=60", "JOBS=2"], cwd=clone)
    wait_until(lambda: os.path.exists(f"{clone}/build/run") or process.poll() is not None)
    for _ in range(2):
        os.killpg(process.pid, signal.SIGINT)
    output = finish(process).out
    t.check("it ends without a traceback", process.returncode != 0 and "Traceback" not in output, output)
    t.check("no engine is left", not process.family.members(), str(process.family.members()))
    t.expect("the next run is good", ["make", "fuzz", "TIME=3", "JOBS=2"], r" 0 findings$", cwd=clone)


@test("abuse: two runs of make fuzz at once", tier="all", how="alone", goals=("fuzz/tiny/ops_tiny", "p2m-case"))
def at_once(t):
    clone = t.clone()
    both = [t.start(["make", "fuzz", "TIME=5", "JOBS=1", f"SEED={seed}"], cwd=clone) for seed in (1, 2)]
    for process in both:
        done = finish(process)
        t.check("0 findings", done.status == 0 and re.search(r" 0 findings$", done.out, re.M), done.out)


@test("abuse: random bytes and random text in every geometry", tier="all", goals=("clang-san/p2m-case",))
def noise(t):
    source, words = random.Random(2), text_of("corpus/seed/worked-example.txt").split()
    for number in range(100):
        t.path(f"bytes-{number}", source.randbytes(source.randrange(5000)))
        t.path(f"text-{number}.txt", "p2m-case 1\ngeometry tiny\n" + "\n".join(
            " ".join(source.choices(words, k=source.randrange(1, 6))) for _ in range(source.randrange(9))))
    for geometry in ("micro", "tiny", "odd", "x86_64", "x86_32"):
        for number in range(100):
            t.expect(f"bytes {number}", [f"{BUILD}/clang-san/p2m-case", "run", f"--geometry={geometry}",
                                         t.path(f"bytes-{number}")])
    for number in range(100):
        done = t.run([f"{BUILD}/clang-san/p2m-case", "run", t.path(f"text-{number}.txt")])
        t.check(f"text {number}", done.status == 0 or done.out.count("\n") == 1, done.out)


# ---- recipes of CONTRIBUTING.md ----

def with_copies(t, *folders):
    """A clone in which these folders can be changed."""
    clone = t.clone()
    for folder in folders:
        os.unlink(f"{clone}/{folder}")
        shutil.copytree(f"{ROOT}/{folder}", f"{clone}/{folder}")
    shutil.rmtree(f"{clone}/build")  # other sources, other objects
    return clone


@test("recipe: a target", tier="all", how="alone")
def new_target(t):
    clone = with_copies(t, "fuzz", "scripts")  # scripts find the list from where they are
    with open(f"{clone}/fuzz/targets.def", "a", encoding="utf-8") as file:
        file.write('TARGET(another, OPS, core, "tiny", "", 0)\n')
    shutil.copy(f"{clone}/fuzz/target_ops.c", f"{clone}/fuzz/target_another.c")
    t.expect("it fuzzes", ["make", "fuzz", "TARGET=another", "TIME=3", "JOBS=1"], r" 0 findings$", cwd=clone)
    t.expect("p2m-case knows it", ["build/p2m-case", "run", "--target=another", "corpus/seed/worked-example.txt"],
             cwd=clone)


@test("recipe: a subject", tier="all", how="alone")
def new_subject(t):
    clone = with_copies(t)
    shutil.copy("props/subjects/example.c", f"{clone}/mine.c")
    t.expect("it fuzzes", ["make", "fuzz", "SUBJECT=mine.c", "TIME=3", "JOBS=1"], r" 0 findings$", cwd=clone)


@test("recipe: a planted bug", tier="all", how="alone")
def new_bug(t):
    clone = with_copies(t, "props")
    shutil.copy(f"{clone}/props/bugs/b6-empty-range.patch", f"{clone}/props/bugs/zz-mine.patch")
    t.expect("it is found from its shortest case", ["scripts/bugs", "--build=build", "--smoke", "--only=^zz-mine$"],
             r"^1 passed, 0 failed$", cwd=clone)
