"""Another rule set takes over while children are in custody: what it changes, and how it is tried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from detention_monitor.assess import Assessment
from detention_monitor.findings import BREACHES, Finding

Kind = Literal["gained", "lost", "moved"]
_MOST = 100
"""Findings of which the log says one by one what became of them; beyond that, counts only."""
_SHOWN = BREACHES | {"due_soon", "open"}


@dataclass(slots=True)
class Effect:
    """What another rule set changed in the open detentions: findings gained, lost, or moved."""

    old: str
    new: str
    detentions: int = 0
    counts: Counter[tuple[str, Kind]] = field(default_factory=Counter)
    """How many findings, by rule and kind."""
    examples: list[dict[str, Any]] = field(default_factory=list)

    def compare(self, before: Assessment, after: Assessment | None) -> None:
        """Count what differs between two assessments of a detention at one instant."""
        self.detentions += 1
        for kind, was, became in _differences(before, after):
            finding = became or was
            assert finding is not None  # one of them is there
            self.counts[finding.rule, kind] += 1
            if len(self.examples) < _MOST:
                self.examples.append(
                    {
                        "kind": kind, "rule": finding.rule, "key": finding.key,
                        "before": _state(was), "after": _state(became),
                    }
                )  # fmt: skip

    def rules(self) -> Iterator[tuple[str, int, int, int]]:
        """Yield each rule of which something changed: gained, lost, moved."""
        for rule in sorted({rule for rule, _ in self.counts}):
            gained, lost, moved = (self.counts[rule, kind] for kind in ("gained", "lost", "moved"))
            yield rule, gained, lost, moved

    def told(self) -> dict[str, Any]:
        """Return it as the log keeps it."""
        return {
            "from": self.old, "to": self.new, "detentions": self.detentions,
            "rules": [
                {"rule": rule, "gained": gained, "lost": lost, "moved": moved}
                for rule, gained, lost, moved in self.rules()
            ],
            "findings": self.examples,
        }  # fmt: skip

    def lines(self) -> Iterator[str]:
        """Yield it for people, a line for each rule."""
        yield f"rules {self.old} -> {self.new}: {self.detentions} open detentions judged again"
        for rule, gained, lost, moved in self.rules():
            yield f"  {rule}: {gained} gained, {lost} lost, {moved} moved"
        if not self.counts:
            yield "  nothing is found otherwise"


def _differences(
    before: Assessment, after: Assessment | None
) -> Iterator[tuple[Kind, Finding | None, Finding | None]]:
    first = {each.key: each for each in before.findings if _counts(each)}
    second = {each.key: each for each in after.findings if _counts(each)} if after else {}
    for key in sorted({*first, *second}):
        was, became = first.get(key), second.get(key)
        if was is None:
            yield "gained", None, became
        elif became is None:
            yield "lost", was, None
        elif _state(was) != _state(became):
            yield "moved", was, became


def _counts(finding: Finding) -> bool:
    return finding.nature == "concern" and finding.status in _SHOWN


def _state(finding: Finding | None) -> dict[str, Any] | None:
    if finding is None:
        return None
    return {
        "status": finding.status, "severity": finding.severity, "authority": finding.authority,
        "due_at": finding.due_at, "occurred_at": finding.occurred_at,
        "because_of": finding.because_of,
    }  # fmt: skip
