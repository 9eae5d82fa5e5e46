# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's own file as a subject, if a kernel is there: LINUX, or Debian's source packages.

Nothing is downloaded. For each version: kernel-report finds defects, names each of them (a case
that fails without its mask and passes with it), and nothing else; behind these masks the reviewed
cases replay without a failure.
"""

import glob
import json
import os
import re
import shutil

from harness import BUILD, contents, test, text_of, write

from p2mcheck.files import Failure
from p2mcheck.linux import callers, defects, prepare, reproducer, sequence, setup_report

EXAMPLE = "props/subjects/example.c"
MASKS = os.environ.get("KNOWN") or "B5,B17,C3,C3b,C6,F4,F7,F9,F11,F12,F14"  # of Debian's 6.1 and 6.12

# Slips in foreign mappings and the m2p override: what is wrong, the function, tokens in it, and others
# for them. One that does not apply to a version is left out.
GRANT_SLIPS = (
    ("a map that failed is recorded", "set_foreign", r"\bmap_ops\[i\]\.status != GNTST_okay", "0"),
    ("a map that failed for the kernel alone is recorded", "set_foreign",
     r"\bkmap_ops\[i\]\.status != GNTST_okay", "0"),
    ("the entry is not foreign", "set_foreign", r"FOREIGN_FRAME\(mfn\)", "mfn"),
    ("a slot that failed stays mapped", "set_foreign", r"1 \+ !!kmap_ops", "0"),
    ("a slot that failed stays mapped for the kernel", "set_foreign", r"1 \+ !!kmap_ops", "1"),
    ("a slot that failed is okay", "set_foreign",
     r"(?<!k)(map_ops\[i\]\.status = )GNTST_general_error", r"\1GNTST_okay"),
    ("another slot is unmapped", "set_foreign", r"(= )map_ops\[i\]\.handle", r"\1map_ops[0].handle"),
    ("the device's map is forgotten", "set_foreign", r"= map_ops\[i\]\.dev_bus_addr", "= 0"),
    ("all slots go to one page", "set_foreign", r"page_to_pfn\(pages\[i\]\)", "page_to_pfn(pages[0])"),
    ("a frame is read at the first entry of the table", "set_foreign", r"& ~PAGE_MASK", "& 0"),
    ("the entry stays", "clear_foreign", r"(set_phys_to_machine\(pfn, )\w+", r"\1mfn"),
    ("a slot that is not foreign is no failure", "clear_foreign", r"-EINVAL", "0"),
    ("the kernel's maps stay", "clear_foreign", r"if \(kunmap_ops\)", "if (0)"),
    ("one that failed ends the batch", "clear_foreign", r"(ret = -EINVAL);", r"{ \1; break; }"),
    ("the list does not get the page", "m2p_add", r"list_add\([^;]*;", ";"),
    ("the page is not marked", "(set_foreign|m2p_add)", r"SetPagePrivate\([^;]*;", ";"),
    ("the frame that was there is forgotten", "(set_foreign|m2p_add)", r"(->index = )[^;]*", r"\1INVALID_P2M_ENTRY"),
    ("the list keeps the page", "m2p_remove", r"list_del\([^;]*;", ";"),
    ("the page stays marked", "(clear_foreign|m2p_remove)", r"ClearPagePrivate\([^;]*;", ";"),
    ("the kernel's map stays", "m2p_remove", r"GNTTABOP_unmap\w+, unmap_op, 1", "0, unmap_op, 0"),
    ("the override looks into one bucket", "m2p_find_override", r"mfn_hash\(mfn\)", "0"),
)


def trees():
    if os.environ.get("LINUX"):
        return os.environ["LINUX"].split()
    found = glob.glob("/usr/src/linux-source-*.tar.*")
    return sorted({"debian-" + re.search(r"source-(\d+\.\d+)", path).group(1) for path in found})


def long_tier(tree):
    """The tier of a test that takes a minute or more: `test` for the newest tree alone."""
    return "test" if tree == trees()[-1] else "all"


def prepared(t, tree):
    """The folder with the two files of a tree."""
    return t.run(["scripts/linux", f"--build={BUILD}", f"--linux={tree}"]).out.strip()


def props(t, what, pattern, *settings, status=0):
    """Random cases in a clone, where a finding is filed."""
    t.expect(what, ["make", "-s", "props", "CASES=2000", *settings], pattern, status=status,
             cwd=t.clone(f"clone-{t.checks}"))


@test("the example subject holds, and a slip in it is found", how="builds")
def example(t):
    props(t, "it holds", ", 0 failures", "GEOMETRY=tiny", f"SUBJECT={EXAMPLE}", "SHAPES=tiny")
    slip = f"{BUILD}/example_slip.c"
    write(slip, text_of(EXAMPLE).replace("pfn < end &&", "pfn + 1 < end &&"))
    props(t, "the slip is found", "p2mcheck: RANGE_PREFIX", "GEOMETRY=tiny", "SUBJECT=build/example_slip.c",
          "SHAPES=tiny", status=2)


@test("shrink: a candidate that ends the program", how="builds")
def deadly(t):
    """The case loses an entry. Without its first op the subject dies."""
    subject, case = f"{BUILD}/example_deadly.c", t.path("deadly.txt", DEADLY)
    write(subject, text_of(EXAMPLE).replace("    if (!entry_is_sound(pfn, entry))", """\
    if (pfn == 1) {
        if (get(0) == INVALID_P2M_ENTRY)
            __builtin_trap();
        return true;
    }
    if (!entry_is_sound(pfn, entry))"""))
    tool = f"{BUILD}/subject/build-example_deadly/gcc/p2m-case"
    t.make("it is built", [tool, f"SUBJECT={subject}", "SHAPES=tiny"])
    t.expect("it is shrunk, each candidate by itself", [tool, "shrink", case, "-o", t.path("small")],
             r"ended the program; now each has its own process.*GET_MATCHES_MODEL: 3 ops in tiny -> 1 ops in tiny")


DEADLY = """p2m-case 2
geometry tiny
boot nr_pages=0x0
set 0x0 mfn 0x0
set 0x1 mfn 0x1
get 0x7
"""


def kernel(tree):
    @test(f"kernel {tree}: each finding has a name", tier=long_tier(tree), how="builds", goals=("p2m-case",))
    def report(t):
        t.expect("kernel-report", ["scripts/kernel-report", f"--build={BUILD}", "--cases=20000", "--only=^C6$",
                                   f"--linux={tree}"],
                 limit=3600)
        row = json.loads(text_of(f"{BUILD}/kernel-report.json"))[0]
        expected = set(MASKS.split(",")) - {"F14"}  # of 6.12 alone
        mailed = text_of(row["mails"][0])
        t.check("a report, whose program shows the defect", "    DEFECT: a resume must not ask for a page" in mailed, mailed)
        t.check("these are among its defects", expected <= set(row["defects"]), f"{expected - set(row['defects'])}\n{row}")
        t.expect("the reviewed cases behind its masks", [f"{prepared(t, tree)}/p2m-case", "replay", "corpus"],
                 env={**os.environ, "P2MCHECK_KNOWN": ",".join(row["defects"])})


# Invariants that a kernel has nothing for, and those that need an overlap or a rare case.
IDLE = {"CASE_ROUND_TRIP", "MID_IDENTITY_UNTOUCHED"}


def exercised(tree):
    @test(f"kernel {tree}: most ranges are made, and each property has something to compare", how="builds")
    def shares(t):
        folder = prepared(t, tree)
        program = f"{folder}/gcc/tiny/props_tiny"
        t.make("the program", ["-s", "SUBJECT=linux", f"LINUX_FOLDER={folder}", program])
        text = t.expect("behind the masks", [os.path.abspath(program), "--cases=2000"], ", 0 failures", cwd=t.folder,
                        env={**os.environ, "P2MCHECK_KNOWN": MASKS})
        calls, failed = map(int, re.search(r"^range +(\d+) +(\d+)", text, re.M).groups())
        t.check("most ranges are made", calls > 2 * failed, f"{failed} of {calls} were not")
        idle = set(re.findall(r"^([A-Z_]+) +0$", text, re.M)) - IDLE
        t.check("each property has something to compare", not idle, str(idle))


def sizes(tree):
    @test(f"kernel {tree}: a PFN that is outside the array, and its address below it", how="builds")
    def below(t):
        folder = prepared(t, tree)
        program = f"{folder}/p2m-case"
        t.make("the program", ["-s", "SUBJECT=linux", f"LINUX_FOLDER={folder}", program])
        for geometry in ("micro", "tiny", "x86_64"):
            case = t.path(f"{geometry}.txt", f"p2m-case 2\ngeometry {geometry}\nboot nr_pages=0x2\n"
                                             "set 0xfffffffffffffffe mfn 0x1\n")
            t.expect(f"F4 is the kernel's BUG, {geometry}", [program, "run", case], "CORE_BUG.*BUG_ON", status=1)


def overlaps(tree):
    @test(f"kernel {tree}: the search for overlaps finds C3, and nothing behind the masks", how="builds")
    def search(t):
        folder = prepared(t, tree)
        program = f"{folder}/gcc/micro/exhaustive_micro"
        t.make("the program", ["-s", "SUBJECT=linux", f"LINUX_FOLDER={folder}", program])
        case, masks = t.path("case.txt"), [mask for mask in MASKS.split(",") if mask != "C3"]
        t.expect("C3", [program, "--races", f"--out={case}"], "CORE_BUG: .*in xen_alloc_p2m_entry", status=1,
                 env={**os.environ, "P2MCHECK_KNOWN": ",".join(masks)})
        t.expect("behind the masks", [program, "--races", "--seconds=10", "--every=5"], r" pairs of calls .*(closed|reached)",
                 env={**os.environ, "P2MCHECK_KNOWN": MASKS})
        t.make("the case of C3 alone", ["-s", "SUBJECT=linux", f"LINUX_FOLDER={folder}", f"{folder}/p2m-case"])
        t.expect("it replays", [f"{folder}/p2m-case", "run", case], "CORE_BUG", status=1,
                 env={**os.environ, "P2MCHECK_KNOWN": ",".join(masks)})


def planted_store(tree):
    @test(f"kernel {tree}: a store through the read-only mapping of the list is caught", how="builds")
    def store(t):
        folder = prepared(t, tree)
        text, count = re.subn(r"(xen_safe_write_ulong\(xen_p2m_addr[^;]*;)", r"\1 xen_p2m_addr[pfn] = mfn;",
                              text_of(f"{folder}/kernel/p2m.c"), count=1)
        if "xen_p2m_addr" not in text:
            t.skip("this version has no such mapping")
        t.check("the kernel's store is there", count == 1)
        os.makedirs(f"{BUILD}/slip", exist_ok=True)
        shutil.copy(f"{folder}/kernel/page.h", f"{BUILD}/slip/page.h")
        write(f"{BUILD}/slip/p2m.c", text)
        props(t, "it is caught with function and line",
              r"_PAGE_UNTOUCHED: .*the store is in __set_phys_to_machine, line \d+",
              "SUBJECT=linux", "LINUX=build/slip", f"KNOWN={MASKS}", status=2)


def function_in(text, name):
    """Where the first definition of a function whose name begins so is: (start, end)."""
    found = re.search(rf"^[\w *]*\b{name}\w*\([^;{{]*\)\s*{{.*?^}}", text, re.M | re.S)
    return found.span() if found else (0, 0)


def slipped(text, function, tokens, others):
    """The text with one slip, or None if it does not apply."""
    start, end = function_in(text, function)
    body, count = re.subn(tokens, others, text[start:end], count=1)
    return text[:start] + body + text[end:] if count else None


def planted_grants(tree):
    @test(f"kernel {tree}: slips in grants are found", how="builds", goals=("p2m-case",))
    def slips(t):
        folder, applied = prepared(t, tree), 0
        for number, (what, *slip) in enumerate(GRANT_SLIPS):
            text = slipped(text_of(f"{folder}/kernel/p2m.c"), *slip)
            if text is None:
                continue
            applied += 1
            where = f"{BUILD}/grant_slip_{number}"
            os.makedirs(where, exist_ok=True)
            shutil.copy(f"{folder}/kernel/page.h", f"{where}/page.h")
            write(f"{where}/p2m.c", text)
            program = f"{prepared(t, where)}/gcc/tiny/props_tiny"
            t.make(f"{what}: it compiles", ["-s", "SUBJECT=linux", f"LINUX_FOLDER={prepared(t, where)}", program])
            t.expect(f"{what}: it is found", [os.path.abspath(program), "--cases=20000"], r"^p2mcheck:   op \d+ of \d+: (grant_|resume)", status=1,
                     cwd=t.folder, env={**os.environ, "P2MCHECK_KNOWN": MASKS})
        t.check("at least six apply", applied >= 6, str(applied))


for TREE in trees():
    kernel(TREE)
    planted_grants(TREE)
    if re.fullmatch(r"debian(-.*)?", TREE):
        exercised(TREE)
        overlaps(TREE)
        sizes(TREE)
if trees():
    planted_store(trees()[0])
else:
    test("kernel: each finding has a name")(lambda t: t.skip("no LINUX and no linux-source package"))


@test("kernel: each era has a shim of its own", tier="scripts")
def eras(t):
    for linear, source in ((0, "tree"), (1, "linear")):
        folder = t.path(source)
        os.makedirs(folder)
        write(f"{folder}/features.h", f"#define LINUX_LINEAR {linear}\n")
        t.make(source, ["-n", "SUBJECT=linux", f"LINUX_FOLDER={folder}", f"{folder}/gcc/tiny/kernel.o"],
               f"subjects/linux/{source}\\.c")


@test("kernel: the table of defects", tier="scripts")
def table(t):
    masks = re.findall(r"^    X\((\w+), ", text_of("props/subjects/linux/platform.h"), re.M)
    t.check("a record for each mask", set(masks) == set(defects.table()), f"{set(masks) ^ set(defects.table())}")
    invariants = set(re.findall(r"^    X\((\w+),", text_of("props/base/invariants.h"), re.M))
    wrong = {name for defect in defects.table().values() for name in defect.violates - invariants
             if not name.startswith("SANITIZER_")}
    t.check("each violated invariant is one", invariants and not wrong, str(wrong))
    places = {geometry for defect in defects.table().values() for geometry, _ in defect.cases}
    t.check("each case has a geometry", places == {"micro", "tiny"}, str(places))
    rows = defects.versions()
    wrong = {name for row in rows for name in row.defects or ()} - set(defects.table())
    t.check("at least 25 versions, with defects of the table", len(rows) >= 25 and not wrong, f"{len(rows)}, {wrong}")


def ordered(version):
    """A version, so that they can be compared; "first" is the first commit with ranges."""
    if version == "first":
        return [2, 6, 38, 1]
    candidate = re.search(r"-rc(\d+)", version)
    numbers = [int(number) for number in re.sub("-rc.*", "", version).split(".")]
    return [*numbers, *[0] * (4 - len(numbers)), int(candidate.group(1)) - 100 if candidate else 0]


HIDDEN = ("B12", "B14", "B16")  # other masks leave out their calls: B13 from 3.16 on, B3 and B4


def check_spans(t, readme, rows, least):
    """`rows`: {version: its defects}"""
    spans: dict = {}
    for ids, first, last in re.findall(r"^\| ([A-FS]\d\w*(?:, \w+)*) \| [^|]+ \| (\S+) \| (\S+) \| [A-Z]",
                                       text_of(readme), re.M):
        for name in ids.split(", "):
            spans.setdefault(name, []).append((first, last))
    outside = [f"{name} in {version}" for version, names in rows.items() for name in names
               if not any(ordered(first) <= ordered(version) <= ordered(last) for first, last in spans.get(name, []))]
    lacking = [f"{name} in {end}" for name, pairs in spans.items() for pair in pairs for end in pair
               if end in rows and name not in rows[end] and name not in HIDDEN]
    t.check(f"{readme}: the table has spans", len(spans) >= least, str(len(spans)))
    t.check(f"{readme}: none is outside", not outside, ", ".join(outside))
    t.check(f"{readme}: each end shows the defect", not lacking, ", ".join(lacking))


@test("kernel: the READMEs have each measured version between first and last", tier="scripts")
def readme_spans(t):
    check_spans(t, "props/subjects/linux/README.md",
                {row.name: row.defects for row in defects.versions() if row.defects is not None}, 41)
    check_spans(t, "props/subjects/linux/setup/README.md", setup_report.expected(), 23)


@test("kernel: which defect explains a finding", tier="scripts")
def explained(t):
    tool = t.path("tool")  # fails by the named invariant unless this defect is masked
    def found(invariant, mask, masked=0):
        write(tool, f'#!/bin/sh\ncase ",$P2MCHECK_KNOWN," in *,{mask},*) exit {masked};; esac\n'
                    f'echo "p2mcheck: {invariant}: a sentence"; exit 1\n')
        os.chmod(tool, 0o755)
        return defects.explanation(tool, ["B5"], invariant, ["geometry tiny", "boot nr_pages=0x0", "set 0x0 mfn 0x1"])
    t.check("by its mask", found("CORE_BUG", "F4") == "F4")
    t.check("not by the mask of a defect that does not violate it", found("PAGE_LEDGER", "F4") is None)
    t.check("not without a mask", found("CORE_BUG", "nothing") is None)
    t.check("not if it does not fail", found("CORE_BUG", "B5") is None)
    t.check("a known one is named with its sentence", "F4: A set beyond" in defects.sentence("F4", ["B5"])
            and "KNOWN=B5,F4" in defects.sentence("F4", ["B5"]))
    t.check("an unknown one is the headline", defects.sentence(None, []).startswith("not a known defect"))


def refusal(function, *arguments):
    try:
        function(*arguments)
    except Failure as failure:
        return str(failure)
    return "no error"


@test("kernel: a wrong name, a file that is cut off", tier="scripts")
def refused(t):
    t.check("KNOWN", "no such defect: X9; choose from" in refusal(defects.check_names, "C3,X9"))
    t.check("both forms of a list", refusal(defects.check_names, "C3, C6 F9") == "no error")
    whole = "void f(void)\n{\n    g(\"{\", '{'); /* { */\n}\n"
    t.check("a whole file", refusal(prepare.check_whole, "TREE", "p2m.c", whole) == "no error")
    for cut, why in ((whole[:-2], "1 braces are open"), (whole + "#if 1\n", "an #if"), (whole + "/* ", "a comment")):
        t.check(why, why in refusal(prepare.check_whole, "TREE", "p2m.c", cut), cut)


@test("kernel: p2m.c and page.h of two versions", tier="scripts")
def mixed(t):
    page = "extern bool set_phys_to_machine(unsigned long pfn);\nextern int other(void);\n"
    p2m = "bool set_phys_to_machine(unsigned long pfn)\n{\n}\nEXPORT_SYMBOL(set_phys_to_machine);\n"

    def answer(p2m, page):
        return refusal(prepare.check_one_version, "TREE", p2m, page)
    t.check("one version", answer(p2m, page) == "no error", answer(p2m, page))
    t.check("not defined", "m2p_add_override is declared in page.h and not defined" in
            answer(p2m, page + "extern int m2p_add_override(unsigned long mfn,\n\tstruct page *page);\n"))
    t.check("not declared", "set_phys_to_machine is exported by p2m.c and not declared" in
            answer(p2m, "/* " + page + " */"))
    t.check("of two eras", "only one of them has xen_p2m_addr" in answer(p2m + "unsigned long *xen_p2m_addr;\n", page))


RACE = ["geometry micro", "boot nr_pages=0x0", "range 0x0 0x2", "at 4,2 set 0x0 mfn 0x1", "__set 0x1 identity",
        "resume"]


@test("kernel: a case as C", tier="scripts")
def in_c(t):
    text = reproducer.program(RACE, False) or ""
    for what in ("do_boot(0x0, false);", "do_range(0x0, 0x2);\n    do_overlap((const unsigned[]){4,2}, 2,\n",
                 "{{.kind = LINUX_SET, .pfn = 0x1, .arg = (0x1 | 1ul << 62), .noalloc = 1, .alternates = 0}, "
                 "{.kind = LINUX_SET, .pfn = 0x0, .arg = 0x1, .noalloc = 0, .alternates = 1}});\n    do_resume();",
                 "first_call(void)\n{\n    do_set_noalloc(0x1, (0x1 | 1ul << 62));",
                 "second_call(void)\n{\n    do_set(0x0, 0x1, 0);"):
        t.check(what, what in text, text)
    t.check("what reproducer.inc has not", reproducer.program([*RACE, "e820 1"], False) is None)
    boots = {"boot nr_pages=0x0 nvs=0x8+0x2": "do_boot(0x0, false);\n    do_nvs(0, 0x8, 0x2);\n"
                                              "    do_range(0x0, 0x2);\n    do_publish();",
             "boot nr_pages=0x1 auto_translated": "do_boot(0x1, true);"}
    for boot, what in boots.items():
        text = reproducer.program([RACE[0], boot, "range 0x0 0x2"], True) or ""
        t.check(what, what in text, text)
    text = reproducer.program([RACE[0], "boot nr_pages=0x1 bare", "build", "set 0x2 mfn 0x0", "publish"], True) or ""
    steps = "do_boot(0x1, false);\n    do_read_table();\n    do_set(0x2, 0x0, 0);\n    do_publish();"
    t.check("a boot in steps", steps in text, text)
    t.check("another flag", reproducer.program([RACE[0], "boot nr_pages=0x0 tso"], True) is None)
    masked = reproducer.settings("PAGE_COST", RACE, ["C6", "F9"])
    t.check("what it was found behind", "LINUX_C6 | (uint64_t)1 << LINUX_F9" in masked and "JUDGES_COST 1" in masked
            and "JUDGES_PAGES 0" in masked, masked)


@test("kernel: a case as calls of the kernel", tier="scripts")
def as_calls(t):
    report = ["op 2 of 3: __set 0x1 identity", "expected one, got another",
              "  __set 0x1 identity: stops before p2m.c:3 __set_phys_to_machine < p2m.c:5 f",
              "  set 0x0 mfn 0x1: begins"]
    text = "\n".join(sequence.calls(RACE, report, False))
    for what in ("1. A PV guest boots with nr_pages 0x0\n2. set_phys_range_identity(0x0, 0x2)\n3. On CPUs",
                 "     __set_phys_to_machine(0x1, IDENTITY_FRAME(0x1)) stops before line 3, in __set_phys_to_machine\n"
                 "     set_phys_to_machine(0x0, 0x1) begins\n4. save and restore"):
        t.check(what, what in text, text)
    text = "\n".join(sequence.calls([*RACE[:2], "grant_map 0x0 1 mfn 0x0", "resume"], [], False))
    t.check("a resume unmaps grants", "\n3. each grant is unmapped; save and restore" in text, text)
    found = sequence.found_by(report)
    t.check("what was found", found == ["expected one, got another"], str(found))
    lines = sequence.excerpt("\n".join(f"line {number}" for number in range(1, 10)), report, ["^line 9"])
    t.check("lines of the kernel, marked",
            (lines[2], lines[5], lines[-1]) == (">    3  line 3", "  ...", ">    9  line 9"), str(lines))
    ops = {"set 0x2 foreign 0x5 refuse=2": "set_phys_to_machine(0x2, FOREIGN_FRAME(0x5)); page 2 of those that it asks "
                                           "for is refused",
           "grant_map 0x0 3 mfn 0x1 slots=0x4": "set_foreign_p2m_mapping(): 3 pages from PFN 0x0, foreign frames from "
                                                "0x1, with kmap_ops; the hypervisor refuses the slots 0x4, a bit mask"}
    for op, what in ops.items():
        t.check(op, sequence.call(op) == what, sequence.call(op))


CALLERS = """/* set_phys_to_machine(x) */
bool set_phys_to_machine(long pfn);
#define SET_ONE(pfn) \\
	set_phys_to_machine(pfn)

static int
one(long pfn)
{
	if (!set_phys_to_machine(pfn))
		pr_warn("set_phys_to_machine() failed");
	return 0;
}

static struct ops ops = {
	.set = set_phys_to_machine,
};

static void two(void)
{
	SET_ONE(2);
	ops.set(3);
}
"""


@test("kernel: callers in a tree", tier="scripts")
def find_callers(t):
    t.check("two files have none", "only the two files" in callers.text(t.folder, ["set_phys_to_machine"])[0])
    for folder in ("drivers", "arch/x86/xen"):
        os.makedirs(t.path(folder))
    write(t.path("arch/x86/xen/p2m.c"), "DEFINE_SHOW_ATTRIBUTE(p2m_dump);\n")
    write(t.path("drivers/a.c"), CALLERS)
    text = callers.text(t.folder, ["set_phys_to_machine", "set_phys_range_identity", "p2m_dump_show"])
    expected = ["  set_phys_to_machine:",
                "    drivers/a.c:4: SET_ONE: set_phys_to_machine(pfn)  (the macro SET_ONE)",
                "    drivers/a.c:9: one: if (!set_phys_to_machine(pfn))",
                "    drivers/a.c:15: .set = set_phys_to_machine,  (its address is taken)",
                "    by the name SET_ONE:", "      drivers/a.c:20: two: SET_ONE(2);",
                "    by the name set:", "      drivers/a.c:21: two: ops.set(3);",
                "  set_phys_range_identity: none found", "  p2m_dump_show:",
                "    arch/x86/xen/p2m.c:1: DEFINE_SHOW_ATTRIBUTE(p2m_dump);  (a macro that adds _show to a name)"]
    t.check("calls, and no declarations; pointers and macros once further", text[:len(expected)] == expected,
            "\n".join(text))
    t.check("what was searched", "Searched by name: *.c and *.h of arch/x86 drivers;" in text[len(expected)], str(text))


@test("kernel: a source package that tar cannot unpack", tier="scripts")
def unpacking(t):
    folder, source = t.path("unpacked"), t.path("source")
    os.makedirs(f"{source}/top")
    write(f"{source}/top/a", b"a" * 99999)
    done = t.run(["tar", "-C", source, "-cf", t.path("whole.tar"), "top"])
    write(t.path("cut.tar"), contents(t.path("whole.tar"))[:50000])
    for name, path, says in (("cut.tar", "a", "cut.tar: tar cannot unpack it: "), ("whole.tar", "b", "whole.tar: tar")):
        try:
            prepare.unpack(t.path(name), folder, "top", [path])
            t.check(f"{name}: it is refused", False, done.out)
        except Failure as failure:
            t.check(f"{name}: one line", says in str(failure) and "\n" not in str(failure), str(failure))
        t.check(f"{name}: nothing is left", os.listdir(folder) == [], str(os.listdir(folder)))
    prepare.unpack(t.path("whole.tar"), folder, "top", ["a"])
    t.check("a whole file", os.listdir(folder) == ["top"] and len(contents(f"{folder}/top/a")) == 99999)


@test("kernel: bad input of SUBJECT=linux")
def bad_input(t):
    t.expect("a folder without a kernel", ["scripts/linux", f"--build={BUILD}", f"--linux={t.folder}"], "no arch/x86/xen/p2m.c",
             status=1)
    t.make("which kernel", ["fuzz", "SUBJECT=linux"], "LINUX=TREE", status=2)


if "debian-6.1" in trees():
    @test("kernel: LINUX=debian is 6.1, whatever else is there", how="builds")
    def default(t):
        names = {prepared(t, name) for name in ("debian", "debian-6.1")}
        t.check("one folder", len(names) == 1 and "/6.1." in names.pop(), str(names))
