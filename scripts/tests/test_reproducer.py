# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that kernel-report writes, compiled by their own line: a case without a defect shows none in a kernel that
is there, with all that reproducer.inc can judge; and a page that is lost shows.
"""

import os
import re
import subprocess

from harness import BUILD, test, write
from test_linux import MASKS, trees

from p2mcheck.linux import prepare, reproducer

CASE = ("geometry micro", "boot nr_pages=0x0", "range 0x0 0x2", "set 0x4 mfn 0x1", "grant_map 0x6 1 mfn 0x8",
        "grant_unmap 0x6 1", "get 0x4", "pfn_to_mfn 0x4", "at 5,3 set 0x5 mfn 0x2", "set 0x2 mfn 0x3", "resume")


def ran(t, name, tree, invariant):
    """(status, output) of the program for CASE, as it would be mailed."""
    folder = prepare.prepare(BUILD, tree)
    code = reproducer.source(folder, {"invariant": invariant, "known": MASKS.split(","), "case": list(CASE)}, "a test")
    os.makedirs(t.path(name))
    write(t.path(f"{name}/{name}.c"), code or "")
    done = subprocess.run(["sh", "-c", reproducer.line_for(name, os.path.abspath(prepare.load(tree, BUILD)[0]))],
                          cwd=t.path(name), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
                          check=False)
    return done.returncode, done.stdout


for TREE in trees()[:1]:
    @test(f"kernel {TREE}: programs to be mailed", how="builds", needs=("clang",))
    def mailed(t):
        for invariant in ("PAGE_LEDGER", "PAGE_COST"):
            status, text = ran(t, invariant, TREE, invariant)
            t.check(f"{invariant}: no defect shows", status == 0 and "the defect does not show" in text, text)
        tree, p2m, page, _ = prepare.load(TREE, BUILD)
        slipped, count = re.subn(r"(p2m_pfn = pte_pfn\([^;]*;)", r"\1 alloc_p2m_page();", p2m)
        if not count:
            t.skip(f"{tree}: its text has no place for the slip")
        for path, text in ((prepare.P2M, slipped), (prepare.PAGE, page)):
            os.makedirs(t.path(os.path.dirname(path)), exist_ok=True)
            write(t.path(path), text)
        status, text = ran(t, "lost", t.folder, "PAGE_LEDGER")
        t.check("a page that is lost shows",
                status == 1 and re.search(r"DEFECT: \d+ pages are in use, and \d+ can be", text), text)
