"""The table for people: by child, gravest first, the law cited, in 100 columns.

Severity is a word, and colour only repeats it. Text of records is cleaned of control characters.
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from detention_monitor.assess import Assessment
from detention_monitor.findings import QUIET, Finding
from detention_monitor.patterns import untold
from detention_monitor.people import is_police_protection
from detention_monitor.text import printable
from detention_monitor.times import in_words, local_text

WIDTH = 100
_MOST_REASONS = 6
"""Reasons why something cannot be told that are listed one by one; of a source that carries little
there are a hundred, and they would bury what was found."""
_COLOURS = {"critical": "1;31", "high": "31", "medium": "33", "info": "36"}


def table_of(result: Assessment, *, everything: bool, colour: bool) -> str:
    """Return the table of one detention, with a blank line after it."""
    if result.refused is not None:
        because = printable(result.refused_because)
        records = printable(", ".join(result.records))
        return "\n".join(wrap(f"{records}  REFUSED ({result.refused}): {because}", WIDTH)) + "\n\n"
    lines = [*wrap(_head(result), WIDTH)]
    shown = [each for each in result.findings if everything or _is_shown(each)]
    for finding in shown:
        lines += _lines(finding, colour=colour)
    if not shown:
        lines.append("  nothing found against a duty")
    if not everything:
        lines += _folded(result)
    return "\n".join(lines) + "\n\n"


def _is_shown(finding: Finding) -> bool:
    return finding.status not in QUIET and finding.status != "cannot_tell"


def _head(result: Assessment) -> str:
    age = f"age {result.age}" if result.age is not None else "age not recorded"
    begun = f"authorised {local_text(result.authorised_at)}" if result.authorised_at else ""
    begun = "police protection, not detention" if is_police_protection(result.facts) else begun
    ended = f"ended {local_text(result.ended_at)}" if result.ended_at else "UNCLOSED"
    parts = [", ".join(result.records), age, result.station or "", begun, ended]
    return "  ".join(printable(part) for part in parts if part)


def _lines(finding: Finding, *, colour: bool) -> Iterator[str]:
    severity = f"{finding.severity.upper():<8}"
    if finding.nature == "good_practice":
        severity = f"{'GOOD':<8}"
    elif colour:
        severity = f"\x1b[{_COLOURS[finding.severity]}m{severity}\x1b[0m"
    status = finding.status.upper().replace("_", " ")
    if finding.certainty == "possible":
        status = f"POSSIBLE {status}"
    source = finding.sources[0] if finding.sources else ""
    basis = _basis(finding, source)
    plain = f"{status:<21}  {_when(finding):<33}"
    fits = 20 + len(plain) + len(basis) <= WIDTH
    yield f"  {severity}  {finding.duty or '-':<4}  {plain}  {basis if fits else ''}".rstrip()
    if not fits:
        yield from (f"            {line}" for line in wrap(basis, WIDTH - 12))
    text = printable(finding.message)
    if finding.because_of:
        text += " (follows from another finding here)"
    for line in wrap(text, WIDTH - 12):
        yield f"            {line}"


def _basis(finding: Finding, source: str) -> str:
    """Return whose standard it is; a local target or our own measure never reads as law."""
    if finding.authority in ("policy", "quality"):
        return f"{finding.authority}, not law"
    word = "guidance" if finding.authority == "note" else finding.authority
    mark = "" if finding.verified else " (unverified)"
    return f"{word}: {source}{mark}"


def _when(finding: Finding) -> str:
    if finding.due_at is None:
        return local_text(finding.occurred_at)[4:] if finding.occurred_at else ""
    due = local_text(finding.due_at)[4:]
    if finding.done_at is None:
        late = f", {in_words(finding.minutes_late * 60)} late" if finding.minutes_late else ""
        return f"due {_short(due)}{late}"
    late = f", {in_words(finding.minutes_late * 60)} late" if finding.minutes_late else ""
    return f"due {_short(due)}{late}"


def _short(text: str) -> str:
    """Leave the year and the zone out of a due time: `13 Sep 05:30`."""
    day, month, _year, clock, _zone = text.split(" ")
    return f"{day} {month} {clock}"


def _folded(result: Assessment) -> Iterator[str]:
    by_reason: dict[str, list[str]] = {}
    for finding in result.findings:
        if finding.status == "cannot_tell":
            reason = untold(finding.message)
            by_reason.setdefault(reason, []).append(finding.duty or finding.rule)
    if len(by_reason) > _MOST_REASONS:
        every = sorted({duty for duties in by_reason.values() for duty in duties})
        said = {"not recorded, or not carried by this source; --all says what": every}
    else:
        said = by_reason
    for reason, duties in said.items():
        named = ", ".join(dict.fromkeys(duties))
        yield from (
            f"  {line}" for line in wrap(f"cannot tell: {named} ({printable(reason)})", WIDTH - 2)
        )
    quiet = [finding for finding in result.findings if finding.status in QUIET]
    if quiet:
        yield f"  {len(quiet)} more met, excused, lapsed or not yet due; --all shows them"
