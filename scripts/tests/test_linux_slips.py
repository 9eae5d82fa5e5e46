# SPDX-License-Identifier: GPL-2.0-or-later
"""Slips planted in the text of a kernel's file: each is one changed token, and random cases find it.

A slip is a pattern of identifiers, the number of its occurrence, and what stands there instead. It is
made in a copy below the build folder.
"""

import os
import re
import shutil

from harness import BUILD, test, text_of, write
from test_linux import MASKS, prepared, trees

TREE_MASKS = ("B1,B2,B3,B4,B5,B6,B7,B8,B9,B10,B11,B12,B13,B18,C1,C2,C3,C3b,C4,C5,C6,C7,C8,D1,D4,D5,"
              "E7,F5,F6")
GENERATION, BARRIER = r"HYPERVISOR_shared_info->arch\.p2m_generation\+\+;", r"\bwmb\(\);"
LOST, VIEWS = "TOOLSTACK_SEES_ALL", "OTHER_VIEWS_AGREE"

# what, file, pattern, occurrence, replacement, the invariant that names it
TOOLS4 = (
    ("a mid is exchanged at an even generation", "p2m.c", GENERATION, 0, "", LOST),
    ("the generation stays odd after a mid", "p2m.c", GENERATION, 1, "", LOST),
    ("a leaf is exchanged at an even generation", "p2m.c", GENERATION, 2, "", LOST),
    ("the generation stays odd after a leaf", "p2m.c", GENERATION, 3, "", LOST),
    ("no barrier before a mid", "p2m.c", BARRIER, 0, "", LOST),
    ("no barrier after a mid", "p2m.c", BARRIER, 1, "", LOST),
    ("no barrier before a leaf", "p2m.c", BARRIER, 2, "", LOST),
    ("no barrier after a leaf", "p2m.c", BARRIER, 3, "", LOST),
    ("the generation begins odd", "p2m.c", r"p2m_generation = 0", 0, "p2m_generation = 1", LOST),
    ("the address is the builder's list", "p2m.c", r"p2m_vaddr = [^;]*", 0, "p2m_vaddr = xen_start_info->mfn_list",
     LOST),
    ("cr3 is another page", "p2m.c", r"virt_to_mfn\(swapper_pg_dir\)", 0, "virt_to_mfn(p2m_missing)", LOST),
    ("the root is not marked as void", "p2m.c", r"frame_list_list = ~0UL", 0, "frame_list_list = 0UL", LOST),
    ("max_pfn stays behind the list", "p2m.c", r"arch\.max_pfn = xen_p2m_last_pfn", 1, "arch.max_pfn += 0", LOST),
)
OTHERS = (
    ("a frame of another domain has a PFN", "page.h", r"__pfn_to_mfn\(pfn\) != mfn", 0, "0", VIEWS),
    ("each unknown frame is identity", "page.h", r"pfn == ~0 &&", 0, "pfn == ~0 ||", VIEWS),
    ("identity counts as local", "page.h", r"__pfn_to_mfn\(pfn\) != mfn", 1, "0", VIEWS),
    ("the last frame of the machine is unknown", "page.h", r"mfn >= machine_to_phys_nr", 0,
     "mfn + 1 >= machine_to_phys_nr", VIEWS),
    ("an offset is lost", "page.h", r"\| offset", 0, "| 0", VIEWS),
    ("what is missing is valid", "page.h", r"return __pfn_to_mfn\(pfn\) != INVALID_P2M_ENTRY", 0, "return 1", VIEWS),
    ("the dump ends early", "p2m.c", r"pfn < xen_p2m_size; pfn\+\+", 1, "pfn + 1 < xen_p2m_size; pfn++", VIEWS),
    ("the dump calls foreign frames identity", "p2m.c", r"mfn & IDENTITY_FRAME_BIT", 0, "mfn & FOREIGN_FRAME_BIT",
     None),
)
NVS = (
    ("the last page is not remapped", "p2m.c", r"end_pfn = PFN_UP", 0, "end_pfn = PFN_DOWN", "GET_MATCHES_MODEL"),
    ("all pages are one frame", "p2m.c", r"\bmfn\+\+;", 0, "", "GET_MATCHES_MODEL"),
    ("the first entry is done twice", "p2m.c", r"\bremap\+\+;", 0, "", "GET_MATCHES_MODEL"),
    ("the size of an entry is lost", "p2m.c", r"\.size = size", 0, ".size = 1", "GET_MATCHES_MODEL"),
    ("what was remapped is looked up in its old place", "p2m.c", r"remap->paddr - remap->maddr", 0, "0", VIEWS),
)
EARLY = (
    ("D3: the moved list is taken for dense", "p2m.c", r"&mfn_list\[pfn_free\]", 0, "&mfn_list[pfn]", None),
    ("a leaf of the old list stays", "p2m.c", r"p2m_top\[topidx\]\[mididx\] = &mfn_list\[pfn_free\];", 0, "", None),
    ("a leaf is moved and not copied", "p2m.c", r"copy_page\(new, mid_p\);", 0, "", "GET_MATCHES_MODEL"),
    ("a reused leaf was identity", "p2m.c", r"ident_pfns \? p2m_identity : p2m_missing", 0, "p2m_missing",
     "GET_MATCHES_MODEL"),
    ("a leaf that holds a frame is reused", "p2m.c", r"inv_pfns == P2M_PER_PAGE", 0, "inv_pfns > 0", None),
    ("a list that was moved moves again", "p2m.c", r"va_start <= __START_KERNEL_map", 0, "0", "CORE_BUG"),
)
LOSERS = (  # of races that the masks leave: the winner has made all pages that they need
    ("the loser keeps its mid", "p2m.c", r"free_p2m_page\(mid\);", 0, ";", "PAGE_LEDGER"),
    ("the loser keeps its page of the MFN tree", "p2m.c", r"free_p2m_page\(mid_mfn\);", 0, ";", "PAGE_LEDGER"),
    ("the loser keeps its leaf", "p2m.c", r"free_p2m_page\(p2m\);", 0, ";", "PAGE_LEDGER"),
)
DUMP = (
    ("the dump is there before the list", "p2m.c", r"if \(!p2m_top\)\s*return 0;", 0,
     'seq_printf(m, "", 0ul, 1ul, "missing"); if (!p2m_top) return 0;', None),
    ("the file of the dump is empty", "p2m.c", r"single_open\(filp, p2m_dump_show, NULL\)", 0, "0", VIEWS),
)


def planted(text, pattern, number, replacement):
    """The text with one occurrence replaced; None if it has not that many."""
    found = list(re.finditer(pattern, text))
    if len(found) <= number:
        return None
    return text[:found[number].start()] + replacement + text[found[number].end():]


def is_found(t, tree, slip, known):
    what, name, pattern, number, replacement, invariant = slip
    source, folder = prepared(t, tree), f"{BUILD}/slips/{re.sub('[^a-z]', '', slip[0])}"
    text = planted(text_of(f"{source}/kernel/{name}"), pattern, number, replacement)
    if not t.check(f"{what}: the place is there", text is not None):
        return
    os.makedirs(folder, exist_ok=True)
    for other in ("p2m.c", "page.h"):
        write(f"{folder}/{other}", text if other == name else text_of(f"{source}/kernel/{other}"))
    made = prepared(t, folder)
    t.make(f"{what}: it is built", ["-s", "SUBJECT=linux", f"LINUX_FOLDER={made}", f"{made}/gcc/tiny/props_tiny"])
    t.expect(what, [os.path.abspath(f"{made}/gcc/tiny/props_tiny"), "--cases=20000"],
             f"p2mcheck: {invariant or '[A-Z]'}", status=1, cwd=t.folder, env={**os.environ, "P2MCHECK_KNOWN": known})
    shutil.rmtree(made)


def campaign_of(tree):
    @test(f"kernel {tree}: a campaign has a folder of its own", how="builds", tier="all")
    def campaign(t):
        clone, subject = t.clone(), ["--subject=linux", f"--linux={tree}"]
        run = ["scripts/campaign", *subject, "--on=ops_tiny", "--engines=libfuzzer", "--jobs=1"]
        folder = f"build/campaign/{os.path.basename(prepared(t, tree))}"
        t.expect("nothing is there before", ["scripts/status", *subject], f"{folder}/state.json: no campaign", status=1,
                 cwd=clone)
        t.expect("it finds nothing behind the masks", [*run, f"--known={MASKS}", "--seconds=8"], r" 0 bugs$",
                 cwd=clone)
        t.check("state and corpus are there", os.path.exists(f"{clone}/{folder}/state.json") and
                len(os.listdir(f"{clone}/{folder}/corpus/ops_tiny")) > 1)
        t.expect("status", ["scripts/status", *subject], "the last campaign is complete", cwd=clone)
        t.expect("without the masks a crasher is filed", [*run, "--seconds=8"], "again:  make repro SUBJECT=linux.* bug",
                 status=1, cwd=clone)
        t.check("it is in the same folder", bool(os.listdir(f"{clone}/{folder}/crashes")))


def coverage_of(tree, least):
    @test(f"kernel {tree}: coverage of its file", how="builds", tier="all", needs=("llvm-cov-14",))
    def coverage(t):
        output = t.run(["scripts/coverage", f"--build={BUILD}", "--subject=linux", f"--linux={tree}", "--time=5",
                        f"--known={MASKS}"]).out
        found = re.findall(r"p2m\.c +lines +(\d+)/(\d+)", output)
        t.check("by corpora, and with fuzzing", len(found) == 2 and int(found[0][0]) <= int(found[1][0]), output)
        t.check("most of it is run", len(found) == 2 and int(found[1][0]) > least * int(found[1][1]), output)
        t.check("the rest is listed", "coverage: 0 unexplained runs" in output, output)


def slips_in(tree, name, slips, known):
    @test(f"kernel {tree}: slips in {name} are found", how="builds", tier="all")
    def find(t):
        source = f"{prepared(t, tree)}/kernel"
        if all(planted(text_of(f"{source}/{slip[1]}"), *slip[2:5]) is None for slip in slips):
            t.skip(f"this version has no {name}")
        for slip in slips:
            is_found(t, tree, slip, known)


for TREE in trees():
    campaign_of(TREE)
    coverage_of(TREE, 0.97 if TREE.startswith("debian") else 0.95)
    slips_in(TREE, "4tools", TOOLS4, MASKS)
    slips_in(TREE, "other views", OTHERS, MASKS)
    slips_in(TREE, "NVS entries", NVS, MASKS)
    if not TREE.startswith("debian"):  # these are of the linear era
        slips_in(TREE, "early sets", EARLY, TREE_MASKS)
        slips_in(TREE, "lost races", LOSERS, TREE_MASKS)
        slips_in(TREE, "the dump of a tree", DUMP, TREE_MASKS)
