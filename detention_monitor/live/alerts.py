"""What an alert is, and what decides it: the changes of a finding, the acts of people, limits (D8).

Three facts are independent: is the condition active, has somebody seen it, was it answered (a
breach stays until a person gives a reason). The state is one word made of them for screens.
Instants are seconds UTC; a limit is passed one second after it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from detention_monitor.findings import BREACHES, Finding
from detention_monitor.live.limits import LimitsAt, limits_by
from detention_monitor.parameters import Parameters
from detention_monitor.rulemodel import Severity

State = Literal[
    "pending", "due_not_yet_recorded", "new", "acknowledged", "past_unseen", "missed",
    "withdrawn", "shelved", "suppressed", "out_of_service", "closed",
]  # fmt: skip
"""`pending`: due soon. `past_unseen`: over before anybody saw it. `missed`: stays until a reason is
given. `withdrawn`: the record now shows that nothing was wrong. `suppressed`: follows from another.
`out_of_service`: the force has taken its rule out of service for some days. `closed`: nothing is
left to do about it."""
ATTENTION: tuple[State, ...] = ("new", "past_unseen", "missed")
"""States in which a person is asked for something."""
_LASTING = ("overdue", "missed", "broken", "matched", "not_recorded")


@dataclass(frozen=True, slots=True)
class Change:
    """What a finding became at an instant; None: it is no longer found."""

    at: int
    finding: Finding | None
    cause: str = ""
    """The rule of the finding that it follows from, if it follows from one."""


@dataclass(frozen=True, slots=True)
class Act:
    """What a person did about an alert, as it was when they pressed the key (`raised_at`)."""

    at: int
    what: Literal["acknowledge", "reason", "shelve", "unshelve"]
    raised_at: int | None
    until: int | None = None
    """Acknowledged: when it is expected to be done. Shelved: for how long."""
    who: str = ""
    severity: Severity | None = None
    """How serious it was then."""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert at an instant; `changes_at` is when it changes by time alone."""

    state: State
    since: int
    raised_at: int | None = None
    active: bool = False
    seen: bool = False
    deadline_missed: bool = False
    answered: bool = False
    recorded_late: int | None = None
    """Whole minutes between the act and the entry that shows it, of what was withdrawn."""
    owner: str = ""
    """Who took it on or put it aside, while that holds."""
    expected_at: int | None = None
    """By when they expect it done, or until when it is put aside."""
    times: int = 1
    """How often it sounded in a short while, where it chatters."""
    escalated_at: int | None = None
    """Since when nobody has taken it on for too long."""
    changes_at: int | None = None
    bell: bool = False


Grace = Callable[[int], int]
"""Seconds within which an act due at an instant may still be recorded without an alarm."""
Pauses = Callable[[str], Sequence[tuple[int, int]]]
"""From when to when (the end not included) a rule is out of service."""


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """By what an alert lives: the grace of recording, the limits, which rules are out of service."""

    grace: Grace
    limits: LimitsAt
    pauses: Pauses = lambda _: ()


def alert_settings(parameters: Parameters) -> AlertSettings:
    """Return the terms that a rule set and a force's policy give; raise `LimitsError`."""
    return AlertSettings(
        lambda due_at: int(parameters.value("recording_grace", due_at)),
        limits_by(parameters),
        parameters.pauses,
    )


def is_concern(finding: Finding) -> bool:
    """Whether a finding is about something to be put right, not good practice."""
    return finding.nature == "concern"


def is_near(finding: Finding) -> bool:
    """Whether a finding is an alarm, or soon to be one."""
    return is_concern(finding) and (finding.status in BREACHES or finding.status == "due_soon")


def stands(finding: Finding) -> bool:
    """Whether a finding says that something is wrong which is not yet done."""
    return is_concern(finding) and finding.status in _LASTING


def deadlines(finding: Finding) -> list[int]:
    """Return the instants by which something is still due, by the stricter reading of the law."""
    instants = [grade.at for grade in finding.grades if not grade.passed]
    if finding.status not in ("overdue", "missed", "met_late"):
        instants += [finding.due_at, finding.early_at]
    return [at for at in instants if at is not None]


def sooner(*instants: int | None) -> int | None:
    """Return the first of some instants; None is never."""
    return min((each for each in instants if each is not None), default=None)
