"""Names as words: what kinds of entry, attributes and values are called in a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from detention_monitor.wellformed import validated
from detention_monitor.yamlfile import read_yaml

WORDING = "wording.yaml"


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class YesNo(_Closed):
    """What yes and what no mean, each as a clause."""

    yes: str = Field(alias="true")
    no: str = Field(alias="false")


class Wording(_Closed):
    """`rules/wording.yaml`, by which names are said in words; an empty one is enough."""

    format: Literal["custody-wording/1"] = "custody-wording/1"
    words: dict[str, str] = Field(default_factory=dict)
    nouns: dict[str, str] = Field(default_factory=dict)
    values: dict[str, str] = Field(default_factory=dict)
    yes_no: dict[str, YesNo] = Field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path) -> Wording:
        """Read the wording of a rules folder; a folder need not have one."""
        path = folder / WORDING
        return validated(read_yaml(path), cls) if path.exists() else cls()

    def name(self, name: str) -> str:
        """Return a name in words.

        >>> Wording(words={"aa": "appropriate adult"}).name("aa_arrived")
        'appropriate adult arrived'
        >>> Wording(words={"self_harm_warning": "warning of self-harm"}).name("self_harm_warning")
        'warning of self-harm'
        """
        return self.words.get(name) or " ".join(
            self.words.get(each, each) for each in name.split("_")
        )

    def noun(self, attribute: str, kind: str = "") -> str:
        """Return what an attribute is called."""
        special = self.nouns.get(f"{kind}.{attribute}", self.nouns.get(attribute))
        return special or self.name(attribute)

    def value(self, value: str) -> str:
        """Return a value of an attribute in words."""
        return self.values.get(value) or self.name(value)

    def yes_or_no(self, attribute: str, kind: str = "") -> YesNo | None:
        """Return what yes and no mean for an attribute, if it is said."""
        return self.yes_no.get(f"{kind}.{attribute}", self.yes_no.get(attribute))

    def gap(self, attribute: str, kind: str = "") -> str:
        """Return an attribute as it stands after "not recorded:".

        >>> Wording(yes_no={"asleep": YesNo(true="she slept", false="she did not")}).gap("asleep")
        'whether she slept'
        """
        meant = self.yes_or_no(attribute, kind)
        return f"whether {meant.yes}" if meant else self.noun(attribute, kind)

    def quoted(self, names: Iterable[str]) -> str:
        """Return names as words in quotes, joined by "or"."""
        return listed([f"'{self.name(name)}'" for name in names])


def listed(parts: Sequence[str], word: str = "or") -> str:
    """Return parts as English lists them.

    >>> listed(["a", "b", "c"])
    'a, b or c'
    """
    return f" {word} ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)


def day_in_words(day: date) -> str:
    """Return a day as people write it.

    >>> day_in_words(date(2023, 12, 20))
    '20 December 2023'
    """
    return f"{day.day} {day:%B} {day.year}"
