# SPDX-License-Identifier: GPL-2.0-only
"""Campaigns: who gets the time, and what becomes of it when somebody pulls the plug.

Each runs in a clone of its own: a folder of links to this one, with corpora and crashes apart.
A campaign is stopped (SIGSTOP) while its engine goes on and finds the canary's bug, so that the
moment between the finding and its filing is as long as a test needs it.
"""

import glob
import hashlib
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time

import campaign_corpora
import campaign_slices
import campaign_state
import campaign_triage

HERE = os.getcwd()


class Clone:
    """The repository once more, by links."""

    def __init__(self, folder, build):
        self.folder = folder
        os.makedirs(f"{folder}/build/campaign")
        for name in os.listdir(HERE):
            if name not in ("build", "crashes", ".git", os.path.basename(build)):
                os.symlink(f"{HERE}/{name}", f"{folder}/{name}")
        for name in os.listdir(build):
            if name not in ("campaign", "corpus", "run"):
                os.symlink(os.path.abspath(f"{build}/{name}"), f"{folder}/build/{name}")

    def begin(self, on, seconds, *options, jobs=1):
        return subprocess.Popen(
            ["scripts/campaign", f"--on={on}", f"--seconds={seconds}", f"--jobs={jobs}", *options],
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8")

    def run(self, *arguments):
        process = self.begin(*arguments)
        return process.communicate(timeout=60)[0], process.returncode

    def status(self):
        done = subprocess.run(["scripts/campaign", "--status"], cwd=self.folder, check=False,
                              stdout=subprocess.PIPE, encoding="utf-8")
        return done.stdout

    def files(self, pattern):
        return sorted(glob.glob(f"{self.folder}/{pattern}"))

    def wait_for(self, pattern, seconds=20):
        deadline = time.monotonic() + seconds
        while not self.files(pattern) and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.files(pattern)

    def caught(self, *options):
        """A campaign that is stopped, and the crasher that its engine left meanwhile."""
        process = self.begin("canary_tiny", 8, "--engines=libfuzzer", *options)
        self.wait_for("build/campaign/slices/*/job-0/log")
        process.send_signal(signal.SIGSTOP)
        return process, self.wait_for("build/campaign/slices/*/job-0/crash-*")


def is_whole(path):
    with open(path, "rb") as file:
        return os.path.basename(path) == "crash-" + hashlib.sha1(file.read()).hexdigest()


def is_filed(clone, data):
    for path in clone.files("crashes/canary_tiny-*"):
        with open(path, "rb") as file:
            if file.read() == data:
                return True
    return False


def contents(path):
    with open(path, "rb") as file:
        return file.read()


# ---- without an engine ----

def schedule(report, folder):
    """One lane of five finds something in each slice."""
    def play():
        state = campaign_state.State(folder)
        state.begin(1, {})
        names = [f"t{number}_tiny.libfuzzer" for number in range(5)]
        state.add_lanes(names)
        order = []
        for _ in range(400):
            name = state.pick(names, 60)
            order.append(name)
            state.count(name, {"seconds": 60.0, "tally": [1] * campaign_state.WORDS, "cov": 1, "crashes": 0,
                               "gain": 5 if name == names[3] else 0, "broken": None}, 60, 60.0)
        return names, order

    names, order = play()
    shares = [order.count(name) for name in names]
    report("campaign: who finds coverage gets eight times the time, nobody starves",
           min(shares) >= 400 // 12 - 1 and shares[3] > 7 * max(shares[:3]), str(shares))
    report("campaign: the same results, the same order", play() == (names, order))


def bugs_apart(report):
    case = "p2m-case 1\ngeometry micro\nboot nr_pages=0x0\nset 0x7 mfn 0x5 # any\n"
    shape = campaign_triage.shape_of(case)
    report("campaign: numbers make no other bug",
           shape == campaign_triage.shape_of(case.replace("0x7", "0x3").replace("=0x0", "=0x8")), shape)
    report("campaign: entries and geometries do",
           len({shape, campaign_triage.shape_of(case.replace("mfn", "foreign")),
                campaign_triage.shape_of(case.replace("micro", "x86_32")),
                campaign_triage.shape_of(case.replace("micro", "x86_64"))}) == 4, shape)


class Options:
    def __init__(self, folder, sync):
        self.build, self.sync = folder, sync


def corpora(report, folder):
    """Exchange, pruning that was killed, inputs that are not whole."""
    shared = f"{folder}/shared"
    for path in (shared, f"{folder}/a/corpus/ops_tiny", f"{folder}/b/corpus/ops_tiny"):
        os.makedirs(path)
    a, b = (campaign_corpora.Corpora(Options(f"{folder}/{name}", shared), f"{folder}/{name}/campaign")
            for name in "ab")
    name = hashlib.sha1(b"input").hexdigest()
    with open(f"{a.path('ops_tiny')}/{name}", "wb") as file:
        file.write(b"input")
    os.makedirs(f"{shared}/ops_tiny")
    with open(f"{shared}/ops_tiny/{'0' * 40}", "wb") as file:
        file.write(b"half an inp")
    given, taken = a.exchange("ops_tiny"), b.exchange("ops_tiny")
    report("campaign: corpora are exchanged, what is not whole is left where it is",
           given == (1, 0) and taken == (0, 1) and os.listdir(b.path("ops_tiny")) == [name],
           f"{given} {taken} {os.listdir(b.path('ops_tiny'))}")
    os.unlink(f"{b.path('ops_tiny')}/{name}")
    report("campaign: what was pruned is not taken again", b.exchange("ops_tiny") == (0, 0))

    corpus = a.path("ops_tiny")
    os.rename(corpus, corpus + ".old")
    os.mkdir(corpus + ".merged")
    a.mend()
    report("campaign: a pruning killed half-way leaves the old corpus",
           os.listdir(corpus) == [name] and os.listdir(f"{folder}/a/corpus") == ["ops_tiny"])
    os.mkdir(corpus + ".merged")
    for late in ("late", name):
        with open(f"{corpus}/{late}", "wb") as file:
            file.write(late.encode())
    a.replace(corpus, corpus + ".merged", {name})
    report("campaign: what comes while the corpus is pruned stays", os.listdir(corpus) == ["late"] and
           os.listdir(f"{folder}/a/corpus") == ["ops_tiny"], str(os.listdir(corpus)))
    with open(f"{folder}/{name}", "wb") as file:
        file.write(b"inp")
    report("campaign: an input cut short stays out of the corpus",
           not campaign_slices.adopt(f"{folder}/{name}", corpus, name) and os.listdir(corpus) == ["late"])


# ---- with one ----

def killed(report, clone):
    """kill -9 between a finding and its filing."""
    report("campaign: status without a campaign says how to begin one", "HOURS" in clone.status())
    output, status = clone.run("canary_tiny", "0")
    report("campaign: no time is one clear line", status == 1 and output.count("\n") == 1 and
           "HOURS or SECONDS" in output, output)
    process, found = clone.caught()
    data = contents(found[0]) if found else b""
    report("campaign: status of one that runs", f"running, process {process.pid}" in clone.status(),
           clone.status())
    output, status = clone.run("canary_tiny", "5")
    report("campaign: a second one is refused", status == 1 and "a campaign is running" in output, output)
    process.kill()
    process.communicate()
    report("campaign: kill -9 leaves the crasher, and status says so", bool(found) and is_whole(found[0]) and
           "was killed" in clone.status() and "left behind" in clone.status(), clone.status())
    output, status = clone.run("canary_tiny", "5", "--engines=libfuzzer")
    report("campaign: the next one goes on, brings in and files it",
           status == 1 and re.search(r"goes on with one that was killed", output) is not None and
           "left behind: 1 slice, 1 crasher;" in output and
           "bug: GET_MATCHES_MODEL" in output and is_filed(clone, data), output)
    # the canary has two shapes: a frame that is set, and one that is there from the boot
    crashers = int((re.findall(r"(\d+) crashers?,", output) or [0])[-1])
    texts = clone.files("crashes/canary_micro-*.txt")
    report("campaign: a bug does not end it, and is filed once",
           crashers > len(texts) and 1 <= len(texts) <= 2, output)
    again = re.search(r"again:  make repro CASE=(\S+)", output)
    report("campaign: the case named is there, shrunk, with its test",
           again is not None and all(os.path.exists(f"{clone.folder}/{again.group(1)}{end}")
                                     for end in ("", ".txt", ".c")), output)
    with open(f"{clone.folder}/build/campaign/state.json", "w", encoding="utf-8") as file:
        file.write("{")
    output, status = clone.run("canary_tiny", "5")
    report("campaign: a state that is not to be read is one clear line",
           status == 1 and output.count("\n") == 1 and "state.json" in output, output)


def refused_writes(process):
    """What a full disk is to a program: it cannot write another byte."""
    before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, before[1]))


def fill(path):
    with open(path, "wb", buffering=0) as file:
        for size in (1 << 16, 1 << 9, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


def full_disk(report, clone, how, make_full, make_room):
    process, found = clone.caught()
    data = contents(found[0]) if found else b""
    make_full(process)
    process.send_signal(signal.SIGCONT)
    output = process.communicate(timeout=60)[0]
    lines = [line for line in output.splitlines() if line.startswith("campaign: ") and "stopped;" in line]
    report(f"campaign: a full disk ({how}) is one clear line, and the exit is not 0",
           process.returncode == 1 and len(lines) == 1 and "Traceback" not in output, output)
    there = [path for path in found if os.path.exists(path) and is_whole(path)]
    report(f"campaign: what could not be filed ({how}) stays, whole, and nothing is cut short",
           there == found and bool(found) and not clone.files("crashes/*") and
           not clone.files("build/campaign/*.tmp"), str(clone.files("crashes/*")))
    make_room()
    output, _ = clone.run("canary_tiny", "3", "--engines=libfuzzer")
    report(f"campaign: with room again ({how}) it is filed", is_filed(clone, data), output)


def full_tmpfs(report, folder, build):
    disk = f"{folder}/disk"
    os.mkdir(disk)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk],
                      stderr=subprocess.DEVNULL, check=False).returncode:
        return  # not allowed here; a limit on files has been tried
    try:
        full_disk(report, Clone(f"{disk}/clone", build), "tmpfs", lambda _: fill(f"{disk}/filler"),
                  lambda: os.unlink(f"{disk}/filler"))
    finally:
        subprocess.run(["umount", disk], check=False)


def killed_engine(report, clone):
    process = clone.begin("ops_tiny", 8, "--engines=libfuzzer", "--slice=4")
    clone.wait_for("build/campaign/slices/*/new/*")
    time.sleep(0.5)
    process.send_signal(signal.SIGSTOP)
    ended = campaign_slices.end_orphans(f"{clone.folder}/build/campaign")  # what it is for, with -9
    collected = {os.path.basename(path) for path in clone.files("build/campaign/slices/*/new/*")
                 if os.path.basename(path) == hashlib.sha1(contents(path)).hexdigest()}
    process.send_signal(signal.SIGCONT)
    clone.wait_for("build/campaign/slices/000002-*")  # and before anything is pruned
    corpus = {os.path.basename(path) for path in clone.files("build/corpus/ops_tiny/*")}
    output = process.communicate(timeout=60)[0]
    report("campaign: kill -9 of an engine loses no input, and the campaign goes on",
           ended == 1 and len(collected) > 10 and collected <= corpus and "a slice broke" in output and
           "(1 broken" in output, f"{len(collected - corpus)} of {len(collected)} lost\n{output}")
    report("campaign: without a bug, and with good slices after it, the exit is 0",
           process.returncode == 0 and " 0 bugs" in output, output)


def interrupted(report, clone):
    process = clone.begin("ops_tiny e820_tiny", 30, "--engines=libfuzzer", jobs=2)
    clone.wait_for("build/campaign/slices/*/new/*")
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)  # somebody is impatient
    output = process.communicate(timeout=60)[0]
    report("campaign: an interruption ends it in order, with its table",
           process.returncode == 1 and "goes on with it" in output and "2 slices (0 broken" in output and
           not clone.files("build/campaign/slices/0*") and "was interrupted" in clone.status(),
           output + clone.status())


def both_engines(report, clone):
    output, status = clone.run("ops_tiny", "9", "--engines=libfuzzer,afl")
    if "AFL++ is not installed" in output:
        return
    rows = dict(re.findall(r"^ops_tiny +(\w+) +\d+ +(\d+)", output, re.M))
    report("campaign: both engines run, and add to one corpus", status == 0 and
           int(rows.get("afl", 0)) > 0 and int(rows.get("libfuzzer", 0)) > 0, output)


def promoted(report, clone):
    """Against a corpus of one case, something adds."""
    os.makedirs(f"{clone.folder}/few/seed")
    os.makedirs(f"{clone.folder}/build/corpus/ops_tiny")
    shutil.copy("corpus/seed/worked-example.txt", f"{clone.folder}/few/seed")
    with open(f"{clone.folder}/new.txt", "w", encoding="utf-8") as file:
        file.write("p2m-case 1\ngeometry tiny\nget 0x1\nset 0x1ff foreign 0x7\nresume\n")
    subprocess.run(["build/p2m-case", "encode", "new.txt", "-o", "build/corpus/ops_tiny/x"],
                   cwd=clone.folder, check=True)

    def promote(*options):
        done = subprocess.run(["scripts/promote", *options], cwd=clone.folder, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8")
        return done.stdout, done.returncode

    output, status = promote()
    report("promote: what adds nothing is not written", status == 0 and "adds a cell" in output, output)
    output, status = promote("--reviewed=few")
    texts = clone.files("few/seed/collected-*.txt")
    text = contents(texts[0]).decode() if texts else ""
    report("promote: what adds a cell is written, without ops that do not, and says what",
           status == 0 and len(texts) == 1 and "set 0x1ff foreign 0x7" in text and
           "resume" not in text and "#   set foreign" in text, output + text)


def run_all(build, report):
    build = os.path.abspath(build)
    with tempfile.TemporaryDirectory() as folder:
        schedule(report, folder)
        bugs_apart(report)
        corpora(report, folder)
        killed(report, Clone(f"{folder}/killed", build))
        full_disk(report, Clone(f"{folder}/full", build), "writes refused", refused_writes, lambda: None)
        full_tmpfs(report, folder, build)
        killed_engine(report, Clone(f"{folder}/engine", build))
        interrupted(report, Clone(f"{folder}/interrupted", build))
        both_engines(report, Clone(f"{folder}/both", build))
        promoted(report, Clone(f"{folder}/promoted", build))
