"""Which local authority an entry speaks of, told only by a name that stands in a list.

What a record says of an authority is free text ("Warks EDT, spoke to Jane"), and free text does not
leave the force: a name of the list that stands in it is told, and nothing else of it.
"""

from __future__ import annotations

import re
from pathlib import Path

from detention_monitor.errors import RecordError

FILE = "authorities.txt"
NOT_RECORDED = "not recorded"
NOT_LISTED = "not in the list of authorities"
SEVERAL = "several authorities named"
_WORD = re.compile(r"[^\W_]+")
_LONGEST = 100_000


class Authorities:
    """A list of names, looked for as whole words; the longest name wins."""

    def __init__(self, names: tuple[str, ...]) -> None:
        """Keep the names with their words."""
        self._names = {tuple(_words(name)): name for name in names}

    @classmethod
    def load(cls, path: Path) -> Authorities:
        """Read a list, one name a line; raise `RecordError` for one that is none."""
        if path.stat().st_size > _LONGEST:
            raise RecordError(f"{path}: a list of authorities, one name a line, is far shorter")
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError as error:
            raise RecordError(f"{path}: not text in UTF-8; save it as UTF-8") from error
        names = tuple(each.strip() for each in lines if each.strip() and not each.startswith("#"))
        if not names:
            raise RecordError(f"{path}: no names here; write one authority a line")
        return cls(names)

    def named(self, text: str) -> str:
        """Return the authority that a text names.

        >>> Authorities(("Somerset", "North Somerset")).named("N. Jones, North Somerset Council")
        'North Somerset'
        """
        if not text.strip():
            return NOT_RECORDED
        words = _words(text)
        found: dict[tuple[int, int], str] = {}
        for wanted, name in self._names.items():
            for start in range(len(words) - len(wanted) + 1):
                if tuple(words[start : start + len(wanted)]) == wanted:
                    found[start, start + len(wanted)] = name
        whole = {
            name
            for (start, end), name in found.items()
            if not any(a <= start and end <= b and (a, b) != (start, end) for a, b in found)
        }
        if not whole:
            return NOT_LISTED
        return whole.pop() if len(whole) == 1 else SEVERAL


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
