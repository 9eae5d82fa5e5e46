# SPDX-License-Identifier: GPL-2.0-or-later
"""The small changes that can be made to the core: an operator, a constant, a condition, a statement, an
argument, a shared page, a guard, a second look, a word of fewer bits, a weaker atomic. Each is a mutant, with
a key that does not depend on line numbers.
"""

import collections
import hashlib
import itertools
import os
import re

from clang import cindex
from clang.cindex import CursorKind as Kind

from p2mcheck.mutants.syntax import arguments, closes, file_offset, parameters, parse, plain_type

Mutant = collections.namedtuple("Mutant", "id key file line function kind before after text")

RELATIONS = {"<": ("<=", ">=", "!="), "<=": ("<", ">", "=="), ">": (">=", "<=", "!="),
             ">=": (">", "<", "=="), "==": ("!=", "<=", ">="), "!=": ("==", "<", ">")}
ARITHMETIC = {"+": ("-", "*"), "-": ("+",), "*": ("/", "+"), "/": ("*", "%"), "%": ("/", "*")}
BITWISE = {"&": ("|", "^"), "|": ("&", "^"), "^": ("&", "|"), "<<": (">>",), ">>": ("<<",)}
LOGICAL = {"&&": ("||",), "||": ("&&",)}
COMPOUND = {"+=": ("-=", "="), "-=": ("+=", "="), "*=": ("/=",), "/=": ("*=",), "|=": ("&=",),
            "&=": ("|=",)}
OPERATORS: tuple = (("rel", RELATIONS), ("arith", ARITHMETIC), ("bit", BITWISE), ("logic", LOGICAL),
                    ("arith", COMPOUND))
OTHER_PAGE = {"missing": "identity", "identity": "missing", "mid_missing": "mid_identity",
              "mid_identity": "mid_missing"}
NUMBER = re.compile(r"(0[xX][0-9a-fA-F]+|\d+)[uUlL]*$")
CONSTANT = re.compile(r"[A-Z][A-Z0-9_]+$")
JUMPS = (Kind.RETURN_STMT, Kind.BREAK_STMT, Kind.CONTINUE_STMT)
WORD = "unsigned long"  # p2m_word and uint64_t; narrowed to 32 bits


class Source:
    """One file of the core, and its possible changes: (function, class, start, end, text)."""

    def __init__(self, name, shape):
        self.name = name
        with open(name, encoding="latin-1", newline="") as file:
            self.text = file.read()
        self.changes = []
        self.function = "-"
        for cursor in parse(name, shape).cursor.get_children():
            where = cursor.location.file
            if where and os.path.normpath(where.name) == name:
                self.function = cursor.spelling if cursor.kind == Kind.FUNCTION_DECL else "-"
                self.types = {}
                self.walk(cursor)
        self.function = "-"
        for found in re.finditer(r"^#define[ \t]+\w+[ \t]+([0-9a-fA-FxX]+[uUlL]*)[ \t]*$", self.text,
                                 re.M):
            self.number(found.start(1), found.end(1), found.group(1))

    def extent(self, cursor):
        """Start and end in the text, or None."""
        file, start = file_offset(cursor.extent.start)
        end = file_offset(cursor.extent.end)[1]
        if not file or os.path.normpath(file) != self.name or end <= start:
            return None
        return start, end

    def change(self, kind, start, end, after):
        if self.text[start:end] != after:
            self.changes.append((self.function, kind, start, end, after))

    # -- the walk --

    def walk(self, cursor):
        span = self.extent(cursor)
        children = list(cursor.get_children())
        if span:
            self.types.setdefault(span, cursor.type.get_canonical().spelling)
            self.node(cursor, children, *span)
        for child in children:
            self.walk(child)
        if span and self.text[span[0]:span[1]].startswith("p2m_cas("):
            self.macro_swaps(*span)
        if span and self.text[span[0]:span[1]].startswith(("p2m_cas(", "p2m_store(")):
            self.narrow_stored(*span)

    def node(self, cursor, children, start, end):
        text = self.text[start:end]
        kind = cursor.kind
        if kind in (Kind.BINARY_OPERATOR, Kind.COMPOUND_ASSIGNMENT_OPERATOR):
            self.binary(children, start, end)
        elif kind == Kind.UNARY_OPERATOR:
            self.unary(children, start, end)
        elif kind in (Kind.IF_STMT, Kind.WHILE_STMT, Kind.CONDITIONAL_OPERATOR):
            self.condition(children[0])
            self.guard(kind, children, start, end)
            self.one_look(kind, start)
        elif kind == Kind.FOR_STMT:
            self.for_condition(children, start)
        elif kind == Kind.FUNCTION_DECL:
            self.narrow_parameters(children)
        elif kind == Kind.VAR_DECL and children or kind == Kind.RETURN_STMT and children:
            self.narrow(children[-1])
        elif kind == Kind.CALL_EXPR:
            self.swaps(cursor)
        elif kind == Kind.MEMBER_REF_EXPR:
            self.other_page(text, start, end)
        elif kind == Kind.DECL_REF_EXPR:
            self.enumerator(cursor, text, start, end)
        if kind == Kind.COMPOUND_STMT and text.startswith("{"):  # and no macro's body
            self.statements(children)
        elif kind in (Kind.IF_STMT, Kind.WHILE_STMT, Kind.FOR_STMT):
            self.statements(children[1:] if kind != Kind.FOR_STMT else children[-1:])
        self.number(start, end, text)
        self.macro(start, end, text)

    def binary(self, children, start, end):
        left, right = (self.extent(child) for child in children)
        if not left or not right or left[0] != start or right[1] != end or left[1] > right[0]:
            return
        op = self.text[left[1]:right[0]].strip()
        if op == "=":
            self.narrow(children[1])
        a, b = self.text[start:left[1]], self.text[right[0]:end]
        pointers = sum(child.type.get_canonical().kind == cindex.TypeKind.POINTER
                       for child in children)
        for kind, table in OPERATORS:
            for other in table.get(op, ()):
                if pointers and (other in ("*", "/", "%") or kind == "rel" and other not in ("==", "!=")):
                    continue
                new = f"{a} {other} {b}"
                self.change(kind, start, end, new if table is COMPOUND else f"({new})")
        if op in LOGICAL:
            self.change("logic", start, end, a)
            self.change("logic", start, end, b)

    def unary(self, children, start, end):
        inner = self.extent(children[0])
        if not inner:
            return
        before, after = self.text[start:inner[0]].strip(), self.text[inner[1]:end].strip()
        operand = self.text[slice(*inner)]
        swapped = {"++": "--", "--": "++"}
        if before in swapped:
            self.change("incdec", start, end, swapped[before] + operand)
        elif after in swapped:
            self.change("incdec", start, end, operand + swapped[after])
        elif before == "!":
            self.change("logic", start, end, operand)
        elif before == "~":
            self.change("bit", start, end, operand)

    def condition(self, cursor):
        span = self.extent(cursor)
        if span:
            self.change("cond", *span, after=f"!({self.text[slice(*span)]})")

    def for_condition(self, children, start):
        """Finds the condition among its children by the semicolons."""
        first = self.text.index(";", start)
        second = self.text.index(";", first + 1)
        for child in children:
            span = self.extent(child)
            if span and first < span[0] < second:
                self.condition(child)

    def statements(self, children):
        for child in children:
            span = self.extent(child)
            if span and (child.kind.is_expression() or child.kind in JUMPS):
                self.change("delete", *span, after="")

    def guard(self, kind, children, start, end):
        """An `if` that ends by leaving."""
        if kind != Kind.IF_STMT or len(children) != 2:
            return
        body = children[1]
        last = [body, *body.get_children()][-1] if body.kind == Kind.COMPOUND_STMT else body
        if last.kind in JUMPS:
            self.change("guard", start, end, "")

    def one_look(self, kind, start):
        """A loop that looks again, once only."""
        if kind == Kind.WHILE_STMT:
            self.change("look", start, start + len("while"), "if")

    def narrow(self, value):
        """What is stored or returned, in 32 bits."""
        span = self.extent(value)
        text = self.text[slice(*span)] if span and value.kind.is_expression() else "0"
        wide = value.type.get_canonical().spelling.replace("const ", "") == WORD
        constant = NUMBER.match(text) or text == "MAX_P2M_PFN"
        if wide and not constant and not text.startswith(("p2m_store(", "p2m_cas(")):
            self.change("narrow", *span, after=f"(uint32_t)({text})")

    def narrow_stored(self, start, end):
        """The value that a macro stores."""
        text = self.text[start:end]
        at = text.index("(")
        if not closes(text, at):
            return
        first, last = arguments(text, at)[-1]
        if self.types.get((start + first, start + last)) == WORD:
            self.change("narrow", start + first, start + last, f"(uint32_t)({text[first:last]})")

    def narrow_parameters(self, children):
        body = self.extent(children[-1]) if children and children[-1].kind == Kind.COMPOUND_STMT else None
        for child in children:
            if body and child.kind == Kind.PARM_DECL and child.type.get_canonical().spelling == WORD:
                self.change("narrow", body[0], body[0] + 1, f"{{ {child.spelling} = (uint32_t){child.spelling};")

    def number(self, start, end, text):
        if text in ("true", "false"):
            self.change("const", start, end, "false" if text == "true" else "true")
        elif NUMBER.match(text):
            value, suffix = NUMBER.match(text).group(1), text[len(NUMBER.match(text).group(1)):]
            for step in (1, -1):
                other = int(value, 0) + step
                shown = hex(other) if value[:2].lower() == "0x" else str(other)
                self.change("const", start, end, shown + suffix if other >= 0 else f"({shown})")
        elif text == "INVALID_P2M_ENTRY" or CONSTANT.match(text) and not text.endswith("_BIT"):
            if not text.startswith(("CLASS_", "P2M_E820_")) or text == "P2M_E820_PAGE":
                self.change("const", start, end, f"({text} + 1)")
                self.change("const", start, end, f"({text} - 1)")

    def macro(self, start, end, text):
        """The two flags of an entry, and the compare-and-swap."""
        frame = re.match(r"(IDENTITY|FOREIGN)_FRAME(?=\()", text)
        bit = re.match(r"(IDENTITY|FOREIGN)_FRAME_BIT$", text)
        other = {"IDENTITY": "FOREIGN", "FOREIGN": "IDENTITY"}
        if frame and closes(text, frame.end()):
            self.change("bit", start, end, text[frame.end():])
            self.change("bit", start, end, other[frame.group(1)] + text[frame.end(1):])
        elif bit:
            self.change("bit", start, end, "0")
            self.change("bit", start, end, other[bit.group(1)] + text[bit.end(1):])
        else:
            self.access(start, end, text)

    def access(self, start, end, text):
        """An atomic access of core/access.h; its weaker forms are those of trial.py."""
        found = re.match(r"p2m_(load|store|cas)(?=\()", text)
        if not found or not closes(text, found.end()):
            return
        self.change("relax", start, end, f"{found.group()}_relaxed{text[found.end():]}")
        if found.group(1) == "cas":
            where, _, new = (text[a:b] for a, b in arguments(text, found.end()))
            self.change("cas", start, end, f"(p2m_store({where}, {new}), true)")
            self.change("relax", start, end, f"p2m_cas_in_steps{text[found.end():]}")
            self.change("look", start, end, f"({text}, true)")  # the loser takes itself for the winner

    def other_page(self, text, start, end):
        found = re.search(r"->(mid_missing|mid_identity|missing|identity)$", text)
        if found:
            self.change("shared", start, end, text[:found.start(1)] + OTHER_PAGE[found.group(1)])

    def enumerator(self, cursor, text, start, end):
        what = cursor.referenced
        if not what or what.kind != Kind.ENUM_CONSTANT_DECL or text != what.spelling:
            return
        for other in what.semantic_parent.get_children():
            if other.kind == Kind.ENUM_CONSTANT_DECL and other.spelling != text:
                self.change("const", start, end, other.spelling)

    # -- swapped arguments --

    def swaps(self, cursor):
        args = list(cursor.get_arguments())
        spans = [self.extent(arg) for arg in args]
        wanted = [kind.get_canonical().spelling for kind in parameters(cursor)]
        plain = [plain_type(arg) for arg in args]
        for i, j in itertools.combinations(range(len(args)), 2):
            same = plain[i] == plain[j] or j < len(wanted) and wanted[i] == wanted[j]
            if same and spans[i] and spans[j] and spans[i][1] <= spans[j][0]:
                self.swap(spans[i], spans[j])

    def macro_swaps(self, start, end):
        """p2m_cas(p, old, new) is a macro: its arguments are distinguished by their text."""
        text = self.text[start:end]
        if not closes(text, len("p2m_cas")):
            return
        spans = [(start + a, start + b) for a, b in arguments(text, len("p2m_cas"))]
        for first, second in itertools.combinations(spans, 2):
            if self.types.get(first, 1) == self.types.get(second, 2):
                self.swap(first, second)

    def swap(self, first, second):
        a, b = self.text[slice(*first)], self.text[slice(*second)]
        self.change("swap", first[0], second[1], b + self.text[first[1]:second[0]] + a)


def squeeze(text):
    return re.sub(r"\s+", " ", text).strip()


def short_hash(text, digits):
    return hashlib.sha256(text.encode("latin-1")).hexdigest()[:digits]


def mutants_of(name, shape):
    """All mutants of one file, by position; no two have the same text."""
    source = Source(name, shape)
    seen, numbers, result = {source.text}, collections.Counter(), []
    base = os.path.basename(name)
    for function, kind, start, end, after in sorted(set(source.changes), key=lambda c: c[2:] + c[1:2]):
        text = source.text[:start] + after + source.text[end:]
        if text in seen:
            continue
        seen.add(text)
        before, now = squeeze(source.text[start:end]), squeeze(after)
        key = f"{base}:{function}:{kind}:{short_hash(before + ' -> ' + now, 6)}"
        numbers[key] += 1
        key += f"#{numbers[key]}"
        line = source.text.count("\n", 0, start) + 1
        result.append(Mutant(f"{base}:{line}:{kind}:{short_hash(key, 4)}", key, name, line, function,
                             kind, before, now or "(nothing)", text))
    return result
