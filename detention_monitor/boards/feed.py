"""The alerts as a list: grouped by child, those that ask for something first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from detention_monitor.boards.desk import AlertLine
from detention_monitor.boards.detail import alert_line
from detention_monitor.boards.lines import Line
from detention_monitor.live.limits import Limits
from detention_monitor.values import changed

SHOWN = ("new", "past_unseen", "missed", "acknowledged", "due_not_yet_recorded", "shelved",
         "out_of_service")  # fmt: skip
"""States that stand in the list beside the board; the page of all alerts shows every state."""


def lines(
    alerts: Iterable[AlertLine], limits: Limits, states: Sequence[str] = SHOWN
) -> dict[str, int]:
    """Return the alerts to show by key, and how often each line sounded.

    The child with the gravest comes first, each child's together; `alerts` come in the order of a
    desk.

    Alerts of one rule, child and state that were raised so close together that they chatter are one
    line, under the key of the first; each is still acted upon by itself.
    """
    by_child: dict[str, dict[tuple[str, str], list[AlertLine]]] = {}
    for each in alerts:
        if each.state in states:
            same = by_child.setdefault(each.detention, {})
            same.setdefault((each.rule, each.state), []).append(each)
    out: dict[str, int] = {}
    for same in by_child.values():
        found = [pair for group in same.values() for pair in _told(group, limits)]
        out |= {each.key: times for each, times in sorted(found, key=lambda pair: pair[0].order)}
    return out


def _told(alerts: Sequence[AlertLine], limits: Limits) -> Iterator[tuple[AlertLine, int]]:
    """Yield the alerts of one rule, child and state, those that chatter as one."""
    if len(alerts) < limits.chatter_times:
        yield from ((each, each.times) for each in alerts)
        return
    near: list[AlertLine] = []
    for each in sorted(alerts, key=lambda one: (one.raised_at or 0, one.key)):
        late = each.raised_at is None or (
            near and each.raised_at - (near[0].raised_at or 0) > limits.chatter_within
        )
        if near and late:
            yield from _near(near, limits)
            near = []
        near.append(each)
    yield from _near(near, limits)


def _near(near: Sequence[AlertLine], limits: Limits) -> Iterator[tuple[AlertLine, int]]:
    if len(near) >= limits.chatter_times:
        yield min(near, key=lambda each: each.order), sum(each.times for each in near)
    else:
        yield from ((each, each.times) for each in near)


def is_first(key: str, shown: Sequence[str], alerts: Mapping[str, AlertLine]) -> bool:
    """Whether an alert is the first of its child in the list, so that it names the child."""
    place = shown.index(key)
    before = alerts.get(shown[place - 1]) if place else None
    return before is None or before.detention != alerts[key].detention


def cells(
    alert: AlertLine, now: int, width: int, *, named: bool, times: int = 1, ellipsis: str = "…"
) -> Line:
    """Return an alert in one line of a width; the child's name where it is the first of them."""
    shown = changed(alert, record=alert.record if named else "", times=times)
    return alert_line(shown, now, width, named=True, ellipsis=ellipsis)
