"""What a board is set on: children, alerts and feeds, from a store or from a story that is played.

A desk hands out what is known at an instant; it never reads a clock. A screen asks `look`, and
draws again only what became different.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from math import inf
from typing import Literal

from detention_monitor.assess import Assessment
from detention_monitor.boards.child import Child, child_of
from detention_monitor.boards.in_use import InUse
from detention_monitor.boards.urgency import Level, Waiting, alert_key, alert_level, waiting
from detention_monitor.detention import Detention
from detention_monitor.errors import DetentionMonitorError
from detention_monitor.findings import SEVERITIES, Finding
from detention_monitor.live.access import Action
from detention_monitor.live.not_taken import SetAside, SetAsides
from detention_monitor.live.reading import Publication
from detention_monitor.parameters import Parameters
from detention_monitor.rulefile import RuleSet
from detention_monitor.rulemodel import Severity
from detention_monitor.values import Immutable

AlertState = Literal[
    "pending", "due_not_yet_recorded", "new", "acknowledged", "past_unseen", "missed",
    "withdrawn", "shelved", "suppressed", "closed",
]  # fmt: skip
WORDS: dict[str, str] = {
    "pending": "due soon", "due_not_yet_recorded": "due", "new": "NEW", "acknowledged": "acked",
    "past_unseen": "PAST", "missed": "MISSED", "withdrawn": "withdrawn", "shelved": "shelved",
    "suppressed": "follows", "closed": "closed", "out_of_service": "out of service",
}  # fmt: skip
"""What each state is called on the screen."""
ASKING = ("new", "past_unseen", "missed")
"""States in which a person is asked for something."""
GRAVE = ("critical", "high")
"""Severities that are shown as alarms; the others are only marked."""
_RANK = {
    name: place
    for place, name in enumerate(
        ("new", "past_unseen", "missed", "acknowledged", "due_not_yet_recorded", "shelved",
         "pending", "out_of_service", "suppressed", "withdrawn", "closed")
    )
}  # fmt: skip


class NotHereError(DetentionMonitorError):
    """An act that this board does not take; says why."""


class AlertLine(Immutable, frozen=True, gc=False):
    """An alert as it stands, with what the last person did about it (instants: seconds UTC)."""

    key: str
    detention: str
    record: str
    rule: str
    duty: str | None
    severity: Severity
    authority: str
    state: str
    since: int
    raised_at: int | None
    due_at: int | None
    message: str
    seen: bool = False
    active: bool = False
    deadline_missed: bool = False
    answered: bool = False
    recorded_late: int | None = None
    who: str = ""
    reason: str = ""
    until: int | None = None
    times: int = 1
    """How often it sounded, where it chatters."""
    escalated_at: int | None = None
    """Since when nobody has taken it on for too long."""

    @property
    def word(self) -> str:
        """What the state is called on the screen."""
        return WORDS.get(self.state, self.state)

    @property
    def is_asking(self) -> bool:
        """Whether a person is asked for something."""
        return self.state in ASKING and not (self.state == "missed" and self.answered)

    @property
    def order(self) -> tuple[int, int, int, str]:
        """The place in the feed: what asks for something first, gravest, latest."""
        grave = -SEVERITIES.index(self.severity) if self.severity in SEVERITIES else 0
        return _RANK.get(self.state, len(_RANK)), grave, -self.since, self.key


class FeedLine(Immutable, frozen=True, gc=False):
    """How a feed does: `word` is fresh, stale or unknown; ages in seconds."""

    name: str
    word: str
    age: int | None
    problem: str
    last_entry_at: int | None


class PassedOver(Immutable, frozen=True, gc=False):
    """What a jump passed over (seconds UTC): each with when, whose, what it was, and the key."""

    start: int
    end: int
    came: tuple[tuple[int, str, str, str], ...]


class Row(Immutable, frozen=True, gc=False):
    """A child in the list: the duty that comes first, and the next of the routine."""

    child: Child
    first: Waiting | None
    duties: tuple[Waiting, ...]
    routine: Waiting | None
    alerts: tuple[AlertLine, ...]
    valid_until: int

    @property
    def key(self) -> tuple[int, int, int, str]:
        """The place in the list: of the duty that comes first, or of what is grave and new."""
        first = self.first.key if self.first else (9, 0, 0, self.child.detention)
        grave = (
            alert_key(each.severity, each.authority, each.since, each.key)
            for each in self.alerts
            if each.state == "new" and each.severity in GRAVE
        )
        return min([first, *grave])

    @property
    def level(self) -> int:
        """How urgent the first duty is, or the gravest alert that asks for something, 0 to 3."""
        asking = (alert_level(each.severity, over=each.state == "missed") for each in self.asking)
        return max([self.duty_level, *asking])

    @property
    def duty_level(self) -> Level:
        """How urgent the first duty is, 0 to 3."""
        return self.first.level if self.first else 0

    @property
    def asking(self) -> tuple[AlertLine, ...]:
        """The alerts of the child that ask a person for something."""
        return tuple(each for each in self.alerts if each.is_asking)


class Desk(ABC):
    """See the module."""

    live = True
    title = "CUSTODY"
    acts = True
    """Whether a person can act on alerts here."""
    patience = inf
    """Seconds that one look may take to judge; what is left over is judged in the next ones."""
    pending: tuple[int, int] | None = None
    """How many children are judged, of how many, where a look left some over."""

    def __init__(self, rules: InUse) -> None:
        """Know nothing yet."""
        self.rules = rules
        self._children: dict[str, tuple[Assessment, Child]] = {}
        self._rows: dict[str, Row] = {}

    @property
    def ruleset(self) -> RuleSet:
        """The rules by which this board explains; waits until they are read."""
        return self.rules.told().ruleset

    @property
    def parameters(self) -> Parameters:
        """The numbers of those rules."""
        return self.rules.parameters

    @property
    def rules_hash(self) -> str:
        """The hash of the rules by which was judged."""
        return self.ruleset.hash

    # --- what is shown -------------------------------------------------------------------------

    @abstractmethod
    def look(self, now: int) -> bool:
        """Bring everything to an instant (seconds UTC); return whether anything new is known."""

    @abstractmethod
    def assessments(self) -> Sequence[Assessment]:
        """Return the last assessment of every detention."""

    @abstractmethod
    def detention(self, name: str) -> Detention | None:
        """Return the entries of a detention."""

    def day(self, start: int, end: int) -> Sequence[Detention]:  # noqa: ARG002
        """Return whole every detention with an entry between two instants (seconds UTC)."""
        raise NotHereError("no days here: this board plays one story")

    @abstractmethod
    def alerts(self) -> Sequence[AlertLine]:
        """Return the alerts as they stand, those that ask for something first."""

    def warning(self, now: int) -> str:  # noqa: ARG002
        """Return why what is shown may be out of date at an instant, if it may."""
        return ""

    def feeds(self, now: int) -> Sequence[FeedLine]:  # noqa: ARG002
        """Return how the feeds do."""
        return ()

    def rows(self, now: int) -> list[Row]:
        """Return the children in custody at an instant, the most urgent first."""
        alerts: dict[str, list[AlertLine]] = {}
        for each in self.alerts():
            alerts.setdefault(each.detention, []).append(each)
        out = [
            self._row(child, tuple(alerts.get(child.detention, ())), now)
            for child in self.children()
            if child.in_custody
        ]
        self._rows = {row.child.detention: row for row in out}
        return sorted(out, key=lambda row: row.key)

    def _row(self, child: Child, alerts: tuple[AlertLine, ...], now: int) -> Row:
        known = self._rows.get(child.detention)
        if (
            known is not None
            and known.child is child
            and known.alerts == alerts
            and now < known.valid_until
            and now >= child.as_of
        ):
            return known
        grace = self.grace(now)
        duties = tuple(waiting(child.findings, now, grace, routine=False))
        routine = waiting(child.findings, now, grace, routine=True)
        turns = (
            at
            for each in (*duties, *routine)
            if (due := each.due_at) is not None
            for at in (due - 3_600, due - 900, due, due + grace + 1)
            if at > now
        )
        first = duties[0] if duties else None
        return Row(
            child, first, duties, routine[0] if routine else None, alerts, min(turns, default=2**62)
        )

    def grace(self, now: int) -> int:
        """Return the seconds in which an act may still be recorded without an alarm."""
        return int(self.parameters.value("recording_grace", now))

    def children(self) -> list[Child]:
        """Return every child known, in custody or not; the same object while nothing changed."""
        current: dict[str, tuple[Assessment, Child]] = {}
        for result in self.assessments():
            known = self._children.get(result.detention)
            if known is None or known[0] is not result:
                child = child_of(result, self.detention(result.detention), self.parameters)
                known = (result, child)
            current[result.detention] = known
        self._children = current
        return [child for _, child in current.values()]

    def left(self) -> list[Child]:
        """Return the children no longer in custody, the last to leave first."""
        gone = [each for each in self.children() if not each.in_custody and each.refused is None]
        return sorted(gone, key=lambda each: -(each.ended[1] if each.ended else 0))

    def refused(self) -> list[Child]:
        """Return whom the monitor does not judge, those under ten first."""
        out = [each for each in self.children() if each.refused is not None]
        return sorted(out, key=lambda each: (each.refused != "under_10", each.name))

    @abstractmethod
    def judged(self, name: str, now: int) -> Assessment | None:
        """Return the assessment of a detention with the facts it rests on, for explanations."""

    # --- what a person does --------------------------------------------------------------------

    def acknowledge(self, alert: AlertLine, now: int, reason: str, until: int | None) -> str:  # noqa: ARG002
        """Take an alert on; return what to say. Raises an error that says why not."""
        raise NotHereError("no acts here: this board plays back what was")

    def shelve(self, alert: AlertLine, now: int, reason: str, until: int) -> str:  # noqa: ARG002
        """Put an alert aside for a while; return what to say. Raises an error that says why not."""
        raise NotHereError("no acts here: this board plays back what was")

    def unshelve(self, alert: AlertLine, now: int) -> str:  # noqa: ARG002
        """Take an alert down from the shelf; return what to say. Raises an error that says why not."""
        raise NotHereError("no acts here: this board plays back what was")

    def give_reason(self, alert: AlertLine, now: int, reason: str) -> str:  # noqa: ARG002
        """Say why a deadline was missed; return what to say. Raises an error that says why not."""
        raise NotHereError("no acts here: this board plays back what was")

    def undo(self, now: int) -> str:  # noqa: ARG002
        """Take back what was done last; return what to say. Raises an error that says why not."""
        raise NotHereError("no acts here: this board plays back what was")

    def reload(self, now: int) -> str:  # noqa: ARG002
        """Ask for the rules to be loaded anew; return what to say. Raises an error: why not."""
        raise NotHereError("no monitor works here: the rules are read when the program starts")

    def looked(self, action: Action, now: int, name: str | None = None, detail: str = "") -> None:
        """Note that a person opened, searched, exported or pictured something; `name`: of whom.

        Raises an error where that must be noted and cannot be: then it is not to be shown.
        """
        del action, now, name, detail

    def set_aside(self, now: int) -> SetAsides:  # noqa: ARG002
        """Return the lines of the feeds that were not taken within a day before an instant."""
        return SetAsides(0, ())

    def line_number(self, line: SetAside) -> int | None:  # noqa: ARG002
        """Return by which number a person names a line here; it stays the line's while this runs."""
        return None

    def see_line(self, number: int, now: int, reason: str) -> str:  # noqa: ARG002
        """Tick off a line; return what to say. Raises an error that says why not."""
        raise NotHereError("no lines are ticked off here: this board plays back what was")

    def passed_over(self) -> PassedOver | None:
        """Return what came and went again in the last jump ahead, where there was one."""
        return None

    def publications(self) -> Sequence[Publication]:
        """Return the last attempts to load other rules, the latest first."""
        return ()

    def seal(self) -> tuple[int, str] | None:
        """Return how many rows the log has and the digest of the last, to be kept elsewhere."""
        return None

    def fault(self) -> str:
        """Return why the rules in the files are not in use, if they are not."""
        return ""


def finding_of(findings: Iterable[Finding], key: str) -> Finding | None:
    """Return the finding with a key."""
    return next((each for each in findings if each.key == key), None)
