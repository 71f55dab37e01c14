"""The vocabulary: which kinds of entry there are, what each carries, and what a source covers."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from detention_monitor.wellformed import validated
from detention_monitor.yamlfile import read_yaml

AFTER = " after "
"""Stands between a kind of entry and how many of it a record shows at most: `checked after 2`."""
EVERY = "every "
"""Stands before a kind of entry of which all that there were are needed: `every checked`."""
Needs = Sequence[Sequence[str]]
"""What something rests on: of each group the source has to carry one. Where it does not, that nothing
is recorded says nothing. Names are a kind of entry, an attribute (`review_held.mode`), or all of a kind."""
AttributeKind = Literal[
    "yes_no", "enum", "ordered", "whole_number", "duration", "time", "date", "text", "list_of"
]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Declared(_Closed):
    """An attribute as the vocabulary file declares it."""

    type: AttributeKind
    values: tuple[str, ...] = ()
    about: str = ""

    @model_validator(mode="after")
    def _values_where_needed(self) -> Declared:
        if (self.type in ("enum", "ordered")) != bool(self.values):
            message = f"an attribute of type {self.type} and 'values' do not go together"
            raise ValueError(message)
        return self


class DeclaredKind(_Closed):
    """A kind of entry as the vocabulary file declares it."""

    about: str
    attributes: dict[str, Declared] = Field(default_factory=dict)


class VocabularyFile(_Closed):
    """`rules/vocabulary.yaml`: `common` may be asked of every kind."""

    format: Literal["custody-vocabulary/1"]
    common: dict[str, Declared]
    kinds: dict[str, DeclaredKind]
    derived: dict[str, DeclaredKind]


@dataclass(frozen=True, slots=True)
class Attribute:
    """What an entry can say: its type, and for words the values allowed (lowest first)."""

    name: str
    type: str
    values: tuple[str, ...] = ()
    about: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of entry, or of derived fact; `own` are the attributes a record may give."""

    name: str
    about: str
    attributes: Mapping[str, Attribute]
    own: frozenset[str]
    derived: bool = False


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every kind by name, and what may be asked of every kind."""

    kinds: Mapping[str, Kind] = field(default_factory=dict)
    common: Mapping[str, Attribute] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        """Read the vocabulary file; raise `RuleFileError` with every fault and its place."""
        file = validated(read_yaml(path), VocabularyFile)
        common = {name: _attribute(name, each) for name, each in file.common.items()}
        kinds = {}
        for derived, declared in ((False, file.kinds), (True, file.derived)):
            for name, kind in declared.items():
                own = {each: _attribute(each, part) for each, part in kind.attributes.items()}
                kinds[name] = Kind(name, kind.about, {**common, **own}, frozenset(own), derived)
        return cls(kinds, common)


def _attribute(name: str, declared: Declared) -> Attribute:
    return Attribute(name, declared.type, declared.values, declared.about)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a source does not carry (design D6); by default it carries everything.

    `at_most` are kinds of which a record shows only so many (a table with two columns for reviews): where
    it shows as many, there may have been more after them.
    """

    kinds_missing: frozenset[str] = frozenset()
    attributes_missing: frozenset[tuple[str, str]] = frozenset()
    at_most: frozenset[tuple[str, int]] = frozenset()

    @classmethod
    def of_names(cls, names: Iterable[str]) -> Coverage:
        """Return the coverage that `names` tells; the names must be right.

        >>> Coverage.of_names(["aa_left", "review_held.mode", "checked after 2"]).names
        ('aa_left', 'checked after 2', 'review_held.mode')
        """
        kinds, attributes, most = set(), set(), set()
        for name in names:
            kind, after, number = name.partition(AFTER)
            kind, _, attribute = kind.partition(".")
            if after:
                most.add((kind, int(number)))
            elif attribute:
                attributes.add((kind, attribute))
            else:
                kinds.add(kind)
        return cls(frozenset(kinds), frozenset(attributes), frozenset(most))

    @property
    def names(self) -> tuple[str, ...]:
        """What is missing, as a source declares it: `kind`, `kind.attribute`, `kind after 2`."""
        attributes = map(".".join, self.attributes_missing)
        most = (f"{kind}{AFTER}{number}" for kind, number in self.at_most)
        return tuple(sorted([*self.kinds_missing, *attributes, *most]))

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return not (self.kinds_missing or self.attributes_missing or self.at_most)

    def carries(self, kind: str, attribute: str | None = None) -> bool:
        """Whether the source carries a kind of entry, or one attribute of it."""
        if kind in self.kinds_missing:
            return False
        return attribute is None or (kind, attribute) not in self.attributes_missing

    def holds(self, needs: Needs) -> bool:
        """Whether the source carries, of each group of names, at least one.

        >>> told = Coverage.of_names(["aa_left", "review_held.mode", "checked after 2"])
        >>> told.holds([["aa_left", "aa_arrived"], ["checked"]]), told.holds([["every checked"]])
        (True, False)
        """
        return self.is_whole or all(any(map(self._holds, group)) for group in needs)

    def _holds(self, name: str) -> bool:
        kind, _, attribute = name.removeprefix(EVERY).partition(".")
        cut = name.startswith(EVERY) and any(each == kind for each, _ in self.at_most)
        return not cut and self.carries(kind, attribute or None)

    def of_full(self, kinds: Container[str]) -> Coverage:
        """Return the coverage of a record that shows as many as there is room for of these kinds only."""
        most = frozenset(each for each in self.at_most if each[0] in kinds)
        return Coverage(self.kinds_missing, self.attributes_missing, most)

    @classmethod
    def of_all(cls, parts: Iterable[Coverage]) -> Coverage:
        """Return what several sources together leave out: whatever any of them leaves out."""
        parts = list(parts)
        if all(part.is_whole for part in parts):
            return WHOLE
        return cls.of_names(name for part in parts for name in part.names)


WHOLE = Coverage()
"""The coverage of a source that leaves nothing out."""
