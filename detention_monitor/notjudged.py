"""Which rules cite a paragraph of the Code, and why none does: `rules/not_judged.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from detention_monitor.lawtext import LawText
from detention_monitor.paths import bundled_rules
from detention_monitor.rulefile import NOT_JUDGED, RuleSet
from detention_monitor.rulemodel import Rule
from detention_monitor.wellformed import validated
from detention_monitor.yamlfile import YamlFile, read_yaml

Why = Literal["meaning", "elsewhere", "not_children", "no_entry", "person", "open"]
WHYS: tuple[Why, ...] = get_args(Why)
IN_WORDS: Mapping[Why, str] = {
    "meaning": "says what words mean, or what may be done: it asks nothing of a record",
    "elsewhere": "judged elsewhere",
    "not_children": "never about a child",
    "no_entry": "no entry of a custody record would show it",
    "person": "for a person to judge",
    "open": "a gap: entries could show it, and no rule looks",
}


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Reason(_Closed):
    """Why no rule judges a paragraph, in a sentence; `see` names rules or paragraphs that do."""

    why: Why
    about: str = Field(min_length=8, max_length=300)
    see: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _where(self) -> Reason:
        if self.why == "elsewhere" and not self.see:
            raise ValueError("'elsewhere' needs the rules or paragraphs: see: [A11-hourly]")
        return self

    @property
    def sentence(self) -> str:
        """What it asks, and by what it is judged instead."""
        return f"{self.about} See {', '.join(self.see)}." if self.see else self.about


class NotJudged(_Closed):
    """The whole list: paragraphs that no rule cites, and parts of paragraphs that are cited.

    A part is named by its paragraph and, in brackets, what of it is meant.
    """

    format: Literal["custody-not-judged/1"]
    of: Literal["Code C"]
    paragraphs: dict[str, Reason]
    parts: dict[str, Reason] = Field(default_factory=dict)

    def parts_of(self, paragraph: str) -> list[tuple[str, Reason]]:
        """Return the parts of a paragraph that no rule judges, as the list names them."""
        return [(name, why) for name, why in self.parts.items() if whole_of(name) == paragraph]


def whole_of(part: str) -> str:
    """Return the paragraph of which something is a part.

    >>> whole_of("9.9 (record of the examination)"), whole_of("Annex A 11(e)")
    ('9.9', 'Annex A 11')
    """
    return part.partition("(")[0].strip()


def load_not_judged(folder: Path) -> tuple[YamlFile, NotJudged]:
    """Read the list of a rules folder, or the one shipped for a folder without its own.

    Raises `RuleFileError` with every fault and its place.
    """
    own = folder / NOT_JUDGED
    file = read_yaml(own if own.exists() else bundled_rules() / NOT_JUDGED)
    return file, validated(file, NotJudged)


def rules_citing(
    ruleset: RuleSet, text: LawText, until: date | None = None
) -> dict[str, list[Rule]]:
    """Return the rules that cite each paragraph, or an annex as a whole, under an edition's names.

    A rule that ended before the edition began is left out, and so is one that begins with the next
    edition (`until`) or later.
    """
    found: dict[str, list[Rule]] = {}
    for rule in ruleset.rules:
        if rule.in_force.to is not None and rule.in_force.to <= text.about.start:
            continue
        if until is not None and rule.in_force.start >= until:
            continue
        named = ((*text.named(cite), *text.wholes(cite)) for cite in rule.cites)
        for name in dict.fromkeys(each for names in named for each in names):
            found.setdefault(name, []).append(rule)
    return found
