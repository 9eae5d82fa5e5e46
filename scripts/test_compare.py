# SPDX-License-Identifier: GPL-2.0-only
"""The comparison with the peers: its figures on runs that are made up, peers that pass on the
core and fail on a bug, and a comparison that is begun, cut short, and goes on.

Needs what `make compare` needs; without it there is a line that says so.
"""

import itertools
import json
import os
import subprocess
import sys
import tempfile
import types

PEERS = ("rapidcheck", "hypothesis", "libfuzzer", "afl")
GEOMETRIES = ("tiny", "x86_64")


def goals(build):
    if not os.path.exists("/usr/include/rapidcheck.h"):
        return []
    return [f"{build}/peer/{geometry}/{name}" for geometry in GEOMETRIES for name in ("rapidcheck", "peer.so")] + [
        f"{build}/peer-{engine}/{geometry}/plain" for geometry in GEOMETRIES for engine in ("libfuzzer", "afl")]


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


def figures(report):
    import compare_stats as stats
    runs = [made_up(1.0, 5), made_up(2.0, 6), made_up(10.0, 9, False), made_up(3.0, 7)]
    area, curve = stats.survival(runs, 10)
    report("the area below a survival curve is the mean of what is cut at the budget",
           abs(area - 4.0) < 1e-9 and curve[0] == [0.0, 1.0, 1.0, 1.0] and curve[-1][:2] == [10, 0.25],
           f"{area} {curve}")
    report("a survival curve without an event stays at 1",
           stats.survival([made_up(10.0, 9, False)] * 3, 10) == (10, [[0.0, 1.0, 1.0, 1.0], [10, 1.0, 1.0, 1.0]]))
    few, many = [made_up(1, n) for n in range(10)], [made_up(1, 100 + n) for n in range(10)]
    a12, p = stats.against(few, many, "ops")
    report("A12 is 1 where ours always needs fewer, 0 the other way, and p is small",
           a12 == 1.0 and p < 0.001 and stats.against(many, few, "ops")[0] == 0.0, f"{a12} {p}")
    report("p is the exact one: 2 of the 252 choices of 5 of 10",
           abs(stats.against(few[:5], many[:5], "ops")[1] - 2 / 252) < 1e-12)
    ties = [made_up(1, n) for n in (1, 1, 2, 2)], [made_up(1, n) for n in (1, 2, 2, 3)]
    report("ties count half, and p counts them out", stats.against(*ties, "ops")[0] == 0.6875
           and abs(stats.against(*ties, "ops")[1] - by_hand(*ties)) < 1e-12, str(stats.against(*ties, "ops")))
    cut_off = [made_up(1, 5, False)] * 10
    report("of a run that was cut off before ours nothing is known",
           stats.against(many, cut_off, "ops") == (0.5, 1.0), str(stats.against(many, cut_off, "ops")))
    report("a run that found nothing counts as more than any that found something before",
           stats.against(few, [made_up(1, 200, False)] * 10, "ops")[0] == 1.0)
    bug = types.SimpleNamespace(id="b", overlaps=False, case="at 3 set 0x0 mfn 0x0\n", invariant="X")
    args = types.SimpleNamespace(seeds=10, geometries=["tiny"], tools=["p2mcheck", "rapidcheck"], budgets={"tiny": 10},
                                 commit="c", trees={}, full=False, build="nowhere", load=0)
    runs = {("b", tool, "tiny", seed): run for tool, made in (("p2mcheck", many), ("rapidcheck", few))
            for seed, run in enumerate(made, 1)}
    result = stats.evaluate(args, [bug], runs, {}, {})
    row = result["geometries"]["tiny"]["per_bug"]["b"]["rapidcheck"]
    report("a peer that needs significantly fewer ops is said to win",
           row["worse"] and result["complete"] and len(result["peer_wins"]) == 1 and
           [one["reached"] for one in result["claims"] if "significantly" in one["claim"]] == [False],
           json.dumps(result["peer_wins"]))


def peers(build, report):
    import compare_tools
    for tool in PEERS:
        for geometry, target in itertools.product(GEOMETRIES, ("ops", "e820")):
            name = f"{tool} finds nothing in the core without a bug, {geometry}, {target}"
            try:
                _, cases = compare_tools.speed(build, geometry, tool, 1, False, target)
                report(name, cases > 0)
            except compare_tools.ToolError as error:
                report(name, False, str(error))


def plain(build, report):
    import compare_tools
    try:
        report("our own ops a second without an engine", compare_tools.plain_speed(build, "tiny", 0.2) > 0)
    except compare_tools.ToolError as error:
        report("our own ops a second without an engine", False, str(error))


def compare(build, folder, *options):
    done = subprocess.run(["scripts/compare", f"--build={build}", f"--data={folder}/data", "--only=^b3-",
                           "--seeds=1", "--budget=20", "--geometry=tiny", "--speed=0", "--jobs=2", *options],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, encoding="utf-8")
    return done.returncode, done.stdout


def raw(folder):
    with open(f"{folder}/data/runs.jsonl", encoding="utf-8") as file:
        return file.read()


def from_begin_to_end(build, report):
    with tempfile.TemporaryDirectory() as folder:
        status, output = compare(build, folder, "--tools=p2mcheck,rapidcheck")
        found = [json.loads(line) for line in raw(folder).splitlines()]
        report("a comparison: both find it, and shrink it to one op",
               status == 0 and len(found) == 2 and all(run["found"] and run["shrunk_ops"] == 1 for run in found),
               output)
        with open(f"{folder}/data/runs.jsonl", "a", encoding="utf-8") as file:
            file.write('{"bug": "b3-one')  # the machine stopped here
        status, output = compare(build, folder)
        lines = raw(folder).splitlines()
        report("cut short, it goes on: only what was missing is run",
               status == 0 and len(lines) == 2 + 1 + 3 and "5 of 5 runs" in output, output + "\n".join(lines))
        with open(f"{folder}/data.json", encoding="utf-8") as file:
            result = json.load(file)
        rows = result["geometries"]["tiny"]["per_bug"]["b3-one-ident-leaf"]
        report("all five tools find it", result["complete"] and len(rows) == 5 and
               all(row["found"] == 1 for row in rows.values()), json.dumps(rows))
        before = raw(folder)
        status, output = compare(build, folder, "--budget=60", "--table")
        report("what was found counts with a longer budget, too",
               status == 0 and "5 of 5 runs" in output and raw(folder) == before, output)
        with open(f"{folder}/data/runs.jsonl", "w", encoding="utf-8") as file:
            file.writelines(line.replace('"found": true', '"found": false') + "\n" for line in lines if line.endswith("}"))
        status, output = compare(build, folder, "--budget=60", "--table")
        report("what was not found does not",
               status == 1 and "5 of another core or harness, or too short, are left aside" in output
               and "not one run" in output, output)


def without_hope(build, report):
    with tempfile.TemporaryDirectory() as folder:
        status, output = compare(build, folder, "--only=^c3-", "--tools=rapidcheck", "--seeds=2", "--budget=1")
        runs = [json.loads(line) for line in raw(folder).splitlines()]
        report("a peer without overlapping calls is tried once on a bug that needs them, and that is said",
               status == 0 and [run.get("assumed", False) for run in runs] == [False, True] and
               not any(run["found"] for run in runs) and "1 of these runs are not made" in output,
               output + raw(folder))


def bad_input(build, report):
    for option, words in (("--seeds=x", "SEEDS=x"), ("--budget=0", "BUDGET=0"), ("--only=nonsense", "no patch"),
                          ("--geometry=odd", "there are tiny x86_64")):
        done = subprocess.run(["scripts/compare", f"--build={build}", option], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False, encoding="utf-8")
        report(f"scripts/compare {option} is refused", done.returncode != 0 and words in done.stdout, done.stdout)


def run_all(build, report):
    try:
        import compare_stats  # noqa: F401
        import hypothesis  # noqa: F401
    except ImportError as error:
        report(f"the comparison with the peers: skipped, {error}", True, passed=0)
        return
    if not goals(build):
        report("the comparison with the peers: skipped, no RapidCheck", True, passed=0)
        return
    figures(report)
    bad_input(build, report)
    peers(build, report)
    plain(build, report)
    from_begin_to_end(build, report)
    without_hope(build, report)


if __name__ == "__main__":
    failed = []

    def say(name, fine, output="", passed=1):
        print(f"{'ok  ' if fine else 'FAIL'} {name}" + ("" if fine else f"\n{output}"), flush=True)
        failed.extend([] if fine else [name])
    run_all(sys.argv[1] if len(sys.argv) > 1 else "build", say)
    sys.exit(1 if failed else 0)
