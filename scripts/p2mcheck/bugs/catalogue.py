# SPDX-License-Identifier: GPL-2.0-or-later
"""The planted bugs of props/bugs/: their heads, and how to build, hunt and shrink one.

`make bugs`, `make compare` and `make bench-against` share it. It makes no judgement.
"""

import glob
import hashlib
import os
import re
import shutil
import subprocess
import time

from p2mcheck import cli, engines, facts, findings
from p2mcheck.files import Failure, read_text


class Bug:
    """One patch: its head, and the programs built from it."""

    def __init__(self, path):
        self.id = os.path.basename(path)[:-len(".patch")]
        self.path = path
        self.head = {}
        text = read_text(path)
        if "\n---\n" not in text:
            raise Failure(f"{path}: no line `---` between head and diff")
        self.digest = hashlib.sha1(text.split("\n---\n", maxsplit=1)[1].encode()).hexdigest()[:12]
        key = None
        for line in text.split("\n---\n", maxsplit=1)[0].splitlines():
            found = re.match(r"([A-Z][a-z]+): ?(.*)$", line)
            if found:
                key = found.group(1)
                self.head[key] = found.group(2)
            elif key and line.startswith("    "):
                self.head[key] += "\n" + line[4:]
            else:
                raise Failure(f"{path}: syntax error: {line}")
        for key in ("Bug", "Story", "Invariant", "Case"):
            if not self.head.get(key):
                raise Failure(f"{path}: no `{key}:` in its head")
        if ("Kernel" in self.head) == ("Class" in self.head):
            raise Failure(f"{path}: missing `Kernel:` or `Class:`, exactly one of them")
        self.invariant = self.head["Invariant"].strip()
        self.named = {self.head[key].strip() for key in ("Invariant", "Also") if key in self.head}
        self.target = self.head.get("Target", "ops").strip()
        self.geometry = self.head.get("Geometry", "tiny").strip()
        self.case = self.head["Case"].strip("\n") + "\n"
        found = re.search(r"^geometry (\S+)$", self.case, re.M)
        self.case_geometry = found and found.group(1)
        if not {self.geometry, self.case_geometry} <= set(facts.geometries()):
            raise Failure(f"{path}: unknown geometry; choose one of: {', '.join(facts.geometries())}")

    def names(self, fired):
        """This failure is one of those that the head names."""
        return fired in self.named

    @property
    def shortest(self):
        """Ops of the shortest case known."""
        lines = [line.split("#")[0].strip() for line in self.case.splitlines()]
        return len([line for line in lines
                    if line and not line.startswith(("p2m-case", "geometry", "boot"))])

    @property
    def overlaps(self):
        """Its case makes a call while another one runs."""
        return any(line.startswith("at ") for line in self.case.splitlines())

    @property
    def schedule(self):
        """The options of an exhaustive search for overlaps like that of its case."""
        if re.search(r"^boot .*\btso\b", self.case, re.M):
            return ["--tso"]
        if re.search(r"^at .*\nat ", self.case, re.M):
            return ["--three"]
        return ["--switches=2" if re.search(r"^at \d+,", self.case, re.M) else "--switches=1"]

    @property
    def grants(self):
        """Its case maps or unmaps grants."""
        return "\ngrant_" in self.case

    @property
    def sanitizer(self):
        return self.invariant.startswith("SANITIZER_")

    @property
    def historic(self):
        return "Kernel" in self.head


def load(pattern):
    bugs = [Bug(path) for path in sorted(glob.glob("props/bugs/*.patch"))]
    bugs = [bug for bug in bugs if re.search(pattern, bug.id)]
    if not bugs:
        raise Failure(f"props/bugs/: no patch whose name matches {pattern}")
    return bugs


def plant(programs, bug, folder="bugs", geometries=()):
    """The programs with this bug, below build/FOLDER/ID; with fewer geometries in another folder."""
    needed = {"micro", bug.case_geometry, *geometries, *(("tiny", bug.geometry) if folder == "bugs" else ())}
    return programs.planted(bug.id, folder, [geometry for geometry in facts.geometries() if geometry in needed])


def make(planted, bug, *goals):
    """A warning is a failure: the planted bug must be the only error."""
    try:
        said = planted.make(*goals, jobs=1, shown=False)
    except Failure as error:
        raise Failure(f"{bug.path}: does not build: {error}") from None
    if "warning:" in said:
        raise Failure(f"{bug.path}: does not build:\n{said[-2000:]}")


def hunt_command(binary, folder, seed, seconds, longest):
    """libFuzzer from an empty corpus."""
    return [binary, f"{folder}/corpus", f"-seed={seed}", f"-max_total_time={seconds}", f"-max_len={longest}",
            "-len_control=0", *engines.LIMITS, f"-artifact_prefix={folder}/"]


def hunt(planted, bug, geometry, seed, budget, without=""):
    """One run of the engine from an empty corpus; `without`: mutator or swarm, disabled."""
    folder = f"{planted.folder}/hunt-{geometry}-{seed}{without}"
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(f"{folder}/corpus")
    told = planted.shared.facts
    command = hunt_command(planted.target(bug.target, geometry), folder, seed, budget, told.longest_input)
    start = time.monotonic()
    with open(f"{folder}/log", "wb") as log:
        subprocess.run(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, check=False,
                       env={**os.environ, "P2MCHECK_STATS": f"{folder}/stats",
                            "P2MCHECK_WITHOUT": without, "ASAN_OPTIONS": "symbolize=0"})
    seconds = time.monotonic() - start
    found, tally = engines.genuine(command[0], engines.artifacts(folder)), told.tally(f"{folder}/stats")
    return {"seed": seed, "found": bool(found), "fired": fired(read_text(f"{folder}/log")) if found else None,
            "execs": tally["cases"] + bool(tally), "ops_run": tally["ops"], "seconds": round(seconds, 2),
            "reached": tally["reached"], "triggered": tally["triggered"], "case": found[0] if found else None}


def fired(log):
    """The failure that ended a hunt; the last line of the log if it has no name."""
    named = findings.reported(log)
    return named if named != "nothing" else f"`{cli.last_line(log, 'an empty log')}`"


def shrink(planted, bug, geometry, result):
    """Adds the ops before and after, and the seconds of shrinking."""
    out = f"{planted.folder}/shrunk-{geometry}-{result['seed']}"
    start = time.monotonic()
    done = findings.shrink(planted, result["case"], out, result["fired"], bug.target, geometry)
    result["shrink_seconds"] = round(time.monotonic() - start, 2)
    found = re.search(r": (\d+) ops in (\S+) -> (\d+) ops in (\S+), (\d+) candidates", done.stdout)
    if not found or done.returncode:
        result["shrink_error"] = cli.last_line(done.stderr)
        return
    result["ops_found"], result["ops"] = int(found.group(1)), int(found.group(3))
    result["geometry"] = found.group(4)
    result["text"] = read_text(out + ".txt")
