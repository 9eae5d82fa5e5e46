# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks that run the programs of one build in $OUT."""

import glob
import os
import re
import tempfile
import zipfile

from p2mcheck.files import read, read_text
from p2mcheck.ossfuzz.checks import build, read_options
from p2mcheck.ossfuzz.service import Skip, llvm, need, run, runner


def flags_of(out, target):
    return ["-rss_limit_mb=2560", "-timeout=25"] + [
        f"-{key}={value}" for key, value in read_options(f"{out}/{target}.options").items()]


def need_runner(configuration):
    if configuration.engine not in ("libfuzzer", "afl"):
        raise Skip(f"{configuration.engine}'s own program is needed")


def check_start(configuration, out, place):
    """bad_build_check: four runs without a seed. From a moved $OUT, like all runs here."""
    need_runner(configuration)
    edges = []
    for target in configuration.targets:
        if configuration.engine == "afl":
            start_afl(out, target, place)
            continue
        code, output = run([f"{out}/{target}", "-seed=1337", "-runs=4", *flags_of(out, target),
                            tempfile.mkdtemp(dir=place.top), f"-dict={out}/{target}.dict"], **runner(place))
        need(code == 0 and "Done 4 runs" in output, f"{target}: not `Done 4 runs`: {output[-600:]}")
        need("no interesting inputs were found" not in output, f"{target}: no instrumentation seen")
        found = re.search(r"\((\d+) inline 8-bit counters\)", output)
        edges.append(int(found.group(1)) if found else 0)
        need(edges[-1] >= 100, f"{target}: {edges[-1]} edges, `partial coverage instrumentation`")
    return f"{min(edges)} to {max(edges)} edges" if edges else None


def start_afl(out, target, place):
    folder = tempfile.mkdtemp(dir=place.top)
    os.mkdir(f"{folder}/in")
    with open(f"{folder}/in/seed", "wb") as file:
        file.write(b"input")
    machine = runner(place, AFL_NO_UI="1", AFL_SKIP_CPUFREQ="1", AFL_NO_AFFINITY="1",
                     AFL_FAST_CAL="1", AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES="1",
                     ASAN_OPTIONS="abort_on_error=1:symbolize=0:detect_leaks=0")
    del machine["env"]["MSAN_OPTIONS"]  # afl-fuzz sets them
    code, output = run(["afl-fuzz", "-V", "3", "-m", "none", "-t", "5000+", "-i", f"{folder}/in",
                        "-o", f"{folder}/out", "-x", f"{out}/{target}.dict", "--", f"{out}/{target}"],
                       **machine)
    need("All set and ready to roll" in output, f"{target}: afl-fuzz, status {code}: {output[-600:]}")
    need(not re.search(r"target binary (crashed|terminated)", output), f"{target}: {output[-600:]}")
    need(not os.listdir(f"{folder}/out/default/crashes"), f"{target}: a crash")


def unpack(out, target, place):
    folder = tempfile.mkdtemp(dir=place.top)
    with zipfile.ZipFile(f"{out}/{target}_seed_corpus.zip") as archive:
        archive.extractall(folder)
    return folder


def check_replay(configuration, out, place):
    """Each seed runs, alone, without a finding."""
    need_runner(configuration)
    for target in configuration.targets:
        seeds = sorted(glob.glob(unpack(out, target, place) + "/*"))
        profile = {"LLVM_PROFILE_FILE": f"{out}/{target}.profraw"}
        flags = [] if configuration.engine == "afl" else flags_of(out, target)
        code, output = run([f"{out}/{target}", *flags, *seeds], **runner(place, **profile))
        need(code == 0, f"{target}: status {code}: {output[-600:]}")
        ran = len(re.findall(r"^Executed |Execution successful", output, re.M))
        need(ran >= len(seeds), f"{target}: {ran} of {len(seeds)} seeds were run")


def check_fuzz(configuration, out, place):
    """Short fuzzing from the seeds, with dictionary and options: no finding, no leak."""
    if configuration.engine != "libfuzzer" or configuration.sanitizer == "coverage":
        return None
    for target in configuration.targets:
        code, output = run([f"{out}/{target}", "-seed=1", "-runs=3000", *flags_of(out, target),
                            f"-dict={out}/{target}.dict", tempfile.mkdtemp(dir=place.top),
                            unpack(out, target, place)], **runner(place))
        need(code == 0 and "Done 3000 runs" in output, f"{target}: status {code}: {output[-1500:]}")
    return "3000 runs per target"


def check_again(configuration, place, first):
    """A second build, in other folders and in another time zone, gives the same bytes of data."""
    if configuration.name != "libfuzzer-address-x86_64":
        return None
    out = f"{place.top}/again"
    build(place, configuration, out, "scripts/oss-fuzz/build.sh", TZ="Pacific/Kiritimati")
    names = sorted(os.listdir(first))
    need(sorted(os.listdir(out)) == names, "a second build leaves other files")
    data = [name for name in names if name.endswith((".zip", ".dict", ".options"))]
    for name in data:
        need(read(f"{first}/{name}") == read(f"{out}/{name}"), f"{name}: different bytes in the second build")
    return f"{len(data)} files are byte-identical in a build by scripts/oss-fuzz in another time zone"


# ---- coverage ----

def check_coverage(configuration, out, place):
    """The profiles of the seeds make a report; its sources exist; returns the covered part of core/."""
    profdata, cov = llvm("llvm-profdata"), llvm("llvm-cov")
    raw = sorted(glob.glob(f"{out}/*.profraw"))
    need(len(raw) == len(configuration.targets), f"profiles: {raw}")
    code, output = run([profdata, "merge", "-sparse", *raw, "-o", f"{out}/merged.profdata"])
    need(code == 0, output)
    binaries = [f"-object={out}/{target}" for target in configuration.targets]
    yaml = read_text(f"{place.checkout}/scripts/oss-fuzz/project.yaml")
    extra = re.search(r"^coverage_extra_args: (.*)$", yaml, re.M).group(1).split()
    lines, sources = [0, 0], []
    for arguments in ([], extra):
        code, output = run([cov, "export", "-format=lcov", f"-instr-profile={out}/merged.profdata",
                            *binaries, *arguments])
        need(code == 0, output[-600:])
        sources = re.findall(r"^SF:(.*)$", output, re.M)
        need(sources, "no source in the report")
        for source in sources:
            need(source.startswith(place.checkout + "/") and os.path.isfile(source) and
                 not os.path.islink(source), f"source {source} is not in the checkout")
        hits = re.findall(r"^DA:\d+,(\d+)", output, re.M)
        lines = [sum(hit != "0" for hit in hits), len(hits)]
    need(all("/core/" in source for source in sources), f"the report has more than the core: {sources}")
    need(lines[0] >= 0.8 * lines[1], f"{lines[0]} of {lines[1]} lines of core/ are reached by the seeds")
    return f"the seeds reach {lines[0]} of {lines[1]} lines of core/ ({100 * lines[0] / lines[1]:.1f} %)"
