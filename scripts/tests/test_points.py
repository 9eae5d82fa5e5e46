# SPDX-License-Identifier: GPL-2.0-or-later
"""Each load and store of a kernel's file is a sync point: its object is disassembled.

Before each access stands a call of the compiler's hook, or of the shim where it is a compare-and-swap.
An access without one must be on the stack, or in the reviewed list.
"""

import os
import re
import subprocess

from harness import BUILD, test, text_of
from test_linux import trees

HOOK = re.compile(r"__sanitizer_cov_(load|store)\d+|shim_point_cas")
FUNCTION = re.compile(r"^[0-9a-f]+ <([\w.]+)>:")
INSTRUCTION = re.compile(r"^ *[0-9a-f]+:\t(?:lock |rep |repz )?(\w+) *(.*)$")
RELOCATION = re.compile(r"^\t+[0-9a-f]+: R_\w+\t(\S+)")
SOURCE = re.compile(r"^(\S+\.\w+):(\d+)")
STACK = re.compile(r"\(%r[sb]p[,)]")
CHANGES = re.compile(r"^(inc|dec|add|sub|or|and|xor|neg|not|sh[lr]|sar)[bwlq]?$")

# What is accessed, or the line of the source; why it needs no point.
REVIEWED = (
    (r"^__sancov_", "a counter of blocks"),
    (r"^\.(rodata|L)", "a constant"),
    (r"asm volatile", "a read of the hypervisor's table, which no call changes"),
)


def disassembled(path):
    return subprocess.run(["objdump", "-dlr", "--no-show-raw-insn", path], check=True, stdout=subprocess.PIPE,
                          encoding="utf-8").stdout


class Function:
    """Its accesses without a point, and the points that it has."""

    def __init__(self, name):
        self.name, self.file, self.line = name, "", ("", 0)
        self.points: dict = {}
        self.bare: list = []
        self.access, self.credit = "", 0

    def at(self, path, line):
        self.file = self.file or path
        self.line = (path, line)

    def settle(self, target=""):
        """The last access, now that its relocation is known."""
        access, self.access = self.access, ""
        if not access:
            return
        path, line = self.line
        words = text_of(path).splitlines()[line - 1] if "/kernel/" in path else ""
        if any(re.search(what, target) or re.search(what, words) for what, _ in REVIEWED):
            return
        if not self.credit:
            self.bare.append(f"{self.name}: {access} {target} at {path}:{line}")
        self.credit -= min(self.credit, 2 if access == "both" else 1)

    def instruction(self, word, operands):
        self.settle()
        if word[0] == "j" or word[:3] == "ret":
            self.credit = 0
        operand = re.search(r"[^ ,]*\([^)]*\)", operands)
        if not operand or word[:3] in ("lea", "nop", "cal", "jmp", "dat") or word == "cs" or STACK.search(operands):
            return
        self.access = "both" if CHANGES.match(word) and operands.endswith(")") else f"{word} {operands}"

    def relocation(self, target):
        hook = HOOK.match(target)
        if hook:
            self.points[hook.group()] = self.points.get(hook.group(), 0) + 1
            self.credit += 1
        self.settle(target)


def functions(text):
    """Those of the kernel's file and its page.h."""
    found = [Function("")]
    for line in text.splitlines():
        now = found[-1]
        if match := FUNCTION.match(line):
            found.append(Function(match.group(1)))
        elif match := SOURCE.match(line):
            now.at(match.group(1), int(match.group(2)))
        elif match := RELOCATION.match(line):
            now.relocation(match.group(1))
        elif match := INSTRUCTION.match(line):
            now.instruction(match.group(1), match.group(2))
    return [function for function in found if function.file and "/kernel/" in function.file]


def points_of(tree, mode):
    @test(f"kernel {tree}, {mode}: each load and store is a sync point", how="builds")
    def each(t):
        folder = t.run(["scripts/linux", f"--build={BUILD}", f"--linux={tree}", f"--mode={mode}"]).out.strip()
        objects = [f"{folder}/{flavour}/tiny/kernel.o" for flavour in ("gcc", "fuzz")]
        t.make("it compiles", ["-s", "SUBJECT=linux", f"LINUX_FOLDER={folder}", *objects])
        plain, sanitized = (functions(disassembled(path)) for path in objects)
        least = 20 if mode == "as-written" else 10  # the others are inlined
        points = sum(sum(one.points.values()) for one in plain)
        t.check("there are functions and points", len(plain) > least and points > 10 * least, f"{len(plain)}, {points}")
        bare = [access for function in plain for access in function.bare]
        t.check("no access is without one", not bare, "\n".join(bare))
        differ = [f"{one.name}: {one.points}, {other.points}" for one, other in zip(plain, sanitized)
                  if (one.name, one.points) != (other.name, other.points)]
        t.check("a sanitizer changes no point", not differ and len(plain) == len(sanitized), "\n".join(differ))


@test("the disassembly shows an access without a point", tier="scripts")
def alarm(t):
    text = ("0000000000000000 <f>:\n/x/kernel/p2m.c:1\n  0:\tcallq  5\n"
            "\t\t\t1: R_X86_64_PLT32\t__sanitizer_cov_load8-0x4\n"
            "  5:\tmov    (%rax),%rcx\n  8:\tmov    -0x8(%rbp),%rax\n  c:\tmov    %rcx,(%rax)\n  f:\tretq\n")
    os.makedirs(t.path("kernel"))
    path = t.path("kernel/p2m.c", "a line\n")
    found = functions(text.replace("/x/kernel/p2m.c", path))
    bare = [access for one in found for access in one.bare]
    t.check("the store is found", len(found) == len(bare) == 1 and "rcx,(%rax)" in bare[0], str(bare))


for TREE in trees():
    for MODE in ("as-written", "as-optimised"):
        points_of(TREE, MODE)
