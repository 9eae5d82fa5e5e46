# SPDX-License-Identifier: GPL-2.0-or-later
"""Shared by all commands. An option is also a variable of make, and is checked here. An
error that is not a fault of the script is one line.
"""

import argparse
import importlib
import io
import math
import os
import re
import statistics
import subprocess
import sys

from p2mcheck import facts, programs
from p2mcheck.files import Failure, plain

FOR_ALL_SUBJECTS = "fuzz test props exhaustive-races regress repro shrink campaign status coverage"


# ---- checks: each returns the value, or raises ValueError with the reason ----

def positive(text):
    if not re.fullmatch(r"[1-9][0-9]{0,8}", text):
        raise ValueError("choose a number from 1 up")
    return int(text)


def at_least(least):
    def check(text):
        if positive(text) < least:
            raise ValueError(f"choose a number from {least} up")
        return int(text)
    return check


def number(text):
    value = float(text) if re.fullmatch(r"[0-9]+(\.[0-9]*)?|\.[0-9]+", text) else math.inf
    if math.isinf(value):
        raise ValueError("choose a number")
    return value


def pattern(text):
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return text


def folder(text):
    if not os.path.isdir(text):
        raise ValueError("no such folder")
    return text


def planted_bug(text):
    if not os.path.isfile(f"{facts.ROOT}/props/bugs/{text}.patch"):
        raise ValueError(f"no props/bugs/{text}.patch")
    return text


def host_name(text):
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,16}", text):
        raise ValueError("choose at most 16 letters, digits, _ and -")
    return text


def one_of(names):
    def check(text):
        if text not in names:
            raise ValueError(f"choose one of: {', '.join(names)}")
        return text
    return check


def some_of(names, separator=None):
    """Names with blanks, or the separator, between them."""
    def check(text):
        words = [word for word in text.split(separator) if word]
        unknown = [word for word in words if word not in names]
        if unknown or not words:
            raise ValueError(f"{unknown[0] if unknown else 'nothing'}: choose from: {', '.join(names)}")
        return words
    return check


# ---- options ----

def variables():
    """Option: its variable of make, its check, its help."""
    geometry = one_of(list(facts.geometries()))
    return {
        "arch": ("ARCH", one_of(("native", "i386")), "i386: a 32-bit program"),
        "bad": ("BAD", str, "a revision at which the case fails"),
        "base": ("BASE", str, "the revision to compare with"),
        "bug": ("BUG", planted_bug, "a planted bug, named as in props/bugs/"),
        "budget": ("BUDGET", positive, "seconds for a run"),
        "build": ("B", plain, "the folder for built files and corpora"),
        "case": ("CASE", str, "a file with bytes or text"),
        "cases": ("CASES", positive, "number of random cases"),
        "crashes": ("CRASHES", str, "the folder for findings"),
        "engine": ("ENGINE", one_of(("libfuzzer", "afl")), "libfuzzer, or afl for AFL++"),
        "flavour": ("PROPS_FLAVOUR", str, "compiler and flags"),
        "geometry": ("GEOMETRY", geometry, "the geometry of the tree"),
        "good": ("GOOD", str, "a revision at which the case passes"),
        "host": ("HOST", str, "the name of this machine in SHARED"),
        "hours": ("HOURS", number, "hours to run"),
        "jobs": ("JOBS", positive, "processes at a time"),
        "junit": ("JUNIT", str, "a file for the results as JUnit XML"),
        "known": ("KNOWN", str, "the defects of the kernel that are masked"),
        "linux": ("LINUX", str, "a kernel tree, or debian, debian-6.12"),
        "mode": ("MODE", one_of(programs.MODES), "how a kernel's file is compiled"),
        "on": ("ON", str, "names TARGET_GEOMETRY"),
        "only": ("ONLY", pattern, "a regular expression on the names"),
        "rounds": ("ROUNDS", positive, "number of rounds, regardless of the time"),
        "runs": ("RUNS", positive, "number of measurements of each figure"),
        "san": ("SAN", one_of(programs.SANITIZERS), "libFuzzer's sanitizer"),
        "seconds": ("SECONDS", number, "seconds to run"),
        "seed": ("SEED", positive, "the first seed"),
        "seeds": ("SEEDS", positive, "number of seeds"),
        "shapes": ("SHAPES", some_of(list(facts.geometries())), "the geometries that FILE.c supports"),
        "shared": ("SHARED", folder, "a folder for AFL++ that several machines use"),
        "slice": ("SLICE", positive, "seconds of a slice, at most"),
        "subject": ("SUBJECT", str, "core, linux, or a file that ends in .c"),
        "target": ("TARGET", one_of(list(facts.targets())), "the fuzz target"),
        "threads": ("THREADS", positive, "number of threads"),
        "time": ("TIME", positive, "seconds"),
        "xen": ("XEN", str, "a tree of Xen whose save code reads as well, or debian"),
    }


class Parser(argparse.ArgumentParser):
    """The options in `defaults`, each with its variable of make. `subjects`: the command takes any
    subject. `core`: otherwise only the core. `checks`: replace those in variables()."""

    def __init__(self, doc, subjects=False, core=True, checks=None, **defaults):
        super().__init__(description=doc.split("\n", maxsplit=1)[0], allow_abbrev=False)
        self.settings, self.only_core, known = [], core and not subjects, variables()
        if subjects:
            defaults = {"subject": "core", "linux": "", "known": "", "mode": programs.MODES[0],
                        "shapes": programs.SHAPES, "bug": "", "xen": "", **defaults}
        for name, default in {"build": "build", "crashes": "crashes", **defaults}.items():
            variable, check, text = known[name]
            self.setting(name, default, (checks or {}).get(name, check), text, variable)

    def error(self, message):
        print(f"{self.prog}: {message}", file=sys.stderr)
        sys.exit(2)

    def setting(self, name, default, check=str, text="", variable=None):
        """The option, else the variable of make, else the default. Only the first two are checked."""
        self.add_argument(f"--{name}", help=f"{text} ({variable}=)" if variable else text)
        self.settings.append((name, variable, default, check))

    def switch(self, name, text, variable=None):
        self.add_argument(f"--{name}", action="store_true", help=text,
                          default=bool(variable and os.environ.get(variable)))

    def parse(self):
        subject = os.environ.get("SUBJECT") or "core"
        if self.only_core and subject != "core":
            self.error(f"is for the core only; with SUBJECT={subject} choose one of: {FOR_ALL_SUBJECTS}")
        args = self.parse_args()
        for name, variable, default, check in self.settings:
            where, text = f"--{name}", getattr(args, name)
            if text is None:
                where, text = variable, os.environ.get(variable or "") or None
            setattr(args, name, default if text is None else self.checked(where, text, check))
        os.environ["CRASHES"] = args.crashes
        return args

    def checked(self, where, text, check):
        try:
            return check(text)
        except ValueError as error:
            return self.error(f"{where}={text}: {error}")

    def programs(self, args):
        """The programs for the subject that was chosen, with the judge; prepares a kernel, and Xen."""
        chosen = self.subject(args)
        if not args.xen:
            return chosen
        from p2mcheck.xen import prepare  # pylint: disable=import-outside-toplevel
        return chosen.judged(prepare.prepare(args.build, args.xen), args.xen)

    def subject(self, args):
        """The programs for the subject."""
        if args.bug:
            if args.subject != "core":
                self.error(f"BUG={args.bug}: is planted in the core; not valid with SUBJECT={args.subject}")
            return programs.Programs(args.build).planted(args.bug)
        if args.subject == "linux":
            from p2mcheck.linux import prepare  # pylint: disable=import-outside-toplevel
            if not args.linux:
                self.error("LINUX is not set: SUBJECT=linux LINUX=TREE, or LINUX=debian")
            return prepare.programs(args.build, args.linux, args.known, args.mode)
        if args.subject.endswith(".c"):
            if not os.path.isfile(os.path.expanduser(args.subject)):
                self.error(f"SUBJECT={args.subject}: no such file")
            return programs.of_file(args.build, os.path.expanduser(args.subject), args.shapes)
        if args.subject != "core":
            self.error(f"SUBJECT={args.subject}: choose core, linux, or a file that ends in .c")
        return programs.Programs(args.build)


def run(module, function="main", trouble=1):
    """Calls it and ends. `trouble`: the exit status of an error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # any file name, in any locale
    try:
        sys.exit(getattr(importlib.import_module(module), function)())
    except (Failure, OSError) as error:
        message = str(error)
    except subprocess.CalledProcessError as error:
        message = f"{error.cmd[0]} ended with status {error.returncode}"
    except KeyboardInterrupt:
        message = "interrupted"
    print(f"{os.path.basename(sys.argv[0])}: {message}", file=sys.stderr)
    sys.exit(trouble)


# ---- output ----

def plural(count, noun):
    return f"{count} {noun}" + ("" if count == 1 else "s")


def last_line(text, otherwise="no answer"):
    return (text.strip().splitlines() or [otherwise])[-1]


def median(values):
    return statistics.median(values) if values else math.nan
