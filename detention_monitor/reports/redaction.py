"""A copy of a record for somebody who must not know whose it is.

What may stay is named; everything else goes. Of an entry stay its kind, the time of day, the day
counted from the first, rank and role of who acted, and attributes whose values come from a list of
the vocabulary, yes or no, or whole numbers. A text is only said to be there, a date is not said, and
no name, reference or id is read at all: two records that differ only in those give the same copy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from detention_monitor.entries import CustodyEvent, Value
from detention_monitor.timeline import Fact
from detention_monitor.times import clock_text, day_of, in_words
from detention_monitor.values import Immutable
from detention_monitor.vocabulary import Vocabulary
from detention_monitor.wording import Wording

WITHHELD = "written (withheld)"
_LEFT_OUT = ("age", "age_recorded", "apparent_age", "ethnicity", "station_designated")
"""Told once of the child, or not needed to judge what was done; the fewer such things the better."""
_KEPT = ("enum", "ordered")
_OF_WHO = ("rank", "acting_rank", "role", "recorded_at")


class RedactedEntry(Immutable, frozen=True, gc=False):
    """An entry as the copy tells it; `day` counts from 1."""

    day: int
    time: str
    what: str
    by: str
    said: tuple[str, ...]


class RedactedRecord(Immutable, frozen=True, gc=False):
    """A copy under the name it was given in a sample."""

    name: str
    age: int | None
    sex: str
    entries: tuple[RedactedEntry, ...]


class Redactor:
    """Makes redacted copies by the vocabulary and wording of a rules folder."""

    def __init__(self, vocabulary: Vocabulary, wording: Wording) -> None:
        self._vocabulary, self._wording = vocabulary, wording

    def copy(
        self, name: str, facts: Sequence[Fact], entries: Sequence[CustodyEvent], age: int | None
    ) -> RedactedRecord:
        """Return the copy of a record; `facts` are its entries as corrected (`Detention.view`)."""
        makers = {each.id: each.by.id for each in entries}
        letters: dict[str, str] = {}
        first = day_of(facts[0].at) if facts else date.min
        said = [(fact, tuple(self._said(fact, first))) for fact in facts]
        said.sort(key=lambda each: (each[0].at, each[0].kind, each[1]))  # never by what is an id
        out = [self._entry(fact, told, first, _maker(fact, makers, letters)) for fact, told in said]
        sexes = [str(fact.attrs["sex"]) for fact in facts if fact.attrs.get("sex")]
        sex = self._wording.value(sexes[0]) if sexes else "not recorded"
        return RedactedRecord(name, age, sex, tuple(out))

    def _entry(self, fact: Fact, said: tuple[str, ...], first: date, maker: str) -> RedactedEntry:
        words = self._wording.name(fact.kind)
        ranks = [fact.attrs.get(name) for name in ("rank", "role")]
        by = [self._wording.value(str(each)) for each in ranks if each]
        return RedactedEntry(
            day=(day_of(fact.at) - first).days + 1,
            time=clock_text(fact.at),
            what=words[:1].upper() + words[1:],
            by=", ".join([*by, *([maker] if maker else [])]),
            said=said,
        )

    def _said(self, fact: Fact, first: date) -> Iterator[str]:
        kind = self._vocabulary.kinds.get(fact.kind)
        known = kind.attributes if kind is not None else {}
        for name in known:
            value = fact.attrs.get(name)
            if value in (None, "", ()) or name in _LEFT_OUT or name in _OF_WHO or name == "sex":
                continue
            assert value is not None  # by the line before
            told = self._value(fact.kind, name, known[name].type, value, first)
            if told:
                yield told

    def _value(self, kind: str, name: str, form: str, value: Value, first: date) -> str:
        noun = self._wording.noun(name, kind)
        if form == "text":
            return f"{noun}: {WITHHELD}"
        if form == "yes_no" and isinstance(value, bool):
            meant = self._wording.yes_or_no(name, kind)
            if meant is not None:
                return meant.yes if value else meant.no
            return f"{noun}: {'yes' if value else 'no'}"
        if form in _KEPT:
            return f"{noun}: {self._wording.value(str(value))}"
        if form == "time" and isinstance(value, int):
            days = (day_of(value) - first).days + 1
            return f"{noun}: day {days}, {clock_text(value)}"
        if form == "whole_number" and isinstance(value, int):
            return f"{noun}: {value}"
        if form == "duration" and isinstance(value, int):
            return f"{noun}: {in_words(value)}"
        return ""  # a date, and whatever form may come


def _maker(fact: Fact, makers: Mapping[str, str | None], letters: dict[str, str]) -> str:
    """Return a letter for who made an entry, in order of appearance: the same hand, the same letter."""
    found = next((makers[each] for each in fact.evidence if makers.get(each)), None)
    if found is None:
        return ""
    return letters.setdefault(found, f"person {_letter(len(letters))}")


def _letter(place: int) -> str:
    """Return A to Z, then AA.

    >>> _letter(0), _letter(25), _letter(26)
    ('A', 'Z', 'AA')
    """
    rest, last = divmod(place, 26)
    return (_letter(rest - 1) if rest else "") + chr(65 + last)
