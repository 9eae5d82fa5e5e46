# SPDX-License-Identifier: GPL-2.0-or-later
"""Exhaustive searches in the report: of every op, and what all of them share."""

from p2mcheck.report.words import count


def is_whole(found):
    """All was tried that the command tries without a limit. Three calls start from the boots alone: that search has
    no state left to come to, and does not close."""
    return found["every"] == 1 and (found["closed"] or found["calls"] == 3 and found.get("tried", False))


def outcome(found):
    end = "closed" if found["closed"] else "all tried within the depth" if found.get("tried") else \
        "not closed: a limit was reached"
    part = f", only from each {found['every']}th state" * (found["every"] > 1)
    return end + part + "; A VIOLATION" * found["violated"]


def claim(found, what):
    """The claim that such a search finds nothing."""
    measured, verdict = None, None
    if found:
        verdict = False if found["violated"] else is_whole(found) or "in part"
        begun = found["raced"] if found["races"] else found["states"]
        measured = f"{found['transitions']:,} transitions from {begun:,} states, {outcome(found)}"
    yield what, "all tried, no violation", measured, verdict


def claims(data):
    return claim(data.exhaustive, "Every state of a 2x2x2 tree x every op")


def searches(data):
    found = data.exhaustive
    return {"rows": [["every op" + ", then memory maps" * bool(found.get("maps")), found["geometry"],
                      *(count(found[key]) for key in ("states", "transitions", "checks", "seconds")), outcome(found)]]}
