# SPDX-License-Identifier: GPL-2.0-only
"""What differs between libFuzzer and AFL++: how a process is started, where it leaves what it
finds, what it collects and what it covers. `scripts/fuzz` knows neither by name.
"""

import glob
import hashlib
import os
import re
import shutil
import signal
import struct
import subprocess

from findings import read, write_whole

MAX_LEN = 16 + 256 * 18  # bytes of the longest case: fuzz/codec.h
LIMIT = 10  # seconds for one input
# enum op_kind of props/ops.h
OPS = ("get", "pfn_to_mfn", "set", "__set", "range", "resume", "e820", "xen_set_identity")


class Job:
    """One engine process, its folder, and the numbers that the target shares with us."""

    def __init__(self, folder, command, environment=()):
        self.folder, self.log = folder, f"{folder}/log"
        self.stats = os.path.abspath(f"{folder}/stats")
        self.command = " ".join(command)
        os.makedirs(folder, exist_ok=True)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL,
                                            env={**os.environ, "P2MCHECK_STATS": self.stats,
                                                 **dict(environment)})

    def tally(self):
        """What struct tally of props/check/run.h begins with: cases, ops, checks, two numbers of
        planted bugs, and by op: calls, of these failed, of these with a page refused."""
        words = 5 + 3 * len(OPS)
        try:
            with open(self.stats, "rb") as file:
                return struct.unpack(f"<{words}Q", file.read(8 * words))
        except (OSError, struct.error):
            return (0,) * words

    def counts(self):
        """Cases, ops and checks so far."""
        return self.tally()[:3]

    def ended_early(self):
        """There is no point in waiting for the rest."""
        return self.process.poll() not in (None, 0)

    def broken(self):
        """Why the run of this job is worth nothing; None if all is well."""
        status = self.process.returncode
        if status in (0, -signal.SIGINT, *self.STOPPED):
            return None
        return f"{self.log}: the engine stopped with status {status}"

    def interrupt(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)

    def stop(self):
        """The end of it, if need be by force."""
        self.interrupt()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def collect(self, corpus):
        """Adds what is worth keeping to the corpus; a libFuzzer has done so by itself."""

    def remark(self):
        """For the last line; None if there is nothing to say."""
        return None


class Libfuzzer(Job):
    STOPPED = (72,)  # exit status after SIGINT

    def __init__(self, args, number, folders, run, *options):
        folder = f"{run}/job-{number}"
        super().__init__(folder, [
            args.binary, f"-max_total_time={args.time}", f"-max_len={MAX_LEN}",
            f"-seed={args.seed + number}", f"-timeout={LIMIT}", "-rss_limit_mb=2560",
            "-print_final_stats=1", f"-artifact_prefix={folder}/", *options, *folders])
        self.corpus = folders[0]

    def collected(self):
        return len(os.listdir(self.corpus))

    def coverage(self):
        """The last `cov:` of the log."""
        with open(self.log, "rb") as file:
            file.seek(max(0, os.path.getsize(self.log) - 4096))
            found = re.findall(rb"cov: (\d+)", file.read())
        return int(found[-1]) if found else 0

    def artifacts(self):
        return [path for path in glob.glob(f"{self.folder}/*-*")
                if re.match(r"(crash|timeout|oom|leak)-", os.path.basename(path))]

    def report(self, _path):
        return read(self.log).decode(errors="replace")


class Afl(Job):
    STOPPED = ()
    ENVIRONMENT = {
        # Machines that people share are not to be set up for a fuzzer.
        "AFL_SKIP_CPUFREQ": "1", "AFL_NO_AFFINITY": "1",
        "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1",
        "AFL_NO_UI": "1",
        "AFL_BENCH_UNTIL_CRASH": "1",  # the first finding ends the run
        "AFL_SYNC_TIME": "1",  # minutes; twenty would be longer than most runs
    }

    def __init__(self, args, number, seeds, run):
        # Trimming is off in the main instance of several, so that one alone is no main instance.
        name, role = ("default", []) if args.jobs == 1 else (
            ("main", ["-M", "main"]) if number == 0 else (f"job-{number}", ["-S", f"job-{number}"]))
        self.binary = args.binary  # explains what is found
        self.out = f"{run}/afl/{name}"
        # With AFL++'s own mutations besides ours it takes several times as long to a planted bug,
        # and so it does with CMPLOG: what is compared in the core does not stand in the bytes.
        mutator = {"AFL_CUSTOM_MUTATOR_LIBRARY": os.path.abspath(args.mutator),
                   "AFL_CUSTOM_MUTATOR_ONLY": "1"} if args.mutator else {}
        sanitized = args.jobs == 1 or number == 1
        super().__init__(
            f"{run}/job-{number}",
            ["afl-fuzz", "-i", seeds, "-o", f"{run}/afl", *role, "-V", str(args.time),
             "-s", str(args.seed + number), "-G", str(MAX_LEN), "-t", str(1000 * LIMIT),
             "--", args.afl_sanitized if sanitized else args.afl],
            {**self.ENVIRONMENT, **mutator})

    def ended_early(self):
        return super().ended_early() or bool(self.artifacts())

    def queue(self):
        """What it came to by itself."""
        return [path for path in glob.glob(f"{self.out}/queue/id:*") if ",orig:" not in path]

    def collected(self):
        return len(glob.glob(f"{self.out}/queue/id:*"))

    def said(self, what):
        """A number of fuzzer_stats, which the engine writes after the seeds, each minute and at
        the end; None if it did not come to that."""
        try:
            found = re.search(rf"^{what}\s*: ([\d.]+)", read(f"{self.out}/fuzzer_stats").decode(), re.M)
        except OSError:
            return None
        return float(found.group(1)) if found else None

    def coverage(self):
        """Edges; as of the last minute."""
        return int(self.said("edges_found") or 0)

    def artifacts(self):
        return sorted(glob.glob(f"{self.out}/crashes/id:*") + glob.glob(f"{self.out}/hangs/id:*"))

    def report(self, path):
        """AFL++ keeps none: it is what libFuzzer's target says to the same input; empty if that
        has nothing to say against it."""
        done = subprocess.run([self.binary, f"-timeout={LIMIT}", "-rss_limit_mb=2560",
                               f"-artifact_prefix={self.folder}/", path],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              stdin=subprocess.DEVNULL)
        return done.stdout.decode(errors="replace") if done.returncode else ""

    def stop(self):
        """An afl-fuzz that is ended in the wrong moment leaves a stopped process behind, in a
        session of its own. It is known by the file that its numbers go to."""
        super().stop()
        ours = f"P2MCHECK_STATS={self.stats}".encode()
        for path in glob.glob("/proc/[0-9]*/environ"):
            try:
                if ours in read(path).split(b"\0"):
                    os.kill(int(path.split("/")[2]), signal.SIGKILL)
            except OSError:
                pass  # gone, or another user's

    def remark(self):
        stability = self.said("stability")
        return "stability unknown" if stability is None else f"stability {stability:g} %"

    def broken(self):
        stability = self.said("stability")
        if stability not in (None, 100.0):
            return (f"{self.out}/fuzzer_stats: stability is {stability:g} %, not 100: "
                    "something survives from one case to the next")
        return super().broken() or (f"{self.log}: no stability is told" if stability is None else None)

    def collect(self, corpus):
        for path in self.queue():
            data = read(path)
            name = f"{corpus}/{hashlib.sha1(data).hexdigest()}"  # as libFuzzer calls them
            if not os.path.exists(name):
                write_whole(name, data)


def start(args, corpus, seeds, run):
    """The jobs of one run, all of them started."""
    if args.engine == "libfuzzer":
        return [Libfuzzer(args, i, (corpus, seeds), run) for i in range(args.jobs)]
    for path in glob.glob(f"{corpus}/*"):
        shutil.copyfile(path, f"{seeds}/{os.path.basename(path)}")
    # AFL++ passes over seeds that crash, so they are run by themselves before.
    first = Libfuzzer(args, args.jobs, (seeds,), run, "-runs=0")
    first.process.wait()
    if first.artifacts() or first.broken():
        return [first]
    return [Afl(args, i, seeds, run) for i in range(args.jobs)]
