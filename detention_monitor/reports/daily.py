"""`report daily`: the children who were in custody overnight, on one page for the morning meeting.

Who and where, why they were there, what was missed, what was done well, and what to ask. It is made
of what the record said by the time of the meeting, and of no later entry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import msgspec

from detention_monitor import webpage
from detention_monitor.assess import Assessment
from detention_monitor.boards.answers import adult_text, request_text, seen_text
from detention_monitor.boards.child import Child, child_of
from detention_monitor.boards.detail import compact
from detention_monitor.boards.rows import when_text
from detention_monitor.clock_facts import detained
from detention_monitor.detention import Detention
from detention_monitor.findings import Finding
from detention_monitor.judging import ruleset_of
from detention_monitor.reports import carried
from detention_monitor.reports.page import SENSITIVE
from detention_monitor.reports.provenance import Provenance
from detention_monitor.reports.questions import questions
from detention_monitor.text import printable, several
from detention_monitor.timeline import Fact
from detention_monitor.times import DAY, clock_text, day_of, in_words, local_text, start_of_day
from detention_monitor.wording import day_in_words

_LAW = ("statute", "code", "annex")
_ENDED = {
    "released": "released", "bailed": "bailed", "moved_to_la": "moved to the local authority",
    "court_appearance": "at court",
}  # fmt: skip


_BASES = {
    "warrant_fta": " on a warrant for failing to appear", "bail_breach_court": " for breach of court bail",
    "breach_of_peace": " for a breach of the peace", "immigration": " for immigration",
    "prison_lodger": " for the Prison Service", "recall": " on a recall to custody",
    "mca_s128": " under s.128 of the Magistrates' Courts Act",
    "mha_s135_136": " under ss.135-136 of the Mental Health Act",
}  # fmt: skip
"""Why a child is held who is not held for an offence: no review under s.40 is due then."""
_NOT_CHILDREN = ("adult", "no_entries")


class Line(msgspec.Struct, array_like=True, frozen=True):
    """Something on the brief: what it is about (a time, a standard), and what is said."""

    label: str
    text: str


class Overnight(msgspec.Struct, frozen=True):
    """A child who was in custody overnight, told for the brief.

    `full` is false where the child was there at midnight only, for less than a night (NIGHT4);
    `refused` says why nothing is judged; `rank` orders the page.
    """

    name: str
    who: str
    station: str
    now: str
    held: str
    rank: tuple[int, ...] = ()
    full: bool = True
    refused: str = ""
    in_custody: bool = False
    silent: bool = False
    """In custody only because no entry shows an end, and none at all for a day."""
    charged: bool | None = False
    """None: the source does not carry it."""
    untold: int = 0
    """Of how many duties it cannot be told whether they were done."""
    why: tuple[Line, ...] = ()
    missed: tuple[Line, ...] = ()
    minor: int = 0
    """Concerns that are only to note, and not told."""
    well: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()


def write_overnight(
    detention: Detention, judged: Assessment, *, rules: Path, policy: Path | None
) -> bytes:
    """Return a child of the night before `judged.as_of` as a line of JSON; of others the last entry.

    That is the instant (seconds UTC) of the last entry by then: records of another night are told
    by it from a night without children.
    """
    found = overnight(detention, judged, rules, policy)
    if found is not None:
        return msgspec.json.encode(found) + b"\n"
    return b"%d\n" % max((e.at for e in detention.entries if e.at <= judged.as_of), default=0)


def read_overnight(lines: Sequence[bytes]) -> tuple[list[Overnight], int | None]:
    """Return the children of a night in the order of the page, and the last entry of all others."""
    decoder = msgspec.json.Decoder(Overnight)
    children = [decoder.decode(line) for line in lines if line.startswith(b"{")]
    last = max((int(line) for line in lines if not line.startswith(b"{")), default=None)
    return sorted(children, key=lambda each: (each.rank, each.name)), last


def overnight(
    detention: Detention, judged: Assessment, rules: Path, policy: Path | None
) -> Overnight | None:
    """Return what the brief says of a detention, if the child was in custody that night."""
    now = judged.as_of
    evening = day_of(now) - timedelta(days=1)
    if judged.refused is not None:
        return _refused(detention, judged, now)
    night = next((f for f in judged.facts if f.kind == "night"
                  and f.attrs["evening"] == evening.isoformat()), None)  # fmt: skip
    midnight = start_of_day(day_of(now))
    spans = detained(judged.facts)
    there = any(s.start <= midnight and (s.end is None or s.end > midnight) for s in spans)
    if night is None and not there:
        return None
    child = child_of(judged, detention, ruleset_of(rules, policy).parameters)
    missed = _missed(judged.findings, now)
    minutes = None if night is None else night.attrs.get("minutes")
    charged = child.charged_at is not None or (False if child.told(*carried.CHARGED) else None)
    untold = {each.duty or each.rule for each in judged.findings if each.status == "cannot_tell"}
    last = max(entry.at for entry in detention.entries if entry.at <= now)
    silent = child.in_custody and last <= now - DAY
    return Overnight(
        name=child.name,
        who=_who(child),
        station=child.suite or f"station {child.silence(*carried.STATION)}",
        now=_now(child, now, last) if silent else _now(child, now),
        held=_held(child, minutes if isinstance(minutes, int) else None, now),
        rank=(1, int(not child.in_custody), int(not charged), -len(missed)),
        full=night is not None,
        in_custody=child.in_custody,
        silent=silent,
        charged=charged,
        untold=len(untold),
        why=tuple(_why(child, now)),
        missed=tuple(missed),
        minor=sum(each.is_breach and each.severity == "info" for each in judged.findings),
        well=tuple(dict.fromkeys(
            printable(each.title) for each in judged.findings
            if each.nature == "good_practice" and each.status in ("matched", "met")
        )),
        ask=tuple(questions(child, judged.findings, now)),
    )  # fmt: skip


def _refused(detention: Detention, judged: Assessment, now: int) -> Overnight | None:
    """Return a record that is not judged, if it has an entry since noon of the day before."""
    recent = any(now - DAY <= entry.at <= now for entry in detention.entries)
    if not recent or judged.refused in _NOT_CHILDREN:
        return None
    name = printable(", ".join(judged.records), 60)
    why = f"NOT JUDGED: {printable(judged.refused_because)}"
    rank = 0 if judged.refused == "under_10" else 2
    ask = ("Why is a child under 10 on a custody record, and where is the child now?",)
    return Overnight(name, "", "", "", "", (rank,), refused=why,
                     ask=ask if judged.refused == "under_10" else ())  # fmt: skip


def _who(child: Child) -> str:
    age = "age not known" if child.age is None else f"{child.age}"
    said = [str(fact.attrs["sex"]) for fact in child.facts if fact.attrs.get("sex")]
    who = {"female": "girl", "male": "boy"}.get(said[-1] if said else "", "child")
    return f"{who}, {age}"


def _now(child: Child, now: int, silent_since: int | None = None) -> str:
    if silent_since is not None:
        return f"NO END ON THE RECORD: its last entry is of {local_text(silent_since)}"
    if child.ended is not None:
        kind, at = child.ended
        return f"{_ENDED.get(kind, kind.replace('_', ' '))} {when_text(at, now)}"
    if not child.told(*carried.ENDED):
        return "not carried by this source: whether still in custody"
    return f"STILL IN CUSTODY{f', {child.place}' if child.place else ''}"


def _held(child: Child, minutes: int | None, now: int) -> str:
    spans = [each for each in detained(child.facts) if each.start <= now]
    if child.authorised_at is None or not spans:
        return f"when detention was authorised is {child.silence(('detention_authorised',))}"
    long = [(now if each.end is None else min(each.end, now)) - each.start for each in spans]
    night = "" if minutes is None else f", {in_words(60 * minutes)} of it in the night"
    # Bail parts a detention: time on bail is no time held.
    whole = f" ({in_words(sum(long))} in all, time on bail left out)" if len(spans) > 1 else ""
    return f"detained {when_text(spans[-1].start, now)}, {in_words(long[-1])}{night}{whole}"


def _why(child: Child, now: int) -> Iterator[Line]:
    """Yield why the child was there, what decided it last first; not all of it may find room."""
    by_kind = {fact.kind: fact for fact in child.facts}
    refused = by_kind.get("bail_decided")
    charged = by_kind.get("charged")
    if charged is not None:
        said, at = charged.attrs, when_text(charged.at, now)
        offence = f" with {said['offence']}" if said.get("offence") else ""
        if refused is not None and refused.attrs.get("refused") is True:
            ground = _word(refused, "ground", "grounds") or _blank(
                child, "ground", "bail_decided.ground", "bail_decided.grounds"
            )
            refused_at = when_text(refused.at, now)
            yield _line(refused_at, f"bail refused: {ground} (charged{offence} {at})")
        else:
            yield _line(at, f"charged{offence}")
    if child.requests or child.bail.state in ("undecided", "unsaid", "refused"):
        yield _line("LA", request_text(child, now)[0])
    for fact in child.facts:
        at = when_text(fact.at, now)
        match fact.kind:
            case "detention_authorised":
                about = _word(fact, "offence", "offence_group")
                grounds = fact.attrs.get("grounds") or _blank(
                    child, "grounds", "detention_authorised.grounds"
                )
                basis = _BASES.get(str(fact.attrs.get("detention_basis")), "")
                yield _line(at, f"detained{basis}, {f'{about}: ' if about else ''}{grounds}")
            case "extension_authorised":
                yield _line(at, "extended by a superintendent")
            case "certificate_made":
                limb = fact.attrs.get("limb")
                told = f"limb ({limb})" if limb else _blank(child, "limb", "certificate_made.limb")
                ground = _word(fact, "ground") or _blank(child, "ground", "certificate_made.ground")
                ground = f", {ground}" if limb != "b" else ""
                yield _line(at, f"certificate under s.38(7): {told}{ground}")
    yield _line("adult", adult_text(child, now)[0] if child.in_custody else _came(child, now))
    seen = seen_text(child, now)[0] if child.in_custody else _seen(child, now)
    never = seen.startswith("never ")
    yield _line(
        "" if never else "seen", f"never seen {seen.removeprefix('never ')}" if never else seen
    )
    if child.review is not None and child.review.due is not None and child.in_custody:
        past = child.review.due < now
        due = when_text(child.review.due, now)
        yield _line("review", f"was due {due}: no entry shows it" if past else f"next due {due}")


def _word(fact: Fact, *names: str) -> str:
    """Return the first attribute that an entry gives, as words."""
    said = next((str(fact.attrs[name]) for name in names if fact.attrs.get(name)), "")
    return said.replace("non_", "non-").replace("_", " ")


def _blank(child: Child, what: str, *names: str) -> str:
    """Return that an entry does not say something, or that its source does not carry it."""
    return f"{what} {child.silence(names)}"


def _came(child: Child, now: int) -> str:
    if not child.adult.here and not child.adult.carried:
        return adult_text(child, now)[0]
    if not child.adult.here:
        return "no adult came in person"
    return f"came {when_text(child.adult.here[0][0], now)}"


def _seen(child: Child, now: int) -> str:
    if child.seen_state in ("not carried", "not recorded"):
        return seen_text(child, now)[0]
    if child.seen is None:
        return "never in person by an inspector"
    return f"in person {when_text(child.seen.at, now)} ({child.seen.who})"


def _line(label: str, text: str) -> Line:
    return Line(label, printable(text, 140))


def _missed(findings: Sequence[Finding], now: int) -> list[Line]:
    """Return what was missed, by law and certain first; what follows from another breach is left out."""
    found = [
        each for each in findings
        if each.is_breach and each.because_of is None and each.severity != "info"
    ]  # fmt: skip
    found.sort(key=lambda each: (each.authority not in _LAW, each.certainty != "established"))
    told = []
    for each in found:
        undone = each.status in ("missed", "overdue")
        past = "overdue" if undone else "late"
        late = f", {in_words(60 * each.minutes_late)} {past}" if each.minutes_late else ""
        done = {"missed": ": not done", "overdue": ": not done yet"}.get(each.status, "")
        at = each.due_at if each.due_at is not None else each.occurred_at
        due = "due " if each.due_at is not None else ""
        when = f" ({due}{when_text(at, now)})" if at is not None else ""
        standard = each.authority if each.authority in _LAW else f"{each.authority}, not law"
        label = standard if each.certainty == "established" else f"{standard}; possible"
        told.append(Line(label, compact(f"{printable(each.title)}{done}{late}{when}", now)))
    return list(dict.fromkeys(told))


def definitions(night: str) -> tuple[tuple[str, str], ...]:
    """Return the definitions that the brief prints; `night` says what counts as one."""
    missed = (
        "Possible breaches found by the rules, gravest standard first; what only follows from "
        "another, and what is only to note, is left out."
    )
    return (
        ("overnight", f"NIGHT4: {night}; of a child who was there at midnight only, that is said."),
        ("missed", missed),
    )


# --- the page ----------------------------------------------------------------------------------

_ROOM = ((4, 8), (6, 4))
"""Lines of each kind for each child, by how many children there are: one page of A4."""


def page(
    day: date, children: Sequence[Overnight], at: int, provenance: Provenance,
    last: int | None = None,
) -> str:  # fmt: skip
    """Return the brief for a day's meeting; `at` (seconds UTC) is when the record was read.

    `last` is the last entry by then of all other records, None where there are none.
    """
    judged = [each for each in children if not each.refused]
    room = next((lines for most, lines in _ROOM if len(children) <= most), 2)
    return webpage.page(
        "daily.html", title=f"Children in custody overnight: {day_in_words(day)}",
        marking=SENSITIVE, summary=summary(children, day, at, last), children=children, room=room,
        patterns=patterns(judged), provenance=provenance,
    )  # fmt: skip


def summary(
    children: Sequence[Overnight], day: date, at: int, last: int | None = None
) -> list[str]:
    """Return what the night was, in two sentences; of records of another night, that they are."""
    judged = [each for each in children if not each.refused]
    night = [each for each in judged if each.full]
    evening = day - timedelta(days=1)
    told = f"Night from {day_in_words(evening)} to {day_in_words(day)}, as the records stood at {clock_text(at)}"
    if not children:
        return [f"{told}: no child was held overnight.", *_other_night(at, last)]
    here = sum(each.in_custody and not each.silent for each in night)
    silent = sum(each.silent for each in night)
    unended = f" {silent} without an end on the record, nor any entry for a day." if silent else ""
    known = [each.charged for each in night if each.charged is not None]
    of = "" if len(known) == len(night) else f" of {len(known)} whose source carries it"
    charged = f"{sum(known)} charged{of}" if known or not night else "whether charged not carried"
    first = f"{told}: {_children(len(night))} held overnight, {here} still in custody, {charged}."
    brief = len(judged) - len(night)
    more = f" {_children(brief)} there at midnight, for less than four hours of the night." if brief else ""  # fmt: skip
    refused = len(children) - len(judged)
    unjudged = f" {several(refused, 'record')} could not be judged." if refused else ""
    return [f"{first}{unended}{more}{unjudged}"]


def _other_night(at: int, last: int | None) -> list[str]:
    """Return a warning where no record has an entry of the day before the meeting."""
    if last is not None and last > at - DAY:
        return []
    said = (
        "No record given has an entry by that morning"
        if last is None
        else f"The last entry by that morning in all records given is of {local_text(last)}"
    )
    return [f"{said}: are these the records of that night?"]


def _children(number: int) -> str:
    return several(number, "child", "children")


def patterns(children: Sequence[Overnight]) -> list[str]:
    """Return what was missed for several children of the night, the most frequent first."""
    found = Counter(
        text
        for child in children
        for text in {each.text.split(" (")[0].split(", ")[0].split(":")[0] for each in child.missed}
    )
    return [f"{text} ({count} children)" for text, count in found.most_common(3) if count > 1]
