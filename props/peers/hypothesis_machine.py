#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The peer for Hypothesis: a rule-based machine whose rules are the calls, over ctypes.

Called as `hypothesis_machine.py PEER.SO SEED`; continues with other seeds until something fails,
shrinks that, prints it, and exits 1. Strategies prefer PFNs next to edges and, by a bundle,
PFNs that were used before; a refused page is an argument; the comparisons are
peer.h's, by an invariant.
"""

import ctypes
import os
import sys

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (Bundle, RuleBasedStateMachine, initialize, invariant, multiple,
                                 rule, run_state_machine_as_test)

SET, SET_THERE, RANGE, GET, RESUME, E820 = range(6)
E820_MAX = 4


class Region(ctypes.Structure):
    _fields_ = [("start", ctypes.c_uint64), ("end", ctypes.c_uint64), ("type", ctypes.c_uint32),
                ("unused", ctypes.c_uint32)]


class Op(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_uint32), ("refuse", ctypes.c_uint32), ("pfn", ctypes.c_uint64),
                ("b", ctypes.c_uint64), ("count", ctypes.c_uint32), ("unused", ctypes.c_uint32),
                ("map", Region * E820_MAX)]


class Boot(ctypes.Structure):
    _fields_ = [("nr_pages", ctypes.c_uint64), ("auto_translated", ctypes.c_uint32),
                ("refuse", ctypes.c_uint32)]


class Shape(ctypes.Structure):
    _fields_ = [("leaf", ctypes.c_uint64), ("span", ctypes.c_uint64), ("max", ctypes.c_uint64),
                ("longest", ctypes.c_uint64)]


def load(path):
    peer = ctypes.CDLL(os.path.abspath(path))
    for name, argument in (("begin", Boot), ("apply", Op), ("look", None), ("end", None)):
        function = getattr(peer, f"peer_{name}")
        function.restype = ctypes.c_char_p
        function.argtypes = [ctypes.POINTER(argument)] if argument else []
    peer.peer_setup(1)
    return peer


peer = load(sys.argv[1])
shape = Shape.in_dll(peer, "peer_shape")
SMALL = shape.longest > shape.max
IDENTITY, FOREIGN, INVALID = 1 << 62, 1 << 63, (1 << 64) - 1

EDGES = [0, shape.leaf, shape.span, 2 * shape.span, shape.max - shape.leaf, shape.max - shape.span, shape.max]
NEAR = sorted({edge + delta for edge in EDGES for delta in range(-2, 3) if 0 <= edge + delta <= shape.max + 2})
LENGTHS = [1, 0, 2, shape.leaf, shape.span, shape.leaf + 1, shape.span + shape.leaf, shape.span - 1]

places = st.one_of(st.sampled_from(NEAR), st.integers(0, shape.max))
mfns = st.integers(0, 1 << 20)
# no page, mostly; it shrinks to none
refusals = st.sampled_from([0] * 9 + [1, 2, 3, 4, 5, 6])
ENTRIES = [lambda pfn, mfn: mfn, lambda pfn, mfn: IDENTITY | pfn, lambda pfn, mfn: INVALID,
           lambda pfn, mfn: FOREIGN | mfn, lambda pfn, mfn: mfn,
           lambda pfn, mfn: IDENTITY | mfn, lambda pfn, mfn: IDENTITY | FOREIGN | pfn]
KINDS = st.integers(0, len(ENTRIES) - 1)
PAGES = [0, 1, 2, 3, 256, 257, shape.leaf, shape.span, shape.max - 1, shape.max, shape.max + 1]
addresses = st.builds(lambda page, delta: max(0, page * 4096 + delta), st.sampled_from(PAGES),
                      st.sampled_from([0, 0, 0, 1, -1]))
regions = st.tuples(addresses, addresses, st.integers(1, 6))
lengths = st.sampled_from([0, 1, shape.leaf - 1, shape.leaf, shape.leaf + 1, 2 * shape.leaf] +
                          ([shape.span, shape.span + 1, shape.max, shape.max + 1] if SMALL else []))


def demand(what):
    assert what is None, what.decode()


class P2m(RuleBasedStateMachine):
    pfns = Bundle("pfns")

    def __init__(self):
        super().__init__()
        self.begun = self.over = False

    def demand(self, what):
        self.over = self.over or what is not None
        demand(what)

    def apply(self, kind, pfn=0, b=0, refuse=0):
        self.demand(peer.peer_apply(Op(kind, refuse, pfn, b)))

    @initialize(nr_pages=st.one_of(lengths, st.integers(0, 4 * shape.leaf)),
                auto_translated=st.sampled_from([0] * 9 + [1]), refuse=refusals)
    def boot(self, nr_pages, auto_translated, refuse):
        self.begun = True
        self.demand(peer.peer_begin(Boot(nr_pages, auto_translated, refuse)))

    @rule(target=pfns, pfn=places, kind=KINDS, mfn=mfns, refuse=refusals)
    def set(self, pfn, kind, mfn, refuse):
        self.apply(SET, pfn, ENTRIES[kind](pfn, mfn), refuse)
        return pfn

    @rule(pfn=pfns, delta=st.sampled_from([0, 1, -1, shape.leaf, shape.span]), kind=KINDS, mfn=mfns,
          refuse=refusals)
    def set_again(self, pfn, delta, kind, mfn, refuse):
        pfn = max(0, pfn + delta)
        self.apply(SET, pfn, ENTRIES[kind](pfn, mfn), refuse)

    @rule(pfn=st.one_of(places, pfns), kind=KINDS, mfn=mfns)
    def set_there(self, pfn, kind, mfn):
        self.apply(SET_THERE, pfn, ENTRIES[kind](pfn, mfn))

    @rule(target=pfns, start=st.one_of(places, pfns), length=st.sampled_from(LENGTHS), refuse=refusals)
    def range_of(self, start, length, refuse):
        self.apply(RANGE, start, start + length, refuse)
        return multiple(start, start + length)

    @rule(start=st.one_of(places, pfns), end=st.one_of(places, pfns), refuse=refusals)
    def range_to(self, start, end, refuse):
        self.apply(RANGE, start, end, refuse)

    @rule(pfn=places)
    def get(self, pfn):
        self.apply(GET, pfn)

    @rule()
    def resume(self):
        self.apply(RESUME)

    @invariant()
    def like_the_flat_array(self):
        if self.begun:
            self.demand(peer.peer_look())

    def teardown(self):
        if self.begun and not self.over:
            demand(peer.peer_end())


class P2mWithMaps(P2m):
    @rule(regions=st.lists(regions, max_size=E820_MAX), domu=st.integers(0, 1))
    def e820(self, regions, domu):
        op = Op(E820, 0, 0, domu, len(regions))
        for i, region in enumerate(regions):
            op.map[i] = Region(*region, 0)
        self.demand(peer.peer_apply(op))


def main():
    machine = P2mWithMaps if os.environ.get("PEER_TARGET") == "e820" else P2m
    how = settings(max_examples=2000, stateful_step_count=50, deadline=None, database=None,
                   suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink],
                   print_blob=False)
    attempt = 0
    while True:  # in rounds: what it remembers of earlier examples grows without end
        try:
            run_state_machine_as_test(seed(int(sys.argv[2]) * 1000003 + attempt)(machine), settings=how)
        except AssertionError as error:
            print(f"found: {error}", *getattr(error, "__notes__", []), sep="\n")
            return 1
        attempt += 1


if __name__ == "__main__":
    sys.exit(main())
