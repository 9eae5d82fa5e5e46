# SPDX-License-Identifier: GPL-2.0-only
"""Runs the commands that the README shows, so that they keep working.

Taken are the lines `$ command` of its code blocks. Those that would take long get
TIME=2 or fewer cases; those that install, clone or need a terminal are left out, and campaigns (test_campaign.py).
"""

import re
import subprocess

LEFT_OUT = re.compile(r"^(git |make test|make campaign|make status|.*DEBUG=1|cd )")
SHORTER = ((re.compile(r"^make fuzz(?!-)"), " TIME=2 JOBS=1 NO_SETUP=1"),
           (re.compile(r"^make props"), " CASES=500 NO_SETUP=1"),
           (re.compile(r"^make bench"), " RUNS=1 NO_SETUP=1"))


def commands():
    with open("README.md", encoding="utf-8") as file:
        blocks = re.findall(r"^```\w*\n(.*?)^```", file.read(), re.M | re.S)
    for block in blocks:
        for line in block.splitlines():
            if line.startswith("$ "):
                yield line[2:].strip()


def run_all(report):
    found = [command for command in commands() if not LEFT_OUT.match(command)]
    report(f"the README shows commands ({len(found)} to be run)", len(found) > 5)
    for command in dict.fromkeys(found):
        for pattern, addition in SHORTER:
            if pattern.match(command):
                command = re.sub(r" (TIME|JOBS|CASES|RUNS)=\S+", "", command) + addition
        status = 2 if "TARGET=canary" in command else 0
        done = subprocess.run(command, shell=True, stdout=subprocess.PIPE, check=False,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=600)
        report(f"README: {command}", done.returncode == status,
               f"status {done.returncode}\n" + done.stdout.decode(errors="replace"))
