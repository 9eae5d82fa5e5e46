# SPDX-License-Identifier: GPL-2.0-or-later
"""kernel-bisect on a history of its own: each commit's p2m.c is a word that says how the case ends there."""

import argparse
import contextlib
import io
import os
import subprocess

from harness import test, write
from p2mcheck.files import Failure
from p2mcheck.linux import bisect, prepare

HISTORY = ("passes", "passes", "other", "does not build", "fails", "does not build", "fails", "differs", "passes",
           "passes")


def history(t):
    """A tree with a tag for each commit: v0, v1 .. Where HISTORY says `other`, another file changes."""
    tree = t.path("tree")

    def git(*arguments):
        subprocess.run(["git", "-C", tree, "-c", "user.name=n", "-c", "user.email=e", *arguments], check=True,
                       stdout=subprocess.DEVNULL)
    subprocess.run(["git", "init", "-q", tree], check=True)
    for number, word in enumerate(HISTORY):
        path = "Makefile" if word == "other" else prepare.P2M
        os.makedirs(os.path.dirname(f"{tree}/{path}") or ".", exist_ok=True)
        write(f"{tree}/{path}", f"{word} {number}\n")
        git("add", "-A")
        git("commit", "-q", "-m", f"the commit {number}")
        git("tag", f"v{number}")
    return tree


class Told(bisect.Trial):
    """Without a build."""

    def run_anew(self, commit):
        with open(f"{self.files(commit)}/{prepare.P2M}", encoding="utf-8") as file:
            word = file.read().rsplit(" ", 1)[0]
        return {"passes": "", "fails": "GET_MATCHES_MODEL", "differs": "CORE_BUG"}.get(word, bisect.UNKNOWN)


def bisected(t, tree, good, bad):
    """What the command prints, or the error."""
    args = argparse.Namespace(build=t.folder, good=good, bad=bad, case="case", known="", linux=tree)
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out):
            bisect.find(args, tree, Told(args, tree))
    except Failure as error:
        return str(error)
    return out.getvalue()


@test("kernel-bisect: the first commit that fails, the fix, and each error", tier="scripts", needs=("git",))
def finds(t):
    tree = history(t)

    def answer(what, good, bad, *expected):
        text = bisected(t, tree, good, bad)
        t.check(what, all(part in text for part in expected), text)
    answer("since which commits", "v0", "v6", "GET_MATCHES_MODEL since one of these commits:\n",
           "the commit 3\n", "the commit 4\n")
    answer("the fix, beside a commit that fails otherwise", "v9", "v6", "GET_MATCHES_MODEL no longer since one of",
           "the commit 7\n", "the commit 8\n")
    answer("one commit", "v8", "v7", "CORE_BUG no longer since:\n", "the commit 8\n")
    answer("exchanged", "v6", "v0", "the case fails at GOOD and passes at BAD: exchange them")
    answer("no change in between", "v1", "v2", "no commit between GOOD and BAD changes")
    answer("both pass", "v0", "v9", "the case passes at both GOOD and BAD")
    answer("both fail", "v4", "v6", "the case fails at both GOOD (GET_MATCHES_MODEL) and BAD (GET_MATCHES_MODEL)", "KNOWN=")
    answer("an end that does not build", "v0", "v3", "BAD=v3: its p2m.c does not build here")
    answer("no such commit", "v0", "nothing", "BAD=nothing: no such commit in")
    t.check("the work tree is as it was", subprocess.run(["git", "-C", tree, "status", "--porcelain"], check=True,
                                                         stdout=subprocess.PIPE).stdout == b"")
