# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings that are none: a sanitizer's error about itself, and a timeout of an engine that was stopped
for a while (Ctrl-Z, a paused machine).
"""

import functools
import re
import subprocess
import sys

SUMMARY = re.compile(r"^SUMMARY: (?:\w+Sanitizer|libFuzzer): ([\w-]+)", re.M)
FAULT = re.compile(r"^(?:==\d+==)? *(?:ERROR: |FATAL: )?("
                   r"\w+Sanitizer has encountered a fatal error|\w+Sanitizer:? CHECK failed.*|"
                   r"\w+Sanitizer:? (?:failed to|can ?not) .*|\w+Sanitizer: unexpected memory mapping.*|"
                   r"Failed to mmap.*|ReserveShadowMemoryRange failed.*|Shadow memory range interleaves.*|"
                   r"ASan runtime does not come first.*)", re.M)


def name_in(report):
    """The invariant that a report names, or the sanitizer's name for it; None if there is none."""
    found = (re.search(r"^DEDUP_TOKEN: ([A-Z_0-9]+)$", report, re.M) or
             re.search(r"^p2mcheck: ([A-Z_0-9]+): ", report, re.M))
    if found:
        return found.group(1)
    found = SUMMARY.search(report)
    if found:
        return "SANITIZER_" + found.group(1)
    return "SANITIZER_undefined-behavior" if re.search(r": runtime error: ", report) else None


def fault_in(report):
    """The line with which a sanitizer could not go on, in a report that names no failure; or None."""
    found = None if name_in(report) else FAULT.search(report)
    return found.group(1).rstrip(".") if found else None


def limited(command, seconds):
    """The status of a process that may take so many seconds of CPU time; -9 or -24 if it took more."""
    return subprocess.run(["sh", "-c", 'ulimit -t "$0" && exec "$@"', str(seconds), *command], check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode


@functools.lru_cache(None)
def repeats(binary, path, seconds):
    """True if a target needs more than so many seconds of CPU time for this input alone, or fails. Otherwise
    prints that it is not a finding."""
    if limited([binary, "-timeout=0", path], seconds):
        return True
    print(f"{path}: a timeout that does not repeat alone in {seconds} s of CPU time, so not a finding: "
          "the engine was stopped for a while", file=sys.stderr, flush=True)
    return False
