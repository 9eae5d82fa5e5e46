# SPDX-License-Identifier: GPL-2.0-only
"""What is done with a finding, whichever engine it comes from: named by what it violates, kept
in crashes/ as bytes, as text and with its report, and shrunk.
"""

import glob
import hashlib
import os
import re
import subprocess


def write_whole(path, data):
    """All of it under its name, or nothing."""
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, path)
    except OSError:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


def read(path):
    with open(path, "rb") as file:
        return file.read()


def codec_of(args):
    """Targets of their own making take bytes as `ops` does."""
    return args.target if args.target in ("ops", "e820", "case", "canary") else "ops"


def kind_of(report):
    """The invariant that a report names, or the sanitizer's word for it."""
    if not report:
        return "NOT_REPRODUCED"
    found = re.search(r"^DEDUP_TOKEN: ([A-Z_0-9]+)$", report, re.M)
    if found:
        return found.group(1)
    found = re.search(r"^SUMMARY: (?:\w+Sanitizer|libFuzzer): ([\w-]+)", report, re.M)
    return "SANITIZER_" + (found.group(1) if found else "unknown")


def text_of(args, path):
    if args.target == "case":
        return None
    done = subprocess.run([args.tool, "decode", f"--geometry={args.geometry}",
                           f"--target={codec_of(args)}", path], stdout=subprocess.PIPE, check=False)
    return done.stdout if done.returncode == 0 else None


def tail_of(report):
    """The report from its first telling line on, the engine's chatter before it left out."""
    starts = [report.find(word) for word in ("ASSERTION FAILED", "==ERROR", "runtime error",
                                             "==WARNING", "ERROR: libFuzzer")]
    starts = [start for start in starts if start >= 0]
    return report[report.rfind("\n", 0, min(starts)) + 1:] if starts else report[-4000:]


def file_case(target, geometry, kind, data, text):
    """Bytes and text in crashes/ under a name that tells what they are."""
    name = f"crashes/{target}_{geometry}-{kind}-{hashlib.sha256(data).hexdigest()[:12]}"
    write_whole(name, data)
    if text:
        write_whole(name + ".txt", text)
    return name


def shrinker(args, kind):
    """The p2m-case that sees this failure."""
    if not kind.startswith("SANITIZER_"):
        return args.tool
    tool = f"{args.build}/clang-san/p2m-case"
    where = getattr(args, "make", None) or args.build
    subprocess.run(["make", "-s", f"B={where}", tool], stdout=subprocess.DEVNULL, check=True)
    return tool


def shrink(args, job, name, kind):
    """The smallest case that fails so, and what else was met on the way; says where they are."""
    out = f"{job.folder}/shrunk"
    done = subprocess.run([shrinker(args, kind), "shrink", f"--target={codec_of(args)}",
                           f"--want={kind}", name, "-o", out], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, encoding="utf-8",
                          env={**os.environ, "ASAN_OPTIONS": "symbolize=0"})
    if done.returncode:
        print(f"  shrunk  not: {(done.stderr.splitlines() or ['no answer'])[-1]}")
        return name
    text = read(out + ".txt")
    geometry = re.search(rb"^geometry (\S+)$", text, re.M).group(1).decode()
    small = file_case(args.target, geometry, kind, read(out), text)
    write_whole(small + ".c", read(out + ".c"))
    print(f"  shrunk  {small}.txt ({done.stdout.strip().split(': ', 1)[1]}), and .c, a test to paste")
    print("\n".join("    " + line for line in text.decode().splitlines()))
    for aside in sorted(glob.glob(f"{out}.aside-*.txt")):
        other = re.search(r"aside-(.*)\.txt$", aside).group(1)
        data = subprocess.run([args.tool, "encode", f"--target={codec_of(args)}", aside, "-o",
                               f"{job.folder}/aside"], check=False)
        if data.returncode == 0:
            print(f"  aside   {file_case(args.target, geometry, other, read(job.folder + '/aside'), read(aside))}.txt")
    return small


def file_findings(args, jobs):
    """The first one of each kind; answers how many there are. One engine ends at its first
    finding, the other collects more of the same before it comes to a stop."""
    count, kinds = 0, set()
    for job, path in [(job, path) for job in jobs for path in job.artifacts()]:
        report = tail_of(job.report(path))
        kind = kind_of(report)
        count += 1
        if kind in kinds:
            print(f"another {kind}: {path}")
            continue
        kinds.add(kind)
        file_finding(args, job, path, report, kind)
    return count


def with_subject():
    """What `make` has to be told besides, if the subject is not ours."""
    if os.environ.get("SUBJECT", "core") == "core":
        return ""
    told = (("SUBJECT", "SUBJECT"), ("LINUX", "LINUX"), ("KNOWN", "P2MCHECK_KNOWN"))
    return "".join(f" {name}={os.environ[variable]}" for name, variable in told if os.environ.get(variable))


def file_finding(args, job, path, report, kind):
    """Under crashes/, in bytes and in text, with its report; then shrunk."""
    data = read(path)
    os.makedirs("crashes", exist_ok=True)
    text = text_of(args, path)
    name = file_case(args.target, args.geometry, kind, data, text)
    if report:
        write_whole(name + ".log", report.encode())
    print("\n".join(report.split("\nNOTE: libFuzzer")[0].splitlines()[:60]))
    print(f"\nfinding: {kind}\n  bytes   {name}")
    if text:
        print(f"  text    {name}.txt")
    if report:
        print(f"  report  {name}.log")
    else:
        print(f"  report  none: it ended this program, but alone it does no harm: {job.command}")
    small = shrink(args, job, name, kind) if text and report and "timeout" not in kind else name
    print(f"  again:  make repro{with_subject()} CASE={small}")
