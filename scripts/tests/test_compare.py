# SPDX-License-Identifier: GPL-2.0-or-later
"""The comparison with the peers: its figures on made-up runs, peers that pass on the core and fail
on a bug, and a comparison that is begun, interrupted and resumed. Needs what `make compare` needs.
"""

import itertools
import json
import types

from harness import BUILD, test, text_of, write
from p2mcheck.programs import Programs

PEERS = ("rapidcheck", "hypothesis", "libfuzzer", "afl")
GEOMETRIES = ("tiny", "x86_64")
GOALS = ("p2m-case", "gcc/tiny/props_tiny", *(f"peer/{geometry}/{name}" for geometry in GEOMETRIES for name in ("rapidcheck", "peer.so")),
         *(f"peer-{engine}/{geometry}/plain" for geometry in GEOMETRIES for engine in ("libfuzzer", "afl")))
OPTIONS = {"tier": "compare", "goals": GOALS, "how": "alone", "needs": ("afl-fuzz",)}


def made_up(seconds, ops, found=True):
    return {"found": found, "seconds": seconds, "ops": ops, "execs": 1, "invariant": "X" if found else None,
            "shrunk_ops": 1 if found else None, "shrink_seconds": 0.1 if found else None}


def by_hand(ours, theirs):
    """Two-sided p by trying all ways to share out the runs."""
    values = [run["ops"] for run in ours + theirs]
    every = set(range(len(values)))

    def u(chosen):
        return sum((values[i] > values[k]) - (values[i] < values[k]) for i in chosen for k in every - set(chosen))
    sums = [abs(u(chosen)) for chosen in itertools.combinations(every, len(ours))]
    return sum(value >= abs(u(range(len(ours)))) for value in sums) / len(sums)


@test("compare: figures of made-up runs", tier="compare")
def figures(t):
    from p2mcheck.compare import evaluate, stats  # pylint: disable=import-outside-toplevel
    runs = [made_up(1.0, 5), made_up(2.0, 6), made_up(10.0, 9, False), made_up(3.0, 7)]
    area, curve = stats.survival(runs, 10)
    t.check("the area below a survival curve is the mean of what is cut at the budget",
            abs(area - 4.0) < 1e-9 and curve[0] == [0.0, 1.0, 1.0, 1.0] and curve[-1][:2] == [10, 0.25],
            f"{area} {curve}")
    t.check("a survival curve without an event stays at 1",
            stats.survival([made_up(10.0, 9, False)] * 3, 10) == (10, [[0.0, 1.0, 1.0, 1.0], [10, 1.0, 1.0, 1.0]]))
    few, many = [made_up(1, n) for n in range(10)], [made_up(1, 100 + n) for n in range(10)]
    a12, p = stats.against(few, many, "ops")
    t.check("A12 is 1 where ours always needs fewer, 0 the other way, and p is small",
            a12 == 1.0 and p < 0.001 and stats.against(many, few, "ops")[0] == 0.0, f"{a12} {p}")
    t.check("p is the exact one: 2 of the 252 choices of 5 of 10",
            abs(stats.against(few[:5], many[:5], "ops")[1] - 2 / 252) < 1e-12)
    ties = [made_up(1, n) for n in (1, 1, 2, 2)], [made_up(1, n) for n in (1, 2, 2, 3)]
    t.check("ties count half, and p counts them out", stats.against(*ties, "ops")[0] == 0.6875
            and abs(stats.against(*ties, "ops")[1] - by_hand(*ties)) < 1e-12, str(stats.against(*ties, "ops")))
    cut_off = [made_up(1, 5, False)] * 10
    t.check("of a run that was cut off before ours nothing is known",
            stats.against(many, cut_off, "ops") == (0.5, 1.0), str(stats.against(many, cut_off, "ops")))
    t.check("a run that found nothing counts as more than any that found something before",
            stats.against(few, [made_up(1, 200, False)] * 10, "ops")[0] == 1.0)
    bug = types.SimpleNamespace(id="b", overlaps=False, case="at 3 set 0x0 mfn 0x0\n", invariant="X")
    args = types.SimpleNamespace(seeds=10, geometries=["tiny"], tools=["p2mcheck", "rapidcheck"], budgets={"tiny": 10},
                                 commit="c", trees={}, full=False, build="nowhere", load=0)
    found = {("b", tool, "tiny", seed): run for tool, made in (("p2mcheck", many), ("rapidcheck", few))
             for seed, run in enumerate(made, 1)}
    result = evaluate.evaluate(args, [bug], found, {}, {})
    row = result["geometries"]["tiny"]["per_bug"]["b"]["rapidcheck"]
    t.check("a peer that needs significantly fewer ops is reported to win",
            row["worse"] and result["complete"] and len(result["peer_wins"]) == 1 and
            [one["reached"] for one in result["claims"] if "significantly" in one["claim"]] == [False],
            json.dumps(result["peer_wins"]))


def peer(tool, geometry, target):
    name = f"compare: {tool} finds nothing in the core without a bug, {geometry}, {target}"

    @test(name, **OPTIONS)
    def passes(t):
        from p2mcheck.compare.speed import speed  # pylint: disable=import-outside-toplevel
        t.check(name, speed(Programs(BUILD), geometry, tool, 1, False, target)[1] > 0)


for ROW in itertools.product(PEERS, GEOMETRIES, ("ops", "e820")):
    peer(*ROW)


@test("compare: our own ops a second without an engine", **OPTIONS)
def plain(t):
    from p2mcheck.compare.speed import plain_speed  # pylint: disable=import-outside-toplevel
    t.check("there are some", plain_speed(Programs(BUILD), "tiny", 0.2) > 0)


def compare(t, *options, says="", status=0, what=None):
    """Runs a small comparison with its data in the test's folder; answers the output and the lines of raw data."""
    done = t.run(["scripts/compare", f"--build={BUILD}", f"--data={t.path('data')}", "--only=^b3-", "--seeds=1",
                  "--budget=20", "--geometry=tiny", "--speed=0", "--jobs=2", *options])
    t.check(what or says, done.status == status and says in done.out, done.out)
    return done.out, text_of(t.path("data/runs.jsonl")).splitlines()


@test("compare: from begin to end, interrupted and resumed", **OPTIONS)
def from_begin_to_end(t):
    output, lines = compare(t, "--tools=p2mcheck,rapidcheck")
    found = [json.loads(line) for line in lines]
    t.check("both find it, and shrink it to one op", len(found) == 2 and
            all(run["found"] and run["shrunk_ops"] == 1 for run in found), output)
    with open(t.path("data/runs.jsonl"), "a", encoding="utf-8") as file:
        file.write('{"bug": "b3-one')  # the machine stopped here
    output, lines = compare(t, says="5 of 5 runs", what="it resumes")
    t.check("only what was missing is run", len(lines) == 2 + 1 + 3, output + "\n".join(lines))
    result = json.loads(text_of(t.path("data.json")))
    rows = result["geometries"]["tiny"]["per_bug"]["b3-one-ident-leaf"]
    t.check("all five tools find it", result["complete"] and len(rows) == 5 and
            all(row["found"] == 1 for row in rows.values()), json.dumps(rows))
    output, after = compare(t, "--budget=60", "--table", says="5 of 5 runs",
                            what="what was found counts with a longer budget")
    t.check("and nothing is run again", after == lines, output)
    write(t.path("data/runs.jsonl"), "".join(line.replace('"found": true', '"found": false') + "\n"
                                             for line in lines if line.endswith("}")))
    output, _ = compare(t, "--budget=60", "--table", says="5 of another core or harness, or too short, are ignored",
                        status=1, what="what was not found does not")
    t.check("no run is left", "no run:" in output, output)


@test("compare: a peer without overlapping calls is tried once on a bug that needs them", **OPTIONS)
def without_hope(t):
    output, lines = compare(t, "--only=^c3-", "--tools=rapidcheck", "--seeds=2", "--budget=1",
                            says="1 of these runs are not made")
    runs = [json.loads(line) for line in lines]
    t.check("one run is assumed", [run.get("assumed", False) for run in runs] == [False, True] and
            not any(run["found"] for run in runs), output)


@test("compare: bad options are refused", **OPTIONS)
def bad_options(t):
    for option, words in (("--seeds=x", "--seeds=x: choose a number"), ("--budget=0", "--budget=0: choose a number"), ("--only=nonsense", "no patch whose name matches"),
                          ("--geometry=odd", "choose one of: tiny, x86_64")):
        done = t.run(["scripts/compare", f"--build={BUILD}", option])
        t.check(option, done.status != 0 and words in done.out, done.out)
