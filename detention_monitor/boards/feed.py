"""The alerts as a list: grouped by child, those that ask for something first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from detention_monitor.boards.desk import AlertLine
from detention_monitor.boards.detail import alert_line
from detention_monitor.boards.lines import Line
from detention_monitor.values import changed

SHOWN = ("new", "past_unseen", "missed", "acknowledged", "due_not_yet_recorded", "shelved",
         "out_of_service")  # fmt: skip
"""States that stand in the list beside the board; the page of all alerts shows every state."""


def keys(alerts: Sequence[AlertLine], states: Sequence[str] = SHOWN) -> list[str]:
    """Return the keys of the alerts to show: the child with the gravest first, each child's together.

    `alerts` come in the order of a desk.
    """
    by_child: dict[str, list[str]] = {}
    for each in alerts:
        if each.state in states:
            by_child.setdefault(each.detention, []).append(each.key)
    return [key for keys_of_child in by_child.values() for key in keys_of_child]


def is_first(key: str, shown: Sequence[str], alerts: Mapping[str, AlertLine]) -> bool:
    """Whether an alert is the first of its child in the list, so that it names the child."""
    place = shown.index(key)
    before = alerts.get(shown[place - 1]) if place else None
    return before is None or before.detention != alerts[key].detention


def cells(alert: AlertLine, now: int, width: int, *, named: bool, ellipsis: str = "…") -> Line:
    """Return an alert in one line of a width; the child's name where it is the first of them."""
    shown = alert if named else changed(alert, record="")
    return alert_line(shown, now, width, named=True, ellipsis=ellipsis)
