# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's source package of Xen, by apt-get with a configuration of our own.

The system's list of sources is copied, and each `deb` in it becomes `deb-src`. Indexes and
downloads go to a folder of ours, so that nothing of the system changes.
"""

import glob
import os
import re
import shutil
import subprocess

from p2mcheck.files import Failure, read_text, write

ETC = "/etc/apt"


def as_source_lines(text):
    """A sources.list with `deb` turned to `deb-src`, each line once."""
    lines = (re.sub(r"^\s*deb(-src)?(?=\s)", "deb-src", line) for line in text.splitlines())
    return "".join(f"{line}\n" for line in dict.fromkeys(lines) if line.startswith("deb-src"))


def as_source_stanzas(text):
    """The same for the format of deb822, where the types are a field."""
    return re.sub(r"(?im)^types:.*$", "Types: deb-src", text)


def configure(folder, etc=ETC):
    """Options of apt for the folder, with the system's sources in it."""
    shutil.rmtree(f"{folder}/sources", ignore_errors=True)
    for part in ("sources", "lists/partial", "cache/archives/partial", "package"):
        os.makedirs(f"{folder}/{part}", exist_ok=True)
    for path in [f"{etc}/sources.list", *glob.glob(f"{etc}/sources.list.d/*")]:
        convert = {".list": as_source_lines, ".sources": as_source_stanzas}.get(os.path.splitext(path)[1])
        if convert and os.path.isfile(path):
            write(f"{folder}/sources/{os.path.basename(path)}", convert(read_text(path)))
    settings = {"Dir::Etc::sourcelist": "/dev/null", "Dir::Etc::sourceparts": f"{folder}/sources",
                "Dir::State::lists": f"{folder}/lists", "Dir::Cache": f"{folder}/cache",
                "APT::Sandbox::User": "root", "Acquire::Retries": "1", "Acquire::http::Timeout": "30"}
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def ask(command, **options):
    """(status, output) of a program of apt."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False, encoding="utf-8", errors="replace", env={**os.environ, "LC_ALL": "C"},
                              **options)
    except FileNotFoundError:
        return 1, f"no {command[0]} here"
    return done.returncode, done.stdout


def archive(folder):
    """The tar file of Xen's source as it was released. Downloads it the first time."""
    folder = os.path.abspath(folder)
    if not glob.glob(f"{folder}/package/*.orig.tar.*"):
        fetch(folder)
    return max(glob.glob(f"{folder}/package/*.orig.tar.*"))


def fetch(folder):
    """The newest version that a mirror still has."""
    options = configure(folder)
    said = ask(["apt-get", *options, "update"])[1]
    versions = re.findall(r"^Version: (.*)$", ask(["apt-cache", *options, "showsrc", "--only-source", "xen"])[1], re.M)
    for version in reversed(versions):
        status, said = ask(["apt-get", *options, "source", "--download-only", "--only-source", f"xen={version}"],
                           cwd=f"{folder}/package")
        if not status:
            return
    shutil.rmtree(f"{folder}/package")
    raise Failure("XEN=debian: apt-get cannot download the source package xen: "
                  + next((line for line in said.splitlines() if line.startswith("E:")), "no source has it"))
