"""One small row for each detention: all that statistics and trends are counted from.

A row is made where the detention is judged, in a worker, so that memory does not follow the input.
Nothing of the law is worked out here: nights, clocks, states and findings are those of the assessment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import msgspec

from detention_monitor.assess import Assessment
from detention_monitor.clock_facts import detained
from detention_monitor.clocks import Span
from detention_monitor.custody import ends_of, is_voluntary
from detention_monitor.detention import Detention
from detention_monitor.errors import RecordError
from detention_monitor.findings import Finding
from detention_monitor.people import is_police_protection
from detention_monitor.reports import carried
from detention_monitor.reports.standing import (
    CLOCK_DUTIES,
    STATES,
    State,
    state_of,
    unlawful_minutes,
)
from detention_monitor.rulefile import RuleSet
from detention_monitor.timeline import Fact, Interval
from detention_monitor.times import day_of, start_of_day
from detention_monitor.vocabulary import Needs

NEEDED = frozenset({
    "detention_refused", *(name.partition(".")[0] for name in carried.names_in(carried.COUNTED)),
})  # fmt: skip
"""Kinds of entry that are counted; a rule set that looks at fewer would count too little."""
NO_REPLY = "no_reply"
"""What an entry says of a request of which nothing was heard: it is no reply (E08 holds the same)."""
_ADULT_HERE = "aa_here"
"""The state, derived by the rules, in which an adult is at the station in person."""


class Request(msgspec.Struct, array_like=True, gc=False):
    """What the local authority was asked, and its answer: minutes from request to reply."""

    asked: str
    stage: str
    reply: str | None = None
    minutes: int | None = None


class Search(msgspec.Struct, array_like=True, gc=False):
    """A strip search: whether intimate parts were exposed and an adult was there; None: not said."""

    exposed: bool | None = None
    adult: bool | None = None


class Row(msgspec.Struct, omit_defaults=True, gc=False):
    """A detention as statistics see it; times in whole minutes, None where the record does not say.

    `kind` is `detained`, or why it is not counted as a detention: `detention_refused`, `voluntary`,
    `police_protection`, `no_decision`, or the code by which the record is refused.
    """

    force: str
    detention: str
    kind: str
    day: str
    station: str | None = None
    age: int | None = None
    sex: str | None = None
    ethnicity: str | None = None
    offence: str | None = None
    closed: bool = True
    held: int | None = None
    charged: bool = False
    outcome: str | None = None
    adult_asked: int | None = None
    adult_waited: int | None = None
    adult_from_request: int | None = None
    nights: tuple[str, ...] = ()
    midnights: int = 0
    strip_searches: tuple[Search, ...] = ()
    intimate_searches: int = 0
    reviews: int = 0
    reviews_in_person: int = 0
    reviews_without_mode: int = 0
    extensions: int = 0
    warrants_applied: int = 0
    warrants: int = 0
    bail_refused: bool | None = False
    """None: bail was decided, and no entry says how."""
    requests: tuple[Request, ...] = ()
    moved: int | None = None
    certificate: str | None = None
    produced: bool = False
    after_charge: int | None = None
    unlawful: int = 0
    unlawful_possible: int = 0
    duties: dict[str, State] = {}
    good: int = 0
    not_carried: tuple[str, ...] = ()
    """Of what is counted, what the source does not carry: kinds, attributes, `review_held after 2`."""

    @property
    def month(self) -> str:
        """The local month in which it began, as 2024-09."""
        return self.day[:7]

    def carries(self, needs: Needs) -> bool:
        """Whether the source carries, of each group of kinds and attributes, at least one."""
        return carried.carries(self.not_carried, needs)

    def silence(self, needs: Needs) -> str:
        """What it means that the record does not say something."""
        return carried.silence(self.not_carried, needs)

    @property
    def unlawful_is_told(self) -> bool:
        """Whether an instant that passed, or every clock, could be told: else no minute is not none."""
        return bool(self.unlawful) or all(
            self.duties.get(duty) != "cannot_tell" for duty in CLOCK_DUTIES
        )


def check(ruleset: RuleSet) -> None:
    """Raise `RecordError` if a rule set leaves out what is counted: figures would be too low."""
    missing = sorted(NEEDED - ruleset.plan.kinds - _READ_BY_CLOCKS)
    states = {each.fact for each in ruleset.plan.facts.values()}
    missing += [_ADULT_HERE] if _ADULT_HERE not in states else []
    if missing:
        raise RecordError(
            "statistics count what the rules see, and these rules leave out "
            f"{', '.join(missing)}; use the whole rule set, changed where you need it"
        )


_READ_BY_CLOCKS = frozenset({"released", "charged", "arrested", "warrant_applied"})


def write_row(detention: Detention, judged: Assessment) -> bytes:
    """Return the row of a judged detention as a line of JSON: the product of a replay."""
    return msgspec.json.encode(row_of(detention, judged)) + b"\n"


def read_rows(file: BinaryIO) -> Iterator[Row]:
    """Yield the rows of a file of lines, one in memory at a time."""
    decoder = msgspec.json.Decoder(Row)
    return (decoder.decode(line) for line in file)


def row_of(detention: Detention, judged: Assessment) -> Row:
    """Return the row of a judged detention."""
    force = next((each.force for each in detention.entries if each.force), None) or ""
    facts = judged.facts
    missing = carried.left_out(detention, judged, carried.COUNTED)
    if judged.refused is not None:
        first = min(each.at for each in detention.entries)
        day = day_of(first).isoformat()
        return Row(force, judged.detention, judged.refused, day, not_carried=missing)
    spans = _with_arrival(detained(facts), facts)
    begun = spans[0].start if spans else facts[0].at
    row = Row(force, judged.detention, _kind(facts, spans), day_of(begun).isoformat())
    row.station = _said(facts, "station")
    row.age = _age(facts, judged.age)
    row.sex = _latest(facts, "sex")
    row.ethnicity = _latest(facts, "ethnicity")
    row.offence = _latest(facts, "offence_group")
    row.closed = judged.ended_at is not None
    row.not_carried = missing
    for each in judged.findings:
        _find(row, each)
    if row.kind == "detained":
        _describe(row, judged, spans)
    return row


def _kind(facts: Sequence[Fact], spans: Sequence[Span]) -> str:
    if is_police_protection(facts):
        return "police_protection"
    if is_voluntary(facts):
        return "voluntary"
    if spans:
        return "detained"
    refused = any(fact.kind == "detention_refused" for fact in facts)
    return "detention_refused" if refused else "no_decision"


def _with_arrival(spans: Sequence[Span], facts: Sequence[Fact]) -> list[Span]:
    """Return the times in police detention; the first begins with arrival at the station."""
    if not spans:
        return []
    came = next((fact.at for fact in facts if fact.kind == "arrived"), spans[0].start)
    return [Span(min(came, spans[0].start), spans[0].end), *spans[1:]]


def _describe(row: Row, judged: Assessment, spans: Sequence[Span]) -> None:
    facts = judged.facts
    of = _by_kind(facts)
    row.charged = "charged" in of
    row.held = _minutes(spans) if row.closed else None
    row.outcome = _outcome(facts)
    row.nights = tuple(str(fact.attrs["phase"]) for fact in of.get("night", ()))
    row.midnights = sum(_midnights(span, judged.as_of) for span in detained(facts))
    told = row.carries(carried.CAME)
    row.strip_searches = tuple(
        _search(each, told=told) for each in of.get("strip_search_started", ())
    )
    row.intimate_searches = len(of.get("intimate_search_started", ()))
    reviews = [f for f in of.get("review_held", ()) if f.attrs.get("valid_review") is not False]
    row.reviews = len(reviews)
    row.reviews_in_person = sum(fact.attrs.get("mode") == "in_person" for fact in reviews)
    row.reviews_without_mode = sum(not fact.attrs.get("mode") for fact in reviews)
    row.extensions = len(of.get("extension_authorised", ()))
    row.warrants_applied = len(of.get("warrant_applied", ()))
    row.warrants = len(of.get("warrant_issued", ()))
    _adult(row, judged, of)
    _after_charge(row, of, spans)
    row.unlawful = unlawful_minutes(judged, spans, sure=True)
    row.unlawful_possible = unlawful_minutes(judged, spans, sure=False) - row.unlawful


def _by_kind(facts: Sequence[Fact]) -> dict[str, list[Fact]]:
    out: dict[str, list[Fact]] = {}
    for fact in facts:
        out.setdefault(fact.kind, []).append(fact)
    return out


def _said(facts: Sequence[Fact], name: str) -> str | None:
    """Return the first thing said of an attribute: where the detention began."""
    return next((str(fact.attrs[name]) for fact in facts if fact.attrs.get(name)), None)


def _latest(facts: Sequence[Fact], name: str) -> str | None:
    """Return the last thing said of an attribute: what is known of the child in the end."""
    return _said(facts[::-1], name)


def _age(facts: Sequence[Fact], otherwise: int | None) -> int | None:
    """Return the age at arrival (domain.md 2.9), else that at the first entry."""
    came = next((fact for fact in facts if fact.kind == "arrived"), None)
    age = None if came is None else came.attrs.get("age")
    return age if isinstance(age, int) else otherwise


def _minutes(spans: Sequence[Span], start: int = 0) -> int:
    return sum(max(0, each.end - max(each.start, start)) for each in spans if each.end) // 60


def _outcome(facts: Sequence[Fact]) -> str | None:
    ends = ("released", "bailed", "moved_to_la", "court_appearance")
    at = max(ends_of(facts), default=None)
    return next((fact.kind for fact in facts if fact.kind in ends and fact.at == at), None)


def _midnights(span: Span, as_of: int) -> int:
    """Return at how many local midnights a child was in police detention."""
    end = as_of if span.end is None else span.end
    first, last = day_of(span.start).toordinal(), day_of(end).toordinal()
    days = (type(day_of(end)).fromordinal(each) for each in range(first, last + 1))
    return sum(span.start <= start_of_day(day) < end for day in days)


def _search(fact: Fact, *, told: bool) -> Search:
    """Return a search; `told`: whether the source carries that adults come, so that none says something."""
    exposed, adult = fact.attrs.get("intimate_parts_exposed"), fact.attrs.get("adult_present")
    if adult is False and fact.attrs.get("aa_present") is None and not told:
        adult = None
    return Search(
        exposed if isinstance(exposed, bool) else None, adult if isinstance(adult, bool) else None
    )


def _adult(row: Row, judged: Assessment, of: dict[str, list[Fact]]) -> None:
    """Say when an adult was asked and when one was there, from the first authority (minutes)."""
    if judged.authorised_at is None:
        return
    begun = judged.authorised_at
    asked = min((f.at for k in ("aa_contacted", "aa_requested") for f in of.get(k, ())), default=None)  # fmt: skip
    spans = detained(judged.facts)
    here = min(
        (
            each.start
            for each in judged.intervals
            if each.name == _ADULT_HERE and any(_meet(each, span) for span in spans)
        ),
        default=None,
    )
    if asked is not None:
        row.adult_asked = max(0, asked - begun) // 60
    if here is not None:
        row.adult_waited = max(0, here - begun) // 60
        if asked is not None:
            row.adult_from_request = max(0, here - asked) // 60


def _meet(here: Interval, span: Span) -> bool:
    """Whether an adult was at the station while the child was detained: not only after."""
    return here.end > span.start and (span.end is None or here.start <= span.end)


def _after_charge(row: Row, of: dict[str, list[Fact]], spans: Sequence[Span]) -> None:
    """Say what followed a refusal of bail: requests, replies, move, certificate, hours."""
    kept = of.get("detention_after_charge", [])
    asked = of.get("la_requested", [])
    replies = of.get("la_replied", [])
    decided = of.get("bail_decided", [])
    unsaid = any(fact.attrs.get("refused") is None for fact in decided)
    row.bail_refused = True if kept else None if unsaid else False
    row.requests = tuple(
        _request(fact, asked[place + 1].at if place + 1 < len(asked) else None, replies)
        for place, fact in enumerate(asked)
    )
    if not kept:
        return
    moves = [fact.at for fact in of.get("moved_to_la", ()) if fact.at >= kept[0].at]
    row.moved = (moves[0] - kept[0].at) // 60 if moves else None
    made = of.get("certificate_made", [])
    row.certificate = str(made[-1].attrs.get("limb", "not_recorded")) if made else None
    row.produced = "certificate_produced" in of
    begun = of["charged"][0].at if row.charged else kept[0].at
    row.after_charge = _minutes(spans, begun) if row.closed else None


def _request(fact: Fact, until: int | None, replies: Sequence[Fact]) -> Request:
    """Return a request with the first reply after it and before the next request.

    An entry that nothing was heard is no reply, and took no time to come.
    """
    heard = [r for r in replies if fact.at <= r.at and (until is None or r.at < until)]
    reply = next(
        (r for r in heard if r.attrs.get("reply") != NO_REPLY), heard[0] if heard else None
    )
    asked = str(fact.attrs.get("request_type", "not_recorded"))
    out = Request(asked, str(fact.attrs.get("stage", "not_recorded")))
    if reply is not None:
        out.reply = str(reply.attrs.get("reply", "not_recorded"))
        if out.reply != NO_REPLY:
            out.minutes = (reply.at - fact.at) // 60
    return out


def _find(row: Row, finding: Finding) -> None:
    """Note how a duty stands, if it is not as it should be: the gravest way counts."""
    if finding.nature == "good_practice":
        row.good += finding.status in ("matched", "met")
    elif finding.duty is not None and (state := state_of(finding)) is not None:
        before = row.duties.get(finding.duty)
        if before is None or STATES.index(state) < STATES.index(before):
            row.duties = {**row.duties, finding.duty: state}
