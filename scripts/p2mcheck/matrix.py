# SPDX-License-Identifier: GPL-2.0-or-later
"""Every clang x sanitizer x word size that is installed, each for some seconds.

A line for each combination: the result, or the reason for skipping it. Each compiler builds into a
folder of its own, build/matrix/COMPILER.
"""

import os
import re
import shutil
import subprocess

from p2mcheck import cli
from p2mcheck.files import Failure
from p2mcheck.processes import output
from p2mcheck.programs import SANITIZERS, environment, setup, why_no_32_bit

TARGETS = (("ops", "tiny"), ("e820", "tiny"), ("ops", "x86_64"), ("ops", "x86_32"), ("case", "tiny"))
TARGETS_32 = (("ops", "odd"), ("ops", "x86_32"), ("e820", "x86_32"), ("case", "odd"))


def clang_versions():
    """N of each clang-N in PATH, the oldest first."""
    return sorted({int(name[len("clang-"):]) for folder in os.environ["PATH"].split(":") if os.path.isdir(folder)
                   for name in os.listdir(folder) if re.fullmatch(r"clang-\d+", name)})


def links(build, compiler, *flags):
    """The reason why a program with these flags cannot be built and run here, or None."""
    probe = f"{build}/matrix/probe.{os.getpid()}"
    done = subprocess.run([compiler, *flags, "-x", "c", "-", "-o", probe], check=False,
                          input="#include <stdint.h>\n#include <stddef.h>\n"
                                "int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n)"
                                "{ return d[n] & 0; }", encoding="utf-8",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        reasons = [line for line in done.stdout.splitlines() if "error" in line or "cannot find" in line]
        return (reasons or ["it does not link"])[0].strip()[:90]
    os.unlink(probe)
    return None


def fuzz(folder, compiler, target, geometry, seconds, san, arch):
    status, text = output(["scripts/fuzz", f"--build={folder}", f"--target={target}", f"--geometry={geometry}",
                           f"--time={seconds}", "--jobs=1", f"--san={san}", f"--arch={arch}", "--engine=libfuzzer"],
                          env={**environment(), "CLANG": compiler, "NO_SETUP": "1"})
    found = re.search(r": (\d+) execs, (\d+) ops, (\d+) checks .* (\d+) findings?$", text, re.M)
    if status or not found:
        return False, cli.last_line(text)
    return True, f"{found.group(1)} execs, {found.group(3)} checks"


def main():
    args = cli.Parser(__doc__, time=3).parse()
    setup("fuzz", "clang-22", "libclang-rt-22-dev", "g++-multilib")
    os.makedirs(f"{args.build}/matrix", exist_ok=True)
    passed = failed = skipped = 0
    versions = clang_versions()
    if not versions:
        raise Failure("no clang-N in PATH")
    compilers = [f"clang-{version}" for version in sorted({versions[0], versions[-1]})]
    rows: list = [(compiler, san, "native", TARGETS) for compiler in compilers for san in SANITIZERS]
    rows += [(compiler, SANITIZERS[0], "i386", TARGETS_32) for compiler in compilers]
    for compiler, san, arch, targets in rows:
        flags = ["-fsanitize=fuzzer" + (f",{san}" if san != "none" else "")]
        flags += ["-m32"] if arch == "i386" else []
        why = links(args.build, compiler, *flags) or (arch == "i386" and why_no_32_bit(args.build))
        for target, geometry in targets:
            name = f"{compiler:9} {san:18} {arch:7} {target}_{geometry}"
            if why:
                skipped += 1
                print(f"skip {name:48} {why}", flush=True)
                continue
            fine, text = fuzz(f"{args.build}/matrix/{compiler}", compiler, target, geometry, args.time, san, arch)
            passed += fine
            failed += not fine
            print(f"{'ok  ' if fine else 'FAIL'} {name:48} {text}", flush=True)
        if arch == "native":
            shutil.rmtree(f"{args.build}/matrix/{compiler}/corpus", ignore_errors=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0

