"""Whether an alert takes an act as it stands: the same in earnest and in practice."""

from __future__ import annotations

from typing import Protocol

from detention_monitor.errors import DetentionMonitorError
from detention_monitor.live.alerts import Act
from detention_monitor.live.limits import Limits
from detention_monitor.rulemodel import Severity
from detention_monitor.times import local_text

_QUIET = ("closed", "suppressed", "out_of_service")


class ActError(DetentionMonitorError):
    """An act that cannot be taken; says why."""


class Shown(Protocol):
    """What of an alert decides whether it takes an act; `due_at` in seconds UTC."""

    @property
    def state(self) -> str: ...  # noqa: D102
    @property
    def severity(self) -> Severity: ...  # noqa: D102
    @property
    def due_at(self) -> int | None: ...  # noqa: D102
    @property
    def deadline_missed(self) -> bool: ...  # noqa: D102


def check_act(act: Act, reason: str, alert: Shown, limits: Limits, shelved: int) -> None:
    """Raise `ActError` if an alert does not take an act; `shelved`: how often it was put aside before.

    A critical alert is not taken on without a word. None is put aside whose deadline is missed, nor
    for longer than the limits allow, nor beyond a margin before a deadline to come.
    """
    wanting = not reason.strip()
    if alert.state in _QUIET:
        raise ActError(f"the alert is {alert.state.replace('_', ' ')}: it asks for nothing")
    if act.until is not None and act.until <= act.at:
        what = "until" if act.what == "shelve" else "expected by"
        raise ActError(f"{what} {local_text(act.until)}: give a time to come")
    match act.what:
        case "acknowledge" if alert.severity == "critical" and wanting:
            raise ActError("it is critical: say in a word what is being done")
        case "reason" if wanting:
            raise ActError("a reason is needed; an empty one says nothing")
        case "reason" if alert.state in ("pending", "shelved") and not alert.deadline_missed:
            raise ActError("nothing was missed yet; acknowledge it, or put it aside")
        case "unshelve" if alert.state != "shelved":
            raise ActError("it is not put aside")
        case "shelve" if wanting:
            raise ActError("a reason is needed to put an alert aside")
        case "shelve":
            _check_shelf(act, alert, limits, shelved)


def _check_shelf(act: Act, alert: Shown, limits: Limits, shelved: int) -> None:
    assert act.until is not None  # a shelf has an end
    if alert.deadline_missed or alert.state in ("missed", "past_unseen"):
        raise ActError("a missed deadline cannot be put aside; give its reason")
    due = alert.due_at
    if due is not None and act.until > due - limits.shelf_margin:
        latest = local_text(due - limits.shelf_margin)
        raise ActError(f"it is due at {local_text(due)}; put it aside until {latest} at the latest")
    longest = limits.shelf(alert.severity)
    if act.until - act.at > longest:
        latest = local_text(act.at + longest)
        raise ActError(f"put it aside for {longest // 60} minutes at most, until {latest}")
    if alert.severity == "critical" and shelved >= limits.shelf_times_critical:
        raise ActError(f"it is critical and was put aside {shelved} times; take it on instead")
