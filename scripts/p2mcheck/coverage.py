# SPDX-License-Identifier: GPL-2.0-or-later
"""The coverage of the reviewed corpora: states, and lines, branches and conditions of the core.

Replays only corpus/, in all geometries, with the newest clang that is installed (MC/DC
from clang 18 on). Writes llvm-cov's pages to build/coverage/. Every line and branch must be
reached, and every condition must be shown to have an effect, except those in the list of unreached
places, each with a reason. A listed one that is reached is a failure as well. For SUBJECT=linux see
linux/coverage.py.
"""

import json
import os
import re
import shutil
import subprocess

from p2mcheck import cli
from p2mcheck.files import Failure, entries, read_text, write_json
from p2mcheck.matrix import clang_versions
from p2mcheck.programs import Programs, setup

LISTED = "props/tests/unreached.txt"


def newest_clang():
    """Its version. It needs llvm-cov and llvm-profdata of the same version."""
    found = [version for version in clang_versions()
             if shutil.which(f"llvm-cov-{version}") and shutil.which(f"llvm-profdata-{version}")]
    if not found:
        raise Failure("no clang-N with llvm-cov-N and llvm-profdata-N beside it (Debian: clang-22 llvm-22)")
    return found[-1]


def run(command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8", **options).stdout


def measure(programs, version):
    """Replays the corpora; returns llvm-cov's JSON of core/ and its lcov text."""
    folder, tool = f"{programs.build}/coverage", programs.p2m_case("cov")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    profile = f"{folder}/core.profdata"
    counts = run([tool, "replay", "corpus"], env={**os.environ, "LLVM_PROFILE_FILE": profile + ".raw"})
    print(counts.splitlines()[-1])
    run([f"llvm-profdata-{version}", "merge", "-o", profile, profile + ".raw"])
    os.unlink(profile + ".raw")
    common = [f"--instr-profile={profile}", tool, "core"]
    mcdc = ["--show-mcdc"] if version >= 18 else []
    run([f"llvm-cov-{version}", "show", "--format=html", f"--output-dir={folder}",
         "--show-branches=count", *mcdc, *common])
    return (json.loads(run([f"llvm-cov-{version}", "export", *common])),
            run([f"llvm-cov-{version}", "export", "--format=lcov", *common]))


def missed_lines(lcov):
    missed, name = set(), None
    for line in lcov.splitlines():
        if line.startswith("SF:"):
            name = os.path.relpath(line[3:])
        elif re.fullmatch(r"DA:\d+,0", line):
            missed.add((name, int(line[3:].split(",")[0]), "line"))
    return missed


def missed_branches(data):
    """A branch counts once for each place, for any instance of its function."""
    missed = set()
    for file in data["data"][0]["files"]:
        name = os.path.relpath(file["filename"])
        taken = {}
        for branch in file.get("branches", []):
            counts = taken.setdefault(tuple(branch[:4]), [0, 0])
            counts[0] += branch[4]
            counts[1] += branch[5]
        for (line, *_), counts in taken.items():
            if 0 in counts:
                missed.add((name, line, "branch"))
        decisions = {}
        for record in file.get("mcdc_records", []):
            shown = decisions.setdefault(tuple(record[:4]), [False] * len(record[-1]))
            decisions[tuple(record[:4])] = [a or b for a, b in zip(shown, record[-1])]
        for (line, *_), shown in decisions.items():
            if not all(shown):
                missed.add((name, line, "condition"))
    return missed


def load_listed():
    listed = {}
    for number, line in entries(LISTED):
        parts = line.split(" | ")
        if len(parts) != 3:
            raise Failure(f"{LISTED}:{number}: expected `file | line | reason`")
        listed[parts[0], parts[1].strip()] = False
    return listed


def text_of(name, line):
    return read_text(name).splitlines()[line - 1].strip()


def judge(missed):
    """Prints unlisted misses, and listed places that are reached; returns the number."""
    listed, wrong = load_listed(), 0
    for name, line, what in sorted(missed):
        key = (name, text_of(name, line))
        if key in listed:
            listed[key] = True
            continue
        wrong += 1
        print(f"{name}:{line}: {what} not reached: {key[1]}")
    for (name, text), met in listed.items():
        if not met:
            wrong += 1
            print(f"{LISTED}: reached, or not in the file: {name}: {text}")
    return wrong


def print_totals(data, mcdc):
    print(f"\n{'file':16} {'lines':>16} {'branches':>16} {'conditions (MC/DC)':>20}")
    for file in data["data"][0]["files"]:
        summary = file["summary"]
        if not summary["lines"]["count"]:
            continue

        def of(key):
            part = summary.get(key)
            return f"{part['covered']}/{part['count']}" if part else "-"
        print(f"{os.path.relpath(file['filename']):16} {of('lines'):>16} {of('branches'):>16} "
              f"{of('mcdc') if mcdc else 'needs clang 18':>20}")
    print()


def write_figures(build, compiler, data, missed, wrong):
    """For the report: build/coverage.json."""
    def part(summary):
        return [summary["covered"], summary["count"]] if summary else None
    files = [{"file": os.path.relpath(file["filename"]),
              **{key: part(file["summary"].get(key)) for key in ("lines", "branches", "mcdc")}}
             for file in data["data"][0]["files"] if file["summary"]["lines"]["count"]]
    figures = {"compiler": compiler, "files": files, "listed": sorted(load_listed()), "failures": wrong,
               "missed": sorted([*place, text_of(*place[:2])] for place in missed)}
    write_json(f"{build}/coverage.json", figures)


def main():
    parser = cli.Parser(__doc__, subjects=True, target="ops", time=60)
    args = parser.parse()
    setup("fuzz", "clang-22", "llvm-22", "libclang-rt-22-dev")
    if args.subject == "linux":
        from p2mcheck.linux import coverage  # pylint: disable=import-outside-toplevel
        parser.checked("TARGET", args.target, cli.one_of(list(coverage.MEASURES)))
        return coverage.main(args, parser.programs(args))
    if args.subject != "core":
        parser.error(f"SUBJECT={args.subject}: choose core or linux")
    if args.target != "ops":
        parser.error(f"TARGET={args.target}: needs SUBJECT=linux; of the core all corpora are replayed")
    return of_core(args.build)


def of_core(build):
    programs, version = Programs(build), newest_clang()
    compiler, mcdc = f"clang-{version}", version >= 18
    print(f"coverage of core/ by the reviewed corpora, {compiler}")
    # another compiler's objects are not compatible with these
    shutil.rmtree(f"{build}/cov", ignore_errors=True)
    programs.make(f"COVERAGE_CC={compiler}", f"COVERAGE_FLAGS={'-fcoverage-mcdc' if mcdc else ''}",
                  programs.p2m_case("cov"), programs.p2m_case())
    data, lcov = measure(programs, version)
    print_totals(data, mcdc)
    missed = missed_lines(lcov) | missed_branches(data)
    wrong = judge(missed)
    write_figures(build, compiler, data, missed, wrong)
    cells = subprocess.run([programs.p2m_case(), "cells", "corpus"], check=False)
    print(f"{build}/coverage/index.html")
    print(f"{len(load_listed())} listed as unreachable, {wrong} failures")
    return 1 if wrong or cells.returncode else 0

