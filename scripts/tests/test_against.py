# SPDX-License-Identifier: GPL-2.0-only
"""bench-against: its statistics on noise of known size, and the whole command on a toy.

The toy is a repository of three commits whose targets are shell scripts that burn a
known time, so that a slower revision, a faster one and the same one are told apart in
seconds.
"""

import os
import random
import subprocess

from harness import test, write
from report_data import script

TOY_MAKEFILE = """B := build
T := $(B)/fuzz/tiny/ops_tiny $(B)/fuzz/x86_64/ops_x86_64 $(B)/bugs/toy/fuzz/tiny/ops_tiny
$(T): target.sh
\t@mkdir -p $(@D) && cp $^ $@ && chmod +x $@
$(B)/p2m-case: tool.sh
\t@mkdir -p $(@D) && cp $^ $@ && chmod +x $@
"""

TOY_TOOL = """#!/bin/sh
for last; do :; done
echo case >"$last"
"""

# The wait grows with the runs; as a hunt it finds what the patch names.
TOY_TARGET = """#!/bin/sh
runs=300
for a; do case $a in -runs=*) runs=${a#-runs=};; -artifact_prefix=*) prefix=${a#*=};; esac; done
i=0; while [ $i -lt $((runs * WORK * 10)) ]; do i=$((i + 1)); done
[ -z "$prefix" ] || { echo "DEDUP_TOKEN: HANG"; : >"${prefix}crash-1"; exit 1; }
"""

TOY_PATCH = "Bug: TOY\nClass: x\nStory: x\nInvariant: HANG\nCase:\n    p2m-case 1\n    geometry micro\n---\n"


def toy(folder):
    """Commits of normal speed, tagged `even`, and of half of it, `slow`; the work tree is `slow`."""
    def git(*arguments):
        subprocess.run(["git", "-C", folder, "-c", "user.name=x", "-c", "user.email=x@x", *arguments], check=True,
                       stdout=subprocess.DEVNULL)
    os.makedirs(f"{folder}/props/bugs")
    os.makedirs(f"{folder}/corpus/seed")
    for name, text in (("Makefile", TOY_MAKEFILE), ("props/bugs/toy.patch", TOY_PATCH), (".gitignore", "build/\n"),
                       ("tool.sh", TOY_TOOL), ("corpus/seed/one.txt", "p2m-case 1\n")):
        write(f"{folder}/{name}", text)
    git("init", "-q")
    for tag, work in (("even", "4"), ("slow", "8")):
        write(f"{folder}/target.sh", TOY_TARGET.replace("WORK", work))
        git("add", "-A")
        git("commit", "-q", "-m", tag)
        git("tag", tag)


@test("bench-against: a toy that is slower, faster, the same, or fails", how="alone")
def whole(t):
    toy(t.folder)

    def against(what, base, *options, says, status=0):
        done = t.run([os.path.abspath("scripts/bench-against"), f"--base={base}", "--bugs=toy", "--blocks=7",
                      "--seeds=4", *options], cwd=t.folder, stderr=subprocess.PIPE)
        said = done.err if status == 2 else done.out
        t.check(what, done.status == status and says in (said.splitlines() or [""])[-1] and
                (status == 2 or not done.err), str(done))
    against("half as fast is worse", "even", says=": WORSE;", status=1)
    against("the same is no difference", "slow", "--margin=0.3", says=": no difference;")
    subprocess.run(["git", "-C", t.folder, "checkout", "-q", "even"], check=True)
    against("twice as fast is better", "slow", says=": better;")
    against("no such revision", "nothing", says="BASE=nothing: no such revision", status=2)
    against("no such bug", "slow", "--bugs=tiger", says="tiger.patch: there is no such bug", status=2)
    against("too few runs to show anything", "slow", "--blocks=6", says="at least 7", status=2)
    with open(t.path("target.sh"), "a", encoding="utf-8") as file:
        file.write("exit 3\n")
    against("a target that fails is an error, not fast", "slow", says="ended with 3", status=2)


@test("bench-against: statistics", tier="scripts")
def statistics_of(t):
    against = script("bench-against")
    source, level = random.Random(7), 0.98
    flat = [source.gauss(0, 0.02) for _ in range(10)]
    slow = [source.gauss(-0.1, 0.02) for _ in range(10)]
    t.check("noise is no difference",
            against.verdict(*against.hodges_lehmann(flat, level)[1:], 0.02) == "no difference")
    t.check("a tenth slower is worse", against.verdict(*against.hodges_lehmann(slow, level)[1:], 0.02) == "WORSE")
    alarms = 0
    for trial in range(60):
        groups = [[[source.expovariate(1) for _ in range(8)] for _ in range(2)] for _ in range(6)]
        against.RESAMPLES = 400
        _, low, high = against.difference_of_means(groups, level, trial)
        alarms += not low <= 0 <= high
    t.check("an interval of 98 % is left about so often", alarms <= 5, str(alarms))
    # three values, all of one sign: 1 in 8 on either side
    t.check("the signed-rank test, counted out", against.signed_rank_counts(3) == [1, 1, 1, 2, 1, 1, 1] and
            against.cut(3, 0.75) == 0 and against.cut(3, 0.76) == -1)
