# SPDX-License-Identifier: GPL-2.0-or-later
"""The files of a kernel in the report: what each version's p2m.c and setup.c violate. The figures are the rows of
`make kernel-report`, a dict for each version.
"""

from p2mcheck.linux import defects, setup_report
from p2mcheck.report.words import BAD, CASE, GOOD, code, part


def tried(key):
    """The versions that kernel-report knows what to expect of, the oldest first."""
    return list(setup_report.expected()) if key == "setup" else \
        [row.name for row in defects.versions() if row.defects is not None]


def is_fine(row):
    """It has the defects that its list of versions expects, and no other finding. Of p2m.c the verdict is what differs.
    A version without a row there has nothing to differ from."""
    return not row["behind"] and (row["verdict"] in ("", "as expected") or "no row" in row["verdict"])


def claims_of(key, file):
    """The claim on p2m.c or setup.c."""
    def claims(data):
        rows, names = getattr(data, key), tried(key)
        claim = f"Versions of a kernel's {file} with the known defects of their row, and no other"
        goal = f"all {len(names)}"
        if not rows:
            yield claim, goal, None, None
            return
        fine = sum(map(is_fine, rows))
        yield claim, goal, part(fine, len(rows)), False if fine < len(rows) else not lacking(rows, key) or "in part"
    return claims


def lacking(rows, key):
    """The versions that were tried once, and that these figures do not have."""
    return [name for name in tried(key) if name not in {row["version"] for row in rows}]


def verdict(row):
    if row["behind"]:
        return BAD(f"NOT A KNOWN DEFECT: {row['behind']['invariant']}")
    if not is_fine(row):
        return BAD(row["verdict"])
    return GOOD("as expected") if "no row" not in row["verdict"] else "nothing is expected"


def matrix(rows):
    """(invariants, rows): of each version the defects by the invariant that they violate there."""
    invariants = sorted({found["invariant"] for row in rows for found in row["defects"].values()})

    def cell(row, invariant):
        return " ".join(name for name in defects.sorted_names(row["defects"])
                        if row["defects"][name]["invariant"] == invariant)
    cells = [[row["version"], verdict(row), *(cell(row, name) for name in invariants)] for row in rows]
    return [code(name) for name in invariants], cells


def span(versions):
    return versions[0] if len(versions) == 1 else f"{versions[0]} to {versions[-1]}, {len(versions)} versions"


def defect_rows(rows):
    """A row for each defect: where it was met, as what, and its shortest case; first those that are not known."""
    for row in rows:
        if row["behind"]:
            yield [BAD("not known"), "-", row["version"], code(row["behind"]["invariant"]),
                   CASE("\n".join(row["behind"]["case"] or ["not shrunk"]))]
    for name in defects.sorted_names({name for row in rows for name in row["defects"]}):
        met = {row["version"]: row["defects"][name] for row in rows if name in row["defects"]}
        shortest = min(met.values(), key=lambda found: (len(found["case"]), found["case"]))
        yield [name, defects.table()[name].happens, span(list(met)),
               code(", ".join(sorted({found["invariant"] for found in met.values()}))),
               CASE("\n".join(shortest["case"]))]


def kernel(data):
    invariants, rows = matrix(data.kernel)
    return {"invariants": invariants, "rows": rows, "defects": list(defect_rows(data.kernel))}


def setup(data):
    names = defects.sorted_names({name for row in data.setup for name in row["defects"]})
    return {"names": names, "defects": list(defect_rows(data.setup)),
            "rows": [[row["version"], verdict(row), *("x" if name in row["defects"] else "" for name in names)]
                     for row in data.setup]}
