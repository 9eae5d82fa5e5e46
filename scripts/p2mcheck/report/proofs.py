# SPDX-License-Identifier: GPL-2.0-or-later
"""The proofs of cbmc in the report: figures of `make prove`."""

from p2mcheck.prove import PROOFS
from p2mcheck.report.words import BAD, GOOD, count, part, seconds


def is_usual(found):
    """Of our core, in the geometry that the command proves without more words."""
    return found["geometry"] == "x86_64" and found["core"] == "."


def claims(data):
    claim, found = "Proofs for all inputs: index arithmetic, the walk of a memory map", data.prove
    if not found:
        yield claim, "all", None, None
        return
    fine, run = sum(proof["fine"] for proof in found["proofs"].values()), len(found["proofs"])
    where = "" if is_usual(found) else f", {found['geometry']}, {found['core']}/core"
    yield (claim, "all", part(fine, found["all"]) + where,
           False if fine < run else is_usual(found) and fine == found["all"] or "in part")


def row(proof, result):
    if not result:
        return [proof.name, proof.what, "-", "-", "not run"]
    return [proof.name, proof.what, count(result["sentences"]), seconds(result["seconds"]),
            GOOD("proved") if result["fine"] else BAD(f"FAILED: {result['text']}")]


def proofs(data):
    return {"geometry": data.prove["geometry"], "core": data.prove["core"],
            "rows": [row(proof, data.prove["proofs"].get(proof.name)) for proof in PROOFS]}
