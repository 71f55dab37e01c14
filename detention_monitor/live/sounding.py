"""When an alert sounds: after the grace of recording, anew when it grows more serious, once if it chatters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from detention_monitor.findings import SEVERITIES, Finding
from detention_monitor.live.alerts import AlertSettings, Change, Grace, stands
from detention_monitor.live.limits import Limits


@dataclass(frozen=True, slots=True)
class Sounding:
    """When an alert sounded, as far as its history goes; instants are seconds UTC."""

    raised_at: int | None = None
    """When it was last raised, so that what people did before counts no longer."""
    last_at: int | None = None
    """When it last sounded, raised anew or not."""
    times: int = 1
    """How often it sounded in a short while, where it chatters."""
    silent_until: int | None = None
    """Until when it is silent, if it does not sound yet."""


@dataclass(frozen=True, slots=True)
class _Sound:
    at: int
    severity: int


def sounding_of(history: Sequence[Change], now: int, terms: AlertSettings) -> Sounding:
    """Return when the alert of a finding sounded by an instant; `history` is not empty."""
    limits = terms.limits(history[0].at)
    sounded: list[_Sound] = []
    raised: int | None = None
    times, told = 1, -1
    fell: int | None = None
    waits: int | None = None
    for change, following in zip_longest(history, history[1:]):
        waits = None
        finding = change.finding
        if finding is None or not stands(finding):
            told = -1
            fell = change.at if fell is None else fell
            continue
        severity = SEVERITIES.index(finding.severity)
        if severity <= told or finding.because_of:
            continue
        at = _sounds_at(change.at, finding, terms.grace)
        if following is not None and at >= following.at:
            continue  # it became something else within the grace
        if at > now:
            waits = at
            continue
        # Where it chatters it is one alert, and who took it on still has it.
        times = _times(at, sounded, fell, times, limits)
        before = [each.severity for each in sounded if raised is not None and each.at >= raised]
        if times == 1 or severity > max(before):
            raised = at
        sounded.append(_Sound(at, severity))
        told, fell = severity, None
    return Sounding(raised, sounded[-1].at if sounded else None, times, waits)


def _sounds_at(at: int, finding: Finding, grace: Grace) -> int:
    due = finding.due_at if finding.status == "overdue" else finding.asked_at
    return at if due is None else max(at, due + grace(due) + 1)


def _times(at: int, sounded: Sequence[_Sound], fell: int | None, times: int, limits: Limits) -> int:
    """Return how often an alert has sounded in a short while, now that it sounds again; else 1."""
    if times > 1 and fell is not None and at <= fell + limits.chatter_hold:
        return times + 1
    burst = 1 + sum(at - each.at <= limits.chatter_within for each in sounded)
    return burst if burst >= limits.chatter_times else 1
