# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of the preparation for target `setup`: setup.c and e820.c of the same tree, unmodified, with
their own headers for the E820 table and for extra memory. All other headers are one line. A tree
without these files is prepared for p2m.c alone.
"""

import glob
import hashlib
import re
import sys

from p2mcheck.files import Failure, read_text, write

SETUP, E820, EXTRA = "arch/x86/xen/setup.c", "arch/x86/kernel/e820.c", "arch/x86/xen/enlighten.c"

# The version's own headers, by the name under which they are included; up to 4.11 the others.
HEADERS = {
    "asm/e820/api.h": "arch/x86/include/asm/e820/api.h",
    "asm/e820/types.h": "arch/x86/include/asm/e820/types.h",
    "xen/page.h": "include/xen/page.h",
}
OLD_HEADERS = {
    "asm/e820.h": "arch/x86/include/asm/e820.h",
    "uapi/asm/e820.h": "arch/x86/include/uapi/asm/e820.h",
    "xen/page.h": "include/xen/page.h",
}
SPLIT = "uapi/asm/e820.h"  # from 3.7 on; before, asm/e820.h has all
WANTED = (SETUP, E820, EXTRA, *HEADERS.values())

# The features of a version, by its text.
FEATURES = (
    ("SETUP_OWN_EXTRA", r"\bxen_add_extra_mem\([^;]*\)\s*\{"),
    ("SETUP_OWN_RELEASED", r"(?m)^unsigned long (__initdata )?xen_released_pages\b"),
    ("SETUP_COUNTS_RELEASED", r"\bxen_released_pages\b"),
    ("SETUP_ONE_EXTRA", r"\bxen_extra_mem_start\b"),
    ("SETUP_EXTRA_AT_4_GIB", r"\bxen_extra_mem_start = max\(\(1ULL << 32\)"),
    ("SETUP_OLD_E820", r"\bstruct e820entry\b"),
    ("SETUP_E820_POINTER", r"\bsanitize_e820_map\(e820->map"),
    ("SETUP_EXTRA_IN_BYTES", r"\bxen_extra_mem\[i\]\.start\b"),
    ("SETUP_END_IS_OPEN", r"(?s)\A(?!.*(xen_remap_buf|set_phys_range_identity\(map\[i-1\]))"),
    ("SETUP_IGNORES_UNUSABLE", r"\bxen_ignore_unusable\("),
    ("SETUP_RELOCATES", r"\bxen_find_free_area\("),
    ("SETUP_NONRAM", r"\bxen_do_remap_nonram\(\)"),
    ("SETUP_CHECKS_USABLE", r"\bxen_chk_is_e820_usable\(phys_addr_t"),
)

INCLUDE = r'^\s*#\s*include\s*[<"]([^>"]+)[>"]'


def extra_memory(text):
    """The list of extra memory and the function that adds to it, out of a file that has more than these."""
    found = re.search(r"^struct xen_memory_region xen_extra_mem\[.*?^\}\n", text or "", re.M | re.S)
    return found.group(0) if found else ""


def load(tree, read):
    """{name: text} of the version's files; empty if it cannot have target `setup`."""
    texts = {"setup.c": read(tree, SETUP), "e820.c": read(tree, E820)}
    headers = OLD_HEADERS if read(tree, OLD_HEADERS["asm/e820.h"]) else HEADERS
    texts.update({name: read(tree, path) for name, path in headers.items()})
    if texts.get(SPLIT, "") is None:
        del texts[SPLIT]
    if any(text is None for text in texts.values()):
        return {}
    if not re.search(FEATURES[0][1], texts["setup.c"]):
        texts["extra.c"] = extra_memory(read(tree, EXTRA))
        if not texts["extra.c"]:
            return {}
    return texts


# Up to 3.17 the MFN tree is made before the memory map is read, with pages of the brk area.
BUILDS_LISTS_FIRST = r"\bmid_mfn_p = extend_brk\("


# A vendor's setup.c can have more than our headers know. Then the tree has no target `setup`, until they change.
SHIM = ("props/subjects/linux/*.h", "props/subjects/linux/setup/*.*")


def shim_digest():
    names = sorted(name for pattern in SHIM for name in glob.glob(pattern))
    return hashlib.sha256("".join(read_text(name) for name in names).encode()).hexdigest()


def stamp(folder):
    return f"{folder}/setup-is-refused"


def was_refused(folder):
    return glob.glob(stamp(folder)) != [] and read_text(stamp(folder)) == shim_digest()


def compile_error(programs, name):
    """Compiles NAME.o alone: the first error as a line; None if there is none. The file is one of FOLDER/NAME or ours."""
    try:
        programs.make(f"{programs.folder}/gcc/tiny/{name}.o", shown=False)
    except Failure as failure:
        error = re.search(rf"/{name}/(\S+?):(\d+):\d+: (?:fatal )?error: (.*)", str(failure))
        if not error:
            raise
        return f"{error.group(1)}, line {error.group(2)}, does not compile here: {error.group(3)}"
    return None


def compiles(programs):
    """False, with a remark, if it does not; then the header says so from now on."""
    error = compile_error(programs, "setup")
    if not error:
        return True
    print(f"{programs.folder}: no target setup: {error}", file=sys.stderr)
    write(stamp(programs.folder), shim_digest())
    header = f"{programs.folder}/features.h"
    write(header, read_text(header).replace("#define LINUX_SETUP 1", "#define LINUX_SETUP 0"))
    return False


def features(files):
    """Lines of the header with the features of this version of setup.c."""
    included = "".join(f'#define SETUP_{name.upper()}_C "{name}.c"\n' for name in ("p2m", "extra", "setup", "e820"))
    rows = [(name, pattern, "setup.c") for name, pattern in FEATURES] + [("SETUP_LISTS_FIRST", BUILDS_LISTS_FIRST, "p2m.c")]
    return included + "".join(f"#define {name} {int(bool(re.search(pattern, files[file])))}\n"
                              for name, pattern, file in rows)


def prepare(folder, files, update):
    """The files in FOLDER/setup, their headers in FOLDER/setup-include; `files` has p2m.c, page.h and p2m.h as well."""
    if "setup.c" not in files:
        return
    for name in ("setup.c", "e820.c", "p2m.c"):
        update(f"{folder}/setup/{name}", files[name])
    update(f"{folder}/setup/extra.c", files.get("extra.c", ""))
    update(f"{folder}/setup/setup-features.h", features(files))
    shim = '#include "props/subjects/linux/setup/shim.h"\n'
    for include in {name for text in files.values() for name in re.findall(INCLUDE, text, re.M)}:
        update(f"{folder}/setup-include/{include}", shim)
    for name in set(HEADERS) | set(OLD_HEADERS):
        if name not in files:
            continue
        update(f"{folder}/setup/{name}", files[name])
        update(f"{folder}/setup-include/{name}", f'{shim}#include "../setup/{name}"\n'.replace(
            "../", "../" * (name.count("/") + 1)))
    if files["p2m.h"]:
        update(f"{folder}/setup-include/p2m.h", shim + files["p2m.h"])
    update(f"{folder}/setup/asm/xen/page.h", files["page.h"])
    update(f"{folder}/setup-include/asm/xen/page.h",
           f'{shim}#include "../../../setup/asm/xen/page.h"\n')
