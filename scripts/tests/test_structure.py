# SPDX-License-Identifier: GPL-2.0-or-later
"""The structure that the sources must keep: which room may include which, and one list of targets.

Each check is a function of a folder, so that the tests of these tests can plant faults in a copy.
"""

import glob
import json
import os
import re
import shutil

from harness import BUILD, ROOT, test, text_of, write

# Room (a folder or a file): what it may include. Arrows are transitive; the longest name that fits is the room.
ARROWS = {
    "core": "",
    "props/base": "core",
    "props/case": "props/base",
    "props/host": "props/case",
    "props/oracle": "props/case",
    "props/subject.h": "props/host",
    "props/judges": "props/host",
    "props/check": "props/host props/oracle props/subject.h props/judges",
    "props/run": "props/check",
    "props/report": "props/check",
    "props/explore": "props/run",
    "props/subjects": "props/subject.h",
    "props/subjects/canary.c": "props/subjects props/check",
    "props/subjects/broken.c": "props/subjects props/check",
    "props/subjects/linux": "props/subjects props/check",
    "props/proofs": "core",
    "props/threads": "core props/base",
    "props/peers": "core props/base",
    "props/cli": "props/run props/report props/explore props/subjects",
    "props/tests": "props/cli props/subjects/linux",
    "fuzz": "props/tests",
}
TARGET = re.compile(r'^TARGET\((\w+), *(\w+), *(\w+), *"([^"]*)", *"([^"]*)", *([01])\)', re.M)


def room(path):
    """The longest entry of the table that is this file or a folder around it."""
    return max((name for name in ARROWS if f"{path}/".startswith(name + "/")), key=len, default=None)


def reach(name, seen=()):
    """Itself and what its arrows lead to; a cycle among the arrows is an error."""
    if name in seen:
        raise ValueError(f"the arrows have a cycle: {' -> '.join((*seen, name))}")
    return {name}.union(*(reach(other, (*seen, name)) for other in ARROWS[name].split()))


def wrong_includes(folder):
    """Each #include "..." that the table does not allow, as FILE:LINE: reason."""
    sources = [path for top in ("core", "props", "fuzz") for path in glob.glob(f"{folder}/{top}/**", recursive=True)]
    for path in sorted(path for path in sources if re.search(r"\.(c|h|cc|inc)$", path)):
        name, here = os.path.relpath(path, folder), os.path.dirname(path)
        for number, line in enumerate(text_of(path).splitlines(), 1):
            found = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not found:
                continue
            beside = f"{here}/{found[1]}"
            target = os.path.relpath(beside, folder) if os.path.exists(beside) else found[1]
            if not os.path.exists(f"{folder}/{target}"):
                yield f"{name}:{number}: missing {target}"
            elif not room(name) or not room(target):
                yield f"{name}:{number}: {target if room(name) else name} is in no room"
            elif room(target) not in reach(room(name)):
                yield f"{name}:{number}: {room(name)} must not include {target}"


@test("includes follow the arrows among the rooms", tier="scripts")
def arrows(t):
    for name in ARROWS:
        reach(name)
    t.check("the tree has includes", len(glob.glob(f"{ROOT}/core/*.h")) > 3)
    wrong = list(wrong_includes(ROOT))
    t.check(f"{len(wrong)} includes against the arrows", not wrong, "\n".join(wrong))


@test("a wrong include is reported", tier="scripts")
def planted_include(t):
    for name, text in (("core/p2m.h", ""), ("props/base/verdict.h", '#include "core/p2m.h"\n'),
                       ("props/run/run.c", '#include "props/check/run.h"\n#include "props/base/verdict.h"\n'),
                       ("props/check/run.h", '# include "other.h"\n'), ("props/check/other.h", '#include <stdio.h>\n'),
                       ("props/subjects/canary.c", '#include "props/check/run.h"\n'), ("fuzz/p2m-case/main.c", "")):
        os.makedirs(os.path.dirname(t.path(name)), exist_ok=True)
        t.path(name, text)
    t.check("a right tree", not list(wrong_includes(t.folder)), str(list(wrong_includes(t.folder))))
    for name, include, says in (
            ("props/base/verdict.h", "props/check/run.h", ":1: props/base must not include props/check/run.h"),
            ("core/p2m.h", "props/base/verdict.h", ":1: core must not include"),
            ("props/subjects/example.c", "props/check/run.h", ":1: props/subjects must not include"),
            ("props/check/run.h", "nowhere.h", ":1: missing nowhere.h"),
            ("props/stray.c", "core/p2m.h", ":1: props/stray.c is in no room")):
        before = text_of(t.path(name)) if os.path.exists(t.path(name)) else None
        t.path(name, f'#include "{include}"\n')
        found = list(wrong_includes(t.folder))
        t.check(f"{name} includes {include}", len(found) == 1 and found[0].startswith(name + says), str(found))
        write(t.path(name), before or "")
    ARROWS["core"] = "fuzz"
    try:
        reach("props/run")
        t.check("a cycle among the arrows", False)
    except ValueError as error:
        t.check("a cycle among the arrows", "core -> fuzz -> " in str(error), str(error))
    finally:
        ARROWS["core"] = ""


# ---- what the engine and the sanitizers see ----

# These are a part of what is tested.
INSTRUMENTED = ("props/base/planted.h", "props/subjects/linux/shim.h", "props/subjects/linux/grants.h",
                "props/subjects/linux/setup/shim.h")


def instrumented(folder):
    """Each function in a header of the harness that an engine would count: file:line."""
    paths = (path for room in ("props", "fuzz") for path in glob.glob(f"{folder}/{room}/**/*.h", recursive=True))
    for path in sorted(paths):
        inside = False
        for number, line in enumerate(text_of(path).splitlines(), 1):
            inside = line == "UNINSTRUMENTED_BEGIN" or (inside and line != "UNINSTRUMENTED_END")
            name = os.path.relpath(path, folder)
            if re.match(r"static inline ", line) and not inside and name not in INSTRUMENTED:
                yield f"{name}:{number}"


@test("functions in headers of the harness are not instrumented", tier="scripts")
def uninstrumented_headers(t):
    """clang would not inline them either: each call would count edges and check addresses."""
    found = list(instrumented(ROOT))
    t.check(f"{len(found)} are", not found, "\n".join(found))
    os.makedirs(t.path("props/case"))
    write(t.path("props/case/ops.h"), "static inline int f(void);\nUNINSTRUMENTED_BEGIN\nstatic inline int g(void);\n"
                                      "UNINSTRUMENTED_END\nstatic inline int h(void);\n")
    t.check("two of three", list(instrumented(t.folder)) == ["props/case/ops.h:1", "props/case/ops.h:5"])


# ---- targets ----

def targets(folder):
    """{name: (geometries, is for services)} of fuzz/targets.def."""
    rows = TARGET.findall(text_of(f"{folder}/fuzz/targets.def"))
    return {name: (geometries.split(), service == "1") for name, _, _, geometries, _, service in rows}


def unknown_targets(t, folder):
    """Where something of a target of the list is missing."""
    found = []
    build_sh = text_of(f"{folder}/.clusterfuzzlite/build.sh")
    make = ["make", "--no-print-directory", "B=nothing-is-built"]  # make reads the dependencies of all that is built
    names = t.run([*make, "service-names"], cwd=folder).out.split()
    made = t.run([*make, "-n", f"S={t.folder}", "LIB_FUZZING_ENGINE=x", "service-targets", "fuzz-targets"], cwd=folder)
    if made.status:
        found.append(f"make: {made.out[-200:].strip()}")
    for name, (geometries, service) in targets(folder).items():
        files = [f"fuzz/target_{name}.c"]
        files += [f"fuzz/dictionaries/{name}.{end}" for end in ("dict", "options") if service]
        found += [f"{name}: missing {file}" for file in files if not os.path.exists(f"{folder}/{file}")]
        for one in (f"{name}_{geometry}" for geometry in geometries):
            for flavour in ["fuzz", "service"][:1 + service]:
                if not re.search(rf"LINK nothing-is-built/{flavour}(-harness)?/\w+/{one}\b", made.out):
                    found.append(f"{name}: make {flavour}-targets does not build {one}")
            if service and one not in names:
                found.append(f"{name}: make service-names does not name {one}")
            if service and "make -s service-names" not in build_sh and not re.search(rf"\b{one}\b", build_sh):
                found.append(f"{name}: .clusterfuzzlite/build.sh does not build {one}")
    if not any("fuzz/targets.def" in text_of(path) for path in glob.glob(f"{folder}/fuzz/p2m-case/*.[ch]")):
        found.append("p2m-case does not read fuzz/targets.def")
    return found


def copy(t):
    """The tree by links, with files of its own where the faults are planted."""
    clone = t.clone()
    for name in ("fuzz", ".clusterfuzzlite"):
        os.unlink(f"{clone}/{name}")
        shutil.copytree(f"{ROOT}/{name}", f"{clone}/{name}")
    return clone


@test("each target is known everywhere", tier="scripts")
def known_targets(t):
    names = targets(ROOT)
    lines = re.findall(r"^TARGET\(", text_of(f"{ROOT}/fuzz/targets.def"), re.M)
    t.check("every line is read", len(names) == len(lines) > 2, str(names))
    found = unknown_targets(t, ROOT)
    t.check("nothing is missing", not found, "\n".join(found))


@test("a target that is not known everywhere is reported", tier="scripts")
def planted_target(t):
    clone = copy(t)
    with open(f"{clone}/fuzz/targets.def", "a", encoding="utf-8") as file:
        file.write('TARGET(extra, OPS, core, "tiny", "", 1)\n')
    found = "\n".join(unknown_targets(t, clone))
    for what in ("missing fuzz/target_extra.c", "missing fuzz/dictionaries/extra.dict",
                 "missing fuzz/dictionaries/extra.options", "make service-targets does not build extra_tiny"):
        t.check(what, f"extra: {what}" in found, found)
    for name in ("target_extra.c", "dictionaries/extra.dict", "dictionaries/extra.options"):
        shutil.copy(f"{clone}/fuzz/{name.replace('extra', 'ops')}", f"{clone}/fuzz/{name}")
    t.check("with its files it is known", not unknown_targets(t, clone), "\n".join(unknown_targets(t, clone)))
    write(f"{clone}/.clusterfuzzlite/build.sh", "for target in ops_tiny; do :; done\n")
    t.check("build.sh", "extra: .clusterfuzzlite/build.sh does not build extra_tiny" in
            "\n".join(unknown_targets(t, clone)))


# ---- ops ----

@test("an op that a switch does not know does not compile")
def unknown_op(t):
    for name in ("core", "fuzz", "scripts", "Makefile"):
        os.symlink(f"{ROOT}/{name}", t.path(name))
    shutil.copytree(f"{ROOT}/props", t.path("props"))
    switches = {file: len(re.findall(r"^\s*case OP_GET:", text_of(f"{ROOT}/{file}"), re.M))
                for file in sorted(os.path.relpath(path, ROOT) for top in ("props", "fuzz")
                                   for path in glob.glob(f"{ROOT}/{top}/**/*.c", recursive=True))}
    switches = {file: count for file, count in switches.items() if count}
    t.check(f"{len(switches)} files have such a switch", len(switches) > 5, str(switches))
    goals = [f"build/gcc/tiny/{file[:-len('.c')]}.o" for file in switches]

    def compile_all():
        return t.run(["make", "-k", "B=build", "GCC=gcc -fsyntax-only", *goals], cwd=t.folder)
    done = compile_all()
    t.check("the tree compiles", done.status == 0, done.out)
    ops = text_of(t.path("props/case/ops.h"))
    t.path("props/case/ops.h", re.sub(r"(#define OPS\(X\) *\\\n)", r'\1    X(EXTRA, "extra", 0, 0, 0, 0) \\\n', ops))
    done = compile_all()
    for file, count in switches.items():
        errors = re.findall(rf"^{file}:.*error: enumeration value .OP_EXTRA. not handled in switch", done.out, re.M)
        t.check(f"{file}: {count} errors", len(errors) == count, done.out)


@test("p2m-case knows each target", goals=("gcc/p2m-case",))
def facts(t):
    known = json.loads(t.expect("facts", [f"{BUILD}/gcc/p2m-case", "facts"]))["targets"]
    t.check("the same list", {row["name"] for row in known} == set(targets(ROOT)), str(known))


# ---- dictionaries ----

def dictionary(name):
    """The lines KEYWORD="VALUE" as (keyword, bytes)."""
    found = re.findall(r'^(\w*)=?"(.*)"$', text_of(f"{ROOT}/fuzz/dictionaries/{name}.dict"), re.M)
    return [(keyword, value.encode().decode("unicode_escape").encode("latin-1")) for keyword, value in found]


def names_each_op(t, program, target, words):
    """Each op has one code, and the program reads it so."""
    codes = {keyword[len("op_"):]: value for keyword, value in dictionary(target) if keyword.startswith("op_")}
    t.check(f"{target}: each op, once", sorted(codes) == sorted(words), f"{codes} {words}")
    for word, code in codes.items():
        case = t.path(f"{target}_tiny-{word}")
        write(case, bytes([2]) + bytes(191) + code)
        out = t.expect(f"{target}: decode", [program, "decode", case])
        t.check(f"{target}: {word}", out.splitlines()[3].split()[0] == word, out)


@test("dictionaries name each op", goals=("gcc/p2m-case",))
def dictionaries(t):
    words = json.loads(t.expect("facts", [f"{BUILD}/gcc/p2m-case", "facts"]))["ops"]
    for target in ("ops", "e820"):
        names_each_op(t, f"{BUILD}/gcc/p2m-case", target, words)
    texts = [value.decode("latin-1") for _, value in dictionary("case")]
    for word in words:
        t.check(f"case: {word}", any(re.match(rf"{word}[ \n]", text) for text in texts), str(texts))
    options = re.findall(r"^max_len = (\d+)$", text_of(f"{ROOT}/fuzz/dictionaries/ops.options") +
                         text_of(f"{ROOT}/fuzz/dictionaries/e820.options"), re.M)
    longest = json.loads(t.expect("facts", [f"{BUILD}/gcc/p2m-case", "facts"]))["longest_input"]
    t.check("the longest input", options == [str(longest)] * 2, f"{options} {longest}")


# ---- sizes ----

@test("README and Makefile keep their sizes", tier="scripts")
def sizes(t):
    readme, makefile = text_of(f"{ROOT}/README.md").splitlines(), text_of(f"{ROOT}/Makefile").splitlines()
    t.check("README.md has at most 200 lines", len(readme) <= 200, f"{len(readme)} lines")
    t.check("Makefile has at most 150 lines", len(makefile) <= 150, f"{len(makefile)} lines")
    long = [number for number, line in enumerate(makefile, 1) if len(line) > 120]
    t.check("of at most 120 characters", not long, f"lines {long}")
