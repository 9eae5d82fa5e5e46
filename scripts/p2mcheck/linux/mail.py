# SPDX-License-Identifier: GPL-2.0-or-later
"""The report on one finding in a kernel, ready to be mailed: build/kernel-report/VERSION-ID.txt, and beside it
VERSION-ID.c, a program that shows it. Nothing is sent.
"""

import functools
import os
import re
import tempfile
import textwrap

from p2mcheck.files import Failure, write
from p2mcheck.linux import callers, defects, prepare, reproducer, sequence
from p2mcheck.processes import output
from p2mcheck.programs import MODES

ALWAYS = ("The page allocator, the hypervisor, the toolstack and setup.c are stand-ins of the harness.",
          "A table of few PFNs: the sizes of pages and of the table are the harness's, the code is the kernel's.")
LINEAR = "Page tables are emulated: a store to a page that is mapped read-only answers as the exception table would."
FIRST = ("(Nothing is sent by p2mcheck. Before you send this: can a guest, or a user",
         "without rights, make it happen? If so, or if you are not sure, write to",
         "security@xenproject.org and security@kernel.org first. Delete these lines.)")


def wrapped(text, indent="  "):
    return textwrap.wrap(text, 78, initial_indent=indent, subsequent_indent=indent)


def where_text(defect, code, otherwise):
    """The functions of a defect, with their lines in a file of this tree."""
    lines = code.splitlines()
    places = [(name, next((number for number, line in enumerate(lines, 1)
                           if re.match(rf"[a-z].*\b{re.escape(name)}\(", line) and not line.rstrip().endswith(";")), 0))
              for name in (defect.where.split(", ") if defect else ())]
    return "  " + (", ".join(f"{name} (line {number})" for name, number in places if number) or otherwise)


def functions(lines, defect, p2m):
    """Whose callers are searched: the calls of the case, and functions of the defect that other files can call."""
    inner = [name for name in (defect.where.split(", ") if defect else ())
             if re.search(rf"(?m)^(?!static)\w[\w *]*\b{re.escape(name)}\(", p2m)]
    return list(dict.fromkeys([*sequence.functions_of(lines, p2m), *inner]))


def versions_text(name):
    rows = [row for row in defects.versions() if row.defects is not None]
    showing = [row.name for row in rows if name in row.defects]
    if not showing:
        return f"  no measured version of versions.txt has it ({len(rows)} are measured)"
    spans = f"from {showing[0]} to {showing[-1]}, of {len(rows)} measured versions"
    return "\n".join(wrapped(f"{spans}: {' '.join(showing)}"))


@functools.lru_cache(None)
def optimised(build, tree):
    """The programs with this tree as optimised."""
    programs = prepare.programs(build, tree, "", MODES[1])
    programs.make(programs.p2m_case(), shown=False)
    return programs


def shows(tool, name, found, lines):
    """Does the case show the same defect? Behind its mask something else, or nothing, is violated."""
    return (defects.outcome(tool, found["known"], lines)[0] == found["invariant"]
            and not (name and defects.outcome(tool, [*found["known"], name], lines)[0] == found["invariant"]))


def optimised_text(args, row, name, found):
    """Does the case show as optimised, too? An overlap is tried at each of the first sync points."""
    try:
        programs = optimised(args.build, row["tree"])
    except Failure as failure:
        return f"  not tried: {failure}"
    bare = [re.match(r"at [\d,~]+ ", line) for line in found["case"]]
    for point in range(65 if any(bare) else 1):
        lines = [re.sub(r"^at \d+", f"at {point}", line) if point else line for line in found["case"]]
        if shows(programs.p2m_case(), name, found, lines):
            return "  yes, by clang -O2" + f", the switch moved to sync point {point}" * bool(point)
    return "  no, by clang -O2" + ", at none of the first 64 sync points" * any(bare)


def shim_text(defect, linear):
    return [line for text in (*ALWAYS, *[LINEAR] * linear, *[defect.assumes] * bool(defect and defect.assumes))
            for line in wrapped(text)]


def reproducer_text(programs, row, found, base):
    """Writes the program, compiles and runs it."""
    tree = os.path.abspath(prepare.load(row["tree"], programs.build)[0])
    line = reproducer.line_for(os.path.basename(base), "TREE")
    head = f"{row['version']}: {found['invariant']}. Compile and run it, TREE is the kernel:\n\n    {line}"
    code = reproducer.source(programs.folder, found, head)
    if not code:
        return ["  none: only the harness makes such a case"]
    write(f"{base}.c", code)
    with tempfile.TemporaryDirectory() as where:
        write(f"{where}/{os.path.basename(base)}.c", code)
        status, text = output(["sh", "-c", line.replace("K=TREE", f"K='{tree}'")], cwd=where)
    shows = "DEFECT: " in text
    return [f"  {os.path.basename(base)}.c, compiled and run by this line (TREE: the kernel):", f"    {line}",
            "  it prints:" if shows else f"  it did NOT show the defect, status {status}:",
            *[f"    {said}" for said in text.rstrip().splitlines()[-6:]]]


def mail(args, programs, row, name, found):
    """Writes both files; answers the name of the first. `name`: of the known defect, or None."""
    defect = defects.table().get(name)
    tree, p2m, _, _ = prepare.load(row["tree"], args.build)
    base = f"{args.build}/kernel-report/{row['version']}-{name or 'NEW'}"
    os.makedirs(os.path.dirname(base), exist_ok=True)
    report, old = found["report"], "set_foreign_p2m_mapping" not in p2m
    told = sequence.excerpt(p2m, report, defect.code if defect else ())
    happens = defect.happens if defect else "not a known defect"
    text = [*FIRST, "", *wrapped(f"{prepare.P2M}, {row['version']}: {happens}", ""), "",
            "What a user loses:", *wrapped(defect.loses if defect else "not known yet"), "",
            "The shortest sequence:", *wrapped(sequence.table(found["case"])),
            *[f"  {line}" for line in sequence.calls(found["case"], report, old)],
            "  What the check finds:", *[f"    {line}" for line in sequence.found_by(report)], "",
            "Where:", where_text(defect, p2m, "see above"), *[f"  {line}" for line in told], "",
            "Who makes these calls:", *wrapped(defect.reached if defect and defect.reached else "not examined"),
            *callers.text(tree, functions(found["case"], defect, p2m)), "",
            "Versions that show it:", versions_text(name), "",
            "Reported, fixed:", f"  {defect.reported if defect else 'not reported'}", "",
            "It depends on:", *shim_text(defect, "xen_p2m_addr" in p2m), "",
            "As optimised:", optimised_text(args, row, name, found), "",
            "Reproducer:", *reproducer_text(programs, row, found, base), "",
            f"The case as p2mcheck knows it, by its check {found['invariant']}:",
            *[f"  {line}" for line in found["case"]]]
    write(f"{base}.txt", "\n".join(text) + "\n")
    return f"{base}.txt"
