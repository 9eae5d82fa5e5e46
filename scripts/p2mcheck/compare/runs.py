# SPDX-License-Identifier: GPL-2.0-or-later
"""The raw data of a comparison, and their dependencies: a run is reused while these are the same."""

import json
import os
import subprocess
import threading

from p2mcheck.bugs import catalogue
from p2mcheck.compare import machine
from p2mcheck.compare.tools import OURS
from p2mcheck.files import Failure
from p2mcheck.processes import git
from p2mcheck.programs import environment


ENGINES = ("libfuzzer", "afl")
ROOM = "scripts/p2mcheck"
SHARED = ["core", f"{ROOM}/compare/tools.py", f"{ROOM}/compare/process.py", f"{ROOM}/bugs/catalogue.py",
          f"{ROOM}/engines.py"]
MEASURED = {OURS: SHARED + ["props", "fuzz", "Makefile", "scripts/mk"], "peers": SHARED + ["props/peers"]}
NOT_OURS = ("props/bugs/", "props/peers/", "props/tests/", "fuzz/tests/")


def digest(text):
    done = subprocess.run(["git", "hash-object", "--stdin"], input=text, stdout=subprocess.PIPE,
                          check=False)
    return done.stdout.decode().strip()[:12]


def files_of(name):
    """The files behind the figures of p2mcheck, or of the peers, each with its contents' hash."""
    names = [line for line in git("ls-files", "--", *MEASURED[name]).decode().splitlines()
             if not line.endswith(".md") and (name != OURS or not line.startswith(NOT_OURS))]
    done = subprocess.run(["git", "hash-object", "--stdin-paths"], input="\n".join(names).encode(),
                          stdout=subprocess.PIPE, check=True)
    return "\n".join(names).encode() + done.stdout


def revision(tools):
    """(commit, for each tool the hash of its dependencies): a run is reused for an equal hash.
    A peer does not depend on our harness, but on the rules that build the peer."""
    dirty = bool(git("diff", "HEAD", "--", *MEASURED[OURS]))
    commit = git("rev-parse", "--short", "HEAD").decode().strip() or "unknown"
    versions = json.dumps(machine.versions()).encode()
    recipe = subprocess.run(["make", "-nB", "peers"], stdout=subprocess.PIPE, check=True, env=environment()).stdout
    trees = {OURS: digest(files_of(OURS) + versions)}
    peers = digest(files_of("peers") + versions + recipe)
    return commit + ("-dirty" if dirty else ""), {tool: trees.get(tool, peers) for tool in tools}


def stop_if_changed(args, bugs):
    """The files of later builds must match the mark of the runs."""
    again = {bug.id: bug.digest for bug in catalogue.load(args.only)}
    if revision(args.trees)[1] != args.trees or any(again.get(bug.id) != bug.digest for bug in bugs):
        raise Failure("core, harness or patches have changed since the start; start it again")


def sample(bugs, full, only):
    """All that were requested by name; else every eighth of each kind."""
    if full or only:
        return bugs
    return [bug for historic in (True, False)
            for bug in [bug for bug in bugs if bug.historic == historic][3::8]]


def within(run, budget):
    """The run cut off at this budget, which is at most its own, unless it found something."""
    if run["seconds"] < budget:
        return run
    return {**run, "found": False, "seconds": budget}


class Runs:
    """The raw data: existing runs, and added ones."""

    def __init__(self, args, bugs):
        self.path, self.args = f"{args.data}/runs.jsonl", args
        self.patches = {bug.id: bug.digest for bug in bugs}
        self.lock = threading.Lock()
        self.done, self.others = {}, 0
        os.makedirs(args.data, exist_ok=True)
        self.cut_short = False
        for line in open(self.path, encoding="utf-8") if os.path.exists(self.path) else []:
            self.cut_short = not line.endswith("\n")
            try:
                run = json.loads(line)
                key = self.key(run)
            except (ValueError, KeyError):  # cut short when the machine stopped
                continue
            if self.is_usable(run):
                self.done[key] = within(run, args.budgets[run["geometry"]])
            else:
                self.others += 1

    def is_usable(self, run):
        """True if a run is of the current revision, has enough budget, and enough time to minimize."""
        same = (run.get("tree") == self.args.trees.get(run["tool"])
                and run.get("patch") == self.patches.get(run["bug"], run.get("patch")))
        stingy = run["tool"] in ENGINES and run["found"] and run.get("grace", 0) < self.args.grace
        return (same and (run["found"] or run["budget"] >= self.args.budgets[run["geometry"]])
                and not (self.args.full and (run.get("assumed") or stingy)))

    @staticmethod
    def key(run):
        return run["bug"], run["tool"], run["geometry"], run["seed"]

    def add(self, run):
        run = {"commit": self.args.commit, "budget": self.args.budgets[run["geometry"]],
               "tree": self.args.trees[run["tool"]], "patch": self.patches[run["bug"]],
               "load": round(os.getloadavg()[0], 1), **run}
        with self.lock:
            self.done[self.key(run)] = run
            with open(self.path, "a", encoding="utf-8") as file:
                if self.cut_short:
                    file.write("\n")
                    self.cut_short = False
                file.write(json.dumps(run) + "\n")
                file.flush()
                os.fsync(file.fileno())
