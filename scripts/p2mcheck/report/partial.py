# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures that are there, but not whole: (what is missing, the command that measures it). They stand at the head of the
page. So do files that are missing.
"""

from p2mcheck.report import judge, kernel, proofs, schedules, searches
from p2mcheck.report.data import SOURCES


def of_bugs(data):
    bugs, ablated = len(data.patches), len((data.ablation or {}).get("seconds", {}))
    if data.bugs and len(data.hunted) < bugs:
        yield f"{len(data.hunted)} of {bugs} planted bugs were hunted", SOURCES["bugs"].command
    if data.ablation and ablated < bugs:
        yield f"ablations of {ablated} of {bugs} planted bugs", SOURCES["ablation"].command


def of_compare(data):
    bugs, found = len(data.patches), data.compare or {}
    compared = len(found.get("all_bugs", []))
    if found.get("sample") and compared < bugs:
        yield f"the comparison is a sample, {compared} of {bugs} planted bugs", "make compare FULL=1"
    if found and not found.get("complete"):
        yield (f"{found.get('done', 0):,} of {found.get('planned', 0):,} runs of the comparison (the command "
               "resumes it)", SOURCES["compare"].command)


def of_searches(data):
    for key in ("exhaustive", *schedules.SEARCHES):
        found = getattr(data, key)
        if found and not found["violated"] and not searches.is_whole(found):
            yield f"{SOURCES[key].what}: {searches.outcome(found)}", SOURCES[key].command


def of_kernel(data):
    for key in ("kernel", "setup"):
        lacking = kernel.lacking(getattr(data, key), key) if getattr(data, key) else ()
        if lacking:
            yield f"{SOURCES[key].what}: without {len(lacking)} of {len(kernel.tried(key))} versions", \
                SOURCES[key].command.split(" LINUX=")[0] + ' LINUX="TREE .."'


def of_judge(data):
    lacking = judge.lacking(data.judge) if data.judge else ()
    if lacking:
        yield f"{SOURCES['judge'].what}: without {len(lacking)} of {len(list(judge.subjects()))} subjects", \
            SOURCES["judge"].command


def of_proofs(data):
    if data.prove and (len(data.prove["proofs"]) < data.prove["all"] or not proofs.is_usual(data.prove)):
        yield (f"{len(data.prove['proofs'])} of {data.prove['all']} proofs, geometry {data.prove['geometry']}",
               SOURCES["prove"].command)


# Each with the figures that it reads.
PARTS = {("bugs", "ablation"): of_bugs, ("compare",): of_compare, ("exhaustive", *schedules.SEARCHES): of_searches,
         ("kernel", "setup"): of_kernel, ("judge",): of_judge, ("prove",): of_proofs}
