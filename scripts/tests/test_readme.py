# SPDX-License-Identifier: GPL-2.0-or-later
"""The Markdown files: their paths exist, and their commands work.

The commands are the lines `$ command` of code blocks. A block is one test in a clone of its own, so
that its commands run in order and leave nothing behind. A make command that takes long is only
checked with `make -n`.
"""

import glob
import os
import re

from harness import ROOT, test, text_of

# Commands that run, with their limits; canary ends with a finding.
LIMITS = {r"make fuzz\b": "TIME=2 JOBS=1", r"make props\b": "CASES=500", r"make bench( |$)": "RUNS=1",
          r"make regress\b": "", r"make race\b": "TIME=1", r"make exhaustive( |$)": "", r"make shrink CASE=corpus/": "",
          r"make repro CASE=(?!.*DEBUG)corpus/": "", r"build/p2m-case (?!.*\bFILE\b)": "", r"make help": ""}
SHOWN = r"(sudo |git |cd |apt|build/\S+ .*\bFILE\b|make test)"  # for people: they install, clone, or need a file
NAMES = [name for name in os.listdir(ROOT)
         if os.path.isdir(f"{ROOT}/{name}") and name not in (".git", "build", "crashes")]
FILES = sorted(os.path.relpath(path, ROOT) for pattern in ("*.md", *(f"{name}/**/*.md" for name in NAMES))
               for path in glob.glob(f"{ROOT}/{pattern}", recursive=True))


def blocks(file):
    """(line, commands) of each code block that has some."""
    number, commands = None, []
    for line_number, line in enumerate(text_of(f"{ROOT}/{file}").splitlines(), 1):
        if line.startswith("```"):
            if number and commands:
                yield number, commands
            number, commands = None if number else line_number, []
        elif number and line.startswith("$ "):
            commands.append(re.sub(r"\s+#.*", "", line[2:]).strip())


def limited(command):
    """The command with small limits; None if it is not to be run."""
    for pattern, limits in LIMITS.items():
        if re.match(pattern, command):
            return re.sub(rf" ({'|'.join(re.findall(r'[A-Z]+', limits)) or '-'})=\S+", "", command) + " " + limits
    return None


def try_commands(t, commands):
    clone = t.clone()
    for command in commands:
        runs = limited(command)
        if runs:
            t.expect(command, runs, status=2 if "TARGET=canary" in command else 0, shell=True, cwd=clone)
        elif command.startswith("make") and not re.match("make test", command):
            t.expect(command, command.replace("make", "make -n", 1), shell=True, cwd=clone)
        else:
            t.check(f"{command}: there is no rule how to try it", re.match(SHOWN, command) is not None)


for FILE in FILES:
    for LINE, COMMANDS in blocks(FILE):
        test(f"{FILE}:{LINE}: {COMMANDS[0]}" + (f" and {len(COMMANDS) - 1} more" if len(COMMANDS) > 1 else ""),
             how="builds", goals=("gcc/p2m-case",))(lambda t, commands=COMMANDS: try_commands(t, commands))


@test("README.md shows commands", tier="scripts")
def shows(t):
    commands = [command for _, found in blocks("README.md") for command in found]
    t.check(f"{len(commands)} commands", len(commands) > 5, str(commands))
    t.check("make fuzz and make test are among them", {"make fuzz", "make test"} <= set(commands), str(commands))
    t.check("limits replace those of the command", limited("make fuzz TIME=60 TARGET=e820") ==
            "make fuzz TARGET=e820 TIME=2 JOBS=1" and limited("make campaign HOURS=8") is None)


def links(file):
    """Paths that a Markdown file names: of links, from its folder; in backquotes, from the root or its folder."""
    text = re.sub(r"^```.*?^```", "", text_of(f"{ROOT}/{file}"), flags=re.M | re.S)
    here = os.path.dirname(file) or "."
    for path in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not re.match(r"\w+:", path):
            yield path, [f"{here}/{path}"]
    for path in re.findall(rf"`((?:{'|'.join(map(re.escape, NAMES))})/[\w./*\[\]-]+)`", text):
        if not re.search(r"\*|[A-Z]{2}", re.sub(r"\w+\.md|LICENSE", "", path)):  # NAME and * stand for something
            yield path, [path, f"{here}/{path}"]


@test("paths in Markdown files exist", tier="scripts")
def paths(t):
    count = 0
    for file in FILES:
        for path, places in links(file):
            count += 1
            t.check(f"{file}: {path}", any(glob.glob(f"{ROOT}/{place}") for place in places))
    t.check(f"{count} paths", count > 20)
