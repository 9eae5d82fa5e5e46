# SPDX-License-Identifier: GPL-2.0-or-later
"""The reviewed list of mutants that no call can distinguish from the core; a line is `KEY reason`."""

import re

from p2mcheck.files import Failure, entries

REVIEWED = "props/tests/mutants-equivalent.txt"


def read_reviewed():
    reviewed = {}
    for number, line in entries(REVIEWED):
        key, _, reason = line.partition(" ")
        if not re.fullmatch(r"[\w.]+:[\w-]+:[a-z]+:[0-9a-f]{6}#\d+", key):
            raise Failure(f"{REVIEWED}:{number}: `{key}` is not a key of a mutant")
        if not reason.strip():
            raise Failure(f"{REVIEWED}:{number}: missing reason")
        if key in reviewed:
            raise Failure(f"{REVIEWED}:{number}: `{key}` is listed twice")
        reviewed[key] = (number, reason.strip())
    return reviewed


def apply_review(results, reviewed, all_keys):
    """Turns reviewed survivors into equivalents; returns the errors in the rest of the list."""
    complaints = [f"{REVIEWED}:{number}: {key}: no such mutant (any more)"
                  for key, (number, _) in reviewed.items() if key not in all_keys]
    for result in results:
        number, reason = reviewed.get(result["key"], (0, None))
        if not number:
            continue
        if result["status"] in ("survived", "same code"):
            result.update({"status": "equivalent", "reason": reason})
        elif not (result["killer"] or "").startswith("threads: "):  # what threads see depends on the machine
            complaints.append(f"{REVIEWED}:{number}: {result['key']}: listed as equivalent, but "
                              f"{result['status']}" + f" by {result['killer']}" * bool(result["killer"]))
    return complaints
