# SPDX-License-Identifier: GPL-2.0-or-later
"""Any machine, any environment: values and paths with special characters, packages that are missing,
folders that cannot be written, locales, other compilers.
"""

import os
import re
import shutil
import subprocess
import xml.etree.ElementTree

from harness import BUILD, ROOT, make_command, test, text_of
from p2mcheck import building, files, lint

COMMANDS = re.search(r"^COMMANDS := ((?:.*\\\n)*.*)", text_of(f"{ROOT}/Makefile"), re.M)[1].replace("\\\n", "").split()
NASTY = ("$(shell touch MARK)", "$(touch MARK)", "`touch MARK`", "1; touch MARK", "a'b\"c", "$HOME", "a$$b", "#x",
         "\\$x\\\\", "(")
FUZZ = ("p2m-case", "fuzz/tiny/ops_tiny")  # what `make fuzz` builds
ODD = "o'd $d $HOME `x` (é)"  # the name of a file or a folder


def fails(t, what, argv, says, status=2, **options):
    """One line with the reason, beside make's own."""
    done = t.run(argv, **options)
    lines = [line for line in done.out.splitlines() if not line.startswith("make: ***")]
    t.check(what, done.status == status and lines == [says], f"expected {says}\n{done}")


# ---- values ----

@test("values of variables reach no shell", tier="scripts")
def values(t):
    mark = t.path("mark")
    for value in (value.replace("MARK", mark) for value in NASTY):
        says = f"fuzz: TIME={value}: choose a number from 1 up"
        fails(t, f"TIME={value}", make_command("fuzz", f"TIME={value}"), says)
    fails(t, "TIME in the environment", make_command("fuzz"), says, env={**os.environ, "TIME": value})
    for value in NASTY[:4]:
        t.run(["make", "fuzz", "TIME=x", f"TMPDIR={t.folder}", *(f"{variable}={value.replace('MARK', mark)}"
                                           for variable in ("LINUX", "CASE", "JUNIT", "CRASHES", "GCC", "B", "MARK"))])
    t.check("nothing was run", not os.path.exists(mark))


@test("names that make cannot handle", tier="scripts")
def plain_names(t):
    for name in ("build", "../a/b-1.c", "/tmp/é"):
        t.check(name, files.plain(name) == name)
    os.mkdir(t.path(ODD))
    t.path(f"{ODD}/mine.c", "int x;\n")
    link = files.plain(t.path(ODD))
    t.check("a folder", re.fullmatch(files.PLAIN, link) and os.path.samefile(link, t.path(ODD)), link)
    t.check("the same again", files.plain(t.path(ODD)) == link and files.plain(t.path(ODD + "/")) == link)
    mine = files.plain(t.path(f"{ODD}/mine.c"))
    t.check("a file in it", mine == link + "/mine.c" and text_of(mine) == "int x;\n", mine)
    os.unlink(link)
    os.symlink("/", link)
    try:
        t.check("a link to something else", not files.plain(t.path(ODD)))
    except files.Failure as failure:
        t.check("a link to something else", "remove it" in str(failure), str(failure))
    os.unlink(link)
    here = os.getcwd()
    os.chdir(t.path(ODD))
    t.check("below the current folder", files.plain(t.path(f"{ODD}/mine.c")) == "mine.c")
    os.chdir(here)


# ---- packages ----

@test("without rights, each command prints the same line", tier="scripts")
def same_line(t):
    os.mkdir(t.path("bin"))
    for name, text in (("dpkg-query", "exit 1"), ("dpkg", "echo amd64"), ("id", "echo 1000"), ("sudo", "exit 1")):
        t.path(f"bin/{name}", f"#!/bin/sh\n{text}\n")
        os.chmod(t.path(f"bin/{name}"), 0o755)
    clean = {name: value for name, value in os.environ.items() if name != "NO_SETUP"}
    env = {**clean, "PATH": f"{t.path('bin')}:{os.environ['PATH']}", "CASE": "x", "LINUX": "/x", "BASE": "HEAD",
           "GOOD": "a", "BAD": "b", "SECONDS": "1"}
    lines = {}
    for command in COMMANDS:
        if command != "test-scripts":  # builds nothing
            done = t.run(make_command(command), env=env)
            lines[command] = re.sub(r"^make: \*\*\*.*\n", "", done.out, flags=re.M)
            t.check(f"{command}: one line", done.status == 2 and lines[command].count("\n") == 1 and re.match(
                "p2mcheck: packages are missing; run as root: apt-get update && apt-get install -y "
                "--no-install-recommends [a-z]", lines[command]), done.out)
    t.check("patch is among them", " patch " in lines["test"])
    for command in ("props", "regress", "repro", "shrink", "exhaustive", "exhaustive-races", "status", "test",
                    "corpus-promote", "race", "campaign", "bugs", "bench"):
        t.check(f"{command}: the line of make fuzz", lines[command] == lines["fuzz"], lines[command] + lines["fuzz"])
    lint_line = lines["lint"].split()
    t.check("a command adds its own", set(lines["fuzz"].split()) | set(lint.PACKAGES) == set(lint_line), str(lint_line))


# ---- builds ----

@test("the compiler is CC, or whichever of gcc, clang and cc exists", tier="scripts")
def compiler(t):
    os.mkdir(t.path("bin"))
    for name in ("make", "sh", "sed", "awk", "find"):
        os.symlink(shutil.which(name), t.path(f"bin/{name}"))

    def chosen(*given):
        done = t.run(["make", "-n", "B=nothing", "nothing/gcc/tiny/core/p2m.o", *given], env={"PATH": t.path("bin")})
        return re.search(r"^(\S+) -std=", done.out, re.M)[1]
    for name in ("cc", "clang", "gcc"):
        os.symlink("/bin/true", t.path(f"bin/{name}"))
        t.check(f"{name}, and what was there", chosen() == name, chosen())
    t.check("CC", chosen("CC=cc") == "cc")
    t.check("GCC is for the other flavours", chosen("CC=cc", "GCC=clang") == "clang")



@test("a build shows a counter", tier="scripts")
def counter(t):
    t.path("Makefile", "files := a b c d\nall: $(files)\n$(files):\n\t@echo \"  CC   $@\"\n\t@touch $@\n"
                       "\t@[ $@ != b ] || echo 'b.c:1: warning: planted'\n")
    command = ["make", "-s", "-C", t.folder]
    total, made = building.count(command), []
    t.check("make -n tells the number", total == 4, str(total))
    with t.start(command) as process:
        said = building.follow(process, made.append)
    t.check("it counts", made == [1, 2, 3, 4], str(made))
    t.check("the rest is what make says", said == "b.c:1: warning: planted\n", said)
    t.check("nothing is left to do", building.count(command) == 0)
    t.expect("it is printed", ["python3", "-c", "from p2mcheck.building import Counter\nimport p2mcheck.building as b\n"
                               "b.EVERY = -1\nshow = Counter(2)\nshow(1)\nshow(2)"],
             r"\Abuild: 1 of 2 files\nbuild: 2 of 2 files\n\Z", cwd=f"{ROOT}/scripts")


@test("each recipe that builds a file is counted", tier="scripts")
def counted(t):
    """A recipe without its line would make the counter wrong."""
    done = t.run(["make", "-n", "B=nothing-is-built", "nothing-is-built/gcc/p2m-case", "fuzz-targets"])
    compiled = re.findall(r"^(?:gcc|clang|cc)\b(?:.*\\\n)?.* -o (\S+)", done.out, re.M)
    steps = building.STEP.findall(done.out)
    t.check("all of them", len(steps) == len(compiled) > 300, f"{len(steps)} of {len(compiled)}")


# ---- folders ----

@test("a folder that cannot be written", tier="scripts")
def not_writable(t):
    reason = "/dev/null/x: Not a directory; choose another folder with"
    for command in ("fuzz", "props", "exhaustive", "exhaustive-races"):
        fails(t, f"{command}: findings", make_command(command, "CRASHES=/dev/null/x"),
              f"{command}: {reason} CRASHES=FOLDER")
    for command in ("fuzz", "props", "exhaustive", "regress", "race", "repro"):
        fails(t, f"{command}: built files", ["make", "--no-print-directory", command, "B=/dev/null/x", "CASE=x",
                                             f"CRASHES={t.folder}"], f"{command}: {reason} B=FOLDER")


@test("a checkout that cannot be written", how="builds", goals=("gcc/p2m-case", "p2m-case", "fuzz/tiny/canary_tiny",
                                                                "gcc/micro/exhaustive_micro"))
def read_only(t):
    clone = t.clone()
    done = t.run(["mount", "--bind", "-o", "ro", clone, clone])
    if done.status:
        t.skip("a read-only bind mount is not allowed")
    try:
        given = [f"B={os.path.abspath(BUILD)}", f"CRASHES={t.path('found')}"]
        fails(t, "make fuzz", ["make", "fuzz"], "fuzz: crashes: Read-only file system; choose another folder with "
              "CRASHES=FOLDER", cwd=clone)
        t.expect("make regress", ["make", "regress", *given], r" 0 failures$", cwd=clone)
        t.expect("make fuzz", ["make", "fuzz", "TARGET=canary", "TIME=2", "JOBS=1", *given], "^finding: ", 2, cwd=clone)
        t.check("the finding is kept", any(name.endswith(".txt") for name in os.listdir(t.path("found"))))
    finally:
        subprocess.run(["umount", clone], check=False)


# ---- make fuzz in any environment ----

def fuzz(t, **variables):
    """In a clone; None removes a variable."""
    merged = {**os.environ, **variables}
    output = t.expect("make fuzz", ["make", "fuzz", "TIME=2", "JOBS=1"], r" 0 findings$", cwd=t.clone(),
                      env={name: value for name, value in merged.items() if value is not None})
    t.check("no warning", "warning" not in output, output)


for NAME, TIER, VARIABLES in (
        ("no HOME", "all", {"HOME": None}),
        ("no variables", "test", {name: None for name in os.environ if name != "PATH"}),
        ("LANG=C", "all", {"LANG": "C", "LC_ALL": "C"}),
        ("MAKEFLAGS=-j8", "test", {"MAKEFLAGS": "-j8"}),
        ("CC=clang", "all", {"CC": "clang"})):
    test(f"make fuzz: {NAME}", tier=TIER, how="builds", goals=FUZZ)(lambda t, given=VARIABLES: fuzz(t, **given))


@test("make fuzz: a locale with decimal commas", tier="all", how="builds", goals=FUZZ)
def commas(t):
    known = t.run(["locale", "-a"]).out.split()
    name = next((name for name in ("de_DE.utf8", "fr_FR.utf8", "ru_RU.utf8") if name in known), None)
    if not name:
        t.skip("no locale with decimal commas is installed")
    fuzz(t, LANG=name, LC_ALL=name)


@test("make fuzz: another python3 first in PATH", tier="all", how="builds", goals=FUZZ)
def another_python(t):
    os.mkdir(t.path("bin"))
    for name in ("python3", "python"):
        t.path(f"bin/{name}", "#!/bin/sh\necho another python\nexit 1\n")
        os.chmod(t.path(f"bin/{name}"), 0o755)
    fuzz(t, PATH=f"{t.path('bin')}:{os.environ['PATH']}")


def copy(t, name):
    """The sources once more, and the build by links: a path of any name."""
    linked, place = t.clone(), t.path(name)
    shutil.copytree(ROOT, place, symlinks=True, ignore=lambda folder, names: [
        entry for entry in names if folder == ROOT and entry in (".git", "build", "crashes", os.path.basename(BUILD))])
    os.rename(f"{linked}/build", f"{place}/build")
    return place


@test("paths with blanks, quotes, $ and UTF-8", tier="all", how="builds",
      goals=(*FUZZ, "gcc/p2m-case", "fuzz/tiny/canary_tiny", "clang-san/p2m-case"))
def paths(t):
    place = copy(t, ODD)

    def make(command, *variables):
        status, pattern = (2, "^finding: ") if "TARGET=canary" in variables else (0, " 0 (findings|failures)$")
        return t.expect(" ".join([command, *variables]), ["make", command, f"TMPDIR={t.folder}", *variables],
                        pattern, status, cwd=place)
    make("fuzz", "TIME=2", "JOBS=1")
    found = f"{place}/found {ODD}"
    output = make("fuzz", "TARGET=canary", "TIME=2", "JOBS=1", f"CRASHES={found}")
    again = re.search(r"^  again:  (make repro .*)$", output, re.M)[1]
    t.expect("CASE, as it is printed", again, "^p2mcheck: GET_MATCHES_MODEL", 2, cwd=place, shell=True)
    build = f"{t.folder}/b {ODD}"
    os.rename(f"{place}/build", build)
    make("fuzz", "TIME=2", "JOBS=1", f"B={build}")
    t.check("its corpus is there", os.path.isdir(f"{build}/corpus/ops_tiny"))
    t.check("no other build folder", not os.path.exists(f"{place}/build"))
    shutil.rmtree(f"{place}/corpus/regress")
    shutil.rmtree(f"{place}/corpus/seed")
    report = f"{place}/results {ODD}.xml"
    make("regress", f"JUNIT={report}", f"B={build}")
    t.check("the results are there", len(xml.etree.ElementTree.parse(report).getroot()[0]) > 10)
    shutil.copytree(f"{place}/props/subjects", f"{t.folder}/subjects {ODD}")
    make("props", f"SUBJECT={t.folder}/subjects {ODD}/example.c", "SHAPES=micro", "GEOMETRY=micro", "CASES=100",
         f"B={build}")
