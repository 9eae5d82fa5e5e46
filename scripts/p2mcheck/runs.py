# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that build a program and run it: random cases, searches, single cases."""

import glob
import os
import subprocess

from p2mcheck import cli, facts, findings, programs
from p2mcheck.files import Failure, check_writable, crashes


def props():
    """Random cases without an engine, on the oracle and on the subject."""
    parser = cli.Parser(props.__doc__, subjects=True, geometry="tiny", cases=100000, seed=1, flavour="gcc")
    args = parser.parse()
    programs.setup()
    chosen = parser.programs(args)
    parser.checked("GEOMETRY", args.geometry, cli.one_of(chosen.geometries))
    program, tool = chosen.program("props", args.geometry, args.flavour), chosen.p2m_case()
    check_writable(crashes(), "CRASHES")
    chosen.make(program, tool)
    status = subprocess.run([program, f"--cases={args.cases}", f"--seed={args.seed}", f"--crashes={crashes()}"],
                            check=False).returncode
    # a failing case is filed as text; this adds the bytes
    for text in glob.glob(f"{glob.escape(crashes())}/*_*-*.txt") if status else ():
        if not os.path.exists(text[:-len(".txt")]):
            subprocess.run([tool, "encode", "--target=ops", text, "-o", text[:-len(".txt")]], check=False)
    return status


def exhaustive():
    """Every state of a small tree x every op."""
    able = cli.one_of(["micro", *facts.geometries(explored=True)])
    parser = cli.Parser(exhaustive.__doc__, geometry="micro", time=None, jobs=programs.cores(),
                        checks={"geometry": able})
    parser.switch("grants", "batches of grants instead of sets of FOREIGN entries", "GRANTS")
    parser.setting("maps", "1", cli.one_of(("0", "1")), "0: no memory maps", "MAPS")
    parser.setting("values", "usual", cli.one_of(("usual", "other")), "other: MFNs that are near misses", "VALUES")
    args = parser.parse()
    other = args.values == "other"
    name = args.geometry + "-grants" * args.grants + "-other" * other
    options = ["--grants"] * args.grants + ["--other-values"] * other
    if args.maps == "1" and args.geometry == "micro":  # others have too many sets of PFNs
        options += ["--maps", f"--jobs={args.jobs}"]
    search(args, args.geometry, f"--json={args.build}/exhaustive-{name}.json", *options)


def exhaustive_races():
    """Every pair of calls x every schedule of one or two switches x every state of the micro tree."""
    parser = cli.Parser(exhaustive_races.__doc__, subjects=True, jobs=programs.cores(), time=None)
    parser.setting("switches", None, cli.one_of(("1", "2")), "1: the first call stops; 2: so does the second one",
                   "SWITCHES")
    parser.setting("calls", "2", cli.one_of(("2", "3")), "calls of an overlap; three start from the boots", "CALLS")
    parser.setting("reduced", "1", cli.one_of(("0", "1")), "0: also schedules that make no difference", "REDUCED")
    parser.setting("every", 1, cli.positive, "only from each N-th state", "EVERY")
    parser.setting("depth", None, cli.positive, "only from states so many calls away from a boot, at most", "DEPTH")
    parser.switch("tso", "with store buffers, and one switch", "TSO")
    args = parser.parse()
    chosen = parser.programs(args)
    options = ["--tso"] * args.tso
    options += [f"--{name}={value}" for name in ("switches", "depth") if (value := getattr(args, name))]
    options += ["--unreduced"] * (args.reduced == "0") + ["--three"] * (args.calls == "3")
    name = "exhaustive-races" + "-3" * (args.calls == "3") + "-tso" * args.tso
    search(args, "micro", f"--json={chosen.folder}/{name}.json", "--races", f"--every={args.every}",
           f"--jobs={args.jobs}", *options, chosen=chosen)


def search(args, geometry, *options, chosen=None):
    programs.setup()
    chosen = chosen or programs.Programs(args.build)
    program = chosen.program("exhaustive", geometry)
    check_writable(crashes(), "CRASHES")
    chosen.make(program)
    programs.execute([program, *options, f"--crashes={crashes()}", *[f"--seconds={args.time}"] * bool(args.time)])


# ---- cases ----

def regress():
    """Replays the corpora in all geometries, everything checked after each op."""
    parser = cli.Parser(regress.__doc__, subjects=True, junit="")
    args = parser.parse()
    programs.setup()
    chosen = parser.programs(args)
    chosen.make(chosen.p2m_case())
    programs.execute([chosen.p2m_case(), "replay", "--check=every", *[f"--junit={args.junit}"] * bool(args.junit),
                      "corpus"])


def single_case(doc):
    """Options of a command on one case: (parser, arguments, the options for p2m-case)."""
    parser = cli.Parser(doc, subjects=True, case="", geometry=None, target=None, san=programs.SANITIZERS[0],
                        arch="native")
    parser.switch("debug", "run it under gdb", "DEBUG")
    args = parser.parse()
    if not args.case:
        parser.error(f"CASE is not set: make {parser.prog} CASE=FILE")
    programs.setup()
    return parser, args, [f"--{name}={value}" for name in ("geometry", "target") if (value := getattr(args, name))]


def repro():
    """Explains one crasher, in the build that found it. Runs under the sanitizers, so that their findings are
    reproduced."""
    parser, args, told = single_case(repro.__doc__)
    programs.setup("fuzz", *["gdb"] * args.debug)
    chosen = parser.programs(args)
    tool = chosen.same_build(args.san, args.arch) or (
        chosen.p2m_case("clang-san") if chosen.known is None
        else findings.shrinker(chosen, findings.filed_as(args.case)))  # of a kernel: the build that `make fuzz` made
    chosen.make(tool)
    if args.debug:
        programs.execute(["gdb", "-q", "--args", tool, "repro", *told, args.case])
    status = subprocess.run([tool, "repro", *told, args.case], check=False).returncode
    kind = findings.filed_as(args.case)
    if kind and not status:
        print(f"repro: {args.case}: was filed as {kind}, which this build does not show: it is fixed, or it does "
              "not repeat alone; the file is kept")
    return status if status >= 0 else 128 - status


def shrink():
    """The smallest case that fails as CASE does: CASE.min (bytes), CASE.min.txt and CASE.min.c.

    First without sanitizers, which is a hundred times as fast, then with them if only they detect
    the failure. With SAN or ARCH only in that build.
    """
    parser, args, _ = single_case(shrink.__doc__)
    programs.setup("fuzz")
    chosen = parser.programs(args)
    tool = chosen.same_build(args.san, args.arch)
    out = args.case[:-len(".txt")] + ".min" if args.case.endswith(".txt") else args.case + ".min"
    for tool in [tool] if tool else [findings.shrinker(chosen, kind) for kind in ("", "SANITIZER_")]:
        chosen.make(tool)
        done = findings.shrink(chosen, args.case, out, target=args.target, geometry=args.geometry, tool=tool)
        print(done.stdout, end="")
        if done.returncode == 0:
            return 0
        if not done.stderr.rstrip().endswith("nothing to shrink"):
            break
    kind = findings.filed_as(args.case)
    raise Failure(cli.last_line(done.stderr) + (f"; it was filed as {kind} and is kept" if kind else ""))
