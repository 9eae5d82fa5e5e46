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
# Walks of all pages: for these alone, so that the defect is the first thing that shows.
PAGES = re.compile("PAGE_LEDGER|TREE_SHAPE|MFN_TREE_MIRRORS|SANITIZER_")


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
    named = dict(word.split("=") for word in words if "=" in word)
    words = [word for word in words if "=" not in word]
    refuse = named.pop("refuse", "0")
    slots = named.pop("slots", "0")
    calls = {"set": lambda: f"do_set({words[1]}, {entry(words[1:])}, {refuse});",
             "__set": lambda: f"do_set_noalloc({words[1]}, {entry(words[1:])});",
             "range": lambda: f"do_range({words[1]}, {words[2]});", "resume": lambda: "do_resume();",
             "get": lambda: f"do_get({words[1]});", "pfn_to_mfn": lambda: f"do_pfn_to_mfn({words[1]});",
             "grant_map": lambda: f"do_grant_map({words[1]}, {words[2]}, {words[4]}, {refuse}, {slots});",
             "grant_unmap": lambda: f"do_grant_unmap({words[1]}, {words[2]});",
             "publish": lambda: "do_publish();"}
    return None if named or words[0] not in calls else calls[words[0]]()


def boot_of(line):
    """(do_boot, [do_nvs], flags) of the line of the boot; None if it has more."""
    words = line.split()[1:]
    nvs = [word for word in words if word.startswith("nvs=")]
    flags = {word for word in words if "=" not in word}
    if flags - {"bare", "auto_translated", "4tools"} or len(words) != 1 + len(nvs) + len(flags):
        return None
    remaps = [f"do_nvs({number}, {word[4:].replace('+', ', ')});" for number, word in enumerate(nvs)]
    return f"do_boot({words[0].partition('=')[2]}, {str('auto_translated' in flags).lower()});", remaps, flags


def told(line, alternates):
    """A call as linux_file.shows_overlapping wants it."""
    words = [word for word in line.split() if "=" not in word]
    if words[0] not in ("set", "__set"):
        return "{.kind = LINUX_OTHER}"
    return (f"{{.kind = LINUX_SET, .pfn = {words[1]}, .arg = {entry(words[1:])}, "
            f".noalloc = {int(words[0] == '__set')}, .alternates = {int(alternates)}}}")


def overlap(lines):
    """(do_overlap, first call, second call) of a line with `at` and the one behind it; None if it has more."""
    _, turns, inner = lines[0].split(None, 2)
    if len(lines) < 2 or lines[1].startswith("at ") or not re.fullmatch(r"[\d,]+", turns):
        return None
    calls = f"{told(lines[1], False)}, {told(inner, ',' in turns)}"
    return (f"do_overlap((const unsigned[]){{{turns}}}, {turns.count(',') + 1},\n"
            f"               (const struct linux_call[]){{{calls}}});", call_in_c(lines[1]), call_in_c(inner))


def steps_of(lines, ranges_first):
    """(before the publish, after it, calls that overlap); None if a line has no call."""
    early, late, calls = [], [], ("", "")
    rest = list(lines)
    while rest:
        pair = overlap(rest) if rest[0].startswith("at ") else None
        if rest[0].startswith("at ") and (not pair or calls[0]):
            return None
        if pair:
            calls = pair[1:]
            late.append(pair[0])
        else:
            (early if ranges_first and rest[0].startswith("range ") else late).append(call_in_c(rest[0]))
        rest = rest[2 if pair else 1:]
    return None if None in (*early, *late, *calls) else (early, late, calls)


def program(lines, ranges_first):
    """The C functions for a case; None if it has what reproducer.inc has not."""
    boot = boot_of(lines[1])
    bare = boot and "bare" in boot[2]
    steps = boot and steps_of([line for line in lines[2:] if line != "build"], ranges_first and not bare)
    if not steps or (bare and lines[2:3] != ["build"]):
        return None
    early, late, calls = steps
    started = ["do_read_table();", *late] if bare else [*early, "do_publish();", "do_read_table();", *late]
    body = "\n    ".join([boot[0], *boot[1], *started, "return do_finish();"])
    return (f"static void first_call(void)\n{{\n    {calls[0]}\n}}\n\n"
            f"/* Another CPU: made at the sync points of the first call that main names. */\n"
            f"static void second_call(void)\n{{\n    {calls[1]}\n}}\n\n"
            f"int main(void)\n{{\n    {body}\n}}\n\nUNHOOKED_END\n")


def settings(invariant, lines, known):
    """What the case was found behind, and what it judges."""
    masks = " | ".join(f"(uint64_t)1 << LINUX_{name}" for name in known) or "(uint64_t)0"
    return (f"#define MASKED ({masks})\n#define TOOLS4 {str('4tools' in lines[1].split()).lower()}\n"
            f"#define JUDGES_PAGES {int(bool(PAGES.match(invariant)))}\n"
            f"#define JUDGES_COST {int(invariant == 'PAGE_COST')}\n")


def source(folder, found, head):
    """The whole file; None if the case cannot be one. `folder`: of the prepared kernel; `head`: of its comment."""
    features = re.sub(r"(LINUX_NAME) .*", r'\1 "the tree"', read_text(f"{folder}/features.h"))
    lines, linear = found["case"], "#define LINUX_LINEAR 1\n" in features
    made = program(lines, "#define LINUX_RANGES_FIRST 1\n" in features)
    if not made:
        return None
    shape = facts.geometries()[lines[0].split()[1]]
    sizes = "".join(f"#define P2M_{name} {value}\n" for name, value in
                    (("TOP", shape.top), ("MID", shape.mid), ("LEAF", shape.leaf), ("WORD_BITS", shape.word_bits)))
    comment = "".join(f"// {line}".rstrip() + "\n" for line in head.splitlines())  # sed's text would end the other kind
    return (f"// SPDX-License-Identifier: GPL-2.0-or-later\n{comment}#define _GNU_SOURCE\n"
            f"#define P2M_GEOMETRY_TOKEN {shape.name}\n{sizes}{features}"
            + settings(found["invariant"], lines, found["known"])
            + inlined(f"{SHIM}/{'linear' if linear else 'tree'}.c", set()) + "\n"
            + inlined(f"{SHIM}/reproducer.inc", set()) + "\n" + made)
