# SPDX-License-Identifier: GPL-2.0-or-later
"""Plants each bug of props/bugs/ in a copy of the core and demands that it is found.

For each bug and seed: libFuzzer from an empty corpus, on one core. The first failure must be the
invariant that the patch names. It is shrunk and must reach the shortest known case, which
the patch has in its head. That must happen in at least nine of ten seeds, also in a second geometry if
the shortest case shows the bug in one. With --smoke only the shortest cases are run. The table is also
written as build/bugs.json. A killed run is resumed.
"""

import math
import shutil
from collections import Counter

from p2mcheck import cli
from p2mcheck.bugs.ablation import ABLATIONS, ablate, print_medians, print_row
from p2mcheck.bugs.catalogue import hunt, load, make, plant, shrink
from p2mcheck.bugs.second import CANDIDATES, second_geometry
from p2mcheck.bugs.smoke import smoke
from p2mcheck.cli import median
from p2mcheck.files import hash_of, write_json
from p2mcheck.processes import each
from p2mcheck.programs import Programs, cores, setup
from p2mcheck.steps import Steps


def hunts_in(planted, bug, geometry, seeds, budget):
    """The results of the hunts in one geometry, and what is wrong with them."""
    make(planted, bug, planted.target(bug.target, geometry))
    results = []
    for seed in range(1, seeds + 1):
        result = hunt(planted, bug, geometry, seed, budget)
        if bug.names(result["fired"]):
            shrink(planted, bug, geometry, result)
        results.append(result)
        shutil.rmtree(f"{planted.folder}/hunt-{geometry}-{seed}/corpus", ignore_errors=True)
    return {"geometry": geometry, "runs": results, "wrong": judge(bug, results)}


def one_bug(programs, bug, seeds, budget):
    """The hunts in its geometry, and those in the second one if there is one."""
    planted = plant(programs, bug, geometries=CANDIDATES[bug.geometry])
    make(planted, bug, planted.p2m_case("clang-san" if bug.sanitizer else "gcc"))
    geometries = filter(None, (bug.geometry, second_geometry(planted, bug)))
    return [hunts_in(planted, bug, geometry, seeds, budget) for geometry in geometries]


def judge(bug, results):
    """The error in the results; None if there is none."""
    right = [result for result in results if bug.names(result["fired"])]
    if len(right) < math.ceil(0.9 * len(results)):
        wrong = next(result for result in results if not bug.names(result["fired"]))
        if wrong["found"]:
            return f"seed {wrong['seed']}: {wrong['fired']} instead"
        return (f"seed {wrong['seed']}: not found, reached {wrong['reached']} times, "
                f"triggered {wrong['triggered']} times")
    for result in right:
        if "ops" not in result:
            return f"seed {result['seed']}: not shrunk: {result['shrink_error']}"
        if result["fired"] != bug.invariant:
            continue  # the case in the head is not of this invariant
        if result["ops"] > bug.shortest:
            return f"seed {result['seed']}: shrunk to {result['ops']} ops only"
        if result["ops"] < bug.shortest:
            return f"seed {result['seed']}: {result['ops']} ops, shorter than the shortest known"
    return None


def most_alike(shrunk):
    """How many of these results were shrunk to the same text, the most frequent one."""
    return max(Counter(result["text"] for result in shrunk).values(), default=0)


def row(bug, hunts):
    results, wrong = hunts["runs"], hunts["wrong"]
    right = [result for result in results if bug.names(result["fired"])]
    ops = [result for result in right if "ops" in result]
    return (f"{'ok  ' if not wrong else 'FAIL'} {bug.id:28} {hunts['geometry']:7} {bug.invariant:28} "
            f"{len(right):2}/{len(results):<2} {median([r['execs'] for r in right]):9.0f} "
            f"{max([r['seconds'] for r in right], default=math.nan):6.1f}  "
            f"{median([r['ops_found'] for r in ops]):4.0f} -> {max([r['ops'] for r in ops], default=0)} "
            f"({bug.shortest})  {max([r['shrink_seconds'] for r in ops], default=math.nan):5.2f}  "
            f"{most_alike(ops)}/{len(ops)}" +
            (f"  {wrong}" if wrong else ""))


def in_steps(args, bugs, name, work):
    """(bug, work(bug)) in order, resumed if build/NAME.steps has some of it. The patch of a bug is a part of its step."""
    steps = Steps(f"{args.build}/{name}.steps", [args.seeds, args.time], "scripts/p2mcheck/bugs",
                  "scripts/p2mcheck/findings.py", without=("props/bugs/", "props/peers/", "props/tests/", "fuzz/tests/"))
    names = {bug: f"{bug.id} {hash_of([bug.path])}" for bug in bugs}
    yield from each(args.jobs, lambda bug: steps.of(names[bug], lambda: work(bug)), bugs)
    steps.end(names.values())


def hunt_all(args, bugs):
    # the shared parts are built once
    args.programs.make(args.programs.p2m_case(), "fuzz-targets", jobs=args.jobs)
    print(f"{'':4} {'bug':28} {'in':7} {'invariant':28} found     execs    max s   ops -> shrunk "
          f"(shortest known), s  same text")
    passed, table = 0, []
    for bug, both in in_steps(args, bugs, "bugs", lambda bug: one_bug(args.programs, bug, args.seeds, args.time)):
        passed += not any(hunts["wrong"] for hunts in both)
        table.append({"id": bug.id, **bug.head, "shortest": bug.shortest, "historic": bug.historic, "hunts": both})
        for hunts in both:
            print(row(bug, hunts), flush=True)
    twice = sum(len(entry["hunts"]) > 1 for entry in table)
    print(f"{twice} also hunted in a second geometry; the cases of {len(bugs) - twice} show nothing in those that were "
          "tried")
    write_json(f"{args.build}/bugs.json", {"seeds": args.seeds, "budget": args.time, "bugs": table})
    return passed


def ablate_all(args, bugs):
    """Also build/ablation.json."""
    args.programs.make(args.programs.p2m_case(), jobs=args.jobs)
    print(f"{'bug':28} " + " ".join(f"{'-' + name if name else 'all':>20}" for name in ABLATIONS))
    rows = {}
    for bug, table in in_steps(args, bugs, "ablation", lambda bug: ablate(args.programs, bug, args.seeds, args.time)):
        rows[bug.id] = table
        print_row(bug.id, [median(table[name]) for name in ABLATIONS])
    write_json(f"{args.build}/ablation.json", {"seeds": args.seeds, "budget": args.time, "seconds": rows})
    print_medians(rows)
    return len(bugs)


def smoke_all(args, bugs):
    args.programs.make(args.programs.p2m_case(), jobs=args.jobs)
    passed = 0
    for bug, wrong in each(args.jobs, lambda bug: smoke(args.programs, bug), bugs):
        passed += not wrong
        print(f"{'FAIL' if wrong else 'ok  '} {bug.id}: {wrong or bug.invariant}", flush=True)
    return passed


def main():
    parser = cli.Parser(__doc__, seeds=3, jobs=cores(), only="")
    parser.setting("time", 60, cli.positive, "seconds for each seed")
    parser.switch("smoke", "only the shortest cases")
    parser.switch("ablate", "measure the value of mutator and swarm")
    args = parser.parse()
    bugs, args.programs = load(args.only), Programs(args.build)
    setup("fuzz", "patch")
    passed = (smoke_all if args.smoke else ablate_all if args.ablate else hunt_all)(args, bugs)
    print(f"{passed} passed, {len(bugs) - passed} failed")
    return 0 if passed == len(bugs) else 1
