# SPDX-License-Identifier: GPL-2.0-or-later
"""The report on one finding in a kernel, ready to be mailed: build/kernel-report/VERSION-ID.txt, and beside it
VERSION-ID.c, a program that shows it. Nothing is sent.
"""

import functools
import os
import re
import tempfile

from p2mcheck.files import Failure, write
from p2mcheck.linux import defects, prepare, reproducer
from p2mcheck.processes import output
from p2mcheck.programs import MODES

# The kernel's function for each op, in the linear era and before.
FUNCTIONS = {"set": "set_phys_to_machine", "__set": "__set_phys_to_machine", "range": "set_phys_range_identity",
             "resume": "xen_build_mfn_list_list", "grant_map": "set_foreign_p2m_mapping",
             "grant_unmap": "clear_foreign_p2m_mapping", "get": "get_phys_to_machine", "pfn_to_mfn": "pfn_to_mfn"}
OVERRIDES = {"grant_map": "m2p_add_override", "grant_unmap": "m2p_remove_override"}
MOST = 20  # callers that are listed of one function
ALWAYS = ("The page allocator, the hypervisor, the toolstack and setup.c are stand-ins of the harness.",
          "A table of few PFNs: the sizes of pages and of the table are the harness's, the code is the kernel's.")
LINEAR = "Page tables are emulated: a store to a page that is mapped read-only answers as the exception table would."


def functions_of(lines, text):
    """The kernel's functions that a case calls."""
    ops = [words[2] if words[0] == "at" else words[0] for words in map(str.split, lines[2:])]
    old = "set_foreign_p2m_mapping" not in text
    names = [OVERRIDES[op] if old and op in OVERRIDES else FUNCTIONS[op] for op in ops if op in FUNCTIONS]
    return list(dict.fromkeys(names or ["xen_build_dynamic_phys_to_machine"]))


def callers(tree, function):
    """Lines `FILE:LINE: text` of the tree that call the function; None if the tree has nothing but the two files."""
    folders = [folder for folder in ("arch/x86", "drivers", "include/xen") if os.path.isdir(f"{tree}/{folder}")]
    if not os.path.isdir(f"{tree}/drivers"):
        return None
    _, found = output(["grep", "-rnw", "--include=*.[ch]", function, *folders], cwd=tree)
    calls = [line for line in found.splitlines() if re.search(rf"\b{function}\s*\(", line)]
    other = re.compile(r":\d+:\s*(?:extern|static|inline|bool|int|void|unsigned|EXPORT|" + function + r"\((?:struct|unsigned)|\*|//|/\*)|/arm/|\"" + function)
    return [re.sub(r":\s+", ": ", line, count=1) for line in calls if not other.search(line)]


def callers_text(tree, names):
    out = []
    for name in names:
        found = callers(tree, name)
        if found is None:
            return ["  LINUX has only the two files, so there are no callers to search: give a whole tree"]
        out += [f"  {name}:" + " none found" * (not found), *[f"    {line}" for line in found[:MOST]]]
        out += [f"    and {len(found) - MOST} more"] * (len(found) > MOST)
    return out


def where_text(defect, p2m):
    """The functions, with their lines in this tree."""
    lines = p2m.splitlines()
    places = [(name, next((number for number, line in enumerate(lines, 1)
                           if re.match(rf"[a-z].*\b{re.escape(name)}\(", line) and not line.rstrip().endswith(";")), 0))
              for name in (defect.where.split(", ") if defect else ())]
    return "  " + (", ".join(f"{name} (line {number})" for name, number in places if number) or "see above")


def versions_text(name):
    rows = [row for row in defects.versions() if row.defects is not None]
    showing = [row.name for row in rows if name in row.defects]
    if not showing:
        return f"  no measured version of versions.txt has it ({len(rows)} are measured)"
    return f"  from {showing[0]} to {showing[-1]}, of {len(rows)} measured versions: {' '.join(showing)}"


@functools.lru_cache(None)
def optimised(build, tree):
    """The programs with this tree as optimised."""
    programs = prepare.programs(build, tree, "", MODES[1])
    programs.make(programs.p2m_case(), shown=False)
    return programs


def optimised_text(args, row, found):
    """Does the case show as optimised, too? An overlap is tried at each of the first sync points."""
    try:
        programs = optimised(args.build, row["tree"])
    except Failure as failure:
        return f"  not tried: {failure}"
    bare = [re.match(r"at [\d,]+ ", line) for line in found["case"]]
    for point in range(65 if any(bare) else 1):
        lines = [re.sub(r"^at \d+", f"at {point}", line) if point else line for line in found["case"]]
        invariant, _ = defects.outcome(programs.p2m_case(), found["known"], lines)
        if invariant == found["invariant"]:
            return "  yes, by clang -O2" + f", the switch moved to sync point {point}" * bool(point)
    return "  no, by clang -O2" + ", at none of the first 64 sync points" * any(bare)


def calls_text(lines, names):
    out = [f"  {line}" for line in lines]
    if any(line.startswith("at ") for line in lines):
        out.append("  (`at N CALL`: another CPU makes this call at the N-th sync point, an access to memory, of the next call)")
    return [*out, f"  functions of the kernel: {', '.join(names)}"]


def shim_text(defect, linear):
    return [f"  {line}" for line in (*ALWAYS, *[LINEAR] * linear, *[defect.assumes] * bool(defect and defect.assumes))]


def reproducer_text(programs, row, found, base):
    """Writes the program, compiles and runs it."""
    tree = os.path.abspath(prepare.load(row["tree"], programs.build)[0])
    line = reproducer.line_for(os.path.basename(base), "TREE")
    code = reproducer.source(programs.folder, found["case"][0].split()[1], found["invariant"], found["case"],
                             f"{row['version']}: {found['invariant']}. Compile and run it, TREE is the kernel:\n\n    {line}")
    if not code:
        return [f"  none: only the harness judges {found['invariant']}, or makes such a case"]
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
    names = functions_of(found["case"], p2m)
    text = [f"{prepare.P2M}, {row['version']}: {defect.happens if defect else 'not a known defect'}", "",
            "What a user loses:", f"  {defect.loses if defect else 'not known yet'}", "",
            f"Seen as {found['invariant']}:", *[f"  {line}" for line in found["report"] if not line.startswith("target ")], "",
            "Where:", where_text(defect, p2m), "",
            "The shortest sequence:", *calls_text(found["case"], names), "",
            "Callers in the tree:", *callers_text(tree, names), "",
            "Versions that show it:", versions_text(name), "",
            "Reported, fixed:", f"  {defect.reported if defect else 'not reported'}", "",
            "It depends on:", *shim_text(defect, "xen_p2m_addr" in p2m), "",
            "As optimised:", optimised_text(args, row, found), "",
            "Reproducer:", *reproducer_text(programs, row, found, base)]
    write(f"{base}.txt", "\n".join(text) + "\n")
    return f"{base}.txt"
