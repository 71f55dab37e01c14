"""Read YAML text into nodes, or say in plain words what keeps it from being read, and where.

Text that cannot be read whole is read item by item (a rule, a fact), so that a bracket left open in
one rule does not hide what is wrong in the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import Node
from ruamel.yaml.reader import ReaderError

from detention_monitor.errors import Diagnostic

UNREADABLE = (YAMLError, RecursionError, ValueError)
_MOST_PIECES = 300
"""Items read one by one; a file of more is told of its first fault only."""
_DEEP = 500
"""Brackets open at once at which text is refused unread: the reader would go as deep."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """What could be read of a text, what is wrong with it, and the lines that could not be read."""

    root: Node | None
    faults: tuple[Diagnostic, ...] = ()
    unread: tuple[range, ...] = ()


def nodes_of(text: str, name: str) -> Nodes:
    """Read YAML text as far as it can be read; `name` is printed in what is wrong."""
    deep = _too_deep(text)
    if deep is not None:
        message = f"more than {_DEEP} brackets are open here; look for some that are not closed"
        return Nodes(None, (Diagnostic(name, *deep, "yaml-depth", message),))
    try:
        return Nodes(_composed(text))
    except UNREADABLE as error:
        whole = _fault(error, text, name)
    lines = text.split("\n")
    found = [*_broken(lines, name)]
    if not found or any(not lines[piece.start].lstrip(" ").startswith("- ") for piece, _ in found):
        return Nodes(None, (whole,))
    for piece, _ in found:
        dash = lines[piece.start].index("-")
        lines[piece.start : piece.stop] = [
            f"{' ' * dash}- ~",
            *[""] * (len(piece) - 1),
        ]
    unread = tuple(range(piece.start + 1, piece.stop + 1) for piece, _ in found)
    try:
        return Nodes(_composed("\n".join(lines)), tuple(fault for _, fault in found), unread)
    except UNREADABLE:
        return Nodes(None, (whole,))


_PIECE = re.compile(r"[^\s#]| {1,2}- ")


def _broken(lines: list[str], name: str) -> Iterator[tuple[range, Diagnostic]]:
    """Yield the items of lists, and other keys, that cannot be read alone, with what is wrong."""
    starts = [number for number, line in enumerate(lines) if _PIECE.match(line)]
    if not 1 < len(starts) <= _MOST_PIECES:
        return
    for start, stop in zip(starts, [*starts[1:], len(lines)], strict=True):
        alone = "\n".join(lines[start:stop])
        try:
            _composed(alone)
        except UNREADABLE as error:
            yield range(start, stop), _fault(error, alone, name, start)


# --- reading -----------------------------------------------------------------------------------


_TRICKS = re.compile(r"(?:^|[\s\[{,:-])[&*!]", re.MULTILINE)
_INDENTED, _DASHES = f"\n{' ' * 500}", "- " * 500


def _composed(text: str) -> Node | None:
    """Return the nodes of YAML text, by the reader in C where it is sure to see the same.

    That one is ten times faster, but does not show anchors, reads YAML 1.1 in places (it refuses
    22:30 in a list), and goes deep into the C stack: whatever might be one of these, and whatever
    it refuses, is read by the reader in Python, whose word and whose errors count.
    """
    node: Node | None
    if not (_TRICKS.search(text) or _INDENTED in text or _DASHES in text):
        with suppress(YAMLError):
            node = YAML(typ="safe").compose(text)
            return node
    node = YAML(typ="safe", pure=True).compose(text)
    return node


def _too_deep(text: str) -> tuple[int, int] | None:
    """Return line and column at which too many brackets and braces are open, those in text too."""
    depth = 0
    for match in _BRACKET.finditer(text):
        depth = depth + 1 if match[0] in "[{" else max(0, depth - 1)
        if depth > _DEEP:
            return _place_of(text, match.start())
    return None


_BRACKET = re.compile(r"[\[\]{}]")


def _place_of(text: str, index: int) -> tuple[int, int]:
    before = text[:index]
    return before.count("\n") + 1, index - before.rfind("\n")


# --- what is wrong -----------------------------------------------------------------------------


def _fault(error: Exception, text: str, name: str, above: int = 0) -> Diagnostic:
    """Return what keeps a text from being read that stands below so many lines of its file."""
    line, column = 1, 1
    if isinstance(error, RecursionError):
        said = "nested far too deep; look for brackets that are not closed"
    elif isinstance(error, ReaderError):
        line, column = _place_of(text, error.position)
        said = f"a character that nobody can see (U+{ord(text[error.position]):04X}); take it out"
    elif isinstance(error, MarkedYAMLError):
        problem = str(error.problem or error.context)
        begun = any(each in problem for each in _TOLD_WHERE_IT_BEGAN)
        mark = error.context_mark if begun else error.problem_mark or error.context_mark
        if mark is not None:
            line, column = mark.line + 1, mark.column + 1
        opened = error.context_mark.line + 1 if error.context_mark else line
        quote = _odd_quote(text, opened, line) if "<scalar>" in problem else None
        if quote is not None:
            (line, column), problem = quote, "found unexpected end of stream"
        said = _plainly(problem, _line(text, line), above + opened if opened != line else 0)
    else:
        said = str(error).splitlines()[0]
    message = f"not readable as YAML: {said}"
    return Diagnostic(name, above + line, column, "yaml-syntax", message)


def _odd_quote(text: str, first: int, last: int) -> tuple[int, int] | None:
    """Return where, in some lines above a fault, a double quote stands that has no other in its line."""
    for number, line in enumerate(text.split("\n")[first - 1 : last - 1], first):
        if line.replace('\\"', "").count('"') % 2 and not line.lstrip().startswith("#"):
            return number, line.index('"') + 1
    return None


_TOLD_WHERE_IT_BEGAN = ("could not find expected ':'", "unexpected end of stream")
"""Problems that the reader notices far below the text that it could not make sense of."""
_AFTER_TEXT = re.compile(
    r"""(?:- )?[\w-]+: +(?:\{[^{}]*\}|\[[^\[\]]*\]|"[^"]*"|'[^']*') *[^\s,#\]}]"""
)
_QUOTES = re.compile("[‘’“”]")
_UNSEEN = re.compile("[\xa0\xad\u200b-\u200f\u2028-\u202f\u2060-\u2064\u3000\ufeff]")
_CURES = {
    "mapping values are not allowed": "text with ': ' in it needs quotes round it",
    "expected ',' or": "a bracket or brace is not closed{opened}, or a comma is missing",
    "expected the node content": "something is missing before this, or a bracket{opened} is not closed",
    "expected <block end>": "this line does not line up with those above, or text in quotes does "
    "not end where it should",
    "found character '\\t'": "a tab; indent with spaces",
    "could not find expected ':'": "a key without its ':'",
    "unexpected end of stream": "text in quotes that does not end",
    "found another document": "'---' begins a second document; a file holds one",
}
"""What the YAML reader says, and what an author should look for."""


def _plainly(problem: str, line: str, opened: int) -> str:
    """Return a problem in words for an author: what to look for, then what the reader said."""
    cure = next((each for said, each in _CURES.items() if said in problem), "")
    cure = cure.format(opened=f" (opened in line {opened})" if opened else "")
    if "<scalar>" in problem and _AFTER_TEXT.match(line.strip()):
        cure = "text that begins with a bracket or a quote needs quotes round all of it"
    odd = [
        *(["“curly” quotes are no quotes here, type straight ones"] if _QUOTES.search(line) else []),
        *(f"a character that nobody can see (U+{ord(each):04X}) stands in this line"
          for each in sorted(set(_UNSEEN.findall(line)))),
    ]  # fmt: skip
    told = "; ".join((*([cure] if cure else []), *odd))
    return f"{told} ({problem})" if told else problem


def _line(text: str, number: int) -> str:
    lines = text.split("\n", number)
    return lines[number - 1] if number <= len(lines) else ""
