# SPDX-License-Identifier: GPL-2.0-or-later
"""Prepares Xen's own save code for compilation here, and prints the folder's name.

XEN is a tree of Xen, or `debian`: Debian's source package, which is downloaded to build/xen/apt/.
A few files of its toolstack and the headers of this version are copied, unmodified, to
build/xen/NAME-HASH/, and two of Xen's own scripts make three headers. These files are never
committed.
"""

import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys

from p2mcheck import cli
from p2mcheck.files import Failure, read, read_text
from p2mcheck.programs import setup
from p2mcheck.xen import apt

SOURCES = ("xg_sr_save_x86_pv.c", "xg_sr_restore_x86_pv.c", "xg_sr_common_x86_pv.c")
GUEST = "tools/libs/guest"
PUBLIC = "xen/include/public"
FOREIGN = "tools/include/xen-foreign"
CPUID = "xen/tools/gen-cpuid.py"

# What is used of a tree: where from, where to. A pattern goes to a folder.
COPIED = (
    *((f"{GUEST}/{name}", f"source/{name}") for name in SOURCES),
    (f"{GUEST}/*.h", "include"),
    ("tools/libs/ctrl/*.h", "include"),
    ("tools/include/*.h", "include"),
    ("tools/include/xen-tools/*.h", "include/xen-tools"),
    ("tools/include/xen-sys/Linux/*.h", "include/xen/sys"),
    (f"{PUBLIC}/*.h", "include/xen"),
    (f"{PUBLIC}/*/*.h", "include/xen/*"),
    (f"{PUBLIC}/*/*/*.h", "include/xen/*/*"),
    ("xen/include/xen/lib/x86/*.h", "include/xen/lib/x86"),
    ("xen/include/xen/libelf.h", "include/xen/libelf/libelf.h"),
    ("xen/include/xen/elfstructs.h", "include/xen/libelf/elfstructs.h"),
)

UNPACKED = ("xen/Makefile", "xen/include", CPUID, "tools/include", GUEST, "tools/libs/ctrl")


def unpack(build):
    """What is used of Debian's package, as a tree."""
    setup("xz-utils")
    archive = apt.archive(f"{build}/xen/apt")
    tree = f"{build}/xen/unpacked-{hashlib.sha256(read(archive)).hexdigest()[:8]}"
    if not os.path.isdir(tree):
        shutil.rmtree(f"{tree}.tmp", ignore_errors=True)
        os.makedirs(f"{tree}.tmp")
        subprocess.run(["tar", "-xf", archive, "-C", f"{tree}.tmp", "--strip-components=1", "--wildcards",
                        *(f"*/{part}" for part in UNPACKED)], check=True)
        os.rename(f"{tree}.tmp", tree)
    return tree


def name_of(tree):
    """The version by the tree's Makefile, or else the name of the folder."""
    try:
        said = read_text(f"{tree}/xen/Makefile")
    except OSError:
        said = ""
    parts = [re.search(rf"^(?:export )?XEN_{word}\s*[:?]?=\s*(\w+)", said, re.M) for word in ("VERSION", "SUBVERSION")]
    if all(parts):
        return ".".join(part.group(1) for part in parts)
    return re.sub(r"[^A-Za-z0-9._]", "_", os.path.basename(os.path.abspath(tree)))


def files_of(tree):
    """{path in the prepared folder: path in the tree}"""
    found = {}
    for pattern, goal in COPIED:
        paths = glob.glob(f"{tree}/{pattern}")
        if not paths and not pattern.startswith(PUBLIC):
            raise Failure(f"XEN={tree}: it has no {pattern}")
        for path in paths:
            parts = os.path.relpath(path, tree).split("/")
            stars = iter(part for part, star in zip(parts, pattern.split("/")) if star == "*")
            into = re.sub(r"\*", lambda _, stars=stars: next(stars), goal)
            found[f"{into}/{parts[-1]}" if "*" in pattern else into] = path
    return found


def generate(tree, folder):
    """The headers that a build of Xen makes."""
    tree, include = os.path.abspath(tree), f"{os.path.abspath(folder)}/include/xen"
    os.makedirs(f"{include}/foreign")
    for word in ("x86_32", "x86_64"):  # the guard of a header is made of the name that is given
        headers = [f"{tree}/{PUBLIC}/{name}" for name in (f"arch-x86/xen-{word}.h", "arch-x86/xen.h", "xen.h")]
        subprocess.run([sys.executable, "-B", f"{tree}/{FOREIGN}/mkheader.py", word, f"{word}.h", *headers], check=True,
                       cwd=f"{include}/foreign")
    subprocess.run([sys.executable, "-B", f"{tree}/{CPUID}", "-i", f"{tree}/{PUBLIC}/arch-x86/cpufeatureset.h",
                    "-o", f"{include}/lib/x86/cpuid-autogen.h"], check=True)


def prepare(build, xen):
    """The folder with Xen's files. It is whole, or not there."""
    tree = unpack(build) if xen == "debian" else os.path.expanduser(xen)
    files = files_of(tree)
    digest = hashlib.sha256(b"".join(path.encode() + read(files[path]) for path in sorted(files))).hexdigest()
    folder = f"{build}/xen/{name_of(tree)}-{digest[:8]}"
    if os.path.isdir(folder):
        return folder
    shutil.rmtree(f"{folder}.tmp", ignore_errors=True)
    for goal, path in files.items():
        os.makedirs(os.path.dirname(f"{folder}.tmp/{goal}"), exist_ok=True)
        shutil.copyfile(path, f"{folder}.tmp/{goal}")
    generate(tree, f"{folder}.tmp")
    os.rename(f"{folder}.tmp", folder)
    return folder


def main():
    args = cli.Parser(__doc__, core=False, xen="debian").parse()
    print(prepare(args.build, args.xen))
    return 0
