# SPDX-License-Identifier: GPL-2.0-or-later
"""Slips planted in the text of a kernel's file: each is one changed token, and random cases find it.

A slip is a pattern of identifiers, the number of its occurrence, and what stands there instead. It is
made in a copy below the build folder.
"""

import os
import re
import shutil

from harness import BUILD, test, text_of, write
from test_linux import prepared, trees

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
    ("the last frame of the machine is unknown", "page.h", r"mfn >= machine_to_phys_nr", 0, "mfn + 1 >= machine_to_phys_nr",
     VIEWS),
    ("an offset is lost", "page.h", r"\| offset", 0, "| 0", VIEWS),
    ("what is missing is valid", "page.h", r"return __pfn_to_mfn\(pfn\) != INVALID_P2M_ENTRY", 0, "return 1", VIEWS),
    ("the dump ends early", "p2m.c", r"pfn < xen_p2m_size; pfn\+\+", 1, "pfn + 1 < xen_p2m_size; pfn++", VIEWS),
    ("the dump calls foreign frames identity", "p2m.c", r"mfn & IDENTITY_FRAME_BIT", 0, "mfn & FOREIGN_FRAME_BIT", None),
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
    t.expect(what, [os.path.abspath(f"{made}/gcc/tiny/props_tiny"), "--cases=2000"],
             f"p2mcheck: {invariant or '[A-Z]'}", status=1, cwd=t.folder, env={**os.environ, "P2MCHECK_KNOWN": known})
    shutil.rmtree(made)


def slips_in(tree, name, slips, known):
    @test(f"kernel {tree}: slips in {name} are found", how="builds", tier="all")
    def find(t):
        for slip in slips:
            is_found(t, tree, slip, known)


for TREE in trees():
    slips_in(TREE, "4tools", TOOLS4, "B5,C3,C6,F4,F12")
    slips_in(TREE, "other views", OTHERS, "B5,C3,C6,F4,F12")
