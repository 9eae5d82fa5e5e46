# SPDX-License-Identifier: GPL-2.0-or-later
"""Prepares a kernel's p2m.c, and its setup.c, for compilation here, and prints the folder's name.

LINUX is a kernel tree, a folder that holds arch/x86/xen/p2m.c and
arch/x86/include/asm/xen/page.h (or just p2m.c and page.h side by side), or Debian's source
package: `debian-6.12`, or `debian`, which is `debian-6.1`. The package is installed. The files are
copied, unmodified, to build/linux/NAME-HASH/, with one-line headers for all that they
include, and a header with the era and the features of the file. These files are
never committed. How setup.c is prepared is in prepare_setup.py.
"""

import glob
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import tempfile

from p2mcheck import cli
from p2mcheck.files import Failure, write
from p2mcheck.linux import defects, prepare_setup
from p2mcheck.linux.c_text import blanked
from p2mcheck.programs import MODES, Programs, setup

P2M = "arch/x86/xen/p2m.c"
PAGE = "arch/x86/include/asm/xen/page.h"
OWN = "arch/x86/xen/p2m.h"  # only in 3.18 to 4.0

# The features of a version, by its text and not by its number: vendors' trees mix versions.
FEATURES = (
    ("LINUX_LINEAR", r"\bxen_p2m_addr\b"),
    ("LINUX_IDENTITY", r"\bp2m_identity\b"),
    ("LINUX_RANGE", r"\bset_phys_range_identity\s*\("),
    ("LINUX_MID_IDENTITY", r"== p2m_mid_identity\b"),
    ("LINUX_MID_IDENTITY_MFN", r"\bp2m_mid_identity_mfn\b"),
    ("LINUX_RANGES_FIRST", r'#include "p2m\.h"|\bxen_p2m_addr\b'),
    ("LINUX_BEYOND_IS_IDENTITY",
     r"(?s)pfn >= (MAX_P2M_PFN|xen_p2m_size)\)+\s*\{?[^}]{0,200}?return IDENTITY_FRAME\(pfn\)"),
    ("LINUX_TOOLS4", r"\bSIF_VIRT_P2M_4TOOLS\b"),
    ("LINUX_BUILDS_TRANSLATED",
     r"xen_build_dynamic_phys_to_machine\(void\)\s*\{[^}]*?if \(xen_feature\(XENFEAT_auto_translated_physmap\)\)\s*return;"),
    ("LINUX_EARLY", r"\bearly_set_phys_to_machine\("),
    ("LINUX_REVECTOR", r"\bxen_revector_p2m_tree\("),
    ("LINUX_NONRAM", r"\bxen_do_remap_nonram\("),
    ("LINUX_IOREMAP", r"\bxen_acpi_os_ioremap\("),
    ("LINUX_LEAF_BY_MIDDLE", r"\bearly_alloc_p2m_middle\(unsigned long pfn, bool"),
    ("LINUX_DUMP", r"\bp2m_dump_show\b"),
    ("LINUX_DEBUGFS", r"\bxen_p2m_debugfs\("),
    ("LINUX_LAST_PFN", r"\bxen_p2m_last_pfn\b"),
    ("LINUX_GFN", r"\bpfn_to_gfn\("),
    ("LINUX_BFN", r"\bbfn_to_local_pfn\("),
    ("LINUX_MFN_OF_NOBODY", r"pfn == ~0 &&"),
    ("LINUX_CLAMPS_RANGE", r"pfn_e > (MAX_P2M_PFN|xen_p2m_size)\)"),
    ("LINUX_SET_FOREIGN", r"\bset_foreign_p2m_mapping\s*\("),
    ("LINUX_OVERRIDE", r"\bm2p_add_override\s*\("),
    ("LINUX_TAKES_KMAP", r"\bint m2p_add_override\([^)]*\bkmap_op\b|\bset_foreign_p2m_mapping\s*\("),
    ("LINUX_ADD_TAKES_CLEAR", r"\bint m2p_add_override\([^)]*\bclear_pte\b"),
    ("LINUX_REMOVE_TAKES_KMAP", r"\bint m2p_remove_override\([^)]*\bkmap_op\b"),
    ("LINUX_CLEAR_TAKES_UNMAPS", r"\bint clear_foreign_p2m_mapping\([^)]*\bkunmap_ops\b"),
)


def debian(name, build):
    """The files out of Debian's source package, and the Makefile with its version, as a folder."""
    top = f"linux-source-{name.partition('-')[2] or '6.1'}"
    setup(top, "xz-utils")
    archives = glob.glob(f"/usr/src/{top}.tar.*")
    if not archives:
        raise Failure(f"LINUX={name}: no /usr/src/{top}.tar.*; install {top}")
    folder = f"{build}/linux/unpacked"
    wanted = ["Makefile", P2M, PAGE, *prepare_setup.WANTED]
    if (not all(os.path.exists(f"{folder}/{top}/{path}") for path in wanted)
            or os.stat(archives[0]).st_ctime > os.stat(f"{folder}/{top}").st_ctime):  # another version of the package
        unpack(archives[0], folder, top, wanted)
    return f"{folder}/{top}"


def unpack(archive, folder, top, wanted):
    """Into a temporary folder, which is renamed: a file that is there is whole."""
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tmp.", dir=folder) as part:
        done = subprocess.run(["tar", "-xf", archive, "-C", part, "--occurrence=1", *(f"{top}/{path}" for path in wanted)],
                              check=False, stderr=subprocess.PIPE, encoding="utf-8", errors="replace")
        if done.returncode:
            raise Failure(f"{archive}: tar cannot unpack it: {(done.stderr.splitlines() or ['killed'])[0]}")
        shutil.rmtree(f"{folder}/{top}", ignore_errors=True)
        os.rename(f"{part}/{top}", f"{folder}/{top}")


def read(tree, *paths):
    for path in paths:
        try:
            with open(f"{tree}/{path}", encoding="utf-8", errors="surrogateescape") as file:
                return file.read()
        except FileNotFoundError:
            continue
    return None


def name_of(tree):
    """The version by the tree's Makefile, or else the name of the folder."""
    makefile = read(tree, "Makefile") or ""
    parts = [re.search(rf"^{word}\s*=[ \t]*([\w.-]*)$", makefile, re.M)
             for word in ("VERSION", "PATCHLEVEL", "SUBLEVEL", "EXTRAVERSION")]
    if all(parts):
        *numbers, extra = (part.group(1) for part in parts)
        return ".".join(numbers) + (extra if re.fullmatch(r"\.\d+|-rc\d+", extra) else "")
    return re.sub(r"[^A-Za-z0-9._]", "_", os.path.basename(os.path.abspath(tree)))


def update(path, text):
    """Writes only changed files, so that make compiles only these."""
    if read(os.path.dirname(path), os.path.basename(path)) != text:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write(path, text)


def check_whole(linux, path, text):
    """An error in one line if the file is cut off."""
    code = blanked(text)
    opened = code.count("{") - code.count("}")
    conditions = len(re.findall(r"(?m)^\s*#\s*if", code)) - len(re.findall(r"(?m)^\s*#\s*endif", code))
    if opened > 0 or conditions > 0 or "/*" in code:
        raise Failure(f"LINUX={linux}: its {path} is cut off: at its end "
                      + (f"{opened} braces are open" if opened > 0 else "a comment or an #if is open"))


def check_one_version(linux, p2m, page):
    """An error in one line if page.h declares a function of the p2m that p2m.c has not, or has not what it exports. Two
    versions with the same functions cannot be told apart."""
    p2m, page = blanked(p2m), blanked(page)
    ours = r"\w*(?:p2m|m2p|phys_to_machine|phys_range_identity)\w*"
    declared = set(re.findall(rf"(?m)^\s*extern\s[^;{{(]*?\b({ours})\s*\(", page))
    defined = set(re.findall(rf"(?m)^(?!static)(?:\w+[ \t*]+)+({ours})\s*\([^;{{}}()]*\)\s*\{{", p2m))
    exported = set(re.findall(r"\bEXPORT_SYMBOL(?:_GPL)?\((\w+)\)", p2m)) & defined
    apart = [f"{name} is declared in page.h and not defined in p2m.c" for name in sorted(declared - defined)]
    apart += [f"{name} is exported by p2m.c and not declared in page.h" for name in sorted(exported - declared)]
    if bool(re.search(r"\bxen_p2m_addr\b", p2m)) != bool(re.search(r"\bxen_p2m_addr\b", page)):
        apart = ["only one of them has xen_p2m_addr"]
    if apart:
        raise Failure(f"LINUX={linux}: {P2M} and {PAGE} are of two versions: {apart[0]}")


def load(linux, build):
    """(tree, p2m.c, page.h, p2m.h or None)"""
    tree = os.path.expanduser(linux)
    if re.fullmatch(r"debian(-\d+\.\d+)?", linux):
        tree = debian(linux, build)
    p2m, page, own = read(tree, P2M, "p2m.c"), read(tree, PAGE, "page.h"), read(tree, OWN, "p2m.h")
    if p2m is None or page is None:
        old = read(tree, "arch/x86/xen/mmu.c") if p2m is None else None
        raise Failure(f"LINUX={linux}: it has no {P2M if p2m is None else PAGE}"
                      + (": before 2.6.38 it was part of mmu.c" if old else ""))
    for path, text in ((P2M, p2m), (PAGE, page)):
        check_whole(linux, path, text)
    if "set_phys_to_machine" not in p2m:
        raise Failure(f"LINUX={linux}: its {P2M} has no set_phys_to_machine; is the file whole?")
    check_one_version(linux, p2m, page)
    return tree, p2m, page, own


def prepare(build, linux, mode=MODES[0]):
    """The folder with the kernel's files. Each mode of compilation has one of its own."""
    tree, p2m, page, own = load(linux, build)
    setup_files = prepare_setup.load(tree, read)
    digest = hashlib.sha256("".join([p2m, page, own or "", *setup_files.values()])
                            .encode(errors="surrogateescape")).hexdigest()
    name = f"{name_of(tree)}-{digest[:8]}"
    folder = f"{build}/linux/{name}{'' if mode == MODES[0] else '-' + mode}"
    update(f"{folder}/kernel/p2m.c", p2m)
    update(f"{folder}/kernel/page.h", page)
    found = "".join(f"#define {name} {int(bool(re.search(pattern, p2m + page)))}\n"
                    for name, pattern in FEATURES)
    update(f"{folder}/features.h",
           f'#define LINUX_NAME "{name}"\n#define LINUX_MODE "{mode}"\n'
           f"#define LINUX_AS_WRITTEN {int(mode == MODES[0])}\n{found}#define LINUX_SETUP {int(bool(setup_files) and not prepare_setup.was_refused(folder))}\n")
    prepare_setup.prepare(folder, {**setup_files, "p2m.c": p2m, "page.h": page, "p2m.h": own or ""}, update)
    for include in set(re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', p2m + page, re.M)):
        update(f"{folder}/include/{include}", '#include "props/subjects/linux/shim.h"\n')
    update(f"{folder}/include/asm/xen/page.h",
          '#include "props/subjects/linux/shim.h"\n#include LINUX_PAGE_H\n'
          '#include "props/subjects/linux/page_overrides.h"\n')
    if own is not None:
        update(f"{folder}/include/p2m.h", own)
    return folder


def programs(build, linux, known, mode=MODES[0]):
    """The programs with this kernel's p2m as the subject. They mask the defects in `known`."""
    folder = prepare(build, linux, mode)
    features = dict(re.findall(r"^#define (\w+) ([01])$", read(folder, "features.h"), re.M))
    defects.check_names(known)
    os.environ["P2MCHECK_KNOWN"] = known
    told = [f"SUBJECT=linux LINUX={shlex.quote(linux)}", *[f"KNOWN={shlex.quote(known)}"] * bool(known),
            *[f"MODE={mode}"] * (mode != MODES[0])]
    made = Programs(build, folder, ["SUBJECT=linux", f"LINUX_FOLDER={folder}"],
                    ["micro", "tiny", "x86_64"],
                    without=() if features["LINUX_RANGE"] == "1" else ("range", "xen_set_identity"),
                    again=" " + " ".join(told), prefix=f"linux-{os.path.basename(folder)}.")
    made.has_setup = features["LINUX_SETUP"] == "1"
    made.known = [name for name in re.split(r"[ ,]+", known) if name]
    check_compiles(made, linux)
    if made.has_setup:
        made.has_setup = prepare_setup.compiles(made)
    return made


def check_compiles(made, linux):
    """Compiles the kernel's file alone, so that an error is one line. A folder that was tried has a stamp."""
    stamp = f"{made.folder}/compiles"
    if os.path.exists(stamp):
        return
    error = prepare_setup.compile_error(made, "kernel")
    if error:
        raise Failure(f"LINUX={linux}: {error}; are p2m.c and page.h whole, and of one version?")
    write(stamp, "")


def main():
    parser = cli.Parser(__doc__, core=False, linux="debian", mode=MODES[0])
    parser.switch("tool", "build its p2m-case and print that name")
    args = parser.parse()
    if not args.tool:
        print(prepare(args.build, args.linux, args.mode))
        return 0
    kernel = programs(args.build, args.linux, "", args.mode)
    kernel.make(kernel.p2m_case(), shown=False)
    print(os.path.abspath(kernel.p2m_case()))
    return 0
