# SPDX-License-Identifier: GPL-2.0-or-later
"""The name of a finding in a service: no two invariants become one bug, no name is dropped from a stack."""

import re
from difflib import SequenceMatcher

from p2mcheck.bugs.catalogue import Bug
from p2mcheck.files import write
from p2mcheck.ossfuzz.service import RUN_ENVIRONMENT, llvm, need, run, runner
from p2mcheck.programs import Programs

# The frames of a symbolised stack that the services ignore when they name a crash.
IGNORED_FUNCTIONS = re.compile(
    r"^(_*(abort|exit|raise|free|malloc|calloc|realloc|new|delete|mem(cpy|set|cmp|move)|str\w*|"
    r"pthread_kill|gsignal|killpg)|main$|panic$|dump_stack|show_stack|check_memory_region|"
    r"fuzzer::|__asan_|__sanitizer_|__interceptor|__pthread|__GI_|__libc_|_start$)")
IGNORED_ANYWHERE = re.compile(r"assert|logger|libpthread", re.I)
HARNESS_PATH = re.compile(r"fuzzer|fuzz/|/fuzz", re.I)

# ---- the name of a finding ----

PLANTED = ("b3-one-ident-leaf", "b6-empty-range", "b1-real-on-ident", "c7-above-max")


def shortest_case(place, bug):
    """The case in the head of the patch, as bytes for ops_tiny."""
    text = f"{place.top}/{bug}.txt"
    write(text, Bug(f"{place.checkout}/props/bugs/{bug}.patch").case)
    code, output = run([Programs(f"{place.work}/p2mcheck-encoder").p2m_case("gcc"), "encode", "--geometry=tiny",
                        "--target=ops", text, "-o", f"{place.top}/{bug}.bytes"])
    need(code == 0, output)
    return f"{place.top}/{bug}.bytes"


def crash_state(report):
    """A service's name for this finding: the sentence, then frames, three lines in all."""
    state = re.findall(r"^ASSERTION FAILED: (.*)$", report, re.M)[:1]
    frames = re.findall(r"^ +#\d+ 0x[0-9a-f]+ in (\S+) ?(.*)$", report, re.M)
    kept = [(function, path) for function, path in frames
            if not IGNORED_FUNCTIONS.match(function) and not IGNORED_ANYWHERE.search(function + path)
            and not re.search(r"sanitizer|/fuzzer/|libc\.so|llvm", path)]
    need(len(kept) >= 3, f"only {kept} is left of the stack:\n{report[-3000:]}")
    harness = [path for _, path in kept[:3] if HARNESS_PATH.search(path)]
    need(2 * len(harness) < 3, f"frames look like a bug of the harness: {kept[:3]}")
    return (state + [function for function, _ in kept])[:3]


def alike(one, two):
    """True if the services would merge these two into one bug."""
    same = sum(block.size for block in SequenceMatcher(None, one, two, autojunk=False).get_matching_blocks())
    ratio = sum(SequenceMatcher(None, a, b, autojunk=False).ratio() for a, b in zip(one, two)) / len(one)
    return same >= 2 or ratio > 0.8


def check_planted(configuration, place):
    """Checks that violations of different invariants are different findings."""
    symbolizer = llvm("llvm-symbolizer")
    states = {}
    environment = configuration.environment(place, "/nowhere")
    objects = f"{place.work}/p2mcheck-{configuration.name}"
    for bug in PLANTED:
        target = Programs(objects).planted(bug).program("ops", "tiny", "service")
        code, output = run(["make", f"B={objects}", f"BUG={bug}", target], cwd=place.checkout,
                           env=environment)
        need(code == 0, output[-600:])
        options = RUN_ENVIRONMENT["ASAN_OPTIONS"] + ":symbolize_inline_frames=0"
        code, output = run([target, shortest_case(place, bug)],
                           **runner(place, ASAN_OPTIONS=options, ASAN_SYMBOLIZER_PATH=symbolizer))
        need(code not in (0, 124) and "ASSERTION FAILED: " in output, f"{bug} is not found: {output[-600:]}")
        states[bug] = crash_state(output)
    for one in PLANTED:
        for two in PLANTED:
            need(one == two or not alike(states[one], states[two]),
                 f"{one} and {two} are one bug to a service: {states[one]}, {states[two]}")
    return "; ".join(" | ".join(state) for state in states.values())
