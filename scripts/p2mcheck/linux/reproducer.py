# SPDX-License-Identifier: GPL-2.0-or-later
"""A finding as one C file that shows it without this project: our shim, then the case as calls.

The kernel's text is not in it. One line of shell, printed at its top, takes the two files from a tree, compiles and
runs. A race makes its second call from the function second_call.
"""

import os
import re

from p2mcheck import facts
from p2mcheck.files import read_text
from p2mcheck.linux import prepare

SHIM = f"{facts.ROOT}/props/subjects/linux"
HOOKS = "-fsanitize-coverage=bb,inline-8bit-counters,pc-table,trace-loads,trace-stores"
TAKE = r"sed 's/^ *# *include.*//'"
UNFIT = {"PAGE_COST", "PAGE_LEDGER", "TREE_SHAPE", "MFN_TREE_MIRRORS"}  # only the harness judges these


def line_for(name, tree):
    """Compiles and runs it, in its own folder."""
    return (f"K={tree}; {TAKE} $K/{prepare.PAGE} $([ -f $K/{prepare.OWN} ] && echo $K/{prepare.OWN}) > page.inc; "
            f"{TAKE} $K/{prepare.P2M} > p2m.inc; "
            f"clang -std=gnu11 -w -O2 -g -fno-builtin -fno-omit-frame-pointer -fno-strict-aliasing {HOOKS} "
            f"{name}.c -o {name} && ./{name}")


def inlined(path, seen):
    """The text of a file of ours with the others that it includes."""
    folder, out = os.path.dirname(path), []
    for line in read_text(path).splitlines():
        include = re.match(r'#include "(.*)"', line)
        if line == "#include <asm/xen/page.h>":
            out += ['#include "page.inc"', inlined(f"{SHIM}/page_overrides.h", seen)]
        elif line == "#include LINUX_P2M_C":
            out.append('#include "p2m.inc"')
        elif include:
            there = f"{folder}/{include.group(1)}"
            there = there if os.path.exists(there) else f"{facts.ROOT}/{include.group(1)}"
            if there not in seen:
                seen.add(there)
                out.append(inlined(there, seen))
        elif "SPDX-License" not in line:
            out.append(line)
    return "\n".join(out)


def entry(words):
    """An entry of the text form as C: `mfn 0x1`, `foreign 0x1`, `identity`, `invalid`, `raw 0x1`."""
    return {"mfn": "{1}", "raw": "{1}ul", "foreign": "({1} | 1ul << 63)", "identity": "({0} | 1ul << 62)",
            "invalid": "~0ul"}[words[1]].format(words[0], words[2] if len(words) > 2 else "")


def call_in_c(line):
    """One op as a call of reproducer.inc; None if it has no such call."""
    words = line.split()
    if words[0] == "at":
        words = words[2:]
    named = dict(word.split("=") for word in words if "=" in word)
    words = [word for word in words if "=" not in word]
    refuse = named.pop("refuse", "0")
    slots = named.pop("slots", "0")
    calls = {"set": lambda: f"do_set({words[1]}, {entry(words[1:])}, {refuse});",
             "__set": lambda: f"do_set_noalloc({words[1]}, {entry(words[1:])});",
             "range": lambda: f"do_range({words[1]}, {words[2]});", "resume": lambda: "do_resume();",
             "grant_map": lambda: f"do_grant_map({words[1]}, {words[2]}, {words[4]}, {refuse}, {slots});"}
    return None if named or words[0] not in calls else calls[words[0]]()


def program(lines, ranges_first):
    """The C functions for a case; None if it has what reproducer.inc has not."""
    boot = lines[1].split()
    if len(boot) != 2 or any(call_in_c(line) is None for line in lines[2:]):
        return None
    early, late, calls, turns = [], ["do_publish();", "do_read_table();"], ["", ""], ""
    for line in lines[2:]:
        call = call_in_c(line)
        if line.startswith("at "):
            if turns or not re.fullmatch(r"[\d,]+", line.split()[1]):
                return None
            turns, calls[1] = line.split()[1], call
        elif turns and not calls[0]:
            calls[0] = call
            late.append(f"do_overlap((const unsigned[]){{{turns}}}, {turns.count(',') + 1});")
        elif line.startswith("range ") and ranges_first:
            early.append(call)
        else:
            late.append(call)
    body = "\n    ".join([f"do_boot({boot[1].partition('=')[2]});", *early, *late, "return do_finish();"])
    return (f"static void first_call(void)\n{{\n    {calls[0]}\n}}\n\n"
            f"/* Another CPU: made at the sync points of the first call that main names. */\n"
            f"static void second_call(void)\n{{\n    {calls[1]}\n}}\n\nint main(void)\n{{\n    {body}\n}}\n\nUNHOOKED_END\n")


def source(folder, geometry, invariant, lines, head):
    """The whole file; None if the case cannot be one. `folder`: of the prepared kernel; `head`: of its comment."""
    features = re.sub(r"(LINUX_NAME) .*", r'\1 "the tree"', read_text(f"{folder}/features.h"))
    linear = "#define LINUX_LINEAR 1\n" in features
    made = None if invariant in UNFIT or invariant.startswith("SANITIZER_") else program(lines, linear)
    if not made:
        return None
    shape = facts.geometries()[geometry]
    sizes = "".join(f"#define P2M_{name} {value}\n" for name, value in
                    (("TOP", shape.top), ("MID", shape.mid), ("LEAF", shape.leaf), ("WORD_BITS", shape.word_bits)))
    comment = "".join(f"// {line}".rstrip() + "\n" for line in head.splitlines())  # sed's text would end the other kind
    return (f"// SPDX-License-Identifier: GPL-2.0-or-later\n{comment}#define _GNU_SOURCE\n"
            f"#define P2M_GEOMETRY_TOKEN {geometry}\n{sizes}{features}"
            + inlined(f"{SHIM}/{'linear' if linear else 'tree'}.c", set()) + "\n"
            + inlined(f"{SHIM}/reproducer.inc", set()) + "\n" + made)
