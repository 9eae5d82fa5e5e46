# SPDX-License-Identifier: GPL-2.0-or-later
"""The contents of the sections, as rows of tables and as charts; the templates have the text.
Each function returns the variables of the template that has its name.
"""

import collections
import statistics

from p2mcheck.report import charts, claims
from p2mcheck.report.data import SOURCES
from p2mcheck.report.words import bug_link, code, part, seconds, short


def claims_and_verdicts(data):
    return {"rows": claims.rows(data)}


# ---- coverage of the corpora ----

class Matrix:
    """The cells by number of call, state before, place and outcome, and the names of these. A range
    has extents for places; build, publish and destroy have the stage of the whole p2m for it.
    """

    def __init__(self, cells):
        self.calls, self.befores, self.outcomes = [], [], []
        self.places, self.extents, self.stages = [], [], []
        self.state = {}
        for cell in cells:
            front, outcome = cell.name.split(": ")
            call, before, place = front.split(", ")
            places = self.extents if call == "range" else self.places
            if place == "whole":
                before, place, places = self.befores[0], before, self.stages
            at = [self.number(names, name) for names, name in (
                (self.calls, call), (self.befores, before), (places, place), (self.outcomes, outcome))]
            self.state[tuple(at)] = "gap" if bool(cell.times) == bool(cell.impossible) else \
                "impossible" if cell.impossible else "reached"

    @staticmethod
    def number(names, name):
        if name not in names:
            names.append(name)
        return names.index(name)


def coverage(data):
    found, matrix = data.coverage, Matrix(data.cells)
    keys, rows = ("lines", "branches", "mcdc"), []
    for file in found["files"] if found else ():
        rows.append([file["file"]] + [part(*file[key]) if file[key] else "not measured" for key in keys])
    if found:
        totals = [[sum(file[key][i] for file in found["files"] if file[key]) for i in (0, 1)] for key in keys]
        rows.append(["all"] + [f"{part(*total)} ({100 * total[0] / total[1]:.1f} %)" if total[1] else "-"
                               for total in totals])
    return {
        "matrix": matrix, "chart": charts.matrix(matrix), "lines": rows,
        "gaps": [[cell.name, f"reached {cell.times} times, but {cell.impossible}" if cell.impossible else
                  "never reached"] for cell in data.gaps],
        "reasons": collections.Counter(cell.impossible for cell in data.cells if cell.impossible).most_common(),
        "missed": [[f"{name}:{line}", what, code(text)] for name, line, what, text in found["missed"]] if found else []}


# ---- ablations ----

def without(name):
    return ", ".join(f"no {means}" for means in name.split(",")) if name else "everything on"


def ablations(data):
    budget, bugs = data.ablation["budget"], data.ablation["seconds"]
    names = [name for name in next(iter(bugs.values()), {"": []}) if all(name in row for row in bugs.values())]
    rows, dots = [], []
    for name in names:
        medians = [statistics.median(row[name]) for row in bugs.values()]
        runs = [value for row in bugs.values() for value in row[name]]
        ratios = [max(median / max(statistics.median(row[""]), 0.01), 1e-3)
                  for median, row in zip(medians, bugs.values())]
        rows.append([without(name), part(sum(value < budget for value in runs), len(runs)),
                     seconds(statistics.median(medians)), seconds(statistics.fmean(runs)),
                     f"{statistics.geometric_mean(ratios):.3g} times" if name else "-"])
        if name:
            dots.append((without(name), ratios, statistics.median(ratios)))
    return {"bugs": len(bugs), "seeds": data.ablation["seeds"], "budget": budget, "rows": rows,
            "chart": charts.ratios(dots), "names": [f"#{without(name)}" for name in names],
            "by_bug": [[bug_link(bug)] + [seconds(statistics.median(row[name])) for name in names]
                       for bug, row in bugs.items()]}


# ---- mutants, speed ----

def mutants(data):
    statuses = [status for status in ("killed", "equivalent", "survived", "same code", "did not compile")
                if data.statuses[status]]
    by_file = collections.Counter((mutant["file"], mutant["status"]) for mutant in data.mutants)
    rows = [[name] + [by_file[name, status] for status in statuses] for name in sorted({file for file, _ in by_file})]
    killers = collections.Counter(mutant["killer"].split(": ")[0] for mutant in data.mutants if mutant["killer"])
    return {"statuses": [f"#{status}" for status in statuses],
            "rows": rows + [["all"] + [data.statuses[status] for status in statuses]],
            "killers": killers.most_common(),
            "survivors": [[f"{mutant['file']}:{mutant['line']}", code(f"{mutant['before']} -> {mutant['after']}"),
                           code(mutant["key"])] for mutant in data.mutants if mutant["status"] == "survived"]}


def speed(data):
    return {"rows": [[claims.BENCH.get(name, name), *(short(figure[key]) for key in ("median", "min", "max")),
                      len(figure["runs"]), "{} {:g}".format(*data.goals[name]) if data.goals.get(name) else "-"]
                     for name, figure in data.bench.items()]}


# ---- commands, and machine ----

def repeat(data):
    rows = [[source.what, code(source.command), code(f"{data.figures}/{source.file}"),
             "exists" if getattr(data, key) is not None else "missing"] for key, source in SOURCES.items()]
    rows += [["drawings of trees", code(f"{data.p2m_case} show --svg CASE -o OUT.svg"), "-", "made for this page"],
             ["state coverage", code(f"{data.p2m_case} cells --all corpus"), "-", "made for this page"],
             ["this page", code("make report"), code(f"{data.figures}/report/index.html"), "-"]]
    facts = [["this page was made from the tree at", data.commit or "unknown"]]
    if data.compare:
        machine = data.compare.get("machine", {})
        facts += [["the comparison is of commit", data.compare.get("commit", "unknown")],
                  ["processor", f"{machine.get('cpu', 'not known')}, {machine.get('cores', '?')} cores"],
                  ["memory", f"{machine.get('memory_mib', 0):,} MiB"], ["kernel", machine.get("kernel", "unknown")],
                  *data.compare.get("versions", {}).items()]
    return {"rows": rows, "facts": facts}
