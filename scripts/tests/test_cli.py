# SPDX-License-Identifier: GPL-2.0-or-later
"""p2m-case and make as a person uses them: what they print, and what can go wrong."""

import functools
import hashlib
import html
import json
import os
import random
import re
import shutil
import subprocess
import xml.etree.ElementTree

from harness import BUILD, contents, fill, test, text_of, write
from p2mcheck import facts
from p2mcheck.bugs import catalogue
from p2mcheck.programs import Programs

TEXT = "p2m-case 2\ngeometry tiny\nset 0x1ff mfn 0x77\nget 0x1ff\n"

LOG = ("BIOS-e820: [mem 0x0000000000000000-0x0000000000001fff] usable\n"
       "BIOS-e820: [mem 0x0000000000004000-0x0000000000004fff] reserved\n")

CANARY = "p2m-case 1\ngeometry tiny\nset 0x0 mfn 0x7\nset 0x1ff mfn 0x5\nrange 0x30 0x140\n"


@functools.lru_cache(None)
def leak_check(tool):
    """What demands it; nothing where LeakSanitizer cannot work, as without ptrace."""
    demand = {"ASAN_OPTIONS": "detect_leaks=1"}
    done = subprocess.run([tool, "geometries"], env={**os.environ, **demand}, stdout=subprocess.DEVNULL, check=False,
                          stderr=subprocess.DEVNULL)
    return demand if done.returncode == 0 else {}


class Cli:
    """p2m-case under the sanitizers, in one test."""

    def __init__(self, t):
        self.t, self.path, self.check = t, t.path, t.check
        self.tool = os.path.abspath(f"{BUILD}/clang-san/p2m-case")

    def call(self, *arguments, env=None, **options):
        """Leaks are failures, if they can be found here."""
        env = {**(env or os.environ), **leak_check(self.tool)}
        return self.t.run([self.tool, *arguments], env=env, **{"limit": 60, "stderr": subprocess.PIPE, **options})

    def fine(self, name, *arguments, has=""):
        done = self.call(*arguments)
        self.check(name, done.status == 0 and has in done.out and not done.err, str(done))
        return done.out

    def bad(self, name, *arguments, says, status=1, **options):
        """Exactly one line on stderr, with the reason, and a non-zero exit."""
        done = self.call(*arguments, **options)
        self.check(name, done.status == status and done.err.count("\n") == 1 and says in done.err,
                   f"expected status {status} and one line with '{says}': {done}")


def cli_test(name, *goals, **options):
    """Declares a function of a Cli as a test."""
    def declare(action):
        @test(f"p2m-case: {name}", goals=("clang-san/p2m-case", *goals), **options)
        @functools.wraps(action)
        def run(t):
            action(Cli(t))
        return action
    return declare


@cli_test("formats and geometries")
def formats(cli):
    text, data = cli.path("c.txt", TEXT), cli.path("c.bytes")
    cli.fine("encode", "encode", text, "-o", data)
    again = cli.fine("decode", "decode", "--geometry=tiny", data, has="set 0x1ff mfn 0x77\nget 0x1ff")
    cli.check("decode of encode is the text again",
              again == TEXT.replace("tiny\n", "tiny\nboot nr_pages=0x0\n"), again)
    old = cli.path("old.txt", TEXT.replace("case 2", "case 1"))
    cli.check("a text of version 1 means the same", cli.fine("decode", "decode", old) == again)
    shutil.copy(data, cli.path("ops_tiny-X-1"))
    cli.fine("the geometry by the file's name", "decode", cli.path("ops_tiny-X-1"), has="geometry tiny")
    shutil.copy(data, cli.path("clusterfuzz-testcase-minimized-ops_x86_64-123"))
    cli.fine("by a service's name", "decode", cli.path("clusterfuzz-testcase-minimized-ops_x86_64-123"),
             has="geometry x86_64")
    cli.fine("repro tries all geometries", "repro", data, has="cannot determine the geometry; trying all")
    cli.fine("run", "run", "--check=every", text, has="-> true")
    cli.fine("help is complete", "--help", has="--geometry=NAME")
    known = re.findall(r"^  p2m-case (\w+)", cli.call("--help").out, re.M)
    cli.check("help names every command", sorted(known) == sorted(
        ["decode", "encode", "run", "repro", "shrink", "cells", "show", "replay", "upgrade", "e820", "geometries", "facts"]), str(known))


@cli_test("show draws a tree")
def drawing(cli):
    out = cli.fine("the worked example, drawn slot for slot", "show", "corpus/seed/worked-example.txt")
    want = """p2m_top, 512 x 512 x 512
  [0]          -> p2m_mid_missing
  [1]          -> mid (private)
        |     [0..1]       -> p2m_missing
        |     [2]          -> leaf (private), PFN 0x40400..0x405ff
              |     |  [0..255]     INVALID
              |     |  [256..511]   IDENTITY 0x40500..0x405ff
        |     [3..487]     -> p2m_identity
        |     [488]        -> leaf (private), PFN 0x7d000..0x7d1ff
              |     |  [0..255]     IDENTITY 0x7d000..0x7d0ff
              |     |  [256..511]   INVALID
        |     [489..511]   -> p2m_missing
  [2..511]     -> p2m_mid_missing
tree pages: 3 (mids 1, leaves 2);"""
    cli.check("three pages, and nothing else", out.startswith(want), out)


SMALL = "p2m-case 1\ngeometry micro\nrange 0x2 0x4\nset 0x0 mfn 0x5\nset 0x1 foreign 0x6\n"

CROWDED = "p2m-case 1\ngeometry x86_64\nboot nr_pages=0x40000 holes=0x1\n" + "".join(
    f"set {pfn:#x} mfn 0x1\n" for pfn in range(0x80000, 0x80000 + 200 * 0x40000, 0x40000))

SVG = "{http://www.w3.org/2000/svg}"


def texts_of(dot):
    """What is written in a graph, in the order of its pages."""
    return [html.unescape(text) for text in re.findall(r">([^<>\n]+)[<>]", dot) if text.strip()]


@cli_test("show --dot")
def graph(cli):
    """The tree as a graph: what is in it, in the order of the pages; that nothing makes it huge."""
    case, out = cli.path("small <&\x01>.txt", SMALL), cli.path("small.dot")
    cli.fine("show --dot", "show", "--dot", case, "-o", out)
    texts = texts_of(text_of(out))
    cli.check("it has each page once, with its slots", texts == [
        "small <&?>.txt", "geometry micro, 2 x 2 x 2; tree pages: 2 (mids 1, leaves 1); grafted "
        "leaves 0; MFN pages 1; max_pfn 0x2", "p2m_mid_missing", "each slot: p2m_missing",
        "p2m_mid_identity", "each slot: p2m_identity", "p2m_missing", "each entry INVALID", "p2m_identity",
        "each entry INVALID, read as IDENTITY",
        "p2m_top", "PFN 0x0..0x7", "[0]", "private", "0x0..0x3", "[1]", "missing", "0x4..0x7",
        "mid, private", "PFN 0x0..0x3", "[0]", "private", "0x0..0x1", "[1]", "identity", "0x2..0x3",
        "leaf, private", "PFN 0x0..0x1", "[0]", "MFN", "0x5", "[1]", "FOREIGN", "0x6"], str(texts))
    arrows = re.findall(r"^(n\w+)(?::r(\d+):e)? -> (n\w+)(?::w)? ?(?!.*style=invis)", text_of(out), re.M)
    cli.check("its arrows", arrows == [
        ("n1_missing", "", "n2_missing"), ("n1_identity", "", "n2_identity"), ("n0_0", "0", "n1_0"),
        ("n1_0", "0", "n2_0"), ("n1_0", "1", "n2_identity"), ("n0_0", "1", "n1_missing")], str(arrows))
    cli.fine("to standard output", "show", "--dot", case, has="digraph \"p2m tree: small &#60;&#38;?&#62;.txt\"")
    cli.fine("an auto-translated guest has no tree", "show", "--dot", "corpus/seed/auto-translated.txt",
             has="no tree: the guest is auto-translated")
    drawn = cli.fine("a crowded tree", "show", "--dot", cli.path("crowded.txt", CROWDED), has="not drawn")
    cli.check("the size is bounded", len(drawn) < 100000, f"{len(drawn)} bytes")
    cli.bad("--dot elsewhere", "run", "--dot", case, says="--dot is not valid with run", status=2)
    cli.bad("--dot and --svg", "show", "--dot", "--svg", case, says="choose one of --dot and --svg", status=2)
    cli.bad("a graph into a folder that is not there", "show", "--dot", case, "-o", cli.path("no/where.dot"),
            says="No such file")
    cli.bad("a graph to a full device", "show", "--dot", case, "-o", "/dev/full", says="No space left")
    status, _, err = cli.call("show", "--dot", cli.path("canary_tiny-y.txt", CANARY), "-o", cli.path("none.dot"))
    cli.check("a case that fails is reported and leaves no graph", status == 1 and
              "GET_MATCHES_MODEL" in err and not os.path.exists(cli.path("none.dot")), err)
    cli.bad("without graphviz there is no picture", "show", "--svg", case, says="dot is not installed",
            env={**os.environ, "PATH": cli.path("nothing")})


@cli_test("show --svg", needs=("dot",))
def picture(cli):
    """What graphviz makes of the graph."""
    case, out = cli.path("small <&\x01>.txt", SMALL), cli.path("small.svg")
    cli.fine("show --svg", "show", "--svg", case, "-o", out)
    root = xml.etree.ElementTree.parse(out).getroot()
    texts = [element.text for element in root.iter(SVG + "text") if element.text.strip()]
    graph_ = cli.fine("its graph", "show", "--dot", case)
    cli.check("the picture has what the graph has", sorted(texts) == sorted(texts_of(graph_)), str(texts))
    cli.check("it has a title, and no script", root.findtext(f"{SVG}g/{SVG}title") == "p2m tree: small <&?>.txt"
              and not list(root.iter(SVG + "script")), root.findtext(f"{SVG}g/{SVG}title"))
    cli.fine("to standard output", "show", "--svg", case, has="</svg>")
    cli.fine("an auto-translated guest has no tree", "show", "--svg", "corpus/seed/auto-translated.txt",
             has="no tree: the guest is auto")
    drawn = cli.fine("a crowded tree", "show", "--svg", cli.path("crowded.txt", CROWDED), has="not drawn")
    cli.check("the size is bounded", len(drawn) < 200000, f"{len(drawn)} bytes")
    cli.bad("--svg elsewhere", "run", "--svg", case, says="--svg is not valid with run", status=2)
    cli.bad("an SVG to a full device", "show", "--svg", case, "-o", "/dev/full", says="No space left")
    status, _, err = cli.call("show", "--svg", cli.path("canary_tiny-y.txt", CANARY), "-o", cli.path("none.svg"))
    cli.check("a case that fails leaves no picture", status == 1 and "GET_MATCHES_MODEL" in err and
              not os.path.exists(cli.path("none.svg")), err)


@cli_test("facts")
def known(cli):
    """What the scripts are told is what the sources say."""
    told = json.loads(cli.fine("facts", "facts"))
    cli.check("format and keys", told.pop("format") == 1 and set(told) == {
        "ops", "invariants", "longest_input", "statistics", "geometries", "targets"}, str(set(told)))
    ops = re.findall(r'^ *X\([A-Z0-9_]+, "(\w+)",', text_of("props/case/ops.h"), re.M)
    cli.check("each op, in order", told["ops"] == ops and len(ops) > 7, f"{told['ops']} {ops}")
    names = re.findall(r"^ *X\((\w+),", text_of("props/base/invariants.h"), re.M)
    cli.check("each invariant, in order", told["invariants"] == names and len(names) > 20, f"{told['invariants']} {names}")
    geometries = {name: (geometry.top, geometry.mid, geometry.leaf, geometry.word_bits)
                  for name, geometry in facts.geometries().items()}
    cli.check("geometries as in their list", {row["name"]: (row["top"], row["mid"], row["leaf"], row["word_bits"])
                                              for row in told["geometries"]} == geometries, str(told["geometries"]))
    cli.check("targets as in their list", [facts.Target(**{name: tuple(value) if isinstance(value, list) else value
                                                           for name, value in row.items()})
                                           for row in told["targets"]] == list(facts.targets().values()),
              str(told["targets"]))
    fields = sorted((field["offset"], field["words"]) for field in told["statistics"]["fields"].values())
    ends = [offset + 8 * words for offset, words in fields]
    cli.check("the fields of the statistics fill them", [offset for offset, _ in fields] == [0, *ends[:-1]] and
              ends[-1] == told["statistics"]["bytes"], str(fields))
    cli.check("outcomes are counted by op", all(told["statistics"]["fields"][name]["words"] == len(ops)
                                                for name in ("calls", "failed", "refused")), str(fields))
    cli.bad("an argument", "facts", "more", says="facts takes no argument; unexpected: more", status=2)
    cli.bad("an option of another command", "facts", "--all", says="--all is not valid with facts", status=2)
    cli.bad("facts to a full device", "facts", says="standard output", stdout=open("/dev/full", "wb"))


@cli_test("bad input")
def bad_input(cli):
    text = cli.path("c.txt", TEXT)
    cli.bad("an option of another command", "decode", "--ranges", text, says="--ranges is not valid with decode", status=2)
    cli.bad("-o where nothing is written", "show", text, "-o", cli.path("x"), says="-o is valid with show only together with",
            status=2)
    cli.bad("two outputs at once", "e820", "--ranges", "--cost", text, says="choose one of --ranges, --cost", status=2)
    os.symlink(cli.path("target", "old"), cli.path("link"))
    os.chmod(cli.path("target"), 0o600)
    cli.fine("-o through a link", "encode", text, "-o", cli.path("link"))
    cli.check("the link stays a link, the file keeps its mode",
              os.path.islink(cli.path("link")) and os.stat(cli.path("target")).st_mode & 0o777 == 0o600
              and os.path.getsize(cli.path("target")) > 16)
    cli.bad("no file", "run", says="missing FILE", status=2)
    cli.bad("no command", says="missing COMMAND", status=2)
    cli.bad("unknown command", "juggle", says="no such command", status=2)
    cli.bad("unknown geometry", "run", "--geometry=huge", text, says="no such geometry", status=2)
    cli.bad("unknown target", "run", "--target=huge", text, says="no such target", status=2)
    cli.bad("unknown option", "run", "--fast", text, says="unrecognized option", status=2)
    cli.bad("neither every nor quick", "run", "--check=some", text, says="choose --check=every or --check=quick", status=2)
    cli.bad("two cases for one", "decode", text, text, says="takes one FILE; unexpected argument", status=2)
    cli.bad("replay without a path", "replay", says="missing PATH", status=2)
    cli.bad("missing file", "run", cli.path("none"), says="No such file")
    cli.bad("a folder", "run", cli.t.folder, says="is a directory")
    for what in (("encode", text), ("decode", text), ("e820", cli.path("log", LOG)),
                 ("shrink", text), ("encode", cli.path("link2"))):
        if what[-1].endswith("link2"):
            os.symlink("c.txt", cli.path("link2"))
        before = contents(what[-1])
        cli.bad(f"{what[0]} over its input", *what, "-o", what[-1], says="-o would overwrite the input", status=2)
        cli.check("it is as before", contents(what[-1]) == before)
    cli.bad("shrink over its input by an end", "shrink", text, "-o", text[:-len(".txt")],
            says="-o would overwrite the input", status=2)
    cli.bad("JUnit over its input", "replay", text, f"--junit={text}", says="--junit would overwrite the input",
            status=2)
    os.symlink("nowhere", cli.path("dangling"))
    os.mkfifo(cli.path("pipe"))
    cli.bad("a pipe", "run", cli.path("pipe"), says="is not a regular file")
    cli.bad("bytes without a geometry", "run", cli.path("b", b"\1\2\3"), says="cannot determine the geometry; pass --geometry=NAME")
    cli.bad("garbage text", "run", cli.path("g.txt", "hello\n"), says="g.txt:1: expected 'p2m-case 2'")
    cli.bad("a mistake in line 3", "decode", cli.path("m.txt", TEXT.replace("set", "sit")),
            says="m.txt:3: 'sit' is not an op")
    cli.bad("encode without -o", "encode", text, says="encode needs -o OUT", status=2)
    cli.bad("closed stdout", "decode", text, says="standard output", stdout=open("/dev/full", "wb"))
    cli.bad("an output folder that is not there", "encode", text, "-o", cli.path("no/where"),
            says="No such file")
    cli.bad("full device", "encode", text, "-o", "/dev/full", says="No space left")
    cli.bad("a dangling link", "replay", cli.path("dangling"), says="No such file")
    os.mkdir(cli.path("empty"))
    cli.bad("an empty folder", "replay", cli.path("empty"), says="is an empty folder")
    cli.bad("no op in it", "replay", cli.path("zero", b""), says="it has no op")
    cli.bad("a mistake among the corpora", "replay", cli.path("m.txt"), says="m.txt:3: 'sit' is not an op")
    if os.geteuid() != 0:
        os.chmod(cli.path("secret", TEXT), 0)
        cli.bad("an unreadable file", "run", cli.path("secret"), says="Permission denied")


@cli_test("shrink")
def shrinking(cli):
    """What is left of a canary's case: a boot in micro in place of its ops, as text, bytes, and C that compiles."""
    case, out = cli.path("canary_tiny-x.txt", CANARY), cli.path("small")
    cli.fine("shrink", "shrink", case, "-o", out, has="GET_MATCHES_MODEL: 3 ops in tiny -> 0 ops in micro")
    cli.check("shrink leaves the text", text_of(out + ".txt") ==
              "p2m-case 2\ngeometry micro\nboot nr_pages=0x8\n")
    status, text, _ = cli.call("decode", "--geometry=micro", "--target=canary", out)
    cli.check("shrink leaves the bytes of it", status == 0 and text.endswith("boot nr_pages=0x8\n"), text)
    source = ("#include \"props/tests/unit.h\"\n#include \"props/run/executor.h\"\n" + text_of(out + ".c") +
              "int main(void) { test_get_matches_model(NULL); return 0; }\n")
    cli.t.expect("shrink leaves a C test that compiles",
                 ["gcc", "-Wall", "-Wextra", "-Werror", "-I.", "-DP2M_TOP=2", "-DP2M_MID=2", "-DP2M_LEAF=2",
                  "-DP2M_WORD_BITS=64", "-fsyntax-only", "-x", "c", cli.path("shrunk.c", source)])
    cli.bad("nothing to shrink", "shrink", cli.path("c.txt", TEXT), says="nothing to shrink")
    cli.bad("another failure than was said", "shrink", "--want=HANG", case,
            says="expected HANG, got GET_MATCHES_MODEL")
    cli.bad("shrink without a case", "shrink", says="missing FILE: shrink takes one case", status=2)
    cli.bad("--want elsewhere", "run", "--want=HANG", case, says="--want is not valid with run", status=2)
    cli.bad("shrink into a folder that is not there", "shrink", case, "-o", cli.path("no/where"),
            says="No such file")
    cli.bad("shrink to a full device", "shrink", case, says="standard output", stdout=open("/dev/full", "wb"))


@cli_test("targets by their exact names")
def targets(cli):
    for name in ("", "op", "ops2", "ops e820", "canary "):
        cli.bad(f"--target='{name}'", "run", f"--target={name}", cli.path("c.txt", TEXT), says="no such target",
                status=2)
    case = cli.path("c.txt", CANARY)
    cli.fine("the core holds", "replay", "--geometry=tiny", "--target=ops", case, has=" 0 failures")
    status, out, err = cli.call("replay", "--geometry=tiny", "--target=canary", case)
    cli.check("replay --target=canary runs the canary", status == 1 and "GET_MATCHES_MODEL" in err and
              " 1 failures" in out, out + err)
    data = cli.path("neutral")
    cli.fine("encode", "encode", cli.path("ok.txt", TEXT), "-o", data)
    assumed = "target ops, by default; --target=NAME chooses another"
    for command in ("run", "repro"):
        cli.fine(f"{command} says what it assumes", command, "--geometry=tiny", data, has=assumed)
        cli.check(f"{command} assumes nothing", assumed not in cli.fine(
            command, command, "--geometry=tiny", "--target=ops", data))
    cli.fine("replay says what it assumes", "replay", data, has="files that name no target, run as ops: 1\n")
    cli.fine("of the canary", "encode", cli.path("canary.txt", CANARY), "-o", cli.path("canary_tiny-x"))
    cli.check("not of a file that names one", "by default" not in cli.call("run", cli.path("canary_tiny-x")).out)


@cli_test("where a case fails")
def where(cli):
    """Bytes fail in some geometries only; a case of another subject does not run."""
    data = cli.path("neutral")
    cli.fine("encode", "encode", cli.path("c.txt", "p2m-case 2\ngeometry tiny\nset 0x1ff mfn 0x5\n"), "-o", data)
    status, out, err = cli.call("repro", "--target=canary", data)
    cli.check("repro names each geometry", status == 1 and re.search(
        r"trying all\n  in micro +GET_MATCHES_MODEL\n  in tiny .*explained: micro; --geometry=NAME explains another one\n",
        out, re.S), out + err)
    text = cli.path("edge.txt", "p2m-case 2\ngeometry micro\nboot nr_pages=0x8\nget 0x7\n")
    status, out, err = cli.call("replay", "--target=canary", "--geometry=micro,tiny,odd", text)
    cli.check("replay names those that fail", status == 1 and " 1 failures" in out and
              "edge.txt: fails in micro, passes in tiny odd\n" in err, out + err)
    ours = "is a case of another subject, by its {}; this program has core"
    other = cli.path("other.txt", TEXT.replace("tiny\n", "tiny\nsubject linux-6.12\n"))
    kernel = cli.path("linux-6.12.43-0123abcd.ops_tiny-HANG-0123456789ab")
    shutil.copy(data, kernel)
    for name, by in ((other, "text"), (kernel, "name")):
        for command in ("run", "repro", "shrink", "replay"):
            cli.bad(f"{command}, by the {by}", command, name, says=ours.format(by))
    cli.fine("decode of it", "decode", other, has="subject linux-6.12")
    cli.fine("of this subject", "run", cli.path("core.txt", TEXT.replace("tiny\n", "tiny\nsubject core\n")),
             has="no invariant violated")


@cli_test("replay and cells over folders")
def corpora(cli):
    """Faults, cells and JUnit."""
    os.makedirs(cli.path("some"))
    cli.path("some/a<&.txt", TEXT)
    cli.fine("replay --faults", "replay", "--faults", cli.path("some"), has="one page refused: 35\n")
    cli.bad("faults of a case that asks for no page", "replay", "--faults", "--geometry=tiny",
            cli.path("auto.txt", "p2m-case 1\ngeometry tiny\nboot nr_pages=0x0 auto_translated\nget 0x1\n"),
            says="no case allocates a page")
    status, out, err = cli.call("cells", cli.path("some"))
    cli.check("cells that are not reached are a failure", status == 1 and "never reached: range" in out
              and "cells are not reached, or wrongly called impossible" in err, out[-300:] + err)
    cli.fine("every cell is reached by the reviewed corpora", "cells", "corpus", has=" of 804 cells reached")
    out = cli.fine("each cell", "cells", "--all", "corpus", has=" of 804 cells reached")
    lines = [line.split("\t") for line in out.splitlines() if line.startswith("cell\t")]
    cli.check("each cell, once, with its count or why it is impossible", len(lines) == 804 + 1428 and
              len({line[2] for line in lines}) == len(lines) and
              all((line[1] == "0") == bool(line[3]) for line in lines), str(lines[:3]))
    cli.bad("--all elsewhere", "run", "--all", cli.path("some"), says="--all is not valid with run", status=2)
    results = cli.path("result.xml")
    cli.fine("replay --junit", "replay", f"--junit={results}", cli.path("some"))
    suite = xml_suite(results)
    cli.check("JUnit: a test case for each geometry", suite.get("tests") == "5" and
              suite.get("failures") == "0" and suite[0].get("name").endswith("some/a<&.txt"))
    cli.call("replay", f"--junit={results}", cli.path("not-there"))
    cli.check("JUnit: a path that is not there is a failure",
              xml_suite(results).get("failures") == "1")
    cli.check("JUnit: each test case has its CPU time", all(
        re.fullmatch(r"\d+\.\d{6}", one.get("time")) for one in xml_suite(results)))
    odd = os.fsencode(cli.path("some/")) + b"\xff\xc3\xa9\xed\xa0\x80\x01\xc0\x80\xef\xbf\xbf.txt"
    write(odd, TEXT)
    cli.fine("a name that is not UTF-8", "replay", f"--junit={results}", cli.path("some"))
    names = {case.get("name") for case in xml_suite(results)}
    cli.check("is valid in JUnit", cli.path("some/") + "\\xff\u00e9\\xed\\xa0\\x80\\x01\\xc0\\x80\\xef\\xbf\\xbf.txt"
              in names, ascii(names))
    os.makedirs(cli.path("loop/a"))
    cli.path("loop/a/case.txt", TEXT)
    for link, target in (("a/here", "."), ("a/here2", "."), ("a/up", ".."), ("b", "a")):
        os.symlink(target, cli.path(f"loop/{link}"))
    done = cli.call("replay", "--geometry=tiny", cli.path("loop"))
    cli.check("links to a folder that they are in are named, the rest is replayed", done.status == 1 and
              done.err.count("is a link to a folder that it is in\n") == done.err.count("\n") == 6 and
              "tiny          2 files" in done.out, str(done))
    cli.bad("JUnit to a full device", "replay", "--junit=/dev/full", cli.path("some"), says="No space left")


@test("JUnit: a failure has its report", how="builds", goals=("gcc/p2m-case",))
def junit_report(t):
    """Of a core with a planted bug."""
    bug = catalogue.load("^b2-")[0]
    planted = catalogue.plant(Programs(BUILD), bug, "junit")
    catalogue.make(planted, bug, planted.p2m_case("gcc"))
    case, results = t.path("a case.txt", bug.case), t.path("result.xml")
    done = t.run([planted.p2m_case("gcc"), "replay", f"--junit={results}", case], stderr=subprocess.PIPE)
    t.check("it fails with a report", done.status == 1 and bug.invariant in done.err, str(done))
    failure = xml_suite(results)[0][0]
    t.check("the message is one line", bug.invariant in failure.get("message") and "\n" not in failure.get("message"))
    t.check("the text is the report", failure.text == done.err, failure.text + done.err)
    for what in (r"^p2mcheck:   op \d of \d: ", ": expected .* got ", r"file .*a case\.txt", "^p2mcheck: the case:$"):
        t.check(what, re.search(what, failure.text, re.M), failure.text)


def xml_suite(path):
    return xml.etree.ElementTree.parse(path).getroot()[0]


SET_IN_V1 = bytes(19) + bytes([2, 0, 0, 0, 0, 0, 0x80, 0x77]) + bytes(7)  # set PFN LEAF-1 mfn 0x77


def v1(first, code=0):
    """A boot and one op as version 1 wrote them; the first byte is any."""
    data = bytearray(SET_IN_V1)
    data[0], data[16] = first, code
    return bytes(data)


def collect(folder, *inputs):
    """A folder of inputs as an engine names them."""
    os.makedirs(folder)
    names = [hashlib.sha1(data).hexdigest() for data in inputs]
    for name, data in zip(names, inputs):
        write(f"{folder}/{name}", data)
    return names


@cli_test("upgrade of collected inputs")
def upgrade(cli):
    """Whatever their first byte is, they are read as version 1; a second run changes nothing."""
    folder = cli.path("ops_tiny")
    old = collect(folder, v1(1), v1(7), v1(2, 7), b"", b"p2m-case 1\n")
    write(f"{folder}/by-hand", v1(0))
    cli.bad("replay stops at a folder that is not marked", "replay", folder,
            says=f"{folder}: is not marked as format 2; run p2m-case upgrade {folder}")
    cli.fine("upgrade", "upgrade", folder, has=f"{folder}: 5 inputs upgraded to format 2, 1 texts unchanged\n")
    names = sorted(os.listdir(folder))
    new = [name for name in names if re.fullmatch("[0-9a-f]{40}", name) and name != old[4]]
    cli.check("texts and names by hand stay; the same case is there once", len(new) == 3 and
              set(names) - set(new) == {"FORMAT", "by-hand", old[4]}, str(names))
    cli.check("names are hashes", all(hashlib.sha1(contents(f"{folder}/{name}")).hexdigest() == name for name in new))
    texts = {cli.call("decode", f"{folder}/{name}").out.split("\n", 3)[3] for name in [*new, "by-hand"]}
    cli.check("they mean what they meant", texts == {"", "set 0x7 mfn 0x77\n", "get 0x7\n"}, str(texts))
    before = {name: contents(f"{folder}/{name}") for name in names}
    cli.fine("a second run changes nothing and says so", "upgrade", folder, has="is in format 2; nothing was changed\n")
    cli.check("nothing", before == {name: contents(f"{folder}/{name}") for name in sorted(os.listdir(folder))})
    os.mkdir(cli.path("e820_tiny"))
    cli.fine("an empty folder is marked", "upgrade", cli.path("e820_tiny"), has=" 0 inputs upgraded")
    cli.check("by a file", text_of(cli.path("e820_tiny/FORMAT")) == "2\n")
    cli.bad("no folder", "upgrade", says="missing FOLDER", status=2)
    cli.bad("a folder that is not there", "upgrade", cli.path("none"), says="No such file")
    cli.bad("a file", "upgrade", f"{folder}/by-hand", says="is not a folder")
    collect(cli.path("inputs"), v1(1))
    cli.bad("an unknown geometry", "upgrade", cli.path("inputs"), says="pass --geometry=NAME")
    cli.fine("it is told", "upgrade", "--geometry=tiny", "--target=e820", cli.path("inputs"), has=" 1 inputs upgraded")
    os.makedirs(cli.path("ops_micro/ops_tiny"))
    cli.bad("a folder in a folder", "upgrade", cli.path("ops_micro"), says="is a folder; upgrade takes it as an argument of its own")


@cli_test("upgrade: a run that was killed is resumed")
def resumed_upgrade(cli):
    """At each moment: files wait, are gone, the mark is there, files are back."""
    folder, inputs = cli.path("ops_tiny"), [v1(first) for first in (1, 2, 3)] + [v1(1, 7)]
    collect(folder, *inputs)
    want = cli.path("want/ops_tiny")
    shutil.copytree(folder, want)
    cli.fine("upgrade", "upgrade", want)
    want = {name: contents(f"{want}/{name}") for name in os.listdir(want)}
    both = sorted(name for name in want if name != "FORMAT")
    cli.check("two different cases", len(both) == 2, str(want))
    for moment in range(4):
        again = cli.path(f"again-{moment}/ops_tiny")
        shutil.copytree(folder, again)
        os.mkdir(f"{again}/.format-2")
        for name in both[moment == 3:]:
            write(f"{again}/.format-2/{name}", want[name])
        write(f"{again}/.format-2/x.1.tmp", b"half")
        if moment:
            for data in inputs:
                os.unlink(f"{again}/{hashlib.sha1(data).hexdigest()}")
        if moment > 1:
            write(f"{again}/FORMAT", "2\n")
        if moment > 2:
            write(f"{again}/{both[0]}", want[both[0]])
        if moment in (0, 3):
            cli.bad(f"replay stops ({moment})", "replay", again, says="run p2m-case upgrade")
        cli.fine(f"again ({moment})", "upgrade", again, has="upgraded to format 2")
        cli.check(f"the same folder ({moment})", want == {name: contents(f"{again}/{name}") for name in os.listdir(again)},
                  str(os.listdir(again)))


@cli_test("a full disk")
def full_disk(cli):
    """A small file system that fills up: no half-written file is left."""
    text, disk = cli.path("c.txt", TEXT), cli.t.tmpfs("size=4k,nr_inodes=8")
    fill(f"{disk}/filler")
    cli.bad("a full disk", "encode", text, "-o", f"{disk}/out", says="No space left")
    cli.bad("a full disk, DOT", "show", "--dot", text, "-o", f"{disk}/out.dot", says="No space left")
    cli.check("no half-written file is left", os.listdir(disk) == ["filler"], str(os.listdir(disk)))


@cli_test("noise of any size is a case")
def noise(cli):
    source = random.Random(1)
    for size in (0, 1, 15, 16, 17, 191, 192, 193, 333, 4624, 8384, 1 << 20):
        name = cli.path(f"noise-{size}", bytes(source.randrange(256) for _ in range(size)))
        for geometry in ("tiny", "x86_64", "x86_32"):
            done = cli.call("run", f"--geometry={geometry}", name)
            cli.check(f"{size} bytes of noise in {geometry}", done.status == 0, done.out[-500:] + done.err)


@test("exhaustive: options, limits, JSON", goals=("gcc/micro/exhaustive_micro",))
def explorer(t):
    program, path = f"{BUILD}/gcc/micro/exhaustive_micro", t.path("exhaustive.json")
    t.expect("no such invariant", [program, "--want=NOTHING"], "bad arguments", status=2)
    t.expect("not a number", [program, "--depth=deep"], "bad arguments", status=2)
    t.expect("no process at all", [program, "--races", "--jobs=0"], "bad arguments", status=2)
    t.expect("no such switch", [program, "--races", "--switches=3"], "bad arguments", status=2)
    t.expect("two switches of three calls", [program, "--races", "--three", "--switches=2"], "these are three", status=1)
    t.expect("it says that a limit was reached", [program, "--transitions=1000", f"--json={path}"],
             "not closed, the limit was reached")
    result = json.loads(text_of(path))
    t.check("JSON", result["geometry"] == "micro" and result["transitions"] >= 1000 and
            not result["closed"] and not result["violated"], str(result))
    same = []
    for values in ([], ["--other-values"]):
        t.expect(f"the states near a boot {values}", [program, "--depth=1", "--maps", "--every=50", "--jobs=2",
                                                      f"--json={path}", *values], " transitions are memory maps, from ")
        result = json.loads(text_of(path))
        same.append([result[name] for name in ("states", "transitions", "maps", "hash")])
    t.check("other MFNs, the same states", same[0] == same[1] and min(same[0][:3]) > 0, str(same))
    done = t.run([program, "--transitions=1000", "--json=/dev/null/x"], stderr=subprocess.PIPE)
    t.check("JSON to where nothing can be written", done.status == 1 and done.err.count("\n") == 1 and
            "/dev/null/x" in done.err, str(done))


@test("make commands and their arguments", how="builds", goals=("clang-san/p2m-case", "gcc/p2m-case", "p2m-case",
                                                               "gcc/tiny/props_tiny"))
def make_commands(t):
    text = t.path("bad-core.txt", TEXT)
    t.make("make repro", ["repro", f"CASE={text}"], "no invariant violated")
    t.make("make repro GEOMETRY=x86_64", ["repro", f"CASE={text}", "GEOMETRY=x86_64"], "geometry x86_64")
    t.make("make repro without CASE says what it wants", ["repro"], "CASE=FILE", status=2)
    t.make("make fuzz with an unknown target", ["fuzz", "TARGET=nothing"], "TARGET=nothing", status=2)
    t.make("make fuzz with an unknown geometry", ["fuzz", "GEOMETRY=nothing"], "GEOMETRY=nothing", status=2)
    t.make("make regress", ["regress"], r"files, \d+ ops, \d+ checks, 0 failures$")
    t.make("make props CASES=0 tests nothing and says so", ["props", "CASES=0"], "CASES=0", status=2)
