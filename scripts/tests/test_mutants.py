# SPDX-License-Identifier: GPL-2.0-or-later
"""The mutants that `make mutants` makes of a small file: the classes about slips that a person makes."""

import os

from harness import ROOT, test
from p2mcheck import facts
from p2mcheck.files import write

TOY = """
#include "core/tree.h"
#define LIMIT 3
p2m_word toy(p2m_word *at, p2m_word pfn);
p2m_word toy(p2m_word *at, p2m_word pfn)
{
    p2m_word seen = p2m_load(at);

    if (pfn == seen)
        return 0;
    while (!p2m_cas(at, seen, pfn))
        seen = p2m_load(at);
    p2m_store(at, pfn);
    return pfn;
}
"""
MADE = {
    "guard": {"if (pfn == seen) return 0 -> (nothing)"},
    "look": {"while -> if", "p2m_cas(at, seen, pfn) -> (p2m_cas(at, seen, pfn), true)"},
    "narrow": {"{ -> { pfn = (uint32_t)pfn;", "p2m_load(at) -> (uint32_t)(p2m_load(at))", "pfn -> (uint32_t)(pfn)"},
    "relax": {"p2m_load(at) -> p2m_load_relaxed(at)", "p2m_cas(at, seen, pfn) -> p2m_cas_relaxed(at, seen, pfn)",
              "p2m_cas(at, seen, pfn) -> p2m_cas_in_steps(at, seen, pfn)",
              "p2m_store(at, pfn) -> p2m_store_relaxed(at, pfn)"},
}
COUNT = {"guard": 1, "look": 2, "narrow": 6, "relax": 5}


@test("make mutants: guards, second looks, narrow words, relaxed accesses", tier="scripts", needs=("import clang",))
def classes(t):
    from p2mcheck.mutants import changes  # pylint: disable=import-outside-toplevel
    path = os.path.relpath(t.path("toy.c"), ROOT)
    write(path, TOY)
    made = changes.mutants_of(path, facts.geometries()["tiny"].flags)
    for kind, expected in MADE.items():
        found = [f"{mutant.before} -> {mutant.after}" for mutant in made if mutant.kind == kind]
        t.check(kind, set(found) == expected and len(found) == COUNT[kind], str(found))
