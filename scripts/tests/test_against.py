# SPDX-License-Identifier: GPL-2.0-or-later
"""bench-against: its statistics on noise of known size, and the whole command on a toy.

The toy is a repository of two commits whose targets are shell scripts that burn a known time, so that
a slower revision, a faster one and the same one are told apart in seconds. The commit `even` is from
before the package p2mcheck: its programs are where they were then, and its p2m-case knows no facts. In
`slow` all is different: the paths, the longest input, the bytes and the text of a case, the invariant
that the bug violates. Each tree must be asked for its own.
"""

import json
import os
import random
import re
import subprocess

from harness import ROOT, test, write
from p2mcheck.bench import intervals, trees
from p2mcheck.files import Failure

TOY_MAKEFILE = """B := build
TARGETS TOOL: target.sh tool.sh
\t@mkdir -p $(@D) && cp $(if $(findstring p2m-case,$@),tool,target).sh $@ && chmod +x $@
"""

OLD = {"TOOL": "$(B)/p2m-case",
       "TARGETS": "$(B)/fuzz/tiny/ops_tiny $(B)/fuzz/x86_64/ops_x86_64 $(B)/bugs/toy/fuzz/tiny/ops_tiny",
       "LONGEST": "4624", "VERSION": "1", "INVARIANT": "HANG", "FACTS": "exit 2", "ONCE": "exit 77"}
NEW = {"TOOL": "$(B)/tools/p2m-case", "TARGETS": "$(B)/new/ops/tiny $(B)/new/ops/x86_64 $(B)/new/toy/ops/tiny",
       "LONGEST": "7", "VERSION": "2", "INVARIANT": "DEADLOCK", "FACTS": "echo '{\"longest_input\": 7}'; exit", "ONCE": ":"}
TOY_PROGRAMS = f"print({json.dumps(json.dumps({'p2m_case': 'build/tools/p2m-case', 'target': 'build/new/{target}/{geometry}', 'planted': 'build/new/{bug}/{target}/{geometry}'}))})\n"

# Reads texts up to its version. Version 2 has one more op, grant. The bytes of each version are different.
TOY_TOOL = """#!/bin/sh
[ "$1" != facts ] || { FACTS; }
for last; do file=$text text=$before before=$last; done
version=$(sed -n '1s/p2m-case //p' "$file")
[ "$version" -le VERSION ] || { echo "$file:1: no such version" >&2; exit 1; }
[ "$version" = 2 ] || ! grep -q grant "$file" || { echo "$file:2: no op is called grant" >&2; exit 1; }
echo "bytes VERSION" $(grep -o once "$file") >"$last"
"""

# The wait grows with the runs; as a hunt it finds the bug, if it is told the longest input.
TOY_TARGET = """#!/bin/sh
runs=300 longest=LONGEST
for a; do
    case $a in
    -runs=*) runs=${a#-runs=};; -artifact_prefix=*) prefix=${a#*=};; -max_len=*) longest=${a#*=};;
    -*) ;;
    *) [ -d "$a" ] || case $(cat "$a") in "bytes VERSION");; "bytes VERSION once") ONCE;; *) exit 5;; esac;;
    esac
done
[ "$longest" = LONGEST ] || exit 4
i=0; while [ $i -lt $((runs * WORK * 50)) ]; do i=$((i + 1)); done
[ -z "$prefix" ] || { echo "DEDUP_TOKEN: INVARIANT"; : >"${prefix}crash-1"; exit 1; }
"""

TOY_PATCH = ("Bug: TOY\nClass: x\nStory: x\nInvariant: INVARIANT\nCase:\n    p2m-case VERSION\n    geometry micro\n"
             "---\n")

# As in 872afe3.
OLD_CODEC = """#include "../props/ops.h"

#define CODEC_VERSION 1
#define CODEC_BOOT 16
#define CODEC_OP 18
#define CODEC_MAX (CODEC_BOOT + CASE_OPS * CODEC_OP)
"""
OLD_OPS = """#define OP_REFUSE_MAX 16 /* the page refused is the 1st .. 16th */
#define OP_TYPE_SOFT 126

#define CASE_OPS 256
"""


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
    files = {"Makefile": TOY_MAKEFILE, "tool.sh": TOY_TOOL, "target.sh": TOY_TARGET, "props/bugs/toy.patch": TOY_PATCH,
             "corpus/seed/one.txt": "p2m-case 1\nget\n"}
    git("init", "-q")
    place(folder, {**files, ".gitignore": "build/\n", "scripts/setup": "#!/bin/sh\n", "fuzz/codec.h": OLD_CODEC,
                   "props/ops.h": OLD_OPS, "props/bugs/gone.patch": TOY_PATCH}, {**OLD, "WORK": "4"})
    commit("even")
    os.unlink(f"{folder}/props/bugs/gone.patch")
    place(folder, {**files, "scripts/p2mcheck/programs.py": TOY_PROGRAMS, "props/bugs/fresh.patch": TOY_PATCH,
                   "corpus/seed/two.txt": "p2m-case 2\nget\n", "corpus/seed/grant.txt": "p2m-case 2\ngrant\n",
                   "corpus/regress/once.txt": "p2m-case 1\nget\n# a defect once\n"},
          {**NEW, "WORK": "8"})
    commit("slow")


@test("bench-against: a toy that is slower, faster, the same, or fails", how="alone")
def whole(t):
    toy(t.folder)

    def against(what, base, *options, says, status=0, found=""):
        done = t.run([os.path.abspath("scripts/bench-against"), f"--base={base}", "--only=toy", "--runs=7",
                      "--seeds=4", *options], cwd=t.folder, stderr=subprocess.PIPE)
        said = done.err if status == 2 else done.out
        t.check(what, done.status == status and says in (said.splitlines() or [""])[-1] and
                (status == 2 or not done.err) and re.search(found, done.out, re.S), str(done))
    against("half as fast is worse; what even lacks is left out", "even", "--only=toy fresh gone", status=1,
            says=": WORSE;", found=r"left out: fresh: no patch in BASE \w+\n  left out: gone: no patch in this tree\n.*"
            r"left out: corpus/regress/once.txt: BASE \w+ fails on it \(ops_tiny ended with 77\)\n.*"
            r"left out: (corpus/seed/grant.txt): BASE \w+ cannot read it \(\1:2: no op is called grant\)"
            r"\n.*4/4 found.*4/4 found.*, 2 reviewed cases")
    with open(t.path("build/against.json"), encoding="utf-8") as file:
        left_out = json.load(file)["left_out"]
    t.check("what was left out is in against.json", [sorted(left_out[what]) for what in ("cases", "bugs")] ==
            [["corpus/regress/once.txt", "corpus/seed/grant.txt"], ["fresh", "gone"]], str(left_out))
    against("the same is no difference", "slow", "--margin=0.3", says=": no difference;", found=", 4 reviewed cases")
    write(t.path("corpus/seed/two.txt"), "p2m-case 3\n")
    against("a case that this tree cannot read is an error", "slow", says="corpus/seed/two.txt:1: no such", status=2)
    subprocess.run(["git", "-C", t.folder, "checkout", "-q", "-f", "even"], check=True)
    against("twice as fast is better", "slow", says=": better;", found="4/4 found.*4/4 found.*, 1 reviewed cases")
    against("no such revision", "nothing", says="BASE=nothing: no such revision", status=2)
    against("no such bug", "slow", "--only=tiger", says="tiger.patch: no such bug", status=2)
    against("too few runs to show anything", "slow", "--runs=6", says="at least 7", status=2)
    with open(t.path("target.sh"), "a", encoding="utf-8") as file:
        file.write("exit 3\n")
    against("a target that fails is an error, not fast", "slow", says="ended with 3", status=2)


@test("bench-against: the longest input of a tree without facts", tier="scripts")
def longest(t):
    place(t.folder, {"old/fuzz/codec.h": OLD_CODEC, "old/props/ops.h": OLD_OPS, "moved/fuzz/codec.h": OLD_CODEC,
                     "moved/props/case/ops.h": OLD_OPS, "none/fuzz/codec.h": OLD_CODEC}, {})
    for folder in ("old", "moved"):
        t.check(folder, trees.longest_of_headers(t.path(folder)) == 4624)
    try:
        trees.longest_of_headers(t.path("none"))
        t.check("no CASE_OPS is an error", False)
    except Failure as error:
        t.check("no CASE_OPS is an error", "fuzz/codec.h: no #define of CASE_OPS" in str(error), str(error))
    # A clone may have no history.
    whole_files = {name: subprocess.run(["git", "-C", ROOT, "show", f"872afe3:{name}"], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, check=False, encoding="utf-8").stdout
                   for name in ("fuzz/codec.h", "props/ops.h")}
    if all(whole_files.values()):
        place(t.path("real"), whole_files, {})
        t.check("872afe3 itself", trees.longest_of_headers(t.path("real")) == 4624)


@test("bench-against: the first line of older formats", tier="scripts")
def older(t):
    texts = {"p2m-case 3\nget 0x0\n": ["p2m-case 2\nget 0x0\n", "p2m-case 1\nget 0x0\n"],
             "p2m-case 1\np2m-case 2\n": [], "get 0x0\n": [], "": []}
    for text, expected in texts.items():
        t.check(repr(text), list(trees.as_older_texts(text)) == expected, str(list(trees.as_older_texts(text))))


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
