"""Text of records, made safe to show: data is never markup, an escape sequence or a formula."""

from __future__ import annotations

import re

_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""Control characters, those that turn the direction of text or take no room, halves of characters."""
_NO_PAGE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"
    r"\ud800-\udfff\ufffe\uffff]"
)
"""The same where lines and tabs may stand, and what no XML may hold (XML 1.0, 2.2)."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def printable(text: str, most: int = 400) -> str:
    r"""Return text without control characters and cut to `most` characters.

    >>> printable("a\x1b[2Jb")
    'a�[2Jb'
    """
    cut = text if len(text) <= most else f"{text[: most - 1]}…"
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", cut)


def on_a_page(text: str) -> str:
    r"""Return text of any length without what must not stand on a page or in a drawing.

    >>> on_a_page("a\x00b\nc")
    'a�b\nc'
    """
    return _NO_PAGE.sub("\N{REPLACEMENT CHARACTER}", text)


def cell(text: str) -> str:
    """Return text for a cell of a table that a spreadsheet may open: never a formula.

    >>> cell("=1+1"), cell("fine")
    ("'=1+1", 'fine')
    """
    shown = printable(text, 32_000)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def in_a_cell(value: object, between: str = "; ") -> str:
    """Return a value as one text: nothing for None, true or false, a list with `between` it.

    >>> in_a_cell(None), in_a_cell(True), in_a_cell(["e1", "e2"])
    ('', 'true', 'e1; e2')
    """
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list() | tuple():
            return between.join(map(str, value))
        case _:
            return str(value)


def several(number: int, thing: str, things: str = "") -> str:
    """Return how many of a thing there are; `things` where its plural has no s.

    >>> several(1, "line"), several(1_200, "record"), several(2, "child", "children")
    ('1 line', '1,200 records', '2 children')
    """
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {things or f'{thing}s'}"
