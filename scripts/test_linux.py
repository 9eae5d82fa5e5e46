# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's own file as a subject, if a kernel is there: LINUX, or Debian's source package.

Nothing is downloaded. Of each version: kernel-report finds defects, names each of them (a case
that fails without its mask and passes with it), and nothing else; behind these masks the
reviewed cases replay without a failure. Without any kernel there is a line that says so.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import tempfile


def trees():
    if os.environ.get("LINUX"):
        return os.environ["LINUX"].split()
    found = glob.glob("/usr/src/linux-source-*.tar.*")
    return sorted({"debian-" + re.search(r"source-(\d+\.\d+)", path).group(1) for path in found})


def run(command, **environment):
    env = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "SUBJECT", "KNOWN", "LINUX")}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          stdin=subprocess.DEVNULL, timeout=600, encoding="utf-8", errors="replace",
                          env=dict(env, **environment))
    return done.returncode, done.stdout


EXAMPLE = "props/subjects/example.c"


def run_example(build, report):
    """The subject of props/subjects/README.md as it is, and with one slip in it."""
    command = ["make", "-s", "props", "NO_SETUP=1", "GEOMETRY=tiny", "CASES=2000"]
    status, output = run(command + [f"B={build}", f"SUBJECT={EXAMPLE}", "SHAPES=tiny"])
    report(f"{EXAMPLE} holds", status == 0 and ", 0 failures" in output, output)
    with open(EXAMPLE, encoding="utf-8") as file:
        text = file.read()
    with open(f"{build}/example_slip.c", "w", encoding="utf-8") as file:
        file.write(text.replace("pfn < end &&", "pfn + 1 < end &&"))
    status, output = run(command + [f"B={build}", f"SUBJECT={build}/example_slip.c", "SHAPES=tiny"])
    report("a slip in it is found", status != 0 and "p2mcheck: RANGE_PREFIX" in output, output)
    forget(output)


def run_slip(build, folder, report):
    """A store through the read-only mapping of the list is caught, with its function and line."""
    with open(f"{folder}/kernel/p2m.c", encoding="utf-8") as file:
        text, count = re.subn(r"(xen_safe_write_ulong\(xen_p2m_addr[^;]*;)", r"\1 xen_p2m_addr[pfn] = mfn;",
                              file.read(), count=1)
    if "xen_p2m_addr" not in text:
        return  # a tree has no such mapping
    if not count:
        report("a store to the list goes by xen_safe_write_ulong", False, f"not found in {folder}/kernel/p2m.c")
        return
    os.makedirs(f"{build}/slip", exist_ok=True)
    shutil.copy(f"{folder}/kernel/page.h", f"{build}/slip/page.h")
    with open(f"{build}/slip/p2m.c", "w", encoding="utf-8") as file:
        file.write(text)
    status, output = run(["make", "-s", "props", "NO_SETUP=1", f"B={build}", "SUBJECT=linux", "CASES=2000",
                          f"LINUX={build}/slip", "KNOWN=B5,C3,F4"])
    report("a store through a read-only page of the kernel's list is named",
           status != 0 and re.search(r"_PAGE_UNTOUCHED: .*the store is in __set_phys_to_machine, line \d+",
                                     output, re.S), output)
    forget(output)


def forget(output):
    """What a run on purpose wrong has filed."""
    for path in re.findall(r"filed as (\S+)\.txt", output):
        for end in ("", ".txt", ".log"):
            if os.path.exists(path + end):
                os.unlink(path + end)


def run_all(build, report):
    run_example(build, report)
    if not trees():
        report("the kernel's own file: skipped, no LINUX and no linux-source package", True, passed=0)
    for tree in trees():
        status, output = run(["scripts/kernel-report", f"--build={build}", "--cases=20000", tree])
        report(f"kernel-report of {tree}: each finding has a name", status == 0, output)
        if status:
            continue
        with open(f"{build}/kernel-report.json", encoding="utf-8") as file:
            row = json.load(file)[0]
        report(f"{tree} has defects, and C3 is one", "C3" in row["defects"], output)
        folder = run(["scripts/linux", f"--build={build}", tree])[1].strip()
        status, output = run([f"{folder}/p2m-case", "replay", "corpus"],
                             P2MCHECK_KNOWN=",".join(row["defects"]))
        report(f"{tree}: the reviewed cases behind its masks", status == 0, output)
        if tree == trees()[0]:
            run_slip(build, folder, report)
    if "debian-6.1" in trees():
        names = {run(["scripts/linux", f"--build={build}", name])[1] for name in ("debian", "debian-6.1")}
        report("LINUX=debian is 6.1, whatever else is there", len(names) == 1 and "6.1-" in names.pop(), str(names))
    with tempfile.TemporaryDirectory() as empty:
        status, output = run(["scripts/linux", f"--build={build}", empty])
        report("a folder without a kernel is refused", status == 1 and "no arch/x86/xen/p2m.c" in output,
               output)
    status, output = run(["make", "-n", "fuzz", "SUBJECT=linux"])
    report("SUBJECT=linux wants to know which", status == 2 and "LINUX=TREE" in output, output)
