# SPDX-License-Identifier: GPL-2.0-or-later
"""Who calls a function of the kernel's p2m.c: a search in a kernel tree for its name, without comments and strings.

A function that is stored in a pointer, or that a macro calls, has callers under another name: that name is searched as
well, once. It is a search of text, and not a compiler: what a configuration leaves out is listed, too.
"""

import collections
import functools
import os
import re

from p2mcheck.files import read_text
from p2mcheck.linux.c_text import blanked
from p2mcheck.processes import output

FOLDERS = ("arch/x86", "drivers", "include", "kernel", "mm", "init", "net", "sound", "fs")
MOST = 20  # lines that are listed of one function

# One use of a name: `kind` is call, pointer or macro; `by`: the name under which it is used from there.
Use = collections.namedtuple("Use", "path line function kind by text")


def head_of(lines, number):
    """The function, or macro, in which line `number` is: (kind, name); ("", "") outside."""
    first = number
    while first and lines[first - 1].endswith("\\"):
        first -= 1
    macro = re.match(r"\s*#\s*define\s+(\w+)", lines[first])
    if macro:
        return "macro", macro.group(1)
    for at in range(number - 1, -1, -1):
        if lines[at].startswith("}"):
            return "", ""
        if lines[at].startswith("{"):
            first = at
            while first and re.search(r"[\w,*)]\s*$", lines[first - 1]):  # neither blank nor the end of something else
                first -= 1
            names = re.findall(r"\b(\w+)\s*\(", " ".join(lines[first:at]))
            return "function", next((name for name in names if name not in ("__attribute__", "__section")), "")
    return "", ""


def use_in(path, lines, number, name):
    """The use of the name in a line, or None: it is declared or defined there."""
    code = lines[number]
    kind, function = head_of(lines, number)
    told = (path, number + 1, function)
    if kind == "macro":
        return None if function == name else Use(*told, "macro", function, "")
    stored = re.search(rf"(\w+)\s*=\s*&?{name}\b(?!\s*\()", code)
    if stored:
        return Use(*told, "pointer", stored.group(1), "")
    if not function:
        return None
    return Use(*told, "call" if re.search(rf"\b{name}\s*\(", code) else "pointer", "", "")


def pasted(tree, name):
    """A macro that makes NAME_show out of NAME, as a line; files of debugfs are made so."""
    path = "arch/x86/xen/p2m.c"
    lines = read_text(f"{tree}/{path}").splitlines() if name.endswith("_show") else []
    return [f"    {path}:{number}: {line}  (a macro that adds _show to a name)" for number, line in enumerate(lines, 1)
            if re.match(rf"[A-Z_]+\({name[:-len('_show')]}\)", line)]


@functools.lru_cache(None)
def uses(tree, name):
    """[Use] of the name in the tree."""
    there = [folder for folder in FOLDERS if os.path.isdir(f"{tree}/{folder}")]
    _, files = output(["grep", "-rlw", "--include=*.[ch]", name, *there], cwd=tree)
    found = []
    for path in sorted(line for line in files.splitlines() if "/arm" not in line):
        text = read_text(f"{tree}/{path}")
        lines, shown = blanked(text).splitlines(), text.splitlines()
        for number, line in enumerate(lines):
            use = use_in(path, lines, number, name) if re.search(rf"\b{name}\b", line) else None
            if use:
                found.append(use._replace(text=shown[number].strip()))
    return found


def lines_for(tree, name, without=()):
    """The list of one function, to be printed. `without`: uses that were listed before, by another name of it."""
    found = [use for use in uses(tree, name) if use[:2] not in without]
    out = pasted(tree, name)
    for use in found[:MOST]:
        what = {"call": "", "pointer": "  (its address is taken)", "macro": f"  (the macro {use.by})"}[use.kind]
        out.append(f"    {use.path}:{use.line}: {use.function + ': ' if use.function else ''}{use.text}{what}")
    out += [f"    and {len(found) - MOST} more"] * (len(found) > MOST)
    for by in dict.fromkeys(use.by for use in found if use.by and not without):
        listed = tuple(use[:2] for use in found)
        out += [f"    by the name {by}:", *[f"  {line}" for line in lines_for(tree, by, listed) or ["    none found"]]]
    return out


def text(tree, names):
    """Callers of these functions; what was searched."""
    if not os.path.isdir(f"{tree}/drivers"):
        return ["  LINUX has only the two files, so there are no callers to search: give a whole tree"]
    out = []
    for name in names:
        found = lines_for(tree, name)
        out += [f"  {name}:" + " none found" * (not found), *found]
    there = " ".join(folder for folder in FOLDERS if os.path.isdir(f"{tree}/{folder}"))
    return [*out, f"  Searched by name: *.c and *.h of {there};",
            "  pointers and macros once further. Whether a caller can make this very",
            "  sequence was not tried."]
