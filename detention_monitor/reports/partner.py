"""The report for partners: every child charged and refused bail, what was asked, what came back.

One case for each detention, made where it is judged. Nothing of the law is worked out here: that
bail was refused, nights, moves and what was missed are facts and findings of the assessment. What
leaves the force has no name, reference, date of birth or free text: the detention has a pseudonym, an
authority is told by its name in a list, and all else is a word of the vocabulary or a time.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from detention_monitor.assess import Assessment
from detention_monitor.detention import Detention
from detention_monitor.findings import Finding
from detention_monitor.reports import carried
from detention_monitor.reports.authorities import Authorities
from detention_monitor.reports.pseudonym import Pseudonyms
from detention_monitor.reports.rows import NO_REPLY
from detention_monitor.timeline import Fact
from detention_monitor.times import day_of, rfc3339
from detention_monitor.vocabulary import Needs

PURPOSE = "report partner"
_SHORT = 10
"""Digits of a pseudonym that are told: one in a million pairs of a thousand children would share them."""
_CHILD = "child_pace_part_iv"
"""The state of being an arrested juvenile, whom s.38(6) covers: at 17 only since 26 October 2015."""
_DUTIES = ("E03", "E04", "E05", "E07", "E09", "E10", "E12", "E13", "E15", "E18")
"""Duties of which partners hear: the move, the request, the certificate, the night, the court."""
_LAW = ("statute", "code", "annex")


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """A request: when (seconds UTC), of whom, for what; the first reply before the next request.

    `authority` is the text of the record until `outside` puts a name of the list in its place. That
    nothing was heard (`NO_REPLY`) is told as it is written, and is no answer.
    """

    at: int
    authority: str
    wanted: str
    stage: str
    reply: str | None = None
    replied_at: int | None = None

    @property
    def answered_after(self) -> int | None:
        """How many seconds the answer took; None where none came."""
        none = self.replied_at is None or self.reply == NO_REPLY
        return None if none or self.replied_at is None else self.replied_at - self.at


class Review(msgspec.Struct, frozen=True, array_like=True):
    """A review after charge: when, and whether the move was decided afresh; None: not recorded."""

    at: int
    again: bool | None


class Certificate(msgspec.Struct, frozen=True, array_like=True):
    """A certificate under s.38(7): when it was written, for which reason."""

    at: int
    limb: str
    ground: str


class Concern(msgspec.Struct, frozen=True, array_like=True):
    """A duty that was not done as it should be, by whose standard and how surely."""

    duty: str
    title: str
    status: str
    severity: str
    law: bool
    possible: bool


class Case(msgspec.Struct, frozen=True, kw_only=True, tag="case"):
    """A child charged and refused bail; instants in seconds UTC, None where no entry shows it."""

    child: str
    day: str
    station: str
    age: int | None
    sex: str
    offence: str
    charged_at: int | None
    refused_at: int
    ground: str
    asked: tuple[Asked, ...]
    unasked_replies: int
    reviews: tuple[Review, ...]
    moved_at: int | None
    certificates: tuple[Certificate, ...]
    produced_at: int | None
    nights: int
    court_at: int | None
    ended_at: int | None
    concerns: tuple[Concern, ...]
    not_carried: tuple[str, ...] = ()
    """Of what is told here, what the source does not carry: kinds of entry, attributes."""

    def carries(self, needs: Needs) -> bool:
        """Whether the source carries, of each group of kinds and attributes, at least one."""
        return carried.carries(self.not_carried, needs)

    def silence(self, needs: Needs) -> str:
        """What it means that the record does not say something, in two words."""
        return carried.NOT_RECORDED if self.carries(needs) else "not carried"

    @property
    def hours(self) -> float | None:
        """How long police detention went on after bail was refused."""
        return None if self.ended_at is None else (self.ended_at - self.refused_at) / 3_600


class Unsure(msgspec.Struct, frozen=True, tag="unsure"):
    """A child of whom it is not known whether bail was refused: since which day, and why not."""

    day: str
    carried: bool


def write_case(detention: Detention, judged: Assessment) -> bytes:
    """Return the case of a judged detention as a line of JSON; nothing where bail was not refused."""
    if judged.refused is not None:
        return b""
    case = case_of(detention, judged) or unsure_of(detention, judged)
    return b"" if case is None else msgspec.json.encode(case) + b"\n"


def read_cases(lines: Iterable[bytes]) -> Iterator[Case | Unsure]:
    """Yield the cases of a file of lines, and who may be one."""
    decoder: msgspec.json.Decoder[Case | Unsure] = msgspec.json.Decoder(Case | Unsure)
    return (decoder.decode(line) for line in lines)


def unsure_of(detention: Detention, judged: Assessment) -> Unsure | None:
    """Return that a child may have been refused bail; None where the record answers that.

    That is of a child charged, or who may have been, where no entry says how bail was decided, or the
    source does not carry it.
    """
    holds = detention.coverage.holds
    told = holds(carried.REFUSED)
    decided = [fact for fact in judged.facts if fact.kind == "bail_decided"]
    blank = [fact for fact in decided if fact.attrs.get("refused") is None]
    charged = [fact for fact in judged.facts if fact.kind == "charged"]
    if told and not blank:
        return None
    if not charged and (judged.authorised_at is None or holds(carried.CHARGED)):
        return None
    at = (blank or charged or judged.facts[-1:])[0].at
    if not any(each.name == _CHILD and each.start <= at < each.end for each in judged.intervals):
        return None
    return Unsure(day_of(at).isoformat(), told)


def case_of(detention: Detention, judged: Assessment) -> Case | None:
    """Return the case, with the references of the force still in it.

    None where bail was not refused, or s.38(6) did not cover the person then.
    """
    of: dict[str, list[Fact]] = {}
    for fact in judged.facts:
        of.setdefault(fact.kind, []).append(fact)
    kept = of.get("detention_after_charge")
    if not kept:
        return None
    refused = kept[0]
    if not any(each.name == _CHILD and each.start <= refused.at < each.end
               for each in judged.intervals):  # fmt: skip
        return None
    age = refused.attrs.get("age")
    force = next((each.force for each in detention.entries if each.force), None) or ""
    asked, unasked = _asked(of.get("la_requested", []), of.get("la_replied", []))
    after = [fact for fact in judged.facts if fact.at >= refused.at]
    return Case(
        child=f"{force}\0{judged.detention}",
        day=day_of(refused.at).isoformat(),
        station=judged.station or "",
        age=age if isinstance(age, int) else None,
        sex=_word(refused, "sex"),
        offence=_word(refused, "offence_class") or _latest(judged.facts, "offence_class"),
        charged_at=_first(of.get("charged", [])),
        refused_at=refused.at,
        ground=_latest(of.get("bail_decided", []), "ground"),
        asked=asked,
        unasked_replies=unasked,
        reviews=tuple(
            Review(fact.at, _yes(fact.attrs.get("transfer_redecided")))
            for fact in after if fact.kind == "review_held"
        ),
        moved_at=_first(fact for fact in after if fact.kind == "moved_to_la"),
        certificates=tuple(
            Certificate(fact.at, _word(fact, "limb"), _word(fact, "ground"))
            for fact in of.get("certificate_made", [])
        ),
        produced_at=_first(of.get("certificate_produced", [])),
        nights=sum(fact.attrs.get("phase") in ("post", "mixed") for fact in of.get("night", [])),
        court_at=_first(of.get("court_appearance", [])),
        ended_at=judged.ended_at,
        concerns=tuple(_concerns(judged.findings)),
        not_carried=carried.left_out(detention, judged, carried.TOLD_TO_PARTNERS),
    )  # fmt: skip


def _asked(requests: Sequence[Fact], replies: Sequence[Fact]) -> tuple[tuple[Asked, ...], int]:
    """Return each request with the first reply before the next one, and how many replies are left."""
    used = 0
    out = []
    for place, fact in enumerate(requests):
        until = requests[place + 1].at if place + 1 < len(requests) else None
        found = [each for each in replies
                 if fact.at <= each.at and (until is None or each.at < until)]  # fmt: skip
        used += len(found)
        heard = (each for each in found if _word(each, "reply") != NO_REPLY)
        reply = next(heard, found[0] if found else None)
        out.append(Asked(
            fact.at, _word(fact, "authority") or _word(fact, "asked_of"),
            _word(fact, "request_type"), _word(fact, "stage"),
            None if reply is None else _word(reply, "reply"),
            None if reply is None else reply.at,
        ))  # fmt: skip
    return tuple(out), len(replies) - used


def _concerns(findings: Iterable[Finding]) -> Iterator[Concern]:
    for each in findings:
        if each.is_breach and each.duty in _DUTIES:
            yield Concern(
                each.duty, each.title, each.status, each.severity, each.authority in _LAW,
                each.certainty == "possible",
            )  # fmt: skip


def _word(fact: Fact, name: str) -> str:
    return str(fact.attrs.get(name) or "")


def _latest(facts: Sequence[Fact], name: str) -> str:
    return next((_word(fact, name) for fact in reversed(facts) if fact.attrs.get(name)), "")


def _first(facts: Iterable[Fact]) -> int | None:
    return next((fact.at for fact in facts), None)


def _yes(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


# --- fit to leave the force --------------------------------------------------------------------


def outside(case: Case, names: Pseudonyms, authorities: Authorities) -> Case:
    """Return a case as it leaves the force: a pseudonym, and authorities by the list."""
    nobody = "" if case.carries(carried.AUTHORITY) else case.silence(carried.AUTHORITY)
    asked = tuple(
        msgspec.structs.replace(
            each,
            authority=authorities.named(each.authority) if each.authority or not nobody else nobody,
        )
        for each in case.asked
    )
    return msgspec.structs.replace(
        case, child=names.of(case.child)[:_SHORT], asked=asked, station=""
    )


COLUMNS = (
    "child", "age", "sex", "offence", "charged_at", "bail_refused_at", "ground", "request",
    "asked_at", "authority", "asked_for", "stage", "reply", "replied_at", "minutes_to_reply",
    "reviews_after_charge", "move_decided_again", "not_said_if_again", "moved_at", "certificate_at", "limb",
    "certificate_ground", "produced_at", "nights_after_charge", "court_at", "ended_at",
    "not_carried",
)  # fmt: skip


def rows(case: Case) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a case in a table: one for each request, one with none where none was made."""
    certificate = case.certificates[-1] if case.certificates else None
    again, unsaid = (sum(each.again is said for each in case.reviews) for said in (True, None))
    reviews: tuple[str, ...] = (str(len(case.reviews)), str(again), str(unsaid))
    if not case.carries(carried.EVERY_REVIEW):
        reviews = ("", "", "")
    elif not case.carries(carried.MOVE_AGAIN):
        reviews = (reviews[0], "", "")
    before = (
        case.child, _text(case.age), case.sex, case.offence, _at(case.charged_at),
        _at(case.refused_at), case.ground,
    )  # fmt: skip
    after = (
        *reviews, _at(case.moved_at),
        _at(certificate.at if certificate else None), certificate.limb if certificate else "",
        certificate.ground if certificate else "", _at(case.produced_at),
        str(case.nights) if case.carries(carried.ENDED) else "",
        _at(case.court_at), _at(case.ended_at), "; ".join(case.not_carried),
    )  # fmt: skip
    for number, each in enumerate(case.asked, start=1):
        waited = each.answered_after
        minutes = None if waited is None else waited // 60
        yield (
            *before, str(number), _at(each.at), each.authority, each.wanted, each.stage,
            each.reply or "", _at(each.replied_at), _text(minutes), *after,
        )  # fmt: skip
    if not case.asked:
        yield (*before, *("",) * 8, *after)


def as_csv(cases: Iterable[Case]) -> str:
    """Return cases as a table with a row for each request."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for case in cases:
        writer.writerows(rows(case))
    return out.getvalue()


def _at(instant: int | None) -> str:
    return "" if instant is None else rfc3339(instant)


def _text(number: int | None) -> str:
    return "" if number is None else str(number)
