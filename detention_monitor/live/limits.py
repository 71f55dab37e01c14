"""The limits of the live monitor: named, dated numbers of `parameters.yaml`, or a force's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from detention_monitor.errors import DetentionMonitorError
from detention_monitor.parameters import MONITOR, Parameters
from detention_monitor.rulemodel import Severity


class LimitsError(DetentionMonitorError):
    """The rules lack a number that the live monitor needs."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits in force at an instant; times in seconds. `parameters.yaml` says what each is."""

    shelf_margin: int
    shelf_longest: int
    shelf_longest_critical: int
    shelf_times_critical: int
    alert_undo: int
    chatter_times: int
    chatter_within: int
    chatter_hold: int
    flood_size: int
    flood_within: int
    escalate_critical: int
    escalate_high: int
    escalate_medium: int
    heartbeat_limit: int
    monitor_silent: int

    @classmethod
    def of(cls, parameters: Parameters, at: int) -> Limits:
        """Return the limits in force at an instant (seconds UTC); raise `LimitsError`."""
        missing = [name for name in MONITOR if name not in parameters.values]
        if missing:
            raise LimitsError(
                f"parameters.yaml: '{missing[0]}' ({MONITOR[missing[0]]}) must be there for the "
                "live monitor; copy it from the rules that came with this program"
            )
        return cls(**{name: parameters.value(name, at) for name in MONITOR})

    def shelf(self, severity: Severity) -> int:
        """Return for how long an alert may be put aside."""
        return self.shelf_longest_critical if severity == "critical" else self.shelf_longest

    def escalates_after(self, severity: Severity) -> int | None:
        """Return after how long an alert that nobody took on is escalated; None: never."""
        after = {
            "critical": self.escalate_critical,
            "high": self.escalate_high,
            "medium": self.escalate_medium,
        }.get(severity, 0)
        return after or None


LimitsAt = Callable[[int], Limits]


def limits_by(parameters: Parameters) -> LimitsAt:
    """Return the limits by instant; raise `LimitsError` now rather than later."""
    Limits.of(parameters, 0)
    return lambda at: Limits.of(parameters, at)


def packed_limits(limits: Limits) -> str:
    """Return limits as JSON, for the store: who acts may be another process than the monitor."""
    return msgspec.json.encode(limits).decode()


read_limits = msgspec.json.Decoder(Limits).decode
