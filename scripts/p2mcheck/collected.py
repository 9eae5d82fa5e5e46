# SPDX-License-Identifier: GPL-2.0-or-later
"""The folders of collected inputs, build/corpus/TARGET_GEOMETRY. Each has a file FORMAT with the
version of the byte format of its files: inputs of programs that wrote version 1
may begin with any byte. `p2m-case upgrade` rewrites them and marks their folder.
"""

import os

from p2mcheck.files import Failure, write

MARK = "FORMAT"
WAITING = ".format-2"  # in a folder whose upgrade was killed


def inputs(folder):
    """The names of the inputs in it, without other files (.probe, partly written ones, the mark)."""
    try:
        return sorted(name for name in os.listdir(folder)
                      if not name.startswith(".") and not name.endswith(".tmp") and name != MARK)
    except FileNotFoundError:
        return []


def check(folder, tool):
    """A folder that is not empty must be marked."""
    names = set(os.listdir(folder)) if os.path.isdir(folder) else set()
    if WAITING in names or (MARK not in names and inputs(folder)):
        raise Failure(f"{folder}: is not marked as format 2; run {tool} upgrade {folder}")


def prepare_shared(folder):
    """The same for the folder of AFL++ instances on several machines. Its queues are not upgraded."""
    os.makedirs(folder, exist_ok=True)
    if os.listdir(folder) and not os.path.exists(f"{folder}/{MARK}"):
        raise Failure(f"{folder}: is not marked as format 2; choose another folder")
    write(f"{folder}/{MARK}", "2\n")


def prepare(folder, tool):
    """Makes the folder, or checks an existing one."""
    os.makedirs(folder, exist_ok=True)
    check(folder, tool)
    if not os.path.exists(f"{folder}/{MARK}"):
        write(f"{folder}/{MARK}", "2\n")
