# SPDX-License-Identifier: GPL-2.0-or-later
"""p2m-case e820 and the boot logs that it reads: each form, and what a damaged line does to it."""

import os
import random
import re

from harness import ROOT, test, text_of
from test_cli import Cli

FOLDER = "fuzz/tests/e820"
GOALS = ("clang-san/p2m-case",)

# The map of all generated logs, [start, end): hole below 1 MiB, each common type, RAM above 4 GiB.
MAP = [(0x0, 0x9fc00, "usable"), (0x9fc00, 0xa0000, "reserved"), (0xf0000, 0x100000, "reserved"),
       (0x100000, 0x7ffd0000, "usable"), (0x7ffd0000, 0x7ffde000, "ACPI data"),
       (0x7ffde000, 0x7ffe0000, "ACPI NVS"), (0xfffc0000, 0x100000000, "reserved"),
       (0x100000000, 0x180000000, "usable")]
RANGES = "0xa0 0x100\n0x7ffd0 0x100000\n"
# What linux 2.2 can print, with 8 digits.
LOW_MAP = [(0x0, 0x9f000, "usable"), (0x100000, 0x3df0000, "usable"), (0x3df0000, 0x3e00000, "reserved")]
LOW_RANGES = "0x9f 0x100\n0x3df0 0x3e00\n"


def new(start, end, kind):
    return f"[mem {start:#018x}-{end - 1:#018x}] {kind}"


def newest(start, end, kind):
    kind = {"usable": "System RAM", "reserved": "device reserved"}.get(kind, kind)
    return f"[mem {start:#018x}-{end - 1:#018x}]  {kind}"


def old(start, end, kind):
    return f"{start:016x} - {end:016x} ({kind})"


def bare(start, end, kind):
    return f"{start:016x} - {end:016x} " + ("type 9" if kind == "ACPI data" else f"({kind})")


def size(start, end, kind):
    return f"{end - start:016x} @ {start:016x} ({kind})"


def short(start, end, kind):
    return f"{end - start:08x} @ {start:08x} ({kind})"


def bracket(start, end, kind):
    return f"[{start:016x}, {end - 1:016x}] ({kind})"


BIOS, NX = "BIOS-provided physical RAM map:", "NX (Execute Disable) protection: active"
USER, STAMP = "user-defined physical RAM map:", "[    0.000000] "
RAW, DATE = "(XEN) [0000000d1fb1f4d0] ", "(XEN) [2024-01-01 00:00:00.123] "

# form: frame, name with the blanks around it, line, heading, what follows the map
FORMS = {
    "bios-new": (STAMP, "BIOS-e820: ", new, BIOS, NX),
    "bios-new plain": ("", "BIOS-e820: ", new, BIOS, NX),
    "bios-new syslog": ("Jan  1 00:00:00 host kernel: [    0.000000] ", "BIOS-e820: ", new, "e820: " + BIOS, NX),
    "bios-new level": ("<6>[    0.000000] ", "BIOS-e820: ", new, BIOS,
                       "e820: remove [mem 0x000a0000-0x000fffff] usable"),
    "bios-new caller": ("[    0.000000][    T0] ", "BIOS-e820: ", new, BIOS, NX),
    "bios-new colour": ("\033[32m[    0.000000] \033[0m", "\033[33mBIOS-e820: \033[0m", new, BIOS, NX),
    "bios-newest": (STAMP, "BIOS-e820: ", newest, BIOS, NX),
    "bios-old": (STAMP, " BIOS-e820: ", old, BIOS, "DMI 2.4 present."),
    "bios-old plain": ("", " BIOS-e820: ", old, BIOS, "found SMP MP-table at 000ff780"),
    "bios-old bare": (STAMP, " BIOS-e820: ", bare, BIOS, NX),
    "bios-old mail": ("> ", " BIOS-e820: ", old, BIOS, "0MB HIGHMEM available."),
    "e801": (STAMP, " BIOS-e801: ", old, BIOS, "0MB HIGHMEM available."),
    "88": ("", " BIOS-88: ", old, BIOS, "20MB LOWMEM available."),
    "size": ("", " BIOS-e820: ", size, BIOS, "On node 0 totalpages: 16384"),
    "size level": ("<4>", " BIOS-e820: ", size, BIOS, "On node 0 totalpages: 16384"),
    "short": ("", " BIOS-e820: ", short, BIOS, "Detected 427753 kHz processor."),
    "short user": ("", " USER: ", short, "USER-provided physical RAM map:", "Detected 427753 kHz processor."),
    "user-new": (STAMP, "user: ", new, USER, "DMI not present or invalid."),
    "user-old": (STAMP, " user: ", old, USER, "DMI present."),
    "user-size": ("", " user: ", size, USER, "On node 0 totalpages: 16384"),
    "modified-new": (STAMP, "modified: ", new, "modified physical RAM map:",
                     "Base memory trampoline at [ffff880000099000]"),
    "modified-old": (STAMP, " modified: ", old, "modified physical RAM map:", "initial memory mapped : 0 - 20000000"),
    "setup-data": (STAMP, "reserve setup_data: ", new, "extended physical RAM map:",
                   "efi: EFI v2.31 by American Megatrends"),
    "journal": ("Tue 2024-09-24 08:20:26.000000 CEST [s=1;i=0]\n    PRIORITY=6\n    MESSAGE=",
                "BIOS-e820: ", new, BIOS, NX),
    "limit": (STAMP, " limit_regions start: ", old, None, NX),
    "xen-new": (STAMP, "Xen: ", new, BIOS, NX),
    "xen-old": (STAMP, " Xen: ", old, BIOS, NX),
    "suse-machine": (STAMP, "BIOS: ", new, "Xen-provided machine memory map:", "e820: Xen-provided physical RAM map?"),
    "hypervisor": ("(XEN) ", " ", bracket, "Xen-e820 RAM map:", "System RAM: 4095MB (4193916kB)"),
    "hypervisor raw": (RAW, " ", bracket, "Xen-e820 RAM map:", "ACPI: RSDP 000F05B0, 0024 (r2 BOCHS )"),
    "hypervisor date": (DATE, " ", bracket, "EFI RAM map:", "New Xen image base address: 0xd7200000"),
    "hypervisor dom0": ("(XEN) [    1.123456] ", " ", bracket, "Dom0 memory map:",
                        "WARNING: PVH is an experimental mode"),
    "hypervisor old": ("(XEN) ", " ", old, "Xen-e820 RAM map:", "System RAM: 4095MB (4193916kB)"),
    "hypervisor old raw": (RAW, " ", old, "Multiboot-e820 RAM map:", "System RAM: 4095MB (4193916kB)"),
}


def render(form, heading=True, after=True):
    """A log of that form as lines, and the places of its entries."""
    frame, name, line, head, follows = FORMS[form]
    lines = [frame + "Linux version 2.6.39 (u@h) (gcc version 4.4.5) #1"] if heading else []
    lines += [frame + head] if heading and head else []
    first = len(lines)
    lines += [frame + name + line(*entry) for entry in (LOW_MAP if line is short else MAP)]
    lines += [frame + follows, frame + "last_pfn = 0x180000"] if after else []
    step = frame.count("\n") + 1
    return "\n".join(lines).split("\n"), range((first + 1) * step - 1, (len(lines) - 2 * after) * step, step)


def ranges_of(form):
    return LOW_RANGES if FORMS[form][2] is short else RANGES


class Logs:
    """Logs that one process reads; what it says of each stands before its ranges."""

    def __init__(self, t):
        self.t, self.cli, self.paths = t, Cli(t), []

    def add(self, text):
        self.paths.append(self.t.path(f"{len(self.paths)}.log", text))

    def read(self, *options):
        """(ranges, what is said) of each log; None for the ranges: an error."""
        out = self.t.run([self.cli.tool, "e820", "--ranges", *options, *self.paths]).out
        said = {path: "" for path in self.paths}
        ranges: dict = dict.fromkeys(self.paths)
        path = ""
        for line in out.splitlines(keepends=True):
            found = re.match(r"(\S+?\.log):(\d*)", line)
            if found:
                path = found[1]
                said[path] += line
                ranges[path] = None if found[2] else ""
            elif not self.t.check("a line of ranges", path in ranges and ranges[path] is not None, line):
                break
            else:
                ranges[path] += line
        self.t.check("something is said of each log", all(said.values()))
        return [(ranges[path], said[path]) for path in self.paths]


@test("e820: each log of the table", goals=GOALS)
def table(t):
    cli = Cli(t)
    rows = dict(re.findall(r"^\| (\S+\.txt) \| (.*) \|$", text_of(f"{ROOT}/{FOLDER}/README.md"), re.M))
    t.check("the table names each file", sorted(rows) == sorted(
        name for name in os.listdir(f"{ROOT}/{FOLDER}") if name.endswith(".txt")))
    for name, right in rows.items():
        path = f"{FOLDER}/{name}"
        if right.startswith("error: "):
            cli.bad(name, "e820", "--ranges", path, says=f"{path}{right[len('error: '):]}")
            continue
        lines, _, says = right.partition("says: ")
        want = [line for line in lines.split("; ") if line]
        done = cli.call("e820", "--ranges", path)
        t.check(name, (done.status, done.out.splitlines()) == (0, want) and says in done.err, f"{done} {want}")
        high = [f"{max(int(first, 16), 0x100):#x} {end}" for first, end in map(str.split, want) if int(end, 16) > 0x100]
        done = cli.call("e820", "--ranges", "--domu", path)
        t.check(f"{name}, a domU", (done.status, done.out.splitlines()) == (0, high), f"{done} {high}")


@test("e820: each form, whole, without its heading, and as the end of a file", goals=GOALS)
def forms(t):
    logs, want = Logs(t), []
    for form in FORMS:
        lines, places = render(form)
        first, step = places[0] + 1 - places.step, places.step
        for text in ("\n".join(lines) + "\n", "\r\n".join(lines) + "\r\n", "\n\r\n".join(lines),
                     "\n".join(lines[first:]) + "\n"):
            logs.add(text)
            want.append((form, ranges_of(form), " map 1 of 1, "))
        logs.add("\n".join(render(form, after=False)[0]))
        want.append((form, ranges_of(form), "ends with the file"))
        logs.add("\n".join(lines[first:] * 2))
        want.append((form, ranges_of(form), " map 1 of 2, "))
        logs.add("\n".join(lines[first + step:]))
        want.append((form, None, "the map's beginning is missing"))
        logs.add("\n".join([lines[places[0]][-20:], *lines[places[0] + 1:]]))
        want.append((form, None, "--partial"))
    for (form, ranges, says), (got, said) in zip(want, logs.read()):
        t.check(f"{form}: {says}", got == ranges and says in said, f"{said}{got}\nexpected {ranges}")


# Damages of one line at a place: the lines that take its place, and that of the next line as well if it is in them.
WITH_NEXT = ("joined", "line inside")
DAMAGES = {
    "lost": lambda rng, line, at, after: [line[:at] + line[at + 1:]],
    "doubled": lambda rng, line, at, after: [line[:at] + line[at] + line[at:]],
    "replaced": lambda rng, line, at, after: [line[:at] + chr(rng.randrange(32, 127)) + line[at + 1:]],
    "cut": lambda rng, line, at, after: [line[:at + 1]],
    "beginning cut": lambda rng, line, at, after: [line[at + 1:]],
    "middle cut": lambda rng, line, at, after: [line[:at] + line[at + 1 + rng.randrange(len(line)):]],
    "joined": lambda rng, line, at, after: [line + after],
    "message inside": lambda rng, line, at, after: [line[:at] + "usb 1-1: new device" + line[at:]],
    "message between": lambda rng, line, at, after: [line[:at], "usb 1-1: new device found, 0x0123", line[at:]],
    "line inside": lambda rng, line, at, after: [line[:at] + after, line[at:]],
}


# A line of each form with any numbers: N has 16 digits, M has 8, T is a type.
SHAPES = {new: r"\[mem 0xN-0xN\] T", newest: r"\[mem 0xN-0xN\]  T", old: r"N - N \(T\)",
          bare: r"N - N (?:\(T\)|type \d+)", size: r"N @ N \(T\)", short: r"M @ M \(T\)", bracket: r"\[N, N\] \(T\)"}
LETTERS = {"N": "([0-9a-fA-F]{16})", "M": "([0-9a-fA-F]{8})",
           "T": "(?:usable|reserved|System RAM|device reserved|ACPI data|ACPI NVS)"}


def undetectable(lines, form):
    """True if nothing is left of the line, or if it has its form and only a number is another."""
    line = re.sub("\033\\[\\d*m", "", "".join(lines))
    frame, name, body, _, _ = FORMS[form]
    shape = re.sub("[NMT](?![A-Z])", lambda found: LETTERS[found[0]], SHAPES[body])
    mark = re.escape("(XEN)" if name == " " else re.sub("\033\\[\\d*m", "", name).strip())
    found = re.fullmatch(f".*{mark}(?: .*)? *{shape} *", line)
    if not line.strip() or not found or len(lines) > 1:
        return not line.strip()
    first, second = (int(number, 16) for number in found.groups())
    return body in (size, short) or second >= first


@test("e820: logs with one damaged line: none is read wrongly in silence", goals=GOALS)
def damaged(t):
    rng, logs, made = random.Random(820), Logs(t), []
    for form in FORMS:
        whole, places = render(form)
        for number in places:
            for kind, damage in DAMAGES.items():
                for _ in range(3):
                    line = whole[number]
                    lines = damage(rng, line, rng.randrange(len(line)), whole[number + 1])
                    rest = whole[number + 1 + (kind in WITH_NEXT):len(whole) - rng.choice((0, 0, 0, 2 * places.step))]
                    log = whole[:number] + lines + rest
                    logs.add("\n".join(log[places[0] + 1 - places.step if rng.randrange(3) == 0 else 0:]) + "\n")
                    made.append((form, kind, lines))
    counts = {"right": 0, "error": 0, "cannot be detected": 0}
    for (form, kind, lines), (ranges, said), path in zip(made, logs.read(), logs.paths):
        outcome = "error" if ranges is None else "right" if ranges == ranges_of(form) else \
            "cannot be detected" if undetectable(lines, form) else "wrong"
        if outcome == "wrong":
            t.check(f"{form}, {kind}: {lines}", False, f"{said}{ranges}\n{text_of(path)}")
        else:
            counts[outcome] += 1
    t.check("enough logs, and most are errors", len(made) > 5000 and counts["right"] and
            counts["error"] > 10 * counts["cannot be detected"], str(counts))


START = "BIOS-provided physical RAM map:\nBIOS-e820: [mem 0x0000000000000000-0x0000000000001fff] usable\n"

BAD_LOGS = {
    "nothing here\n": ":1: no memory map",
    "": ":1: no memory map",
    START.splitlines(keepends=True)[0]: ":1: no entry follows the heading",
    "BIOS-e820: [mem 0x0000000000000000-0x00000000] usable\n": "expected [mem 0xSTART-0xLAST]",
    "BIOS-e820: [mem 0x0000000000000000-0x0000000000001fff] cheese\n": "unknown type",
    "BIOS-e820: [mem 0x0000000000000000-0x0000000000001fff] type 2\n": "unknown type",
    "BIOS-e820: [mem 0x0000000000000000-0xffffffffffffffff] usable\n": "beyond 2^64",
    "(XEN) Xen-e820 RAM map:\n(XEN)  [0000000000000000, 1fff] (usable)\n": ":2: expected [START, LAST]",
    f"{BIOS}\n Xen: 0000000000000000 - 2000 (usable)\n": ":2: expected START - END",
    "BIOS-e820: 00000000zz000000 - 0000000000002000 (usable)\n": "expected START - END",
    "BIOS-e820: \n": "expected an entry",
    " Xen: 0000000000000000 - 0000000000002000 (usable)\nhello\n"
    " Xen: 0000000000002000 - 0000000000003000 (reserved)\n": ":2: the memory map is cut in two",
    # an end below its start, in each form
    START + "BIOS-e820: [mem 0x0000000000004000-0x0000000000003fff] reserved\n": ":3: the entry ends before it begins",
    START + "BIOS-e820: [gap 0x0000000000004000-0x0000000000003fff]\n": ":3: the entry ends before it begins",
    " BIOS-e820: 0000000000004000 - 0000000000003fff (usable)\n": ":1: the entry ends before it begins",
    "(XEN)  [0000000000004000, 0000000000003fff] (usable)\n": ":1: the entry ends before it begins",
    " BIOS-e820: ffffffffffffffff @ 0000000000004000 (usable)\n": "beyond 2^64",
    # another form, and another map, inside
    START + "BIOS-e820: 0000000000002000 - 0000000000003000 (usable)\n": ":3: the form changes inside the map",
    START.splitlines()[1] + "\n" + START.splitlines()[0] + "\nBIOS-e820: " + new(0x2000, 0x3000, "reserved") + "\n":
        ":2: a heading stands inside the map",
    START + START.splitlines()[1] + "\n": ":3: an entry begins at 0 inside the map",
}


@test("e820: what is refused", goals=GOALS)
def refused(t):
    cli = Cli(t)
    for log, says in BAD_LOGS.items():
        cli.bad(f"map: {says}", "e820", cli.path("bad.log", log), says=says)
    path = cli.path("map.log", START)
    for number in ("0", "-1", "x", "1x", "", "99999999999999999999"):
        cli.bad(f"--map={number}", "e820", f"--map={number}", path, says="choose a number from 1 for --map", status=2)
    cli.bad("--map with another command", "decode", "--map=1", path, says="--map is not valid with decode", status=2)
    cli.bad("a map that is not there", "e820", "--map=2", path, says="no map number 2: the number of maps is 1")


@test("e820: --map and --partial choose", goals=GOALS)
def chooses(t):
    cli = Cli(t)

    def taken(what, says, ranges, *arguments):
        done = cli.call("e820", "--ranges", *arguments)
        t.check(what, (done.status, done.out) == (0, ranges) and says in done.err, str(done))
    lines = [*render("hypervisor")[0], *render("bios-new")[0]]
    lines += ["[    0.000000] user-defined physical RAM map:", STAMP + "user: " + new(0x2000, 0x3000, "usable")]
    log = cli.path("three.log", "\n".join(lines))
    taken("the first map", "map 1 of 3, lines 2 to 10, under `Xen-e820 RAM map:`, 8 entries: (XEN) [START", RANGES, log)
    taken("the kernel's map", "map 2 of 3, ", RANGES, "--map=2", log)
    taken("the user's map, which begins elsewhere", "map 3 of 3, ", "0x0 0x2\n", "--map=3", log)
    damaged_log = cli.path("damaged.log", "\n".join(lines).replace("user: [mem 0x0", "user: [mem 0x"))
    taken("another map is damaged", "is damaged; --map=3", RANGES, damaged_log)
    cli.bad("a damaged map is chosen", "e820", "--map=3", damaged_log, says="expected [mem 0xSTART-0xLAST]")
    rest = cli.path("rest.log", "\n".join(render("bios-new")[0][5:]))
    cli.bad("the end of a map", "e820", rest, 
            says=":1: the map's beginning is missing: no heading, and the first address is 0x100000; --partial")
    taken("--partial", "the map's beginning is missing", "0x0 0x100\n0x7ffd0 0x100000\n", "--partial", rest)
    rotated = f"{FOLDER}/rotated-log.txt"
    taken("the fragment before a whole map", "map 1 of 2, lines 1 to 9, no heading", "0x0 0x100000\n",
          "--map=1", "--partial", rotated)
    taken("a map is whole with --partial as well", "map 2 of 2", "0x9e 0x100\n0xbab7f 0xbbfff\n0xbc000 0x100000\n",
          "--partial", rotated)
    # what a hypervisor prints later: its EFI memory map, a stack
    later = ["", "EFI memory map:", " 0000000000000-000000009ffff type=7 attr=000000000000000f", *["..."] * 4,
             "Xen stack trace from rsp=ffff82d08047fc98:", "   0000000000000000 ffff82d080230000"]
    lines = [*render("hypervisor")[0], *(f"(XEN) {line}" for line in later)]
    taken("the hypervisor's other tables", "map 1 of 1", RANGES, cli.path("later.log", "\n".join(lines)))
    unsorted = " BIOS-e820: 0000000000001000 @ 0000000000004000 (reserved)\n" \
        " BIOS-e820: 0000000000002000 @ 0000000000000000 (usable)\n"
    taken("a map that is not sorted", "map 1 of 1", "0x2 0x5\n", cli.path("size.log", f"{BIOS}\n{unsorted}"))


@test("e820: table, ranges, cost, tree, and a map as a case", goals=GOALS)
def shows(t):
    cli = Cli(t)
    path, case = cli.path("map.log", "\n".join(render("bios-new")[0])), cli.path("map.txt")
    done = cli.call("e820", path, "-o", case)
    t.check("a map as a case", (done.status, done.out) == (0, "") and "map 1 of 1" in done.err, str(done))
    cli.fine("which runs", "run", case, has="xen_set_identity")
    out = cli.fine("table, ranges, cost and tree", "e820", path, has="tree pages:")
    t.check("what was taken and the table are shown", "map 1 of 1" in out and
            "000000007ffde000 - 000000007ffe0000  ACPI NVS" in out and RANGES in out, out)


@test("e820: maps of any length, and logs of any size", goals=GOALS)
def long_maps(t):
    cli, kinds = Cli(t), ("usable", "reserved", "usable", "ACPI data", "usable", "unusable")
    for count in (255, 256, 1000):
        entries = [(0x3000 * i, 0x3000 * i + 0x2800, kinds[i % len(kinds)]) for i in range(count)]
        path = cli.path(f"{count}.log", "".join(f"BIOS-e820: {new(*entry)}\n" for entry in entries))
        want = "".join(f"{first:#x} {end:#x}\n" for first, end in classified(entries, 1 << 27))
        t.check(f"ranges of {count} entries", cli.call("e820", "--ranges", path).out == want)
        out = cli.fine(f"{count} entries", "e820", path, has=want)
        t.check(f"{count} entries: a case, or none", ("judged without a case" in out) == (count > 255) and
                ("tree pages:" in out) == (count <= 255) and ("agree" in out) == (count > 255), out[-500:])
    for option in (("--cost",), ("-o", cli.path("case.txt"))):
        cli.bad(f"no case for {option[0]}", "e820", *option, path,
                says=f"{option[0]} needs a case, which holds 255 entries")
    message = "[    1.234567] usb 1-1: new high-speed USB device number 2 using xhci_hcd\n"
    path = cli.path("big.log", message * ((60 << 20) // len(message)))
    cli.bad("60 MiB without a map, in one pass", "e820", path, says="no memory map", limit=60)
    path = cli.path("wide.log", "user: 000 BIOS: (XEN) [" * (1 << 15))  # a sanitizer's memmem is slow
    cli.bad("one long line", "e820", path, says="no memory map", limit=60)


def classified(entries, most):
    """The identity ranges of a dom0 map by the definition: [(first, end)] in PFNs."""
    entries = [(start, end, kind) for start, end, kind in entries if start < end]
    bounds = sorted({0} | {bound for start, end, _ in entries for bound in (start, end)})
    runs = []
    for low, high in zip(bounds, bounds[1:]):
        kinds = {kind for start, end, kind in entries if start <= low and high <= end}
        if "unusable" in kinds or kinds == {"usable"}:
            continue
        if runs and runs[-1][1] == low:
            runs[-1] = (runs[-1][0], high)
        else:
            runs.append((low, high))
    pages = [(-(-low // 4096), min(high // 4096, most)) for low, high in runs]
    return [(first, end) for first, end in pages if first < end]


@test("e820: real maps", goals=GOALS)
def real_maps(t):
    """The 112 real maps, put back into the form of a log."""
    cli = Cli(t)
    names = {"acpi": "ACPI data", "nvs": "ACPI NVS", "soft-reserved": "soft reserved"}
    different, logs = [], []
    for name in sorted(os.listdir("corpus/e820")):
        if not name.endswith(".txt"):
            continue
        lines = [line.split() for line in text_of(f"corpus/e820/{name}").splitlines() if line.startswith("e820 ")]
        entries = [(int(line[1], 16), int(line[2], 16), line[3]) for line in lines]
        log = "".join(f" BIOS-e820: {start:016x} - {end:016x} "
                      f"({'type ' + kind if kind.isdigit() else names.get(kind, kind)})\n"
                      for start, end, kind in entries)
        logs.append(cli.path(name + ".log", f"{BIOS}\n{log}"))
        want = "".join(f"{first:#x} {end:#x}\n" for first, end in classified(entries, 1 << 27))
        if cli.call("e820", "--ranges", logs[-1]).out != want:
            different.append(name)
    t.check(f"ranges of {len(logs)} real maps by another classification",
              len(logs) == 112 and not different, str(different))
    done = cli.call("e820", "--verify", *logs)
    t.check("each PFN of the real maps against the model's classification",
              done.status == 0 and done.out.count("ranges and classification agree") == 112, str(done))
