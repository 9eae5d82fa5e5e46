# SPDX-License-Identifier: GPL-2.0-or-later
"""The paths of the programs, and how make builds them. `python3 -m p2mcheck.programs` prints the paths
for bench-against of another revision.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys

from p2mcheck import building, facts
from p2mcheck.files import Failure, check_writable, plain
from p2mcheck.processes import fix_addresses

SHAPES = ["micro", "tiny", "odd"]  # the geometries of a p2m in a file, if the user names no others
MODES = ("as-written", "as-optimised")  # of a kernel's file: without, and with optimisation
SANITIZERS = ("address,undefined", "memory", "thread", "none")


def cores():
    return len(os.sched_getaffinity(0))


def setup(*packages):
    """Before a command builds programs and runs them: installs missing packages, those to build p2m-case
    and these groups or packages of scripts/setup (NO_SETUP=1 skips that), and fixes addresses for sanitizers."""
    sys.stdout.flush()
    status = subprocess.run([f"{facts.ROOT}/scripts/setup", *packages], check=False).returncode
    if status:
        sys.exit(status)  # it has printed the error
    fix_addresses()


def show(line):
    print(line, end="", flush=True)


def has_afl():
    return bool(shutil.which("afl-clang-fast") and shutil.which("afl-fuzz"))


def environment():
    """For a make below a make: variables and flags stay, the jobserver of the upper one does not."""
    flags = re.sub(r"(^| )(-j\S*|--jobserver\S*)", "", os.environ.get("MAKEFLAGS", ""))
    return {**os.environ, "MAKEFLAGS": flags}


def flavour(san, arch):
    """Of a target under libFuzzer."""
    return "fuzz-i386" if arch == "i386" else "fuzz" if san == SANITIZERS[0] else f"fuzz-{san}"


def why_no_32_bit(build):
    """The reason why a 32-bit program cannot be built and run here, or None. A kernel can refuse to run one."""
    probe = f"{build}/m32-probe.{os.getpid()}"
    os.makedirs(build, exist_ok=True)
    try:
        built = subprocess.run(["gcc" if shutil.which("gcc") else "clang", "-m32", "-x", "c", "-", "-o", probe],
                               check=False, stderr=subprocess.DEVNULL,
                               input=b"#include <stdio.h>\nint main(void) { return !stdout; }").returncode
        if built:
            return "no -m32 program links (install gcc-multilib and g++-multilib)"
        try:
            return subprocess.run([probe], check=False).returncode and "a -m32 program fails"
        except OSError as error:
            return f"this kernel runs no 32-bit program: {error.strerror}"
    finally:
        if os.path.exists(probe):
            os.unlink(probe)


class Programs:
    """The programs of one subject. `build` is make's B. `folder` has the programs: the same,
    or a folder below it for a planted bug, a kernel, or a p2m in a file of the user."""

    def __init__(self, build, folder=None, arguments=(), geometries=None, without=(), again="",
                 prefix=""):
        self.build, self.folder, self.arguments = build, folder or build, list(arguments)
        self.geometries = list(geometries or facts.geometries())
        self.without = without  # ops that this subject does not have
        self.again = again  # the variables of make for the same subject
        self.has_setup = False  # whether target setup can be built
        self.prefix = prefix  # of the names of its findings: p2m-case of another subject refuses them
        self.known: list[str] | None = None  # of a kernel: the defects that are masked
        self.shared = self  # of a planted bug: the programs without it
        self.xen = None  # the folder with Xen's save code, if it is the judge

    @property
    def facts(self):
        return facts.of(self.p2m_case())

    def p2m_case(self, flavour=None):
        return "/".join(filter(None, (self.folder, flavour, "p2m-case")))

    def program(self, name, geometry, flavour="gcc"):
        """A program NAME_GEOMETRY: props, exhaustive, race (flavour tsan), a target."""
        return f"{self.folder}/{flavour}/{geometry}/{name}_{geometry}"

    def target(self, target, geometry, san="address,undefined", arch="native"):
        """The target under libFuzzer."""
        return self.program(target, geometry, flavour(san, arch) + "-harness" * facts.targets()[target].is_text)

    def same_build(self, san, arch):
        """The p2m-case with the sanitizer and for the machine of a target; None for the usual ones."""
        chosen = flavour(san, arch)
        return None if chosen == "fuzz" else self.p2m_case({"fuzz-none": "clang"}.get(chosen, chosen))

    def afl(self, target, geometry, sanitized):
        if facts.targets()[target].is_text:
            return self.program(target, geometry, "afl-harness")
        return self.program(target, geometry, "afl-san" if sanitized else "afl")

    def mutator(self, target, geometry):
        """The library for AFL++; None if the target does not use our mutator."""
        if facts.targets()[target].is_text:
            return None
        return f"{self.build}{'/judged' * bool(self.xen)}/afl/{geometry}/mutator_{target}_{geometry}.so"

    def afl_files(self, target, geometry):
        files = [self.afl(target, geometry, True), self.afl(target, geometry, False), self.mutator(target, geometry)]
        return sorted(set(filter(None, files)))

    def peer(self, tool, geometry):
        """A program, or a library, of props/peers."""
        return f"{self.folder}/" + {
            "rapidcheck": f"peer/{geometry}/rapidcheck", "hypothesis": f"peer/{geometry}/peer.so",
            "libfuzzer": f"peer-libfuzzer/{geometry}/plain", "afl": f"peer-afl/{geometry}/plain"}[tool]

    def bare(self, name, geometry, flavour):
        """A program as one object, without the core."""
        return f"{self.folder}/{flavour}/{geometry}/bare-{name}.o"

    def planted(self, bug, folder="bugs", geometries=()):
        """The same with one planted bug, built below build/FOLDER/BUG."""
        few = [f"GEOMETRIES={' '.join(geometries)}"] if geometries else []
        planted = Programs(self.build, f"{self.build}/{folder}/{bug}", [f"BUG={bug}", f"PLANTED={folder}", *few],
                           again=f" BUG={bug}")
        planted.shared = self
        return planted

    def judged(self, xen, given):
        """The same with Xen's save code as the judge, prepared in the folder `xen`; `given`: XEN=."""
        judged = Programs(self.build, f"{self.folder}/judged", [*self.arguments, f"XEN_FOLDER={xen}"], self.geometries,
                          self.without, f"{self.again} XEN={shlex.quote(given)}", self.prefix)
        judged.xen = xen
        return judged

    def make(self, *goals, jobs=None, shown=True):
        """Builds them and answers the warnings. `shown`: prints a counter and the warnings."""
        command = ["make", *["-s"] * (not os.environ.get("V")), "--no-print-directory", f"-j{jobs or cores()}",
                   f"B={self.build}", *self.arguments, *filter(None, goals)]
        total = building.count(command, env=environment()) if shown else 0
        if total:
            check_writable(self.build, "B")
        sys.stdout.flush()
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=environment(), encoding="utf-8", errors="replace") as process:
            said = building.follow(process, *(building.Counter(total), show) if shown else ())
        if process.returncode:
            raise Failure("the build failed" + (f":\n{said[-2000:]}" if not shown else ""))
        return said


def of_file(build, given, shapes):
    """With a p2m in a file of the user; the folder has the same name as in make."""
    path = plain(given)
    name = path[:-len(".c")].replace("/", "-")
    able = "" if shapes == SHAPES else f" SHAPES='{' '.join(shapes)}'"
    return Programs(build, f"{build}/subject/{name}", [f"SUBJECT={path}", f"SHAPES={' '.join(shapes)}"], shapes,
                    again=f" SUBJECT={shlex.quote(given)}{able}")


def execute(command):
    """Replaces this process, so that the program has the terminal and its signals."""
    sys.stdout.flush()
    os.execvp(command[0], command)


if __name__ == "__main__":
    HERE = Programs("build")
    print(json.dumps({"p2m_case": HERE.p2m_case(),
                      "target": HERE.program("{target}", "{geometry}", "fuzz"),
                      "planted": HERE.planted("{bug}").program("{target}", "{geometry}", "fuzz")}))
