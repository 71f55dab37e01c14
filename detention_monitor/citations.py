"""What a citation of Code C names: paragraphs, Notes for Guidance, paragraphs of an annex.

Citations are written as lawyers write them: "Code C 1.13(c), 3.20A", "Code C 15.11A-15.11E",
"Code C Annex A 3, 4, 6", "Code C Notes 1B, 1C", "Code C Annex B 6, 14; 6.7". A paragraph is named as
the text heads it: `3.20A`, `Note 1B`, `Annex A 3`, and `Annex L` for the whole of an annex.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_PIECE = re.compile(
    r"(?:(?P<annex>Annex [A-Z])\b ?)?(?:Notes? )?"
    r"(?P<number>\d{1,2}\.\d{1,2}(?:ZA|[A-Z])?|\d{1,2}[A-Z]{1,2}\d?|[A-Z]\d{1,2}[A-Z]?|\d{1,2})?"
    r"(?P<part>(?:\([a-z]{1,4}\))*)"
    r"(?:-(?P<last>[\d.]*\d[A-Z]*)?(?P<last_part>(?:\([a-z]{1,4}\))*))?"
)
_SECTIONS = re.compile(r"\bss?\.(?P<listed>.*)")
_OF_A_SECTION = re.compile(r"(?<![\w(])\d+[A-Z]*(?![\w)])")
_SUBSECTION = re.compile(r"\((\d+[A-Z]*)\)(?:-\((\d+[A-Z]*)\))?")


@dataclass(frozen=True, slots=True)
class Reference:
    """A paragraph that a citation names, up to `last` where it names several in a row.

    `part` is what is named within it: (c), (a)(iii), or nothing.
    """

    paragraph: str
    part: str = ""
    last: str | None = None


def references(cite: str) -> tuple[Reference, ...]:
    """Return what a citation names of Code C, in its order; nothing for any other law.

    >>> [each.paragraph for each in references("Code C Annex B 6, 14; 6.7, Note 15D")]
    ['Annex B 6', 'Annex B 14', '6.7', 'Note 15D']
    >>> references("Code C 12.9A(b)-(c)"), references("PACE 1984 s.42(9)")
    ((Reference(paragraph='12.9A', part='(b)', last=None),), ())
    >>> references("Code C 11.18-11.20")[0].last
    '11.20'
    """
    return tuple(_references(cite.removeprefix("Code C "))) if cite.startswith("Code C ") else ()


def _references(cite: str) -> Iterator[Reference]:
    annex = before = ""
    notes = False
    for piece in re.split(r"[,;] ?", cite):
        match = _PIECE.fullmatch(piece)
        if match is None:
            yield Reference(piece)  # no paragraph is called so, and whoever looks it up hears of it
            continue
        annex = match["annex"] or annex
        notes = piece.startswith("Note") or (notes and not match["annex"])
        number = match["number"]
        if number is None:
            if match["annex"]:
                yield Reference(annex)
            elif before and match["part"]:
                yield Reference(before, match["part"])
            continue
        if "." in number:
            annex, notes = "", False
        before = f"{annex} {number}" if annex else number
        if notes or (re.fullmatch(r"\d{1,2}[A-Z]{1,2}\d?", number) and not annex):
            before = f"{annex} Note {number}".strip()
        last = match["last"]
        yield Reference(before, match["part"], f"{annex} {last}".strip() if last else None)


def sections(cite: str) -> tuple[str, frozenset[str]]:
    """Return the Act that a citation names, and its sections without what stands in brackets.

    >>> sections("PACE 1984 ss.43(5), (18), 44") == ("PACE 1984", frozenset({"43", "44"}))
    True
    >>> sections("Force policy")
    ('Force policy', frozenset())
    """
    match = _SECTIONS.search(cite)
    if match is None:
        return cite, frozenset()
    return cite[: match.start()].strip(), frozenset(_OF_A_SECTION.findall(match["listed"]))


def subsections(cite: str, section: str) -> frozenset[str]:
    """Return which subsections of a section a citation names; nothing where it names it whole.

    >>> sorted(subsections("PACE 1984 ss.37(4), 38(3)-(5), (7)(a)", "38"))
    ['3', '4', '5', '7']
    >>> subsections("PACE 1984 ss.43(5), 44", "44")
    frozenset()
    """
    match = _SECTIONS.search(cite)
    listed = match["listed"] if match else ""
    named = re.search(rf"(?<![\w(]){section}(?![\w)])(?P<rest>(?:[^\w(]|\([^)]*\))*)", listed)
    found: set[str] = set()
    for first, last in _SUBSECTION.findall(named["rest"] if named else ""):
        found.add(first)
        if last and first.isdigit() and last.isdigit():
            found |= {str(each) for each in range(int(first), int(last) + 1)}
    return frozenset(found)
