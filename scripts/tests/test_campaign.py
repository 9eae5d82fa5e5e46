# SPDX-License-Identifier: GPL-2.0-or-later
"""Campaigns: which target gets the time, and what an interruption or a full disk leaves.

Each campaign runs in a clone, a folder of links with corpora and crashes of its own. A campaign is
stopped (SIGSTOP) while its engine continues and finds the canary's bug, so that the moment between
the finding and its filing is as long as a test needs it.
"""

import argparse
import glob
import hashlib
import json
import os
import re
import resource
import shutil
import signal
import sys
import time

from harness import ROOT, contents, fill, finish, test, text_of, wait_until, write
from p2mcheck import collected, engine_run
from p2mcheck.campaign.corpora import Corpora
from p2mcheck.campaign.main import new_because
from p2mcheck.campaign.state import State
from p2mcheck.campaign.triage import shape_of
from p2mcheck.files import Failure, read_json

ENGINES = ("p2m-case", "clang-san/p2m-case", "fuzz/tiny/canary_tiny", "fuzz/tiny/ops_tiny", "fuzz/tiny/e820_tiny")
AFL = ("afl/tiny/ops_tiny", "afl-san/tiny/ops_tiny", "afl/tiny/mutator_ops_tiny.so")


class Campaign:
    """Campaigns of one clone."""

    def __init__(self, t, folder=None):
        self.t, self.check, self.folder = t, t.check, folder or t.clone()

    def begin(self, on, seconds, *options, jobs=1):
        return self.t.start(["scripts/campaign", f"--on={on}", f"--seconds={seconds}", f"--jobs={jobs}", *options],
                            cwd=self.folder)

    def run(self, *arguments):
        done = finish(self.begin(*arguments))
        return done.out, done.status

    def status(self):
        return self.t.run(["scripts/status"], cwd=self.folder).out

    def files(self, pattern):
        return sorted(glob.glob(f"{self.folder}/{pattern}"))

    def wait_for(self, process, pattern):
        wait_until(lambda: self.files(pattern) or process.poll() is not None)
        return self.files(pattern)

    def caught(self):
        """A campaign that is stopped, and the crasher that its engine left meanwhile."""
        process = self.begin("canary_tiny", 8, "--engines=libfuzzer")
        wait_until(lambda: any(map(os.path.getsize, self.files("build/campaign/slices/*/job-0/log"))) or
                   process.poll() is not None)  # the engine runs
        process.send_signal(signal.SIGSTOP)
        wait_until(lambda: self.crashers() or process.poll() is not None)
        return process, self.crashers()

    def crashers(self):
        """Those that are whole: an engine first creates the file, then writes it."""
        return [path for path in self.files("build/campaign/slices/*/job-0/crash-*") if is_whole(path)]

    def is_filed(self, data):
        return any(contents(path) == data for path in self.files("crashes/canary_tiny-*"))


def is_whole(path):
    return os.path.basename(path) == "crash-" + hashlib.sha1(contents(path)).hexdigest()


def campaign_test(name, *goals, **options):
    """Declares a function of a Campaign as a test."""
    def declare(action):
        test(f"campaign: {name}", goals=(*ENGINES, *goals), **options)(lambda t: action(Campaign(t)))
        return action
    return declare


# ---- without an engine ----

@test("campaign: shares of the time", tier="scripts")
def schedule(t):
    """One lane of five finds something in each slice."""
    def play():
        state = State(t.folder)
        state.begin(1, {})
        names = [f"t{number}_tiny.libfuzzer" for number in range(5)]
        state.add_lanes(names)
        order = []
        for _ in range(400):
            name = state.pick(names, 60)
            order.append(name)
            state.count(name, {"seconds": 60.0, "tally": {"cases": 1}, "cov": 1, "crashes": 0,
                               "gain": 5 if name == names[3] else 0, "broken": None}, 60, 60.0)
        return names, order

    names, order = play()
    shares = [order.count(name) for name in names]
    t.check("a lane that finds coverage gets eight times the time, no lane starves",
            min(shares) >= 400 // 12 - 1 and shares[3] > 7 * max(shares[:3]), str(shares))
    t.check("the same results, the same order", play() == (names, order))


@test("campaign: which findings are one bug", tier="scripts")
def bugs_apart(t):
    case = "p2m-case 1\ngeometry micro\nboot nr_pages=0x0\nset 0x7 mfn 0x5 # any\n"
    shape = shape_of(case)
    t.check("numbers make no other bug",
            shape == shape_of(case.replace("0x7", "0x3").replace("=0x0", "=0x8")), shape)
    t.check("entries and geometries do",
            len({shape, shape_of(case.replace("mfn", "foreign")),
                 shape_of(case.replace("micro", "x86_32")),
                 shape_of(case.replace("micro", "x86_64"))}) == 4, shape)


@test("campaign: its state belongs to a revision of the core", tier="scripts")
def revisions(t):
    for folder in ("core", "props/subjects"):
        os.makedirs(t.path(folder))
    t.path("props/subjects/core.c", "subject")
    t.path("core/p2m.c", "one")
    told = [t.run([sys.executable, "-c", f"import sys; sys.path.append('{ROOT}/scripts')\n"
                   "from p2mcheck.campaign.state import core_revision; print(core_revision())"],
                  cwd=t.folder).out for change in ("one", "one", "two") if t.path("core/p2m.c", change)]
    t.check("the same sources, the same revision", told[0] == told[1] != told[2] and len(told[0]) == 13, str(told))
    state = State(t.folder)
    state.begin(1, {}, "a")
    state.data["bugs"] = {"x": {"revision": "a", "count": 2}, "y": {"revision": "b", "count": 1}, "z": {"count": 1}}
    state.begin(1, {}, "b")
    t.check("bugs stay, and those of another core are marked", [bug["older"] for bug in state.data["bugs"].values()] ==
            [True, False, True] and all(bug["count"] == 0 for bug in state.data["bugs"].values()), str(state.data))
    state.data["done"] = 7200.0
    for total, revision, want in ((60, "b", "already run 2:00:00"), (0, "b", None), (8000, "b", None),
                                  (8000, "c", "the core has changed")):
        because = new_because(argparse.Namespace(total=total), state, revision)
        t.check(f"{total} s on {revision}", because is want if want is None else want in (because or ""), str(because))


@test("campaign: corpora are pruned", tier="scripts")
def corpora(t):
    """Also a pruning that was killed, and inputs that are not whole."""
    folder, name = t.folder, hashlib.sha1(b"input").hexdigest()
    pruned = Corpora(f"{folder}/corpus", f"{folder}/campaign")
    corpus = pruned.path("ops_tiny")
    os.makedirs(corpus + ".old")
    write(f"{corpus}.old/{name}", b"input")
    os.mkdir(corpus + ".merged")
    pruned.repair()
    t.check("a pruning killed half-way leaves the old corpus",
            os.listdir(corpus) == [name] and os.listdir(f"{folder}/corpus") == ["ops_tiny"])
    for rest in ("merged", "old"):  # after the exchange, with renameat2 and without
        os.mkdir(f"{corpus}.{rest}")
        late = hashlib.sha1(rest.encode()).hexdigest()
        write(f"{corpus}.{rest}/{late}", rest)
        write(f"{corpus}.{rest}/{'0' * 40}", "cut off")
        pruned.repair()
        t.check("killed after the exchange: what came meanwhile is there", set(os.listdir(corpus)) == {name, late} and
                os.listdir(f"{folder}/corpus") == ["ops_tiny"], str(os.listdir(corpus)))
        os.unlink(f"{corpus}/{late}")
    os.mkdir(corpus + ".merged")
    for late in ("late", name):
        write(f"{corpus}/{late}", late)
    pruned.replace(corpus, corpus + ".merged", {name})
    t.check("what comes while the corpus is pruned stays", os.listdir(corpus) == ["late"] and
            os.listdir(f"{folder}/corpus") == ["ops_tiny"], str(os.listdir(corpus)))
    for cut in (name, "id:000001"):
        write(f"{folder}/{cut}", b"inp" if cut == name else b"")
        t.check("an input cut short stays out of the corpus",
                not engine_run.adopt(f"{folder}/{cut}", corpus) and os.listdir(corpus) == ["late"])


@test("collected inputs have a marked folder", tier="scripts")
def marked(t):
    corpus = t.path("ops_tiny")
    collected.prepare(corpus, "p2m-case")
    t.check("a new one is marked", os.listdir(corpus) == ["FORMAT"] and text_of(f"{corpus}/FORMAT") == "2\n")
    write(f"{corpus}/x", b"x")
    collected.prepare(corpus, "p2m-case")
    t.check("the mark is no input", collected.inputs(corpus) == ["x"])
    for change in (lambda: os.mkdir(f"{corpus}/.format-2"), lambda: os.unlink(f"{corpus}/FORMAT")):
        change()
        try:
            collected.prepare(corpus, "p2m-case")
            t.check("a failure", False)
        except Failure as failure:
            t.check("it says what to do", f"{corpus}: is not marked as format 2; run p2m-case upgrade {corpus}" ==
                    str(failure), str(failure))


# ---- with one ----

@campaign_test("a corpus that is not marked as format 2")
def unmarked(clone):
    """Each command that reads it says what to do, and changes nothing."""
    os.makedirs(f"{clone.folder}/build/corpus/ops_tiny")
    write(f"{clone.folder}/build/corpus/ops_tiny/x", b"x")
    for what, *options in (("campaign", "--on=ops_tiny", "--seconds=3", "--engines=libfuzzer"),
                           ("fuzz", "--time=3", "--jobs=1"), ("corpus-promote",)):
        clone.t.expect(what, [f"scripts/{what}", *options], rf"^{what}: build/corpus/ops_tiny: is not marked as format "
                       r"2; run build/p2m-case upgrade build/corpus/ops_tiny\n\Z", 1, cwd=clone.folder)
    clone.check("nothing is changed", os.listdir(f"{clone.folder}/build/corpus/ops_tiny") == ["x"])



@campaign_test("kill -9 between a finding and its filing")
def killed(clone):
    clone.check("status without a campaign says how to begin one", "HOURS" in clone.status())
    output, status = clone.run("canary_tiny", "0")
    for option in ("--hours=inf", "--hours=nan", "--hours=1e9", "--seconds=-1"):
        done = clone.t.run(["scripts/campaign", option], cwd=clone.folder)
        clone.check(f"{option} is one clear line", done.status == 2 and done.out.count("\n") == 1 and
                    "choose a number" in done.out, done.out)
    clone.check("no time is one clear line", status == 1 and output.count("\n") == 1 and
                "HOURS or SECONDS" in output, output)
    process, found = clone.caught()
    data = contents(found[0]) if found else b""
    clone.check("status of one that runs", f"running, process {process.pid}" in clone.status(),
                clone.status())
    output, status = clone.run("canary_tiny", "5")
    clone.check("a second one is refused", status == 1 and "in use by a campaign" in output, output)
    process.kill()
    finish(process)
    clone.check("kill -9 leaves the crasher, and status says so", bool(found) and is_whole(found[0]) and
                "was killed" in clone.status() and "left behind" in clone.status(), clone.status())
    output, status = clone.run("canary_tiny", "12", "--engines=libfuzzer")
    clone.check("the next one resumes it (or has no time left for that), brings in and files it",
                status == 1 and re.search(r"resumes one that was killed|already run", output) is not None and
                "slices of a killed campaign: 1 slice, 1 crasher;" in output and
                "bug: GET_MATCHES_MODEL" in output and clone.is_filed(data), output)
    # the canary has two shapes: a frame that is set, and one that is there from the boot
    crashers = int((re.findall(r"(\d+) crashers?,", output) or [0])[-1])
    texts = clone.files("crashes/canary_micro-*.txt")
    clone.check("a bug does not end it, and is filed once",
                crashers >= 2 and 1 <= len(texts) <= 2, output)
    again = re.search(r"again:  make repro CASE=(\S+)", output)
    clone.check("the case named is there, shrunk, with its test",
                again is not None and all(os.path.exists(f"{clone.folder}/{again.group(1)}{end}")
                                          for end in ("", ".txt", ".c")), output)
    state = read_json(f"{clone.folder}/build/campaign/state.json")
    bugs = {key: {**bug, "count": 0, "older": True} for key, bug in state["bugs"].items()}
    state.update(status="failed", bugs=bugs, done=500)
    write(f"{clone.folder}/build/campaign/state.json", json.dumps(state))
    clone.check("bugs of another core are marked", "bug of another revision of the core, not met in this one: "
                "GET_MATCHES_MODEL" in clone.status(), clone.status())
    output, status = clone.run("ops_tiny", "8", "--engines=libfuzzer")
    clone.check("a shorter one after a longer one begins anew and runs", status == 0 and " (0 broken" in output and
                "it has already run 0:08:20 of the 8 s that are set now" in output, output)
    write(f"{clone.folder}/build/campaign/state.json", "{")
    output, status = clone.run("canary_tiny", "5")
    clone.check("a state that is not to be read is one clear line",
                status == 1 and output.count("\n") == 1 and "state.json" in output, output)


def refused_writes(process):
    """What a full disk is to a program: it cannot write another byte."""
    before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, before[1]))


def full_disk(clone, how, make_full, make_room):
    process, found = clone.caught()
    data = contents(found[0]) if found else b""
    make_full(process)
    process.send_signal(signal.SIGCONT)
    output = finish(process).out
    lines = [line for line in output.splitlines() if line.startswith("campaign: ") and "stopped;" in line]
    clone.check(f"a full disk ({how}) is one clear line, and the exit is not 0",
                process.returncode == 1 and len(lines) == 1 and "Traceback" not in output, output)
    there = [path for path in found if os.path.exists(path) and is_whole(path)]
    clone.check(f"what could not be filed ({how}) stays, whole, and nothing is cut short",
                there == found and bool(found) and not clone.files("crashes/*") and
                not clone.files("build/campaign/*.tmp"), str(clone.files("crashes/*")))
    make_room()
    output, _ = clone.run("canary_tiny", "3", "--engines=libfuzzer")
    clone.check(f"with room again ({how}) it is filed", clone.is_filed(data), output)


@campaign_test("a full disk (writes refused)")
def writes_refused(clone):
    full_disk(clone, "writes refused", refused_writes, lambda: None)


@test("campaign: a full disk (tmpfs)", goals=ENGINES)
def full_tmpfs(t):
    disk = t.tmpfs("size=24m")
    full_disk(Campaign(t, t.clone("disk/clone")), "tmpfs", lambda _: fill(f"{disk}/filler"),
              lambda: os.unlink(f"{disk}/filler"))


@campaign_test("kill -9 of an engine", how="alone")
def killed_engine(clone):
    process = clone.begin("ops_tiny", 16, "--engines=libfuzzer", "--slice=4")
    clone.wait_for(process, "build/campaign/slices/*/new/*")
    time.sleep(0.5)
    process.send_signal(signal.SIGSTOP)
    ended = engine_run.end_orphans(f"{clone.folder}/build/campaign/slices")  # what it is for, with -9
    collected = {os.path.basename(path) for path in clone.files("build/campaign/slices/*/new/*")
                 if os.path.basename(path) == hashlib.sha1(contents(path)).hexdigest()}
    process.send_signal(signal.SIGCONT)
    clone.wait_for(process, "build/campaign/slices/000002-*")  # and before anything is pruned
    corpus = {os.path.basename(path) for path in clone.files("build/corpus/ops_tiny/*")}
    output = finish(process).out
    clone.check("kill -9 of an engine loses no input, and the campaign continues",
                ended == 1 and len(collected) > 10 and collected <= corpus and "a slice failed" in output and
                "(1 broken" in output, f"{len(collected - corpus)} of {len(collected)} lost\n{output}")
    clone.check("without a bug, and with good slices after it, the exit is 0",
                process.returncode == 0 and " 0 bugs" in output, output)


@campaign_test("an interruption", how="alone")
def interrupted(clone):
    process = clone.begin("ops_tiny e820_tiny", 30, "--engines=libfuzzer", jobs=2)
    clone.wait_for(process, "build/campaign/slices/*/new/*")
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)  # somebody is impatient
    output = finish(process).out
    clone.check("an interruption ends it in order, with its table",
                process.returncode == 1 and "resumes it" in output and "2 slices (0 broken" in output and
                not clone.files("build/campaign/slices/0*") and "was interrupted" in clone.status(),
                output + clone.status())


@campaign_test("both engines", *AFL, needs=("afl-fuzz", "afl-clang-fast"), how="alone")
def both_engines(clone):
    output, status = clone.run("ops_tiny", "20", "--engines=libfuzzer,afl")
    rows = dict(re.findall(r"^ops_tiny +(\w+) +\d+ +(\d+)", output, re.M))
    clone.check("both engines run, and add to one corpus", status == 0 and
                int(rows.get("afl", 0)) > 0 and int(rows.get("libfuzzer", 0)) > 0, output)


@campaign_test("promote")
def promoted(clone):
    """Against a corpus of one case, something adds."""
    os.makedirs(f"{clone.folder}/few/seed")
    os.makedirs(f"{clone.folder}/build/corpus/ops_tiny")
    write(f"{clone.folder}/build/corpus/ops_tiny/FORMAT", "2\n")
    shutil.copy("corpus/seed/worked-example.txt", f"{clone.folder}/few/seed")
    write(f"{clone.folder}/new.txt", "p2m-case 1\ngeometry tiny\nget 0x1\nset 0x1ff foreign 0x7\nresume\n")
    clone.t.expect("encode", ["build/p2m-case", "encode", "new.txt", "-o", "build/corpus/ops_tiny/x"], cwd=clone.folder)

    def promote(*options):
        done = clone.t.run(["scripts/corpus-promote", *options], cwd=clone.folder)
        return done.out, done.status

    output, status = promote()
    clone.check("what adds nothing is not written", status == 0 and "adds a cell" in output, output)
    output, status = promote("--reviewed=few")
    texts = clone.files("few/seed/collected-*.txt")
    text = text_of(texts[0]) if texts else ""
    clone.check("what adds a cell is written, without ops that do not, and says what",
                status == 0 and len(texts) == 1 and "set 0x1ff foreign 0x7" in text and
                "resume" not in text and "#   set foreign" in text, output + text)
