# SPDX-License-Identifier: GPL-2.0-or-later
"""Handles a finding of either engine: it is named by its violation, kept in
crashes/ as bytes, as text and with its report, and shrunk.
"""

import glob
import hashlib
import os
import re
import shlex
import subprocess

from p2mcheck import cli, doubts, facts
from p2mcheck.engines import LIMIT, is_whole
from p2mcheck.files import Failure, crashes, read, read_text, write
from p2mcheck.linux import defects


def kind_of(report):
    """The invariant that a report names, or the sanitizer's name for it."""
    if not report:
        return "NOT_REPRODUCED"
    return doubts.name_in(report) or "SANITIZER_unknown"


def reported(output):
    """The first failure in the output of a program, in words if it has no name."""
    return doubts.name_in(output) or doubts.fault_in(output) or "nothing"


def can_be_shrunk(target, kind):
    return not facts.targets()[target].is_text and "timeout" not in kind and kind != "NOT_REPRODUCED"


def text_of(hunt, path):
    """The case as text; None if it is text already, or cannot be decoded."""
    if facts.targets()[hunt.target].is_text:
        return None
    done = subprocess.run([hunt.programs.p2m_case(), "decode", f"--geometry={hunt.geometry}",
                           f"--target={hunt.target}", path], stdout=subprocess.PIPE, check=False)
    return done.stdout if done.returncode == 0 else None


def filed_as(path):
    """The kind in the name of a filed finding; None if it is another file."""
    found = re.match(r"[\w.-]*?_[a-z0-9_]+-([A-Z][\w-]*)-[0-9a-f]{8,16}(\.|$)", os.path.basename(path))
    return found and found.group(1)


def tail_of(report):
    """The report without the engine's lines before it."""
    starts = [report.find(word) for word in ("ASSERTION FAILED", "==ERROR", "runtime error",
                                             "==WARNING", "ERROR: libFuzzer")]
    starts = [start for start in starts if start >= 0]
    return report[report.rfind("\n", 0, min(starts)) + 1:] if starts else report[-4000:]


def file_case(target, geometry, kind, data, text, log=None, prefix="", folder=None):
    """Bytes, text and report in `folder` (CRASHES), under a descriptive name. `prefix`: Programs.prefix"""
    folder = folder or crashes()
    os.makedirs(folder, exist_ok=True)
    name = f"{folder}/{prefix}{target}_{geometry}-{kind}-{hashlib.sha256(data).hexdigest()[:12]}"
    write(name, data)
    if text:
        write(name + ".txt", text)
    if log:
        write(name + ".log", log)
    return name


# ---- shrinking ----

def shrinker(programs, kind, tool=None):
    """The p2m-case that detects such a failure; `tool`: that of an unusual build."""
    return tool or programs.p2m_case("clang-san" if kind and kind.startswith("SANITIZER_") else "gcc")


def shrink(programs, case, out, kind=None, target=None, geometry=None, timeout=None, tool=None):
    """Runs `p2m-case shrink`: OUT (bytes), OUT.txt and OUT.c. Returns the finished process."""
    told = {"target": target, "geometry": geometry, "want": kind}
    command = [shrinker(programs, kind, tool), "shrink", *(f"--{name}={told[name]}" for name in told if told[name])]
    return subprocess.run([*command, case, "-o", out], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          encoding="utf-8", errors="replace", timeout=timeout,
                          env={**os.environ, "ASAN_OPTIONS": "symbolize=0"})


def file_shrunk(target, kind, out, prefix="", folder=None):
    """Moves the result of shrink() to `folder`; returns its name."""
    text = read_text(out + ".txt")
    geometry = re.search(r"^geometry (\S+)$", text, re.M).group(1)
    name = file_case(target, geometry, kind, read(out), text, prefix=prefix, folder=folder)
    write(name + ".c", read(out + ".c"))
    return name


def shrink_and_show(hunt, job, name, kind):
    """The smallest case that fails in the same way, and other violations; prints their paths."""
    out, tool = f"{job.folder}/shrunk", hunt.programs.p2m_case()
    hunt.programs.make(shrinker(hunt.programs, kind, hunt.tool))
    done = shrink(hunt.programs, name, out, kind, hunt.target, tool=hunt.tool)
    if done.returncode:
        print(f"  not shrunk: {cli.last_line(done.stderr)}")
        return name
    small = file_shrunk(hunt.target, kind, out, hunt.programs.prefix)
    print(f"  shrunk  {small}.txt ({done.stdout.strip().split(': ', 1)[1]}), and .c, a test to paste")
    print("\n".join("    " + line for line in read_text(small + ".txt").splitlines()))
    for aside in sorted(glob.glob(f"{out}.aside-*.txt")):
        other = re.search(r"aside-(.*)\.txt$", aside).group(1)
        data = subprocess.run([tool, "encode", f"--target={hunt.target}", aside, "-o", f"{job.folder}/aside"],
                              check=False)
        if data.returncode == 0:
            case = file_case(hunt.target, hunt.geometry, other, read(job.folder + "/aside"), read(aside),
                             prefix=hunt.programs.prefix)
            print(f"  aside   {case}.txt")
    return small


def name_defect(hunt, kind, small):
    """Of a kernel's finding: is it a known defect, and how to hunt on."""
    tool, known = shrinker(hunt.programs, kind, hunt.tool), hunt.programs.known
    lines = defects.lines_of(read_text(small + ".txt"))
    target = hunt.target if facts.targets()[hunt.target].needs_kernel else ""
    return defects.sentence(defects.explanation(tool, known, kind, lines, target), known)


def repro_fails(hunt, name, kind):
    """True if p2m-case repeats the failure of a filed case."""
    tool = shrinker(hunt.programs, kind, hunt.tool)
    try:
        hunt.programs.make(tool)
    except Failure:
        return False
    return bool(doubts.limited([tool, "repro", f"--target={hunt.target}", f"--geometry={hunt.geometry}", name], LIMIT))


def command_for(hunt, job, name, small, kind):
    """The command that repeats a finding, and was seen to; if there is none, the reason."""
    if small != name or repro_fails(hunt, name, kind):
        return f"make repro{hunt.again} CASE={shlex.quote(small)}"
    if doubts.limited([hunt.binary, "-timeout=0", name], LIMIT):
        return f"{hunt.binary} {shlex.quote(name)}; make repro does not repeat it"
    return f"not repeated by make repro or in a process of its own; kept as found; it ended: {job.command}"


# ---- the findings of `make fuzz` ----

def file_findings(hunt, found):
    """(job, path) of each in `found`; the first one of each kind is shrunk. Returns how many there are, and
    {path: error} of those that could not be filed."""
    kinds, errors = set(), {}
    for job, path in found:
        try:
            if not is_whole(path):
                errors[path] = f"{path}: cut off by a kill or a full disk, so not filed; its report: {job.log}"
                os.rename(path, f"{os.path.dirname(path)}/cut-{os.path.basename(path)}")  # not again
                continue
            report = tail_of(job.report(path))
            kind = kind_of(report)
            if kind in kinds:
                name = file_case(hunt.target, hunt.geometry, kind, read(path), text_of(hunt, path), report,
                                 hunt.programs.prefix)
                print(f"another {kind}: {name}")
                continue
            kinds.add(kind)
            file_finding(hunt, job, path, report, kind)
        except (OSError, Failure) as error:  # a full disk also fails a build
            errors[path] = f"{path}: not filed: {error}"
    return len(found), errors


def file_finding(hunt, job, path, report, kind):
    """Under crashes/, in bytes and in text, with its report; then shrunk."""
    text = text_of(hunt, path)
    name = file_case(hunt.target, hunt.geometry, kind, read(path), text, report, hunt.programs.prefix)
    print("\n".join(report.split("\nNOTE: libFuzzer")[0].splitlines()[:60]))
    print(f"\nfinding: {kind}\n  bytes   {name}")
    if text:
        print(f"  text    {name}.txt")
    if report:
        print(f"  report  {name}.log")
    else:
        print(f"  report  none: the failure is not reproducible in one process; it ended: {job.command}")
    small = shrink_and_show(hunt, job, name, kind) if text and can_be_shrunk(hunt.target, kind) else name
    if hunt.programs.known is not None and text:
        print(f"  this is {name_defect(hunt, kind, small)}")
    print(f"  again:  {command_for(hunt, job, name, small, kind)}")
