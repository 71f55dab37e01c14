"""How duties stand, as statistics count it: by whose standard they were broken, and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from detention_monitor.assess import Assessment
from detention_monitor.clocks import Span
from detention_monitor.findings import Finding

CLOCK_DUTIES = frozenset({"D01", "D02", "E14", "D09", "D10", "D12"})
"""Reviews and limits of detention: past their instant, nothing makes the detention lawful."""
_LAW = frozenset({"statute", "code", "annex"})

State = Literal["law", "possible", "local", "cannot_tell"]
"""How a duty was found broken: by law, possibly, by a local target or guidance only; or unknown."""
STATES: tuple[State, ...] = ("law", "possible", "local", "cannot_tell")


def state_of(finding: Finding) -> State | None:
    """Return how a duty was found broken, or that it cannot be told; None where nothing was found."""
    if finding.status == "cannot_tell":
        return "cannot_tell"
    if not finding.is_breach:
        return None
    if finding.authority not in _LAW:
        return "local"
    return "law" if finding.certainty == "established" else "possible"


def unlawful_minutes(judged: Assessment, spans: Sequence[Span], *, sure: bool) -> int:
    """Return the minutes of police detention in which a review or a limit was past its instant.

    `sure`: on every reading of the law and the record; otherwise on any. An overdue review before charge ends its stretch when the custody officer decides to keep the
    child (domain.md 2.7). Stretches that overlap count once.
    """
    decisions = [fact.at for fact in judged.facts if fact.kind == "detention_after_charge"]
    late: list[tuple[int, int]] = []
    for each in judged.findings:
        past = each.is_breach and each.duty in CLOCK_DUTIES and each.authority == "statute"
        due = each.due_at_latest if sure and each.due_at_latest is not None else each.due_at
        if not past or due is None or (sure and each.certainty != "established"):
            continue
        ends = [judged.as_of if each.done_at is None else each.done_at]
        if each.duty in ("D01", "D02"):
            ends += [at for at in decisions if at >= due]
        late.append((due, min(ends)))
    total = 0
    for span in spans:
        reached = span.start
        end = judged.as_of if span.end is None else span.end
        for start, stop in sorted(late):
            begins = max(start, reached)
            stops = min(stop, end)
            if stops > begins:
                total += stops - begins
                reached = stops
    return total // 60
