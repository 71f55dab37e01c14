"""The vocabulary: which kinds of entry there are, what each carries, and what a source covers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from detention_monitor.wellformed import validated
from detention_monitor.yamlfile import read_yaml

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
    """What a source does not carry (design D6); by default it carries everything."""

    kinds_missing: frozenset[str] = frozenset()
    attributes_missing: frozenset[tuple[str, str]] = frozenset()

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return not self.kinds_missing and not self.attributes_missing

    def carries(self, kind: str, attribute: str | None = None) -> bool:
        """Whether the source carries a kind of entry, or one attribute of it."""
        if kind in self.kinds_missing:
            return False
        return attribute is None or (kind, attribute) not in self.attributes_missing

    @classmethod
    def of_all(cls, parts: Iterable[Coverage]) -> Coverage:
        """Return what several sources together leave out: whatever any of them leaves out."""
        parts = list(parts)
        if not any(part.kinds_missing or part.attributes_missing for part in parts):
            return WHOLE
        kinds: frozenset[str] = frozenset()
        attributes: frozenset[tuple[str, str]] = frozenset()
        for part in parts:
            kinds |= part.kinds_missing
            attributes |= part.attributes_missing
        return cls(kinds, attributes)


WHOLE = Coverage()
"""The coverage of a source that leaves nothing out."""
