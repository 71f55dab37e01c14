"""Watch detentions as entries arrive: assess again on each entry and each change of time (D1)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from detention_monitor.assess import Assessment, Backend, assess
from detention_monitor.detention import detentions_of
from detention_monitor.entries import CustodyEvent
from detention_monitor.findings import SEVERITIES, Finding
from detention_monitor.rulefile import RuleSet

Urgency = Literal["overdue", "not_yet_recorded", "due_soon", "open"]
"""How near a duty is: past due; past due within the recording grace (D8); soon; later."""
_ORDER: tuple[Urgency, ...] = ("overdue", "not_yet_recorded", "due_soon", "open")


@dataclass(frozen=True, slots=True)
class Pressing:
    """A duty that still waits to be done, and how near it is (instants are seconds UTC)."""

    finding: Finding
    urgency: Urgency

    @property
    def is_dated(self) -> bool:
        """Whether there is a time to show: when it is due, or what is left of a paused clock."""
        return self.finding.due_at is not None or self.is_paused

    @property
    def is_paused(self) -> bool:
        """Whether its clock stands still while the child is in hospital."""
        return self.finding.minutes_left is not None

    @property
    def warns_at(self) -> int:
        """By when it is put in order: the early alert if there is one, else when it is due."""
        early = self.finding.early_at
        return self.due_at if early is None else min(early, self.due_at)

    @property
    def due_at(self) -> int:
        """When it is or was due; a duty without an hour sorts last."""
        return self.finding.due_at if self.finding.due_at is not None else 2**62


class Assessments(ABC):
    """Every detention that has begun, each with its last assessment: what a screen shows."""

    def __init__(self, ruleset: RuleSet) -> None:
        """Hold nothing yet."""
        self._ruleset = ruleset
        self._by_detention: dict[str, tuple[int, Assessment]] = {}

    @abstractmethod
    def advance(self, arrived: Iterable[CustodyEvent], now: int, /) -> None:
        """Take entries that arrived, and bring every assessment to an instant (seconds UTC)."""

    def warning(self, now: int) -> str | None:  # noqa: ARG002 - for those that can be out of date
        """Return why what is shown may be out of date at an instant, if it may."""
        return None

    def is_behind(self) -> bool:
        """Whether there is something new that `advance` would show."""
        return False

    def assessments(self) -> list[Assessment]:
        """Return the last assessment of every detention."""
        return [result for _, result in self._by_detention.values()]

    def in_custody(self) -> list[Assessment]:
        """Return the children in custody, the one with the most pressing duty first."""
        inside = [each for each in self.assessments() if each.refused is None and each.unclosed]
        return sorted(inside, key=lambda each: _rank(self.pressing(each, each.as_of)))

    def pressing(self, result: Assessment, now: int) -> list[Pressing]:
        """Return the duties of a detention that wait to be done, the nearest first."""
        return sorted(_pressing(result, now, self._ruleset), key=_key)


class Watch(Assessments):
    """Assesses here, as entries are handed over.

    An object with state, for screens: what it shows at an instant is what `assess` gives for the
    entries received by then, and nothing else.
    """

    def __init__(self, ruleset: RuleSet, backend: Backend) -> None:
        """Watch nothing yet."""
        super().__init__(ruleset)
        self._backend = backend
        self._entries: list[CustodyEvent] = []

    def advance(self, arrived: Iterable[CustodyEvent], now: int, /) -> None:
        """Take entries that arrived, and bring every assessment to an instant (seconds UTC)."""
        self._entries += arrived
        current: dict[str, tuple[int, Assessment]] = {}
        for detention in detentions_of(self._entries):
            size = len(detention.entries)
            known = self._by_detention.get(detention.id)
            if known is None or known[0] != size or _is_stale(known[1], now):
                result = assess(detention, self._ruleset, now, backend=self._backend)
                if result.refused == "no_entries":
                    continue
                known = (size, result)
            current[detention.id] = known
        self._by_detention = current


def _is_stale(result: Assessment, now: int) -> bool:
    return result.next_change_at is not None and now >= result.next_change_at


def _pressing(result: Assessment, now: int, ruleset: RuleSet) -> Iterator[Pressing]:
    for finding in result.findings:
        if finding.nature != "concern":
            continue
        match finding.status:
            case "overdue":
                grace = ruleset.parameters.value("recording_grace", now)
                fresh = finding.due_at is not None and now - finding.due_at <= grace
                yield Pressing(finding, "not_yet_recorded" if fresh else "overdue")
            case "due_soon":
                yield Pressing(finding, "due_soon")
            case "open":
                yield Pressing(finding, "open")


def _key(each: Pressing) -> tuple[int, int, int, str]:
    grave = -SEVERITIES.index(each.finding.severity)
    return _ORDER.index(each.urgency), each.warns_at, grave, each.finding.key


def _rank(waiting: Sequence[Pressing]) -> tuple[int, int, int, str]:
    return _key(waiting[0]) if waiting else (len(_ORDER), 0, 0, "")


def alerts(result: Assessment) -> list[Finding]:
    """Return what was found against a duty so far, gravest first."""
    return [each for each in result.findings if each.is_breach]
