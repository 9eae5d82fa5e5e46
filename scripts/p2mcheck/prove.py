# SPDX-License-Identifier: GPL-2.0-or-later
"""Proofs of parts of the core, for all inputs, by cbmc (props/proofs/README.md).

Debian 13 has cbmc, Debian 12 has not. Without it nothing is proved: the command prints SKIP and fails
with a status of its own.
"""

import collections
import os
import platform
import re
import shutil
import time

from p2mcheck import cli, facts, programs
from p2mcheck.files import Failure, check_writable, plain, write_json
from p2mcheck.processes import each, output

SKIPPED = 77  # the exit status that test runners know
FOUND = 10  # cbmc: there is a counterexample

# A loop of the walk ends within `unwind` turns, which is proved as well. Two entries take hours with
# the checks of pointers that cbmc makes by itself.
Proof = collections.namedtuple("Proof", "name what file function options")  # `what`: what holds for all inputs
PROOFS = (
    Proof("index", "the three indices of a PFN are slots, and lead back to it", "index.c", "proof_index", []),
    Proof("index-inverse", "each triple of slots is the place of a PFN", "index.c", "proof_index_inverse", []),
    Proof("mid-part-end", "the part of a range in a mid has the PFNs of that mid alone", "index.c",
          "proof_mid_part_end", []),
    Proof("e820-1", "the identity ranges of a memory map of one entry are those of the definition", "e820.c",
          "proof_e820", ["-DENTRIES=1", "--unwind", "4"]),
    Proof("e820-2", "the same of two entries, in any order and with any overlap", "e820.c", "proof_e820",
          ["-DENTRIES=2", "--unwind", "6", "--no-standard-checks"]),
)

Result = collections.namedtuple("Result", "fine text sentences seconds")


def why_no_package():
    """The reason why this system has no package to install; None if it may have one."""
    try:
        system = platform.freedesktop_os_release()
    except OSError:
        return "this system has no package cbmc that is known here"
    if system.get("ID") == "debian" and system.get("VERSION_ID") not in ("11", "12"):
        return None
    return f"{system.get('PRETTY_NAME', 'this system')} has no package cbmc that fits"


def packages():
    """For scripts/setup."""
    return () if why_no_package() else ("cbmc",)


def command(proof, geometry, core):
    """The call of cbmc, which runs a shell for the preprocessor; `core` is the folder around core/."""
    return ["cbmc", f"props/proofs/{proof.file}", "--function", proof.function, *proof.options,
            "--unwinding-assertions", "--trace", f"-I{core}", "-I.", *geometry.flags]


def counterexample(text):
    """The sentences that do not hold, and the first values that show it."""
    sentences = re.findall(r"^\[[^]]*\] (?:line \d+ )?(.*): FAILURE$", text, re.M)
    first = re.split(r"^Trace for .*$", text, flags=re.M)[1:2]
    values = dict(re.findall(r"^  INPUT ([^:\n]+): (\S+)", first[0], re.M)) if first else {}
    shown = ", ".join(f"{name}={value}" for name, value in values.items())
    return "; ".join(sentences) + (f": {shown}" if shown else "")


def judge(function, status, text):
    """The number of sentences that a run of cbmc proved, and why it is no proof, or None. The other proofs
    in the file are out of reach, and so not false."""
    held = re.findall(r"^\[(\w+)\.assertion\.\d+\] .*: SUCCESS$", text, re.M)
    proved = sum(name == function or not name.startswith("proof_") for name in held)
    if status == FOUND and "VERIFICATION FAILED" in text:
        return proved, counterexample(text)
    if status or not re.search(r"^\*\* 0 of \d+ failed", text, re.M) or "VERIFICATION SUCCESSFUL" not in text:
        errors = re.findall(r"^.*(?:error|Reason:).*$", text, re.M) or [cli.last_line(text)]
        return proved, f"cbmc ended with status {status}: {errors[0]}"
    return proved, None if proved else "cbmc proved no sentence"


def run(proof, geometry, core):
    start = time.monotonic()
    proved, reason = judge(proof.function, *output(command(proof, geometry, core)))
    return Result(reason is None, reason or "", proved, time.monotonic() - start)


def around_core(text):
    """The folder; an error if it has no core/, in whose place cbmc would read our own."""
    if not os.path.isfile(f"{cli.folder(text)}/core/tree.h"):
        raise ValueError("no core/ in this folder")
    return plain(text)


def skip(reason):
    print(f"prove: SKIP: {reason}; Debian 13 has cbmc; nothing was proved", flush=True)
    return SKIPPED


def main():
    """Proofs of parts of the core, for all inputs."""
    parser = cli.Parser(main.__doc__, geometry="x86_64", only="", jobs=programs.cores())
    parser.setting("core", ".", around_core, "the folder around another core/")
    args = parser.parse()
    geometry = facts.geometries()[args.geometry]
    chosen = [proof for proof in PROOFS if re.search(args.only, proof.name)]
    if not chosen:
        parser.error(f"ONLY={args.only}: choose from: {', '.join(proof.name for proof in PROOFS)}")
    programs.setup()
    check_writable(args.build, "B")
    path = f"{args.build}/prove.json"
    if os.path.exists(path):
        os.unlink(path)  # its proofs are not of this run
    if shutil.which("cbmc") or packages():
        programs.setup("gcc", *packages())
    if not shutil.which("cbmc"):
        return skip(why_no_package() or "cbmc is not installed")
    if not shutil.which("gcc"):
        raise Failure("gcc is not installed; cbmc needs it to read C")
    results = {}
    for proof, result in each(args.jobs, lambda one: run(one, geometry, args.core), chosen):
        results[proof.name] = result
        print(f"{'proved' if result.fine else 'FAILED'} {proof.name}: " +
              (result.text or cli.plural(result.sentences, "sentence")) + f" ({result.seconds:.1f} s)", flush=True)
    proved = sum(result.fine for result in results.values())
    write_json(path, {"geometry": geometry.name, "core": args.core, "all": len(PROOFS),
                      "proofs": {name: result._asdict() for name, result in results.items()}})
    print(f"prove: geometry {geometry.name}: {proved} proved, {len(results) - proved} failed")
    return 0 if proved == len(results) else 1
