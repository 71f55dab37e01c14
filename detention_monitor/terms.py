"""The terms of a rule: what verdicts need of it, laid out once.

A rule is a checked model, and each look at one of its parts costs many times what a look at a plain
object does; a verdict takes dozens, for every duty of every detention.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from detention_monitor.rulemodel import Rule, Severity
from detention_monitor.timeline import FAR
from detention_monitor.times import start_of_day
from detention_monitor.values import Immutable
from detention_monitor.wording import Wording

CLOCKS = ("review_clock", "custody_clock", "court_clock", "sample_clock")
"""Clocks by which a duty may be due (`by: review_clock.due`); each is worked out in Python."""
_PLACE = re.compile(r"\{([^}]*)\}")
"""A place in a message, to be filled; one without a name is nothing."""


UNTIDY = re.compile(r"[\s;]+(?=[.;,])")
"""What an empty place leaves before a stop."""
PLACEHOLDERS: Mapping[str, tuple[str, ...]] = {
    "duty": ("arose", "due", "done", "late", "past", "who"),
    "prohibition": ("arose", "occurred", "who"),
    "count": ("arose", "count", "total", "grade", "who"),
    "sequence": ("arose", "first", "last", "late", "who"),
}
"""What a message may name besides attributes, by the shape of its rule."""


class Step(Immutable, frozen=True, gc=False):
    """A step of a duty: `at` is a span after it arose, or empty where an entry begins the step."""

    name: str
    at: str
    severity: Severity
    authority: str


class Terms(Immutable, frozen=True, gc=False):
    """What verdicts need of a rule. `verified_from` is in seconds UTC; spans are as written."""

    rule: Rule
    shape: str
    id: str
    duty: str | None
    version: str
    title: str
    nature: str
    cites: tuple[str, ...]
    verified_from: int
    authority: str
    severity: Severity
    sure: bool
    only_if: str
    message: str
    """The message with `%s` for each of its places."""
    places: tuple[str, ...]
    tidy: bool
    """Whether a message needs no tidying once every place is filled: no text of records in it."""
    who: str
    because_of: tuple[str, ...]
    happen: tuple[str, ...] = ()
    within: str = ""
    asks_after: str = ""
    finds: Literal["broken", "matched", "not_recorded"] = "broken"
    """What a duty with `asks_after` is found to be, once its line is passed."""
    before: bool = False
    before_local: str = ""
    deadline: str = ""
    """The attribute of the arising fact that holds the deadline."""
    waits: bool = False
    by_clock: bool = False
    by_lateness: bool = False
    steps: tuple[Step, ...] = ()
    on_entries: frozenset[str] = frozenset()
    """The names of the steps that begin with an entry, not at a time."""
    warn: tuple[str, ...] = ()
    pauses_while: str = ""
    needs_time: str = ""
    outlasts_detention: bool = False
    excused_late: bool = False
    looked_for: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    clears: str = ""
    measures: tuple[tuple[str, str], ...] = ()
    wording: Wording = Wording()
    """In which words it says what is not recorded."""


def terms_of(rule: Rule) -> Terms:
    """Return the terms of a rule."""
    names = tuple(name for name in _PLACE.findall(rule.message) if name)
    template = rule.message.replace("%", "%%")
    texts = _PLACE.sub(lambda place: "%s" if place[1] else "", template)
    return Terms(
        rule,
        rule.shape,
        rule.id,
        rule.duty,
        rule.version,
        rule.title,
        rule.nature,
        rule.cites,
        _start_of(rule.verified_from),
        rule.authority,
        rule.severity,
        rule.certainty == "established",
        (rule.only_if or "")[1:],
        texts,
        names,
        {*names} <= {*PLACEHOLDERS[rule.shape]} and texts == UNTIDY.sub("", texts).strip(),
        rule.who,
        rule.because_of,
        **(_duty_of(rule) if rule.must is not None else {}),
    )


def deadline_attribute(by: str) -> str | None:
    """Return the attribute of the arising entry that holds the deadline, or None.

    >>> deadline_attribute("review_clock.due"), deadline_attribute("attr hearing_at")
    ('due', 'hearing_at')
    """
    if by.removesuffix(".due") in CLOCKS and by.endswith(".due"):
        return "due"
    return by.removeprefix("attr ") if by.startswith("attr ") else None


def _duty_of(rule: Rule) -> dict[str, Any]:
    must = rule.must
    assert must is not None  # only duties come here
    grades = rule.grades if isinstance(rule.grades, tuple) else ()
    return {
        "happen": must.happen,
        "within": must.within or "",
        "asks_after": must.asks_after or "",
        "finds": rule.finds,
        "before": bool(must.before),
        "before_local": must.before_local or "",
        "deadline": (deadline_attribute(must.by) or "") if must.by else "",
        "waits": bool(must.after),
        "by_clock": rule.by_clock,
        "by_lateness": rule.grades == "by_lateness",
        "steps": tuple(Step(g.name, g.at or "", g.severity, g.authority) for g in grades),
        "on_entries": frozenset(
            [g.name for g in grades if g.on] or (["due"] if must.before else [])
        ),
        "warn": rule.warn,
        "pauses_while": rule.pauses_while or "",
        "needs_time": rule.needs_time or "",
        "outlasts_detention": rule.outlasts_detention,
        "excused_late": rule.excused_late,
        "looked_for": rule.looked_for,
        "answers": rule.answers,
        "clears": rule.clears or " or ".join(rule.looked_for),
        "measures": tuple(rule.measures.items()),
    }


def _start_of(day: date | None) -> int:
    """Return the instant from which a day on counts; `date.min` is ever, None is never."""
    if day is None:
        return FAR
    return 0 if day == date.min else start_of_day(day)
