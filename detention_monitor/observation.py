"""How closely a child is to be watched: by risk, by level, by the care plan, by a clinician."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from detention_monitor import times
from detention_monitor.timeline import Fact

Setting = Callable[[str, int], int]
"""The value of a parameter, by name, at an instant."""


@dataclass(slots=True)
class Observation:
    """What is known of how closely the child is to be watched."""

    risk: bool = False
    level: str = ""
    every: int | None = None
    rouse: bool | None = None
    clinical: bool = False

    def take(self, fact: Fact) -> None:
        """Take what an assessment of risk or a level of observation says."""
        risk = fact.attrs.get("rousing_risk")
        if isinstance(risk, bool):
            self.risk = risk
            if risk and fact.kind == "risk_assessed":
                self.clinical = False  # a new concern, on which no clinician has spoken yet
        if fact.kind != "observation_set":
            return
        every, rouse = fact.attrs.get("every_minutes"), fact.attrs.get("rouse")
        self.every = every * times.MINUTE if isinstance(every, int) and every > 0 else None
        self.level = str(fact.attrs.get("level", ""))
        self.rouse = rouse if isinstance(rouse, bool) else None
        said = fact.attrs.get("clinical")
        self.clinical = said is True or (said is None and fact.attrs.get("role") == "healthcare")

    def frequency(self, value: Setting, at: int) -> tuple[int, str]:
        """Return the longest time between visits (seconds) and where it comes from."""
        hour, half = value("visit_hourly", at), value("visit_half_hourly", at)
        directed = self.clinical and self.every is not None
        floor, basis = (half, "half_hourly") if self.risk and not directed else (hour, "hourly")
        if self.every is not None:
            return (self.every, "plan") if self.every < floor else (floor, basis)
        level = value("visit_level", at)
        if self.level in ("intermittent", "constant") and level < floor:
            return level, "level"
        return floor, basis

    def rousing(self, value: Setting, at: int) -> tuple[int, str] | None:
        """Return the longest time between rousings and where it comes from; None for none."""
        directed_not = self.clinical and self.rouse is False
        asked = bool(self.rouse) or (self.risk and not directed_not)
        return self.frequency(value, at) if asked else None

    @property
    def attended(self) -> bool:
        """Whether somebody is with the child all the time (close proximity)."""
        return self.level == "close_proximity"
