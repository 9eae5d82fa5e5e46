# SPDX-License-Identifier: GPL-2.0-or-later
"""The lists that C and Python share. Geometries and targets are in two .def files, which can be
read before anything is built. Ops, invariants, the longest input and the layout of the statistics
come from `p2m-case facts`.
"""

import collections
import functools
import json
import os
import re
import struct
import subprocess

from p2mcheck.files import Failure, read_text

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
GEOMETRIES = "props/case/geometries.def"
TARGETS = "fuzz/targets.def"


class Geometry(collections.namedtuple("Geometry", "name top mid leaf word_bits")):
    __slots__ = ()

    @property
    def flags(self):
        """For the compiler."""
        return [f"-DP2M_{name.upper()}={value}" for name, value in self._asdict().items() if name != "name"]


class Target(collections.namedtuple("Target", "name codec sees geometries geometries_32 service")):
    __slots__ = ()

    @property
    def is_text(self):
        """True if it takes the text of a case and runs no p2m."""
        return self.sees == "harness"

    @property
    def needs_kernel(self):
        """True if it tests more of a kernel than its p2m.c."""
        return self.sees == "kernel"


def lines_of(path, macro):
    """The arguments of each line MACRO(...), without quotes."""
    found = [[word.strip().strip('"') for word in line.split(",")] for line in
             re.findall(rf"^{macro}\((.*)\)", read_text(f"{ROOT}/{path}"), re.M)]
    if not found:
        raise Failure(f"{path}: no line with {macro}()")
    return found


@functools.lru_cache(None)
def geometries(explored=False):
    """By name, small ones first. `explored`: those that only the exhaustive search uses."""
    return {name: Geometry(name, *map(int, numbers))
            for name, *numbers in lines_of(GEOMETRIES, "EXPLORED" if explored else "GEOMETRY")}


@functools.lru_cache(None)
def targets():
    return {name: Target(name, codec, sees, tuple(words.split()), tuple(words_32.split()), service == "1")
            for name, codec, sees, words, words_32, service in lines_of(TARGETS, "TARGET")}


def geometries_of_word(bits):
    return [geometry.name for geometry in geometries().values() if geometry.word_bits == bits]


def pairs():
    """TARGET_GEOMETRY of all lanes of a campaign."""
    return [f"{target.name}_{geometry}" for target in targets().values() for geometry in target.geometries]


def split(pair):
    """The target and the geometry of `ops_x86_64`."""
    target, geometry = pair.split("_", 1)
    return target, geometry


class Facts:
    """The output of `p2m-case facts`."""

    def __init__(self, told):
        self.ops, self.invariants = tuple(told["ops"]), tuple(told["invariants"])
        self.longest_input = told["longest_input"]
        self.statistics = told["statistics"]

    def tally(self, path):
        """The statistics of an engine (struct tally) as a Counter. A number for each op has a key
        like `calls get`. Empty if the file is missing or incomplete."""
        tally = collections.Counter()
        try:
            with open(path, "rb") as file:
                data = file.read(self.statistics["bytes"])
            for name, field in self.statistics["fields"].items():
                words = struct.unpack_from(f"<{field['words']}Q", data, field["offset"])
                keys = [name] if len(words) == 1 else [f"{name} {op}" for op in self.ops]
                if len(keys) == len(words):
                    tally.update(dict(zip(keys, words)))
        except (OSError, struct.error):
            return collections.Counter()
        return tally


@functools.lru_cache(None)
def of(tool):
    """The facts of this p2m-case."""
    done = subprocess.run([tool, "facts"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          encoding="utf-8")
    try:
        told = json.loads(done.stdout)
        if done.returncode or told["format"] != 1:
            raise ValueError
        return Facts(told)
    except (ValueError, KeyError):
        raise Failure(f"{tool} facts: unknown output; build it again") from None


def total(tallies):
    return sum(tallies, collections.Counter())


def print_outcomes(title, ops, tally, width):
    """Calls by op."""
    columns = ("calls", "failed", "refused", "skipped")
    print(f"\n{title:{width}} " + " ".join(f"{column:>12}" for column in columns))
    for op in ops:
        print(f"{op:{width}} " + " ".join(f"{tally[f'{what} {op}']:12}" for what in columns))


ENOUGH = 10000  # cases after which an op that never succeeded was not tested


def idle_ops(ops, tally):
    """The ops that never succeeded, although enough cases were run."""
    return [op for op in ops if tally["cases"] >= ENOUGH and tally[f"calls {op}"] == tally[f"failed {op}"]
            and (tally[f"calls {op}"] or not tally[f"skipped {op}"])]  # else: not of this subject or harness
