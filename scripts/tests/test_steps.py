# SPDX-License-Identifier: GPL-2.0-or-later
"""The finished steps of a long run: a killed run is resumed, and nothing of another revision is taken over."""

import os
import re
import signal

from harness import BUILD, test, text_of
from p2mcheck.files import write
from p2mcheck.steps import Steps


def never():
    raise AssertionError("this step is done")


@test("steps: a killed run is resumed, those of other settings and sources stay", tier="scripts")
def steps(t):
    path, source = t.path("some.steps"), t.path("source.c", "int a;\n")
    run = Steps(path, [1], source)
    run.add("one", {"fired": None})
    run.add("two", [2, 3])
    with open(path, "a", encoding="utf-8") as file:
        file.write('5\n[["cut short')
    run = Steps(path, [1], source)
    t.check("both, and the damaged lines are gone", run.results == {"one": {"fired": None}, "two": [2, 3]} and
            len(text_of(path).splitlines()) == 2, text_of(path))
    t.check("a step that is done is not made again", run.of("two", never) == [2, 3])
    other = Steps(path, [2], source)
    t.check("none of other settings", not other.results and other.of("one", lambda: 7) == 7)
    write(source, "int b;\n")
    t.check("none of other sources", not Steps(path, [1], source).results)
    write(source, "int a;\n")
    other.end(["one"])
    run = Steps(path, [1], source)
    t.check("the end of one run leaves the results of the others", set(run.results) == {"one", "two"})
    run.end(["one"])
    t.check("the end of a part leaves the rest", set(Steps(path, [1], source).results) == {"two"})
    run.end(["two"])
    t.check("after the last end there is no file", not os.path.exists(path))


@test("steps: make bugs is killed and resumed", tier="all", how="alone", goals=("p2m-case",))
def killed(t):
    command = ["scripts/bugs", f"--build={BUILD}", "--only=^(a1|a2)-", "--seeds=1", "--jobs=1"]
    with t.start(command) as process:
        for line in process.stdout:
            if re.match(r"(ok  |FAIL) a1-", line):
                os.killpg(process.pid, signal.SIGKILL)
    t.expect("the rest", command, r"(?s)^resumed: \S+/bugs.steps has 1 results .*a2-.*^(?P<n>2) passed, 0 failed$")
