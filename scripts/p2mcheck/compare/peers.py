# SPDX-License-Identifier: GPL-2.0-or-later
"""Bugs that the peers cannot find with any budget."""

# Bugs that these peers find with no budget, like those that need overlapping calls.
CANNOT_SEE = {
    "p06-first-is-last": "the header promises an upper bound of a call's pages, and only that is compared",
    "p13-mfn-of-identity": "the peer's toolstack takes INVALID for an identity frame, as it may",
    "p58-same-value": "a store of the present value is not a difference to a tool that compares",
}


def why_not_found(bug, tool):
    """The known reason why a peer does not find a bug."""
    if bug.overlaps:
        return "needs a call that runs while another one does; this peer has none"
    if bug.id in CANNOT_SEE:
        return CANNOT_SEE[bug.id]
    if bug.invariant == "PAGE_COST":
        return "the header promises an upper bound of a call's pages, and only that is compared"
    if "restore=xen" in bug.case or bug.invariant == "TOOLSTACK_SEES_ALL":
        return "the peer's toolstack only reads"
    return {"libfuzzer": "not found within the budget: PFNs are drawn anywhere, not near edges",
            "afl": "not found within the budget: PFNs are drawn anywhere, not near edges"}.get(
                tool, "not found within the budget")
