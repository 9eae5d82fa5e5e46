# SPDX-License-Identifier: GPL-2.0-or-later
"""The mutation score: the small changes of the core that no test notices.

Takes the syntax tree of the core (libclang, geometry tiny), makes one mutant of each small change
that can be made to it (changes.py), and runs the tests on each (trial.py). A survivor must be
in the reviewed list (reviewed.py) with the reason why no call can detect it. A
listed one that is killed, or that does not exist any more, is an error as well. An unlisted
one whose object code is the core's own in all geometries is not a survivor. A killed run is resumed.
"""

import collections
import ctypes
import fcntl
import os
import re
import resource
import time

from p2mcheck import cli, facts
from p2mcheck.files import Failure, write_json
from p2mcheck.mutants.reviewed import REVIEWED, apply_review, read_reviewed
from p2mcheck.mutants.trial import TESTS, Bench, try_all
from p2mcheck.programs import Programs, cores, setup
from p2mcheck.steps import Steps

FILES = ("core/p2m.c", "core/build.c", "core/e820.c", "core/grants.c", "core/tree.h")


# ---- output ----

STATUSES = ("killed", "equivalent", "same code", "survived", "did not compile")


def print_tables(results):
    count = collections.Counter((r["kind"], r["status"]) for r in results)
    print(f"\n{'class':10}" + "".join(f"{status:>17}" for status in STATUSES))
    for kind in sorted({r["kind"] for r in results}):
        print(f"{kind:10}" + "".join(f"{count[kind, status]:17}" for status in STATUSES))
    died = [r["killer"].split(": ") for r in results if r["killer"]]
    print(f"\n{'killed by':30}{'mutants':>9}")
    for name, number in sorted(collections.Counter(test for test, _ in died).items(),
                               key=lambda item: [test.name for test in TESTS].index(item[0])):
        print(f"{name:30}{number:9}")
    print(f"\n{'as':30}{'mutants':>9}")
    for name, number in collections.Counter(what for _, what in died).most_common():
        print(f"{name:30}{number:9}")


def print_survivors(results):
    for result in results:
        if result["status"] in ("survived", "same code"):
            print(f"\n{result['status']}: {result['file']}:{result['line']}, {result['function']}: {result['id']}"
                  f"\n    {result['before']}\n -> {result['after']}\n    {result['key']}")


def conclude(results, complaints, path):
    count = collections.Counter(r["status"] for r in results)
    print_tables(results)
    print_survivors(results)
    for complaint in complaints:
        print(complaint)
    write_json(path, results)
    same = count["same code"]
    print(f"\nwritten to {path}" + f"; {same} not reviewed, but with the same object code" * bool(same))
    print(f"mutants: {count['killed']} killed, {count['equivalent']} equivalent (reviewed), "
          f"{count['survived']} survived, {count['did not compile']} did not compile")
    return 1 if count["survived"] or complaints or not count["killed"] else 0


# ---- the command ----

def all_mutants():
    """The mutants of the core in tiny."""
    try:
        from p2mcheck.mutants import changes  # pylint: disable=import-outside-toplevel
    except ImportError:
        raise Failure("python3-clang is missing; run: scripts/setup python3-clang") from None
    flags = facts.geometries()["tiny"].flags
    return [mutant for name in FILES for mutant in changes.mutants_of(name, flags)]


def arguments():
    parser = cli.Parser(__doc__, jobs=cores(), only="")
    parser.setting("file", None, cli.one_of(FILES), "only mutants of this file")
    parser.switch("list", "print the mutants, run nothing")
    return parser.parse()


def alone(build):
    """One run at a time in a build folder. The lock ends with the process."""
    os.makedirs(build, exist_ok=True)
    lock = open(f"{build}/mutants.lock", "w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Failure(f"{build}: in use by another run") from error
    return lock


def limits():
    """No core files; the same addresses every time. Children inherit both."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).personality(0x0040000)  # ADDR_NO_RANDOMIZE


def main():
    args = arguments()
    setup("fuzz", "python3-clang", "libcmocka-dev")
    everything = all_mutants()
    mutants = [m for m in everything if args.file in (None, m.file) and
               (re.search(args.only, m.id) or re.search(args.only, m.key))]
    if not mutants:
        raise Failure("nothing to mutate: --only and --file match no mutant")
    if args.list:
        for m in mutants:
            print(f"{m.id:28} {m.key:52} {m.before} -> {m.after}")
        return 0
    reviewed = read_reviewed()
    lock = alone(args.build)
    bench = Bench(Programs(args.build))
    limits()
    bench.prepare(args.jobs)
    print(f"mutants: {len(mutants)} of {', '.join(sorted({m.file for m in mutants}))}; "
          f"{len(TESTS)} tests, {args.jobs} jobs", flush=True)
    start = time.monotonic()
    steps = Steps(f"{args.build}/mutants.steps", [], "corpus", "scripts/p2mcheck/mutants",
                  without=("props/bugs/", "props/peers/", REVIEWED))
    results = try_all(bench, mutants, steps, args.jobs)
    complaints = apply_review(results, reviewed, {m.key for m in everything})
    whole = len(mutants) == len(everything)
    print(f"\n{time.monotonic() - start:.0f} s")
    status = conclude(results, complaints, f"{args.build}/mutants.json" if whole else
                      f"{args.build}/mutants/some.json")
    steps.end(mutant.id for mutant in mutants)
    lock.close()
    return status
