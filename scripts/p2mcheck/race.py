# SPDX-License-Identifier: GPL-2.0-or-later
"""Real threads on one tree, under ThreadSanitizer (props/threads/). Writes build/race.json."""

import os
import re
import subprocess

from p2mcheck import cli, programs
from p2mcheck.files import check_writable, write_json

GEOMETRIES = ("micro", "tiny", "odd")

LINE = re.compile(r"^race: (?P<rounds>\d+) rounds, (?P<calls>\d+) calls, (?P<reads>\d+) reads checked "
                  r"\((?P<unknown>\d+) could not be\), (?P<refused>\d+) refused pages, "
                  r"(?P<lost>\d+) lost races for a slot \(pages given back\), (?P<failures>\d+) failures$", re.M)


def counts_of(text):
    """The counts in what the program prints, or None."""
    found = LINE.search(text)
    return found and {name: int(number) for name, number in found.groupdict().items()}


def run(command):
    """(status, what it printed); prints it as well."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8", errors="replace") as process:
        lines = []
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line)
    return process.returncode, "".join(lines)


def main():
    """Real threads on one tree, under ThreadSanitizer."""
    args = cli.Parser(main.__doc__, geometry="tiny", time=10, rounds=None, threads=4, seed=1,
                      checks={"geometry": cli.one_of(GEOMETRIES)}).parse()
    programs.setup("fuzz")
    chosen = programs.Programs(args.build)
    program, path = chosen.program("race", args.geometry, "tsan"), f"{args.build}/race.json"
    check_writable(args.build, "B")
    chosen.make(program)
    if os.path.exists(path):
        os.unlink(path)  # its counts are not of this run
    limit = f"--rounds={args.rounds}" if args.rounds else f"--time={args.time}"
    status, text = run([program, limit, f"--threads={args.threads}", f"--seed={args.seed}"])
    counts = counts_of(text)
    if counts:
        write_json(path, {"geometry": args.geometry, "threads": args.threads, "seed": args.seed, "status": status,
                          **counts})
    return status if status >= 0 else 128 - status
