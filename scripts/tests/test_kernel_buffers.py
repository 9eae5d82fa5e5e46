# SPDX-License-Identifier: GPL-2.0-or-later
"""Store buffers of a kernel's file: litmus tests by its recipe, and a defect that only a store buffer shows.

The defect is planted in a copy of the file's text: max_pfn is published by a store and verified by a load
behind it. With a full barrier between the two it would be right.
"""

import os
import re
import shutil

from harness import BUILD, test, text_of, write
from test_linux import MASKS, prepared, trees

MODES = ("as-written", "as-optimised")
RAISED = r"xen_p2m_last_pfn = ([^;]*);\s*\S+max_pfn = xen_p2m_last_pfn;"
VERIFIED = (r"unsigned long end = \1, last = xen_p2m_last_pfn;"
            " while (last < end && cmpxchg(&xen_p2m_last_pfn, last, end) != last) last = xen_p2m_last_pfn;"
            " do {{ last = xen_p2m_last_pfn; HYPERVISOR_shared_info->arch.max_pfn = last; {} }}"
            " while (xen_p2m_last_pfn != last);")
CASE = "p2m-case 2\ngeometry tiny\nboot nr_pages=0x8 tso\nat *{} set 0x48 mfn 0x0\nset 0x40 mfn 0x0\n"


def litmus(tree, mode):
    @test(f"kernel {tree}, {mode}: store buffers are x86's", how="builds")
    def run(t):
        folder = t.run(["scripts/linux", f"--build={BUILD}", f"--linux={tree}", f"--mode={mode}"]).out.strip()
        program = f"{folder}/gcc/tiny/unit-test_store_buffer"
        t.make("the litmus tests", ["-s", "SUBJECT=linux", f"LINUX_FOLDER={folder}", program])
        t.expect("they come out as those of an abstract machine", [program], r"1 test\(s\) run")


def built(t, tree, name, barrier):
    """p2m-case with the defect, or with the barrier that it lacks; None if it does not apply."""
    source, folder = prepared(t, tree), f"{BUILD}/buffers/{name}"
    text, count = re.subn(RAISED, VERIFIED.format(barrier), text_of(f"{source}/kernel/p2m.c"))
    if count != 1:
        return None
    os.makedirs(folder, exist_ok=True)
    shutil.copy(f"{source}/kernel/page.h", f"{folder}/page.h")
    write(f"{folder}/p2m.c", text)
    made = prepared(t, folder)
    t.make(f"{name}: it is built", ["-s", "SUBJECT=linux", f"LINUX_FOLDER={made}", f"{made}/p2m-case"])
    return f"{made}/p2m-case"


def verified_max(tree):
    @test(f"kernel {tree}: a defect that only a store buffer shows", how="builds")
    def find(t):
        slip = built(t, tree, "unfenced", "")
        if not slip:
            t.skip("this version does not raise max_pfn")
        known = ",".join(mask for mask in MASKS.split(",") if mask != "F9")  # its window is the same
        env = {**os.environ, "P2MCHECK_KNOWN": known}
        kept, drained = (t.path(name, CASE.format(keep)) for name, keep in (("kept.txt", "~"), ("drained.txt", "")))
        output = t.expect("at some point", [slip, "run", kept], "p2mcheck: TOOLSTACK_SEES_ALL", status=1, env=env)
        t.check("what was in the buffer", "in its store buffer, oldest first: p2m.c:" in output, output)
        t.expect("without a buffer at no point", [slip, "run", drained], "no invariant violated", env=env)
        fenced = built(t, tree, "fenced", "mb();")
        t.expect("with a barrier at no point", [fenced, "run", kept], "no invariant violated", env=env)


for TREE in trees():
    verified_max(TREE)
    for MODE in MODES:
        litmus(TREE, MODE)
