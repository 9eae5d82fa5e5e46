# SPDX-License-Identifier: GPL-2.0-or-later
"""The environment of the comparison: versions of the tools, and the machine."""

import os
import platform

from p2mcheck.files import Failure, read_json
from p2mcheck.processes import first_line


def versions():
    packages = {"rapidcheck": "librapidcheck-dev", "hypothesis": "python3-hypothesis",
                "statsmodels": "python3-statsmodels", "scipy": "python3-scipy", "afl++": "afl++"}
    return {"clang": first_line("clang", "--version"), "gcc": first_line("gcc", "--version"),
            **{name: first_line("dpkg-query", "-W", "-f", "${Version}", package)
               for name, package in packages.items()}}


def machine():
    def field(path, name):
        with open(path, encoding="utf-8") as file:
            return next((line.split(":", 1)[1].strip() for line in file if line.startswith(name)), "")
    return {"cpu": field("/proc/cpuinfo", "model name"), "cores": os.cpu_count(),
            "memory_mib": int(field("/proc/meminfo", "MemTotal").split()[0]) // 1024,
            "kernel": platform.release()}


def core_speed(build):
    try:
        return {name: figure["median"] for name, figure in (read_json(f"{build}/bench.json") or {}).items()}
    except (OSError, Failure):
        return {}
