# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds the commit of a kernel tree from which on a case fails, or passes again.

A binary search over the commits between GOOD and BAD that change p2m.c or page.h. The case passes at
GOOD and violates an invariant at BAD. If BAD is the older one, the search is for the fix. The files come
from `git show`: the work tree is not touched. A commit that does not build, or where the case violates
another invariant, is left out, and the answer may then be several commits.
"""

import os
import subprocess

from p2mcheck import cli, findings
from p2mcheck.files import Failure, write
from p2mcheck.linux import prepare
from p2mcheck.processes import output
from p2mcheck.programs import setup

FILES = (prepare.P2M, prepare.PAGE)
UNKNOWN = "?"  # neither: it does not build, or fails otherwise


def git(tree, *arguments):
    done = subprocess.run(["git", "-C", tree, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          encoding="utf-8", errors="surrogateescape", check=False)
    if done.returncode:
        raise Failure(f"git {arguments[0]}: {cli.last_line(done.stderr)}")
    return done.stdout


def commit_of(tree, name, revision):
    try:
        return git(tree, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").strip()
    except Failure:
        raise Failure(f"{name}={revision}: no such commit in {tree}") from None


def is_ancestor(tree, old, new):
    return not subprocess.run(["git", "-C", tree, "merge-base", "--is-ancestor", old, new], check=False).returncode


class Trial:
    """The case at one commit: builds its files and runs it there."""

    def __init__(self, args, tree):
        self.args, self.tree, self.cache = args, tree, {}

    def files(self, commit):
        """A folder with the files of the commit: the two, and a header that some versions have beside them."""
        folder = f"{self.args.build}/kernel-bisect/{commit[:12]}"
        there = git(self.tree, "ls-tree", "-r", "--name-only", commit, "--", *FILES, prepare.OWN).splitlines()
        for path in there:
            os.makedirs(os.path.dirname(f"{folder}/{path}"), exist_ok=True)
            write(f"{folder}/{path}", git(self.tree, "show", f"{commit}:{path}"))
        return folder

    def run(self, commit):
        """The invariant that the case violates there, "" for none, UNKNOWN if it cannot be built."""
        if commit not in self.cache:
            self.cache[commit] = self.run_anew(commit)
            print(f"{commit[:12]}  {self.cache[commit] or 'passes':24} {self.title(commit)}", flush=True)
        return self.cache[commit]

    def run_anew(self, commit):
        try:
            programs = prepare.programs(self.args.build, self.files(commit), self.args.known)
            programs.make(programs.p2m_case(), shown=False)
        except Failure:
            return UNKNOWN
        status, text = output([programs.p2m_case(), "repro", self.args.case])
        if status not in (0, 1):
            raise Failure(f"{self.args.case}: {cli.last_line(text)}")
        return findings.reported(text) if status else ""

    def title(self, commit):
        return git(self.tree, "log", "-1", "--format=%s", commit).strip()


def between(tree, old, new):
    """The commits after `old` up to `new` that change a file, the oldest first."""
    return git(tree, "rev-list", "--reverse", "--topo-order", f"{old}..{new}", "--", *FILES).split()


def search(trial, commits, before, after):
    """(last, first): positions in `commits`; up to `last` it is as `before`, from `first` on as `after`. Commits in
    between could not be tried. Position -1 stands for what is before all of them."""
    last, first = -1, len(commits) - 1
    while True:
        middle = (last + first) // 2
        order = sorted(range(last + 1, first), key=lambda at, middle=middle: abs(at - middle))
        known = next((at for at in order if trial.run(commits[at]) in (before, after)), None)
        if known is None:
            return last, first
        if trial.run(commits[known]) == before:
            last = known
        else:
            first = known


def check_ends(trial, good, bad):
    """The violated invariant at BAD; an error if GOOD and BAD are not what they should be."""
    at_good, at_bad = trial.run(good), trial.run(bad)
    for name, result in (("GOOD", at_good), ("BAD", at_bad)):
        if result == UNKNOWN:
            raise Failure(f"{name}={getattr(trial.args, name.lower())}: its p2m.c does not build here")
    if at_good and not at_bad:
        raise Failure("the case fails at GOOD and passes at BAD: exchange them")
    if at_good or not at_bad:
        raise Failure(f"the case fails at both GOOD ({at_good}) and BAD ({at_bad}); KNOWN= masks other defects"
                      if at_good else "the case passes at both GOOD and BAD")
    return at_bad


def find(args, tree, trial):
    """Prints the commits from which on the case fails, or passes again."""
    good, bad = commit_of(tree, "GOOD", args.good), commit_of(tree, "BAD", args.bad)
    forward = is_ancestor(tree, good, bad)
    if not forward and not is_ancestor(tree, bad, good):
        raise Failure("neither of GOOD and BAD is an ancestor of the other")
    commits = between(tree, *((good, bad) if forward else (bad, good)))
    if not commits:
        raise Failure(f"no commit between GOOD and BAD changes {FILES[0]} or {os.path.basename(FILES[1])}")
    invariant = check_ends(trial, good, bad)
    last, first = search(trial, commits, *(("", invariant) if forward else (invariant, "")))
    print(f"{invariant} {'since' if forward else 'no longer since'}"
          + (" one of these commits" if first - last > 1 else "") + ":")
    for commit in commits[last + 1:first + 1]:
        print(f"  {commit} {trial.title(commit)}")


def main():
    parser = cli.Parser(__doc__, core=False, linux="", known="", good="", bad="", case="")
    args = parser.parse()
    for name in ("linux", "good", "bad", "case"):
        if not getattr(args, name):
            parser.error(f"{name.upper()} is not set: make kernel-bisect GOOD=REV BAD=REV LINUX=GITTREE CASE=FILE")
    setup("git")
    tree = os.path.expanduser(args.linux)
    if not os.path.isfile(args.case):
        raise Failure(f"CASE={args.case}: no such file")
    git(tree, "rev-parse", "--git-dir")
    find(args, tree, Trial(args, tree))
    return 0
