# SPDX-License-Identifier: GPL-2.0-or-later
"""A case as a reader of the kernel knows it: its calls by their names in the kernel, where they are stopped, and the
lines of the kernel at these places. The kernel's text comes from the user's tree, and goes to the report alone.
"""

import re

from p2mcheck import facts

# The kernel's function for each op, in the linear era and before.
FUNCTIONS = {"set": "set_phys_to_machine", "__set": "__set_phys_to_machine", "range": "set_phys_range_identity",
             "resume": "xen_build_mfn_list_list", "grant_map": "set_foreign_p2m_mapping",
             "grant_unmap": "clear_foreign_p2m_mapping", "get": "get_phys_to_machine", "pfn_to_mfn": "pfn_to_mfn"}
OVERRIDES = {"grant_map": "m2p_add_override", "grant_unmap": "m2p_remove_override"}
ENTRIES = {"mfn": "{1}", "raw": "{1}", "foreign": "FOREIGN_FRAME({1})", "identity": "IDENTITY_FRAME({0})",
           "invalid": "INVALID_P2M_ENTRY"}
MODES = ((1, "kmap_ops"), (2, "GNTMAP_contains_pte"), (4, "GNTMAP_device_map"))  # low bits of a grant's MFN
BOOTS = {"bare": "its steps follow", "auto_translated": "it is auto-translated", "4tools": "SIF_VIRT_P2M_4TOOLS is set",
         "tso": "each CPU has a store buffer, as on x86"}
AROUND = 2  # lines of the kernel before and behind a place


def split(line):
    """(words, {name: value}) of an op, without its `at`."""
    words = line.split()
    words = words[2:] if words[0] == "at" else words
    return [word for word in words if "=" not in word], dict(word.split("=", 1) for word in words if "=" in word)


def functions_of(lines, text):
    """The kernel's functions that a case calls."""
    ops = [split(line)[0][0] for line in lines[2:]]
    old = "set_foreign_p2m_mapping" not in text
    names = [OVERRIDES[op] if old and op in OVERRIDES else FUNCTIONS[op] for op in ops if op in FUNCTIONS]
    return list(dict.fromkeys(names or ["xen_build_dynamic_phys_to_machine"]))


def entry(words):
    return ENTRIES[words[1]].format(words[0], words[2] if len(words) > 2 else "")


def grants(words, old):
    function = OVERRIDES[words[0]] if old else FUNCTIONS[words[0]]
    pages = f"{words[2]} page{'s' * (words[2] != '1')} from PFN {words[1]}"
    if words[0] == "grant_unmap":
        return f"{function}(): {pages}"
    modes = " and ".join(name for bit, name in MODES if int(words[4], 16) & bit)
    return (f"{function}(): {pages}, foreign frames from {words[4]}, "
            f"{'with' if modes else 'without kmap_ops or'} {modes or 'device maps'}")


def call(line, old=False, early=False):
    """One op as the kernel's call; `old`: with the m2p override; `early`: before the list is published."""
    words, named = split(line)
    op = words[0]
    if op in ("set", "__set"):
        function = "early_set_phys_to_machine" if early and op == "set" else FUNCTIONS[op]
        text = f"{function}({words[1]}, {entry(words[1:])})"
    elif op in OVERRIDES:
        text = grants(words, old)
    elif op == "range":
        text = f"set_phys_range_identity({words[1]}, {words[2]})"
    elif op == "resume":
        text = "save and restore, which change each MFN; then xen_build_mfn_list_list() and xen_setup_mfn_list_list()"
    elif op == "build":
        text = "xen_build_dynamic_phys_to_machine()"
    elif op == "publish":
        text = "the list is moved, if the version does that; xen_build_mfn_list_list() and xen_setup_mfn_list_list()"
    elif op in FUNCTIONS:
        text = f"{FUNCTIONS[op]}({words[1]})"
    else:
        return line
    refused = f"; page {named['refuse']} of those that it asks for is refused" if "refuse" in named else ""
    slots = f"; the hypervisor refuses the slots {named['slots']}, a bit mask" if "slots" in named else ""
    return text + refused + slots


def boot(line):
    words, nvs = line.split()[1:], re.findall(r"nvs=(\w+)\+(\w+)", line)
    told = [BOOTS[word] for word in words if word in BOOTS]
    told += [f"an NVS entry of the E820 map, PFN {pfn} and {int(pages, 16)} pages, is under the kernel"
             for pfn, pages in nvs]
    return f"A PV guest boots with nr_pages {words[0].partition('=')[2]}" + "".join(f"; {part}" for part in told)


def table(lines):
    """The size of the table."""
    shape = facts.geometries()[lines[0].split()[1]]
    return (f"The table is small: P2M_PER_PAGE is {shape.leaf}, a mid page has {shape.mid} slots, the top page "
            f"{shape.top}. So it covers PFNs 0x0 to 0x{shape.top * shape.mid * shape.leaf - 1:x}.")


def steps_of(lines, old):
    """[[call]], of calls that overlap the outermost last; {text of an op: its call}."""
    steps, group, early = [[boot(lines[1])]], [], " bare" in lines[1]
    named: dict = {}
    for line in lines[2:]:
        early = early and line.split()[0] != "publish"
        unmapped = "each grant is unmapped; " * (line == "resume" and any(" grant_map " in f" {other}" for other in lines))
        group.append(unmapped + call(line, old, early))
        named[re.sub(r"^at \S+ ", "", line)] = group[-1]
        if not line.startswith("at "):
            steps.append(group)
            group = []
    return steps, named


def calls(lines, report, old):
    """The numbered steps; of calls that overlap also in which order they run."""
    steps, named = steps_of(lines, old)
    out = []
    for number, step in enumerate(steps, 1):
        if len(step) == 1:
            out.append(f"{number}. {step[0]}")
            continue
        out.append(f"{number}. On CPUs of their own, at the same time:")
        out += [f"     {text}" for text in reversed(step)]
        out += ["   in this order:"] + [f"     {line}" for line in switches(report, named)]
    return out


def switches(report, named):
    """Where calls that overlap stop and go on, as the report has it."""
    out = []
    for line in report:
        if line.startswith("  in its store buffer"):
            out.append(line.strip())
        part = re.match(r"  (.*): (stops before|begins|ends|goes on at)(?: p2m\.c:(\d+) (\w+))?", line)
        if part and part.group(1) in named:
            where = f" line {part.group(3)}, in {part.group(4)}" if part.group(3) else ""
            out.append(f"{named[part.group(1)].partition(';')[0]} {part.group(2)}{where}")
    return out


def found_by(report):
    """What the check says, without the ops and the switches."""
    told = [line for line in report if not re.match(r"target |op \d+ of |the call was of |the switches |  ", line)]
    return told or report[:1]


def places(report):
    """The lines of p2m.c at which calls stop, or the file reports an error."""
    return {int(number) for line in report
            for number in re.findall(r"^[^<]*?p2m\.c:(\d+)", line) + re.findall(r" in \w+, line (\d+)$", line)}


def excerpt(p2m, report, patterns):
    """These lines, and the first that matches each pattern; with some around."""
    lines = p2m.splitlines()
    marked = {number for number in places(report) if number <= len(lines)}
    for pattern in patterns:
        marked |= set([number for number, line in enumerate(lines, 1) if re.search(pattern, line)][:1])
    shown = sorted({near for number in marked for near in range(number - AROUND, number + AROUND + 1)
                    if 0 < near <= len(lines)})
    out = []
    for number, before in zip(shown, [0, *shown]):
        out += ["  ..."] * (before not in (0, number - 1))
        out.append(f"{'>' if number in marked else ' '} {number:4}  {lines[number - 1].expandtabs(8)}".rstrip())
    return out
