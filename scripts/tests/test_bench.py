# SPDX-License-Identifier: GPL-2.0-or-later
"""What `make bench` measures beside ratios of two targets: the start, a finding, peers. test_readme.py runs it whole."""

import contextlib
import io
import re
import time
from unittest import mock

from harness import BUILD, test
from p2mcheck import engines
from p2mcheck.bench import main, start
from p2mcheck.compare import speed
from p2mcheck.processes import cpu_of, output
from p2mcheck.programs import Programs

STARTED = ("p2m-case", "fuzz/tiny/bench_empty_tiny", "fuzz/tiny/ops_tiny", "fuzz/tiny/canary_tiny")


@test("bench: CPU time of programs", tier="scripts", how="alone")
def cpu_time(t):
    busy = "import time\nwhile time.process_time() < 0.3: pass"
    (status, _), took = cpu_of(lambda: output(["python3", "-c", busy]))
    t.check("of one that computes", status == 0 and took >= 0.3, f"{status} {took}")
    t.check("of one that sleeps", cpu_of(lambda: output(["sleep", "0.4"]))[1] < 0.4)
    t.check("of this process", cpu_of(lambda: burn(0.2))[1] >= 0.2)


def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


@test("bench: the start of a target, and a finding", goals=STARTED)
def starts(t):
    programs = Programs(BUILD)
    t.check("a first case takes some time", start.first_case(programs) > 1)
    t.check("so does that of an empty target", start.first_case(programs, "bench_empty") > 1)
    with mock.patch.object(engines.Libfuzzer, "report", lambda *_: burn(0.1)):
        engine, filing = start.finding(programs)
    t.check("a finding is that of an engine, then of its report", engine > 1 and 100 <= filing < 1000,
            f"{engine} {filing}")
    with mock.patch.object(engines, "with_names", wraps=engines.with_names) as naming:
        start.finding(programs)
    report = engines.with_names(naming.call_args.args[0]) or ""
    t.check("which then has names", naming.call_count == 1 and
            re.search(r"^    #\d+ 0x\w+ in target_run /\S+/target.c:\d+$", report, re.M), report)
    with mock.patch.object(start, "CASE", "corpus/seed/nothing.txt"):
        t.check("no such case", "cannot be encoded" in failure_of(lambda: start.first_case(programs)))
    with mock.patch.object(start, "CASE", PASSES):
        t.check("a case that canary passes", "canary_tiny passes it: " in failure_of(lambda: start.finding(programs)))


PASSES = "corpus/seed/4tools.txt"


def failure_of(action):
    try:
        action()
    except main.Failure as error:
        return str(error)
    return ""


@test("bench: two jobs", goals=STARTED, how="alone")
def two_jobs(t):
    programs = Programs(BUILD)
    t.check("executions of one job", start.executions(programs, 1) > 100)
    measured = start.figures(programs, 1)
    t.check("all figures", all(name in main.GOALS and len(values) == 1 for name, values in measured.items()) and
            len(measured) >= 3, str(measured))


@test("bench: peers that are not installed are left out", tier="scripts")
def without_peers(t):
    said = io.StringIO()
    probes = {"rapidcheck": [t.path("none")], "hypothesis": ["false"]}
    with mock.patch.object(speed, "PROBES", probes), contextlib.redirect_stdout(said):
        t.check("no figure", main.peer_figures(Programs(BUILD), 1) == {} and not main.peers())
    t.check("one line", said.getvalue() == "  not installed (packages librapidcheck-dev, python3-hypothesis): "
            "hypothesis rapidcheck: skipped\n", said.getvalue())
    with mock.patch.object(speed, "PROBES", {**probes, "rapidcheck": ["true"]}):
        t.check("the others stay", main.peers() == [("rapidcheck", "tiny"), ("rapidcheck", "x86_64")])


@test("bench: the peers' ops, by our runner", goals=("gcc/tiny/props_tiny",))
def as_peers(t):
    output = t.expect("it passes", [f"{BUILD}/gcc/tiny/props_tiny", "--model-only", "--as-peers", "--cases=2000"],
                      r"\n2000 cases, \d+ ops, \d+ checks, 0 failures\n\Z")
    calls = {name: int(number) for name, number in re.findall(r"^(\w+) +(\d+) +\d+ +\d+ +\d+$", output, re.M)}
    drawn = {name for name, number in calls.items() if number}
    t.check("their calls alone", drawn == {"get", "pfn_to_mfn", "set", "__set", "range", "resume"}, str(drawn))
    shares = {name: calls[name] / sum(calls.values()) for name in drawn}  # 3, 3, 2, 1, 1 of ten in rapidcheck.cc
    t.check("about as often", all(abs(shares[name] - share) < 0.06 for name, share in (
        ("set", 0.3), ("range", 0.3), ("__set", 0.2), ("resume", 0.1))), str(shares))
    t.check("and nothing overlaps", re.search(r"^overlapping calls +0$", output, re.M), output)


@test("bench: a peer's figure", tier="scripts")
def peer_figure(t):
    rates = iter([(100, 10), (300, 10), (200, 40)])
    turns = []

    def ours(*_):
        turns.append(next(rates))
        return turns[-1][0]
    with mock.patch.multiple(main, plain_speed=ours, speed=lambda *_: (turns[-1][1], 1)), \
            contextlib.redirect_stdout(io.StringIO()) as said:
        t.check("a ratio for each turn", main.peer_ratio(None, "rapidcheck", "tiny", 3) == [10, 30, 5])
    t.check("both medians", said.getvalue() == "  tiny: ours 200 ops/s, rapidcheck 10 ops/s\n", said.getvalue())
    t.check("each peer has a goal", all(f"{tool}_{geometry}" in main.GOALS for tool, geometry in main.PEERS))
