# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks the sources without running them: one line for each finding, and one with the checked files.

Each check has its own settings: .clang-format, .clang-tidy and scripts/mypy.ini. A tool that fails
without a finding, or has nothing to check, is a finding as well.
"""

import os
import re
import subprocess
import sys

from p2mcheck import cli, programs
from p2mcheck.facts import ROOT
from p2mcheck.files import read_json
from p2mcheck.processes import each, output

ROOMS = (".ci", ".clusterfuzzlite", ".github", "core", "fuzz", "props", "scripts")
PACKAGES = ("libcmocka-dev", "clang-format-19", "clang-tidy-19", "shellcheck", "python3-pyflakes", "mypy", "yamllint")


def files(pattern):
    """Files of these names."""
    found = [f"{folder}/{name}" for room in ROOMS for folder, _, names in os.walk(room) for name in names]
    return sorted(path for path in found if re.search(pattern, path))


def scripts_of(interpreter):
    """Files with this interpreter in their #! line."""
    def begins(path):
        with open(path, "rb") as file:
            return re.match(rb"#!\S*/(" + interpreter + rb")\b", file.readline())
    return [path for path in files("") if begins(path)]


def c_files():
    return files(r"\.(c|h|inc|cc)$")


def tidied():
    """The files of compile_commands.json, without the code under test."""
    return [entry["file"] for entry in read_json("compile_commands.json") if not entry["file"].startswith("core/")]


def python_files():
    return sorted({*scripts_of(b"python3"), *files(r"\.py$")})


# The checks: the files, the command, the files per command (None: it finds them itself).
CHECKS = {
    "mypy": (lambda: files(r"\.py$"), ["mypy", "--config-file=scripts/mypy.ini", "--no-error-summary"], False),
    "format": (c_files, ["clang-format-19", "--dry-run", "--Werror"], False),
    "clang-tidy": (tidied, ["clang-tidy-19", "-p", ".", "--quiet", "--warnings-as-errors=*"], True),
    "shellcheck": (lambda: scripts_of(b"(?:ba)?sh"), ["shellcheck", "--format=gcc"], False),
    "pyflakes": (python_files, [sys.executable, "-m", "pyflakes"], False),
    "yamllint": (lambda: [*files(r"\.ya?ml$"), ".clang-format", ".clang-tidy"],
                 ["yamllint", "--format=parsable", "-d", "relaxed"], False),
    "includes": (c_files, [sys.executable, "scripts/tests/run.py", "--tier=scripts", "--only=^includes follow"], None),
}


def findings(name, text):
    """The lines FILE:LINE: of a tool's output; clang's notes belong to the line before."""
    start, end = re.compile(rf"^\s*(\./|{re.escape(ROOT)}/)?"), ",-warnings-as-errors"
    lines = [start.sub("", line).replace(end, "") for line in text.splitlines()]
    return [line if "clang" in name else f"{line} [{name}]" for line in lines
            if re.match(r"[\w./+-]+:\d+:", line) and not ("clang" in name and re.search(r"^\S+ note: ", line))]


def commands(only):
    """(check, command) of all runs, and the number of files of each check."""
    made, counts = [], {}
    for name, (list_files, command, by_file) in CHECKS.items():
        paths = [path for path in list_files() if re.search(only, path)]
        counts[name] = len(paths)
        if by_file:
            made += [(name, [*command, path]) for path in paths]
        elif paths:
            made.append((name, [*command, *paths] if by_file is False else command))
    return made, counts


def main():
    """Checks the sources without running them."""
    args = cli.Parser(__doc__, only="", jobs=programs.cores()).parse()
    programs.setup("fuzz", *PACKAGES)
    subprocess.run(["make", "-s", "compile_commands.json"], check=True, env=programs.environment())
    made, counts = commands(args.only)
    found = {}  # in order, a header's only once
    for (name, command), (status, text) in each(args.jobs, lambda one: output(one[1]), made):
        lines = findings(name, text)
        if status and not lines:
            lines = [f"{name}: {command[0]} ended with status {status}: {cli.last_line(text)}"]
        for line in lines if status else ():
            if line not in found:
                print(line, flush=True)
            found[line] = name
    empty = [name for name, count in counts.items() if not count and not args.only]
    for name in empty:
        print(f"{name}: has no file to check")
    print("lint: " + ", ".join(f"{name} {count}" for name, count in counts.items()) +
          f" files; {cli.plural(len(found) + len(empty), 'finding')}")
    return 1 if found or empty or not made else 0


def reformat():
    """Formats all C files but those of core/: patches and keys of mutants are anchored there."""
    cli.Parser(reformat.__doc__, core=False).parse()
    programs.setup("clang-format-19")
    paths = [path for path in c_files() if not path.startswith("core/")]
    subprocess.run(["clang-format-19", "-i", *paths], check=True)
