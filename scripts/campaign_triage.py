# SPDX-License-Identifier: GPL-2.0-only
"""What a campaign does with a finding: named, shrunk, and held against the bugs that are known.
One bug has one entry in crashes/ (bytes, text, report, and the same shrunk); whatever comes to
the same is only counted. Built on findings.py, which does this for `make fuzz`.

Two findings are one bug if they violate the same invariant and their shrunk cases have the same
shape: geometry, ops and kinds of entries, line by line, whatever the numbers. Two bugs of one
shape are taken for one until the first is mended; one bug of two shapes counts twice.
"""

import hashlib
import os
import re
import subprocess

import findings
from engines import LIMIT
from findings import codec_of, file_case, kind_of, read, tail_of, text_of, write_whole

SHRINKING = 120  # seconds at most


def report_of(job, path, args):
    """The engine's own words; if they are lost, what the target says to the input now; empty
    if that is nothing."""
    try:
        report = job.report(path)
    except OSError:
        report = ""
    if kind_of(report) not in ("SANITIZER_unknown", "NOT_REPRODUCED"):
        return report
    done = subprocess.run([args.binary, f"-timeout={LIMIT}", "-rss_limit_mb=2560",
                           f"-artifact_prefix={job.folder}/again-", path], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
    return done.stdout.decode(errors="replace") if done.returncode else ""


def shrunk(args, folder, path, kind):
    """The text of the smallest case that fails so, and where it is; None if there is none."""
    out = f"{folder}/shrunk"
    if "timeout" in kind or kind == "NOT_REPRODUCED" or args.target == "case":
        return None
    try:
        done = subprocess.run(
            [findings.shrinker(args, kind), "shrink", f"--target={codec_of(args)}", f"--want={kind}",
             f"--geometry={args.geometry}", path, "-o", out], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=SHRINKING, check=False,
            env={**os.environ, "ASAN_OPTIONS": "symbolize=0"})
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        return None
    return out if done.returncode == 0 and os.path.exists(out + ".txt") else None


def shape_of(text):
    """The lines of a case without numbers and comments."""
    lines = []
    for line in text.splitlines():
        words = [re.sub(r"(0x[0-9a-f]+|\d+)$", "", word) if "=" in word else word
                 for word in line.split("#")[0].split()]
        # a geometry's name has digits, too
        words = [word for word in words if not re.fullmatch(r"0x[0-9a-f]+|\d+", word)]
        if words:
            lines.append(" ".join(words))
    return "\n".join(lines)


def key_of(args, kind, text, report):
    """What makes two findings one bug."""
    if text:
        return kind + "-" + hashlib.sha256(shape_of(text).encode()).hexdigest()[:12]
    where = re.findall(r"^ +#\d+ 0x[0-9a-f]+ in (\w+)", report, re.M)[:3]
    rest = " ".join([args.target, args.geometry, *where])
    return kind + "-" + hashlib.sha256(rest.encode()).hexdigest()[:12]


def triage(it, path, bugs):
    """Files one artifact of a slice, or finds it known. Answers the key of its bug, and the
    entry if it is a new one. The artifact itself stays where it is: it goes when that is on
    record."""
    args, data = it.args, read(path)
    report = tail_of(report_of(it.job, path, args))
    kind = kind_of(report)
    small = shrunk(args, it.folder, path, kind)
    key = key_of(args, kind, read(small + ".txt").decode() if small else None, report)
    if key in bugs and os.path.exists(bugs[key]["case"]):
        return key, None
    os.makedirs("crashes", exist_ok=True)
    name = file_case(args.target, args.geometry, kind, data, text_of(args, path))
    if report:
        write_whole(name + ".log", report.encode())
    bug = {"kind": kind, "case": name, "again": name, "count": 0, "lane": it.lane}
    if small:
        text = read(small + ".txt")
        geometry = re.search(rb"^geometry (\S+)$", text, re.M).group(1).decode()
        bug["again"] = file_case(args.target, geometry, kind, read(small), text)
        write_whole(bug["again"] + ".c", read(small + ".c"))
    return key, bug
