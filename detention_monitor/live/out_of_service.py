"""What becomes of alerts while a force has taken a rule out of service for some days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from detention_monitor.live.alerts import Alert, Change, Pauses, sooner
from detention_monitor.values import changed


def freed(history: Sequence[Change], pauses: Pauses) -> list[Change]:
    """Let a finding stand by itself while the rule of its cause is out of service.

    Otherwise nobody would hear of either. The ends of such times may lie in the future.
    """
    out: list[Change] = []
    for change, following in zip_longest(history, history[1:]):
        out.append(change)
        finding, end = change.finding, following.at if following else None
        if finding is None or not finding.because_of:
            continue
        alone = changed(finding, because_of=None)
        for begin, stop in sorted(pauses(change.cause)):
            start = max(begin, change.at)
            if stop <= start or (end is not None and start >= end):
                continue
            if out[-1].at == start:
                out.pop()
            out.append(Change(start, alone))
            if end is None or stop < end:
                out.append(replace(change, at=stop))
    return out


def silenced(found: Alert, pauses: Sequence[tuple[int, int]], now: int) -> Alert:
    """Silence an alert while its rule is out of service; afterwards it is as if it came then."""
    for start, stop in sorted(pauses):
        if now < start:
            found = replace(found, changes_at=sooner(found.changes_at, start))
        elif found.state in ("closed", "withdrawn"):
            continue
        elif now < stop:
            found = replace(
                found,
                state="out_of_service",
                since=max(found.since, start),
                bell=False,
                changes_at=sooner(found.changes_at, stop),
            )
        elif start <= found.since < stop:
            found = replace(found, since=stop)
    return found
