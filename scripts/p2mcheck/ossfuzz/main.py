# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds the fuzz targets as OSS-Fuzz and ClusterFuzzLite do, and checks what they check.

For each engine, sanitizer and architecture with tools in Debian, build.sh runs
in a clean clone of HEAD with the environment of the services;
then every rule about its files in $OUT that does not need their images is
checked. One folder $WORK serves all builds, as in the services. Checks that cannot run here are
listed with the reason. Not a replacement for the services' own scripts: no image is used.
"""

import os
import re
import shutil
import sys
import tempfile

from p2mcheck import cli
from p2mcheck.files import Failure
from p2mcheck.ossfuzz import checks, names, runs
from p2mcheck.ossfuzz.service import CLANG, CONFIGURATIONS, Place, Skip, run
from p2mcheck.ossfuzz.tree import FILE_CHECKS
from p2mcheck.programs import cores, setup

COLUMNS = ("build", "files", "arch", "libs", "calls", "seeds", "dict", "options", "start",
           "replay", "fuzz", "again", "report")


class Tally:
    passed = failed = skipped = built = 0


def attempt(what, check):
    """Runs one check; returns its cell of the table."""
    try:
        note = check()
    except Skip as reason:
        Tally.skipped += 1
        print(f"skip {what}: {reason}", flush=True)
        return "skip"
    except Failure as reason:
        Tally.failed += 1
        print(f"FAIL {what}: {reason}", flush=True)
        return "FAIL"
    Tally.passed += 1
    print(f"ok   {what}" + (f": {note}" if note else ""), flush=True)
    return "ok"


def checks_of(configuration, place, out):
    """Column and check, in order; without those that do not apply."""
    plain = configuration.engine == "libfuzzer" and configuration.sanitizer != "coverage"
    first = configuration.name == "libfuzzer-address-x86_64"
    yield "files", lambda: checks.check_files(configuration, out)
    yield "arch", lambda: checks.check_architecture(configuration, out)
    yield "libs", lambda: checks.check_libraries(configuration, out)
    if configuration.sanitizer not in ("coverage", "none"):
        yield "calls", lambda: checks.check_calls(configuration, out)
    yield "seeds", lambda: checks.check_seeds(configuration, out, place)
    yield "dict", lambda: checks.check_dictionary(configuration, out, place)
    yield "options", lambda: checks.check_options(configuration, out)
    if configuration.sanitizer != "coverage":  # it has no instrumentation for an engine
        yield "start", lambda: runs.check_start(configuration, out, place)
    yield "replay", lambda: runs.check_replay(configuration, out, place)
    if plain:
        yield "fuzz", lambda: runs.check_fuzz(configuration, out, place)
    if first:
        yield "again", lambda: runs.check_again(configuration, place, out)
        yield "report", lambda: names.check_planted(configuration, place)
    if configuration.sanitizer == "coverage":
        yield "report", lambda: runs.check_coverage(configuration, out, place)


def check_configuration(configuration, place):
    why = configuration.why_not()
    if why:
        Tally.skipped += 1
        configuration.cells["build"] = "skip"
        print(f"skip {configuration.name}: {why}", flush=True)
        return
    built = f"{place.top}/out/{configuration.name}"
    cell = attempt(f"{configuration.name}: build", lambda: checks.build(place, configuration, built))
    configuration.cells["build"] = cell
    if configuration.dropped:
        print(f"     dropped flags unknown to {CLANG}: {' '.join(configuration.dropped)}")
    if cell != "ok":
        return
    Tally.built += 1
    moved = f"{place.top}/not-out/{configuration.name}"
    os.makedirs(os.path.dirname(moved), exist_ok=True)
    os.rename(built, moved)
    for column, check in checks_of(configuration, place, moved):
        configuration.cells[column] = attempt(f"{configuration.name}: {column}", check)


def print_table(configurations):
    print("\n" + " " * 28 + "".join(f"{column:8}" for column in COLUMNS))
    for configuration in configurations:
        cells = "".join(f"{configuration.cells.get(column, '-'):8}" for column in COLUMNS)
        print(f"{configuration.name:28}{cells}".rstrip())
    print()


def main():
    parser = cli.Parser(__doc__, only="", jobs=cores())
    args = parser.parse()
    setup("fuzz", "zip", "llvm", "g++-multilib", "afl++")
    missing = [tool for tool in ("git", "make", "zip", "objdump", "readelf", CLANG) if not shutil.which(tool)]
    if missing:
        parser.error("not installed: " + ", ".join(missing))
    chosen = [c for c in CONFIGURATIONS if re.search(args.only, c.name)]
    if not chosen:
        parser.error(f"ONLY={args.only}: choose from: " + ", ".join(c.name for c in CONFIGURATIONS))
    if run(["git", "status", "--porcelain"])[1]:
        print("note: uncommitted changes are not checked")
    for name, check in FILE_CHECKS:
        attempt(name, check)
    with tempfile.TemporaryDirectory(prefix="p2mcheck-service-") as top:
        place = Place(top, args.jobs)
        place.clone()
        for configuration in chosen:
            check_configuration(configuration, place)
    print_table(chosen)
    if not Tally.built:
        print("oss-fuzz-check: nothing was built", file=sys.stderr)
    print(f"{Tally.passed} passed, {Tally.failed} failed, {Tally.skipped} skipped")
    return 1 if Tally.failed or not Tally.built else 0

