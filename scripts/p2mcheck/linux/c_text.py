# SPDX-License-Identifier: GPL-2.0-or-later
"""The text of a C file without its comments and strings: what is searched in it by name is code."""

import re


def blanked(text):
    """The text with blanks for comments and strings; each line keeps its number. A comment that is open stays."""
    return re.sub(r"(?s)/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'",
                  lambda found: re.sub(r"[^\n]", " ", found.group(0)), text)
