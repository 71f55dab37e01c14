"""A story while it is told: what is drawn, and the entries written so far."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any

from detention_monitor.synthetic.figures import Figures
from detention_monitor.times import MINUTE


@dataclass(slots=True)
class Story:
    """One detention on its way from arrival to its end; times are seconds UTC."""

    random: Random
    record: str
    first: date
    about: Random
    figures: Figures = field(default_factory=Figures)
    entries: list[dict[str, Any]] = field(default_factory=list)
    arrived: int = 0
    authorised: int = 0
    end: int = 0
    sex: str = "male"
    wants_advice: bool = True
    adult: tuple[int, int] = (0, 0)
    interview: tuple[int, int] = (0, 0)

    def chance(self, share: float) -> bool:
        """Whether what happens to a share of 1 happens here."""
        return self.random.random() < share

    def minutes(self, low: int, high: int) -> int:
        """Return some whole minutes, in seconds."""
        return self.random.randint(low, high) * MINUTE

    def hours(self, median: float, sigma: float) -> int:
        """Return a time drawn from a lognormal distribution, in seconds; `median` is in hours."""
        drawn = self.random.lognormvariate(math.log(median), sigma)
        return int(drawn * 60) * MINUTE

    def add(self, kind: str, at: int, /, rank: str = "", role: str = "", **attrs: Any) -> None:
        """Add an entry, unless the child has gone by then."""
        if self.end and at > self.end:
            return
        entry: dict[str, Any] = {
            "id": f"{self.record}-{len(self.entries) + 1:03d}",
            "force": "99",
            "record": self.record,
            "kind": kind,
            "at": at,
            "recorded_at": at + self.minutes(0, 9),
        }
        by = {key: value for key, value in (("rank", rank), ("role", role)) if value}
        if by:
            entry["by"] = by
        if attrs:
            entry["attrs"] = attrs
        self.entries.append(entry)

    def usually(self, kind: str, low: int, high: int, **attrs: Any) -> None:
        """Add what is done as a matter of course, minutes after authority, unless it is forgotten."""
        after = self.minutes(low, high)
        if self.chance(self.figures.routine):
            self.add(kind, self.authorised + after, **attrs)

    def described(self, name: str, shares: tuple[tuple[str, int], ...]) -> dict[str, str]:
        """Return an attribute drawn by its shares; one left blank is not on the record."""
        values, weights = zip(*shares, strict=True)
        drawn = self.about.choices(values, weights=weights)[0]
        return {name: drawn} if drawn else {}
