"""Text for a screen as pieces with a tone, and fitting it into columns of a terminal.

Nothing here is markup. Whatever comes from a record passes through `printable` when a piece is made.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Literal

from rich.cells import cell_len, set_cell_size

from detention_monitor.text import printable
from detention_monitor.values import Immutable

Tone = Literal["", "dim", "bold", "head", "alarm", "warn", "soon", "good", "cursor", "law"]
"""How a piece is meant. A screen maps each to a style; none is told by colour alone."""


class Piece(Immutable, frozen=True, gc=False):
    """Some text in one tone."""

    text: str
    tone: Tone = ""


Line = tuple[Piece, ...]


def piece(text: str, tone: Tone = "", most: int = 400) -> Piece:
    """Return text of any origin as a piece that is safe to show."""
    return Piece(printable(text, most), tone)


def line(*parts: Piece | str) -> Line:
    """Return a line of pieces; a bare string has no tone and must be our own words."""
    return tuple(part if isinstance(part, Piece) else piece(part, "", 2_000) for part in parts)


def text_of(pieces: Iterable[Piece]) -> str:
    """Return a line without its tones."""
    return "".join(each.text for each in pieces)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Return text in exactly `width` cells of a terminal; what is cut off ends with a mark.

    >>> fit("Review 2 in person", 8), fit("9", 3, right=True)
    ('Review 2', '  9')
    >>> fit("日本語", 5)
    '日本 '
    """
    if width <= 0:
        return ""
    size = cell_len(text)
    if size > width:
        return set_cell_size(text, width)
    pad = " " * (width - size)
    return pad + text if right else text + pad


def filled(each: Piece, width: int, *, right: bool = False, ellipsis: str = "") -> Line:
    """Return a piece in exactly `width` cells; the space beside it has no tone.

    Text that is cut off ends with the ellipsis where one is given.
    """
    text = each.text
    if cell_len(text) > width > len(ellipsis) > 0:
        text = fit(text, width - len(ellipsis)).rstrip() + ellipsis
    text = fit(text, width) if cell_len(text) > width else text
    pad = Piece(" " * (width - cell_len(text)))
    shown = Piece(text, each.tone)
    return tuple(part for part in ((pad, shown) if right else (shown, pad)) if part.text)


def wrapped(text: str, width: int, most: int = 40) -> list[str]:
    """Return text broken into lines of at most `width` cells, at spaces where there are any."""
    out: list[str] = []
    current = ""
    for word in text.split():
        rest = word
        while cell_len(rest) > width:
            if current:
                out.append(current)
                current = ""
            head = set_cell_size(rest, width).rstrip()
            out.append(head)
            rest = rest[len(head) :] if head else rest[1:]
        joined = f"{current} {rest}" if current else rest
        if cell_len(joined) > width:
            out.append(current)
            current = rest
        else:
            current = joined
    if current:
        out.append(current)
    if len(out) > most:
        out = [*out[: most - 1], "..."]
    return out or [""]


class Glyphs(Immutable, frozen=True, gc=False):
    """The characters beyond ASCII that a screen draws with; each has a plain twin."""

    bar: str
    line: str
    now: str
    full: str
    night: str
    present: str
    cell: str
    interview: str
    rest: str
    away: str
    dot: str
    due: str
    arrow: str
    ellipsis: str


UNICODE = Glyphs("│", "─", "┃", "█", "▒", "━", "▄", "█", "░", "╌", "●", "○", "→", "…")
ASCII = Glyphs("|", "-", "|", "#", ":", "=", "_", "#", ".", "-", "*", "o", ">", "...")


def glyphs_for(environment: Mapping[str, str] = os.environ) -> Glyphs:
    """Return the characters that a terminal with these settings can show.

    The locale decides, as POSIX says: LC_ALL, else LC_CTYPE, else LANG; none of them is plain.

    >>> glyphs_for({"LANG": "C"}) is ASCII, glyphs_for({"LANG": "en_GB.UTF-8"}) is UNICODE
    (True, True)
    """
    named = (environment.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    locale = next((each for each in named if each), "C")
    return UNICODE if "UTF-8" in locale.upper().replace("UTF8", "UTF-8") else ASCII
