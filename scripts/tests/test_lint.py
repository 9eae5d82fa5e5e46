# SPDX-License-Identifier: GPL-2.0-or-later
"""What CI calls: that `make lint` reports each kind of finding, and that the workflows call what exists."""

import glob
import json
import os
import re
import shutil

from harness import ROOT, make_command, test, text_of, write

# What is planted, and how it is reported.
FAULTS = {
    "fuzz/faulty.h": ("int  planted;\n#include \"nowhere.h\"\n",
                      ["code should be clang-formatted", "missing nowhere.h"]),
    "fuzz/faulty.c": ("int planted(int a);\n\nint planted(int a)\n{\n    for (int i = 0; i < 1; i++) {\n"
                       "        int a = i;\n\n        (void)a;\n    }\n    return a;\n}\n", ["declaration shadows"]),
    "scripts/faulty": ("#!/bin/sh\nrm $1\n", ["Double quote"]),
    "scripts/faulty.py": ("import os\n\n\ndef planted():\n    return 1 + ''\n", ["imported but unused", "[operator]"]),
    "scripts/faulty.yml": ("a: [\n", ["syntax error"]),
}


@test("lint reports a fault of each kind, one line each", tier="all",
      needs=("clang-format-19", "clang-tidy-19", "shellcheck", "pyflakes3", "mypy", "yamllint"))
def planted_faults(t):
    clone = t.clone()
    for folder in ("fuzz", "scripts"):
        os.unlink(f"{clone}/{folder}")
        shutil.copytree(f"{ROOT}/{folder}", f"{clone}/{folder}")
    for name, (text, _) in FAULTS.items():
        write(f"{clone}/{name}", text)
    output = t.expect("it fails", ["scripts/lint", "--only=faulty"], r"^lint: .* 7 findings$", 1, cwd=clone)
    for name, (_, reports) in FAULTS.items():
        for report in reports:
            t.check(f"{name}: {report}", re.search(rf"^{name}:\d+:.*{re.escape(report)}", output, re.M), output)
    os.unlink(f"{clone}/compile_commands.json")
    for name in FAULTS:
        os.unlink(f"{clone}/{name}")
    t.expect("nothing to check is a failure", ["scripts/lint", "--only=faulty"], r" 0 findings$", 1, cwd=clone)


if os.environ.get("LINT"):  # .ci/run
    test("lint")(lambda t: t.expect("lint", make_command("lint", "JOBS=1"), r"^lint: .* 0 findings$"))


@test("workflows call what exists", tier="scripts")
def workflows(t):
    commands = re.search(r"^COMMANDS := ((?:.*\\\n)*.*)", text_of(f"{ROOT}/Makefile"), re.M)[1].split()
    called = set()
    for path in glob.glob(f"{ROOT}/.github/workflows/*.yml"):
        text = re.sub(r"^ *#.*", "", text_of(path), flags=re.M)
        called.update(re.findall(r"\bmake ([a-z-]+)|(?<=')(\.ci/\w+)", text))
    t.check("a make command and a script are called", len(called) > 1, str(called))
    for command, script in called:
        t.check(command or script, command in commands or os.access(f"{ROOT}/{script or 'none'}", os.X_OK))


@test("each sanitizer has its own run of batch fuzzing", tier="scripts")
def batch(t):
    text, pull = (text_of(f"{ROOT}/.github/workflows/cflite_{name}.yml") for name in ("batch", "pr"))
    runs = json.loads(re.search(r"fromJSON\('(.*)'\)", text)[1])
    t.check("each time has a sanitizer", sorted(runs) == sorted(re.findall(r"- cron: '(.*)'", text)), str(runs))
    t.check("each sanitizer has a time", sorted(runs.values()) ==
            sorted(re.search(r"sanitizer: \[(.*)\]", pull)[1].split(", ")), str(runs))
