"""Lines of a feed, whatever it is: entries, declarations of the source, signs of life."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import orjson

from detention_monitor.records import Source
from detention_monitor.sources import Read, SetAside, declares, read_line, undeclared_entry
from detention_monitor.vocabulary import Vocabulary


class Lines:
    """Turns lines into entries: remembers what the source declared and when it gave a sign of life.

    After a declaration that cannot be read nothing is taken until one that can, as in a replay: what
    the source does not carry would be held against the police.
    """

    def __init__(self, vocabulary: Vocabulary, name: str) -> None:
        """Take lines of a file or table of some name, for the origin of entries."""
        self.vocabulary, self.name = vocabulary, name
        self.source, self.declared = Source(), None
        self.undeclared: tuple[str, str] | None = None
        self.beat = False

    @property
    def problem(self) -> str | None:
        """Why nothing is taken, if the declaration of the source cannot be read."""
        if self.undeclared is None:
            return None
        origin, reason = self.undeclared
        return (
            f"what its source declares cannot be read ({origin}: {reason}); nothing that follows is "
            "taken: have it declared again, rightly, and then sent again"
        )

    def declare(self, raw: Any, undeclared: Sequence[str] | None = None) -> None:
        """Take up again what the source declared (None: nothing), and where it did so wrongly."""
        self.declared = raw
        self.undeclared = (undeclared[0], undeclared[1]) if undeclared else None
        self.source = Source() if raw is None else Source.declared(raw, self.vocabulary)

    def item(self, line: bytes, number: int) -> Read | None:
        """Return the entry of a line, or why it is set aside; None for a line that is neither."""
        if not line.strip():
            return None
        if line.lstrip().startswith(b'{"heartbeat"') and _only_key(line) == "heartbeat":
            self.beat = True
            return None
        got = read_line(line, self.vocabulary, self.source, f"{self.name}:{number}")
        if isinstance(got, Source):
            self.source, self.declared = got, orjson.loads(line)["source"]
            self.undeclared = None
            return None
        if isinstance(got, SetAside):
            if declares(line):
                self.undeclared = got.origin, got.reason
        elif self.undeclared is not None:
            got = undeclared_entry(got, line, self.undeclared[0])
        return got, self.source


def _only_key(line: bytes) -> str | None:
    with suppress(orjson.JSONDecodeError):
        raw = orjson.loads(line)
        if isinstance(raw, dict) and len(raw) == 1:
            return str(next(iter(raw)))
    return None
