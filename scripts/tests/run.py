#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the tests of a tier and ends with `N passed, N failed`.

Called by scripts/test, test-scripts, test-compare and test-all. ONLY selects tests by a regular
expression. Each line begins with its number and their count; a failing test is followed by what
it printed. The build has no limit and shows a counter.
"""

import argparse
import concurrent.futures
import importlib
import os
import re
import signal
import sys
import time

import harness
from harness import BUILD, ROOT, TESTS
from p2mcheck import building, cli, lint, programs, prove

MODULES = ("test_harness", "test_structure", "test_readme", "test_cases", "test_cli", "test_e820", "test_campaign",
           "test_engines", "test_losses", "test_findings", "test_planted", "test_mutants", "test_judge", "test_linux",
           "test_linux_slips", "test_bisect", "test_reproducer", "test_points", "test_overlaps",
           "test_kernel_buffers", "test_xen", "test_setup", "test_environment", "test_report", "test_against", "test_bench",
           "test_prove", "test_lint", "test_steps")
# tier: the tiers that it runs, more modules, groups and packages of scripts/setup
TIERS = {
    "scripts": (("scripts",), (), None),
    "test": (("scripts", "test"), (), "fuzz test"),
    "compare": (("compare",), ("test_compare",),
                "fuzz patch g++ librapidcheck-dev python3-hypothesis python3-statsmodels afl++"),
}
TIERS["all"] = (("scripts", "test", "compare", "all"), ("test_compare", "test_long", "test_atomics"),
                f"{TIERS['test'][2]} {TIERS['compare'][2]} {' '.join(lint.PACKAGES)} debootstrap git locales-all "
                f"{' '.join(prove.packages())}")
# What a user may set for the command under test must not reach the commands that tests run.
VARIABLES = """ENGINE TARGET GEOMETRY TIME JOBS CASES SEEDS ONLY JUNIT SAN ARCH SEED RUNS BASE THREADS ROUNDS CASE HOURS
    SECONDS SLICE SHARED HOST BUG ON NEW FULL BUDGET SUBJECT LINUX KNOWN MODE SHAPES DEBUG P2MCHECK_KNOWN XEN
    GRANTS MAPS VALUES SWITCHES REDUCED CALLS TSO EVERY DEPTH MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES CRASHES V""".split()


class Output:
    """The lines of a run, and the counts below them."""

    def __init__(self, total, accepted=None):
        self.total, self.accepted = total, accepted  # prefixes of names that CI may skip; None: all
        self.done = self.passed = self.failed = self.skipped = 0
        self.failures = []  # name, check, last line of its output: repeated at the end, where a log is looked at
        self.terminal = sys.stdout.isatty()
        self.printed = time.monotonic()

    def print(self, text, end="\n"):
        print(("\r\x1b[K" if self.terminal else "") + f"[{self.done}/{self.total}] {text}", end=end, flush=True)
        self.printed = time.monotonic()

    def heartbeat(self, running):
        """What runs: a line if there has been none for a while, on a terminal always the same line."""
        if running and time.monotonic() - self.printed > (1 if self.terminal else 8):
            self.print("...  " + "; ".join(one.progress or one.name for one in running), "" if self.terminal else "\n")

    def line(self, one, result):
        self.done += 1
        outcome, failed = result.outcome, result.failed
        if outcome == "SKIP" and self.accepted is not None and not one.name.startswith(tuple(self.accepted)):
            outcome, failed = "FAIL", [f"{result.reason}; .ci/skips does not list this SKIP"]
        count = f": {result.checks} checks" if result.checks > 1 else ""
        self.print(f"{outcome:4} {one.name}" + (f": {result.reason}" if outcome == "SKIP" else count) +
                   (f"  ({result.seconds:.1f} s)" if result.seconds >= 1 else ""))
        for text in failed:
            what, *printed = text.splitlines()
            print("\n".join("    " + line for line in [what] + printed[-40:]), flush=True)
            self.failures.append(": ".join([one.name, what] + printed[-1:]))
        self.skipped += outcome == "SKIP"
        self.failed += len(failed)
        self.passed += result.checks - len(result.failed)

    def last(self):
        if self.failures:
            print("\n".join(["failed:"] + ["    " + failure for failure in self.failures]))
        print(f"{self.passed} passed, {self.failed} failed" + (f", {self.skipped} skipped" if self.skipped else ""))
        return 1 if self.failed or not self.passed else 0


# ---- build ----

def build_test(tests):
    """All goals of the tests in one make, as a test of its own."""
    goals = sorted({f"{BUILD}/{goal}" for one in tests if not harness.missing(one) for goal in one.goals})

    def action(t):
        command = harness.make_command(f"-j{os.cpu_count()}", *goals)
        one.progress = "build: counting"
        total = building.count(command)

        def note(made):
            one.progress = f"build: {made} of {total} files"
        with t.start(command) as process:
            said = building.follow(process, note)
        t.check(f"make ended with {process.returncode}", process.returncode == 0, said)
    one = harness.Test("build", action if goals else lambda t: t.check("nothing to build", True))
    return one


# ---- run ----

def may_start(one, running, cores):
    if one.how == "alone" or any(other.how == "alone" for other in running):
        return not running
    return len(running) < cores and not (one.how == "builds" and any(other.how == "builds" for other in running))


def run_tests(tests, output, cores=os.cpu_count()):
    """In order, except that tests that must be alone come last; a line for each as it ends."""
    waiting, running = sorted(tests, key=lambda one: one.how == "alone"), {}
    with concurrent.futures.ThreadPoolExecutor(cores) as pool:
        try:
            while waiting or running:
                for one in list(waiting):
                    if may_start(one, running.values(), cores):
                        waiting.remove(one)
                        running[pool.submit(harness.perform, one)] = one
                for future in concurrent.futures.wait(running, 1, concurrent.futures.FIRST_COMPLETED).done:
                    output.line(running.pop(future), future.result())
                output.heartbeat(running.values())
        except BaseException:
            harness.Family.interrupt()
            raise


def in_order(tests, output):
    """What needs no build, the build, and the rest; after a failed build no rest."""
    first = [one for one in tests if one.tier == "scripts"]
    rest = [one for one in tests if one.tier != "scripts"]
    run_tests(first, output)
    if rest:
        before = output.failed
        run_tests([build_test(rest)], output)
        if output.failed > before:
            print(f"{len(rest)} tests did not run: the build failed")
            return
    run_tests(rest, output)


def accepted_skips():
    """Prefixes of names in .ci/skips, if this is CI."""
    if os.environ.get("CI") not in ("true", "1"):
        return None
    lines = harness.text_of(f"{ROOT}/.ci/skips").splitlines()
    return [line.split(" -- ")[0] for line in lines if line and not line.startswith("#")]


def select(tier, only):
    tiers, modules, _ = TIERS[tier]
    for module in MODULES + modules:
        importlib.import_module(module)
    return [one for one in TESTS if one.tier in tiers and re.search(only, one.name)]


def select_subject(tier):
    """With SUBJECT=, the tests of that p2m, whose programs are built now; and the masks of its defects."""
    parser = cli.Parser(__doc__, subjects=tier == "test", only="")
    args = parser.parse()
    programs.setup("fuzz")
    importlib.import_module("test_subject").declare(parser.programs(args))
    return [one for one in TESTS if re.search(args.only, one.name)], args.known


def select_tier(tier):
    """The tests that the options choose; None if they are only shown."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--tier", choices=TIERS, default=tier)
    parser.add_argument("--only", default=os.environ.get("ONLY", ""), metavar="REGEXP",
                        type=cli.pattern, help="only tests of these names")
    parser.add_argument("--list", action="store_true", help="only show their names")
    args = parser.parse_args()
    if not args.list and TIERS[args.tier][2] is not None:
        programs.setup(*TIERS[args.tier][2].split())  # first: modules look at what there is
    tests = select(args.tier, args.only)
    if args.list:
        print("\n".join(one.name for one in tests))
        return None
    return tests


def main(tier="test"):
    os.chdir(ROOT)
    ours = (os.environ.get("SUBJECT") or "core") == "core"
    tests, masks = (select_tier(tier), "") if ours else select_subject(tier)
    for name in VARIABLES:
        os.environ.pop(name, None)
    if masks:
        os.environ["P2MCHECK_KNOWN"] = masks
    if tests is None:
        return 0
    output = Output(len(tests) + any(one.tier != "scripts" for one in tests), accepted_skips())
    start = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        in_order(tests, output)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    print(f"{time.monotonic() - start:.0f} s")
    return output.last()


if __name__ == "__main__":
    sys.exit(main())
