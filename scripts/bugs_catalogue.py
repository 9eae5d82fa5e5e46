# SPDX-License-Identifier: GPL-2.0-only
"""The planted bugs of props/bugs/: their heads, how one is built, hunted and shrunk.

What scripts/bugs and scripts/compare have in common. It judges nothing.
"""

import glob
import hashlib
import os
import re
import shutil
import struct
import subprocess
import time

MAX_LEN = 16 + 256 * 18  # fuzz/codec.h
SMALL_FIRST = ("micro", "tiny", "odd", "x86_64", "x86_32")


class Bug:
    """One patch: its head, and what is built from it."""

    def __init__(self, path):
        self.id = os.path.basename(path)[:-len(".patch")]
        self.path = path
        self.head = {}
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if "\n---\n" not in text:
            raise ValueError(f"{path}: no line `---` between head and diff")
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
                raise ValueError(f"{path}: not understood: {line}")
        for key in ("Bug", "Story", "Invariant", "Case"):
            if not self.head.get(key):
                raise ValueError(f"{path}: no `{key}:` in its head")
        if ("Kernel" in self.head) == ("Class" in self.head):
            raise ValueError(f"{path}: `Kernel:` or `Class:` is wanted, one of them")
        self.invariant = self.head["Invariant"].strip()
        self.target = self.head.get("Target", "ops").strip()
        self.geometry = self.head.get("Geometry", "tiny").strip()
        self.case = self.head["Case"].strip("\n") + "\n"
        found = re.search(r"^geometry (\S+)$", self.case, re.M)
        if not found or self.geometry not in SMALL_FIRST or found.group(1) not in SMALL_FIRST:
            raise ValueError(f"{path}: its geometry, or its case's, is none of {' '.join(SMALL_FIRST)}")
        self.case_geometry = found.group(1)

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
    def sanitizer(self):
        return self.invariant.startswith("SANITIZER_")

    @property
    def historic(self):
        return "Kernel" in self.head


def load(pattern):
    bugs = [Bug(path) for path in sorted(glob.glob("props/bugs/*.patch"))]
    bugs = [bug for bug in bugs if re.search(pattern, bug.id)]
    if not bugs:
        raise ValueError(f"props/bugs/: no patch whose name matches {pattern}")
    return bugs


def make(build, bug, goals, folder="bugs", geometries=()):
    """Below build/FOLDER/ID; for the smoke run with fewer geometries, and so elsewhere."""
    geometries = {"micro", bug.case_geometry, *geometries}
    if folder == "bugs":
        geometries |= {"tiny", bug.geometry}
    done = subprocess.run(["make", "-s", f"B={build}", f"BUG={bug.id}", f"PLANTED={folder}",
                           f"GEOMETRIES={' '.join(sorted(geometries, key=SMALL_FIRST.index))}"] +
                          [f"{build}/{folder}/{bug.id}/{goal}" for goal in goals],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          encoding="utf-8")
    if done.returncode or "warning:" in done.stdout:
        raise ValueError(f"{bug.path}: does not build:\n{done.stdout[-2000:]}")


def write(path, text):
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".tmp", path)


def reported(output):
    """The first thing that a run complains about."""
    found = re.search(r"^p2mcheck: ([A-Z_0-9]+): ", output, re.M)
    if found:
        return found.group(1)
    found = re.search(r"SUMMARY: \w+Sanitizer: ([\w-]+)", output)
    return "SANITIZER_" + found.group(1) if found else "nothing"


def counts(path):
    """Cases, ops, how often the bug was reached and triggered (struct tally of props/check/run.h)."""
    try:
        with open(path, "rb") as file:
            cases, ops, _, reached, triggered = struct.unpack("<5Q", file.read(40))
        return cases + 1, ops, reached, triggered
    except (OSError, struct.error):
        return 0, 0, 0, 0


def hunt(planted, bug, geometry, seed, budget, without=""):
    """One run of the engine from an empty corpus, on what was built in the folder `planted`;
    `without` some of mutator, cells, swarm."""
    folder = f"{planted}/hunt-{geometry}-{seed}{without}"
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(f"{folder}/corpus")
    command = [f"{planted}/fuzz/{geometry}/{bug.target}_{geometry}",
               f"{folder}/corpus", f"-seed={seed}", f"-max_total_time={budget}",
               f"-max_len={MAX_LEN}", "-len_control=0", "-timeout=10", "-rss_limit_mb=2560",
               f"-artifact_prefix={folder}/"]
    start = time.monotonic()
    with open(f"{folder}/log", "wb") as log:
        subprocess.run(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, check=False,
                       env={**os.environ, "P2MCHECK_STATS": f"{folder}/stats",
                            "P2MCHECK_WITHOUT": without, "ASAN_OPTIONS": "symbolize=0"})
    seconds = time.monotonic() - start
    found = [path for path in glob.glob(f"{folder}/*-*") if re.search(r"/(crash|timeout|oom)-", path)]
    with open(f"{folder}/log", encoding="utf-8", errors="replace") as log:
        text = log.read()
    token = re.search(r"^DEDUP_TOKEN: ([A-Z_0-9]+)$", text, re.M)
    execs, ops, reached, triggered = counts(f"{folder}/stats")
    return {"seed": seed, "found": bool(found), "fired": (token.group(1) if token else reported(text))
            if found else None, "execs": execs, "ops_run": ops, "seconds": round(seconds, 2), "reached": reached,
            "triggered": triggered, "case": found[0] if found else None}


def shrink(planted, bug, geometry, result):
    """Adds ops as found, ops after, and the seconds that it took."""
    flavour = "clang-san" if result["fired"].startswith("SANITIZER_") else "gcc"
    out = f"{planted}/shrunk-{geometry}-{result['seed']}"
    start = time.monotonic()
    done = subprocess.run([f"{planted}/{flavour}/p2m-case", "shrink",
                           f"--geometry={geometry}", f"--target={bug.target}",
                           f"--want={result['fired']}", result["case"], "-o", out],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          encoding="utf-8", env={**os.environ, "ASAN_OPTIONS": "symbolize=0"})
    result["shrink_seconds"] = round(time.monotonic() - start, 2)
    found = re.search(r": (\d+) ops in (\S+) -> (\d+) ops in (\S+), (\d+) candidates", done.stdout)
    if not found or done.returncode:
        result["shrink_error"] = (done.stderr.splitlines() or ["no answer"])[-1]
        return
    result["ops_found"], result["ops"] = int(found.group(1)), int(found.group(3))
    result["geometry"] = found.group(4)
    with open(out + ".txt", encoding="utf-8") as file:
        result["text"] = file.read()


def median(values):
    values = sorted(values)
    return values[len(values) // 2] if values else float("nan")
