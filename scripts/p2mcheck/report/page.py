# SPDX-License-Identifier: GPL-2.0-or-later
"""The page: selects the sections, and fills in their templates."""

import collections
import os

import jinja2

from p2mcheck.report import bugs, charts, compare, judge, kernel, partial, proofs, schedules, searches, sections, words
from p2mcheck.report.data import SOURCES
from p2mcheck.report.reading import reading

# `needs`: figures, at least one of which must be there; the section names each one that is not.
Section = collections.namedtuple("Section", "needs title heading function")

# By the name of the template, which is the anchor as well.
SECTIONS = {
    "claims": Section((), "Claims", "Claims and measured figures", sections.claims_and_verdicts),
    "compare": Section(("compare",), "Other tools", "Against other tools", compare.compare),
    "bugs": Section((), "Planted bugs", "Planted bugs", bugs.bugs),
    "coverage": Section((), "Coverage", "Coverage of the reviewed corpus", sections.coverage),
    "ablations": Section(("ablation",), "Ablations", "Value of mutator and swarm", sections.ablations),
    "searches": Section(("exhaustive",), "Small scope", "All of a small scope", searches.searches),
    "schedules": Section((*schedules.SEARCHES, "race"), "Schedules", "Calls that overlap", schedules.schedules),
    "proofs": Section(("prove",), "Proofs", "Proofs for all inputs", proofs.proofs),
    "mutants": Section(("mutants",), "Mutants", "Mutants of the core", sections.mutants),
    "speed": Section(("bench",), "Speed", "Speed", sections.speed),
    "kernel": Section(("kernel",), "Kernel matrix", "The kernel's own p2m.c: versions and invariants", kernel.kernel),
    "setup": Section(("setup",), "Setup", "The kernel's own setup.c: versions and defects", kernel.setup),
    "judge": Section(("judge",), "Judge", "Xen's own save code as the judge", judge.judge),
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
    """Of one section; nothing if none of its figures is there."""
    section = SECTIONS[name]
    if section.needs and not any(getattr(data, key) for key in section.needs):
        return ""
    with reading(data, section.needs):
        return jinja.get_template(f"{name}.html.j2").render(data=data, **section.function(data))


def incomplete(data):
    """Figures that are not whole: (what, command)."""
    for keys, part in partial.PARTS.items():
        with reading(data, keys):
            yield from part(data)


def of(data):
    jinja = environment()
    return jinja.get_template("page.html.j2").render(
        data=data, sections=SECTIONS, partial=list(incomplete(data)),
        contents={name: content(jinja, data, name) for name in SECTIONS})
