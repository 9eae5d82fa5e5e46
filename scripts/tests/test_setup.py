# SPDX-License-Identifier: GPL-2.0-or-later
"""Target `setup`: a kernel's own setup.c. Its defects are found, masked and named; slips in it are found; and
on real maps it makes the same pages identity as the core, but for the rounding that is declared.
"""

import glob
import json
import os
import re
import shutil

from harness import BUILD, ROOT, test, text_of, write
from setup_slips import MOVES, SLIPS
from test_linux import prepared, trees
from test_linux_slips import planted
from test_structure import dictionary, names_each_op

from p2mcheck.linux import prepare, prepare_setup, setup_report

FOLDER = f"{ROOT}/props/subjects/linux/setup"
DEFECTS = sorted(glob.glob(f"{FOLDER}/defects/*.txt"))
MASKS = ",".join(f"S{number}" for number in range(1, 11))

SLIP_RUNS = 300000


def tool(t, tree):
    folder = prepared(t, tree)
    t.make("p2m-case", ["-s", "SUBJECT=linux", f"LINUX_FOLDER={folder}", f"{folder}/p2m-case"])
    return os.path.abspath(f"{folder}/p2m-case")


def row_of(t, program):
    """The defects that this version has, by its row of versions.txt."""
    version = re.sub(r"-[0-9a-f]{8}$", "", os.path.basename(os.path.dirname(program)))
    row = re.search(rf"^{re.escape(version)} \| (.*)$", text_of(f"{FOLDER}/versions.txt"), re.M)
    if not row:
        t.skip(f"versions.txt has no row of {version}")
    return row.group(1).split()


def defects_of(tree):
    @test(f"setup {tree}: each defect has its smallest map, and a mask", how="builds")
    def defects(t):
        program = tool(t, tree)
        row = row_of(t, program)
        for path in DEFECTS:
            name = setup_report.id_of(path)
            gone = name not in row
            t.expect(name, [program, "run", "--target=setup", path], "no invariant violated" if gone else
                     "p2mcheck: (SETUP_[A-Z_]+|CORE_BUG): ", status=0 if gone else 1)
            t.expect(f"{name} is masked", [program, "run", "--target=setup", path], "no invariant violated",
                     env={**os.environ, "P2MCHECK_KNOWN": name})

    @test(f"setup {tree}: the dictionary has the bytes of a guest", how="builds")
    def words(t):
        program, known = tool(t, tree), dict(dictionary("setup"))
        names_each_op(t, program, "setup", json.loads(t.expect("facts", [program, "facts"]))["ops"])
        boot = bytearray([2]) + bytes(191)
        boot[12:14], boot[88:104] = known["boot_fields"], known["image_in_order"]
        boot[120:128] = known["answer_m2p_fails"]
        entry = bytearray(known["e820_nvs"] + known["page_0x80_last_byte"] + known["page_0x100"] + bytes(12))
        write(t.path("setup_tiny-words"), bytes(boot + entry))
        out = t.expect("a guest of words", [program, "decode", t.path("setup_tiny-words")])
        t.check("its boot", "kernel=0x8 initrd=0x10 page_tables=0x20 list=0x18 answers=0x0000010000000000" in out, out)
        t.check("its entry", "\ne820 0x80fff 0x100000 nvs\n" in out, out)

    @test(f"setup {tree}: the seeds boot, and reach each state cell", how="builds")
    def cells(t):
        seeds, masked = sorted(glob.glob(f"{ROOT}/corpus/seed/setup-*.txt")), {**os.environ, "P2MCHECK_KNOWN": MASKS}
        command = [tool(t, tree), "cells", "--target=setup"]
        t.expect("guests that boot", command + seeds, r"(?s), 0 failures.*: (\d+) of \1 cells reached", env=masked)
        t.expect("a missing one is said", command + seeds[:1], r"never reached: dom0 no RAM, listed: identity\n",
                 status=1, env=masked)


# ---- reports, coverage ----

def copied(t, tree, name):
    """A copy of the tree's files that the subjects need."""
    source, folder = prepare.load(tree, BUILD)[0], t.path(name)
    for path in ("Makefile", prepare.P2M, prepare.PAGE, *prepare_setup.WANTED):
        if os.path.exists(f"{source}/{path}"):
            os.makedirs(os.path.dirname(f"{folder}/{path}"), exist_ok=True)
            shutil.copy(f"{source}/{path}", f"{folder}/{path}")
    return folder


def report_of(tree):
    @test(f"setup {tree}: kernel-report meets the defects of its row", how="builds")
    def report(t):
        out = t.expect("kernel-report", ["scripts/kernel-report", f"--build={BUILD}", "--target=setup", "--cases=2000",
                                         "--only=^S2$", f"--linux={tree}"], r": S1 S2 .*; as expected\n", limit=3600)
        path = re.search(r"^reports to be read, and mailed: (\S+-SETUP-S2\.txt)$", out, re.M)
        text = text_of(path.group(1)) if t.check("one report", path, out) else ""
        for words in ("arch/x86/xen/setup.c, ", "Seen as SETUP_RAM_HAS_FRAME:\n  op 0 of 2: the boot\n",
                      "xen_memory_setup (line ", "  e820 0x80800 0x1f8000 usable\n", "Versions that show it:\n  3.3.8 ", "not reported"):
            t.check(f"it says {words!r}", words in text, text)

    @test(f"setup {tree}: kernel-report shows a defect that is not known", how="builds", tier="all")
    def unknown(t):
        folder = copied(t, tree, "linux-9.9")
        what, pattern, replacement, _ = SLIPS[0]
        path = f"{folder}/arch/x86/xen/setup.c"
        write(path, planted(text_of(path), pattern, 0, replacement))
        t.expect(what, ["scripts/kernel-report", f"--build={BUILD}", "--target=setup", "--cases=60000",
                        f"--linux={folder}"], r"NOT A KNOWN DEFECT: SETUP_\w+\n    geometry tiny\n", status=1,
                 limit=3600)

    @test(f"setup {tree}: a vendor's setup.c that does not compile here", how="builds", tier="all")
    def vendor(t):
        folder = copied(t, tree, "linux-9.8")
        write(f"{folder}/arch/x86/xen/setup.c", text_of(f"{folder}/arch/x86/xen/setup.c") + "int vendor = its_own;\n")
        command = ["scripts/linux", f"--build={BUILD}", "--tool", f"--linux={folder}"]
        t.expect("it is said", command, r"no target setup: setup.c, line \d+, does not compile here", limit=3600)
        t.expect("once", command, r"\A/\S+\n\Z", limit=3600)

    @test(f"setup {tree}: coverage of its file", how="builds", tier="all", needs=("llvm-cov-14",))
    def coverage(t):
        out = t.run(["scripts/coverage", f"--build={BUILD}", "--target=setup", "--subject=linux", f"--linux={tree}",
                     "--time=20", f"--known={MASKS}"], limit=3600).out
        found = re.findall(r"^  setup.c +lines +(\d+)/(\d+)", out, re.M)
        reached = [int(lines) / int(of) for lines, of in found]
        t.check("with fuzzing nine tenths of the lines", len(reached) == 2 and reached[1] >= 0.9, out)
        t.check("the rest is listed", "coverage: 0 unexplained runs" in out, out)


# ---- real maps ----

def pages_of(text, word):
    """[(start, end)] of the lines that begin with the word; `on` is the end of all."""
    return [(int(start, 16), 1 << 52 if end == "on" else int(end, 16))
            for start, end in re.findall(rf"^{word} *(0x[0-9a-f]+) (0x[0-9a-f]+|on)$", text, re.M)]


def within(page, ranges):
    return any(start <= page < end for start, end in ranges)


def unexplained(map_text, core, boot, pages, domu):
    """Pages that only one of the two makes identity, without a declared reason: a page that is RAM in part is identity
    for the kernel; RAM above the reservation is left out there; in a domU the core begins at 1 MiB, and the kernel
    takes unusable memory for firmware.
    """
    entries = [(int(start, 16), int(end, 16), kind)
               for start, end, kind in re.findall(r"^e820 (0x[0-9a-f]+) (0x[0-9a-f]+) (\S+)$", map_text, re.M)]
    kernel, extra = pages_of(boot, "identity"), pages_of(boot, "extra memory")
    end = max(stop for _, stop, _ in entries) // 4096
    edges = {edge for ranges in (core, kernel, extra) for pair in ranges for edge in pair} | {pages}
    edges |= {at // 4096 + up for start, stop, _ in entries for at in (start, stop) for up in (0, 1)}
    found = []
    for page in sorted(edge for edge in edges if edge < min(end, 1 << 26)):
        if within(page, core) == within(page, kernel) or (domu and page < 0x100 and not within(page, core)):
            continue
        parts = [(start, stop, kind) for start, stop, kind in entries
                 if start < (page + 1) * 4096 and stop > page * 4096]
        whole = any(start <= page * 4096 and stop >= (page + 1) * 4096 for start, stop, _ in parts)
        memory = parts and all(kind in ("usable", "unusable") for _, _, kind in parts)
        left_out = memory and page >= pages and not within(page, extra)
        unusable = domu and any(kind == "unusable" for _, _, kind in parts)
        if within(page, core) or not (left_out or unusable or (not whole and parts)):
            found.append(f"page 0x{page:x}: identity by {'the core' if within(page, core) else 'the kernel'} alone")
    return found


WORDS = {"acpi": "ACPI data", "nvs": "ACPI NVS"}


def log_of(case):
    """The map of a case as a kernel prints it."""
    return "".join(f"BIOS-e820: [mem 0x{int(start, 16):016x}-0x{int(end, 16) - 1:016x}] "
                   f"{WORDS.get(kind, f'type {kind}' if kind.isdigit() else kind)}\n" for start, end, kind in
                   re.findall(r"^e820 (0x[0-9a-f]+) (0x[0-9a-f]+) (\S+)$", case, re.M))


GUESTS = ((0x4000, False), (0x20000, False), (0x70000, False), (0x100000, False), (0x20000, True))


def compare(t, program, case, pages, domu):
    """True if the guest booted."""
    name, path = f"{os.path.basename(case)}, {'domU' if domu else 'dom0'} of 0x{pages:x}", f"{t.folder}/map.log"
    write(path, log_of(text_of(case)))
    options = ["--domu"] * domu
    core = [tuple(int(word, 16) for word in line.split())
            for line in t.run([program, "e820", "--ranges", *options, path]).out.splitlines() if line.startswith("0x")]
    boot = t.run([program, "e820", "--linux=this", f"--pages=0x{pages:x}", *options, path]).out
    match = re.search(r"^dom[0U] with (0x[0-9a-f]+) pages", boot, re.M)
    if match:
        found = unexplained(text_of(case), core, boot, int(match.group(1), 16), domu)
        t.check(f"{name}: the same pages are identity", not found, "\n".join(found[:5]))
    t.check(f"{name}: it boots, or the machine is too small", "no invariant violated" in boot
            and (match or "it does not boot: the machine has too little RAM" in boot), boot[-600:])
    return bool(match)


def maps_on(tree, name, step, tier, guests):
    @test(f"setup {tree}: {name} real maps beside the core", how="builds", tier=tier)
    def maps(t):
        program, booted = tool(t, tree), 0
        paths = sorted(glob.glob(f"{ROOT}/corpus/e820/*.txt"))[::step]
        for number, path in enumerate(paths):
            booted += any([compare(t, program, path, *guest) for guest in guests(number)])
        t.check("nearly all of them boot", booted >= len(paths) - 2, str(booted))


# ---- slips ----

def slip_is_found(t, tree, slip):
    what, pattern, replacement, invariant = slip
    source, folder = os.path.abspath(prepared(t, tree)), f"{BUILD}/setup-slip"
    text = planted(text_of(f"{source}/setup/setup.c"), pattern, 0, replacement)
    if not t.check(f"{what}: the place is there", text is not None):
        return
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("include", "kernel", "setup", "setup-include"):
        shutil.copytree(f"{source}/{part}", f"{folder}/{part}")
    shutil.copy(f"{source}/features.h", folder)
    write(f"{folder}/setup/setup.c", text)
    program = f"{folder}/fuzz/tiny/setup_tiny"
    t.make(f"{what}: it is built", ["-s", "SUBJECT=linux", f"LINUX_FOLDER={folder}", program])
    done = t.run([os.path.abspath(program), "-seed=1", f"-runs={SLIP_RUNS}"], cwd=t.folder,
                 env={**os.environ, "P2MCHECK_KNOWN": MASKS})
    named = re.findall(r"^p2mcheck: ([A-Z_]+): ", done.out, re.M)
    t.check(f"{what}: {invariant}", done.status and named[:1] == [invariant], f"{named[:1]}\n{done.out[-600:]}")
    shutil.rmtree(folder)


def slips_of(tree):
    @test(f"setup {tree}: slips in setup.c are found", how="builds", tier="all")
    def slips(t):
        moves = "xen_do_remap_nonram(" in text_of(f"{prepared(t, tree)}/setup/setup.c")
        for slip in SLIPS + MOVES * moves:
            slip_is_found(t, tree, slip)


for TREE in trees():
    defects_of(TREE)
    report_of(TREE)
    maps_on(TREE, "some", 12, "test", lambda number: GUESTS[number % len(GUESTS):][:1])
    maps_on(TREE, "all", 1, "all", lambda _: GUESTS)
    slips_of(TREE)
