# SPDX-License-Identifier: GPL-2.0-or-later
"""Formats numbers and names for the report; filters of the templates."""

import re

from markupsafe import Markup, escape

GOOD, BAD = Markup('<span class="good">{}</span>').format, Markup('<span class="bad">{}</span>').format
SOFT, CASE = Markup('<span class="soft">{}</span>').format, Markup("<pre>{}</pre>").format


def code(text):
    """Long names may break after a `_` or `/`."""
    return Markup("<code>" + re.sub(r"([_/])(?=\w)", r"\1<wbr>", str(escape(text))) + "</code>")


def bug_link(bug, text=None):
    return Markup('<a href="#bug-{}">{}</a>').format(bug, text or bug)


def part(some, whole):
    return f"{some:,} of {whole:,}"


def count(value):
    return "not measured" if value is None else f"{value:,.0f}"


def rate(value):
    """Per second, with three figures."""
    if value is None:
        return "-"
    for limit, unit in ((1e6, " M"), (1e3, " k")):
        if value >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.3g}"


def seconds(value):
    if value is None:
        return "not found"
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}" if value < 10 else f"{value:.0f}"


def short(value):
    """Three figures without powers of ten. Other values stay unchanged."""
    if value is None or isinstance(value, (str, bool)):
        return "-" if value is None else str(value)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def ops(number):
    return f"{number} op{'s' * (number != 1)}"
