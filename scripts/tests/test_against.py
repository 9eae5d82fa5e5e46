# SPDX-License-Identifier: GPL-2.0-only
"""bench-against: its statistics on noise of known size, and the whole command on a toy.

The toy is a repository of two commits whose targets are shell scripts that burn a known time, so that
a slower revision, a faster one and the same one are told apart in seconds. The commit `even` is from
before the package p2mcheck, and its programs are where they were then. In `slow` they are elsewhere:
each tree must be asked for its own paths.
"""

import json
import os
import random
import subprocess

from harness import test, write
from p2mcheck.bench import intervals

TOY_MAKEFILE = """B := build
TARGETS TOOL: target.sh tool.sh
\t@mkdir -p $(@D) && cp $(if $(findstring p2m-case,$@),tool,target).sh $@ && chmod +x $@
"""

OLD = {"TOOL": "$(B)/p2m-case",
       "TARGETS": "$(B)/fuzz/tiny/ops_tiny $(B)/fuzz/x86_64/ops_x86_64 $(B)/bugs/toy/fuzz/tiny/ops_tiny",
       "LONGEST": "4624"}
NEW = {"TOOL": "$(B)/tools/p2m-case", "TARGETS": "$(B)/new/ops/tiny $(B)/new/ops/x86_64 $(B)/new/toy/ops/tiny",
       "LONGEST": "7"}
TOY_PROGRAMS = f"print({json.dumps(json.dumps({'p2m_case': 'build/tools/p2m-case', 'target': 'build/new/{target}/{geometry}', 'planted': 'build/new/{bug}/{target}/{geometry}'}))})\n"

TOY_TOOL = """#!/bin/sh
[ "$1" != facts ] || { echo '{"longest_input": LONGEST}'; exit; }
for last; do :; done
echo case >"$last"
"""

# The wait grows with the runs; as a hunt it finds what the patch names, if it is told the longest input.
TOY_TARGET = """#!/bin/sh
runs=300 longest=LONGEST
for a; do
    case $a in
    -runs=*) runs=${a#-runs=};; -artifact_prefix=*) prefix=${a#*=};; -max_len=*) longest=${a#*=};;
    esac
done
[ "$longest" = LONGEST ] || exit 4
i=0; while [ $i -lt $((runs * WORK * 10)) ]; do i=$((i + 1)); done
[ -z "$prefix" ] || { echo "DEDUP_TOKEN: HANG"; : >"${prefix}crash-1"; exit 1; }
"""

TOY_PATCH = "Bug: TOY\nClass: x\nStory: x\nInvariant: HANG\nCase:\n    p2m-case 1\n    geometry micro\n---\n"


def place(folder, files, words):
    """Writes them, with a value in place of each word."""
    for name, text in files.items():
        for word, value in words.items():
            text = text.replace(word, value)
        os.makedirs(os.path.dirname(f"{folder}/{name}"), exist_ok=True)
        write(f"{folder}/{name}", text)
        os.chmod(f"{folder}/{name}", 0o755)


def toy(folder):
    """Commits of normal speed, tagged `even`, and of half of it, `slow`; the work tree is `slow`."""
    def git(*arguments):
        subprocess.run(["git", "-C", folder, "-c", "user.name=x", "-c", "user.email=x@x", *arguments], check=True,
                       stdout=subprocess.DEVNULL)

    def commit(tag):
        git("add", "-A")
        git("commit", "-q", "-m", tag)
        git("tag", tag)
    files = {"Makefile": TOY_MAKEFILE, "tool.sh": TOY_TOOL, "target.sh": TOY_TARGET}
    git("init", "-q")
    place(folder, {**files, "props/bugs/toy.patch": TOY_PATCH, ".gitignore": "build/\n", "scripts/setup": "#!/bin/sh\n",
                   "corpus/seed/one.txt": "p2m-case 1\n"}, {**OLD, "WORK": "4"})
    commit("even")
    place(folder, {**files, "scripts/p2mcheck/programs.py": TOY_PROGRAMS}, {**NEW, "WORK": "8"})
    commit("slow")


@test("bench-against: a toy that is slower, faster, the same, or fails", how="alone")
def whole(t):
    toy(t.folder)

    def against(what, base, *options, says, status=0):
        done = t.run([os.path.abspath("scripts/bench-against"), f"--base={base}", "--only=toy", "--runs=7",
                      "--seeds=4", *options], cwd=t.folder, stderr=subprocess.PIPE)
        said = done.err if status == 2 else done.out
        t.check(what, done.status == status and says in (said.splitlines() or [""])[-1] and
                (status == 2 or not done.err), str(done))
    against("half as fast is worse", "even", says=": WORSE;", status=1)
    against("the same is no difference", "slow", "--margin=0.3", says=": no difference;")
    subprocess.run(["git", "-C", t.folder, "checkout", "-q", "even"], check=True)
    against("twice as fast is better", "slow", says=": better;")
    against("no such revision", "nothing", says="BASE=nothing: no such revision", status=2)
    against("no such bug", "slow", "--only=tiger", says="tiger.patch: there is no such bug", status=2)
    against("too few runs to show anything", "slow", "--runs=6", says="at least 7", status=2)
    with open(t.path("target.sh"), "a", encoding="utf-8") as file:
        file.write("exit 3\n")
    against("a target that fails is an error, not fast", "slow", says="ended with 3", status=2)


@test("bench-against: statistics", tier="scripts")
def statistics_of(t):
    source, level = random.Random(7), 0.98
    flat = [source.gauss(0, 0.02) for _ in range(10)]
    slow = [source.gauss(-0.1, 0.02) for _ in range(10)]
    t.check("noise is no difference",
            intervals.verdict(*intervals.hodges_lehmann(flat, level)[1:], margin=0.02) == "no difference")
    t.check("a tenth slower is worse", intervals.verdict(*intervals.hodges_lehmann(slow, level)[1:], margin=0.02) == "WORSE")
    alarms = 0
    for trial in range(60):
        groups = [[[source.expovariate(1) for _ in range(8)] for _ in range(2)] for _ in range(6)]
        intervals.RESAMPLES = 400
        _, low, high = intervals.difference_of_means(groups, level, trial)
        alarms += not low <= 0 <= high
    t.check("an interval of 98 % is left about so often", alarms <= 5, str(alarms))
    # three values, all of one sign: 1 in 8 on either side
    t.check("the signed-rank test, counted out", intervals.signed_rank_counts(3) == [1, 1, 1, 2, 1, 1, 1] and
            intervals.cut(3, 0.75) == 0 and intervals.cut(3, 0.76) == -1)
