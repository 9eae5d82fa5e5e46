# SPDX-License-Identifier: GPL-2.0-or-later
"""The page: selects the sections, and fills in their templates."""

import collections
import os

import jinja2

from p2mcheck.files import Failure
from p2mcheck.report import bugs, charts, compare, sections, words
from p2mcheck.report.data import SOURCES

Section = collections.namedtuple("Section", "needs title heading function")  # `needs`: at least one of these figures

# By the name of the template, which is the anchor as well.
SECTIONS = {
    "claims": Section((), "Claims", "Claims and measured figures", sections.claims_and_verdicts),
    "compare": Section(("compare",), "Other tools", "Against other tools", compare.compare),
    "bugs": Section((), "Planted bugs", "Planted bugs", bugs.bugs),
    "coverage": Section((), "Coverage", "Coverage of the reviewed corpus", sections.coverage),
    "ablations": Section(("ablation",), "Ablations", "Value of mutator and swarm", sections.ablations),
    "searches": Section(("exhaustive", "races"), "Small scope", "All of a small scope", sections.searches),
    "mutants": Section(("mutants",), "Mutants", "Mutants of the core", sections.mutants),
    "speed": Section(("bench",), "Speed", "Speed", sections.speed),
    "kernel": Section(("kernel",), "The kernel's file", "The kernel's own file", sections.kernel),
    "repeat": Section((), "Repeat it", "How to repeat it", sections.repeat),
}


def environment():
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")
    made = jinja2.Environment(loader=jinja2.FileSystemLoader(folder), autoescape=True, trim_blocks=True,
                              lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    made.filters.update(code=words.code, ops=words.ops)
    made.globals.update(colours=charts.COLOURS, sources=SOURCES)
    return made


def content(jinja, data, name):
    """Reports an error in a file of figures with the name of the file."""
    try:
        return jinja.get_template(f"{name}.html.j2").render(data=data, **SECTIONS[name].function(data))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ZeroDivisionError,
            jinja2.UndefinedError) as error:
        file = SOURCES[SECTIONS[name].needs[0]].file if SECTIONS[name].needs else "*.json"
        raise Failure(f"{data.figures}/{file}: unexpected contents: {type(error).__name__}: {error}") from error


def of(data):
    jinja = environment()
    shown = {name: section for name, section in SECTIONS.items()
             if not section.needs or any(getattr(data, key) for key in section.needs)}
    return jinja.get_template("page.html.j2").render(
        data=data, sections=shown, contents={name: content(jinja, data, name) for name in shown})
