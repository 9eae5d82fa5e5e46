# SPDX-License-Identifier: GPL-2.0-or-later
"""An error in a file of figures is one line, with the name of the file."""

import contextlib

import jinja2

from p2mcheck.files import Failure
from p2mcheck.report.data import SOURCES


@contextlib.contextmanager
def reading(data, keys):
    """For what reads the figures of these names."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ZeroDivisionError,
            jinja2.UndefinedError) as error:
        files = [SOURCES[key].file for key in keys if getattr(data, key)] or ["*.json"]
        raise Failure(f"{data.figures}/{', '.join(files)}: unexpected contents: "
                      f"{type(error).__name__}: {error}") from error
