# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads and writes files: a file is written as a whole, or not at all."""

import json
import os
import socket
import threading


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
