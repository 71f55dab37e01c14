"""What if: an entry that is not on the record, and what would then be due, met or cleared.

`review_held mode=in_person at 21:30` is read as it is said; the record is judged with that entry and
without it, by the same rules at the same instant, and what differs is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap

from detention_monitor.assess import Assessment, Backend, assess
from detention_monitor.detention import Detention
from detention_monitor.entries import CustodyEvent
from detention_monitor.errors import RecordError
from detention_monitor.findings import Finding
from detention_monitor.records import Source, entry_from
from detention_monitor.rulefile import RuleSet
from detention_monitor.text import printable
from detention_monitor.times import clock_text, local_text, next_local, parse_instant
from detention_monitor.values import changed
from detention_monitor.vocabulary import Vocabulary
from detention_monitor.wording import Wording
from detention_monitor.yamlfile import suggestion

SUPPOSED = "supposed"
"""The id of an entry that is only supposed."""
_FORM = (
    "write KIND [by RANK] [as ROLE] [name=value ...] at TIME, as in "
    "'review_held by inspector mode=in_person at 21:30'"
)
_SAID = re.compile(
    r"(?P<kind>[a-z_0-9]+)(?: by (?P<rank>[a-z_]+)(?:/(?P<acting>[a-z_]+))?)?"
    r"(?: as (?P<role>[a-z_]+))?(?P<attrs>(?: +[a-z_0-9]+=(?:\"[^\"]*\"|\S+))*) +at +(?P<at>\S.*)"
)
_ATTRIBUTE = re.compile(r"([a-z_0-9]+)=(?:\"([^\"]*)\"|(\S+))")


def supposed_entry(text: str, detention: Detention, vocabulary: Vocabulary) -> CustodyEvent:
    """Return the entry that a supposition speaks of; raise `RecordError` with the cure.

    A time hh:mm is the first such time after the record begins, London time; a date may be given.
    """
    match = _SAID.fullmatch(text.strip())
    if match is None:
        raise RecordError(f"'{printable(text, 100)}' cannot be read; {_FORM}")
    kind = vocabulary.kinds.get(match["kind"])
    if kind is not None and kind.derived:
        message = (
            f"'{match['kind']}' is worked out from entries and cannot be supposed; suppose one"
        )
        raise RecordError(f"{message} ({kind.about})")
    if kind is None:
        known = [name for name, each in vocabulary.kinds.items() if not each.derived]
        hint = suggestion(match["kind"], known)
        raise RecordError(f"no kind of entry is called '{match['kind']}'{hint}")
    attrs: dict[str, object] = {}
    for name, quoted, plain in _ATTRIBUTE.findall(match["attrs"]):
        declared = kind.attributes.get(name)
        value = quoted or plain
        if declared is not None and declared.type == "yes_no":
            attrs[name] = {"true": True, "false": False}.get(value, value)
        elif declared is not None and declared.type == "whole_number" and value.isdigit():
            attrs[name] = int(value)
        else:
            attrs[name] = value
    first = detention.entries[0]
    raw = {
        "id": SUPPOSED, "record": first.record, "force": first.force, "kind": match["kind"],
        "at": "2000-01-01T00:00:00Z", "attrs": attrs,
        "by": {"rank": match["rank"], "acting_rank_s107": match["acting"], "role": match["role"]},
    }  # fmt: skip
    entry = entry_from(raw, vocabulary, Source(zone="Europe/London"), "supposed")
    at = _instant(match["at"].strip(), min(each.at for each in detention.entries))
    return changed(entry, at=at, recorded_at=at, at_text=local_text(at))


def _instant(text: str, begun: int) -> int:
    try:
        if re.fullmatch(r"\d\d:\d\d", text):
            return next_local(begun, text)
        return parse_instant(text.replace(" ", "T", 1), "Europe/London")[0]
    except ValueError as error:
        raise RecordError(f"at: {error}; {_FORM}") from error


@dataclass(frozen=True, slots=True)
class Supposition:
    """A record judged without an entry and with it, at one instant (seconds UTC)."""

    entry: CustodyEvent
    as_of: int
    without: Assessment
    given: Assessment


def suppose(
    entry: CustodyEvent, detention: Detention, ruleset: RuleSet, as_of: int, backend: Backend
) -> Supposition:
    """Judge a detention as if an entry stood in it, at an instant no earlier than that entry."""
    at = max(as_of, entry.at)
    more = changed(detention, entries=(*detention.entries, entry))
    return Supposition(
        entry,
        at,
        assess(detention, ruleset, at, backend=backend),
        assess(more, ruleset, at, backend=backend),
    )


def told(found: Supposition, wording: Wording, width: int = 100) -> str:
    """Return what would differ, one finding a paragraph, as text for a person."""
    return "\n".join(line for line in _lines(found, wording, width)) + "\n"


def _lines(found: Supposition, wording: Wording, width: int) -> Iterator[str]:
    what = f"{wording.quoted([found.entry.kind])} at {local_text(found.entry.at)}"
    yield f"If there were an entry {what} (judged as of {local_text(found.as_of)}):"
    if found.given.refused is not None:
        yield f"  the record would be refused ({found.given.refused})"
        return
    before = {each.key: each for each in found.without.findings}
    after = {each.key: each for each in found.given.findings}
    said = False
    for key in dict.fromkeys((*before, *after)):
        line = _difference(before.get(key), after.get(key))
        if line:
            said = True
            yield from wrap(line, width, initial_indent="  ", subsequent_indent="      ")
    if not said:
        yield "  nothing would change."


def _difference(before: Finding | None, after: Finding | None) -> str:
    if before is not None and after is None:
        return f"{_named(before)}: {_stand(before)} would fall away"
    if after is not None and before is None:
        return f"{_named(after)}: would be {_stand(after)}"
    assert before is not None  # one of the two is there
    assert after is not None
    if _stand(before) == _stand(after):
        return ""
    return f"{_named(after)}: {_stand(before)} -> {_stand(after)}"


def _named(finding: Finding) -> str:
    return f"{finding.duty or '-'} {finding.title}"


def _stand(finding: Finding) -> str:
    sure = "possible " if finding.certainty == "possible" else ""
    out = f"{sure}{finding.status.replace('_', ' ')}"
    if finding.status in ("open", "due_soon", "overdue") and finding.due_at is not None:
        out += f", due {clock_text(finding.due_at)}"
    elif finding.minutes_late:
        out += f", {finding.minutes_late} min late"
    return f"{out} ({finding.severity})"
