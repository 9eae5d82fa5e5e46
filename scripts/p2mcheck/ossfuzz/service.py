# SPDX-License-Identifier: GPL-2.0-or-later
"""The services' side: a configuration with its compilers, flags and environment, the folders of an
image, and a machine that runs the programs.
"""

import glob
import os
import re
import shutil
import subprocess
import tempfile

from p2mcheck import facts
from p2mcheck.files import Failure
from p2mcheck.processes import output
from p2mcheck.programs import why_no_32_bit

CLANG = os.environ.get("CLANG", "clang")
VERSION = re.sub(r"^clang", "", os.path.basename(CLANG))  # "-19" of clang-19

BASE_FLAGS = """-O1 -fno-omit-frame-pointer -gline-tables-only
    -Wno-error=incompatible-function-pointer-types -Wno-error=int-conversion
    -Wno-error=deprecated-declarations -Wno-error=implicit-function-declaration
    -Wno-error=implicit-int -Wno-error=unknown-warning-option -Wno-error=vla-cxx-extension
    -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION""".split()
UBSAN = ("array-bounds,bool,builtin,enum,function,integer-divide-by-zero,null,object-size,return,"
         "returns-nonnull-attribute,shift,signed-integer-overflow,unsigned-integer-overflow,"
         "unreachable,vla-bound,vptr")
SANITIZER_FLAGS: dict = {
    "address": ["-fsanitize=address", "-fsanitize-address-use-after-scope"],
    "undefined": ["-fsanitize=" + UBSAN,
                  "-fno-sanitize-recover=" + UBSAN.replace("unsigned-integer-overflow,", "")],
    "memory": ["-fsanitize=memory", "-fsanitize-memory-track-origins"],
    "coverage": [],
    "none": [],
}
COVERAGE_BUILD = """-fprofile-instr-generate -fcoverage-mapping -pthread -Wl,--no-as-needed
    -Wl,-ldl -Wl,-lm -Wno-unused-command-line-argument""".split()
ENGINE_FLAGS: dict = {"libfuzzer": ["-fsanitize=fuzzer-no-link"], "afl": [],
                      "honggfuzz": ["-fsanitize-coverage=trace-pc-guard,indirect-calls,trace-cmp"],
                      "centipede": []}
RUN_ENVIRONMENT = {
    "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1:detect_odr_violation=0:"
                    "handle_abort=1:handle_segv=1:handle_sigill=1:allocator_may_return_null=1:"
                    "alloc_dealloc_mismatch=0:strict_memcmp=1:quarantine_size_mb=10:symbolize=1:"
                    "print_scariness=1:dedup_token_length=3",
    "UBSAN_OPTIONS": "print_stacktrace=1:silence_unsigned_overflow=1",
    "MSAN_OPTIONS": "print_stats=1",
}


class Skip(Exception):
    """Cannot be checked here; the text is the reason."""


def need(condition, text):
    if not condition:
        raise Failure(text)


def run(command, timeout=300, **more):
    return output(command, timeout=timeout, **more)


def llvm(tool):
    """The path of the tool of the compiler's own release."""
    path = shutil.which(tool + VERSION)
    if not path:
        raise Skip(f"{tool}{VERSION} is not installed")
    return path


class Configuration:
    """One build of the services: an engine, a sanitizer, an architecture."""

    def __init__(self, engine, sanitizer, architecture="x86_64"):
        self.engine, self.sanitizer, self.architecture = engine, sanitizer, architecture
        self.name = f"{engine}-{sanitizer}-{architecture}"
        self.targets = [f"{target.name}_{geometry}" for target in facts.targets().values() if target.service
                        for geometry in (target.geometries_32 if architecture == "i386" else target.geometries)]
        self.dropped = []
        self.cells = {}

    def compilers(self):
        if self.engine == "afl":
            return "afl-clang-fast", "afl-clang-fast++"
        return CLANG, CLANG.replace("clang", "clang++")

    def library(self):
        """The engine's library for the linker; honggfuzz and centipede must be built and named by hand."""
        libraries = {"libfuzzer": "-fsanitize=fuzzer", "afl": "/usr/lib/afl/libAFLDriver.a",
                     "honggfuzz": os.environ.get("HONGGFUZZ_ENGINE", ""),
                     "centipede": os.environ.get("CENTIPEDE_ENGINE", "")}
        return libraries[self.engine]

    def why_not(self):
        """The reason why it cannot be built here, or None."""
        if not shutil.which(self.compilers()[0]):
            return f"{self.compilers()[0]} is not installed"
        if not self.library():
            return (f"{self.engine} is not a Debian package; {self.engine.upper()}_ENGINE=LIBRARY names one that "
                    "you built")
        if not self.library().startswith("-") and not os.path.exists(self.library()):
            return f"{self.library()} is missing"
        if self.architecture == "i386" and not self.links("-m32", "-fsanitize=address"):
            return f"{CLANG} links no -m32 program (install gcc-multilib and g++-multilib)"
        return self.architecture == "i386" and why_no_32_bit(tempfile.gettempdir()) or None

    def links(self, *flags):
        """True if a C++ program compiles."""
        done = subprocess.run([CLANG.replace("clang", "clang++"), *flags, "-x", "c++", "-", "-o", "/dev/null"],
                              input=b"#include <vector>\nint main() { return std::vector<int>(1)[0]; }",
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        return done.returncode == 0

    def known(self, flags):
        """Those that the compiler takes, each together with the ones before it."""
        known = []
        for flag in flags:
            code, output = run([CLANG, *known, flag, "-x", "c", "-c", "/dev/null", "-o", "/dev/null"])
            if code == 0 and "unknown" not in output:
                known.append(flag)
        return known

    def flags(self):
        """CFLAGS and CXXFLAGS of the services, without those that this compiler does not have."""
        cflags = (["-m32"] if self.architecture == "i386" else []) + BASE_FLAGS
        cflags += SANITIZER_FLAGS[self.sanitizer]
        cflags += COVERAGE_BUILD if self.sanitizer == "coverage" else ENGINE_FLAGS[self.engine]
        known = self.known(cflags)
        self.dropped = [flag for flag in cflags if flag not in known]
        cflags = known
        cxxflags = cflags + ["-stdlib=libc++"]
        if not self.links("-stdlib=libc++", *cflags[:1]):
            cxxflags.pop()
            self.dropped.append("-stdlib=libc++")
        if self.sanitizer == "undefined":
            cflags = cflags + ["-fno-sanitize=function"]
        return " ".join(cflags), " ".join(cxxflags)

    def environment(self, place, out):
        cc, cxx = self.compilers()
        cflags, cxxflags = self.flags()
        environment = {
            "PATH": os.environ["PATH"], "HOME": place.top, "LANG": "C.UTF-8",
            "SRC": place.src, "WORK": place.work, "OUT": out,
            "CC": cc, "CXX": cxx, "CCC": cxx, "CFLAGS": cflags, "CXXFLAGS": cxxflags,
            "LIB_FUZZING_ENGINE": self.library(), "FUZZING_ENGINE": self.engine,
            "SANITIZER": self.sanitizer, "ARCHITECTURE": self.architecture,
            "FUZZING_LANGUAGE": "c", "PROJECT_NAME": "p2mcheck",
            "UBSAN_OPTIONS": "silence_unsigned_overflow=1", "JOBS": place.jobs,
        }
        if self.engine == "afl":
            environment.update(AFL_QUIET="1", AFL_IGNORE_PROBLEMS="1", AFL_IGNORE_UNKNOWN_ENVS="1",
                               ASAN_OPTIONS="detect_leaks=0:symbolize=0:detect_odr_violation=0:abort_on_error=1")
        return environment


CONFIGURATIONS = [
    Configuration("libfuzzer", "address"), Configuration("libfuzzer", "undefined"),
    Configuration("libfuzzer", "memory"), Configuration("libfuzzer", "coverage"),
    Configuration("libfuzzer", "address", "i386"), Configuration("afl", "address"),
    Configuration("honggfuzz", "address"), Configuration("centipede", "address"),
    Configuration("centipede", "none"),
]


class Place:
    """The folders that an image would have. No part of the path may look like a fuzzer's."""

    def __init__(self, top, jobs):
        self.top, self.jobs = top, str(jobs)
        self.src, self.work = f"{top}/src", f"{top}/work"
        self.checkout = f"{self.src}/p2mcheck"
        os.makedirs(self.src)
        os.makedirs(self.work)

    def clone(self):
        code, output = run(["git", "clone", "--quiet", "--no-hardlinks", ".", self.checkout])
        need(code == 0, f"git clone failed: {output}")

    def corpus(self):
        return glob.glob(f"{self.checkout}/corpus/*/*.txt")


def runner(place, **more):
    """A machine other than the builder: without its variables, in another current folder."""
    return {"env": {"PATH": os.environ["PATH"], "HOME": place.top, **RUN_ENVIRONMENT, **more},
            "cwd": tempfile.mkdtemp(dir=place.top)}
