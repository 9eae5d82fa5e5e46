# SPDX-License-Identifier: GPL-2.0-or-later
"""The counter of a build: how many of its files make has made.

Each recipe of scripts/mk/ begins with a line such as `  CC   FILE`. `make -n` shows how many there
will be. What else make prints are warnings and errors.
"""

import re
import subprocess
import sys
import time

STEP = re.compile(r'^(?:@?echo ")?  [A-Z]+ +\S', re.M)  # as make prints it, and as `make -n` shows it
EVERY = 5  # seconds between lines, unless it is a terminal


def count(command, **options):
    """The number of files that this make command would make."""
    done = subprocess.run([command[0], "-n", *command[1:]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False, encoding="utf-8", errors="replace", **options)
    return len(STEP.findall(done.stdout))


def ignore(_):
    """In place of note() and say()."""


def follow(process, note=ignore, say=ignore):
    """Calls note(number of files) as they are made, and say() for each other line of the running make.
    Answers these lines."""
    made, said = 0, []
    for line in process.stdout:
        if STEP.match(line):
            made += 1
            note(made)
        else:
            said.append(line)
            say(line)
    return "".join(said)


class Counter:
    """Prints the number: on a terminal in one line that changes, else a line at intervals."""

    def __init__(self, total):
        self.total, self.terminal, self.printed = total, sys.stdout.isatty(), time.monotonic()

    def __call__(self, made):
        now = time.monotonic()
        if now - self.printed > (0.1 if self.terminal else EVERY) or (self.terminal and made == self.total):
            end = "\r" if self.terminal and made < self.total else "\n"
            print(f"build: {made} of {self.total} files", end=end, flush=True)
            self.printed = now
