"""What every verdict needs: the situation judged, and how a finding is put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from detention_monitor.clocks import Span
from detention_monitor.findings import NO_MEASURES, Finding, GradeState, Status, key_of
from detention_monitor.parameters import Parameters
from detention_monitor.rulemodel import Severity
from detention_monitor.terms import UNTIDY, Terms
from detention_monitor.timeline import Conclusions, Fact, Interval
from detention_monitor.times import local_text
from detention_monitor.vocabulary import WHOLE, Coverage

Certainty = Literal["established", "possible"]


class Situation(msgspec.Struct, gc=False):
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
    records: Mapping[str, str] = msgspec.field(default_factory=dict)
    pauses: Mapping[str, Sequence[Span]] = msgspec.field(default_factory=dict)
    coverage: Coverage = WHOLE
    shown_until: Mapping[str, int] = msgspec.field(default_factory=dict)
    """By kind after which instant there may be more than the source shows (`detention.shown_until`)."""
    marks: Mapping[str, frozenset[str]] = msgspec.field(default_factory=dict)
    states: Mapping[str, frozenset[str]] = msgspec.field(default_factory=dict)
    """The intervals that each mark asks for."""
    intervals: Sequence[Interval] = ()
    relied: Mapping[int, frozenset[str]] = msgspec.field(default_factory=dict)
    ends: Sequence[int] = ()
    """Every instant at which police detention ended, also where it was resumed afterwards."""
    changes: list[int] = msgspec.field(default_factory=list)

    def change_at(self, instant: int | None) -> None:
        """Note an instant after `as_of` at which a finding may change."""
        if instant is not None and instant > self.as_of:
            self.changes.append(instant)


def message_of(terms: Terms, fact: Fact, words: Mapping[str, str]) -> str:
    """Return a rule's message with its places filled: by words, else by the fact it rests on."""
    filled = [words[name] if name in words else _word(terms, fact, name) for name in terms.places]
    text = terms.message % tuple(filled)
    return text if terms.tidy and all(filled) else UNTIDY.sub("", text).strip()


def _word(terms: Terms, fact: Fact, name: str) -> str:
    """Return an attribute of a fact as a word; text of records is never a template."""
    if name == "arose":
        return shown(fact.at)
    if name == "who":
        return terms.who
    value = fact.attrs.get(name)
    if not isinstance(value, int | str) or len(str(value)) > 80:
        return "not recorded"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, int) else terms.wording.value(value)


def head_of(
    terms: Terms, fact: Fact, now: Situation, authority: str
) -> tuple[
    str, str, str, str | None, str, str, str, str, str, tuple[str, ...], bool
]:  # the first parts of `Finding`
    """Return what is common to all findings of a rule, from `key` to `verified`."""
    entry = fact.evidence[0] if fact.evidence else ""
    anchor = "count" if terms.shape == "count" else fact.key or entry
    return (
        key_of(now.detention, terms.id, anchor),
        now.detention,
        now.records.get(entry, now.detention),
        terms.duty,
        terms.id,
        terms.version,
        terms.title,
        terms.nature,
        authority,
        terms.cites,
        fact.at >= terms.verified_from,
    )


def finding_of(
    terms: Terms,
    fact: Fact,
    now: Situation,
    *,
    severity: Severity,
    status: Status,
    certainty: Certainty,
    authority: str,
    message: str,
    arose_at: int | None = None,
    due_at: int | None = None,
    due_at_latest: int | None = None,
    done_at: int | None = None,
    minutes_late: int | None = None,
    minutes_left: int | None = None,
    early_at: int | None = None,
    occurred_at: int | None = None,
    grades: tuple[GradeState, ...] = (),
    evidence: tuple[str, ...] = (),
    absent: tuple[str, ...] = (),
    clears_on: str = "",
    measures: Mapping[str, int] = NO_MEASURES,
) -> Finding:
    """Return a finding that rests on a fact, with what is common to all findings of a rule."""
    return Finding(
        *head_of(terms, fact, now, authority),
        severity,
        status,
        certainty,
        message,
        arose_at,
        due_at,
        due_at_latest,
        done_at,
        minutes_late,
        minutes_left,
        early_at,
        occurred_at,
        grades,
        evidence,
        absent,
        None,
        clears_on,
        measures,
        now.unclosed,
        now.ruleset,
        now.judged_by,
    )


def shown(instant: int | None) -> str:
    """Return an instant for a message, or nothing."""
    return "" if instant is None else local_text(instant)


def unique(ids: Sequence[str]) -> tuple[str, ...]:
    """Return the ids once each, in order of first appearance."""
    return tuple(dict.fromkeys(ids))


def cannot_tell(terms: Terms, kinds: Sequence[str], now: Situation) -> Finding:
    """Return the one finding that says a source does not carry what a rule begins with."""
    named = terms.wording.quoted(kinds)
    return finding_of(
        terms,
        now.facts[0],
        now,
        severity="info",
        status="cannot_tell",
        certainty="possible",
        authority=terms.authority,
        message=f"This source does not carry {named}.",
        occurred_at=now.facts[0].at,
        evidence=unique(now.facts[0].evidence),
        absent=tuple(kinds),
    )
