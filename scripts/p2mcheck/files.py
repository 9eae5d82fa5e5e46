# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads and writes files: a file is written as a whole, or not at all."""

import fcntl
import hashlib
import json
import os
import re
import socket
import tempfile
import threading

ROOM = 16 << 20  # bytes: with less space an engine could not save its findings
PROBE = 64 << 10  # bytes that are written to see whether a folder takes any


class Failure(Exception):
    """One line with the error. cli.run() prints it."""


def read(path):
    with open(path, "rb") as file:
        return file.read()


def read_text(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def entries(path):
    """(number, line) of each line of a hand-written list, without comments and empty lines."""
    return [(number, line.strip()) for number, line in enumerate(read_text(path).splitlines(), 1)
            if line.strip() and not line.startswith("#")]


def read_json(path):
    """None if there is no such file."""
    try:
        return json.loads(read(path))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise Failure(f"{path}: not JSON: {error}") from None


def hash_of(paths):
    """Of the names and the contents of these files."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.encode() + b"\0" + read(path) + b"\0")
    return digest.hexdigest()[:12]


def write(path, data):
    """Writes the whole file, or nothing."""
    temporary = f"{path}.{socket.gethostname()}.{os.getpid()}.{threading.get_ident()}.tmp"
    try:
        with open(temporary, "wb") as file:
            file.write(data.encode(errors="surrogateescape") if isinstance(data, str) else data)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, path)
    except OSError:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


def write_json(path, value):
    write(path, json.dumps(value, indent=1) + "\n")


# ---- folders ----

PLAIN = r"[\w./+@-]+"  # make can have these characters in the name of a file


def crashes():
    """The folder for findings; Parser.parse() sets the variable."""
    return os.environ.get("CRASHES") or "crashes"


def check_writable(folder, variable):
    """Makes the folder. An error names the variable that chooses another one."""
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise Failure(f"{folder}: {error.strerror}; choose another folder with {variable}=FOLDER") from None


def plain(path):
    """A name of the same file or folder that make can handle: relative, or through a link to it."""
    for name in (path, os.path.relpath(path)):
        if re.fullmatch(PLAIN, name):
            return name
    folder, name = (os.path.dirname(path), "/" + os.path.basename(path)) if os.path.isfile(path) else (path, "")
    target = os.path.realpath(folder)
    link = f"{tempfile.gettempdir()}/p2mcheck-{os.getuid()}-{hashlib.sha256(os.fsencode(target)).hexdigest()[:12]}"
    if not re.fullmatch(PLAIN, link + name):
        raise Failure(f"{path}: make cannot handle this name; choose one of letters, digits, ., _ and -")
    if not os.path.lexists(link):
        os.symlink(target, link)
    if os.lstat(link).st_uid != os.getuid() or os.path.realpath(link) != target:
        raise Failure(f"{link}: is not a link of this user to {target}; remove it")
    return link + name


# ---- locks and room ----

def lock(path):
    """A descriptor that locks the file or folder; None if another process holds it. The kernel releases
    it when the holder closes it or ends, so that it is never stale."""
    held = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        return None
    return held


def lack_of_room(*folders):
    """The reason why findings could not be saved there much longer, or None."""
    for folder in filter(os.path.isdir, folders):
        disk = os.statvfs(folder)
        if disk.f_bavail * disk.f_frsize < ROOM or (disk.f_files and not disk.f_favail):
            return f"{folder}: the disk is full, less than {ROOM >> 20} MiB are left"
    return None


def check_room(*folders):
    """Fails now if files could not be written there. The free space is not all: there are quotas."""
    reason = lack_of_room(*folders)
    if reason:
        raise Failure(reason)
    for folder in filter(os.path.isdir, folders):
        try:
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(os.urandom(PROBE))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise Failure(f"{folder}: cannot be written to: {error.strerror}") from None
