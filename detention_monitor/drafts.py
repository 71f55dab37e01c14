"""What every verdict needs: the situation judged, and how a finding is put together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Literal

from detention_monitor.clocks import Span
from detention_monitor.findings import Finding, key_of
from detention_monitor.parameters import Parameters
from detention_monitor.rulemodel import Rule
from detention_monitor.timeline import FAR, Conclusions, Fact
from detention_monitor.times import local_text, start_of_day
from detention_monitor.values import value
from detention_monitor.vocabulary import Coverage

Certainty = Literal["established", "possible"]
_BEFORE_A_STOP = re.compile(r"[\s;]+(?=[.;,])")
"""What an empty place leaves before a stop."""
_PLACE = re.compile(r"\{([^}]*)\}")
"""A place in a message, to be filled; one without a name is nothing."""


@dataclass(slots=True)
class Situation:
    """A detention at an instant, as far as verdicts need it; instants are seconds UTC."""

    detention: str
    facts: Sequence[Fact]
    found: Conclusions
    as_of: int
    ended_at: int | None
    unclosed: bool
    parameters: Parameters
    ruleset: str
    judged_by: str
    records: Mapping[str, str] = field(default_factory=dict)
    pauses: Mapping[str, Sequence[Span]] = field(default_factory=dict)
    coverage: Coverage = field(default_factory=Coverage)
    marks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    relied: Mapping[int, frozenset[str]] = field(default_factory=dict)
    ends: Sequence[int] = ()
    """Every instant at which police detention ended, also where it was resumed afterwards."""
    changes: list[int] = field(default_factory=list)

    def change_at(self, instant: int | None) -> None:
        """Note an instant after `as_of` at which a finding may change."""
        if instant is not None and instant > self.as_of:
            self.changes.append(instant)


@value
class Draft:
    """A finding in the making: what all its parts rest on."""

    rule: Rule
    fact: Fact
    now: Situation

    def message(self, words: Mapping[str, str]) -> str:
        """Return the rule's message with its places filled: by words, else by the fact."""
        texts, names = _parts(self.rule.message)
        filled = [words[name] if name in words else self._word(name) for name in names]
        return _BEFORE_A_STOP.sub("", texts % tuple(filled)).strip()

    def _word(self, name: str) -> str:
        """Return an attribute of the fact as a word; text of records is never a template."""
        if name == "arose":
            return shown(self.fact.at)
        if name == "who":
            return self.rule.who
        value = self.fact.attrs.get(name)
        if not isinstance(value, int | str) or len(str(value)) > 80:
            return "not recorded"
        if isinstance(value, bool):
            return "yes" if value else "no"
        return str(value).replace("_", " ")

    def finding(self, **parts: object) -> Finding:
        """Return the finding with what is common to all and the parts given."""
        rule, now = self.rule, self.now
        entry = self.fact.evidence[0] if self.fact.evidence else ""
        anchor = self.fact.key or entry
        if rule.shape == "count":
            anchor = "count"
        return Finding(
            key=key_of(now.detention, rule.id, anchor),
            detention=now.detention,
            record=now.records.get(entry, now.detention),
            duty=rule.duty,
            rule=rule.id,
            rule_version=rule.version,
            title=rule.title,
            nature=rule.nature,
            sources=rule.cites,
            verified=self.fact.at >= _start_of(rule.verified_from),
            unclosed=now.unclosed,
            ruleset=now.ruleset,
            judged_by=now.judged_by,
            **parts,  # type: ignore[arg-type]
        )


def draft_of(rule: Rule, fact: Fact, now: Situation) -> Draft:
    """Begin a finding that rests on a fact; its plain attributes may be used in the message."""
    return Draft(rule, fact, now)


@lru_cache(maxsize=1_024)
def _start_of(day: date | None) -> int:
    """Return the instant from which a day on counts; `date.min` is ever, None is never."""
    if day is None:
        return FAR
    return 0 if day == date.min else start_of_day(day)


@lru_cache(maxsize=1_024)
def _parts(template: str) -> tuple[str, tuple[str, ...]]:
    """Return a message with `%s` for each of its places, and the names of the places in order."""
    names = tuple(name for name in _PLACE.findall(template) if name)
    return _PLACE.sub(lambda place: "%s" if place[1] else "", template.replace("%", "%%")), names


def shown(instant: int | None) -> str:
    """Return an instant for a message, or nothing."""
    return "" if instant is None else local_text(instant)


def unique(ids: Sequence[str]) -> tuple[str, ...]:
    """Return the ids once each, in order of first appearance."""
    return tuple(dict.fromkeys(ids))


def cannot_tell(rule: Rule, kinds: Sequence[str], now: Situation) -> Finding:
    """Return the one finding that says a source does not carry what a rule begins with."""
    named = " or ".join(kinds)
    return draft_of(rule, now.facts[0], now).finding(
        severity="info",
        status="cannot_tell",
        certainty="possible",
        authority=rule.authority,
        message=f"This source does not carry {named}.",
        occurred_at=now.facts[0].at,
        evidence=unique(now.facts[0].evidence),
        absent=tuple(kinds),
    )
