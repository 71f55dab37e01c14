"""What comes first on the board: duties by urgency, statute and Code before policy.

Urgency is how soon, severity how serious; this is the one table that maps them to the four levels
of the board (design D8); an alert nobody has seen counts by its severity, so that no child of whom
something grave is asked reads `ok`. Visits and meals are routine: they have a column of their own and never
decide where a child stands in the list.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from detention_monitor.findings import SEVERITIES, Finding
from detention_monitor.rulemodel import Severity
from detention_monitor.times import HOUR, MINUTE
from detention_monitor.values import Immutable

Level = Literal[0, 1, 2, 3]
MARKS: tuple[str, ...] = ("ok", "!", "!!", "!!!")
NAMES: tuple[str, ...] = ("ok", "WARN", "HIGH", "CRIT")
"""What each level is called, wherever it is counted."""
LAW = ("statute", "code", "annex")
"""Whose standards are law or the Code; a note, a policy and a target come after them."""
NOW_DUE, SOON_DUE = 15 * MINUTE, HOUR
_FAR = 2**62
_BY_SEVERITY: dict[Severity, Level] = {"critical": 3, "high": 2, "medium": 1, "info": 1}
_WAITING = ("overdue", "due_soon", "open")


class Waiting(Immutable, frozen=True, gc=False):
    """A duty that waits to be done, as it stands at an instant."""

    finding: Finding
    order: int
    level: Level
    state: Literal["overdue", "not_yet_recorded", "due_soon", "open"]

    @property
    def due_at(self) -> int | None:
        """When it is due (seconds UTC); None without an hour, or while its clock stands still."""
        return self.finding.due_at

    @property
    def key(self) -> tuple[int, int, int, str]:
        """The place in the list: class, time to breach, gravity, key.

        An early alert puts a duty in order only while its clock stands still in hospital.
        """
        finding = self.finding
        at = finding.due_at if finding.due_at is not None else finding.early_at
        place = _FAR if at is None else at
        return self.order, place, -SEVERITIES.index(finding.severity), finding.key


def is_routine(finding: Finding) -> bool:
    """Whether a finding is of the round of visits and meals."""
    return (finding.duty == "A11" and finding.rule != "A11-level") or finding.rule.startswith(
        "A13-meals"
    )


def alert_level(severity: Severity, *, over: bool) -> Level:
    """Return how urgent an alert is that asks a person for something; `over`: only for its reason."""
    return 1 if over else _BY_SEVERITY[severity]


def alert_key(
    severity: Severity, authority: str, since: int, key: str
) -> tuple[int, int, int, str]:
    """Return the place in the list that a new grave alert gives a child: after what is due soon.

    So that what was broken, and has no deadline (an interview without an adult), does not stand
    among those of whom nothing is asked; who is due next stays the first.
    """
    return 2 if authority in LAW else 5, _FAR + since, -SEVERITIES.index(severity), key


def waiting(findings: Iterable[Finding], now: int, grace: int, *, routine: bool) -> list[Waiting]:
    """Return the duties that wait at an instant, the most urgent first.

    `grace`: seconds after a deadline within which the act may only not be recorded yet.
    """
    found = [
        _placed(each, now, grace)
        for each in findings
        if each.nature == "concern" and each.status in _WAITING and is_routine(each) is routine
    ]
    return sorted(found, key=lambda each: each.key)


def _placed(finding: Finding, now: int, grace: int) -> Waiting:
    law = finding.authority in LAW
    due = finding.due_at
    left = _FAR if due is None else due - now
    if finding.status == "overdue":
        if due is not None and now - due <= grace:
            return Waiting(finding, 1 if law else 4, 2 if law else 1, "not_yet_recorded")
        grave = finding.severity
        level: Level = 3 if law or grave == "critical" else 2 if grave == "high" else 1
        return Waiting(finding, 0 if law else 3, level, "overdue")
    if finding.status == "due_soon" or (law and left <= SOON_DUE):
        close: Level = 3 if left <= NOW_DUE else 2 if left <= SOON_DUE else 1
        return Waiting(finding, 2 if law else 5, close if law else 1, "due_soon")
    return Waiting(finding, 6 if law else 7, 0, "open")
