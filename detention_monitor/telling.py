"""Entries of a record told to a reader: when, what, by whom, and what the entry says."""

from __future__ import annotations

from collections.abc import Iterator

from detention_monitor.entries import Value
from detention_monitor.text import printable
from detention_monitor.timeline import Fact
from detention_monitor.times import in_words, local_text
from detention_monitor.values import Immutable
from detention_monitor.vocabulary import Vocabulary
from detention_monitor.wording import Wording

_OF_WHO = ("rank", "acting_rank", "role", "recorded_at")
"""Attributes that every entry may have, told by `by` and not among what it says."""


class Told(Immutable, frozen=True, gc=False):
    """An entry in words. `id` is that of its root entry; `at` is in seconds UTC."""

    id: str
    at: int
    kind: str
    what: str
    by: str
    said: tuple[str, ...]


class Teller:
    """Tells entries by the vocabulary and the wording of a rules folder."""

    def __init__(self, vocabulary: Vocabulary, wording: Wording) -> None:
        self._vocabulary, self._wording = vocabulary, wording

    def told(self, fact: Fact) -> Told:
        """Return an entry in words, with the whole of what it says."""
        return Told(
            fact.key, fact.at, fact.kind, self.kind(fact.kind), self.by(fact),
            tuple(self._said(fact)),
        )  # fmt: skip

    def kind(self, name: str) -> str:
        """Return what a kind of entry is called, with a capital."""
        words = self._wording.name(name)
        return words[:1].upper() + words[1:]

    def by(self, fact: Fact) -> str:
        """Return who acted, by rank and role, as far as the entry says."""
        rank, acting = fact.attrs.get("rank"), fact.attrs.get("acting_rank")
        said = [self._wording.value(str(rank))] if rank else []
        if acting:
            said.append(f"acting as {self._wording.value(str(acting))} (s.107)")
        role = fact.attrs.get("role")
        if role:
            said.append(self._wording.value(str(role)))
        return ", ".join(said)

    def _said(self, fact: Fact) -> Iterator[str]:
        kind = self._vocabulary.kinds.get(fact.kind)
        known = kind.attributes if kind is not None else {}
        for name, value in fact.attrs.items():
            if name in _OF_WHO or name not in known or value in ("", ()):
                continue
            yield self.attribute(fact.kind, name, value)

    def attribute(self, kind: str, name: str, value: Value) -> str:
        """Return what an entry says of one thing: a clause, or its noun and what it is."""
        own = self._vocabulary.kinds[kind].attributes.get(name)
        form = "" if own is None else own.type
        noun = self._wording.noun(name, kind)
        if isinstance(value, bool):
            meant = self._wording.yes_or_no(name, kind)
            if meant is not None:
                return meant.yes if value else meant.no
            return f"{noun}: {'yes' if value else 'no'}"
        if form == "time" and isinstance(value, int):
            return f"{noun}: {local_text(value)}"
        if form == "duration" and isinstance(value, int):
            return f"{noun}: {in_words(value)}"
        if form in ("enum", "ordered"):
            return f"{noun}: {self._wording.value(str(value))}"
        if isinstance(value, tuple):
            return f"{noun}: {printable(', '.join(value))}"
        return f"{noun}: {printable(str(value))}"
