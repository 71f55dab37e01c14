"""The typed model of a rule file: what a policy officer can say, and nothing else.

Four shapes of rule (duty, prohibition, pattern by count, pattern in sequence) and two shapes of
derived fact (an interval, a mark on an entry). The model is closed: an unknown key is an error.
"""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Authority = Literal["statute", "code", "annex", "note", "policy", "quality"]
Severity = Literal["critical", "high", "medium", "info"]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{1,60}$")]
CatalogueId = Annotated[str, Field(pattern=r"^([A-F]\d{2}|GP\d{2})$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,40}$")]
Span = Annotated[str, Field(pattern=r"^(\$[a-z][a-z0-9_]*|(\d+h)?(\d+m)?(\d+s)?)$", min_length=2)]
"""A duration as people write it (6h, 90m, 2h30m) or the name of a parameter ($aa_amber)."""


def _listed(value: object) -> object:
    return [value] if isinstance(value, str | dict) else value


Names = Annotated[tuple[Name, ...], BeforeValidator(_listed)]
Verified = bool | date
"""True, false, or the date from which it was verified."""


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Source(_Closed):
    """Where the law says it: one citation, and what has been verified of it."""

    cite: str = Field(min_length=3, max_length=200)
    text_verified: Verified
    number_verified: Verified
    reviewed_by: str | None = None
    reviewed_on: date | None = None


class InForce(_Closed):
    """The days on which a rule applies, local; `to` is the first day on which it no longer does."""

    start: date = Field(alias="from")
    to: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> InForce:
        if self.to is not None and self.to <= self.start:
            message = f"'from' ({self.start}) must come before 'to' ({self.to})"
            raise ValueError(message)
        return self


def _selector(value: object) -> object:
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        message = f"several kinds of entry are written {{kind: [{', '.join(value)}]}}"
        raise ValueError(message)
    return {"kind": value} if isinstance(value, str) else value


class Selector(_Closed):
    """Which entries are meant: their kind, a condition, and the states they fall in."""

    kind: Names
    where: str = ""
    during: Names = Field(default=(), alias="while")
    unless: Names = ()
    same: Names = ()


Select = Annotated[Selector, BeforeValidator(_selector)]


def _selectors(value: object) -> object:
    return [value] if isinstance(value, str | dict) else value


Selectors = Annotated[tuple[Select, ...], BeforeValidator(_selectors)]


class Must(_Closed):
    """The act that discharges a duty, and by when; `after` is what the clock of it waits for."""

    happen: Names
    where: str = ""
    during: Names = Field(default=(), alias="while")
    unless: Names = ()
    same: Names = ()
    doubted_where: str = ""
    within: Span | None = None
    asks_after: Span | None = None
    """A line of the force's own from which a person is asked, where the law gives no time."""
    after: Selectors = ()
    by: str | None = None
    before: Names = ()
    before_local: Annotated[str, Field(pattern=r"^\d\d:\d\d$")] | None = None

    @model_validator(mode="after")
    def _one_deadline(self) -> Must:
        given = [
            key
            for key, value in (
                ("within", self.within),
                ("asks_after", self.asks_after),
                ("by", self.by),
                ("before", self.before),
                ("before_local", self.before_local),
            )
            if value
        ]
        if len(given) > 1:
            message = f"a duty has one deadline, but here are {' and '.join(given)}; keep one"
            raise ValueError(message)
        return self


class Grade(_Closed):
    """A step of a duty that is not done: from when, how grave, and by whose authority."""

    name: Identifier
    at: Span | None = None
    on: Names = ()
    severity: Severity
    authority: Authority

    @model_validator(mode="after")
    def _one_instant(self) -> Grade:
        if bool(self.at) == bool(self.on):
            message = "a grade begins either 'at' a duration or 'on' an entry; give one of them"
            raise ValueError(message)
        return self


class CountGrade(_Closed):
    """A step of a counting pattern: from how many, of how many, how grave."""

    name: Identifier
    count: int = Field(ge=1, le=1000)
    total: int = Field(default=1, ge=1, le=1000)
    every: bool = False
    severity: Severity
    authority: Authority


class Count(_Closed):
    """How many of some entries: `of` counted among `among`."""

    of: Selector
    among: Selector
    grades: tuple[CountGrade, ...] = Field(min_length=1)


class Step(_Closed):
    """A later step of a sequence; `within` and `after` are measured from the step before."""

    then: Names
    where: str = ""
    same: Names = ()
    within: Span | None = None
    after: Span | None = None


class Sequence(_Closed):
    """Entries that follow each other; `without` names what must not follow the last step."""

    first: Select
    steps: tuple[Step, ...] = Field(min_length=1, max_length=6)
    without: Step | None = None


class WhenUnknown(_Closed):
    """What to say of an entry on which the condition is unknown because something is blank."""

    status: Literal["possible", "not_recorded", "cannot_tell", "silent"]
    severity: Severity | None = None


class Raise(_Closed):
    """A circumstance that changes the severity of a prohibition."""

    where: str = ""
    during: Names = Field(default=(), alias="while")
    unless: Names = ()
    severity: Severity


class RuleTest(_Closed):
    """A timeline and all the findings of the file's rules that must come of it."""

    name: str = Field(min_length=5, max_length=200)
    timeline: tuple[str | dict[str, object], ...] = Field(min_length=1)
    on: date = date(2024, 6, 10)
    age: int = 15
    as_of: str | None = None
    parameters: dict[str, str | int | bool] = Field(default_factory=dict)
    suites: dict[str, dict[str, object]] = Field(default_factory=dict)
    expect: tuple[str | dict[str, object], ...]


class Rule(_Closed):
    """One rule: the law it comes from, and exactly one of the four shapes."""

    id: Identifier
    duty: CatalogueId | None
    title: str = Field(min_length=3, max_length=120)
    says: str = Field(default="", max_length=600)
    sources: tuple[Source, ...] = Field(min_length=1)
    authority: Authority
    in_force: InForce
    only_if: Annotated[str, Field(pattern=r"^\$[a-z][a-z0-9_]*$")] | None = None
    child_by: Literal["code_c", "pace_part_iv", "pace_other", "children_act"] | None = None
    age_at: Literal["arising", "act", "decision", "request", "arrival", "consent", "none"]
    who: str = Field(min_length=2, max_length=80)
    severity: Severity = "medium"
    nature: Literal["concern", "good_practice"] = "concern"
    certainty: Literal["established", "possible"] = "established"
    message: str = Field(min_length=3, max_length=300)
    do: str = Field(default="", max_length=300)
    clears: str = Field(default="", max_length=200)

    arises_on: Select | None = None
    already_since: Names = ()
    must: Must | None = None
    lapses_on: Selectors = ()
    excused_by: Selectors = ()
    excused_late: bool = False
    """Whether what excuses may be entered after the duty was due: the reason counts, not its record."""
    mitigated_by: Selectors = ()
    doubted_by: Selectors = ()
    """Entries by which the act was done though no entry of it says so: a miss is only possible."""
    warn: tuple[Span, ...] = ()
    grades: Literal["by_lateness"] | tuple[Grade, ...] = ()
    pauses_while: Name | None = None
    needs_time: Span | None = None
    """How long custody must have gone on after the duty arose for a miss to be more than possible."""
    outlasts_detention: bool = False
    """Whether the duty goes on after police detention ended, as that to bring a child to court."""

    never: Select | None = None
    finds: Literal["broken", "matched", "not_recorded"] = "broken"
    when_unknown: WhenUnknown = WhenUnknown(status="possible")
    cannot_tell_without: Names = ()
    relies_on: Names = ()
    raised: tuple[Raise, ...] = ()

    counts: Count | None = None
    sequence: Sequence | None = None

    measures: dict[Name, Name] = Field(default_factory=dict)
    because_of: tuple[Identifier, ...] = ()
    tests: tuple[RuleTest, ...] = ()

    @cached_property
    def cites(self) -> tuple[str, ...]:
        """The citations of the law."""
        return tuple(source.cite for source in self.sources)

    @cached_property
    def version(self) -> str:
        """The first day in force, which tells the versions of a rule apart."""
        return self.in_force.start.isoformat()

    @cached_property
    def verified_from(self) -> date | None:
        """The day from which text and number of every source are verified, or None."""
        marks = {m for each in self.sources for m in (each.text_verified, each.number_verified)}
        days = [mark for mark in marks if isinstance(mark, date)]
        return None if False in marks else max(days, default=date.min)

    @cached_property
    def looked_for(self) -> tuple[str, ...]:
        """What discharges a duty, in words."""
        if self.must is None:
            return ()
        where = f" where {self.must.where}" if self.must.where else ""
        return tuple(f"{kind}{where}" for kind in self.must.happen)

    @cached_property
    def answers(self) -> tuple[str, ...]:
        """What still answers the question after the line of `asks_after`, in words."""
        if self.must is None or not self.must.asks_after or not self.excused_late:
            return ()
        return tuple(
            f"{kind} where {each.where}" if each.where else kind
            for each in self.excused_by
            for kind in each.kind
        )

    @cached_property
    def by_clock(self) -> bool:
        """Whether a clock says when a duty is due."""
        return bool(self.must and self.must.by and self.must.by.endswith("_clock.due"))

    @cached_property
    def shape(self) -> Literal["duty", "prohibition", "count", "sequence"]:
        """Which of the four shapes this rule has."""
        if self.must is not None:
            return "duty"
        if self.never is not None:
            return "prohibition"
        return "count" if self.counts is not None else "sequence"

    @model_validator(mode="after")
    def _one_shape(self) -> Rule:
        shapes = {
            "must": self.must,
            "never": self.never,
            "counts": self.counts,
            "sequence": self.sequence,
        }
        given = [key for key, value in shapes.items() if value is not None]
        if len(given) != 1:
            message = "a rule has one of must, never, counts, sequence; here is none of them"
            if given:
                message = f"a rule has one shape, but here are {' and '.join(given)}; keep one"
            raise ValueError(message)
        if (self.must is None) != (self.arises_on is None):
            message = "a duty needs both 'arises_on' and 'must'"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _age(self) -> Rule:
        if self.child_by is not None and self.age_at == "none":
            message = (
                "'child_by' says by which law a person is a child and 'age_at' at which moment; "
                "give both, or neither"
            )
            raise ValueError(message)
        return self


class IntervalFact(_Closed):
    """A state that begins with one entry and ends with another."""

    begins: Select = Field(alias="from")
    until: Selectors
    established_for: Span | None = None
    enabling: bool = True
    """Whether the minute of its end belongs to it: a state that allows something wins in a minute."""
    forbidding: bool = False
    """Whether neither the minute of its start nor that of its end belongs to it: what it forbids
    may have been done before it began (design D4)."""


class MarkFact(_Closed):
    """Something true of an entry: yes when one of the alternatives holds, else no."""

    on: Names
    yes_when: tuple[Alternative, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _kinds(self) -> MarkFact:
        for each in self.yes_when:
            for kind in each.kind:
                if kind not in self.on:
                    message = f"an alternative is of '{kind}', which is not among the kinds of 'on'"
                    raise ValueError(message)
        return self


class Alternative(_Closed):
    """One way in which a mark is true; `certainty: possible` where that is a matter of opinion."""

    kind: Names = ()
    """Of which kinds it is a way; blank: of every kind the mark is set on."""
    where: str = ""
    during: Names = Field(default=(), alias="while")
    unless: Names = ()
    start: date | None = Field(default=None, alias="from")
    certainty: Literal["established", "possible"] = "established"


class DerivedFact(_Closed):
    """A named fact that other rules use: this is where rules chain."""

    fact: Name
    about: str = Field(min_length=3, max_length=300)
    interval: IntervalFact | None = None
    mark: MarkFact | None = None

    @model_validator(mode="after")
    def _one_shape(self) -> DerivedFact:
        if (self.interval is None) == (self.mark is None):
            message = "a derived fact is either an 'interval' or a 'mark'"
            raise ValueError(message)
        return self


class RuleFile(_Closed):
    """One file of the rules folder: a theme, its derived facts and its rules."""

    format: Literal["custody-rules/1"]
    theme: str
    facts: tuple[DerivedFact, ...] = ()
    rules: tuple[Rule, ...] = ()
    tests: tuple[RuleTest, ...] = ()


MarkFact.model_rebuild()
