# SPDX-License-Identifier: GPL-2.0-or-later
"""One atomic of core/access.h at a time is weakened, and a check must see that: ThreadSanitizer a
relaxed load and a relaxed compare-and-swap, the schedules a compare-and-swap that is a load and a
store. A relaxed store is the same machine code on x86. Part of `make test-all`.
"""

import os
import shutil

from harness import BUILD, ROOT, test
from p2mcheck import facts
from p2mcheck.files import read_text
from p2mcheck.mutants.trial import CFLAGS, UNITS

# what is replaced in core/access.h, and by what
LOAD = {"__atomic_load_n((p), __ATOMIC_ACQUIRE)": "__atomic_load_n((p), __ATOMIC_RELAXED)"}
STORE = {"__atomic_store_n((p), value_, __ATOMIC_RELEASE)": "__atomic_store_n((p), value_, __ATOMIC_RELAXED)"}
CAS = {"__ATOMIC_ACQ_REL": "__ATOMIC_RELAXED", "    __ATOMIC_ACQUIRE);": "    __ATOMIC_RELAXED);"}
NO_CAS = {"#define p2m_cas(": """#define p2m_cas(p, old, new_)              \\
    __extension__({                            \\
        __typeof__(*(p)) fresh_ = (new_);      \\
        bool same_ = p2m_load(p) == (old);     \\
        if (same_)                             \\
            p2m_store((p), fresh_);            \\
        same_;                                 \\
    })
#define unused_cas("""}
NAMES = [f"core/{unit}.c" for unit in UNITS]


def weakened(t, name, changes):
    """A copy of the core with these changes; answers the folder above it."""
    folder = t.path(name)
    shutil.copytree(f"{ROOT}/core", f"{folder}/core")
    text = read_text("core/access.h")
    for old, new in changes.items():
        t.check(f"{old} is there once", text.count(old) == 1, text)
        text = text.replace(old, new)
    with open(f"{folder}/core/access.h", "w", encoding="utf-8") as file:
        file.write(text)
    return folder


def threads(t, folder):
    """Real threads on this core for a few seconds: a command."""
    flags = "-std=gnu11 -O2 -g -fsanitize=thread -pthread".split() + [*facts.geometries()["tiny"].flags, '-DP2M_GEOMETRY="tiny"']
    sources = [f"props/threads/{name}" for name in sorted(os.listdir("props/threads")) if name.endswith(".c")]
    t.expect("it compiles", ["clang", *flags, f"-I{folder}", "-I.", "-o", f"{folder}/race",
                             *[f"{folder}/{name}" for name in NAMES], *sources])
    return [f"{folder}/race", "--rounds=60"]


def code(t, folder, compiler, geometry):
    """The machine code of the core."""
    result = ""
    for name in NAMES:
        t.expect(f"{name}, {compiler}, {geometry}",
                 [compiler, "-std=gnu11", "-O2", *facts.geometries()[geometry].flags, f"-I{folder}", "-c",
                  "-o", f"{folder}/code.o", f"{folder}/{name}"])
        printed = t.expect("objdump", ["objdump", "-dr", f"{folder}/code.o"], r"<\w+>:.*ret")
        result += printed.split("Disassembly", 1)[1]
    return result


@test("weak atomics: a relaxed load or compare-and-swap is a data race for ThreadSanitizer", tier="all", how="alone",
      needs=("clang",))
def relaxed_load(t):
    t.expect("the core as it is", threads(t, weakened(t, "sound", {})), r" 0 failures$")
    for name, changes in (("load", LOAD), ("cas", CAS)):
        t.expect(f"relaxed {name}", threads(t, weakened(t, name, changes)), "ThreadSanitizer: data race.*core/p2m.c", 66)


@test("weak atomics: a relaxed store is the same machine code", tier="all", needs=("gcc", "clang", "objdump"))
def relaxed_store(t):
    sound, store, load = (weakened(t, name, changes) for name, changes in
                          (("sound", {}), ("store", STORE), ("load", LOAD)))
    for compiler in ("gcc", "clang"):
        for geometry in ("x86_64", "x86_32"):
            same = code(t, sound, compiler, geometry)
            t.check(f"relaxed store, {compiler}, {geometry}", code(t, store, compiler, geometry) == same)
        t.check(f"the comparison sees a relaxed load, {compiler}", code(t, load, compiler, "x86_64") !=
                code(t, sound, compiler, "x86_64"))


@test("weak atomics: a load and a store for a compare-and-swap are found by schedules", tier="all",
      goals=("gcc/micro/bare-props.o",))
def no_cas(t):
    for name, changes, pattern, status in (("sound", {}, " 0 failures$", 0), ("cas", NO_CAS, "^p2mcheck: [A-Z_]+:", 1)):
        folder = weakened(t, name, changes)
        t.expect(f"{name} compiles", ["gcc", *CFLAGS, *facts.geometries()["micro"].flags, f"-I{folder}", "-I.", "-o",
                                      f"{folder}/props", f"{BUILD}/gcc/micro/bare-props.o",
                                      *[f"{folder}/{unit}" for unit in NAMES]])
        t.expect(name, [f"{folder}/props", "--cases=20000", f"--crashes={folder}"], pattern, status)
