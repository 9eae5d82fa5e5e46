# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls that overlap, in the report: exhaustive searches over schedules, and real threads."""

from p2mcheck.report import searches
from p2mcheck.report.words import BAD, GOOD, count

# Each search: its figures, and what overlaps in it.
SEARCHES = {"races": "two calls, and the second one stops as well",
            "races_tso": "two calls, the first with a store buffer", "races_3": "three calls, from the boots"}

CLAIMS = {"races": "Every two calls x every schedule, from every state of a 2x2x2 tree",
          "races_tso": "The same with a store buffer, in x86's order", "races_3": "Every three calls, from each boot"}


def claims_of(key):
    """The claim of one search, by its figures."""
    return lambda data: searches.claim(getattr(data, key), CLAIMS[key])


def claims_of_threads(data):
    found, claim = data.race, "Real threads under ThreadSanitizer: data races, and wrong values"
    if not found:
        yield claim, "0", None, None
        return
    yield (claim, "0", f"{found['failures']:,} in {found['rounds']:,} rounds, {found['reads']:,} reads checked",
           not found["failures"] and not found["status"])


def search_row(key, found):
    if not found:
        return [SEARCHES[key], *["-"] * 7, "not measured"]
    what = SEARCHES[key] if key != "races" or found["switches"] > 1 else "two calls, and only the first one stops"
    return [what, found["switches"],
            *(count(found[name]) for name in ("raced", "groups", "transitions", "outcomes", "checks", "seconds")),
            searches.outcome(found) + ", no schedule left out" * (not found["reduced"])]


def threads_row(found):
    fine = not found["failures"] and not found["status"]
    return [found["geometry"], found["threads"],
            *(count(found[name]) for name in ("rounds", "calls", "reads", "refused", "lost")),
            GOOD("none") if fine else BAD(f"{found['failures']:,} FAILURES")]


def schedules(data):
    return {"rows": [search_row(key, getattr(data, key)) for key in SEARCHES],
            "threads": [threads_row(data.race)] if data.race else []}
