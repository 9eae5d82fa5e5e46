# SPDX-License-Identifier: GPL-2.0-or-later
"""The core's syntax tree by libclang: the position of a node in the text, and the arguments of a macro."""

import ctypes
import re

from clang import cindex
from clang.cindex import CursorKind as Kind

from p2mcheck.files import Failure


def file_offset(location):
    """Its position in the file; for code from a macro's body, the use of the macro."""
    file, line, column, offset = cindex.c_object_p(), ctypes.c_uint(), ctypes.c_uint(), ctypes.c_uint()
    cindex.conf.lib.clang_getFileLocation(location, ctypes.byref(file), ctypes.byref(line),
                                          ctypes.byref(column), ctypes.byref(offset))
    return (cindex.File(file).name if file else None), offset.value


cindex.conf.lib.clang_getFileLocation.argtypes = (
    [cindex.SourceLocation, ctypes.POINTER(cindex.c_object_p)] + [ctypes.POINTER(ctypes.c_uint)] * 3)


def parse(name, shape):
    index = cindex.Index.create()
    source = name
    unsaved = None
    if name.endswith(".h"):  # a header is parsed through a file that includes it
        source = "mutants-view.c"
        unsaved = [(source, f'#include "{name}"\n')]
    unit = index.parse(source, args=["-std=gnu11", "-I."] + shape, unsaved_files=unsaved)
    worst = [d for d in unit.diagnostics if d.severity >= cindex.Diagnostic.Error]
    if worst:
        raise Failure(f"{name}: libclang: {worst[0]}")
    return unit


def parameters(call):
    kind = call.referenced.type if call.referenced else None
    return list(kind.argument_types()) if kind and kind.kind == cindex.TypeKind.FUNCTIONPROTO else []


def plain_type(cursor):
    """The type before the conversion by the call; ignores const."""
    while cursor.kind == Kind.UNEXPOSED_EXPR and len(list(cursor.get_children())) == 1:
        cursor = next(cursor.get_children())
    return re.sub(r"\bconst\b ?", "", cursor.type.get_canonical().spelling).strip()


def matching(text, at):
    """The index of the bracket that closes the one at `at`, or -1."""
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] in "([{") - (text[i] in ")]}")
        if not depth:
            return i
    return -1


def closes(text, at):
    return at < len(text) and text[at] == "(" and matching(text, at) == len(text) - 1


def arguments(text, at):
    """The extents of the arguments in the bracket at `at`."""
    spans, depth, start = [], 0, at + 1
    for i in range(at, len(text)):
        depth += (text[i] in "([{") - (text[i] in ")]}")
        if text[i] == "," and depth == 1 or not depth:
            inner = text[start:i]
            spans.append((start + len(inner) - len(inner.lstrip()), start + len(inner.rstrip())))
            start = i + 1
    return spans
