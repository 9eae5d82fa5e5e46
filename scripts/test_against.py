# SPDX-License-Identifier: GPL-2.0-only
"""bench-against: its statistics on noise of known size, and the whole command on a toy.

The toy is a repository of three commits whose targets are shell scripts that burn a
known time, so that a slower revision, a faster one and the same one are told apart in
seconds.
"""

import os
import random
import subprocess
import tempfile

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
        with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
            file.write(text)
    git("init", "-q")
    for tag, work in (("even", "4"), ("slow", "8")):
        with open(f"{folder}/target.sh", "w", encoding="utf-8") as file:
            file.write(TOY_TARGET.replace("WORK", work))
        git("add", "-A")
        git("commit", "-q", "-m", tag)
        git("tag", tag)


def whole(report):
    tool = os.path.abspath("scripts/bench-against")
    with tempfile.TemporaryDirectory() as folder:
        toy(folder)

        def call(base, *options):
            done = subprocess.run([tool, f"--base={base}", "--bugs=toy", "--blocks=7", "--seeds=4", *options], cwd=folder,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, encoding="utf-8")
            return done.returncode, done.stdout, done.stderr
        for name, base, options, status, says in (
                ("half as fast is worse", "even", (), 1, ": WORSE;"),
                ("the same is no difference", "slow", ("--margin=0.3",), 0, ": no difference;")):
            code, out, err = call(base, *options)
            report(f"bench-against: {name}", code == status and says in out.splitlines()[-1] and not err,
                   f"status {code}\n{out}\n{err}")
        subprocess.run(["git", "-C", folder, "checkout", "-q", "even"], check=True)
        code, out, err = call("slow")
        report("bench-against: twice as fast is better", code == 0 and ": better;" in out, out + err)
        for name, base, options, says in (
                ("no such revision", "nothing", (), "BASE=nothing: no such revision"),
                ("no such bug", "slow", ("--bugs=tiger",), "tiger.patch: there is no such bug"),
                ("too few runs to show anything", "slow", ("--blocks=6",), "at least 7")):
            code, out, err = call(base, *options)
            report(f"bench-against: {name}", code == 2 and says in err, out + err)
        with open(f"{folder}/target.sh", "a", encoding="utf-8") as file:
            file.write("exit 3\n")
        code, out, err = call("slow")
        report("bench-against: a target that fails is an error, not fast", code == 2 and err.count("\n") == 1
               and "ended with 3" in err, out + err)


def statistics_of(report):
    against = script("bench-against")
    source, level = random.Random(7), 0.98
    flat = [source.gauss(0, 0.02) for _ in range(10)]
    slow = [source.gauss(-0.1, 0.02) for _ in range(10)]
    report("bench-against: noise is no difference",
           against.verdict(*against.hodges_lehmann(flat, level)[1:], 0.02) == "no difference")
    report("bench-against: a tenth slower is worse",
           against.verdict(*against.hodges_lehmann(slow, level)[1:], 0.02) == "WORSE")
    alarms = 0
    for trial in range(60):
        groups = [[[source.expovariate(1) for _ in range(8)] for _ in range(2)] for _ in range(6)]
        against.RESAMPLES = 400
        _, low, high = against.difference_of_means(groups, level, trial)
        alarms += not low <= 0 <= high
    report("bench-against: an interval of 98 % is left about so often", alarms <= 5, str(alarms))
    # three values, all of one sign: 1 in 8 on either side
    report("bench-against: the signed-rank test, counted out", against.signed_rank_counts(3) == [1, 1, 1, 2, 1, 1, 1]
           and against.cut(3, 0.75) == 0 and against.cut(3, 0.76) == -1)


def run_all(report):
    statistics_of(report)
    whole(report)
