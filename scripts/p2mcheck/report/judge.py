# SPDX-License-Identifier: GPL-2.0-or-later
"""Xen's own save code in the report, beside the harness's toolstack: figures of `make judge`."""

from p2mcheck.report.words import BAD, GOOD, bug_link, count
from p2mcheck.xen.judge import agrees, subjects


def claims(data):
    claim, goal = "Random guests on which Xen's save code and our toolstack differ, or that are wrong for the core", "0"
    if not data.judge:
        yield claim, goal, None, None
        return
    rows = data.judge["rows"]
    wrong = sum(row["own"] + row["judge"] + row["both"] * (not row["bug"]) for row in rows)
    yield (claim, goal, f"{wrong:,} of {sum(row['cases'] for row in rows):,}",
           False if wrong else not lacking(data.judge) or "in part")


def lacking(found):
    """The rows that these figures do not have."""
    there = {(row["bug"], row["geometry"]) for row in found["rows"]}
    return [subject for subject in subjects() if subject not in there]


def judge(data):
    return {"xen": data.judge["xen"], "seed": data.judge["seed"],
            "rows": [[bug_link(row["bug"]) if row["bug"] else "the core without a bug", row["geometry"],
                      *(count(row[name]) for name in ("cases", "both", "own", "judge", "refused")),
                      GOOD("agree") if agrees(row) else BAD("DIFFER")] for row in data.judge["rows"]]}
