# SPDX-License-Identifier: GPL-2.0-or-later
"""The runner itself: limits, exceptions, skips, counts, and what it prints."""

import contextlib
import io
import re
import subprocess
import sys
import time

import harness
import run
from harness import Test, test

BUSY = "while :; do :; done"


def outcome(action, **options):
    return harness.perform(Test("x", action, **options))


def printed(tests, accepted=None):
    """What a run prints, and its exit status."""
    output = run.Output(len(tests), accepted)
    with contextlib.redirect_stdout(io.StringIO()) as text:
        run.run_tests(tests, output, 2)
        status = output.last()
    return text.getvalue(), status


@test("runner: limits count CPU time", tier="scripts")
def limits(t):
    for what, argv in (("a busy process", ["sh", "-c", "echo words; " + BUSY]),
                       ("one in a session of its own", ["sh", "-c", f"echo words; setsid sh -c '{BUSY}'"])):
        result = outcome(lambda r, argv=argv: r.run(argv, limit=0.2))
        t.check(f"{what} is one failed test", result.outcome == "FAIL" and len(result.failed) == 1 and
                re.search(r"^timed out after 0.2 s of CPU time.*\nwords$", result.failed[0], re.M), str(result))
    started = time.monotonic()
    t.check("a process that waits is within its limit", t.run(["sleep", "1.2"], limit=0.2).status == 0)
    t.check("and was waited for", time.monotonic() - started > 1)
    try:
        harness.finish(t.start(["sleep", "100"]), idle_limit=1)
        t.check("an idle process is ended", False)
    except harness.Timeout as timeout:
        t.check("an idle process is ended", "without CPU time" in str(timeout), str(timeout))
    family = t.start(["sh", "-c", "setsid sleep 100 & sleep 100"]).family
    harness.wait_until(lambda: len(family.members()) == 3)
    family.kill()
    t.check("nothing is left", harness.wait_until(lambda: len(family.members()) <= 1), str(family.members()))


@test("runner: exceptions, skips, and no check at all", tier="scripts")
def outcomes(t):
    raised = outcome(lambda r: 1 // 0)
    t.check("an exception is one failed test with its traceback",
            raised.outcome == "FAIL" and "ZeroDivisionError" in raised.failed[0], str(raised))
    skipped = outcome(lambda r: r.skip("no luck"))
    t.check("a skip has a reason", (skipped.outcome, skipped.reason) == ("SKIP", "no luck"), str(skipped))
    lacking = outcome(lambda r: r.check("x", True), needs=("no-such-program",))
    t.check("a missing program is a skip", lacking.reason == "no-such-program not installed", str(lacking))
    lacking = outcome(lambda r: r.check("x", True), needs=("import json", "import no_such_module"))
    t.check("so is a missing module", lacking.reason == "module no_such_module not installed", str(lacking))
    t.check("no check is a failure", outcome(lambda r: None).outcome == "FAIL")
    two = outcome(lambda r: r.expect("tests", ["echo", "PASSED 12"], r"PASSED (?P<n>\d+)"))
    t.check("a number in a pattern counts", two.checks == 12 and two.outcome == "ok", str(two))
    wrong = outcome(lambda r: r.expect("false", ["false"]))
    t.check("a status that is not expected fails", "status 1, expected 0" in wrong.failed[0], str(wrong))


@test("runner: lines, counts, exit status", tier="scripts")
def lines(t):
    good = Test("good", lambda r: r.check("x", True))
    bad = Test("bad", lambda r: (r.check("a", True), r.check("b", False, "details")))
    skip = Test("tmpfs: full", lambda r: r.skip("not allowed"))
    text, status = printed([good, bad, skip])
    t.check("each line has its number", re.findall(r"^\[(\d)/3\]", text, re.M) == ["1", "2", "3"], text)
    t.check("a failure is followed by its output",
            re.search(r"FAIL bad: 2 checks\n    b\n    details$", text, re.M), text)
    t.check("failures are repeated at the end", "\nfailed:\n    bad: b: details\n2 passed" in text, text)
    t.check("the last line", status == 1 and text.endswith("\n2 passed, 1 failed, 1 skipped\n"), text)
    t.check("nothing passed is a failure", printed([skip])[1] == 1)
    t.check("good is good", printed([good, skip])[1] == 0 and printed([good, skip], ["tmpfs"])[1] == 0)
    text, status = printed([good, skip], ["browser"])
    t.check("in CI, a skip that is not listed is a failure", status == 1 and ".ci/skips does not list" in text, text)


@test("runner: what may run beside what", tier="scripts")
def beside(t):
    one, builds, alone = (Test(how, None, how=how) for how in ("beside", "builds", "alone"))
    rows = ((one, [], True), (one, [one], True), (one, [one, one], False), (builds, [one], True),
            (builds, [builds], False), (alone, [], True), (alone, [one], False), (one, [alone], False))
    for test_, running, want in rows:
        t.check(f"{test_.how} beside {[r.how for r in running]}", run.may_start(test_, running, 2) == want)


@test("runner: an interruption ends what runs", tier="scripts")
def interruption(t):
    program = t.path("program.py", f"""import sys; sys.path.insert(0, {harness.ROOT + '/scripts/tests'!r})
import run, harness
harness.TESTS.append(harness.Test("forever", lambda r: r.run(["sleep", "12345"]), tier="scripts"))
run.MODULES = ()
sys.exit(run.main("scripts"))
""")
    process = t.start([sys.executable, program], stderr=subprocess.PIPE)
    t.check("it runs", harness.wait_until(lambda: len(process.family.members()) == 2))
    process.terminate()
    done = harness.finish(process)
    t.check("one line, exit 130", (done.status, done.err) == (130, "interrupted\n"), str(done))
    t.check("nothing is left", not process.family.members(), str(process.family.members()))
