# SPDX-License-Identifier: GPL-2.0-or-later
"""The coverage of a kernel's p2m.c and page.h, or, with TARGET=setup, of its setup.c: by the reviewed corpora, and with
TIME seconds of fuzzing.

The fuzzing is that of `make fuzz`, behind the same masks, and goes on with the inputs that it collected
before. The list of unreached places names a function, an identifier of the place, the versions, and
the reason. A run of missed lines that no entry of the list explains is a failure. Arms of BUG, WARN
and panic do not count as branches.
"""

import glob
import json
import os
import re
import shutil
import subprocess
from typing import NamedTuple

from p2mcheck.cli import last_line, plural
from p2mcheck.coverage import newest_clang, run
from p2mcheck.files import Failure, entries, read_text, write_json
from p2mcheck.processes import output

GIVES_UP = re.compile(r"\b(BUG|BUG_ON|WARN|WARN_ON|WARN_ON_ONCE|panic)\(")
GEOMETRY = "tiny"


class Measure(NamedTuple):
    """What is measured of a target."""
    target: str
    folder: str  # of the kernel's files, in the prepared one
    file: str  # whose missed lines must be listed
    object: str
    listed: str
    corpora: tuple  # patterns


MEASURES = {measure.target: measure for measure in (
    Measure("ops", "kernel", "p2m.c", "kernel.o", "props/subjects/linux/unreached.txt", ("corpus",)),
    Measure("setup", "setup", "setup.c", "setup.o", "props/subjects/linux/setup/unreached.txt",
            ("corpus/seed/setup-*.txt", "props/subjects/linux/setup/defects/*.txt")),
)}


def fuzz(args):
    """Collects inputs; a finding does not matter here."""
    print(f"fuzzing for {args.time} s", flush=True)
    status, text = output(["scripts/fuzz", f"--build={args.build}", f"--time={args.time}", f"--geometry={GEOMETRY}",
                           f"--target={args.target}", "--subject=linux", f"--linux={args.linux}", f"--known={args.known}"])
    if not re.search(r": [1-9]\d* execs", text):
        raise Failure(f"scripts/fuzz ended with status {status}: {last_line(text)}")


def replay(programs, folder, name, *arguments):
    """One more raw profile. The exit status tells of findings, which do not matter here."""
    path = f"{folder}/{name}.raw"
    done = subprocess.run([programs.p2m_case("cov"), "replay", *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, encoding="utf-8", errors="replace", check=False,
                          env={**os.environ, "LLVM_PROFILE_FILE": os.path.abspath(path)})
    if not os.path.exists(path) or not re.search(r"[1-9]\d* ops", done.stdout):
        raise Failure(f"{programs.p2m_case('cov')}: replayed nothing of {' '.join(arguments)}")
    return path


class Measured:
    """The figures of some profiles, of the file that has functions of these names."""

    def __init__(self, programs, measure, profiles, name):
        version, folder = newest_clang(), f"{programs.folder}/coverage"
        merged = f"{folder}/{name}.profdata"
        run([f"llvm-profdata-{version}", "merge", "-o", merged, *profiles])
        # names of the kernel are names of the core as well: only this object has just those of the kernel
        self.common = [f"--instr-profile={merged}", f"{programs.folder}/cov/{GEOMETRY}/{measure.object}",
                       f"{programs.folder}/{measure.folder}"]
        self.data = json.loads(run([f"llvm-cov-{version}", "export", *self.common]))["data"][0]
        self.lcov = run([f"llvm-cov-{version}", "export", "--format=lcov", *self.common])

    def files(self):
        return {os.path.basename(file["filename"]): file for file in self.data["files"]}

    def missed_lines(self):
        """{file: numbers}"""
        missed: dict = {}
        for line in self.lcov.splitlines():
            if line.startswith("SF:"):
                name = os.path.basename(line[3:])
            elif re.fullmatch(r"DA:\d+,0", line):
                missed.setdefault(name, []).append(int(line[3:].split(",")[0]))
        return missed

    def functions(self, name):
        """[(first line, last line, function)] of one file"""
        return sorted((one["regions"][0][0], one["regions"][0][2], one["name"].rsplit(":", 1)[-1])
                      for one in self.data["functions"] if os.path.basename(one["filenames"][0]) == name)

    def branches(self, name, lines):
        """(taken, all), without those that end in BUG, WARN or panic."""
        arms: dict = {}
        for branch in self.files()[name].get("branches", []):
            if not GIVES_UP.search(lines[branch[0] - 1]):
                counts = arms.setdefault(tuple(branch[:4]), [0, 0])
                counts[0] += branch[4]
                counts[1] += branch[5]
        outcomes = [count > 0 for counts in arms.values() for count in counts]
        return sum(outcomes), len(outcomes)


def load_listed(name, version):
    """[[function, identifier, reason]] for this version."""
    listed = []
    for number, line in entries(name):
        parts = [part.strip() for part in line.split(" | ")]
        if len(parts) != 4:
            raise Failure(f"{name}:{number}: expected `versions | function | identifier | reason`")
        if re.search(parts[0], version):
            listed.append(parts[1:])
    return listed


def blocks(numbers):
    """Runs of numbers."""
    found: list = []
    for number in numbers:
        if found and found[-1][-1] == number - 1:
            found[-1].append(number)
        else:
            found.append([number])
    return found


def explain(measured, lines, name, listed):
    """Prints each run of missed lines with its reason; returns the number of those without."""
    unexplained = 0
    for block in blocks(measured.missed_lines().get(name, [])):
        function = next((one[2] for one in measured.functions(name) if one[0] <= block[0] <= one[1]), "?")
        text = "\n".join(lines[number - 1] for number in block)
        if not re.search(r"\w", text):
            continue  # a brace, behind a comment: its block is a run of its own
        entry = next((one for one in listed if one[0] == function and re.search(rf"\b{one[1]}\b", text)), None)
        unexplained += entry is None
        print(f"  {name}:{block[0]}" + (f"-{block[-1]}" if len(block) > 1 else "") +
              f" {function}: {entry[2] if entry else 'not reached, and not listed'}")
    return unexplained


def part(counts):
    return f"{counts[0]}/{counts[1]} = {100 * counts[0] / max(1, counts[1]):.1f} %"


def figures_of(measured):
    """{file: {lines, branches}}, printed as well."""
    figures = {}
    for name, file in measured.files().items():
        if not file["summary"]["lines"]["covered"]:
            continue  # a header with types, and functions of others
        lines = read_text(file["filename"]).splitlines()
        summary = file["summary"]["lines"]
        figures[name] = {"lines": [summary["covered"], summary["count"]], "branches": measured.branches(name, lines)}
        print(f"  {name:8} lines {part(figures[name]['lines']):>20}   branches {part(figures[name]['branches']):>20}")
    return figures


def build(args, programs, version):
    for folder in (args.build, programs.folder):  # another compiler's objects are not compatible with these
        shutil.rmtree(f"{folder}/cov", ignore_errors=True)
    programs.make(f"COVERAGE_CC=clang-{version}", programs.p2m_case("cov"), programs.p2m_case())


def profiles_of(args, programs, measure):
    """Those of the reviewed corpora, and then of what fuzzing has collected."""
    folder = f"{programs.folder}/coverage"
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    fuzz(args)
    paths = sorted(path for pattern in measure.corpora for path in glob.glob(pattern))
    target = [] if measure.target == "ops" else [f"--target={measure.target}"]
    return [replay(programs, folder, "corpora", *target, *paths),
            replay(programs, folder, "collected", f"--target={measure.target}", f"--geometry={GEOMETRY}",
                   f"{programs.folder}/corpus/{measure.target}_{GEOMETRY}")]


def main(args, programs):
    """Called by `make coverage` for SUBJECT=linux."""
    measure, version, clang = MEASURES[args.target], os.path.basename(programs.folder), newest_clang()
    build(args, programs, clang)
    profiles = profiles_of(args, programs, measure)
    reviewed = Measured(programs, measure, profiles[:1], "reviewed")
    fuzzed = Measured(programs, measure, profiles, "fuzzed")
    run([f"llvm-cov-{clang}", "show", "--format=html", f"--output-dir={programs.folder}/coverage",
         "--show-branches=count", *fuzzed.common])
    print(f"{version}, by the reviewed corpora:")
    figures = {"reviewed": figures_of(reviewed)}
    print(f"{version}, and {args.time} s of fuzzing:")
    figures["fuzzed"] = figures_of(fuzzed)
    lines = read_text(f"{programs.folder}/{measure.folder}/{measure.file}").splitlines()
    unexplained = explain(fuzzed, lines, measure.file, load_listed(measure.listed, version))
    write_json(f"{programs.folder}/coverage{'' if args.target == 'ops' else '-' + args.target}.json",
               {"version": version, "seconds": args.time, "files": figures, "unexplained": unexplained})
    print(f"{programs.folder}/coverage/index.html")
    print(f"coverage: {plural(unexplained, 'unexplained run')} of missed lines in {measure.file}")
    return 1 if unexplained else 0
