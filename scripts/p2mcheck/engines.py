# SPDX-License-Identifier: GPL-2.0-or-later
"""The differences of libFuzzer and AFL++: the start of a process, and the places of findings, inputs and
coverage. Also shared by all hunts: the limits for an input, the files of a finding, the reviewed
cases as seeds.
"""

import dataclasses
import glob
import hashlib
import os
import re
import shutil
import signal
import subprocess
import time

from p2mcheck import doubts
from p2mcheck.collected import inputs
from p2mcheck.files import Failure, lock, read, read_text
from p2mcheck.processes import kill_marked, output
from p2mcheck.programs import SANITIZERS, Programs

LIMIT = 10  # seconds for one input
TIMED_OUT = 70  # libFuzzer's exit status
LIMITS = (f"-timeout={LIMIT}", "-rss_limit_mb=2560")
LATE = 2  # seconds after its time when an engine that still runs is told to end
GRACE = 3  # seconds from then on until it is killed
SECONDS = "{seconds}"  # its time, in a command that is not started yet


@dataclasses.dataclass
class Hunt:
    """The target, the programs and the duration."""

    programs: Programs
    target: str
    geometry: str
    time: int = 60
    jobs: int = 1
    seed: int = 1
    san: str = "address,undefined"
    arch: str = "native"
    sanitized: bool = True  # the one AFL++ process of a hunt with one job
    shared: str = ""  # AFL++'s output folder, if other machines use it as well
    host: str = ""  # then the name of this one

    @property
    def name(self):
        return f"{self.target}_{self.geometry}"

    def settings(self):
        """All of it but the programs."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)
                if field.name != "programs"}

    @property
    def facts(self):
        return self.programs.facts

    @property
    def binary(self):
        """Under libFuzzer; it also explains AFL++'s findings."""
        return self.programs.target(self.target, self.geometry, self.san, self.arch)

    @property
    def again(self):
        """The variables of make for the same build."""
        return (self.programs.again + f" SAN={self.san}" * (self.san != SANITIZERS[0]) +
                f" ARCH={self.arch}" * (self.arch != "native"))

    @property
    def tool(self):
        """The p2m-case of the same build; None for the usual one."""
        return self.programs.same_build(self.san, self.arch)

    @property
    def mutator(self):
        return self.programs.mutator(self.target, self.geometry)

    def afl(self, sanitized):
        return self.programs.afl(self.target, self.geometry, sanitized)


def artifacts(folder):
    """Files of findings that a libFuzzer left there."""
    return sorted(path for path in glob.glob(f"{folder}/*-*")
                  if re.match(r"(crash|timeout|oom|leak)-", os.path.basename(path)))


def is_whole(path):
    """False if a kill or a full disk cut it off. The name that libFuzzer gives a file ends with the
    SHA-1 of its bytes; AFL++ writes no empty file."""
    data, named = read(path), re.search(r"(?:^|-)([0-9a-f]{40})$", os.path.basename(path))
    return hashlib.sha1(data).hexdigest() == named.group(1) if named else bool(data)


def reason_in(log):
    """The line of an engine's log that tells why it stopped."""
    plain = re.sub(r"\x1b\[[\d;]*\w|[\x00-\x08\x0b-\x1f]", "", log)
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    for pattern in (r"PROGRAM ABORT|SYSTEM ERROR", r"ERROR|FATAL|CHECK failed", r"(?i)error|cannot|denied|fail", ""):
        found = [line for line in lines if re.search(pattern, line)]
        if found:
            return found[-1]
    return "its log is empty"


# To look up the names of its stack costs an engine more CPU time than the finding; with_names() does it afterwards.
# Not of ThreadSanitizer, whose reports then lack what the names can be looked up by.
WITHOUT_NAMES = {f"{one}SAN_OPTIONS": "symbolize=0:" for one in ("A", "M", "UB")}


def without_names(environment):
    """Sanitizer options for an engine; what the user has set comes last, and holds."""
    return {name: options + environment.get(name, "") for name, options in WITHOUT_NAMES.items()}


FRAME = re.compile(r"( +#)(\d+)( 0x[0-9a-f]+) +\((.+)\+(0x[0-9a-f]+)\)")


def lacks_names(report):
    return bool(re.search(r"^ +#0 0x[0-9a-f]+ +\(", report, re.M))


def names_of(program, offsets):
    """{offset: [(function, place), ...]} with the functions inlined there, the innermost first, by addr2line: it
    takes a tenth of the time of clang's own tool."""
    try:
        done = subprocess.run(["addr2line", "-afiC", "-e", program, *offsets], stdout=subprocess.PIPE, check=False,
                              stderr=subprocess.DEVNULL, encoding="utf-8", errors="replace")
    except OSError:
        return {}
    names: dict = {}
    for address, text in re.findall(r"^(0x[0-9a-f]+)\n((?:(?!0x).*\n.*\n)+)", done.stdout, re.M):
        lines = [line.split(" (discriminator")[0] for line in text.splitlines()]
        names[int(address, 16)] = [pair for pair in zip(lines[::2], lines[1::2]) if pair[0] != "??"]
    return names


def with_names(report):
    """The report with functions and lines of the target in its stacks; None where that cannot be."""
    if not lacks_names(report):
        return report
    frames = [frame.groups() for frame in map(FRAME.match, report.splitlines()) if frame]
    if not frames:
        return None
    program = frames[0][3]  # libraries stay as they are
    names = names_of(program, sorted({offset for *_, where, offset in frames if where == program}))
    lines, number = [], 0
    for line in report.splitlines(keepends=True):
        frame = FRAME.match(line)
        if not frame:
            lines.append(line)
            continue
        indent, given, address, where, offset = frame.groups()
        number = 0 if given == "0" else number
        found = names.get(int(offset, 16)) if where == program else None
        for text in [f" in {function} {place}\n" for function, place in found or ()] or [line[frame.end(3):]]:
            lines.append(f"{indent}{number}{address}{text}")
            number += 1
    return None if lacks_names("".join(lines)) else "".join(lines)


def explain(binary, folder, path):
    """The target's report on an input; empty if it is not a finding."""
    status, text = output([binary, *LIMITS, f"-artifact_prefix={folder}/again-", path])
    return text if status and not doubts.fault_in(text) else ""


def genuine(binary, paths):
    """Without the timeouts that do not repeat alone."""
    return [path for path in paths if not re.search(r"/(hangs/|timeout-)[^/]*$", path)
            or doubts.repeats(os.path.abspath(binary), os.path.abspath(path), LIMIT)]


def make_seeds(tool, target, geometry, folder, is_text=False):
    """The reviewed cases for a target and a geometry: bytes, or text for a target that takes that."""
    texts = sorted(glob.glob("corpus/*/*.txt"))
    if not texts:
        raise Failure("corpus/: it has no case")
    os.makedirs(folder, exist_ok=True)
    paths = [f"{folder}/{os.path.basename(text)[:-len('.txt')]}" for text in texts]
    for text, path in zip(texts, paths):
        if is_text:
            shutil.copyfile(text, path)
        elif subprocess.run([tool, "encode", f"--geometry={geometry}", f"--target={target}", text, "-o", path],
                            check=False).returncode:
            raise Failure(f"{text}: cannot be encoded")
    return paths


class Job:
    """One engine process, its folder, and the statistics that the target shares with us. It runs from
    start() on; a job of a run that was killed is never started again."""
    STOPPED: tuple = ()  # exit statuses after SIGINT
    READY = ""  # in its log once it has run the inputs that it was given
    RATE = 0  # inputs a second that it reads at its start, at least: under sanitizers, on a busy machine
    earlier: list = []  # findings of an earlier run in the same folder

    def __init__(self, facts, folder, command, environment=()):
        self.facts, self.folder, self.log = facts, folder, f"{folder}/log"
        self.stats = os.path.abspath(f"{folder}/stats")
        self.argv, self.environment = list(command), dict(environment)
        self.process, self.deadline = None, 0.0
        self.asked, self.late = 0.0, False  # when it was told to end; whether because of the time

    @property
    def command(self):
        return " ".join(self.argv).replace(SECONDS, "TIME")

    def start(self, seconds, late=LATE):
        """`late`: how many seconds later it is ended."""
        os.makedirs(self.folder, exist_ok=True)
        self.argv = [word.replace(SECONDS, str(seconds)) for word in self.argv]
        self.deadline = time.monotonic() + seconds + late
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env={**os.environ, "P2MCHECK_STATS": self.stats, **self.environment})

    def running(self):
        """Whether it runs. An engine does not look at its clock before it has run all inputs: if it is
        late, it is told to end, then killed."""
        if self.process is None or self.process.poll() is not None:
            return False
        if self.asked:
            if time.monotonic() > self.asked + GRACE:
                self.process.kill()
        elif time.monotonic() > self.deadline:
            self.late = True
            self.interrupt()
        return True

    def tally(self):
        """The statistics so far: see facts.Facts.tally()."""
        return self.facts.tally(self.stats)

    def ended_early(self):
        """True if the rest of the time is useless."""
        return self.process.poll() not in (None, 0)

    def broken(self):
        """The reason why the run of this job is void; None if it is valid."""
        if self.late and self.READY not in read_text(self.log):
            return f"{self.log}: the dry run of the inputs did not finish; choose a longer TIME"
        status = self.process.returncode if self.process else 0
        if status in (0, -signal.SIGINT, *self.STOPPED):
            return None
        reason = ("a timeout that does not repeat alone" if status == TIMED_OUT else
                  "it was killed" if status == -signal.SIGKILL else self.fault() or reason_in(read_text(self.log)))
        return f"{self.log}: the engine stopped with status {status}: {reason}"

    def fault(self):
        """The line with which a sanitizer could not go on, or None."""
        return doubts.fault_in(read_text(self.log)) if os.path.exists(self.log) else None

    def interrupt(self):
        if self.process and self.process.poll() is None and not self.asked:
            self.asked = time.monotonic()
            self.process.send_signal(signal.SIGINT)

    def stop(self):
        """Ends it, if necessary by force, and what it started: a symbolizer, or (if afl-fuzz is ended at a
        bad moment) a stopped process in a session of its own."""
        self.interrupt()
        while self.running():
            time.sleep(0.05)
        if self.process:
            kill_marked(f"P2MCHECK_STATS={self.stats}")

    def remark(self):
        """A remark for the last line, or None."""
        return None


START = 10  # an engine's start takes at most one part in so many of its time,
FEWEST = 100  # but it gets so many collected inputs at least


def inputs_at_start(job, seconds):
    """The number of collected inputs that a job of so many seconds is given."""
    return max(FEWEST, job.RATE * seconds // START)


class Libfuzzer(Job):
    STOPPED = (72,)
    READY = "\tINITED "
    RATE = 3000

    def __init__(self, hunt, number, folders, run, *options):
        folder = f"{run}/job-{number}"
        super().__init__(hunt.facts, folder, [
            hunt.binary, f"-max_total_time={SECONDS}", f"-max_len={hunt.facts.longest_input}",
            f"-seed={hunt.seed + number}", *LIMITS, "-print_final_stats=1", f"-artifact_prefix={folder}/",
            *options, *folders], without_names(os.environ))
        self.binary, self.new = hunt.binary, folders[0]

    def queue(self):
        """New inputs, of all jobs of the run."""
        return [f"{self.new}/{name}" for name in inputs(self.new)]

    def coverage(self):
        """The last `cov:` of the log."""
        with open(self.log, "rb") as file:
            file.seek(max(0, os.path.getsize(self.log) - 4096))
            found = re.findall(rb"cov: (\d+)", file.read())
        return int(found[-1]) if found else 0

    def artifacts(self):
        found = artifacts(self.folder)
        return genuine(self.binary, found) if found and not self.fault() else []

    def report(self, path):
        """That of the log, unless it was killed before; the target's own where the log's stack stays without names."""
        text = read_text(self.log)
        if "SUMMARY: " not in text:
            return explain(self.binary, self.folder, path)
        return with_names(text) or explain(self.binary, self.folder, path) or text


class Afl(Job):
    READY = "All test cases processed"
    RATE = 200  # each is run several times
    ENVIRONMENT = {
        # Does not require a machine that is set up for a fuzzer.
        "AFL_SKIP_CPUFREQ": "1", "AFL_NO_AFFINITY": "1",
        "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1",
        "AFL_NO_UI": "1",
        "AFL_BENCH_UNTIL_CRASH": "1",  # the first finding ends the run
        "AFL_SYNC_TIME": "1",  # minutes; twenty would be longer than most runs
    }
    # In a folder that other machines use: reads their inputs at the start and at the end. An
    # instance resumes, because the others remember which of its inputs they have read.
    SHARING = {"AFL_AUTORESUME": "1", "AFL_IMPORT_FIRST": "1", "AFL_FINAL_SYNC": "1"}

    def __init__(self, hunt, number, seeds, run):
        name, folder = self.instance(hunt, number), hunt.shared or f"{run}/afl"
        role = [] if name == "default" else ["-S" if number else "-M", name]
        role += ["-F", seeds] if hunt.shared and not number else []  # a resumed one does not read -i
        self.binary, self.out = hunt.binary, f"{folder}/{name}"
        self.earlier = self.artifacts() if hunt.shared else []
        sanitized = hunt.sanitized if hunt.jobs == 1 else number == 1
        super().__init__(
            hunt.facts, f"{run}/job-{number}",
            ["afl-fuzz", "-i", seeds, "-o", folder, *role, "-V", SECONDS,
             "-s", str(hunt.seed + number), "-G", str(hunt.facts.longest_input), "-t", str(1000 * LIMIT),
             "--", hunt.afl(sanitized)],
            {**self.ENVIRONMENT, **sanitizer_options(os.environ), **self.with_mutator(hunt.mutator),
             **(self.SHARING if hunt.shared else {})})

    @staticmethod
    def instance(hunt, number):
        """The name of one process. Each machine has one main instance, which takes inputs from all
        others. Trimming is off in a main instance, so one process alone is not one."""
        if hunt.jobs == 1 and not hunt.shared:
            return "default"
        return (f"job-{number}" if number else "main") + (f"-{hunt.host}" if hunt.shared else "")

    @staticmethod
    def with_mutator(path):
        """AFL++'s own mutations, and CMPLOG, make hunts for planted bugs several times as long: the
        values that the core compares are not in the bytes."""
        return {"AFL_CUSTOM_MUTATOR_LIBRARY": os.path.abspath(path), "AFL_CUSTOM_MUTATOR_ONLY": "1"} if path else {}

    def ended_early(self):
        return super().ended_early() or bool(self.artifacts())

    def queue(self):
        """New inputs."""
        return [path for path in glob.glob(f"{self.out}/queue/id:*") if ",orig:" not in path]

    def said(self, what):
        """A number of fuzzer_stats, which the engine writes after the seeds, each minute and at
        the end; None if it did not come to that."""
        try:
            found = re.search(rf"^{what}\s*: ([\d.]+)", read_text(f"{self.out}/fuzzer_stats"), re.M)
        except OSError:
            return None
        return float(found.group(1)) if found else None

    def coverage(self):
        """Edges; as of the last minute."""
        return int(self.said("edges_found") or 0)

    def artifacts(self):
        found = glob.glob(f"{self.out}/crashes/id:*") + glob.glob(f"{self.out}/hangs/id:*")
        return genuine(self.binary, sorted(path for path in found if path not in self.earlier))

    def report(self, path):
        """AFL++ keeps none: the report of libFuzzer's target on the same input."""
        return explain(self.binary, self.folder, path)

    def remark(self):
        stability = self.said("stability")
        return "stability unknown" if stability is None else f"stability {stability:g} %"

    def broken(self):
        stability = self.said("stability")
        if stability not in (None, 100.0):
            return (f"{self.out}/fuzzer_stats: stability is {stability:g} %, not 100: "
                    "some state survives from one case to the next")
        return super().broken() or (f"{self.log}: no stability was reported" if stability is None else None)


# What AFL++ demands of options that a user sets, and without which it would miss findings.
NEEDED = {"ASAN_OPTIONS": "abort_on_error=1:symbolize=0", "LSAN_OPTIONS": "symbolize=0",
          "MSAN_OPTIONS": "exit_code=86:abort_on_error=1:symbolize=0",
          "UBSAN_OPTIONS": "halt_on_error=1:abort_on_error=1:symbolize=0"}


def sanitizer_options(environment):
    """The options of the user, merged with those that AFL++ needs. It sets all if there are none."""
    return {name: f"malloc_context_size=0:allocator_may_return_null=1:{environment[name]}:{needed}"
            for name, needed in NEEDED.items() if name in environment}


def check_unused(hunt):
    """afl-fuzz locks the folder of each instance. Two of one name are an error before anything runs."""
    for path in (f"{hunt.shared}/{Afl.instance(hunt, number)}" for number in range(hunt.jobs)):
        if os.path.isdir(path):
            held = lock(path)
            if held is None:
                raise Failure(f"{path}: is in use by a running afl-fuzz; choose another HOST")
            os.close(held)
